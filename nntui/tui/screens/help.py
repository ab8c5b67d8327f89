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
    from textual.app import App, ComposeResult


NAME = "help"


def explain(app: App[Any]) -> None:
    """Open the help of the screen that is shown; nothing over a question."""
    if app.screen.is_modal:
        return
    if not app.is_screen_installed(NAME):
        app.install_screen(HelpScreen(), NAME)  # it stays when it is closed
    help = app.get_screen(NAME, HelpScreen)
    help.explaining(app.screen)
    app.push_screen(help)


class HelpScreen(OverlayScreen[None]):
    """Explains the screen that it lies over, which says what it is in `HELP` and its words in `GLOSSARY`; the keys are
    those of its bindings, as they are remapped.

    One is kept for all screens (`explain`): making one anew takes longer than a person should wait for a key.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark", "cancel", "close", id="help.close", tooltip="Back to the screen"),
        Binding("up,k", "scroll(-1)", "up", show=False, id="help.up", tooltip="A line up"),
        Binding("down,j,enter", "scroll(1)", "down", show=False, id="help.down", tooltip="A line down"),
        Binding("pageup", "page(-1)", "page up", show=False, id="help.page-up", tooltip="A page up"),
        Binding("pagedown,space", "page(1)", "page down", show=False, id="help.page-down", tooltip="A page down"),
        Binding("home,g", "scroll(-9999)", "top", show=False, id="help.top", tooltip="The beginning"),
        Binding("end,G", "scroll(9999)", "end", show=False, id="help.end", tooltip="The end"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._text = HelpText()

    def explaining(self, screen: Screen[Any]) -> None:
        """Be about a screen as that is now."""
        self.dismissed = False
        self.set_class(not self.charset.unicode, "ascii")
        self._text.explain(screen, screen_hints(screen))

    def compose(self) -> ComposeResult:
        with Frame():
            yield self._text

    def action_scroll(self, by: int) -> None:
        self._text.scroll_by(by)

    def action_page(self, by: int) -> None:
        self._text.scroll_by(by * max(self._text.size.height - 2, 1))
