"""A line between two things side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp


class Divider(Lines):
    """An upright line, in the characters that the terminal draws."""

    app: NNTuiApp

    def redraw(self) -> None:
        self.show([[(self.app.charset.vertical, "axis")]] * self.size.height)

    def on_resize(self) -> None:
        self.redraw()
