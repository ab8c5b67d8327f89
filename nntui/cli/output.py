"""What commands print: tables, JSON, and text from plugins made harmless."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import click

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


def terminal() -> bool:
    """Whether standard output is one."""
    return sys.stdout.isatty()


def echo(text: str = "", *, lines: bool = False) -> None:
    """Print a line of text, cleaned."""
    click.echo(clean(text, lines=lines))


def echo_json(value: Any) -> None:  # anything that JSON holds
    """Print `value` as JSON, in ASCII: no text of a plugin reaches the terminal as a control character."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: fitted to the width of a terminal; else aligned text, whole, a row a line."""
    cleaned = [[clean(cell) for cell in row] for row in rows]
    if terminal():
        _rich_table(columns, cleaned)
        return
    widths = [max(map(len, cells)) for cells in zip(columns, *cleaned, strict=True)]
    for row in (columns, *cleaned):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _rich_table(columns: Sequence[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, column in enumerate(columns):
        last = number == len(columns) - 1
        drawn.add_column(Text(column), no_wrap=not last and len(columns) > 1 and number == 0, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(drawn)
