"""Elements of HTML and SVG as text, everything from outside escaped."""

from __future__ import annotations

import unicodedata
from html import escape


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def text(value: str) -> Markup:
    """Text as it is seen: escaped, without control characters and marks that reorder what stands around them."""
    kept = (" " if char in "\n\t" else char for char in value if char in "\n\t" or _shown(char))
    return Markup(escape("".join(kept)))


def _shown(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cs") and unicodedata.bidirectional(char) not in _REORDERING


_REORDERING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def element(name: str, /, *children: str, **attributes: object) -> Markup:
    """<name attributes>children</name>. Children that are not markup are escaped, attributes too.

    `class_` is class, and a _ within a name is -; an attribute of None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(child if isinstance(child, Markup) else text(child) for child in children)
    return Markup(f"<{name}{given}>" if name in _VOID else f"<{name}{given}>{inner}</{name}>")


_VOID = frozenset({"meta", "img", "br"})


def _plain(value: object) -> str:
    """Numbers without digits that nobody sees."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def joined(*parts: str) -> Markup:
    """Several pieces one after another."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in parts))
