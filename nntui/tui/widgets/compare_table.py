"""`CompareTable`: the results of several runs, and what they were told differently."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from nntui.tui.draw.text import Line
from nntui.tui.widgets.lines import Lines


class CompareTable(Lines, can_focus=True):
    """The results and the differences; they scroll."""

    def __init__(self) -> None:
        super().__init__(id="table")
        self._all: Sequence[Line] = ()
        self._first = 0

    def offer(self, lines: Sequence[Line]) -> None:
        self._all = lines
        self.scroll_by(0)

    def scroll_by(self, by: int) -> None:
        """Move by lines, as far as there are any; the names of the runs stay."""
        room = max(self.size.height - 1, 1)
        self._first = max(min(self._first + by, len(self._all) - 1 - room), 0)
        shown = list(self._all[1 + self._first : 1 + self._first + room])
        below = len(self._all) - 1 - self._first - room
        if below > 0 and shown:
            shown[-1] = [(f" {below + 1} more lines below: j, or z for the table alone", "muted")]
        self.show([*self._all[:1], *shown])

    def on_resize(self) -> None:
        self.scroll_by(0)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_by(-3)
