"""How far apart the rows of a series are: its step, its season, and the calendar that says something of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from nntui.builtin.datasets.own.times import DAY, MICRO

if TYPE_CHECKING:
    import numpy.typing as npt

    Moments = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

YEAR = 365.2425 * DAY
NEAR = 0.1
"""A distance this near to a whole number of steps, in steps, counts as one: clocks drift."""
LOST = 0.2
"""With a larger share of steps missing, they are not missing: nobody trades on a Sunday. A row is then a step."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """The distance between two rows."""

    kind: Literal["fixed", "months", "rows"]
    size: int
    """Microseconds or months; of rows the median distance in microseconds, 0 where there are no times."""

    def in_words(self) -> str:
        """ "a day", "10 minutes"."""
        if self.kind == "months":
            return {1: "a month", 3: "a quarter", 12: "a year"}.get(self.size, f"{self.size} months")
        if self.kind == "rows":
            return "a row"
        for size, name in (
            (7 * DAY, "week"),
            (DAY, "day"),
            (3600 * MICRO, "hour"),
            (60 * MICRO, "minute"),
            (MICRO, "second"),
        ):
            if self.size % size == 0:
                count = self.size // size
                return f"{count} {name}s" if count > 1 else f"an {name}" if name == "hour" else f"a {name}"
        return f"{self.size / MICRO:g} seconds"

    def positions(self, moments: Moments) -> Moments:
        """(R,) the number of each row of a sorted series on the grid of steps, from 0."""
        if self.kind == "rows" or len(moments) == 0:
            return np.arange(len(moments))
        if self.kind == "months":
            months = _months(moments)
            grid: Moments = (months - months[0]) // self.size
            return grid
        jumps = np.round(np.diff(moments) / self.size).astype(
            np.int64
        )  # one by one, so that a drift adds up to nothing
        return np.concatenate(([0], np.cumsum(jumps)))

    def after(self, moment: int, steps: int) -> int:
        """The moment so many steps later; of rows by the median distance."""
        if self.kind != "months":
            return moment + steps * self.size
        month = int(_months(np.array([moment]))[0]) + steps * self.size
        day = moment - int(_first_of(np.array([moment]))[0])
        begin = int(np.datetime64(month, "M").astype("datetime64[us]").astype(np.int64))
        longest = int(np.datetime64(month + 1, "M").astype("datetime64[us]").astype(np.int64)) - DAY - begin
        return begin + min(day, longest + day % DAY)


def step_of(series: list[Moments]) -> Step:
    """The step of sorted series, from all their distances."""
    steps = np.concatenate([np.diff(one) for one in series]) if series else np.empty(0, np.int64)
    steps = steps[steps > 0]
    if len(steps) == 0:
        return Step(kind="rows", size=0)
    months = _monthly(series, steps)
    if months:
        return Step(kind="months", size=months)
    sizes, counts = np.unique(steps, return_counts=True)
    common = int(sizes[counts.argmax()]) if counts.max() > len(steps) / 2 else int(np.median(steps))
    ratio = steps / common
    whole = np.round(ratio)
    fits = (whole >= 1) & (np.abs(ratio - whole) <= NEAR * np.maximum(whole, 1))
    missing = 1 - len(whole) / max(float(np.maximum(whole, 1)[fits].sum()), 1.0)
    typical = np.median(whole[fits] - 1) if fits.any() else 0.0
    if fits.mean() >= 0.95 and typical == 0 and _few_gaps(whole[fits], missing):
        return Step(kind="fixed", size=common)
    return Step(kind="rows", size=int(np.median(steps)))


def _few_gaps(whole: Floats, missing: float) -> bool:
    """Whether gaps are exceptions: a few steps are missing, or a few long stretches."""
    return missing <= LOST or float((whole > 1).mean()) <= 0.02


def _monthly(series: list[Moments], steps: Moments) -> int:
    """Months of a step, where all times are one day of the month, or its last; 0 else."""
    if steps.min() < 28 * DAY:
        return 0
    moments = np.concatenate(series)
    in_month = moments - _first_of(moments)
    last = _first_of(moments, 1) - moments <= DAY
    if len(np.unique(in_month)) > 1 and not last.all():
        return 0
    apart = np.concatenate([np.diff(_months(one)) for one in series])
    apart = apart[apart > 0]
    sizes, counts = np.unique(apart, return_counts=True)
    common = int(sizes[counts.argmax()])
    return common if bool((apart % common == 0).all()) and common <= 12 else 0


def _months(moments: Moments) -> Moments:
    return moments.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)


def _first_of(moments: Moments, later: int = 0) -> Moments:
    months = (_months(moments) + later).astype("datetime64[M]")
    return months.astype("datetime64[us]").astype(np.int64)


def season_of(step: Step, weekdays_only: bool) -> int:
    """Steps after which a series of such a step is expected to be alike; 0 where none is."""
    if step.kind == "months":
        return 12 // step.size if step.size in (1, 2, 3, 4, 6) else 0
    if step.size <= 0:
        return 0
    if step.kind == "rows":
        return 5 if weekdays_only and step.size == DAY else 0
    cycles = (60 * MICRO, 3600 * MICRO, DAY, 7 * DAY, YEAR)
    least = 0 if step.size < 60 * MICRO else 1 if step.size < 15 * 60 * MICRO else 2
    for cycle in cycles[least:]:
        count = cycle / step.size
        if count >= 3.5:
            return round(count) if count <= 400 else 0
    return 0


def season_in(values: Floats) -> int:
    """The season of a series without times: the lag at which its changes are most alike, where they clearly are."""
    values = values[np.isfinite(values)]
    count = len(values)
    if count < 24:
        return 0
    changes = np.diff(values)
    changes = changes - changes.mean()
    size = 1 << (2 * len(changes) - 1).bit_length()
    power = np.abs(np.fft.rfft(changes, size)) ** 2
    own = np.fft.irfft(power, size)[: min(count // 3, 400)]
    if own[0] <= 0:
        return 0
    own = own / own[0]
    peaks = [lag for lag in range(3, len(own) - 1) if own[lag] >= own[lag - 1] and own[lag] >= own[lag + 1]]
    best = max((float(own[lag]) for lag in peaks), default=0.0)
    if best < max(0.3, 3 / np.sqrt(count)):
        return 0
    return next(lag for lag in peaks if own[lag] >= 0.9 * best)  # a season's double is as like


def calendar_of(step: Step, moments: Moments) -> tuple[str, ...]:
    """Which of the calendar tells rows of such a step apart."""
    if step.size == 0 or not len(moments):
        return ()
    size = step.size * 30 * DAY if step.kind == "months" else step.size
    span = int(moments.max()) - int(moments.min())
    of_day = moments % DAY
    found = ["hour"] if size < DAY and len(np.unique(of_day)) > 1 and span >= 2 * DAY else []
    found += ["weekday"] if size < 7 * DAY and span >= 14 * DAY else []
    found += ["yearday"] if size < YEAR * 0.9 and span >= YEAR else []
    return tuple(found)


def calendar(moments: Moments, names: tuple[str, ...]) -> Floats:
    """(..., 2 * names): sine and cosine of each."""
    turns = []
    for name in names:
        if name == "hour":
            turns.append((moments % DAY) / DAY)
        elif name == "weekday":
            turns.append(((moments // DAY + 3) % 7) / 7)  # 1970 began on a Thursday
        else:
            day = moments.astype("datetime64[us]")
            turns.append((day - day.astype("datetime64[Y]")).astype("timedelta64[us]").astype(np.float64) / YEAR)
    waves = [wave(2 * np.pi * turn) for turn in turns for wave in (np.sin, np.cos)]
    return np.stack(waves, axis=-1) if waves else np.empty((*moments.shape, 0))
