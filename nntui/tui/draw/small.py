"""Terminals that are too small for a screen: the least size, and the notice."""

from __future__ import annotations

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, fit

LEAST = (60, 16)
"""Cells and lines that a whole screen takes, whichever it is."""
LOW = 10
"""Lines below which a screen has none left for its keys."""


def too_small(cells: int, height: int) -> bool:
    """Whether a terminal of this size shows less than all."""
    return cells < LEAST[0] or height < LEAST[1]


def notice_line(cells: int, height: int, charset: Charset) -> Line:
    """That a terminal of this size is too small, and what shows all."""
    needed = f"{LEAST[0]}x{LEAST[1]}"
    ways = (
        f"{cells}x{height} is too small: {needed} shows all",
        f"too small: {needed} shows all",
        f"too small: {needed}",
    )
    told = next((way for way in ways if len(way) <= cells), ways[-1])
    return [(fit(told, min(len(told), cells), ellipsis=charset.ellipsis), "muted")]
