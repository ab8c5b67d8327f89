"""seattle-weather: the daily series that ships with nntui."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.builtin.datasets.series import SeriesFacts, day_windows
from nntui.builtin.datasets.shipped import shipped

if TYPE_CHECKING:
    from nntui.builtin.datasets.params import SeattleWeatherParams
    from nntui.builtin.datasets.source import Rows
    from nntui.hooks.data import DataContext


def seattle_weather(params: SeattleWeatherParams, context: DataContext) -> Rows[SeriesFacts]:  # noqa: ARG001 — it ships
    """1,461 days of 2012 to 2015, in windows."""
    facts = SeriesFacts(
        numbers=("precipitation", "temp_max", "temp_min", "wind"),
        units=("mm", "°C", "°C", "m/s"),
        logged=("precipitation",),
        category="weather",
        window=params.window,
        horizon=params.horizon,
        targets=params.targets,
    )
    return day_windows(shipped("seattle-weather", "seattle-weather.csv"), facts)
