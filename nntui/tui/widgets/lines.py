"""`Lines`: a widget that shows lines of styled text and sends to the terminal only the cells that changed.

Textual sends a refreshed widget's whole region; over a thin line that is most of the bytes. Every panel of ours draws
pure lines (`nntui.tui.draw`) and hands them to `show`, which compares them with what is on the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from nntui.tui.draw.text import Line
from nntui.tui.palette import Palette

if TYPE_CHECKING:
    from textual.theme import Theme


class Lines(Widget):
    """Lines of styled text, drawn from the top. What is wider or longer than the widget is cut off."""

    DEFAULT_CSS = "Lines { height: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []
        self._strips: list[Strip] = []
        self._palette: Palette | None = None

    @property
    def shown(self) -> list[Line]:
        """The lines as last shown."""
        return self._lines

    @property
    def palette(self) -> Palette:
        if self._palette is None:
            self._palette = Palette.of(self.app.current_theme, colourless=self.app.no_color)
        return self._palette

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def _theme_changed(self, theme: Theme) -> None:
        del theme
        self._palette = None
        self._strips = []
        self.show(self._lines)
        self.refresh()

    def show(self, lines: Sequence[Line]) -> None:
        """Draw these lines; only cells that differ from the ones on the screen are sent."""
        old, self._lines = self._lines, list(lines)
        if not self.is_attached:
            return
        before = self._strips
        same = [a == b for a, b in zip(old[: len(before)], self._lines, strict=False)]
        fresh = [before[y] if y < len(same) and same[y] else self._strip(line) for y, line in enumerate(self._lines)]
        self._strips = fresh
        changed = _changes(before, fresh, self.size.width)
        if changed:
            self.refresh(*changed)

    def _strip(self, line: Line) -> Strip:
        style = self.palette.style
        return Strip([Segment(text, style(words) if words else None) for text, words in line if text])

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._strips) and y < len(self._lines):  # shown before it was attached
            self._strips = [self._strip(line) for line in self._lines]
        base = self.rich_style
        if y >= len(self._strips):
            return Strip.blank(width, base)
        return self._strips[y].extend_cell_length(width).crop(0, width).apply_style(base)


def _changes(before: Sequence[Strip], after: Sequence[Strip], width: int) -> list[Region]:
    """The smallest run of cells of each line that differs."""
    regions: list[Region] = []
    for y in range(max(len(before), len(after))):
        old = before[y] if y < len(before) else None
        new = after[y] if y < len(after) else None
        if old is not None and new is not None:
            if old is new or old == new:
                continue
            span = _span(old, new)
            if span is None:
                continue
            first, last = span
            regions.append(Region(first, y, min(last, width) - first, 1))
        else:
            regions.append(Region(0, y, width, 1))
    return [region for region in regions if region.width > 0]


def _span(old: Strip, new: Strip) -> tuple[int, int] | None:
    """First and one past the last cell that differ; None where none does."""
    a, b = _cells(old), _cells(new)
    long = max(len(a), len(b))
    a += [_BLANK] * (long - len(a))
    b += [_BLANK] * (long - len(b))
    first = next((i for i in range(long) if a[i] != b[i]), None)
    if first is None:
        return None
    last = next(i for i in range(long - 1, -1, -1) if a[i] != b[i])
    return first, last + 1


_BLANK = (" ", None)


def _cells(strip: Strip) -> list[tuple[str, object]]:
    """A strip cell by cell; the second cell of a wide character is empty."""
    cells: list[tuple[str, object]] = []
    for text, style, _ in strip:
        if text.isascii():
            cells += [(c, style) for c in text]
        else:
            for character in text:
                cells.append((character, style))
                cells += [("", style)] * (_wide(character) - 1)
    return cells


def _wide(character: str) -> int:
    from rich.cells import get_character_cell_size

    return max(get_character_cell_size(character), 1)
