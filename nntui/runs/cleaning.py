"""Text from files, plugins and errors made harmless: no escape sequence of it reaches a terminal or a log."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC: titles, links, the clipboard
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, the cursor
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # strings of other kinds
    r"|\x1b[ -/]*[0-~]?"
)
# They change the order of what stands around them on the screen, so that a text can show what it does not say.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str, *, lines: bool = False) -> str:
    """`text` without escape sequences and control characters; a line break stays where `lines`, else is a space."""
    kept = []
    for char in _ESCAPES.sub("", text):
        if char == "\n" and lines:
            kept.append(char)
        elif char in "\n\t":
            kept.append(" ")
        elif unicodedata.category(char) not in ("Cc", "Cs") and char not in _BIDI:
            kept.append(char)
    return "".join(kept)
