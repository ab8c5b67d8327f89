"""The log panel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nntui.runs.events import Failed, Started, Warned
from nntui.tui.draw.log import log_lines, printed
from nntui.tui.widgets.panels import Body, Panel

if TYPE_CHECKING:
    from nntui.tui.watched import Watched

TAIL = 64 << 10
"""Bytes of log.txt that are read."""
_MOST = 1000
"""Lines of it that are shown."""


class LogPanel(Panel):
    """Warnings, how it failed, and the end of log.txt, which it follows as it grows."""

    title = "Log"
    wants = (Warned, Failed, Started)
    follows = True

    def __init__(self, watched: Watched, *, id: str | None = None) -> None:
        super().__init__(watched, id=id)
        self._seen: tuple[int, int] = (-1, 0)
        self._printed: list[str] = []
        self._cut_off = False

    def look(self) -> None:
        """Read the end of log.txt anew where it has changed."""
        try:
            found = self.watched.folder.log.stat()
        except OSError:
            return
        stamp = (found.st_size, found.st_mtime_ns)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            with self.watched.folder.log.open("rb") as file:
                file.seek(max(os.fstat(file.fileno()).st_size - TAIL, 0))
                begin = file.tell()
                text = file.read(TAIL).decode(errors="replace")
        except OSError as error:
            self._printed = [f"log.txt cannot be read: {error.strerror}"]
            self.redraw()
            return
        lines = printed(text)
        self._cut_off = begin > 0 or len(lines) > _MOST
        self._printed = lines[1:][-_MOST:] if begin else lines[-_MOST:]
        self.redraw()

    def body(self, cells: int, height: int) -> Body:
        del height
        return Body(log_lines(self.watched.state, self._printed, cells, cut_off=self._cut_off))
