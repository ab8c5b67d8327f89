"""The runs of a folder for a screen that shows them all the time: looked at again cheaply, read again on change."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntui.hooks.errors import UserError
from nntui.runs.folder import RunFolder
from nntui.runs.summary import Row, load_row

_MAYBE_LIVE = frozenset({"starting", "queued", "training", "paused"})
"""Of these the lock is looked at each time: a killed engine writes nothing."""
_SETTLED_SECONDS = 2.0
"""A change within this of a look may be followed by another one that has the same time."""

_SHOWN = ("events.jsonl", "run.toml", "note.txt")
_Stamp = tuple[int, ...]


@dataclass
class _Entry:
    row: Row
    stamp: _Stamp
    order: float
    """When the run began."""
    again: bool
    """Whether its files must be read again however they look."""


class Listing:
    """The runs below `root`, the one begun last first.

    A refresh costs three `stat` calls a run, and reads the runs that have changed since the last one.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.changed: frozenset[str] = frozenset()
        """Names of the rows that the last refresh made anew."""
        self.gone: frozenset[str] = frozenset()
        """Names of the runs that it did not find any more."""
        self._entries: dict[str, _Entry] = {}

    def refresh(self) -> list[Row]:
        """A thousand runs: some 0.3 s at first, some milliseconds when nothing has changed.

        Empty where there is no such folder. Raises UserError when it cannot be read.
        """
        names = self._names()
        entries: dict[str, _Entry] = {}
        changed: set[str] = set()
        for name in names:
            known = self._entries.get(name)
            stamp = _stamp(f"{self.root}/{name}")
            if stamp is None:
                continue
            if known is not None and stamp == known.stamp and not known.again:
                entries[name] = known
                continue
            entry = self._read(name, stamp)
            if entry is None:
                continue
            if known is None or not _same(entry.row, known.row):
                changed.add(name)
            else:
                entry.row = known.row
            entries[name] = entry
        self.changed = frozenset(changed)
        self.gone = frozenset(self._entries.keys() - entries.keys())
        self._entries = entries
        return [entry.row for entry in sorted(entries.values(), key=lambda e: (-e.order, e.row.folder.name))]

    def _names(self) -> Sequence[str]:
        try:
            with os.scandir(self.root) as found:
                return [entry.name for entry in found if not entry.name.startswith(".")]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UserError(
                f"runs cannot be listed: {self.root}: {error.strerror}", advice="--runs DIR names another folder"
            ) from error

    def _read(self, name: str, stamp: _Stamp) -> _Entry | None:
        """None for a folder that is no run, or was deleted meanwhile."""
        folder = RunFolder(self.root / name)
        if not folder.exists():
            return None
        row = load_row(folder)
        try:
            order = row.summary.vitals.begun or folder.path.stat().st_mtime
        except OSError:
            return None
        fresh = time.time() - max(stamp[1::2]) / 1e9 < _SETTLED_SECONDS
        return _Entry(row, stamp, order, again=fresh or row.status in _MAYBE_LIVE)


def _stamp(path: str) -> _Stamp | None:
    """What changes when the run does; None where there is no such run. The summary, which a look may write, is none of
    it."""
    stamp: list[int] = []
    for name in _SHOWN:
        try:
            found = os.stat(f"{path}/{name}")  # noqa: PTH116 - thousands of them, each a microsecond or two
            stamp += [found.st_size, found.st_mtime_ns]
        except OSError:
            stamp += [-1, 0]
    return None if stamp[0] == stamp[2] == -1 else tuple(stamp)


def _same(one: Row, other: Row) -> bool:
    return (one.summary, one.live, one.status, one.note) == (other.summary, other.live, other.status, other.note)
