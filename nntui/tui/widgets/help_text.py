"""`HelpText`: the help of a screen, which scrolls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from textual import events
from textual.screen import Screen
from textual.strip import Strip

from nntui.tui.draw.help import help_lines
from nntui.tui.draw.keys import Hint, key_name
from nntui.tui.draw.text import Line
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.draw.charset import Charset


class HelpText(Lines, can_focus=True):
    """Lines that scroll."""

    def __init__(self) -> None:
        super().__init__(id="help")
        self._about = ""
        self._glossary: Mapping[str, str] = {}
        self._hints: Sequence[Hint] = ()
        self._first = 0
        self._all: list[Line] = []

    def explain(self, screen: Screen[Any], all_hints: Sequence[Hint]) -> None:
        """Show the beginning of the help of a screen."""
        self._about = getattr(screen, "HELP", None) or (type(screen).__doc__ or "")
        self._glossary = getattr(screen, "GLOSSARY", {})
        self._hints, self._first = all_hints, 0
        if self.size:
            self._lay_out()
            self.show(self._seen())

    def render_line(self, y: int) -> Strip:
        if not self._all:  # the first frame is drawn before the size is told: it has the text already
            self._lay_out()
            self._lines = self._seen()
        return super().render_line(y)

    def on_resize(self) -> None:
        self._lay_out()
        self.scroll_by(0)

    @property
    def _charset(self) -> Charset:
        return cast("NNTuiApp", self.app).charset

    def _lay_out(self) -> None:
        self._all = help_lines(self._about, self._glossary, self._hints, self.size.width, self._charset)

    def scroll_by(self, by: int) -> None:
        """Move by lines, as far as there are any."""
        self._first = max(min(self._first + by, len(self._all) - self.size.height + 1), 0)
        self.show(self._seen())

    def _seen(self) -> list[Line]:
        """The lines from the first one that is in sight, and how many are below."""
        height = self.size.height - 1
        shown = self._all[self._first : self._first + height]
        below = len(self._all) - self._first - height
        down = key_name("down", self._charset)
        foot: Line = [(f"{down} {below} more line{'s' if below > 1 else ''}" if below > 0 else "", "muted")]
        return [*shown, *([[]] * (height - len(shown))), foot]

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_by(-3)
