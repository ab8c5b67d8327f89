"""`PlanPane`: the network's layers, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.tui.draw.plan import figure_lines, layer_lines, note_lines, notes_of
from nntui.tui.draw.text import Line
from nntui.tui.widgets.asked import Asked

if TYPE_CHECKING:
    from nntui.runs.jobs import PlanResult
    from nntui.tui.draw.charset import Charset


class PlanPane(Asked["PlanResult"]):
    def __init__(self, number: int, *, id: str | None = None) -> None:
        super().__init__(number, "Plan", "planning", _draw, id=id)


def _draw(plan: PlanResult, cells: int, height: int, charset: Charset) -> tuple[list[Line], list[Line]]:
    layers = layer_lines(plan, cells, charset)
    notes = note_lines(notes_of(plan), cells, charset)
    figures = figure_lines(plan, cells, charset)
    fits = len(layers) + len(figures) <= height
    below = [[], *notes] if notes else []
    # Where not even the layers fit, the figures stay in sight and the rest scrolls.
    return [*layers, *below], figures if fits or height > len(figures) + 3 else []
