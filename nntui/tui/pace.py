"""`Pace`: drawing no more often than so many times a second, and not at all while nothing changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.message_pump import MessagePump
    from textual.timer import Timer


class Pace:
    """`mark` asks for a drawing: at once where the last one is `seconds` ago, else as soon as it is."""

    def __init__(self, owner: MessagePump, seconds: float, draw: Callable[[], None]) -> None:
        self._owner, self._seconds, self._draw = owner, seconds, draw
        self._timer: Timer | None = None
        self._drawn = 0.0

    def mark(self) -> None:
        if self._timer is not None:
            return
        wait = self._drawn + self._seconds - time.monotonic()
        if wait <= 0:
            self.now()
        else:
            self._timer = self._owner.set_timer(wait, self.now)

    def now(self) -> None:
        """Draw without waiting: the size changed, or a key was pressed."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._drawn = time.monotonic()
        self._draw()
