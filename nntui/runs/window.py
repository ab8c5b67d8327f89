"""Where in a run's events which steps are, and the exact points of a part of it that is looked at closely."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from nntui.runs.events import AnyEvent, Progress, Resumed
from nntui.runs.history import History
from nntui.runs.log import decode_events

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder

MARK_BYTES = 1 << 18
"""Events between two marks: what a look at a few steps reads at least."""

_BEYOND = 2**62
_STEPPED = frozenset({Progress, Resumed})
_EXACT = 1 << 16
"""Points of a window that are all kept as they are."""


class Marks:
    """Blocks of whole lines of events.jsonl, in the file's order, with the range of steps told in each."""

    def __init__(self) -> None:
        self.begin: array[int] = array("q")
        """Bytes."""
        self.end: array[int] = array("q")
        self.low: array[int] = array("q")
        self.high: array[int] = array("q")
        """Below `low` where a block tells of no step; beyond all where it takes back what blocks before it told."""
        self.top = -1
        """The step that the last block came to."""

    def __len__(self) -> int:
        return len(self.begin)

    def add(self, begin: int, end: int, events: Sequence[AnyEvent], *, rising: bool = False) -> None:
        """The lines from byte `begin` to `end` hold `events`. `rising`: nothing in them took back what was before."""
        if rising:  # all between the first and the last progress lies between their steps
            first = next((e.step for e in events if type(e) is Progress), _BEYOND)
            last = next((e.step for e in reversed(events) if type(e) is Progress), -1)
            self._put(begin, end, first, last)
            self.top = max(self.top, last)
            return
        told = cast(list[Progress | Resumed], [e for e in events if type(e) in _STEPPED])
        # `resumed` leaves what was up to its step: it speaks of the one after
        steps = [e.step if type(e) is Progress else e.step + 1 for e in told]
        low, high = min(steps, default=_BEYOND), max(steps, default=-1)
        if steps:
            if steps[0] <= self.top or steps != sorted(steps):
                high = _BEYOND
            self.top = told[-1].step
        self._put(begin, end, low, high)

    def span(self, begin: int, end: int, low: int, high: int) -> None:
        """The lines from byte `begin` to `end` seem to be about the steps from `low` to `high`."""
        self._put(begin, end, min(low, high), max(low, high))
        self.top = high

    def _put(self, begin: int, end: int, low: int, high: int) -> None:
        if self.end and self.end[-1] == begin and end - self.begin[-1] <= MARK_BYTES:
            self.end[-1] = end
            self.low[-1], self.high[-1] = min(self.low[-1], low), max(self.high[-1], high)
            return
        for column, value in zip(self._columns(), (begin, end, low, high), strict=True):
            column.append(value)

    def about(self, first: int, last: int) -> list[tuple[int, int]]:
        """The parts of the file that tell of these steps, or take some of them back: (begin, end) in bytes.

        Small ones, though they may touch: to decode a large one would hold up every other thread.
        """
        blocks = zip(self.begin, self.end, self.low, self.high, strict=True)
        return [(begin, end) for begin, end, low, high in blocks if low <= last and high >= first]

    def to_plain(self) -> dict[str, Any]:  # a whole number, and bytes of columns
        return {"top": self.top, "columns": [column.tobytes() for column in self._columns()]}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Marks:
        """Raises ValueError, TypeError or KeyError for what is none."""
        marks = cls()
        marks.top = int(plain["top"])
        for column, text in zip(marks._columns(), plain["columns"], strict=True):
            column.frombytes(text)
        if len({len(column) for column in marks._columns()}) != 1:
            raise ValueError("columns of different lengths")
        return marks

    def _columns(self) -> list[array[int]]:
        return [self.begin, self.end, self.low, self.high]


def seen_in_buckets(history: History, first: int, last: int, columns: int) -> bool:
    """Whether a history has so few buckets for these steps that `columns` columns of dots would show them."""
    return history.shift > 0 and (last - first) >> history.shift < columns


def read_window(folder: RunFolder, marks: Marks, first: int, last: int) -> History:
    """The points of the steps from `first` to `last`, read again from the events, and one to each side where there is
    one at hand, so that a curve reaches the window's edges.

    Exact up to some ten thousand points, the older of them in buckets beyond that. Empty where the events are gone. Of
    a million events the 64th part takes some 30 ms. Raises OSError for events that may not be read.
    """
    points: list[Progress] = []
    for begin, end in marks.about(first, last):
        for event in _read(folder, begin, end):
            if type(event) is Progress:
                if points and event.step <= points[-1].step:
                    _cut(points, event.step - 1)
                points.append(event)
            elif type(event) is Resumed:
                _cut(points, event.step)
    begin = max(bisect_left(points, first, key=_step) - 1, 0)
    history = History(keep=_EXACT)
    history.extend(points[begin : bisect_right(points, last, key=_step) + 1])
    return history


def _read(folder: RunFolder, begin: int, end: int) -> list[AnyEvent]:
    try:
        with folder.events.open("rb", buffering=0) as file:
            text = os.pread(file.fileno(), end - begin, begin)
    except FileNotFoundError:
        return []
    return decode_events(text)[0]


def _cut(points: list[Progress], step: int) -> None:
    del points[bisect_right(points, step, key=_step) :]


def _step(point: Progress) -> int:
    return point.step
