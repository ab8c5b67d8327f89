"""The inside of a chart: cells with curves, epochs, points and markers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

from nntui.tui.chart.curves import Curve, Mark
from nntui.tui.chart.decimate import Bins, column_of
from nntui.tui.chart.dots import Raster, grain
from nntui.tui.chart.scale import Scales
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line

_THICK, _THIN = 3, 8
"""Points more than one in three cells stand thick; then a mark stands in each eighth."""
_SPACED = 12
"""Cells between the marks along a line."""


class Plot:
    """Cells of a character and a style. What is drawn later lies above."""

    def __init__(self, width: int, height: int, scales: Scales, charset: Charset) -> None:
        self.width, self.height, self.scales, self.charset = width, height, scales, charset
        self.grain = grain(charset)
        self.characters = [[" "] * width for _ in range(height)]
        self.styles = [[""] * width for _ in range(height)]
        self._layers: list[list[tuple[Raster, str]]] = [[], [], []]
        """Rasters and their styles: raw curves, joins of points, lines."""
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

    def line(self, raster: Raster, style: str, *, raw: bool = False, thin: bool = False) -> None:
        """A curve of dots. `raw` and `thin` (the joins of points) lie behind all lines, with nothing in a cell of one:
        a line keeps its colour and its shape. Where lines meet, dots are merged; the later gives the style."""
        self._layers[0 if raw else 1 if thin else 2].append((raster, style))

    def ink(self) -> None:
        """The dots drawn so far become characters; lines cover what is behind them."""
        glyphs = self.grain.glyphs
        cells = range(self.width)
        for layer in self._layers:
            merged = [bytearray(self.width) for _ in range(self.height if len(layer) > 1 else 0)]
            for raster, style in layer:
                for y, masks in enumerate(raster.masks):
                    characters, styles = self.characters[y], self.styles[y]
                    if merged:
                        together = merged[y]
                        for x in compress(cells, masks):
                            together[x] |= masks[x]
                            characters[x] = glyphs[together[x]]
                            styles[x] = style
                    else:
                        for x in compress(cells, masks):
                            characters[x] = glyphs[masks[x]]
                            styles[x] = style

    def points(self, bins: Bins, mark: str, style: str) -> None:
        """A mark at each point; of several in a cell's column, the last. Where they stand thick, few have one, the
        newest among them: the line tells the rest, and hides nothing."""
        across = self.grain.across
        apart = _THIN if len(bins.bins) * _THICK > self.width else 1
        newest, before = len(bins.bins) - 1, -apart
        for i, bin in enumerate(bins.bins):
            x = bin.column // across
            if x - before >= apart or i == newest:
                self.put(x, self.row(bin.last), mark, style)
                before = x

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
