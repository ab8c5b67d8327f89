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
from operator import add, gt
from typing import Any, Literal

from nntui.runs.events import Progress

Quantity = Literal["loss", "lr", "samples_per_second", "grad_norm"]
QUANTITIES: tuple[Quantity, ...] = ("loss", "lr", "samples_per_second", "grad_norm")
Axis = Literal["step", "epoch", "time"]

BUCKETS = 4096
"""At most so many buckets; beside them the newest points."""
NEWEST = 512
"""What `History.keep` is, if not said otherwise."""


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
    """Exact points in columns, by rising step. What was not given, and what JSON had not, is NaN.

    Lists: of an array each reading would make every number anew, and these are read a few times each.
    """

    def __init__(self) -> None:
        self.step: list[int] = []
        self.epoch: list[float] = []
        self.time: list[float] = []
        self.values: dict[Quantity, list[float]] = {name: [] for name in QUANTITIES}

    def __len__(self) -> int:
        return len(self.step)

    def extend(self, events: Sequence[Progress]) -> None:
        values = self.values
        self.step += [e.step for e in events]
        self.epoch += [e.epoch for e in events]
        self.time += [e.time for e in events]
        values["loss"] += [nan if e.loss is None else e.loss for e in events]
        values["lr"] += [e.lr for e in events]
        values["samples_per_second"] += [e.samples_per_second for e in events]
        values["grad_norm"] += [nan if e.grad_norm is None else e.grad_norm for e in events]

    def drop(self, part: slice) -> None:
        columns: list[list[Any]] = [self.step, self.epoch, self.time, *self.values.values()]
        for column in columns:
            del column[part]


def _finite(values: list[float]) -> array[float]:
    """Infinities as NaN."""
    if isfinite(sum(values)):
        return array("d", values)
    return array("d", [value if isfinite(value) else nan for value in values])


