"""The settings of the two readers of series. Light: what reads is in `forecast` and `labelled`."""

from __future__ import annotations

from pydantic import model_validator

from nntui import Params, param


class ForecastParams(Params):
    window: int | None = param(
        None, ge=1, le=10_000, help="Steps that are looked back on; empty: two seasons of the sampling interval"
    )
    horizon: int | None = param(
        None, ge=1, le=1000, help="Steps ahead that are told, the next one first; empty: a season"
    )
    target: tuple[str, ...] = param((), help="Columns that are told; empty: the only number, or the likeliest")
    series: str | None = param(None, help="Column that tells several series apart; no window reaches into another")
    known: tuple[str, ...] = param(
        (), help="Columns that are known ahead, such as a holiday: given for the horizon too"
    )
    drop: tuple[str, ...] = param((), help="Columns that are left out")
    calendar: bool = param(True, help="Tell the network hour, weekday and day of the year, where there is a time")

    @model_validator(mode="after")
    def _each_once(self) -> ForecastParams:
        for name in ("target", "known", "drop"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"{name}: each column may be named once")
        both = sorted(set(self.target) & {*self.known, *self.drop})
        if both:
            raise ValueError(f"target: {both[0]} is to be told, and cannot be known ahead or dropped as well")
        return self


class LabelledParams(Params):
    target: str | None = param(None, help="Column with the label; empty: the first or last that is no part of a series")
    series: str | None = param(None, help="Of a long table: column that tells the series apart")
    length: int | None = param(None, ge=2, le=100_000, help="Longest series that is taken whole; empty: any")
