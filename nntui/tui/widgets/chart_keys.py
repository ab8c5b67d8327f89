"""A chart's keys for the screen around it: they work wherever the focus is, and help and the palette tell of them.

A screen puts `chart_keys()` into its bindings, and does `chart(...)` to the chart that `looked_at` names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from textual.actions import parse
from textual.binding import Binding, BindingType
from textual.screen import Screen

from nntui.tui.widgets.chart import Chart


def chart_keys() -> list[BindingType]:
    """The bindings of a chart, with the same ids, for its screen."""
    return [
        replace(binding, action=f"chart({binding.action!r})")
        for binding in Chart.BINDINGS
        if isinstance(binding, Binding)
    ]


def looked_at(screen: Screen[Any], last: Chart | None) -> Chart | None:
    """The chart that a key means: of those that are seen the one that had the focus last, else the first."""
    seen = [chart for chart in screen.query(Chart) if chart.region]
    return last if last in seen else next(iter(seen), None)


def can_act(screen: Screen[Any], last: Chart | None, action: str) -> bool:
    """Whether there is a chart to do this action to."""
    chart = looked_at(screen, last)
    _, name, parameters = parse(action)
    return chart is not None and bool(chart.check_action(name, parameters))