def _mean(values: Sequence[float], count: int, low: float, high: float) -> float:
    if not count:
        return 0.0
    mean = sum(values) / count
    if not isfinite(mean):  # their sum is too large
        mean = sum(value / count for value in values)
    return min(max(mean, low), high)


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

    def add_buckets(self, values: list[float], edges: Sequence[tuple[int, int]], missing_is_invalid: bool) -> None:
        """A bucket for each (begin, end) among the values."""
        parts = [values[begin:end] for begin, end in edges]
        if not isfinite(sum(values)):
            parts = [[value for value in part if value - value == 0.0] for part in parts]
        counts = list(map(len, parts))
        low, high = [min(part, default=inf) for part in parts], [max(part, default=-inf) for part in parts]
        self.mean += array("d", map(_mean, parts, counts, low, high))
        self.low += array("d", low)
        self.high += array("d", high)
        self.count += array("q", counts)
        missing = [missing_is_invalid and n < end - begin for (begin, end), n in zip(edges, counts, strict=True)]
        self.invalid += array("b", missing)

    def add_points(self, values: list[float], missing_is_invalid: bool) -> None:
        """A bucket for each value."""
        if isfinite(sum(values)):
            for column in (self.mean, self.low, self.high):
                column += array("d", values)
            self.count += array("q", [1]) * len(values)
            self.invalid += array("b", bytes(len(values)))
            return
        given = [value - value == 0.0 for value in values]
        for column, none in ((self.mean, 0.0), (self.low, inf), (self.high, -inf)):
            column += array("d", [value if one else none for value, one in zip(values, given, strict=True)])
        self.count += array("q", given)
        self.invalid += array("b", [missing_is_invalid and not one for one in given])

    def merge(self, left: Sequence[int], right: Sequence[int]) -> None:
        """Bucket left[i] and bucket right[i] become one, for each i; where both are the same, it stays."""
        low = list(map(min, map(self.low.__getitem__, left), map(self.low.__getitem__, right)))
        high = list(map(max, map(self.high.__getitem__, left), map(self.high.__getitem__, right)))
        here, mean = self.count, self.mean
        more = [here[b] if b != a else 0 for a, b in zip(left, right, strict=True)]
        count = list(map(add, map(here.__getitem__, left), more))
        # each mean by its share of the values: the sum of many large ones might be too large
        means = [
            min(max(mean[a] * ((n - m) / n) + mean[b] * (m / n), lo), hi) if n else 0.0
            for a, b, m, n, lo, hi in zip(left, right, more, count, low, high, strict=True)
        ]
        invalid = [self.invalid[a] | self.invalid[b] for a, b in zip(left, right, strict=True)]
        self.mean, self.low, self.high = array("d", means), array("d", low), array("d", high)
        self.count, self.invalid = array("q", count), array("b", invalid)

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

    def __init__(self, keep: int | None = None) -> None:
        self.keep = NEWEST if keep is None else keep
        """At least so many of the newest points are exact."""
        self.shift = 0
        """Buckets are 2**shift steps wide."""
        self.first: array[int] = array("q")
        """The first step in each bucket that had a point; its epoch and time beside it."""
        self.last: array[int] = array("q")
        self.epoch: array[float] = array("d")
        self.time: array[float] = array("d")
        self.measures: dict[Quantity, Measures] = {name: Measures() for name in QUANTITIES}
        self.newest = Points()
        self.cuts = 0
        """How often points were taken back."""
        self._due = 2 * self.keep
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
        values = _finite(self.newest.values[name])
        missing = array("b", [v != v for v in values] if name != "grad_norm" else bytes(len(values)))
        return Series(
            step=self.first + array("q", self.newest.step),
            mean=mean + values,
            low=low + values,
            high=high + values,
            invalid=self.measures[name].invalid + missing,
        )

    def axis(self, name: Literal["epoch", "time"]) -> array[float]:
        """Beside `Series.step`: the epoch, or when that was (seconds since 1970)."""
        if name == "epoch":
            return self.epoch + array("d", self.newest.epoch)
        return self.time + array("d", self.newest.time)

    def latest(self, name: Quantity) -> float:
        """The last value, of a bucket its mean; NaN where there is none."""
        values = self.newest.values[name]
        if values:
            return values[-1] if isfinite(values[-1]) else nan
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
        if all(map(gt, islice(steps, 1, None), steps)):
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
        oldest_kept = steps[len(steps) - self.keep]
        end = bisect_left(steps, oldest_kept >> self.shift << self.shift)
        if end:
            self._close(end)
            if len(self.first) > BUCKETS:
                self._widen()
        self._due = len(self.newest) + self.keep

    def _close(self, end: int) -> None:
        newest, before = self.newest, len(self.first)
        edges = self._edges(end)
        self.first += array("q", [newest.step[begin] for begin, _ in edges])
        self.last += array("q", [newest.step[end - 1] for _, end in edges])
        self.epoch += array("d", [newest.epoch[begin] for begin, _ in edges])
        self.time += array("d", [newest.time[begin] for begin, _ in edges])
        for name, measures in self.measures.items():
            values, missing_is_invalid = newest.values[name][:end], name != "grad_norm"
            if self.shift == 0:
                measures.add_points(values, missing_is_invalid)
            else:
                measures.add_buckets(values, edges, missing_is_invalid)
        newest.drop(slice(0, end))
        self._seen.clear()
        if before and self.first[before - 1] >> self.shift == self.first[before] >> self.shift:
            # one bucket of the present width, begun when they were narrower or before a cut
            self._merge([i for i in range(len(self.first)) if i != before])

    def _edges(self, end: int) -> list[tuple[int, int]]:
        """Which of the first `end` newest points lie in one bucket: (begin, end)."""
        steps = self.newest.step
        if self.shift == 0:
            return [(i, i + 1) for i in range(end)]
        edges, begin = [], 0
        while begin < end:
            beyond = (steps[begin] >> self.shift) + 1 << self.shift
            edges.append((begin, bisect_left(steps, beyond, begin, end)))
            begin = edges[-1][1]
        return edges

    def _widen(self) -> None:
        """Doubles the width until there are no more than BUCKETS."""
        while len(self.first) > BUCKETS:
            self.shift += 1
            buckets = [step >> self.shift for step in self.first]
            if len(set(buckets)) < len(buckets):
                self._merge([i for i in range(len(buckets)) if i == 0 or buckets[i] != buckets[i - 1]])

    def _merge(self, left: list[int]) -> None:
        """Of the buckets, each that is not in `left` becomes one with that before it."""
        right = [after - 1 for after in left[1:]] + [len(self.first) - 1]
        self.last = array("q", map(self.last.__getitem__, right))
        self.first = array("q", map(self.first.__getitem__, left))
        self.epoch = array("d", map(self.epoch.__getitem__, left))
        self.time = array("d", map(self.time.__getitem__, left))
        for measures in self.measures.values():
            measures.merge(left, right)
        self._seen.clear()

    # -- shrinking

    def cut(self, step: int) -> None:
        """Drop the points after `step`.

        Exact where `step` is among the newest points, or every point is exact. Else a bucket with points before and
        after `step` is dropped whole: what stays never was superseded, and a gap narrower than a bucket is left.
        """
        newest = self.newest
        self.cuts += 1
        if newest.step and newest.step[0] <= step:
            newest.drop(slice(bisect_right(newest.step, step), None))
        else:
            newest.drop(slice(None))
            self._truncate(bisect_right(self.last, step))
        self._due = max(len(newest), self.keep) + self.keep

    def _truncate(self, keep: int) -> None:
        for column in self._settled():
            del column[keep:]
        self._seen.clear()

    # -- keeping: an index of a long run holds its history

    def to_plain(self) -> dict[str, Any]:  # whole numbers, and bytes of columns
        """In types that any format has; numbers in this machine's byte order."""
        newest: list[array[Any]] = [array("q", self.newest.step), *(array("d", column) for column in self._newest())]
        columns = [column.tobytes() for column in [*self._settled(), *newest]]
        return {"shift": self.shift, "due": self._due, "columns": columns}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> History:
        """Raises ValueError, TypeError or KeyError for what is none."""
        history = cls()
        history.shift, history._due = int(plain["shift"]), int(plain["due"])
        settled, texts = history._settled(), list(plain["columns"])
        for column, text in zip(settled, texts, strict=False):
            column.frombytes(text)
        steps, *others = texts[len(settled) :]
        history.newest.step += array("q", steps)
        for kept, text in zip(history._newest(), others, strict=True):
            kept += array("d", text)
        lengths = {len(column) for column in settled}, {len(history.newest), *map(len, history._newest())}
        if any(len(length) != 1 for length in lengths) or history._due <= len(history.newest):
            raise ValueError("columns of different lengths")
        return history

    def _settled(self) -> list[array[Any]]:
        columns: list[array[Any]] = [self.first, self.last, self.epoch, self.time]
        return columns + [column for name in QUANTITIES for column in self.measures[name].columns()]

    def _newest(self) -> list[list[float]]:
        return [self.newest.epoch, self.newest.time, *(self.newest.values[name] for name in QUANTITIES)]
