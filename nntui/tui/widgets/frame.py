"""`Frame`: the box of an overlay."""

from __future__ import annotations

from textual.containers import Vertical


class Frame(Vertical):
    """The box of an overlay."""
