"""The first line of a chart: what it shows, the last values, or those under the crosshair; and what is unusual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from nntui.tui.chart.curves import Curve, Mark
from nntui.tui.chart.scale import reading, whole
from nntui.tui.chart.view import View, nearest
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, cut, join, plain, spread, width


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
    flags = _flags(view, hidden, window, charset)
    best = [[(plain(m.label), "best")] for m in marks if m.kind == "best" and m.label]
    if view.crosshair is not None:
        choices = _readings(curves, view.crosshair, charset, percent, stride)
        head = [*head, *([("  ", "")] if head else []), (f"step {view.crosshair:,}", "accent")]
    else:
        choices = _legends(curves, charset, percent)
    short = choices[-1] if choices else []
    brief_flags = _flags(view, hidden, window, charset, short=True)
    rights = [join([*best, *flags]), join([*best, *brief_flags]), join(flags), join(brief_flags)]
    for left in choices:
        for right in rights:
            shown = join([head, left])
            if width(shown) + (2 + width(right) if right else 0) <= cells:
                return spread(shown, right, cells) if right else shown
    urgent = join(flags[:1]) if hidden else []
    return spread(join([head, short]), urgent, cells) if urgent else cut(join([head, short]), cells)


def _flags(
    view: View, hidden: int, window: tuple[int, int] | None, charset: Charset, *, short: bool = False
) -> list[Line]:
    out: list[Line] = []
    if hidden:
        out.append([(f"{hidden} value{'s' * (hidden != 1)} <= 0 not shown", "warning")])
    if view.log:
        out.append([("log", "muted")])
    if view.smoothing > 0:
        weight = f"{view.smoothing:g}".removeprefix("0")
        out.append([(f"~{weight}" if short else f"smooth {weight}", "muted")])
    if window is not None:
        dash = "-" if not charset.unicode else "–"
        out.append([(f"{whole(window[0])}{dash}{whole(window[1])}", "accent")])
    return out


def _legends(curves: Sequence[Curve], charset: Charset, percent: bool) -> list[Line]:
    """Last values: with names, without, and of the first curves alone."""
    entries = []
    for curve in curves:
        mean = curve.series.mean
        value = mean[-1] if len(mean) else None
        entries.append((curve, value))
    full = [_entry(curve, value, charset, percent) for curve, value in entries]
    bare = [_entry(curve, value, charset, percent, name=False) for curve, value in entries]
    return list(_shorter(full, bare))


def _shorter(full: Sequence[Line], bare: Sequence[Line]) -> Iterator[Line]:
    yield join(full)
    if len(full) > 2:
        for keep in range(len(full) - 1, 1, -1):
            yield join([*full[:keep], [(f"+{len(full) - keep}", "muted")]])
    yield join(bare, (" ", ""))


def _entry(curve: Curve, value: float | None, charset: Charset, percent: bool, *, name: bool = True) -> Line:
    out: Line = [(f"{plain(curve.name)} ", "muted")] if name and curve.name else []
    out.append((curve.sign(charset), curve.style))
    if value is not None:
        text = reading(value, percent=percent)
        out.append((f" {text}", "" if isfinite(value) else "bad"))
    return out


def _readings(curves: Sequence[Curve], step: int, charset: Charset, percent: bool, stride: int) -> list[Line]:
    """The nearest values to a step: with envelopes, without, without names. A value that lies further off than a cell
    tells its own step."""
    wide: list[Line] = []
    full: list[Line] = []
    bare: list[Line] = []
    for curve in curves:
        series = curve.series
        i = nearest(series.step, step)
        if i is None:
            continue
        value = series.mean[i]
        low, high = series.low[i], series.high[i]
        entry = _entry(curve, value, charset, percent)
        off: Line = [(f"@{series.step[i]}", "muted")] if abs(series.step[i] - step) > stride else []
        dash = "–" if charset.unicode else ".."
        spread_of: Line = (
            [(f" {reading(low, percent=percent)}{dash}{reading(high, percent=percent)}", "muted")]
            if low < value or high > value
            else []
        )
        wide.append([*entry, *spread_of, *off])
        full.append([*entry, *off])
        bare.append(_entry(curve, value, charset, percent, name=False))
    return [join(wide), *_shorter(full, bare)]
