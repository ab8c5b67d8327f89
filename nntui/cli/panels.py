"""`nntui panels`: the list, `show NAME`, and `draw NAME RUN`, which draws one in the terminal as it stands."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

from nntui.cli.contributions import panels as command
from nntui.cli.output import echo, terminal

if TYPE_CHECKING:
    from nntui.tui.draw.text import Line

__all__ = ["command"]

_LONG = 500
"""Lines: all that a panel may draw."""


@command.command()
@click.argument("name")
@click.argument("run", required=False)
@click.option("--runs", help="Folder of all runs.")
@click.option("--width", type=click.IntRange(1, 1000), help="Cells; the terminal's width where it is left out.")
@click.option("--height", type=click.IntRange(1, _LONG), help="Lines that the panel is told it has.")
def draw(name: str, run: str | None, runs: str | None, width: int | None, height: int | None) -> None:
    """Draw a panel of a run once, here (the newest run where none is named).

    For whoever writes one: an error is told with its traceback, and what the panel prints is seen. It is drawn in
    this process and without the time limit that it has in the interface.
    """
    from nntui.hooks.contributions import Space
    from nntui.hooks.errors import UserError
    from nntui.hooks.isolation import PluginFailure, guard
    from nntui.hooks.registry import registry
    from nntui.runs.attach import load_state
    from nntui.runs.folder import find_run, runs_root
    from nntui.tui.draw.charset import detect
    from nntui.tui.plugin_panels.drawing import drawn
    from nntui.tui.plugin_panels.host import load

    panel = registry().find("panel", name).qualified
    state = load_state(find_run(run, runs_root(runs)))
    size = shutil.get_terminal_size()
    charset = detect(os.environ, sys.stdout.encoding).name
    space = Space(
        width=width or size.columns,
        height=height or max(size.lines - 1, 1),
        charset=charset,
        colours="NO_COLOR" not in os.environ,
    )
    try:
        function = load(panel)
        with guard("while drawing"):
            lines = drawn(function(state), space)
    except PluginFailure as failure:
        if os.environ.get("NNTUI_STRICT_PLUGINS", "0") not in ("", "0") and failure.__cause__ is not None:
            raise failure.__cause__ from None
        trace = f"\n{failure.trace.rstrip()}" if failure.trace else ""
        raise UserError(f"{panel} {failure.message}{trace}", advice=failure.advice) from failure
    if lines:
        _print(lines)
    else:
        echo(f"{panel} has nothing to show yet")


def _print(lines: list[Line]) -> None:
    """With the colours of the interface in a terminal, and as text elsewhere."""
    if not terminal():
        for line in lines:
            echo("".join(text for text, _ in line).rstrip())
        return
    from rich.console import Console
    from rich.text import Text

    from nntui.tui.palette import DARK, Palette

    style = Palette.of(DARK).style
    console = Console(highlight=False)
    for line in lines:
        console.print(Text.assemble(*((text, style(words)) for text, words in line)), soft_wrap=True)
