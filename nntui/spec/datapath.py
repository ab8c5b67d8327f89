"""`--data PATH`: which reader takes a person's own files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntui.hooks.contributions import Dataset, Sniff
from nntui.hooks.errors import UserError
from nntui.hooks.names import nearest
from nntui.hooks.streams import refuse_stream
from nntui.hooks.targets import resolve_target
from nntui.hooks.unread import what_to_do
from nntui.spec.validate import show

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from nntui.hooks.registry import Entry, Registry

_TIE = 1e-6
_ENDING = re.compile(r"[^.]\.[A-Za-z][A-Za-z0-9]{0,11}$")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The reader that takes a path."""

    entry: Entry
    path: str
    """Absolute."""
    params: Mapping[str, Any]
    """What it found out of the path: defaults that a person's own settings go before."""
    defaults: Mapping[str, Any]
    """What it suggests for other settings of a run on this path."""
    note: str
    """What it took the path for and why."""
    guesses: Mapping[str, str]
    """As in `Sniff`."""

    def told(self, said: Collection[str]) -> str:
        """The note, with what was guessed and not `said`."""
        return "; ".join((self.note, *(text for param, text in self.guesses.items() if param not in said)))


def is_path(text: str) -> bool:
    """Whether `text`, which is no registered name, was meant as a path: it has a separator or the ending of a file, or
    it is there."""
    separators = {os.sep, os.altsep or os.sep, "/"}
    marked = text.startswith("~") or any(mark in text for mark in separators)
    return marked or bool(_ENDING.search(text)) or _is_there(text)


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL: no such file
        return False


def _is_empty(path: Path) -> bool:
    """Whether it is a folder with nothing in it."""
    try:
        return path.is_dir() and next(path.iterdir(), None) is None
    except OSError:
        return False


def _beside(text: str) -> list[str]:
    """Files of the same folder whose names are like it, written as it is."""
    folder, name = os.path.split(text)
    try:
        there = [entry.name for entry in os.scandir(absolute(folder or os.curdir)) if not entry.name.startswith(".")]
    except (OSError, ValueError):
        return []
    return [os.path.join(folder, found) for found in nearest(name, there)]  # noqa: PTH118 - pathlib would drop the ./


def absolute(text: str) -> str:
    """`text` from the root; `~` is the home folder. A run may be resumed from anywhere."""
    # pathlib would follow links, which may be moved, and raise for the home of a stranger.
    return os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111


def sniffed(text: str, registry: Registry) -> Reading:
    """Ask every reader and take the surest. Raises UserError: not there, taken by none, or by two alike."""
    path = Path(absolute(text))
    if not _is_there(str(path)):
        names = [name for entry in registry.list("data") for name in (entry.qualified, entry.name)]
        raise UserError(
            f"no data set and no file is called {show(text)}",
            advice="nntui datasets lists what there is.",
            suggestions=[*_beside(text), *nearest(text, names)][:3],
        )
    refuse_stream(str(path))
    readers = [entry for entry in registry.list("data") if entry.meta.get("has_sniff")]
    found: list[tuple[Sniff, Entry]] = []
    failed: list[str] = []
    for entry in readers:
        try:
            sniff = _ask(entry, registry, path)
        except Exception as error:  # noqa: BLE001 - a reader is a plugin's; what it raises costs its own answer alone
            failed.append(f"{entry.qualified} failed: {error}")
            continue
        if sniff is not None:
            found.append((sniff, entry))
    if not found:
        asked = ", ".join(entry.name for entry in readers)
        advice = f"asked: {asked}" if readers else "no reader of files is installed: a plugin may bring one"
        nothing = ["there is no file in it"] if _is_empty(path) else []
        raise UserError(
            f"no reader takes {path}",
            advice="\n".join(filter(None, (advice, *nothing, what_to_do([path.name]), *failed))),
        )
    found.sort(key=lambda pair: -pair[0].confidence)
    best, entry = found[0]
    alike = [other for sniff, other in found if best.confidence - sniff.confidence < _TIE]
    if len(alike) > 1:
        flags = " or ".join(f"--data.reader {other.name}" for other in alike)
        takers = " and ".join(other.name for other in alike)
        raise UserError(f"{path} is taken by {takers}, equally sure", advice=f"Say {flags}.")
    kind = entry.meta.get("modality", "data")
    note = f"{path} is read by {entry.name} ({kind}): {best.reason}"
    others = [f"--data.reader {other.name}" for sniff, other in found[1:] if sniff.confidence >= _LIKELY]
    also = [f"{' or '.join(others)} would read it another way"] if others else []
    return _reading(entry, path, best, "; ".join((note, *also, *failed)))


def sniffed_by(entry: Entry, path: str, registry: Registry) -> Reading | None:
    """What the reader that a person named finds out of a path; None where it finds out nothing. What is wrong with the
    path is told when it is read."""
    refuse_stream(path)
    if not _is_there(path):
        return None
    try:
        sniff = _ask(entry, registry, Path(path))
    except Exception:  # noqa: BLE001 - as above; a reader need not know what it is forced to take
        return None
    return None if sniff is None else _reading(entry, Path(path), sniff, "")


def _reading(entry: Entry, path: Path, sniff: Sniff, note: str) -> Reading:
    return Reading(
        entry=entry,
        path=str(path),
        params=dict(sniff.params),
        defaults=dict(sniff.defaults),
        note=note,
        guesses=dict(sniff.guesses),
    )


def _ask(entry: Entry, registry: Registry, path: Path) -> Sniff | None:
    contribution = registry.load("data", entry.qualified).contribution
    if not isinstance(contribution, Dataset) or contribution.sniff is None:
        return None
    answer = resolve_target(contribution.sniff, plugin=entry.plugin)(path)
    if answer is not None and not isinstance(answer, Sniff):
        raise TypeError(f"its sniff returned {type(answer).__name__}, not nntui.Sniff")
    return answer


_LIKELY = 0.3
"""Confidence of a reader that a person may have meant."""
