"""Smoothing: the debiased exponential moving average that TensorBoard draws."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

_LIMIT = 1e150


class Smoother:
    """A moving average that goes on where it was: `settled` values are kept, what comes after them is made anew.

    `weight` (0 to 1) of the average is kept from point to point. Where points lie closer than `unit` steps, they share
    that decay: the same curve looks alike however finely it was recorded. Points `unit` or more apart give
    TensorBoard's formula, `m = w m + (1 - w) y`, `m / (1 - w**n)`. What is not finite stays as it is and counts
    for nothing. Causal: a new point changes none before it.
    """

    def __init__(self, weight: float, unit: float) -> None:
        self.weight, self.unit = weight, unit
        self.values: list[float] = []
        self.settled = 0
        self._mean = self._total = 0.0
        self._before = -1

    def follow(self, steps: Sequence[int], values: Sequence[float], settled: int = 0) -> list[float]:
        """The average of all values. The first `settled` are final: they are not looked at again."""
        del self.values[self.settled :]
        if settled > self.settled:
            self._mean, self._total, self._before = self._add(steps, values, self.settled, settled)
            self.settled = settled
        self._add(steps, values, self.settled, len(steps))
        return self.values

    def _add(self, steps: Sequence[int], values: Sequence[float], start: int, end: int) -> tuple[float, float, int]:
        append = self.values.append
        weight, unit = self.weight, self.unit
        mean, total, before = self._mean, self._total, self._before
        gap, decay = -1, weight
        for step, value in zip(steps[start:end], values[start:end], strict=True):
            if not -_LIMIT < value < _LIMIT:
                if not isfinite(value):
                    append(value)
                    continue
                value = _LIMIT if value > 0 else -_LIMIT
            if step - before != gap:
                gap = step - before
                decay = weight if gap >= unit or gap < 0 else weight ** (gap / unit)
            before = step
            total = total * decay + 1.0
            mean += (value - mean) / total
            append(mean)
        return mean, total, before


def smooth(steps: Sequence[int], values: Sequence[float], weight: float, unit: float = 1.0) -> list[float]:
    """The moving average of `values`, as `Smoother` says."""
    return Smoother(weight, unit).follow(steps, values)
