"""What `NO_COLOR` asks for: the terminal's own colours and no others. What colours said, attributes say."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.color import Color


class Colourless(LineFilter):
    """Takes every colour away. Textual's own filters leave greys, or name the default colours, which are codes too."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        del background
        return [Segment(text, style and _without_colours(style), control) for text, style, control in segments]


@lru_cache(maxsize=4096)
def _without_colours(style: Style) -> Style:
    bare = style.without_color  # and without what a click means
    return bare + Style.from_meta(style.meta) if style.meta else bare
