"""What lies below an overlay, dimmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.renderables.background_screen import BackgroundScreen
from textual.strip import Strip
from textual.visual import Visual

if TYPE_CHECKING:
    from rich.style import Style as RichStyle
    from textual.css.styles import RulesMap
    from textual.style import Style
    from textual.visual import RenderOptions


class Dimmed(Visual):
    """The cells that Textual draws behind an overlay, from the lines that the screen below has already.

    Textual sends each piece of that screen through Rich and mixes its colours anew, three quarters of the time in which
    an overlay is drawn. A thousand pieces share some dozens of styles: each is mixed once.
    """

    def __init__(self, below: BackgroundScreen) -> None:
        self._below = below

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        del options
        base = style.rich_style
        mixed: dict[RichStyle | None, RichStyle | None] = {}

        def dimmed(segment: Segment) -> Segment:
            old = segment.style
            if old not in mixed:
                (one,) = BackgroundScreen.process_segments((segment,), self._below.color)
                mixed[old] = base + one.style
            return Segment(segment.text, mixed[old])

        lines = self._below.screen._compositor.render_strips()[:height]  # as BackgroundScreen has them, by way of Rich
        return [Strip(map(dimmed, line), line.cell_length).crop(0, width) for line in lines]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        del rules
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        del rules, width
        return self._below.screen.size.height
