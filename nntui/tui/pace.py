"""`Pace`: drawing no more often than so many times a second, and not at all while nothing changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from textual.screen import Screen
    from textual.timer import Timer


class Pace:
    """`mark` asks for a drawing: at once where the last one is `seconds` ago, else as soon as it is. `covered` is for
    what lies dimmed below a question or the help: with each drawing Textual then draws the whole of both screens."""

    def __init__(
        self, owner: Screen[Any], seconds: float, draw: Callable[[], None], *, covered: float | None = None
    ) -> None:
        self._owner, self._seconds, self._draw = owner, seconds, draw
        self._covered = seconds if covered is None else covered
        self._timer: Timer | None = None
        self._drawn = 0.0

    def mark(self) -> None:
        least = self._seconds if self._owner.is_active else self._covered
        wait = self._drawn + least - time.monotonic()
        if wait <= 0:
            self.now()
        elif self._timer is None:
            self._timer = self._owner.set_timer(wait, self.now)

    def now(self) -> None:
        """Draw without waiting: the size changed, or a key was pressed."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._drawn = time.monotonic()
        self._draw()
