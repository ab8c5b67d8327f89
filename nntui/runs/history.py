"""`History`: the curves of a run in bounded memory, however long it trains.

Steps are cut into buckets of one width, a power of two, aligned to step 0. As long as a run has few points the width is
one step and every point is exact. When there are more than BUCKETS, the width doubles until there are not: neighbours
merge, and no bucket ever moves or is cut anew, so that a curve's past stays where it was drawn. The newest points are
kept exactly as well, so that a resume, which takes back the last minute, finds them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf, isfinite, nan
from operator import le
from typing import Any, Literal

from nntui.runs.events import Progress

Quantity = Literal["loss", "lr", "samples_per_second", "grad_norm"]
QUANTITIES: tuple[Quantity, ...] = ("loss", "lr", "samples_per_second", "grad_norm")
Axis = Literal["step", "epoch", "time"]

BUCKETS = 4096
"""At most so many buckets; beside them the newest points."""
NEWEST = 512
"""At least so many of the newest points are exact."""


@dataclass(frozen=True)
class Series:
    """One quantity over the steps: columns of equal length, by rising step. Copies: they may be kept.

    An exact point has one value as mean, low and high; a bucket the mean and the extremes of the finite values in it.
    Where there was none they are NaN.
    """

    step: array[int]
    """The step of the point; of a bucket, of the first point in it."""
    mean: array[float]
    low: array[float]
    high: array[float]
    invalid: array[int]
    """1 where a value was given that was not finite. A gradient norm may also just not be given: that is none."""

    def __len__(self) -> int:
        return len(self.step)


class Points:
    """Exact points in columns, by rising step: 56 bytes each. What was not given or not finite is NaN."""

    def __init__(self) -> None:
        self.step: array[int] = array("q")
        self.epoch: array[float] = array("d")
        self.time: array[float] = array("d")
        self.values: dict[Quantity, array[float]] = {name: array("d") for name in QUANTITIES}

    def __len__(self) -> int:
        return len(self.step)

    def extend(self, events: Sequence[Progress]) -> None:
        self.step.extend([e.step for e in events])
        self.epoch.extend([e.epoch for e in events])
        self.time.extend([e.time for e in events])
        values = self.values
        values["loss"].extend(_finite([nan if e.loss is None else e.loss for e in events]))
        values["lr"].extend(_finite([e.lr for e in events]))
        values["samples_per_second"].extend(_finite([e.samples_per_second for e in events]))
        values["grad_norm"].extend(_finite([nan if e.grad_norm is None else e.grad_norm for e in events]))

    def drop(self, part: slice) -> None:
        for column in (self.step, self.epoch, self.time, *self.values.values()):
            del column[part]


def _finite(values: list[float]) -> list[float]:
    """Infinities as NaN."""
    if inf in values or -inf in values:
        return [value if isfinite(value) else nan for value in values]
    return values


class Measures:
    """One quantity of each bucket. Without a finite value: mean 0, low infinite, high minus infinite."""

    def __init__(self) -> None:
        self.mean: array[float] = array("d")
        self.low: array[float] = array("d")
        self.high: array[float] = array("d")
        self.count: array[int] = array("q")
        """Of the finite values."""
        self.invalid: array[int] = array("b")

    def columns(self) -> tuple[array[Any], ...]:  # of numbers: whole and not
        return self.mean, self.low, self.high, self.count, self.invalid

    def add(self, values: array[float], missing_is_invalid: bool) -> None:
        """One more bucket, of these values."""
        count, total = len(values), sum(values)
        if isfinite(total):
            low, high = min(values), max(values)
            mean = total / count
        else:  # some are NaN, or their sum is too large
            finite = [value for value in values if value == value]
            count = len(finite)
            low, high = min(finite, default=inf), max(finite, default=-inf)
            mean = sum(value / count for value in finite)
        self.mean.append(min(max(mean, low), high) if count else 0.0)
        self.low.append(low)
        self.high.append(high)
        self.count.append(count)
        self.invalid.append(missing_is_invalid and count < len(values))

    def add_points(self, values: array[float], missing_is_invalid: bool) -> None:
        """A bucket for each value."""
        if isfinite(sum(values)):
            for column in (self.mean, self.low, self.high):
                column.extend(values)
            self.count.extend([1] * len(values))
            self.invalid.extend([0] * len(values))
        else:
            for i in range(len(values)):
                self.add(values[i : i + 1], missing_is_invalid)

    def merge(self, begin: int, end: int) -> None:
        """The buckets from `begin` to before `end` become one."""
        merged = self._merged(begin, end)
        for column, value in zip(self.columns(), merged, strict=True):
            column[begin] = value
            del column[begin + 1 : end]

    def merge_all(self, groups: Sequence[tuple[int, int]]) -> None:
        rows = [self._merged(begin, end) for begin, end in groups]
        for column, values in zip(self.columns(), zip(*rows, strict=True), strict=True):
            column[:] = array(column.typecode, values)

    def _merged(self, begin: int, end: int) -> tuple[float, float, float, int, int]:
        if end - begin == 1:
            return self.mean[begin], self.low[begin], self.high[begin], self.count[begin], self.invalid[begin]
        counts = self.count[begin:end]
        low, high, count = min(self.low[begin:end]), max(self.high[begin:end]), sum(counts)
        mean = 0.0
        if count:  # each mean by its share: a sum of counts times means could be too large
            mean = sum(m * (n / count) for m, n in zip(self.mean[begin:end], counts, strict=True))
            mean = min(max(mean, low), high)
        return mean, low, high, count, max(self.invalid[begin:end])

    def seen(self) -> tuple[array[float], array[float], array[float]]:
        """Mean, low and high, NaN where there was no finite value."""
        if all(self.count):
            return self.mean, self.low, self.high
        drawn = [array("d", column) for column in (self.mean, self.low, self.high)]
        for i, count in enumerate(self.count):
            if not count:
                for column in drawn:
                    column[i] = nan
        return drawn[0], drawn[1], drawn[2]


class History:
    """Progress by rising step: buckets of the past, and behind them the newest points exactly."""

    def __init__(self) -> None:
        self.shift = 0
        """Buckets are 2**shift steps wide."""
        self.first: array[int] = array("q")
        """The first step in each bucket that had a point; its epoch and time beside it."""
        self.last: array[int] = array("q")
        self.epoch: array[float] = array("d")
        self.time: array[float] = array("d")
        self.measures: dict[Quantity, Measures] = {name: Measures() for name in QUANTITIES}
        self.newest = Points()
        self._due = 2 * NEWEST
        """How many newest points there are when the older of them go into buckets. A function of the points alone,
        so that it does not matter in which pieces they came."""
        self._seen: dict[Quantity, tuple[array[float], array[float], array[float]]] = {}

    def __len__(self) -> int:
        """Of each series."""
        return len(self.first) + len(self.newest)

    @property
    def exact(self) -> bool:
        """Whether every point is there as it was."""
        return self.shift == 0

    @property
    def last_step(self) -> int:
        """-1 where there is none."""
        return self.newest.step[-1] if self.newest.step else self.last[-1] if self.last else -1

    def series(self, name: Quantity) -> Series:
        """One quantity: some 20 microseconds."""
        if name not in self._seen:
            self._seen[name] = self.measures[name].seen()
        mean, low, high = self._seen[name]
        values = self.newest.values[name]
        missing = array("b", [v != v for v in values] if name != "grad_norm" else bytes(len(values)))
        return Series(
            step=self.first + self.newest.step,
            mean=mean + values,
            low=low + values,
            high=high + values,
            invalid=self.measures[name].invalid + missing,
        )

    def axis(self, name: Literal["epoch", "time"]) -> array[float]:
        """Beside `Series.step`: the epoch, or when that was (seconds since 1970)."""
        return self.epoch + self.newest.epoch if name == "epoch" else self.time + self.newest.time

    def latest(self, name: Quantity) -> float:
        """The last value, of a bucket its mean; NaN where there is none."""
        values = self.newest.values[name]
        if values:
            return values[-1]
        measures = self.measures[name]
        return measures.mean[-1] if measures.count and measures.count[-1] else nan

    # -- growing

    def add(self, event: Progress) -> None:
        """A point. A step that is not above the last one takes the place of all from it on: the event that said so
        (`resumed`) was lost."""
        self.extend((event,))

    def extend(self, events: Sequence[Progress]) -> None:
        """The same as adding one after the other: half a microsecond each."""
        steps = [e.step for e in events]
        if not any(map(le, islice(steps, 1, None), steps)):
            self._extend_rising(events)
            return
        backs = [i for i in range(1, len(steps)) if steps[i] <= steps[i - 1]]
        for begin, end in zip([0, *backs], [*backs, len(steps)], strict=True):
            self._extend_rising(events[begin:end])

    def _extend_rising(self, events: Sequence[Progress]) -> None:
        if not events:
            return
        if events[0].step <= self.last_step:
            self.cut(events[0].step - 1)
        at = 0
        while at < len(events):
            room = self._due - len(self.newest)
            self.newest.extend(events[at : at + room])
            at += room
            if len(self.newest) >= self._due:
                self._settle()

    def _settle(self) -> None:
        """Puts the older of the newest points into buckets, whole buckets only."""
        steps = self.newest.step
        oldest_kept = steps[len(steps) - NEWEST]
        end = bisect_left(steps, oldest_kept >> self.shift << self.shift)
        if end:
            self._close(end)
            if len(self.first) > BUCKETS:
                self._widen()
        self._due = len(self.newest) + NEWEST

    def _close(self, end: int) -> None:
        newest, before = self.newest, len(self.first)
        if self.shift == 0:
            self.first.extend(newest.step[:end])
            self.last.extend(newest.step[:end])
            self.epoch.extend(newest.epoch[:end])
            self.time.extend(newest.time[:end])
            for name, measures in self.measures.items():
                measures.add_points(newest.values[name][:end], name != "grad_norm")
        else:
            at = 0
            while at < end:
                beyond = (newest.step[at] >> self.shift) + 1 << self.shift
                to = bisect_left(newest.step, beyond, at, end)
                self._close_one(at, to)
                at = to
        newest.drop(slice(0, end))
        if before and self.first[before - 1] >> self.shift == self.first[before] >> self.shift:
            self._merge(before - 1, before + 1)  # one bucket of the present width, begun when they were narrower
        self._seen.clear()

    def _close_one(self, begin: int, end: int) -> None:
        newest = self.newest
        self.first.append(newest.step[begin])
        self.last.append(newest.step[end - 1])
        self.epoch.append(newest.epoch[begin])
        self.time.append(newest.time[begin])
        for name, measures in self.measures.items():
            measures.add(newest.values[name][begin:end], name != "grad_norm")

    def _merge(self, begin: int, end: int) -> None:
        self.last[begin] = self.last[end - 1]
        for column in (self.first, self.last, self.epoch, self.time):
            del column[begin + 1 : end]
        for measures in self.measures.values():
            measures.merge(begin, end)

    def _widen(self) -> None:
        """Doubles the width until there are no more than BUCKETS."""
        while len({step >> self.shift for step in self.first}) > BUCKETS:
            self.shift += 1
        starts = [i for i in range(len(self.first)) if i == 0 or self._bucket(i) != self._bucket(i - 1)]
        groups = list(zip(starts, [*starts[1:], len(self.first)], strict=True))
        self.last = array("q", [self.last[end - 1] for _, end in groups])
        self.first = array("q", [self.first[i] for i in starts])
        self.epoch = array("d", [self.epoch[i] for i in starts])
        self.time = array("d", [self.time[i] for i in starts])
        for measures in self.measures.values():
            measures.merge_all(groups)

    def _bucket(self, i: int) -> int:
        return self.first[i] >> self.shift

    # -- shrinking

    def cut(self, step: int) -> None:
        """Drop the points after `step`.

        Exact where `step` is among the newest points, or every point is exact. Else a bucket with points before and
        after `step` is dropped whole: what stays never was superseded, and a gap narrower than a bucket is left.
        """
        newest = self.newest
        if newest.step and newest.step[0] <= step:
            newest.drop(slice(bisect_right(newest.step, step), None))
        else:
            newest.drop(slice(None))
            self._truncate(bisect_right(self.last, step))
        self._due = max(len(newest), NEWEST) + NEWEST

    def _truncate(self, keep: int) -> None:
        measured = [column for measures in self.measures.values() for column in measures.columns()]
        for column in (self.first, self.last, self.epoch, self.time, *measured):
            del column[keep:]
        self._seen.clear()

    # -- keeping: an index of a long run holds its history

    def to_plain(self) -> dict[str, Any]:  # whole numbers, and bytes of columns
        """In types that any format has; numbers in this machine's byte order."""
        return {"shift": self.shift, "due": self._due, "columns": [column.tobytes() for column in self._columns()]}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> History:
        """Raises ValueError, TypeError or KeyError for what is none."""
        history = cls()
        history.shift, history._due = int(plain["shift"]), int(plain["due"])
        columns = history._columns()
        for column, text in zip(columns, plain["columns"], strict=True):
            column.frombytes(text)
        settled, newest = len(history.first), len(history.newest.step)
        beside = 4 + 5 * len(QUANTITIES)
        lengths = [len(column) for column in columns]
        if lengths != [settled] * beside + [newest] * (len(columns) - beside) or history._due <= newest:
            raise ValueError("columns of different lengths")
        return history

    def _columns(self) -> list[array[Any]]:
        measured = [column for name in QUANTITIES for column in self.measures[name].columns()]
        newest = [self.newest.step, self.newest.epoch, self.newest.time]
        values = [self.newest.values[name] for name in QUANTITIES]
        return [self.first, self.last, self.epoch, self.time, *measured, *newest, *values]
