"""The words of a style. `nntui.tui.palette` gives them colours; a panel's process checks them without Textual."""

from __future__ import annotations

MEANINGS = (
    "muted", "accent", "title", "train", "validation", "test", "best", "good", "warning", "bad", "axis", "key",
    "cursor", "mark", "raw", "command", "c1", "c2", "c3", "c4", "c5", "c6",
)  # fmt: skip
"""`raw`: an unsmoothed curve behind; c1..c6: overlaid runs, and classes."""

ATTRIBUTES = ("strong", "reverse", "underline", "on")
"""`on` goes before the colour of the background."""
