"""The confusion panel."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from nntui.runs.events import Evaluated, Resumed
from nntui.runs.state import Confusion
from nntui.tui.draw.confusion import (
    Tint,
    beside,
    class_names,
    grid,
    matrix_head,
    matrix_lines,
    mistakes_below,
    mistakes_lines,
    names_cut,
    told_of,
    worst,
)
from nntui.tui.draw.text import Line
from nntui.tui.widgets.panels import Body, Panel

_LEAST = 4
"""Mistakes below the matrix, so that they stand there rather than beside it."""
_SPLITS = ("validation", "test", "train")


class ConfusionPanel(Panel):
    """True classes against predicted ones, shaded, with the most frequent mistakes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "columns(1)", "right", id="confusion.right", show=False, tooltip="Further classes"),
        Binding("left", "columns(-1)", "left", id="confusion.left", show=False, tooltip="Earlier classes"),
    ]

    title = "Confusion"
    wants = (Evaluated, Resumed)
    _first = 0

    def action_columns(self, by: int) -> None:
        self._first = max(self._first + by, 0)
        self.redraw()

    def _newest(self) -> tuple[str, Confusion] | None:
        found = self.watched.state.confusions
        return next(((split, found[split][-1]) for split in _SPLITS if found.get(split)), None)

    def _tint(self) -> Tint | None:
        """The theme's colours, where there are any to mix."""
        variables = self.app.current_theme.variables
        theme = self.app.current_theme
        colours = (theme.background or "", variables.get("nn-good", ""), variables.get("nn-bad", ""))
        usable = all(len(colour) == 7 and colour.startswith("#") for colour in colours)
        if self.app.no_color or not self.charset.unicode or not usable:
            return None
        return Tint(*colours)

    def body(self, cells: int, height: int) -> Body:
        newest = self._newest()
        if newest is None:
            return Body([[(self._nothing(), "muted")]])
        split, confusion = newest
        plan = self.watched.state.plan
        matrix = confusion.matrix
        names = class_names(len(matrix), plan.classes if plan is not None else ())
        at = grid(matrix, names, cells)
        self._first = min(self._first, max(len(matrix) - at.columns, 0))
        rows = matrix_lines(matrix, names, at, self._first, self.charset, self._tint())
        head = matrix_head(names, at, self._first, self.charset)
        said: Line = [(told_of(split, confusion.step, at.list or cells), "muted")]
        if at.columns < len(matrix):
            said.append((f"  columns {self._first + 1}-{self._first + at.columns} of {len(matrix)} (arrows)", "muted"))
        mistakes = worst(matrix, names)
        room = height - len(matrix) - 3  # below the matrix, when it is seen whole
        if at.list and room >= min(len(mistakes), _LEAST) and names_cut(mistakes, at.list, self.charset):
            listed = mistakes_below(mistakes, cells, room, self.charset)
            above: Line = [("worst mistakes  ", "muted"), (told_of(split, confusion.step, cells - 16), "muted")]
            return Body([*rows, [], above, *listed], head=[head])
        if at.list:
            listed = mistakes_lines(mistakes, at.list, self.charset)
            listed = [[*said], *listed][: max(height, 2)]
            return Body(beside([head, *rows], listed)[1:], head=beside([head, *rows], listed)[:1])
        return Body([*rows, [], *mistakes_lines(mistakes, cells, self.charset), [], said], head=[head])

    def _nothing(self) -> str:
        state = self.watched.state
        if state.plan is not None and not state.plan.classes:
            return "this run tells values, not classes: there is nothing to confuse"
        return "not evaluated yet"
