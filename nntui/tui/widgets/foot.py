"""The foot of a run's screen: its figures, and what was asked of it or matters most."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nntui.tui.draw.foot import failure_advice, notice, vitals_line
from nntui.tui.draw.text import Line, cut
from nntui.tui.steering import commands_foot
from nntui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.watched import Watched


def told_line(watched: Watched, now: float, cells: int) -> Line:
    """What was asked of a run, or what matters most of it, in so many cells where that can be."""
    w = watched
    urgent = w.status in ("deleted", "failed") or w.problem
    asked = [] if urgent else commands_foot(w.state, w.status, now)
    return asked or notice(w.state, w.status, w.figures, w.problem, now, cells)


class Foot(Lines):
    """Two lines."""

    app: NNTuiApp

    DEFAULT_CSS = "Foot { height: 2; }"

    def __init__(self, watched: Watched, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.watched = watched

    def redraw(self) -> None:
        w, now, cells = self.watched, time.time(), self.size.width
        told = told_line(w, now, cells)
        advice = failure_advice(w.state, cells) if w.status == "failed" and not w.problem else []
        if advice:  # it goes before figures of what has ended
            self.show([cut(told, cells), advice])
            return
        self.show([vitals_line(w.state, w.figures, w.status, now, cells, self.app.charset), cut(told, cells)])

    def on_resize(self) -> None:
        self.redraw()
