"""The commands panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.runs.checkpoints import list_checkpoints, pointer
from nntui.runs.events import Checkpointed, Commanded, Resumed
from nntui.tui.draw.commands import Kept, commands_head, commands_lines
from nntui.tui.widgets.panels import Body, Panel

if TYPE_CHECKING:
    from nntui.tui.watched import Watched


class CommandsPanel(Panel):
    """What was asked and what became of it; checkpoints that are kept."""

    title = "Commands"
    wants = (Commanded, Checkpointed, Resumed)

    def __init__(self, watched: Watched, *, id: str | None = None) -> None:
        super().__init__(watched, id=id)
        self._kept: list[Kept] = []
        self._seen: object = None

    def look(self) -> None:
        """Read the folder of checkpoints anew where it has changed."""
        folder = self.watched.folder
        try:
            stamp: object = (folder.checkpoints.stat().st_mtime_ns, len(self.watched.state.checkpoints))
        except OSError:
            stamp = None
        if stamp == self._seen:
            return
        self._seen = stamp
        best, last = pointer(folder, "best"), pointer(folder, "last")
        try:
            found = list_checkpoints(folder)
        except OSError:  # a folder that may not be read
            found = []
        self._kept = [
            Kept(one.step, one.bytes, one.path == best, one.path == last, one.resumable, one.readable) for one in found
        ]
        self.redraw()

    def body(self, cells: int, height: int) -> Body:
        del height
        watched = self.watched
        lines = commands_lines(watched.state, self._kept, watched.status, cells, self.charset)
        return Body(lines, head=[commands_head(cells)] if watched.state.commands else [])
