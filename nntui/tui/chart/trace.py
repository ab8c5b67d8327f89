"""A curve's columns as dots, joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nntui.tui.chart.decimate import Bin
from nntui.tui.chart.dots import Raster


class Trace:
    """A raster, and where its curve is. `thin`: no columns, and each second dot of the joins between them."""

    def __init__(self, raster: Raster, dot_row: Callable[[float], int], *, thin: bool = False) -> None:
        self.raster, self.dot_row, self.thin = raster, dot_row, thin
        self._before: tuple[int, int, int, int] | None = None
        """Column, top, bottom and last row of the bin before."""

    def copy(self) -> Trace:
        """To go on from here, more than once."""
        other = Trace(self.raster.copy(), self.dot_row, thin=self.thin)
        other._before = self._before
        return other

    def add(self, bins: Iterable[Bin]) -> None:
        """Draw later columns."""
        dot_row, run, thin = self.dot_row, self.raster.run, self.thin
        before = self._before
        for column, first, low, high, last, joined in bins:
            top = dot_row(high)
            if low == high:
                bottom = start = end = top
            else:
                bottom, start, end = dot_row(low), dot_row(first), dot_row(last)
            if thin:
                if before is not None and joined:
                    self._dotted(before, column, start)
            else:
                if before is not None and joined:
                    if column - before[0] > 1:
                        self._joined(before, column, start)
                    # Neighbours: the later one reaches to the edge of the earlier, so that nothing before it changes.
                    elif top > before[2] + 1:
                        run(column, before[2] + 1, top)
                    elif bottom < before[1] - 1:
                        run(column, bottom, before[1] - 1)
                run(column, top, bottom)
            before = (column, top, bottom, end)
        self._before = before

    def _joined(self, before: tuple[int, int, int, int], column: int, row: int) -> None:
        """A line over the columns between."""
        left, end = before[0], before[3]
        slope = (row - end) / (column - left)
        half = slope / 2
        for x in range(max(left, -1) + 1, min(column, self.raster.columns)):
            middle = end + slope * (x - left)
            edges = (int(middle - half + 0.5), int(middle + half + 0.5))
            self.raster.run(x, min(edges), max(edges))

    def _dotted(self, before: tuple[int, int, int, int], column: int, row: int) -> None:
        left, end = before[0], before[3]
        slope = (row - end) / max(column - left, 1)
        for x in range(max(left, -1) + 1, min(column, self.raster.columns)):
            if x % 2 == 0:
                y = int(end + slope * (x - left) + 0.5)
                self.raster.run(x, y, y)
