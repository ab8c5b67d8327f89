"""`nntui data`: what data would be taken for, before anything is trained on it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from nntui.cli.flags import POSITIONAL, spec_command

if TYPE_CHECKING:
    from nntui.runs.jobs import Described
    from nntui.spec.said import Said
    from nntui.tui.draw.text import Line

_HELP = """Show what data is taken for and why: rows, columns or classes, splits, examples, and what looks wrong.

\b
  nntui data ./pets
  nntui data sales.csv --data.target price --data.drop id
  nntui data digits

DATA is the path of your own files, or the name of a data set. The flags of [data] correct what was guessed; the same
ones go to nntui train. Nothing is downloaded, and nothing written but what is decoded, to the cache.
"""


@spec_command(
    "data", help=_HELP, extra_options=[click.Option(["--json"], is_flag=True, help="Print everything as JSON.")]
)
def command(said: Said, json: bool) -> None:
    from nntui.cli.output import echo_json

    found = _described(said, click.get_current_context().meta[POSITIONAL])
    if json:
        echo_json(_plain(found))
        return
    _print(found)


command.positional = "DATA"


def _described(said: Said, typed: str) -> Described:
    """Raises UserError."""
    from nntui.engine.jobs.describe import describe
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve_said
    from nntui.spec.said import Said as Words
    from nntui.spec.toml import toml_of
    from nntui.spec.tree import tree_of

    tree: dict[str, Any] = {table: dict(values) for table, values in said.tree.items()}
    places = dict(said.places)
    if typed:
        tree.setdefault("data", {}).setdefault("name", typed)
        places.setdefault("data.name", typed)
    # The network has no say here; one that takes every kind of data stands in for whatever will be chosen.
    words = Words(tree={"data": tree.get("data", {})}, places=places, errors=said.errors)
    resolution = resolve_said(words, registry())
    told = tree_of(resolution.spec)
    found = describe(toml_of({"version": told["version"], "data": told["data"]}, {}, comments=False, surroundings={}))
    import msgspec

    return msgspec.structs.replace(found, notes=list(resolution.notes))


def _plain(found: Described) -> dict[str, Any]:
    """As JSON; pictures are left out, whose pixels nobody reads there."""
    import msgspec

    told: dict[str, Any] = msgspec.to_builtins(found)
    for example in told.get("examples", ()):
        example.pop("picture", None)
    return {key: value for key, value in told.items() if key not in ("id", "more", "answer")}


def _print(found: Described) -> None:
    import shutil
    import sys

    from nntui.cli.output import say, terminal
    from nntui.tui.draw.charset import detect
    from nntui.tui.draw.describe import describe_lines

    for note in found.notes:
        say(note)
    cells = min(shutil.get_terminal_size().columns, 120) if terminal() else 100
    charset = detect(dict(os.environ), sys.stdout.encoding)
    title = found.path or found.name
    say(f"{title}: {found.modality}")
    colours = terminal() and not os.environ.get("NO_COLOR")
    lines = describe_lines(found, cells, charset, colours=colours)
    if colours:
        _print_coloured(lines)
    else:
        for line in lines:
            click.echo("".join(text for text, _ in line).rstrip())


_STYLES = {
    "accent": "cyan", "title": "bold", "strong": "bold", "muted": "dim", "train": "yellow", "validation": "cyan",
    "test": "magenta", "best": "bold yellow", "bad": "red", "warning": "yellow", "good": "green", "c2": "cyan",
    "axis": "dim",
}  # fmt: skip
"""Meanings as a terminal's own sixteen colours have them."""


def _print_coloured(lines: list[Line]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for line in lines:
        text = Text(end="")
        for part, style in line:
            own = style.startswith("#")  # a picture's own colours
            text.append(part, style if own else " ".join(_STYLES[word] for word in style.split() if word in _STYLES))
        console.print(text, no_wrap=True, overflow="crop", soft_wrap=True)
