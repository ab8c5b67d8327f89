"""`DataPane`: what is learned from: rows, splits, examples, classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.tui.draw.describe import describe_lines
from nntui.tui.draw.plan import note_lines
from nntui.tui.draw.text import Line
from nntui.tui.widgets.asked import Asked

if TYPE_CHECKING:
    from nntui.runs.jobs import Described
    from nntui.tui.draw.charset import Charset


class DataPane(Asked["Described"]):
    def __init__(self, number: int, *, id: str | None = None) -> None:
        super().__init__(number, "Data", "reading", _draw, id=id)


def _draw(found: Described, cells: int, height: int, charset: Charset) -> tuple[list[Line], list[Line]]:
    notes = note_lines(found.notes, cells, charset)
    lines = describe_lines(found, cells, charset, height)
    return [*lines, [], *notes] if notes else lines, []
