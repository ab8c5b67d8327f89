"""`summary.json`: what a list of runs shows of one. Derived from the events, brought up to date from where it ended,
and made anew wherever it does not fit them; it may be deleted at any time."""

from __future__ import annotations

import hashlib
import os
import time
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nntui.runs.attach import age
from nntui.runs.durable import write_atomic
from nntui.runs.events import AnyEvent, Progress, Resumed
from nntui.runs.folder import RunFolder
from nntui.runs.lock import Liveness, Unknown, probe_lock
from nntui.runs.log import EventReader
from nntui.runs.vitals import Status, Vitals, fold_vitals, status_of

SUMMARY_VERSION = 1

_NONE = "none"
"""A setting left empty in run.toml (nntui.spec.text writes it so, and imports pydantic, which a list does without)."""

_HEAD = 256
"""Bytes at the start of the events by which a summary knows them again; `started` holds time, host and process."""
_CURVE = 128
_SAVE_BYTES = 1 << 16
_QUIET_SECONDS = 5.0


class Curve(msgspec.Struct):
    """The loss, thinned out: each `stride`-th point, never more than 128. Past points stay where they are until the
    stride doubles."""

    stride: int = 1
    seen: int = 0
    steps: list[int] = []
    losses: list[float | None] = []

    def add(self, step: int, loss: float | None) -> None:
        if self.steps and step <= self.steps[-1]:
            self.cut(step - 1)
        if self.seen % self.stride == 0:
            self.steps.append(step)
            self.losses.append(loss)
        self.seen += 1
        if len(self.steps) > _CURVE:
            self.steps, self.losses = self.steps[::2], self.losses[::2]
            self.stride *= 2

    def cut(self, step: int) -> None:
        """Drop the points after `step`."""
        while self.steps and self.steps[-1] > step:
            self.steps.pop()
            self.losses.pop()
        self.seen = min(self.seen, len(self.steps) * self.stride)


class Source(msgspec.Struct, kw_only=True):
    """What the summary was made from."""

    size: int = -1
    mtime: int = 0
    """Nanoseconds."""
    offset: int = 0
    """Bytes of whole lines that are in it."""
    head: int = 0
    digest: str = ""
    """Of the first `head` bytes."""
    toml: tuple[int, int] = (-1, 0)
    """Size and time of run.toml."""


class Summary(msgspec.Struct, kw_only=True):
    """A run in a list."""

    version: int = SUMMARY_VERSION
    data: str = ""
    arch: str = ""
    vitals: Vitals = msgspec.field(default_factory=Vitals)
    curve: Curve = msgspec.field(default_factory=Curve)
    source: Source = msgspec.field(default_factory=Source)


@dataclass(frozen=True)
class Row:
    """One line of a list of runs."""

    folder: RunFolder
    summary: Summary
    live: Liveness
    status: Status

    @property
    def host(self) -> str:
        """Where a run of unknown status was last seen."""
        return self.live.host if isinstance(self.live, Unknown) else ""


_decoder = msgspec.json.Decoder(Summary)


def fold_summary(summary: Summary, event: AnyEvent) -> Summary:
    """`summary` after `event`, changed in place; pure otherwise."""
    fold_vitals(summary.vitals, event)
    if isinstance(event, Progress):
        summary.curve.add(event.step, event.loss)
    elif isinstance(event, Resumed):
        summary.curve.cut(event.step)
    return summary


def load_summary(folder: RunFolder) -> Summary:
    """The summary as of now, read from `summary.json` as far as that fits. What cannot be read counts as not there."""
    summary = _stored(folder) or Summary()
    saved = summary.source.offset
    try:
        found = folder.events.stat()
        if not _fits(folder.events, found, summary.source):
            summary, saved = Summary(), 0
        changed = (found.st_size, found.st_mtime_ns) != (summary.source.size, summary.source.mtime)
        if changed:
            _advance(folder, found, summary)
    except OSError:
        changed = False
    changed = _name_parts(folder, summary) or changed
    quiet = time.time() - summary.source.mtime / 1e9 > _QUIET_SECONDS
    if changed and (quiet or summary.source.offset - saved >= _SAVE_BYTES):
        with suppress(OSError):  # somebody else's folder, or a full disk: it is made again next time
            write_atomic(folder.summary, msgspec.json.encode(summary), durable=False)
    return summary


def load_row(folder: RunFolder) -> Row:
    """Summary and status. The lock is looked at first: a run that ends between the two is then seen to have ended."""
    live = probe_lock(folder)
    summary = load_summary(folder)
    return Row(folder, summary, live, status_of(summary.vitals, live, age=age(folder)))


def _stored(folder: RunFolder) -> Summary | None:
    try:
        summary = _decoder.decode(folder.summary.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return summary if summary.version == SUMMARY_VERSION else None


def _head(path: Path, length: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        return file.read(length)


def _digest(head: bytes) -> str:
    return hashlib.blake2b(head, digest_size=16).hexdigest()


def _fits(events: Path, found: os.stat_result, source: Source) -> bool:
    """Whether the events are those of `source`, perhaps with more behind them."""
    if found.st_size < source.offset or (found.st_size == source.size and found.st_mtime_ns != source.mtime):
        return False
    if found.st_size == source.size:
        return True
    return source.offset == 0 or _digest(_head(events, source.head)) == source.digest


def _advance(folder: RunFolder, found: os.stat_result, summary: Summary) -> None:
    """Fold what is new."""
    source = summary.source
    reader = EventReader(folder.events, source.offset)
    events = reader.poll()
    if reader.restarts:  # replaced since it was looked at: nothing of the old may stay
        summary.vitals, summary.curve = Vitals(), Curve()
    for event in events:
        fold_summary(summary, event)
    head = _head(folder.events, min(_HEAD, reader.offset))
    summary.source = Source(
        size=found.st_size,
        mtime=found.st_mtime_ns,
        offset=reader.offset,
        head=len(head),
        digest=_digest(head),
        toml=source.toml,
    )


def _name_parts(folder: RunFolder, summary: Summary) -> bool:
    """Data and architecture, from run.toml when that has changed; whether it had."""
    try:
        found = folder.run_toml.stat()
        stamp = (found.st_size, found.st_mtime_ns)
        if stamp == summary.source.toml:
            return False
        spec = tomllib.loads(folder.run_toml.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    summary.source.toml = stamp
    summary.data, summary.arch = _named(spec.get("data")), _named(spec.get("arch"))
    return True


def _named(table: object) -> str:
    """What a table of run.toml names: {name: digits}, {path: ./pets}, or just digits."""
    if isinstance(table, dict):
        path = table.get("path")
        table = path if path not in (None, "", _NONE) else table.get("name")
    return table if isinstance(table, str) else ""
