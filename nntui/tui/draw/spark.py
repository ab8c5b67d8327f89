"""Sparklines: a series in a line of cells."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite, log10

from nntui.tui.chart.decimate import Bin, decimate
from nntui.tui.chart.dots import Raster, grain
from nntui.tui.chart.trace import Trace
from nntui.tui.draw.charset import Charset


def bars(
    values: Sequence[float | None],
    cells: int,
    charset: Charset,
    *,
    low: float | None = None,
    high: float | None = None,
    log: bool = False,
) -> str:
    """The newest `cells` values as levels, one a cell: "▁▂▃▅▇▆". `low` and `high` fix the range; None and what is not
    finite (or not above zero, where `log`) shows as charset.invalid. Shorter where there are fewer values."""
    if cells < 1:
        return ""
    recent = [_shown(value, log) for value in values[-cells:]]
    finite = [value for value in recent if value is not None]
    if not finite:
        return charset.invalid * len(recent)
    bottom = _bound(low, log, min(finite))
    top = _bound(high, log, max(finite))
    levels = charset.spark
    return "".join(
        charset.invalid if value is None else levels[_level(value, bottom, top, len(levels))] for value in recent
    )


def curve(values: Sequence[float | None], cells: int, charset: Charset, *, log: bool = False) -> str:
    """All values, oldest at the left, as a curve in exactly `cells` cells: "⣀⡠⠤⠒⠉". What is not finite leaves a gap;
    at the end it shows as charset.invalid."""
    if cells < 1:
        return ""
    known = [_shown(value, log) for value in values]
    finite = [value for value in known if value is not None]
    if not finite:
        return (charset.invalid if known else "").ljust(cells)
    bottom, top = min(finite), max(finite)
    raster = Raster(cells, 1, grain(charset))
    drawn = [float("nan") if value is None else value for value in known]
    steps = range(len(drawn))
    bins = decimate(steps, drawn, drawn, drawn, 0, max(len(drawn) - 1, 1), raster.columns).bins
    Trace(raster, lambda v: _row(v, bottom, top, raster.rows)).add(_middled(bin) for bin in bins)
    glyphs = raster.grain.glyphs
    text = "".join(glyphs[mask] for mask in raster.masks[0])
    return text[:-1] + charset.invalid if known[-1] is None else text


def _shown(value: float | None, log: bool) -> float | None:
    if value is None or not isfinite(value):
        return None
    if not log:
        return value
    return log10(value) if value > 0 else None


def _bound(given: float | None, log: bool, found: float) -> float:
    bound = None if given is None else _shown(given, log)
    return found if bound is None else bound


def _share(value: float, bottom: float, top: float) -> float:
    length = top / 2 - bottom / 2
    if not 0 < length < inf:
        return 0.5 if value == bottom else 1.0
    return min(max((value / 2 - bottom / 2) / length, 0.0), 1.0)


def _level(value: float, bottom: float, top: float, levels: int) -> int:
    if not top > bottom:
        return 0 if value <= bottom else levels - 1
    return min(int(_share(value, bottom, top) * levels), levels - 1)


def _row(value: float, bottom: float, top: float, rows: int) -> int:
    return int((1 - _share(value, bottom, top)) * (rows - 1) + 0.5)


def _middled(bin: Bin) -> Bin:
    """The end of a column for all of it: in one row of cells a band would be a block."""
    return bin._replace(first=bin.last, low=bin.last, high=bin.last)
