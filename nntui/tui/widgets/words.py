"""`Words`: wrapped text of an overlay."""

from __future__ import annotations

from nntui.tui.draw.text import Line, plain, wrap
from nntui.tui.widgets.lines import Lines


class Words(Lines):
    """Wrapped text over as many lines as it takes."""

    def __init__(self, text: str, style: str, *, id: str | None = None) -> None:
        """What is said in passing ("muted") makes room where a terminal is low."""
        super().__init__(id=id, classes="words passing" if style == "muted" else "words")
        self._text = text
        self._style = style

    def say(self, text: str) -> None:
        self._text = text
        self._arrange()

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        cells = max(self.size.width, 1)
        parts = [line for paragraph in self._text.split("\n") for line in wrap(plain(paragraph), cells)]
        lines: list[Line] = [[(part, self._style)] for part in parts] if self._text else []
        self.styles.height = len(lines)
        self.show(lines)
