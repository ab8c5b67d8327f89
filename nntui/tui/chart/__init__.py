"""The chart: pure functions from curves, marks and a view to lines of styled text. No terminal, no clock, no numpy."""

from __future__ import annotations

from nntui.tui.chart.curves import Curve, Mark, Points, Series, points
from nntui.tui.chart.layout import Frame, draw, layout
from nntui.tui.chart.memory import Memory
from nntui.tui.chart.scale import Scales
from nntui.tui.chart.view import View

__all__ = ["Curve", "Frame", "Mark", "Memory", "Points", "Scales", "Series", "View", "draw", "layout", "points"]
