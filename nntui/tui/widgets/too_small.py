"""`TooSmall`: the line of a screen that says that the terminal is too small for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from nntui.tui.draw.small import LOW, notice_line, too_small
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp


class TooSmall(Lines):
    """Seen while its screen has the class "tiny"; the screen's style sheet says what is left out then."""

    app: NNTuiApp

    DEFAULT_CSS = "TooSmall { height: 1; display: none; }"

    def redraw(self) -> None:
        self.show([notice_line(*self.app.size, self.app.charset)])

    def on_resize(self) -> None:
        self.redraw()


def fit_terminal(screen: Screen[Any], cells: int, height: int) -> None:
    """Give a screen the classes of its terminal's size: "tiny" where it is too small, "low" where keys have no line."""
    screen.set_class(too_small(cells, height), "tiny")
    screen.set_class(height < LOW, "low")
