"""How one number becomes features: its standardised value, the pieces of its range, and a flag for gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.floating[Any]]

FARTHEST = 8.0
"""Deviations beyond which a value is cut: one outlier must not drown a batch."""
LARGEST = 1e100
"""Numbers beyond are taken for this one: their squares would be infinite."""
SKEWED = 1.0
"""Skewness beyond which the signed logarithm is taken, where that is at least twice as even."""
FITTED_ROWS = 1_000_000
"""Rows from which quantiles are told: more move them by less than a thousandth."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Of one number, fitted on training rows."""

    name: str
    median: float
    mean: float
    std: float
    log: float = 0.0
    """Where above 0, sign(x) log(1 + |x| / log) is taken first."""
    edges: tuple[float, ...] = ()
    """Of the pieces, rising: B + 1, or none."""
    flagged: bool = False
    """Whether there were gaps in training rows."""

    @property
    def width(self) -> int:
        return 1 + max(0, len(self.edges) - 1) + self.flagged

    def fill(self, out: npt.NDArray[np.float32], column: Floats) -> None:
        """The features (N, width) of the numbers (N,)."""
        wide = np.asarray(column, dtype=np.float64)
        gaps = ~np.isfinite(wide)
        wide = np.where(gaps, self.median, wide).clip(-LARGEST, LARGEST)
        standard = (logged(wide, self.log) - self.mean) / self.std
        out[:, 0] = np.clip(standard, -FARTHEST, FARTHEST)
        with np.errstate(over="ignore"):  # of edges as near as numbers can be: what is beyond is the whole piece
            for piece, (low, high) in enumerate(zip(self.edges, self.edges[1:], strict=False), start=1):
                out[:, piece] = np.clip((wide - low) / (high - low), 0.0, 1.0)
        if self.flagged:
            out[:, -1] = gaps


def logged(column: npt.NDArray[np.float64], unit: float) -> npt.NDArray[np.float64]:
    return np.sign(column) * np.log1p(np.abs(column) / unit) if unit > 0 else column


def fit_scale(name: str, column: Floats, bins: int) -> Scale | None:
    """The scale of training numbers; None where they tell nothing."""
    wide = np.asarray(column, dtype=np.float64)
    known = wide[np.isfinite(wide)].clip(-LARGEST, LARGEST)
    flagged = len(known) < len(wide)
    if not len(known):
        return None
    if len(known) > FITTED_ROWS:
        known = known[np.linspace(0, len(known) - 1, FITTED_ROWS).astype(np.int64)]
    low, high = float(known.min()), float(known.max())
    if low == high and not flagged:
        return None
    median = float(np.median(known))
    unit = 0.0
    before = _skewness(known)
    if abs(before) > SKEWED:
        middle = float(np.median(np.abs(known[known != 0]))) if (known != 0).any() else 1.0
        middle = max(middle, 1 / LARGEST)
        if abs(_skewness(logged(known, middle))) < abs(before) / 2:
            unit = middle
    scaled = logged(known, unit)
    std = float(scaled.std()) or 1.0
    return Scale(
        name=name,
        median=median,
        mean=float(scaled.mean()),
        std=std,
        log=unit,
        edges=_edges(known, bins),
        flagged=flagged,
    )


def _edges(known: npt.NDArray[np.float64], bins: int) -> tuple[float, ...]:
    """Quantiles, each once; every value, where they are few (hours of a day, days of a month): quantiles would put
    some of them together. None where there are but two values, which need no pieces."""
    distinct = np.unique(known)
    if len(distinct) <= 2 or bins < 2:
        return ()
    if len(distinct) <= 2 * bins + 1:
        return tuple(distinct.tolist())
    edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)))
    return tuple(edges.tolist()) if len(edges) > 2 else ()


def _skewness(column: npt.NDArray[np.float64]) -> float:
    deviation = float(column.std())
    return float((((column - column.mean()) / deviation) ** 3).mean()) if deviation > 0 else 0.0


def calendar(name: str, days: Floats) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """A date (days since 1970) as itself and in parts: year, month, day, weekday, day of year, hour; NaN is a gap."""
    wide = np.asarray(days, dtype=np.float64)
    gaps = ~np.isfinite(wide)
    whole = np.where(gaps, 0.0, wide)
    day = np.floor(whole).astype(np.int64).astype("datetime64[D]")
    month, year = day.astype("datetime64[M]"), day.astype("datetime64[Y]")
    parts = {
        name: whole,
        f"{name} (year)": year.astype(np.int64) + 1970,
        f"{name} (month)": month.astype(np.int64) % 12 + 1,
        f"{name} (day)": (day - month).astype(np.int64) + 1,
        f"{name} (weekday)": (day.astype(np.int64) + 3) % 7,
        f"{name} (day of year)": (day - year).astype(np.int64) + 1,
        f"{name} (hour)": np.round((whole - np.floor(whole)) * 24, 3),
    }
    for part, values in parts.items():
        yield part, np.where(gaps, np.nan, values)
