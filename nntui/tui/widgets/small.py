"""A run in a terminal that has hardly any room."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nntui.tui.draw.run_charts import Evaluations
from nntui.tui.draw.small_run import Small as Told
from nntui.tui.draw.small_run import small_lines
from nntui.tui.widgets.foot import told_line
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.watched import Watched

_LINES_TOLD = 3
"""What is told may take so many lines."""


class Small(Lines):
    """The figures that matter, in a terminal that is too small for more."""

    app: NNTuiApp

    def __init__(self, watched: Watched, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.watched = watched
        self._evaluations = Evaluations()

    def redraw(self) -> None:
        if not self.display:
            return
        w, now = self.watched, time.time()
        width, height = self.size
        told = told_line(w, now, width * _LINES_TOLD)
        run = Told(w.facts, w.state, w.status, now, self.app.charset, self.app.size, w.figures, told)
        self.show(small_lines(run, width, height, self._evaluations))

    def on_resize(self) -> None:
        self.redraw()
