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


def _name(number: int, title: str, shown: bool, focused: bool) -> Line:
    """A panel's name, with its key; `number` counts from 0."""
    if focused:
        return [(f" {number + 1} {plain(title)} ", "reverse strong accent")]
    style, key = ("strong accent", "strong accent") if shown else ("muted", "key")
    return [(f" {number + 1} ", key), (f"{plain(title)} ", style)]


def _seen(widths: Sequence[int], room: int, chosen: int) -> tuple[int, int]:
    """The first name that is seen and the one behind the last: all where they fit, else those about the chosen one."""
    if sum(widths) <= room:
        return 0, len(widths)
    room -= 6  # for what says that there are more
    first = behind = min(chosen, len(widths) - 1)
    while True:
        if behind < len(widths) and sum(widths[first : behind + 1]) <= room:
            behind += 1
        elif first and sum(widths[first - 1 : behind]) <= room:
            first -= 1
        else:
            return first, max(behind, first + 1)


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
        self._ends: list[tuple[int, int]] = []
        """Where each name that is seen ends, and the number of its panel from 0."""

    def tell(self, titles: Sequence[str], shown: Sequence[int], focused: int | None, place: str, hint: str) -> None:
        """Draw: `shown` and `focused` count from 0."""
        names = [_name(i, title, i in shown, i == focused) for i, title in enumerate(titles)]
        right: Line = [*([(f"{place}  ", "muted")] if place else []), (hint, "muted")]
        chosen = focused if focused is not None else max(shown, default=0)
        first, behind = _seen([width(name) for name in names], self.size.width - width(right), chosen)
        more = (f" {self.app.charset.ellipsis} ", "muted")
        line: Line = [more] if first else []
        self._ends = []
        for i in range(first, behind):
            line += names[i]
            self._ends.append((width(line), i))
        line += [more] if behind < len(names) else []
        self.show([spread(line, right, self.size.width)])

    def on_click(self, event: events.Click) -> None:
        number = next((i for end, i in self._ends if event.x < end), None)
        if number is not None:
            self.post_message(self.Chosen(number))
