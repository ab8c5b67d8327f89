"""`Choices`: options of which some are refused."""

from __future__ import annotations

from collections.abc import Sequence

from textual.message import Message

from nntui.tui.draw.text import Line
from nntui.tui.widgets.options import Options


class Choices(Options):
    """Options of which some are refused: these are drawn pale."""

    class Moved(Message):
        """Another option may be highlighted."""

    def __init__(self, refused: dict[str, str], *, start: int, empty: str) -> None:
        """start: where the cursor is at first."""
        super().__init__(empty=empty)
        self._refused = refused
        self._start: int | None = start

    def on_resize(self) -> None:
        if self._start is not None and self.size.height:
            start, self._start = self._start, None
            self.choose(start)
        else:
            super().on_resize()

    def show(self, lines: Sequence[Line]) -> None:
        seen = self.found[self._first :]
        pale = [
            [(text, "muted cursor" if "cursor" in style else "muted") for text, style in line]
            if at < len(seen) and seen[at].value in self._refused
            else line
            for at, line in enumerate(lines)
        ]
        super().show(pale)

    def redraw(self) -> None:
        super().redraw()
        self.post_message(self.Moved())
