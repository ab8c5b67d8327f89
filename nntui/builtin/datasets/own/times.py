"""Columns of times: how they are written, and how far apart they are.

A moment is a number of microseconds, of the clock that the rows themselves use. Where several zones are mixed it is
UTC; otherwise local time stays local, for the hour of the day is what a series follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from nntui.hooks.data import Finding

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    Moments = npt.NDArray[np.int64]

DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y.%m.%d", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d", "%Y-%m", "%d %b %Y", "%b %d, %Y",
    "%b %d %Y", "%d-%b-%Y", "%d %B %Y", "%B %d, %Y", "%b-%Y", "%b %Y", "%Y %b",
)  # fmt: skip
SLASHED = ("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y")
CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p", "%H")
PAIRS = {"%d/%m/%Y": "%m/%d/%Y", "%d/%m/%y": "%m/%d/%y", "%d-%m-%Y": "%m-%d-%Y"}
"""Day first and month first, written alike."""
ENOUGH = 0.95
"""Share of cells that must be times for a column to be one."""
NAMES = frozenset((
    "date", "time", "datetime", "timestamp", "ds", "day", "month", "year", "week", "quarter", "period", "moment", "utc",
    "when", "t", "step", "index",
))  # fmt: skip
MICRO = 1_000_000
DAY = 86_400 * MICRO

_ZONE = r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True, kw_only=True)
class Times:
    """A column of times as it was read."""

    moments: Moments
    """(R,) microseconds, or the numbers themselves; 0 where `known` is False."""
    known: npt.NDArray[np.bool_]
    kind: Literal["moments", "numbers"]
    form: str
    """How it is written: "%d/%m/%Y", "datetime", "seconds", "number"."""
    findings: tuple[Finding, ...] = ()


def read_times(column: pl.Series, *, form: str = "", named: bool = False) -> Times | None:
    """The times of a column; None where it is none. `form` is how they were written before, where that is known;
    `named`: a person says that it is a time, so that plain rising numbers are taken too.

    Raises ValueError where some have a time zone and some have none.
    """
    import polars as pl

    if column.len() == column.null_count():
        return None
    if column.dtype == pl.Date or column.dtype.base_type() == pl.Datetime:
        return _typed(column)
    if column.dtype.is_numeric():
        return _numbers(column.cast(pl.Float64, strict=False), named=named, name=column.name)
    if column.dtype != pl.String:
        return None
    return _text(column.str.strip_chars(), form=form, named=named)


def _typed(column: pl.Series) -> Times:
    import polars as pl

    zone = getattr(column.dtype, "time_zone", None)
    if zone is not None:
        column = column.dt.replace_time_zone(None)  # the clock of that place
    moments = column.cast(pl.Datetime("us")).to_physical()
    return Times(moments=_filled(moments), known=_there(moments), kind="moments", form="datetime")


def _numbers(column: pl.Series, *, named: bool, name: str) -> Times | None:
    """Years, seconds or milliseconds since 1970; any rising numbers under the name of a time."""
    import polars as pl

    known = _there(column) & np.isfinite(column.fill_null(0.0).to_numpy())
    values = column.fill_null(0.0).to_numpy()
    seen = values[known]
    if not len(seen) or not (named or name.strip().lower() in NAMES):
        return None
    whole = bool((seen == np.floor(seen)).all())
    low, high = float(seen.min()), float(seen.max())
    for unit, scale, first in (("seconds", 1.0, 1e8), ("milliseconds", 1e3, 1e11), ("microseconds", 1e6, 1e14)):
        if first < low and high < first * 50:
            moments = np.where(known, np.round(values * (MICRO / scale)), 0).astype(np.int64)
            return Times(moments=moments, known=known, kind="moments", form=unit)
    if whole and low >= 19000101 and high <= 21001231:
        text = pl.Series(column.name, [f"{int(v)}" if k else None for v, k in zip(values, known, strict=True)])
        return _text(text, form="%Y%m%d", named=named)
    if whole and low >= 1000 and high < 3000 and name.strip().lower() in ("year", "date", "time", "ds", "yr"):
        years = np.where(known, values - 1970, 0).astype("datetime64[Y]")
        return Times(moments=years.astype("datetime64[us]").astype(np.int64), known=known, kind="moments", form="year")
    if abs(low) > 1e12 or abs(high) > 1e12:
        return None
    scale = 1 if whole else MICRO
    numbers = np.where(known, np.round(values * scale), 0).astype(np.int64)
    return Times(moments=numbers, known=known, kind="numbers", form="number")


def _text(column: pl.Series, *, form: str, named: bool) -> Times | None:
    import polars as pl

    zone = column.str.extract(_ZONE)
    zoned = zone.is_not_null() & column.str.contains(r"\d:\d")
    plain = pl.select(pl.when(zoned).then(column.str.replace(_ZONE, "")).otherwise(column)).to_series()
    plain = plain.str.replace(r"^(\d{4}-\d{2}-\d{2})T", "$1 ").str.replace(r",(\d+)$", ".$1")
    told = int(plain.len() - plain.null_count())
    forms = [form] if form in _forms() else _likely(plain)
    read = [(found, f) for f in forms if (found := _parsed(plain, f)) is not None]
    read = [(found, f) for found, f in read if found.len() - found.null_count() >= ENOUGH * told]
    if not read:
        numbers = column.cast(pl.Float64, strict=False)
        return _numbers(numbers, named=named, name=column.name) if numbers.null_count() == column.null_count() else None
    moments, chosen, findings = _unambiguous(read)
    known = _there(moments)
    values = _filled(moments)
    zones = zone.filter(zoned).drop_nulls().unique().sort().to_list()
    if zones:
        if int(zoned.sum()) < told:
            raise ValueError(
                f"{column.name}: {int(zoned.sum()):,} of {told:,} times have a time zone and the others none: "
                "give all of them one, or none"
            )
        if len(zones) > 1:
            values = values - np.array([_offset(z) for z in zone.fill_null("Z").to_list()], dtype=np.int64)
            note = f"{column.name}: times of {len(zones)} zones ({', '.join(zones[:3])}) are taken to UTC"
            findings = (*findings, Finding(kind="note", message=note))
    return Times(moments=np.where(known, values, 0), known=known, kind="moments", form=chosen, findings=findings)


def _forms() -> list[str]:
    dates = [*DATES, *SLASHED]
    return [*dates, *(f"{date} {clock}" for date in dates for clock in CLOCKS)]


def _likely(column: pl.Series) -> list[str]:
    """Forms that a few cells are written in: most columns are no times, and are told by their first cells."""
    sample = column.drop_nulls().unique(maintain_order=True).head(200)
    first = sample.head(3)
    found = []
    for form in _forms():
        few = _parsed(first, form)
        if few is None or few.null_count() == few.len():
            continue
        more = _parsed(sample, form)
        if more is not None and more.null_count() <= (1 - ENOUGH) * more.len() + 1:
            found.append(form)
    return found


def _parsed(column: pl.Series, form: str) -> pl.Series | None:
    import polars as pl

    if form == "%Y-%m":
        column, form = column + "-01", "%Y-%m-%d"
    elif form in ("%b-%Y", "%b %Y"):
        column, form = "01 " + column.str.replace("-", " "), "%d %b %Y"
    elif form == "%Y %b":
        column, form = column + " 01", "%Y %b %d"
    elif form.endswith(" %H"):  # chrono reads no hour without minutes
        column, form = column + ":00", form + ":%M"
    try:
        return column.str.to_datetime(form, time_unit="us", strict=False, exact=True).to_physical()
    except pl.exceptions.PolarsError:
        return None


def _unambiguous(read: list[tuple[pl.Series, str]]) -> tuple[pl.Series, str, tuple[Finding, ...]]:
    """The reading with most times; of day first and month first, the one with steps that are more alike."""
    read = sorted(read, key=lambda pair: pair[0].null_count())
    best, form = read[0]
    other = next((pair for pair in read[1:] if _paired(form, pair[1])), None)
    if other is None or other[0].null_count() > best.null_count():
        return best, form, ()
    ways = sorted((-_evenness(_filled(s)[_there(s)]), f[:2] == "%m", at) for at, (s, f) in enumerate([read[0], other]))
    best, form = [read[0], other][ways[0][2]]
    alike = ways[0][0] == ways[1][0]
    first = "month" if form.startswith("%m") else "day"
    why = "both would fit, which is a guess" if alike else "the steps are even that way"
    note = f"dates such as {form} may have the day or the month first: the {first} was taken, since {why}"
    if alike:
        note += "; write them as 2015-12-31 to be sure"
    return best, form, (Finding(kind="warning" if alike else "note", message=note),)


def _paired(one: str, other: str) -> bool:
    return any(one.replace(day, month) == other or other.replace(day, month) == one for day, month in PAIRS.items())


def _evenness(moments: Moments) -> float:
    """Share of steps that are the commonest, in the order of the file or sorted."""
    if len(moments) < 3:
        return 0.0
    steps = np.diff(moments)
    rising = float((steps >= 0).mean())
    _, counts = np.unique(steps, return_counts=True)
    return round(float(counts.max() / len(steps)) + max(rising, 1 - rising), 6)


def _offset(zone: str) -> int:
    """Microseconds east of UTC."""
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (-1 if zone[0] == "-" else 1) * minutes * 60 * MICRO


def _there(column: pl.Series) -> npt.NDArray[np.bool_]:
    known: npt.NDArray[np.bool_] = column.is_not_null().to_numpy()
    return known


def _filled(column: pl.Series) -> Moments:
    return column.fill_null(0).to_numpy().astype(np.int64)
