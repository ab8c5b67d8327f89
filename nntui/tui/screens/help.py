"""`?`: what a screen shows, what its words mean, and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from nntui.tui.screens.overlay import OverlayScreen
from nntui.tui.widgets.frame import Frame
from nntui.tui.widgets.help_text import HelpText
from nntui.tui.widgets.keys import screen_hints

if TYPE_CHECKING:
    from textual.app import ComposeResult


class HelpScreen(OverlayScreen[None]):
    """Explains the screen that it lies over, which says what it is in `HELP` and its words in `GLOSSARY`; the keys are
    those of its bindings, as they are remapped."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark", "cancel", "close", id="help.close", tooltip="Back to the screen"),
        Binding("up,k", "scroll(-1)", "up", show=False, id="help.up", tooltip="A line up"),
        Binding("down,j,enter", "scroll(1)", "down", show=False, id="help.down", tooltip="A line down"),
        Binding("pageup", "page(-1)", "page up", show=False, id="help.page-up", tooltip="A page up"),
        Binding("pagedown,space", "page(1)", "page down", show=False, id="help.page-down", tooltip="A page down"),
        Binding("home,g", "scroll(-9999)", "top", show=False, id="help.top", tooltip="The beginning"),
        Binding("end,G", "scroll(9999)", "end", show=False, id="help.end", tooltip="The end"),
    ]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._about = screen
        self._hints = screen_hints(screen)

    def compose(self) -> ComposeResult:
        with Frame():
            yield HelpText(self._about, self._hints, self.charset)

    def action_scroll(self, by: int) -> None:
        self.query_one(HelpText).scroll_by(by)

    def action_page(self, by: int) -> None:
        text = self.query_one(HelpText)
        text.scroll_by(by * max(text.size.height - 2, 1))
