"""`Answers`: the two answers of a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.tui.draw.text import Line, plain
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual import events


class Answers(Lines):
    """The two answers of a question; a click on one gives it."""

    def __init__(self, words: dict[bool, str]) -> None:
        super().__init__(classes="answers")
        self._words = words
        self._answer = False

    def highlight(self, answer: bool) -> None:
        self._answer = answer
        line: Line = []
        for value in (True, False):
            style = "cursor" if value == answer else ""
            key = "y" if value else "n"
            line += [(f" {key} ", f"{style} key".strip()), (f"{plain(self._words[value])} ", style), ("   ", "")]
        self.show([[], line])

    def on_click(self, event: events.Click) -> None:
        first = len(plain(self._words[True])) + 4
        if event.y != 1:
            return
        if event.x < first:
            self.screen.dismiss(True)
        elif first + 3 <= event.x < first + 7 + len(plain(self._words[False])):
            self.screen.dismiss(False)
