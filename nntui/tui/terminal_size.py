"""`corrected`: a change of the terminal's size, with the size that the terminal has now."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from textual.geometry import Size

if TYPE_CHECKING:
    from textual import events


def corrected(event: events.Resize) -> None:
    """Textual reads the size in its handler of SIGWINCH. A handler that is itself interrupted by the next signal posts
    the older size last, and the screen would be drawn for that one until the next change. (A terminal that tells its
    size in its own input, which gives it in pixels too, tells them in order.)"""
    if event.pixel_size is None:
        size = Size(*shutil.get_terminal_size())
        event.size = event.virtual_size = event.container_size = size
