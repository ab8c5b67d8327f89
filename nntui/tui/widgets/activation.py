"""`ActivationPane`: an activation's curve and its derivative."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.tui.draw.activation import activation_lines
from nntui.tui.draw.text import Line
from nntui.tui.widgets.asked import Asked

if TYPE_CHECKING:
    from nntui.runs.jobs import ActivationCurve
    from nntui.tui.draw.charset import Charset

_HIGHEST = 22
"""Lines of the plot on a large screen: higher tells no more."""


class ActivationPane(Asked["ActivationCurve"]):
    def __init__(self, number: int, *, id: str | None = None) -> None:
        super().__init__(number, "Activation", "drawing", _draw, id=id)


def _draw(curve: ActivationCurve, cells: int, height: int, charset: Charset) -> tuple[list[Line], list[Line]]:
    return activation_lines(curve, min(cells, 90), min(height, _HIGHEST), charset), []
