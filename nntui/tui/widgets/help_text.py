"""`HelpText`: the help of a screen, which scrolls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual import events
from textual.screen import Screen

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.help import help_lines
from nntui.tui.draw.keys import Hint, key_name
from nntui.tui.draw.text import Line
from nntui.tui.widgets.lines import Lines


class HelpText(Lines, can_focus=True):
    """Lines that scroll."""

    def __init__(self, screen: Screen[Any], all_hints: Sequence[Hint], charset: Charset) -> None:
        super().__init__(id="help")
        self._screen = screen
        self._hints = all_hints
        self._charset = charset
        self._first = 0
        self._all: list[Line] = []

    def on_resize(self) -> None:
        about = getattr(self._screen, "HELP", None) or (type(self._screen).__doc__ or "")
        glossary: Mapping[str, str] = getattr(self._screen, "GLOSSARY", {})
        self._all = help_lines(about, glossary, self._hints, self.size.width, self._charset)
        self.scroll_by(0)

    def scroll_by(self, by: int) -> None:
        """Move by lines, as far as there are any."""
        height = self.size.height - 1
        self._first = max(min(self._first + by, len(self._all) - height), 0)
        shown = self._all[self._first : self._first + height]
        below = len(self._all) - self._first - height
        down = key_name("down", self._charset)
        foot: Line = [(f"{down} {below} more line{'s' if below > 1 else ''}" if below > 0 else "", "muted")]
        self.show([*shown, *([[]] * (height - len(shown))), foot])

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_by(-3)
