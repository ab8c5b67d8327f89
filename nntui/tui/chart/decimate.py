"""From a series to one entry a column of dots: the first, least, greatest and last value of its steps.

Columns are bins of the step range alone. So a new point changes the column that it falls in and no other, and a spike
of one step is never lost.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import inf, isfinite
from typing import NamedTuple

_CHUNK = 256


class Bin(NamedTuple):
    """A column that has values. `joined` is false where something not finite lies between it and the one before."""

    column: int
    first: float
    low: float
    high: float
    last: float
    joined: bool


class Bins(NamedTuple):
    """`invalid`: columns with something not finite; `hidden`: how many points lie wholly or partly at or below zero,
    and so not on a log scale."""

    bins: list[Bin]
    invalid: list[int]
    hidden: int

    def then(self, more: Bins) -> Bins:
        """These, and those of later points."""
        if not self.bins and not self.invalid and not self.hidden:
            return more
        return Bins(self.bins + more.bins, self.invalid + more.invalid, self.hidden + more.hidden)


def column_of(step: int, first: int, last: int, columns: int) -> int:
    """The column of a step; beyond the edges it is below 0 or at least `columns`."""
    if step == last:
        return columns - 1
    return (step - first) * columns // max(last - first, 1)


def bounds(first: int, last: int, columns: int) -> list[int]:
    """The first step of each column, and one past the last step at the end."""
    length = max(last - first, 1)
    return [*(first - (-c * length // columns) for c in range(columns)), last + 1]


def window(steps: Sequence[int], first: int, last: int) -> tuple[int, int]:
    """The slice of points from step `first` to `last`, both in."""
    return bisect_left(steps, first), bisect_right(steps, last)


def extremes(low: Sequence[float], high: Sequence[float], a: int, b: int, *, log: bool = False) -> tuple[float, float]:
    """Least and greatest finite value (above zero, where `log`) of points a to b; (inf, -inf) where there is none."""
    if a >= b:
        return inf, -inf
    floor = 0.0 if log else -inf
    least, greatest = inf, -inf
    for start in range(a, b, _CHUNK):  # what is not finite costs a chunk its speed, and no other
        end = min(start + _CHUNK, b)
        lows, highs = low[start:end], high[start:end]
        if isfinite(sum(lows)) and isfinite(sum(highs)):
            bottom, top = min(lows), max(highs)
            if bottom > floor:
                least, greatest = min(least, bottom), max(greatest, top)
                continue
        lows = [v for v in lows if floor < v < inf]
        highs = [v for v in highs if floor < v < inf]
        least = min(least, min(lows or highs, default=inf))
        greatest = max(greatest, max(highs, default=-inf))
    return least, greatest


def decimate(
    steps: Sequence[int],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    first: int,
    last: int,
    columns: int,
    *,
    log: bool = False,
    start: int = 0,
    stop: int | None = None,
) -> Bins:
    """The bins of steps `first` to `last`, and of the nearest point outside at each side (columns -1 and beyond), so
    that a line goes on over the edge. Of points `start` up to `stop` alone, where these are given."""
    begin, end = window(steps, first, last)
    a, b = max(begin, start), end if stop is None else min(end, stop)
    floor = 0.0 if log else -inf
    bins: list[Bin] = []
    invalid: list[int] = []
    hidden = 0
    if start < begin and (stop is None or stop >= begin) and floor < (edge := values[begin - 1]) < inf:
        bins.append(Bin(min(column_of(steps[begin - 1], first, last, columns), -1), edge, edge, edge, edge, True))
    for column, i, j in _slices(steps, a, b, first, last, columns):
        joined = i == 0 or floor < values[i - 1] < inf
        if j - i == 1:
            least, greatest = low[i], high[i]
            whole = isfinite(least + greatest) and isfinite(values[i])
        else:
            lows, highs = low[i:j], high[i:j]
            whole = isfinite(sum(lows)) and isfinite(sum(highs)) and isfinite(sum(values[i:j]))
            least, greatest = (min(lows), max(highs)) if whole else (0.0, 0.0)
        if whole and least > floor:
            bins.append(Bin(column, values[i], least, greatest, values[j - 1], joined))
            continue
        found, bad, below = _careful(values[i:j], low[i:j], high[i:j], log)
        hidden += below
        if bad:
            invalid.append(column)
        if found is not None:
            bins.append(Bin(column, *found, joined))
    if stop is None and end < len(steps) and floor < (edge := values[end]) < inf:
        joined = end == 0 or floor < values[end - 1] < inf
        column = max(column_of(steps[end], first, last, columns), columns)
        bins.append(Bin(column, edge, edge, edge, edge, joined))
    return Bins(bins, invalid, hidden)


def _slices(steps: Sequence[int], a: int, b: int, first: int, last: int, columns: int) -> list[tuple[int, int, int]]:
    """(column, slice) of each column that has points."""
    out: list[tuple[int, int, int]] = []
    if b - a > 2 * columns:
        i = a
        for column, end in enumerate(bounds(first, last, columns)[1:]):
            j = bisect_left(steps, end, i, b)
            if j > i:
                out.append((column, i, j))
            i = j
        return out
    length = max(last - first, 1)
    start, current = a, -1
    for i in range(a, b):
        column = min((steps[i] - first) * columns // length, columns - 1)
        if column != current:
            if i > start:
                out.append((current, start, i))
            start, current = i, column
    if b > start:
        out.append((current, start, b))
    return out


def _careful(
    values: Sequence[float], low: Sequence[float], high: Sequence[float], log: bool
) -> tuple[tuple[float, float, float, float] | None, bool, int]:
    """First, least, greatest and last of what can be drawn; whether something is not finite; how many points have
    something that a log scale cannot show."""
    floor = 0.0 if log else -inf
    drawn = [v for triple in zip(values, low, high, strict=True) for v in triple if floor < v < inf]
    bad = not all(map(isfinite, values)) or any(v in (inf, -inf) for v in (*low, *high))
    below = sum(1 for value, least in zip(values, low, strict=True) if -inf < min(value, least) <= 0) if log else 0
    if not drawn:
        return None, bad, below
    shown = [v for v in values if floor < v < inf] or drawn
    return (shown[0], min(drawn), max(drawn), shown[-1]), bad, below
