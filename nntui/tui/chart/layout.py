"""A chart as lines of text: title, plot, axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

from nntui.tui.chart.axis import below, gutter, ticks
from nntui.tui.chart.curves import Curve, Mark
from nntui.tui.chart.decimate import Bins, window
from nntui.tui.chart.memory import Memory
from nntui.tui.chart.plot import Plot, best_value
from nntui.tui.chart.scale import Scales, labels, log_labels, value_range
from nntui.tui.chart.title import title_line
from nntui.tui.chart.view import View, extent, nearest, shown
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, cut, fit, plain

NARROW = 14
"""Cells below which a chart has no labels of values."""


@dataclass(frozen=True)
class Frame:
    """A chart drawn. `left` and `width` are the columns of its plot, `top` and `height` its rows."""

    lines: list[Line]
    scales: Scales | None
    left: int = 0
    width: int = 0
    top: int = 0
    height: int = 0
    edge: int = 0
    """Cells that the labels of values take; `left` where no chart beside it takes more."""

    def step_at(self, x: int) -> int | None:
        """The step in the middle of a column of the chart; None beside the plot."""
        if self.scales is None or self.width < 1 or not self.left <= x < self.left + self.width:
            return None
        first, last = self.scales.first, self.scales.last
        return min(first + int((x - self.left + 0.5) * (last - first) / self.width), last)


def layout(
    curves: Sequence[Curve],
    marks: Sequence[Mark],
    view: View,
    width: int,
    height: int,
    charset: Charset,
    *,
    title: str = "",
    percent: bool = False,
) -> list[Line]:
    """The lines of a chart of `width` by `height` cells."""
    return draw(curves, marks, view, width, height, charset, title=title, percent=percent).lines


def draw(
    curves: Sequence[Curve],
    marks: Sequence[Mark],
    view: View,
    width: int,
    height: int,
    charset: Charset,
    *,
    title: str = "",
    percent: bool = False,
    focused: bool = False,
    memory: Memory | None = None,
    whole: tuple[int, int] | None = None,
    edge: int = 0,
) -> Frame:
    """A frame. `percent`: values are shares, shown times 100; `memory`: what the frame before left, by which ranges
    hold still and only the newest columns are made; `whole`: the steps of the whole chart, where the curves hold those
    of a zoomed window alone; `edge`: cells for the labels of values at least, so that plots beside each other are
    alike."""
    if width < 1 or height < 1:
        return Frame([], None)
    if not any(len(curve.series.step) for curve in curves):
        return Frame(_empty(title, curves, width, height, charset, focused, f"no {plain(title) or 'values'} yet"), None)
    memory = memory or Memory()
    memory.begin(curves)
    whole = whole or extent(curves, view.total, view.first)
    first, last = shown(view, whole)
    rows = max(height - 2, 0) if height > 2 else height - 1
    axis = height > 2
    scales = _scales(curves, memory, view, (first, last), max(rows, 1), percent)
    texts = _tick_labels(scales, percent) if scales.ticks else []
    labelled = max((len(text) for text in texts), default=0) + 1
    left = max(labelled, edge) if width >= NARROW and rows else 0
    plot = Plot(width - left, rows, scales, charset)
    steps = ticks(marks, view.epoch, (first, last), plot.cell, plot.width, view.unit)
    at = plot.cell(view.crosshair) if view.crosshair is not None else None
    _fill(plot, curves, marks, view, memory, (whole[1] - whole[0]) / 1000, steps.lines, at)
    memory.scales = scales
    stride = max((last - first) // max(plot.width, 1), 1)
    head = title_line(
        title, curves, marks, view, width, charset, percent=percent, focused=focused, hidden=plot.hidden,
        window=(first, last) if view.window is not None else None, stride=stride,
    )  # fmt: skip
    body = plot.lines()
    if axis:
        body.append(below(marks, steps, plot.cell, plot.width, charset, at))
    if left:
        labels_of = gutter(_tick_rows(plot, texts, axis), rows, left, charset, axis=axis)
        body = [[*a, *b] for a, b in zip(labels_of, body, strict=True)]
    return Frame([head, *body], scales, left, plot.width, 1, rows, labelled)


def _scales(
    curves: Sequence[Curve], memory: Memory, view: View, steps: tuple[int, int], rows: int, percent: bool
) -> Scales:
    """The range of what is shown; without ticks where nothing of it is finite."""
    low, high = inf, -inf
    for i, curve in enumerate(curves):
        least, greatest = memory.extremes(i, curve, *steps, view.log)
        low, high = min(low, least), max(high, greatest)
    if low > high:
        return Scales(*steps, 1.0, 10.0, view.log)
    before = memory.scales if memory.scales is not None and memory.scales.ticks else None
    bottom, top, ticks = value_range(low, high, rows, log=view.log, before=before, cap=1.0 if percent else None)
    return Scales(*steps, bottom, top, view.log, ticks)


def _tick_labels(scales: Scales, percent: bool) -> list[str]:
    if scales.log:
        return log_labels([value * 100 if percent else value for value in scales.ticks])
    return labels(scales.ticks, percent=percent)


def _tick_rows(plot: Plot, texts: Sequence[str], axis: bool) -> list[tuple[int, str]]:
    """(row, label), lowest first: the bottom of the range stands on the axis."""
    out: list[tuple[int, str]] = []
    for value, text in zip(plot.scales.ticks, texts, strict=True):
        share = plot.scales.share(value)
        y = plot.height if axis and share < 1e-6 else plot.row(value)
        if not out or y < out[-1][0]:
            out.append((y, text))
    return out


def _fill(
    plot: Plot,
    curves: Sequence[Curve],
    marks: Sequence[Mark],
    view: View,
    memory: Memory,
    unit: float,
    epochs: Sequence[int],
    at: int | None,
) -> None:
    """Everything inside, from the back to the front."""
    if plot.height < 1:
        return
    for x in epochs:
        plot.column(x, plot.charset.epoch, "axis")
    if at is not None:
        plot.column(at, plot.charset.vertical, "accent")
    drawn = [_trace(plot, i, curve, memory, view.smoothing, unit) for i, curve in enumerate(curves)]
    plot.ink()
    for i, (curve, bins) in enumerate(zip(curves, drawn, strict=True)):
        if curve.kind == "points":
            plot.points(bins, curve.sign(plot.charset), curve.style)
        elif curve.marked:
            plot.along(bins, curve.sign(plot.charset), f"strong {curve.style}", 3 * i)
    for mark in marks:
        value = best_value(mark, curves) if mark.kind == "best" else None
        if value is not None and isfinite(value):
            plot.put(plot.cell(mark.step), plot.row(value), plot.charset.best, "best")
    for curve, bins in zip(curves, drawn, strict=True):
        plot.invalid(bins.invalid)
        _mark_invalid(plot, curve)
    if view.crosshair is not None:
        _read(plot, curves, view.crosshair)


def _trace(plot: Plot, i: int, curve: Curve, memory: Memory, smoothing: float, unit: float) -> Bins:
    """A curve's dots; smoothed, with the raw ones behind. Its columns as drawn in front."""
    bins = memory.bins(i, curve, plot.scales, plot.columns)
    plot.hidden += bins.hidden
    raster = memory.raster(i, curve, plot, bins)
    if curve.kind == "points" or smoothing <= 0:
        plot.line(raster, curve.style, thin=curve.kind == "points")
        return bins
    plot.line(raster, "raw", raw=True)
    smoothed = memory.bins(i, curve, plot.scales, plot.columns, memory.smoothed(i, curve, smoothing, unit))
    plot.line(memory.raster(i, curve, plot, smoothed, smooth=True), curve.style)
    return smoothed._replace(invalid=bins.invalid)


