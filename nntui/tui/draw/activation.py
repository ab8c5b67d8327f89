"""An activation's curve and its derivative."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nntui.tui.chart.dots import Raster, grain
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, cut, fit, plain, wrap

if TYPE_CHECKING:
    from nntui.runs.jobs import ActivationCurve

Values = Sequence[float | None]

_FLOOR, _CEILING = -4.0, 6.0
"""Values beyond are cut off: a square or an exponential would press all else flat."""
_GUTTER = 6
"""Cells of the labels at the left."""
_STYLES = ("axis", "c3", "c1")
"""Of the axes, the derivative, the curve: drawn in this order."""


def activation_lines(curve: ActivationCurve, cells: int, height: int, charset: Charset) -> list[Line]:
    """Name and formula, the plot with its legend."""
    formula = wrap(plain(curve.formula), cells)
    if len(formula) > 2:
        formula = [formula[0], fit(" ".join(formula[1:]), cells, ellipsis=charset.ellipsis)]
    head: list[Line] = [[(text, "accent")] for text in formula]
    room = height - len(head) - 2
    if room < 3 or cells < _GUTTER + 8:
        return head
    lines = [*head, *plot_lines(curve, cells, room, charset), _axis(curve, cells), _legend(cells, charset)]
    return [cut(line, cells) for line in lines]


def _legend(cells: int, charset: Charset) -> Line:
    sign = {"braille": "⣀⣀", "blocks": "▄▄", "ascii": "--"}[charset.name]
    dots = {"braille": "⢀⢀", "blocks": "▖▖", "ascii": "- "}[charset.name]
    first, second = ("f(x)", "f'(x) its derivative") if cells >= 38 else ("f(x)", "f'(x)")
    gutter = " " * min(_GUTTER, max(cells - 17, 0))
    return [(gutter, ""), (f"{sign} {first}", _STYLES[2]), ("  ", ""), (f"{dots} {second}", _STYLES[1])]


def _axis(curve: ActivationCurve, cells: int) -> Line:
    """The numbers below: least, zero and greatest x, each below its place."""
    wide = cells - _GUTTER
    low, high = curve.x[0], curve.x[-1]
    text = [" "] * wide
    for value in (low, 0.0, high):
        if low <= value <= high:
            label = f"{value:g}"
            at = round((value - low) / (high - low) * (wide - 1))
            at = max(0, min(at - (len(label) - 1) // 2, wide - len(label)))
            text[at : at + len(label)] = label
    return [(" " * _GUTTER, ""), ("".join(text), "muted")]


def _range(curve: ActivationCurve) -> tuple[float, float]:
    """Least and greatest value shown; zero is always among them."""
    found = [value for value in (*curve.y, *curve.dy) if value is not None and math.isfinite(value)]
    low, high = min((0.0, *found)), max((0.0, *found))
    low, high = max(low, _FLOOR), min(high, _CEILING)
    if high - low < 0.5:
        low, high = low - 0.25, high + 0.25
    margin = (high - low) * 0.04
    return low - margin, high + margin


def plot_lines(curve: ActivationCurve, cells: int, height: int, charset: Charset) -> list[Line]:
    """The plot, with zero axes and the least and greatest value at its left."""
    wide = cells - _GUTTER
    low, high = _range(curve)
    fine = grain(charset)
    slope, value = Raster(wide, height, fine), Raster(wide, height, fine)
    _draw(slope, curve.x, curve.dy, (low, high), dotted=True)
    _draw(value, curve.x, curve.y, (low, high), dotted=False)
    zero_row = min(height - 1, int((high - 0.0) / (high - low) * height))
    zero_column = round((0.0 - curve.x[0]) / (curve.x[-1] - curve.x[0]) * (wide - 1))
    labels = {0: f"{high:.2g}", height - 1: f"{low:.2g}"} | {zero_row: "0"}
    lines: list[Line] = []
    for y in range(height):
        line: Line = [(fit(labels.get(y, ""), _GUTTER - 1, align="right") + " ", "muted")]
        for x in range(wide):
            if value.masks[y][x] or slope.masks[y][x]:
                style = _STYLES[2] if value.masks[y][x] else _STYLES[1]
                _add(line, fine.glyphs[value.masks[y][x] | slope.masks[y][x]], style)
            elif y == zero_row:
                _add(line, charset.horizontal, "axis")
            elif x == zero_column:
                _add(line, charset.vertical, "axis")
            else:
                _add(line, " ", "")
        lines.append(line)
    return lines


def _add(line: Line, character: str, style: str) -> None:
    text, last = line[-1]
    if last == style and len(line) > 1:
        line[-1] = (text + character, style)
    else:
        line.append((character, style))


def _draw(raster: Raster, xs: Sequence[float], ys: Values, shown: tuple[float, float], *, dotted: bool) -> None:
    low, high = shown
    before: int | None = None
    for column in range(raster.columns):
        value = _at(xs, ys, xs[0] + (xs[-1] - xs[0]) * column / (raster.columns - 1))
        if value is None or not low <= value <= high:
            before = None
            continue
        row = round((high - value) / (high - low) * (raster.rows - 1))
        # A dotted curve is told from the other one without colours too.
        if not dotted or column % 4 < 2 or raster.grain.across == 1:
            top, bottom = (row, row) if before is None else _joined(before, row)
            raster.run(column, top, bottom)
        before = row


def _joined(before: int, row: int) -> tuple[int, int]:
    """From next to the dot before to this one, so that a steep curve has no holes."""
    if row > before:
        return before + 1, row
    return (row, before - 1) if row < before else (row, row)


def _at(xs: Sequence[float], ys: Values, x: float) -> float | None:
    """The value at `x`, between its two neighbours among evenly spaced `xs`."""
    place = (x - xs[0]) / (xs[-1] - xs[0]) * (len(xs) - 1)
    left = min(int(place), len(xs) - 2)
    a, b = ys[left], ys[left + 1]
    if a is None or b is None:
        return a if place - left < 0.5 else b
    return a + (b - a) * (place - left)
