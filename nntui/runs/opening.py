"""Opening a run of any length at once: as its index has it, by reading all of it, or by looking at parts of it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from nntui.runs.attach import Attached
from nntui.runs.events import AnyEvent, Evaluated, Progress
from nntui.runs.folder import RunFolder, newer
from nntui.runs.indexing import load_index
from nntui.runs.log import decode_events
from nntui.runs.state import RunState, fold_all
from nntui.runs.summary import stored_summary
from nntui.runs.vitals import fold_vitals
from nntui.runs.window import Marks

WHOLE_BYTES = 6 << 20
"""Events that are all read: some 40,000 in a tenth of a second."""
HEAD_BYTES = 1 << 18
TAIL_BYTES = 1 << 20
PLACES = 320
"""Looked at between the two."""
PLACE_BYTES = 1 << 12
_LONG_LINE = 1 << 16
_LOOK_BACK = 8 << 20
"""Bytes before the tail that are searched for an evaluation."""


@dataclass(frozen=True)
class Opened:
    """A run, as it could be known within a fraction of a second. It can be followed at once (`attached.poll`)."""

    attached: Attached

    @property
    def exact(self) -> bool:
        """False: status, plan, latest figures and the newest minutes are true; what lies before was looked at in
        places. `nntui.runs.indexing.indexing_command` then makes the exact state, and `load_index` has it."""
        return self.attached.exact


def open_quickly(folder: RunFolder) -> Opened:
    """A run, however long. Raises UserError for one that a later nntui wrote, OSError for one that may not be read."""
    attached = load_index(folder) or Attached(folder)
    size = _size(folder)
    if size - attached.offset > WHOLE_BYTES:
        attached = _sampled(folder, attached, size)
    attached.catch_up()
    return Opened(attached)


def is_long(folder: RunFolder) -> bool:
    """Whether `open_quickly` would look at parts of it only."""
    size = _size(folder)
    if size <= WHOLE_BYTES:
        return False
    indexed = load_index(folder)
    return size - (0 if indexed is None else indexed.offset) > WHOLE_BYTES


def _size(folder: RunFolder) -> int:
    """Bytes of its events; 0 where there are none."""
    try:
        return folder.events.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _sampled(folder: RunFolder, before: Attached, size: int) -> Attached:
    """What lies behind `before`: its beginning, places in equal distances, and its end."""
    state, marks = before.state, before.marks
    head, tail = before.offset + HEAD_BYTES, size - TAIL_BYTES
    with folder.events.open("rb", buffering=0) as file:
        fd = file.fileno()
        begin, known, events = _lines(fd, before.offset, HEAD_BYTES, at_line=True)
        fold_all(events, state)
        marks.add(begin, known, events)
        for place in range(head, tail, max((tail - head) // PLACES, PLACE_BYTES)):
            begin, end, events = _lines(fd, place, PLACE_BYTES)
            if not events:
                begin, end, events = _lines(fd, place, _LONG_LINE)
            if events and begin >= known:
                fold_all(events, state)
                _mark(marks, known, begin, end, events)
                known = end
        begin, end, events = _lines(fd, max(tail, known), size - max(tail, known), at_line=known >= tail)
        if not any(isinstance(event, Evaluated) for event in events):
            fold_all(_last_evaluated(fd, begin), state)
        fold_all(events, state)
        _mark(marks, known, begin, end, events)
        _take_vitals(folder, fd, state, begin, end)
    if state.vitals.needs:
        raise newer(folder.name, state.vitals.needs)
    return Attached(folder, state, end, marks, exact=False)


def _lines(fd: int, at: int, length: int, *, at_line: bool = False) -> tuple[int, int, list[AnyEvent]]:
    """The whole lines within `length` bytes from `at` on: where they begin and end, and their events. None where one
    line is longer than that."""
    text = os.pread(fd, length, at)
    begin = 0 if at_line else text.find(b"\n") + 1
    end = text.rfind(b"\n") + 1
    if end <= begin:
        return at, at, []
    return at + begin, at + end, decode_events(text[begin:end])[0]


def _mark(marks: Marks, known: int, begin: int, end: int, events: list[AnyEvent]) -> None:
    """Notes what was seen, and which steps must lie between it and what was seen before."""
    if begin > known:
        steps = [event.step for event in events if isinstance(event, Progress)]
        marks.span(known, begin, max(marks.top, 0), steps[0] if steps else max(marks.top, 0))
    marks.add(begin, end, events)


def _last_evaluated(fd: int, end: int) -> list[AnyEvent]:
    """The last evaluation before byte `end`, where it is not far."""
    begin = max(end - _LOOK_BACK, 0)
    text = os.pread(fd, end - begin, begin)
    at = text.rfind(b'\n{"type":"evaluated",')
    if at < 0:
        return []
    return decode_events(text[at + 1 : text.find(b"\n", at + 1) + 1])[0]


def _take_vitals(folder: RunFolder, fd: int, state: RunState, begin: int, end: int) -> None:
    """The exact figures of the run's summary, where a list has kept that up to date (up to within the tail)."""
    summary = stored_summary(folder)
    if summary is None or not begin <= summary.source.offset <= end:
        return
    if not summary.source.fits(folder.events, os.fstat(fd)):
        return
    _, _, events = _lines(fd, summary.source.offset, end - summary.source.offset, at_line=True)
    for event in events:
        fold_vitals(summary.vitals, event)
    state.vitals = summary.vitals
