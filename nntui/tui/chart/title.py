"""The first line of a chart: what it shows, the last values, or those under the crosshair; and what is unusual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from nntui.tui.chart.curves import Curve, Mark
from nntui.tui.chart.scale import reading
from nntui.tui.chart.view import View, nearest
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, Span, cut, join, plain, spread, width

_CLOSE: Span = (" ", "")
"""Between values, where there is little room."""


def title_line(
    title: str,
    curves: Sequence[Curve],
    marks: Sequence[Mark],
    view: View,
    cells: int,
    charset: Charset,
    *,
    percent: bool = False,
    focused: bool = False,
    hidden: int = 0,
    window: tuple[int, int] | None = None,
    stride: int = 1,
) -> Line:
    """The richest of several titles that fits. `hidden`: points that the log scale left out; `window`: the steps of
    a zoom; `stride`: steps a cell, by which a value counts as being at the crosshair."""
    head: Line = [(plain(title), "strong accent" if focused else "title")] if title else []
    smoothed = view.smoothing if any(curve.kind != "points" for curve in curves) else 0.0  # points stay where they are
    told = view.unit.text
    dash = "–" if charset.unicode else "-"
    zoom = "" if window is None else f"{told(window[0], stride)}{dash}{told(window[1], stride)}"
    flags = _flags(view, smoothed, hidden, zoom)
    best = [plain(m.label) for m in marks if m.kind == "best" and m.label]
    if view.crosshair is not None:
        choices = _readings(curves, view, view.crosshair, charset, percent, stride)
        head = [*head, *([("  ", "")] if head else []), (f"{view.unit.name} {told(view.crosshair, stride)}", "accent")]
    else:
        choices = _legends(curves, charset, percent)
    short = (choices.less or choices.all)[-1]
    brief_flags = _flags(view, smoothed, hidden, zoom, short=True)
    named: list[Line] = [[(label, "best")] for label in best]
    starred: list[Line] = [[(label.replace("best@", charset.best), "best")] for label in best]
    with_best = [join([*named, *flags]), join([*named, *brief_flags]), join([*starred, *brief_flags])]
    without = [join(flags), join(brief_flags)]
    for lefts, rights in ((choices.all, with_best), (choices.all, without), (choices.less, [*with_best, *without])):
        for left in lefts:
            for right in rights:
                shown = join([head, left])
                if width(shown) + (2 + width(right) if right else 0) <= cells:
                    return spread(shown, right, cells) if right else shown
    urgent = join(flags[:1]) if hidden else []
    return spread(join([head, short]), urgent, cells) if urgent else cut(join([head, short]), cells)


def _flags(view: View, smoothing: float, hidden: int, zoom: str, *, short: bool = False) -> list[Line]:
    out: list[Line] = []
    if hidden:
        out.append([(f"{hidden} value{'s' * (hidden != 1)} <= 0 not shown", "warning")])
    if view.log:
        out.append([("log", "muted")])
    if smoothing > 0:
        weight = f"{smoothing:g}".removeprefix("0")
        out.append([(f"~{weight}" if short else f"smooth {weight}", "muted")])
    if zoom:
        out.append([(zoom, "accent")])
    return out


@dataclass(frozen=True)
class _Choices:
    """Lines that tell the values, the richest first: `all` of them, or `less`: without names, or not each curve."""

    all: Sequence[Line]
    less: Sequence[Line] = ()


def _legends(curves: Sequence[Curve], charset: Charset, percent: bool) -> _Choices:
    """Last values."""
    full: list[Line] = []
    bare: list[Line] = []
    for curve in curves:
        mean = curve.series.mean
        value = mean[-1] if len(mean) else None
        full.append(_entry(curve, value, charset, percent))
        bare.append(_entry(curve, value, charset, percent, name=False))
    return _shorter(curves, full, bare)


def _shorter(curves: Sequence[Curve], full: Sequence[Line], bare: Sequence[Line]) -> _Choices:
    """The training curve is known without its name: it is what the chart is first of all."""
    every = [join(full)]
    known = len(full) > 1 and curves[0].style == "train"
    if known:
        every += [join([bare[0], *full[1:]]), join([bare[0], *full[1:]], _CLOSE)]
    some = [join([*full[:keep], [(f"+{len(full) - keep} more", "muted")]]) for keep in range(len(full) - 1, 1, -1)]
    values = join(bare, _CLOSE)
    return _Choices(every, [values, *some, values] if known else [*some, values])


def _entry(curve: Curve, value: float | None, charset: Charset, percent: bool, *, name: bool = True) -> Line:
    out: Line = [(f"{plain(curve.name)} ", "muted")] if name and curve.name else []
    out.append((curve.sign(charset), curve.style))
    if value is not None:
        text = reading(value, percent=percent)
        out.append((f" {text}", "" if isfinite(value) else "bad"))
    return out


def _readings(curves: Sequence[Curve], view: View, step: int, charset: Charset, percent: bool, stride: int) -> _Choices:
    """The nearest values to a step: with envelopes, without, without names. A value that lies further off than a cell
    tells its own step, or is none where there is no room for that."""
    wide: list[Line] = []
    full: list[Line] = []
    near: list[Line] = []
    bare: list[Line] = []
    read: list[Curve] = []
    for curve in curves:
        series = curve.series
        i = nearest(series.step, step)
        if i is None:
            continue
        value = series.mean[i]
        low, high = series.low[i], series.high[i]
        entry = _entry(curve, value, charset, percent)
        off: Line = (
            [(f"@{view.unit.text(series.step[i], stride)}", "muted")] if abs(series.step[i] - step) > stride else []
        )
        dash = "–" if charset.unicode else ".."
        spread_of: Line = (
            [(f" {reading(low, percent=percent)}{dash}{reading(high, percent=percent)}", "muted")]
            if low < value or high > value
            else []
        )
        read.append(curve)
        wide.append([*entry, *spread_of, *off])
        full.append([*entry, *off])
        short = _entry(curve, value, charset, percent, name=False)
        near.append([*short, *off])
        bare.append([(curve.sign(charset), curve.style), (" -", "muted")] if off else short)
    shorter = _shorter(read, full, near)
    return _Choices([join(wide), *shorter.all], [*shorter.less, join(bare, _CLOSE)])
