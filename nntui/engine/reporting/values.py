"""Tallies of values: residuals, and what a rule without learning reaches.

Shapes: N rows, K values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from nntui.engine.reporting.report import Baseline, Histogram, ValueErrors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]

RESERVOIR = 200_000
"""Rows that are kept for quantiles and histogram; of more, a random choice of so many (Vitter 1985, algorithm R)."""
POINTS = 600
"""Rows that are drawn as points."""
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
_EDGE = 0.005
"""Share of the residuals beyond each end of the histogram, which is counted at the end."""
_MOST_BARS = 40


class Reservoir:
    """An even choice of rows, all of them while they are few; the same whatever the batches."""

    def __init__(self, size: int, width: int, seed: int = 0) -> None:
        self._rows = np.empty((0, width))
        self._size = size
        self._seen = 0
        self._random = np.random.default_rng(seed)

    def update(self, rows: Floats) -> None:
        room = self._size - len(self._rows)
        if room > 0:
            self._rows = np.concatenate([self._rows, rows[:room]])
            self._seen += len(rows[:room])
            rows = rows[room:]
        if not len(rows):
            return
        at = np.floor(self._random.random(len(rows)) * (self._seen + 1 + np.arange(len(rows)))).astype(np.int64)
        taken = at < self._size
        self._rows[at[taken]] = rows[taken]  # of two for one place the later stays, as one after another
        self._seen += len(rows)

    @property
    def rows(self) -> Floats:
        return self._rows


class ValuesTally:
    """Residuals of K values."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._reservoir = Reservoir(RESERVOIR, 2 * len(names))
        self._residuals = np.zeros(len(names))
        self._rows = 0

    def update(self, predicted: Floats, true: Floats) -> None:
        """Both (N, K), in their own units."""
        self._reservoir.update(np.concatenate([true, predicted], axis=1))
        self._residuals += (predicted - true).sum(0)
        self._rows += len(true)

    def compute(self, metrics: Mapping[str, float]) -> tuple[ValueErrors, ...]:
        """`metrics`: what a meter of values made of the same rows."""
        told, size = [], len(self._names)
        rows = self._reservoir.rows
        step = max(1, len(rows) // POINTS)
        for k, name in enumerate(self._names):
            true, predicted = rows[:, k], rows[:, size + k]
            key = f"_{name}" if size > 1 else ""
            told.append(
                ValueErrors(
                    name=name,
                    mae=metrics[f"mae{key}"],
                    rmse=metrics[f"rmse{key}"],
                    r2=metrics[f"r2{key}"],
                    bias=float(self._residuals[k]) / max(1, self._rows),
                    quantiles=quantiles_of(np.abs(predicted - true)),
                    residuals=histogram_of(predicted - true),
                    points=tuple(zip(true[::step].tolist(), predicted[::step].tolist(), strict=True)),
                    sampled=len(rows),
                )
            )
        return tuple(told)


def quantiles_of(errors: Floats) -> dict[str, float]:
    return {f"{q:.0%}": float(v) for q, v in zip(QUANTILES, np.quantile(errors, QUANTILES), strict=True)}


def histogram_of(residuals: Floats) -> Histogram:
    """With 0 in the middle of a bar; the few that are far outside are counted in the last bars."""
    known = residuals[np.isfinite(residuals)]
    if not len(known):
        return Histogram(edges=(0.0, 1.0), counts=(0,))
    low, high = np.quantile(known, (_EDGE, 1 - _EDGE)).tolist()
    low, high = min(low, 0.0), max(high, 0.0)
    bars = int(np.clip(1.5 * np.sqrt(len(known)), 9, _MOST_BARS))
    width = (high - low) / bars or 1.0
    edges = (np.arange(math.floor(low / width - 0.5), math.ceil(high / width - 0.5) + 1) + 0.5) * width
    counts, _ = np.histogram(np.clip(known, edges[0], edges[-1]), edges)
    return Histogram(edges=tuple(edges.tolist()), counts=tuple(counts.tolist()))


class BaselineTally:
    """Rules without learning, each of which tells values (N, K)."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[Floats, Floats]] = {}
        self._rows = 0

    def update(self, told: Mapping[str, Floats], true: Floats) -> None:
        for name, values in told.items():
            error = np.asarray(values, np.float64) - true
            absolute, squared = self._sums.get(name, (np.zeros(true.shape[1]), np.zeros(true.shape[1])))
            self._sums[name] = (absolute + np.abs(error).sum(0), squared + (error**2).sum(0))
        self._rows += len(true)

    def compute(self) -> tuple[Baseline, ...]:
        """The means over the values, as the meter of values has them."""
        rows = max(1, self._rows)
        return tuple(
            Baseline(
                name=name,
                metrics={"mae": float((absolute / rows).mean()), "rmse": float(np.sqrt(squared / rows).mean())},
            )
            for name, (absolute, squared) in self._sums.items()
        )
