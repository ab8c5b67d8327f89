"""`PanelTabs`: the line that names all panels of a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from nntui.tui.draw.text import Line, plain, spread, width
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp


class PanelTabs(Lines):
    """The names of the panels with their numbers; a click chooses one."""

    app: NNTuiApp

    DEFAULT_CSS = "PanelTabs { height: 1; }"

    class Chosen(Message):
        """A panel's name was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._ends: list[int] = []

    def tell(self, titles: Sequence[str], shown: Sequence[int], focused: int | None, place: str, hint: str) -> None:
        """Draw: `shown` and `focused` count from 0."""
        line: Line = []
        self._ends = []
        for i, title in enumerate(titles):
            style = "reverse strong accent" if i == focused else "strong accent" if i in shown else "muted"
            key = "key" if i not in shown else "strong accent"
            if i == focused:
                line.append((f" {i + 1} {plain(title)} ", style))
            else:
                line += [(f" {i + 1} ", key), (f"{plain(title)} ", style)]
            self._ends.append(width(line))
        right: Line = [(f"{place}  ", "muted")] if place else []
        self.show([spread(line, [*right, (hint, "muted")], self.size.width)])

    def on_click(self, event: events.Click) -> None:
        number = next((i for i, end in enumerate(self._ends) if event.x < end), None)
        if number is not None:
            self.post_message(self.Chosen(number))
