"""The first line of a run's screen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nntui.tui.draw.head import head_line
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.watched import Watched


class Head(Lines):
    """Name, choices, status, progress."""

    app: NNTuiApp

    DEFAULT_CSS = "Head { height: 1; }"

    def __init__(self, watched: Watched, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.watched = watched

    def redraw(self) -> None:
        w = self.watched
        self.show([head_line(w.facts, w.state, w.status, time.time(), self.size.width, self.app.charset)])

    def on_resize(self) -> None:
        self.redraw()
