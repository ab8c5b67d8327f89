"""A run in a terminal that has hardly any room."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nntui.tui.draw.small import small_lines
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.watched import Watched


class Small(Lines):
    """The figures that matter, in a terminal that is too small for more."""

    app: NNTuiApp

    def __init__(self, watched: Watched, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.watched = watched

    def redraw(self) -> None:
        if self.display:
            w = self.watched
            width, height = self.size
            self.show(small_lines(w.facts, w.state, w.status, time.time(), width, height, self.app.charset))

    def on_resize(self) -> None:
        self.redraw()
