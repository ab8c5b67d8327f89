"""What commands print: tables, JSON, and text from plugins made harmless."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import Any

import click

from nntui.runs.cleaning import clean as clean

_FIGURE = re.compile(r"[-+]?[\d,]*\.?\d*(?:e[-+]?\d+)?%?|nan")
"""A cell that is a number or empty: such columns stand to the right."""


def silence() -> None:
    """Point standard output nowhere, so that the interpreter's last flush does not complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def unread() -> Iterator[None]:
    """Prints, or does not where nobody reads any more (a closed terminal, `| head`, a full disk)."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        silence()


def terminal() -> bool:
    """Whether standard output is one."""
    return sys.stdout.isatty()


def echo(text: str = "", *, lines: bool = False) -> None:
    """Print a line of text, cleaned."""
    click.echo(clean(text, lines=lines))


def say(text: str, *, indent: int | None = None, lines: bool = False, err: bool = False) -> None:
    """Print prose, cleaned: in a terminal between words where it is too long for a line, else as it is.

    indent: where the lines that follow begin; None: two columns in from the first.
    """
    stream = sys.stderr if err else sys.stdout
    told = clean(text, lines=lines)
    click.echo(folded(told, shutil.get_terminal_size().columns, indent) if stream.isatty() else told, err=err)


def folded(text: str, width: int, indent: int | None = None) -> str:
    """`text` in lines of at most `width`; a command that stands alone stays whole, so that it can be copied."""
    done: list[str] = []
    for line in text.split("\n"):
        start = len(line) - len(line.lstrip()) + 2 if indent is None else indent
        if len(line) <= width or width < start + 12 or line.lstrip().startswith("nntui "):
            done.append(line)
        else:
            done += wrap(line, width, subsequent_indent=" " * start, break_on_hyphens=False, break_long_words=False)
    return "\n".join(done)


def echo_json(value: Any) -> None:  # anything that JSON holds
    """Print `value` as JSON, in ASCII: no text of a plugin reaches the terminal as a control character."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, numbers to the right: fitted to the width of a terminal; else aligned text, a row a line."""
    cleaned = [[clean(cell) for cell in row] for row in rows]
    figures = [all(map(_FIGURE.fullmatch, cells)) for cells in zip(*cleaned, strict=True)] or [False] * len(columns)
    if terminal():
        _rich_table(columns, cleaned, figures)
        return
    widths = [max(map(len, cells)) for cells in zip(columns, *cleaned, strict=True)]
    for row in (columns, *cleaned):
        aligned = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, figures, strict=True)
        )
        click.echo("  ".join(aligned).rstrip())


def _rich_table(columns: Sequence[str], rows: list[list[str]], figures: Sequence[bool]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, (column, right) in enumerate(zip(columns, figures, strict=True)):
        first = number == 0 and len(columns) > 1
        drawn.add_column(Text(column), no_wrap=first or right, overflow="fold", justify="right" if right else "left")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(drawn)
