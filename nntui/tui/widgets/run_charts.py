"""The two charts of a run's screen, which look at the same steps."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Horizontal

from nntui.runs.window import seen_in_buckets
from nntui.tui.draw.run_charts import Charted, Evaluations, loss_chart, metric_chart, total_steps
from nntui.tui.widgets.chart import Chart
from nntui.tui.widgets.divider import Divider

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from nntui.runs.history import History
    from nntui.tui.following import Following
    from nntui.tui.watched import Watched


BUCKETS_A_CELL = 2
"""As many as a cell has columns of dots: with so many of them a curve is drawn as from its points."""
STILL_SECONDS = 0.15
"""While somebody moves on nothing is read."""


class RunCharts(Horizontal):
    """Loss and metric side by side. A zoom, a crosshair and a smoothing of one are those of the other too."""

    def __init__(
        self, watched: Watched, following: Following, *, smoothing: float = 0.0, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._watched, self._following = watched, following
        self.loss = Chart("loss", id="loss")
        self.metric = Chart("metric", id="metric")
        self.both = self.loss, self.metric
        for chart in self.both:
            chart.view = replace(chart.view, smoothing=smoothing)
        self._evaluations = Evaluations()
        self._window: History | None = None
        """The exact points of the steps that are zoomed at, where the history has them in buckets."""

    def compose(self) -> ComposeResult:
        yield self.loss
        yield Divider()
        yield self.metric

    def redraw(self) -> None:
        """Draw what the run's state says now."""
        state = self._watched.state
        self.query_one(Divider).redraw()
        total = total_steps(state)
        steps = state.history.series("loss").step
        first = steps[0] if len(steps) else None  # both charts span the same steps
        newest = max(state.vitals.step, first) if first is not None else None
        for chart in self.both:
            read = chart.view.crosshair
            if read is not None and newest is not None:  # a resume takes steps back
                read = min(read, newest)
            size = state.vitals.steps_per_epoch
            chart.view = replace(chart.view, first=first, total=total, newest=newest, epoch=size, crosshair=read)
        self._give(self.loss, loss_chart(state, self._evaluations, self._window))
        self._give(self.metric, metric_chart(state, self._evaluations))
        self._align()

    def _align(self) -> None:
        """The same step stands at the same place in both."""
        edge = max(self.loss.labelled, self.metric.labelled)
        for chart in self.both:
            if chart.edge != edge:
                chart.edge = edge
                chart.redraw()

    def _give(self, chart: Chart, charted: Charted) -> None:
        chart.title, chart.percent = charted.title, charted.percent
        chart.curves, chart.marks = charted.curves, charted.marks
        chart.redraw()

    def _other(self, chart: Chart) -> Chart:
        return self.metric if chart is self.loss else self.loss

    def on_chart_view_changed(self, event: Chart.ViewChanged) -> None:
        other = self._other(event.chart)
        other.view = replace(other.view, smoothing=event.view.smoothing, crosshair=event.view.crosshair)
        other.redraw()

    def on_chart_window_changed(self, event: Chart.WindowChanged) -> None:
        other = self._other(event.chart)
        other.view = replace(other.view, window=event.chart.view.window)
        self._window = None
        self.redraw()  # from the buckets, at once
        columns = BUCKETS_A_CELL * event.chart.size.width
        history = self._watched.state.history
        if event.zoomed and seen_in_buckets(history, event.first, event.last, columns):
            self.run_worker(self._read_window(event.first, event.last), group="window", exclusive=True)
        else:
            self.workers.cancel_group(self, "window")

    async def _read_window(self, first: int, last: int) -> None:
        """The exact points of a zoom so close that buckets would be seen, read beside the loop."""
        from nntui.runs.window import read_window

        await asyncio.sleep(STILL_SECONDS)
        attached = self._following.attached
        try:
            self._window = await asyncio.to_thread(read_window, attached.folder, attached.marks, first, last)
        except OSError:  # deleted, or not ours to read: the buckets stay
            self._window = None
        self.redraw()