def _mark_invalid(plot: Plot, curve: Curve) -> None:
    """Values that were not finite inside points whose mean is."""
    counts = curve.series.invalid
    if not len(counts) or not any(counts):
        return
    a, b = window(curve.series.step, plot.scales.first, plot.scales.last)
    for i in range(a, min(b, len(counts))):
        if counts[i]:
            plot.put(plot.cell(curve.series.step[i]), 0, plot.charset.invalid, "bad")


def _read(plot: Plot, curves: Sequence[Curve], step: int) -> None:
    """Where the crosshair meets the curves."""
    for curve in curves:
        i = nearest(curve.series.step, step)
        if i is None or curve.kind == "points":
            continue
        value, x = curve.series.mean[i], plot.cell(curve.series.step[i])
        if x == plot.cell(step) and isfinite(value):
            plot.put(x, plot.row(value), plot.charset.live, f"strong {curve.style}")


def _empty(
    title: str, curves: Sequence[Curve], width: int, height: int, charset: Charset, focused: bool, message: str
) -> list[Line]:
    head = title_line(title, curves, (), View(), width, charset, focused=focused)
    if height == 1:
        return [head]
    lines: list[Line] = [[] for _ in range(height)]
    lines[0] = head
    text = fit(message, min(len(message), width), ellipsis=charset.ellipsis)
    lines[max(height // 2, 1)] = cut([(" " * ((width - len(text)) // 2), ""), (text, "muted")], width)
    return lines
