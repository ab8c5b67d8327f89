"""`summary.json`: what a list of runs shows of one. Derived from the events, brought up to date from where it ended,
and made anew wherever it does not fit them; it may be deleted at any time."""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import cast

import msgspec

from nntui.runs.attach import age
from nntui.runs.durable import write_atomic
from nntui.runs.events import AnyEvent, Progress, Resumed
from nntui.runs.folder import RunFolder
from nntui.runs.lock import Liveness, Unknown, probe_lock
from nntui.runs.log import EventReader
from nntui.runs.notes import first_line, read_note
from nntui.runs.source import Source
from nntui.runs.vitals import Status, Vitals, fold_progress, fold_vitals, status_of

SUMMARY_VERSION = 1

_NONE = "none"
"""A setting left empty in run.toml (nntui.spec.text writes it so, and imports pydantic, which a list does without)."""

_CURVE = 128
_BLOCK = 1 << 20
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


class SummarySource(Source, kw_only=True):
    """What the summary was made from."""

    toml: tuple[int, int] = (-1, 0)
    """Size and time of run.toml."""


class Summary(msgspec.Struct, kw_only=True):
    """A run in a list."""

    version: int = SUMMARY_VERSION
    data: str = ""
    arch: str = ""
    vitals: Vitals = msgspec.field(default_factory=Vitals)
    curve: Curve = msgspec.field(default_factory=Curve)
    source: SummarySource = msgspec.field(default_factory=SummarySource)


@dataclass(frozen=True)
class Row:
    """One line of a list of runs."""

    folder: RunFolder
    summary: Summary
    live: Liveness
    status: Status
    note: str = ""
    """The first line of what a person noted of it."""

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


def fold_events(summary: Summary, events: Sequence[AnyEvent]) -> Summary:
    """The same as `fold_summary` of each."""
    for kind, alike in groupby(events, type):
        if kind is Progress:
            points = cast(list[Progress], list(alike))
            fold_progress(summary.vitals, points)
            for point in points:
                summary.curve.add(point.step, point.loss)
        else:
            for event in alike:
                fold_summary(summary, event)
    return summary


def load_summary(folder: RunFolder) -> Summary:
    """The summary as of now, read from `summary.json` as far as that fits. What cannot be read counts as not there."""
    summary = stored_summary(folder) or Summary()
    saved = summary.source.offset
    try:
        found = folder.events.stat()
        if not summary.source.fits(folder.events, found):
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
    return Row(folder, summary, live, status_of(summary.vitals, live, age=age(folder)), first_line(read_note(folder)))


def stored_summary(folder: RunFolder) -> Summary | None:
    """What `summary.json` says, whether or not it still fits; None where it says nothing."""
    try:
        summary = _decoder.decode(folder.summary.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return summary if summary.version == SUMMARY_VERSION else None


def _advance(folder: RunFolder, found: os.stat_result, summary: Summary) -> None:
    """Fold what is new, a block at a time: a long run that no list has shown yet is not held in memory."""
    reader = EventReader(folder.events, summary.source.offset)
    restarts, before = 0, -1
    while reader.offset != before:
        before = reader.offset
        events = reader.poll(_BLOCK)
        if reader.restarts != restarts:  # replaced since it was looked at: nothing of the old may stay
            restarts, before = reader.restarts, -1
            summary.vitals, summary.curve = Vitals(), Curve()
        fold_events(summary, events)
    summary.source.take(folder.events, found, reader.offset)


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
