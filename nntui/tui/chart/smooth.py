"""Smoothing: the debiased exponential moving average that TensorBoard draws."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

_LIMIT = 1e150


def smooth(steps: Sequence[int], values: Sequence[float], weight: float, unit: float = 1.0) -> list[float]:
    """The moving average of `values`, `weight` (0 to 1) of it kept from point to point.

    Where points lie closer than `unit` steps, they share that decay: the same curve looks alike however finely it was
    recorded. Points `unit` or more apart give TensorBoard's formula, `m = w m + (1 - w) y`, `m / (1 - w**n)`. What is
    not finite stays as it is and counts for nothing. Causal: a new point changes none before it.
    """
    out: list[float] = []
    append = out.append
    mean = total = 0.0
    before = -1
    gap, decay = -1, weight
    for step, value in zip(steps, values, strict=False):
        if not isfinite(value):
            append(value)
            continue
        if step - before != gap:
            gap = step - before
            decay = weight if gap >= unit or gap < 0 else weight ** (gap / unit)
        before = step
        total = total * decay + 1.0
        if -_LIMIT < value < _LIMIT:
            mean += (value - mean) / total
        else:
            mean += max(min(value, 1e300), -1e300) / total - mean / total
        append(mean)
    return out
