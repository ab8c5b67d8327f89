"""Lines of styled text, and making any text safe to draw.

A `Line` is a list of spans (text, style). A style names meanings, not colours ("muted", "strong validation"); a theme
gives them colours when the line is drawn (`nntui.tui.palette`). Pictures alone name colours: "#aabbcc on #001122".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rich.cells import cell_len, chop_cells, set_cell_size

Span: TypeAlias = tuple[str, str]
"""Text and style."""

Line: TypeAlias = list[Span]

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that move, hide or reorder what is drawn: controls, formats (bidi, zero width), surrogates."""


def plain(text: object) -> str:
    """Any text as one line that draws what it says: a control, an escape or a bidirectional mark shows as "?", a tab
    or line break as a space. Texts from files, class names, plugins and errors pass through here."""
    string = str(text)
    if string.isascii() and string.isprintable():
        return string
    return "".join(_visible(c) for c in string)


def _visible(character: str) -> str:
    if character in "\t\n\r":
        return " "
    return "?" if unicodedata.category(character) in _UNSAFE else character


def width(line: Line | str) -> int:
    """Cells that it takes."""
    return cell_len(line) if isinstance(line, str) else sum(cell_len(text) for text, _ in line)


def fit(text: str, cells: int, *, align: str = "left", ellipsis: str = "…") -> str:
    """`text` in exactly `cells` cells: padded, or cut with an ellipsis. `align`: left or right."""
    if cells <= 0:
        return ""
    long = cell_len(text)
    if long <= cells:
        space = " " * (cells - long)
        return space + text if align == "right" else text + space
    if cells <= len(ellipsis):
        return set_cell_size(text, cells)
    return set_cell_size(text, cells - cell_len(ellipsis)) + ellipsis


def cut(line: Line, cells: int) -> Line:
    """The part of a line that fits in `cells` cells."""
    out: Line = []
    left = cells
    for text, style in line:
        if left <= 0:
            break
        size = cell_len(text)
        out.append((text if size <= left else set_cell_size(text, left), style))
        left -= min(size, left)
    return out


def spread(left: Line, right: Line, cells: int) -> Line:
    """`left` at the left edge and `right` at the right one; where both do not fit, `left` is cut."""
    room = cells - width(right)
    if room <= 1:
        return cut(left, cells)
    shown = cut(left, room - 1)
    return [*shown, (" " * (room - width(shown)), ""), *right]


def join(parts: Iterable[Line], separator: Span = ("  ", "")) -> Line:
    """Parts side by side."""
    out: Line = []
    for part in parts:
        if not part:
            continue
        if out:
            out.append(separator)
        out.extend(part)
    return out


def wrap(text: str, cells: int) -> list[str]:
    """`text` in lines of at most `cells` cells, broken between words where that can be."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if cell_len(longer) <= cells:
                line = longer
                continue
            if line:
                lines.append(line)
            *whole, line = chop_cells(word, max(cells, 1)) or [""]
            lines += whole
        lines.append(line)
    return lines


def text_of(line: Sequence[Span]) -> str:
    """Its text alone."""
    return "".join(text for text, _ in line)
