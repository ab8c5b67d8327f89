"""A chart's keys for the screen around it: they work wherever the focus is, and help and the palette tell of them.

A screen puts `chart_keys()` into its bindings, and does `chart(...)` to the chart that `looked_at` names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from textual.actions import parse
from textual.binding import Binding, BindingType

from nntui.tui.widgets.chart import Chart


def chart_keys() -> list[BindingType]:
    """The bindings of a chart, with the same ids, for its screen."""
    return [
        replace(binding, action=f"chart({binding.action!r})")
        for binding in Chart.BINDINGS
        if isinstance(binding, Binding)
    ]


def looked_at(charts: Iterable[Chart], last: Chart | None) -> Chart | None:
    """The chart that a key means: of those that are seen the one that had the focus last, else the first."""
    if last is not None and last.region:
        return last
    return next((chart for chart in charts if chart.region), None)


def can_act(charts: Iterable[Chart], last: Chart | None, action: str) -> bool:
    """Whether there is a chart to do this action to. It is asked of every key each time that keys are told: the charts
    are named, not looked for."""
    chart = looked_at(charts, last)
    _, name, parameters = parse(action)
    return chart is not None and bool(chart.check_action(name, parameters))
