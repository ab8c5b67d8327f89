"""A line being typed: its text and caret. Pure; keys come as Textual names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Typing:
    """`text` with the caret before character `caret`. `fresh`: nothing has been typed yet, so that the first
    character replaces the whole."""

    text: str
    caret: int
    fresh: bool = False

    @classmethod
    def of(cls, text: str) -> Typing:
        return cls(text, len(text), fresh=True)

    def typed(self, characters: str) -> Typing:
        """With characters put in at the caret; what does not print is left out."""
        kept = "".join(c for c in characters if c.isprintable())
        if not kept:
            return self
        text, caret = ("", 0) if self.fresh else (self.text, self.caret)
        return Typing(text[:caret] + kept + text[caret:], caret + len(kept))

    def pressed(self, key: str) -> Typing | None:
        """After a key that moves or deletes; None for a key that means nothing here."""
        text, caret = self.text, self.caret
        if key in _EDGES:
            return Typing(text, _EDGES[key](text))
        if key in _MOVES:
            return Typing(text, _MOVES[key](text, caret))
        if key in ("backspace", "ctrl+h"):
            if self.fresh:
                return Typing("", 0)
            return Typing(text[: max(caret - 1, 0)] + text[caret:], max(caret - 1, 0))
        if key in ("delete", "ctrl+d"):
            return Typing("", 0) if self.fresh else Typing(text[:caret] + text[caret + 1 :], caret)
        if key == "ctrl+u":
            return Typing(text[caret:], 0)
        if key == "ctrl+k":
            return Typing(text[:caret], caret)
        if key in ("ctrl+w", "alt+backspace"):
            start = _word_start(text, caret)
            return Typing(text[:start] + text[caret:], start)
        return None


def _word_start(text: str, caret: int) -> int:
    """Where the word before the caret begins; items of a list are words."""
    while caret and not text[caret - 1].isalnum():
        caret -= 1
    while caret and text[caret - 1].isalnum():
        caret -= 1
    return caret


def _word_end(text: str, caret: int) -> int:
    while caret < len(text) and not text[caret].isalnum():
        caret += 1
    while caret < len(text) and text[caret].isalnum():
        caret += 1
    return caret


_EDGES: Mapping[str, Callable[[str], int]] = {
    "home": lambda _: 0,
    "ctrl+a": lambda _: 0,
    "end": len,
    "ctrl+e": len,
}
_MOVES: Mapping[str, Callable[[str, int], int]] = {
    "left": lambda _, caret: max(caret - 1, 0),
    "right": lambda text, caret: min(caret + 1, len(text)),
    "ctrl+left": _word_start,
    "ctrl+right": _word_end,
}
