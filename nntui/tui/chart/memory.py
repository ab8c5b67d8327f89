"""What one frame of a chart leaves to the next: a series grows at its end, so all but its newest columns are known."""

from __future__ import annotations

from collections.abc import Sequence

from nntui.tui.chart.curves import Curve, Series
from nntui.tui.chart.decimate import Bins, column_of, decimate, extremes, window
from nntui.tui.chart.dots import Raster
from nntui.tui.chart.plot import Plot
from nntui.tui.chart.scale import Scales
from nntui.tui.chart.smooth import Smoother
from nntui.tui.chart.trace import Trace

_PROBES = 16
"""Points by which a series is known again."""
_FRESH = 1024
"""The newest points of a series, which are not taken for final: a history thins them out when more come."""


class _Remembered:
    """One curve: everything here was made of points that have not changed since."""

    def __init__(self, series: Series) -> None:
        self._probes: list[tuple[int, int, float, float, float]] = []
        self.settled = 0
        self.smoother: Smoother | None = None
        self.bins: dict[str, tuple[tuple[object, ...], int, Bins]] = {}
        self.traces: dict[str, tuple[tuple[object, ...], int, Trace]] = {}
        self.extremes: tuple[tuple[object, ...], int, float, float] | None = None
        self.settle(series)

    def settle(self, series: Series) -> None:
        """All but the newest points count as final."""
        self.settled = max(len(series.step) - _FRESH, 0)
        stride = max(self.settled // _PROBES, 1)
        places = [*range(0, self.settled, stride), self.settled - 1] if self.settled else []
        self._probes = [(i, *_point(series, i)) for i in places]

    def fits(self, series: Series) -> bool:
        """Whether the series only grew."""
        return len(series.step) >= self.settled and all(_same(_point(series, i), known) for i, *known in self._probes)


def _point(series: Series, i: int) -> tuple[int, float, float, float]:
    return series.step[i], series.mean[i], series.low[i], series.high[i]


def _same(a: Sequence[float], b: Sequence[float]) -> bool:
    return all(x == y or (x != x and y != y) for x, y in zip(a, b, strict=True))


class Memory:
    """Kept from frame to frame of one chart; one of its own gives the same picture, slower. `scales`: the ranges of the
    last frame, which hold while the values do not leave them."""

    def __init__(self) -> None:
        self.scales: Scales | None = None
        self._curves: dict[tuple[int, str], _Remembered] = {}

    def begin(self, curves: Sequence[Curve]) -> None:
        """A frame of these curves: forget what no longer holds."""
        kept: dict[tuple[int, str], _Remembered] = {}
        for key in ((i, curve.name) for i, curve in enumerate(curves)):
            series = curves[key[0]].series
            known = self._curves.get(key)
            if known is not None and known.fits(series):
                kept[key] = known
                known.settle(series)
            else:
                kept[key] = _Remembered(series)
        self._curves = kept

    def extremes(self, i: int, curve: Curve, first: int, last: int, log: bool) -> tuple[float, float]:
        """Least and greatest value from step `first` to `last`."""
        series, known = curve.series, self._curves[i, curve.name]
        a, b = window(series.step, first, last)
        if a == b:  # a zoom between two points: the line between them
            a, b = max(a - 1, 0), min(b + 1, len(series.step))
            return extremes(series.low, series.high, a, b, log=log)
        start, least, greatest = a, float("inf"), float("-inf")
        settled = min(b, known.settled)
        if known.extremes is not None and known.extremes[0] == (a, log) and known.extremes[1] <= settled:
            _, start, least, greatest = known.extremes
        if settled > start:
            low, high = extremes(series.low, series.high, start, settled, log=log)
            least, greatest = min(least, low), max(greatest, high)
            known.extremes = ((a, log), settled, least, greatest)
            start = settled
        low, high = extremes(series.low, series.high, start, b, log=log)
        return min(least, low), max(greatest, high)

    def smoothed(self, i: int, curve: Curve, weight: float, unit: float) -> list[float]:
        known = self._curves[i, curve.name]
        if known.smoother is None or (known.smoother.weight, known.smoother.unit) != (weight, unit):
            known.smoother = Smoother(weight, unit)
            known.bins.pop("smooth", None)
            known.traces.pop("smooth", None)
        return known.smoother.follow(curve.series.step, curve.series.mean, known.settled)

    def bins(self, i: int, curve: Curve, scales: Scales, columns: int, values: Sequence[float] | None = None) -> Bins:
        """A curve's columns; of other `values` (its smoothed ones) at its steps where they are given."""
        series = curve.series
        steps, first, last = series.step, scales.first, scales.last
        mean = series.mean if values is None else values
        low, high = (series.low, series.high) if values is None else (values, values)
        name = "raw" if values is None else "smooth"
        remembered = self._curves[i, curve.name]
        known = remembered.bins
        settings = (first, last, columns, scales.log)
        start, before = 0, Bins([], [], 0)
        if name in known and known[name][0] == settings:
            _, start, before = known[name]
        else:
            remembered.traces.pop(name, None)
        end = _final(steps, remembered.settled, first, last, columns)
        if end > start:
            more = decimate(steps, mean, low, high, first, last, columns, log=scales.log, start=start, stop=end)
            before = before.then(more)
            known[name] = (settings, end, before)
            start = end
        rest = decimate(steps, mean, low, high, first, last, columns, log=scales.log, start=start)
        return before.then(rest)

    def raster(self, i: int, curve: Curve, plot: Plot, bins: Bins, *, smooth: bool = False) -> Raster:
        """The dots of a curve's columns, as `bins` gave them for this plot."""
        remembered = self._curves[i, curve.name]
        name, thin = "smooth" if smooth else "raw", curve.kind == "points"
        settings = (plot.scales, plot.width, plot.height, plot.grain, thin)
        final = len(remembered.bins[name][2].bins) if name in remembered.bins else 0
        known = remembered.traces.get(name)
        if known is not None and known[0] == settings and known[1] <= final:
            _, count, trace = known
        else:
            count, trace = 0, Trace(Raster(plot.width, plot.height, plot.grain), plot.dot_row, thin=thin)
        trace.add(bins.bins[count:final])
        remembered.traces[name] = (settings, final, trace)
        shown = trace.copy()
        shown.add(bins.bins[final:])
        return shown.raster


def _final(steps: Sequence[int], settled: int, first: int, last: int, columns: int) -> int:
    """The index of the first point in the column of the newest final point that is shown: all before is final."""
    a, b = window(steps, first, last)
    b = min(b, settled)
    if a >= b:
        return 0
    column = column_of(steps[b - 1], first, last, columns)
    edge = first - (-column * (last - first) // columns)
    return max(window(steps, edge, last)[0], a)
