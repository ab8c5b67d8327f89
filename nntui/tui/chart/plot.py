"""The inside of a chart: cells with curves, epochs, points and markers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nntui.tui.chart.curves import Curve, Mark
from nntui.tui.chart.decimate import Bin, Bins, column_of
from nntui.tui.chart.dots import Raster, grain
from nntui.tui.chart.scale import Scales
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line

_SPACED = 12
"""Cells between the marks along a line."""


class Plot:
    """Cells of a character and a style. What is drawn later lies above."""

    def __init__(self, width: int, height: int, scales: Scales, charset: Charset) -> None:
        self.width, self.height, self.scales, self.charset = width, height, scales, charset
        self.grain = grain(charset)
        self.characters = [[" "] * width for _ in range(height)]
        self.styles = [[""] * width for _ in range(height)]
        self._lines = Raster(width, height, self.grain)
        self._raws = Raster(width, height, self.grain)
        self._thins = Raster(width, height, self.grain)
        self._owners: list[str] = [""]
        self.columns = width * self.grain.across
        """Of dots."""
        self.dot_row = scales.rows(max(height, 1) * self.grain.down)
        """The row of dots of a finite value, from the top."""
        self.hidden = 0
        """Points that the log scale cannot show."""

    def cell(self, step: int) -> int:
        """The column of cells of a step; outside 0..width-1 where it is not shown."""
        return column_of(step, self.scales.first, self.scales.last, self.width)

    def row(self, value: float) -> int:
        return self.dot_row(value) // self.grain.down

    def put(self, x: int, y: int, character: str, style: str) -> None:
        if 0 <= x < self.width and 0 <= y < self.height:
            self.characters[y][x] = character
            self.styles[y][x] = style

    def column(self, x: int, character: str, style: str) -> None:
        """A thin vertical line."""
        if 0 <= x < self.width:
            for y in range(self.height):
                self.characters[y][x] = character
                self.styles[y][x] = style

    def line(self, bins: Sequence[Bin], style: str, *, raw: bool = False, thin: bool = False) -> None:
        """A curve of dots. `raw`, and `thin` (each second dot, between points): behind all lines, and nothing of it in
        a cell of one, so that a line keeps its colour and its shape."""
        raster = self._raws if raw else self._thins if thin else self._lines
        if style not in self._owners:
            self._owners.append(style)
        owner = self._owners.index(style)
        trace(raster, bins, self.dot_row, owner, thin=thin)

    def ink(self) -> None:
        """The dots drawn so far become characters; lines cover what is behind them."""
        for raster in (self._raws, self._thins, self._lines):
            glyphs = raster.grain.glyphs
            for y in range(self.height):
                masks, owners = raster.masks[y], raster.owners[y]
                if not any(masks):
                    continue
                characters, styles = self.characters[y], self.styles[y]
                for x, mask in enumerate(masks):
                    if mask:
                        characters[x] = glyphs[mask]
                        styles[x] = self._owners[owners[x]]

    def points(self, bins: Bins, mark: str, style: str) -> None:
        """A mark at each point; of several in a cell's column, the last."""
        across = self.grain.across
        for bin in bins.bins:
            self.put(bin.column // across, self.row(bin.last), mark, style)

    def along(self, bins: Bins, mark: str, style: str, offset: int) -> None:
        """A mark at fixed columns along a line, and at its end."""
        across, last = self.grain.across, None
        for bin in bins.bins:
            if 0 <= bin.column < self.width * across:
                x, side = divmod(bin.column, across)
                if side == 0 and x % _SPACED == offset % _SPACED:
                    self.put(x, self.row(bin.first), mark, style)
                last = bin
        if last is not None:
            self.put(last.column // across, self.row(last.last), mark, style)

    def invalid(self, columns: Sequence[int]) -> None:
        """What is not finite, at the top edge of its step."""
        for column in columns:
            self.put(column // self.grain.across, 0, self.charset.invalid, "bad")

    def lines(self) -> list[Line]:
        """The cells as spans."""
        return [spans(characters, styles) for characters, styles in zip(self.characters, self.styles, strict=True)]


def spans(characters: Sequence[str], styles: Sequence[str]) -> Line:
    """Neighbours of one style together."""
    out: Line = []
    start = 0
    before = styles[0] if styles else ""
    for x, style in enumerate(styles):
        if style is not before and style != before:
            out.append(("".join(characters[start:x]), before))
            start, before = x, style
    if styles:
        out.append(("".join(characters[start:]), before))
    return out


def trace(
    raster: Raster, bins: Sequence[Bin], dot_row: Callable[[float], int], owner: int, *, thin: bool = False
) -> None:
    """A curve's columns and the joins between them as dots."""
    before: tuple[Bin, int, int, int] | None = None
    for bin in bins:
        top = dot_row(bin.high)
        if bin.low == bin.high:
            bottom = start = end = top
        else:
            bottom, start, end = dot_row(bin.low), dot_row(bin.first), dot_row(bin.last)
        if before is not None and bin.joined:
            _join(raster, before, (bin, top, bottom, start), owner, 2 if thin else 1)
        if not thin:
            raster.run(bin.column, top, bottom, owner)
        before = (bin, top, bottom, end)


def _join(raster: Raster, a: tuple[Bin, int, int, int], b: tuple[Bin, int, int, int], owner: int, every: int) -> None:
    """Dots from the last value of one column to the first of the next."""
    (left, a_top, a_bottom, a_end), (right, b_top, b_bottom, b_start) = a, b
    gap = right.column - left.column
    if gap <= 1 and every == 1:
        # Neighbours: the later one reaches to the edge of the earlier one, so that nothing before it changes.
        if b_top > a_bottom + 1:
            raster.run(right.column, a_bottom + 1, b_top, owner)
        elif b_bottom < a_top - 1:
            raster.run(right.column, b_bottom, a_top - 1, owner)
        return
    slope = (b_start - a_end) / gap
    half = slope / 2
    for column in range(max(left.column, -1) + 1, min(right.column, raster.columns)):
        if column % every:
            continue
        middle = a_end + slope * (column - left.column)
        if every > 1:
            raster.dot(column, int(middle + 0.5), owner)
            continue
        ends = (int(middle - half + 0.5), int(middle + half + 0.5))
        raster.run(column, min(ends), max(ends), owner)


def best_value(mark: Mark, curves: Sequence[Curve]) -> float | None:
    """Where the best mark stands: its value, or that of the last curve of points at its step."""
    if mark.value is not None:
        return mark.value
    for curve in reversed(curves):
        if curve.kind == "points":
            for step, value in zip(reversed(curve.series.step), reversed(curve.series.mean), strict=False):
                if step == mark.step:
                    return value
                if step < mark.step:
                    break
    return None
