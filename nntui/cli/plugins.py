"""`nntui plugins`: what is installed and how it fares; disable, enable, uninstall."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from nntui.cli.output import echo, echo_json, say, table

if TYPE_CHECKING:
    from nntui.hooks.registry import PluginRow


@click.group(name="plugins", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--refresh", is_flag=True, help="Look at every plugin anew, whatever the index says.")
@click.pass_context
def command(ctx: click.Context, as_json: bool, refresh: bool) -> None:
    """Installed plugins, what each contributes, and what went wrong with one that is not used."""
    if ctx.invoked_subcommand is not None:
        return
    rows = _rows(refresh)
    if as_json:
        echo_json([asdict(row) for row in rows])
        return
    table(
        ("plugin", "distribution", "version", "status", "contributes"),
        [(row.name, row.distribution, row.version, row.status, _contributes(row)) for row in rows],
    )
    for row in rows:
        if row.message:
            echo()
            say(f"{row.name}: {row.message}", lines=True)
            for line in row.advice.splitlines():
                say(f"  {line}")


@command.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """One plugin in full: what it contributes, or its error with the traceback."""
    from nntui.hooks.registry import PLURALS, registry
    from nntui.hooks.settings import find

    chosen = {(found.plugin, found.distribution) for found in find(name)}
    rows = [row for row in registry().plugins() if (row.name, row.distribution) in chosen]
    names = {
        plural: [e.name for e in registry().list(kind) if e.plugin == row.name]
        for row in rows
        for kind, plural in PLURALS.items()
    }
    if as_json:
        echo_json([{**asdict(row), "contributes": names if row.status == "ok" else {}} for row in rows])
        return
    for row in rows:
        echo(f"{row.name}  ({row.distribution} {row.version})  {row.status}")
        if row.message:
            say(row.message, lines=True)
        if row.traceback:
            echo()
            echo(row.traceback.rstrip(), lines=True)
        for plural, given in names.items():
            if given and row.status == "ok":
                say(f"  {plural:<14} {', '.join(given)}", indent=17)
        if row.seconds:
            echo(f"  imported in {row.seconds:.2f} s")
        if row.advice or row.remove:
            echo()
            echo("what to do:")
            for line in dict.fromkeys([*row.advice.splitlines(), *([row.remove] if row.remove else [])]):
                say(f"  {line}")


@command.command()
@click.argument("name")
def disable(name: str) -> None:
    """Use a plugin no more, without removing it. No plugin is imported."""
    from nntui.hooks import settings

    changed = settings.disable(name)
    echo(f"{name} is disabled; nntui plugins enable {name}" if changed else f"{name} was disabled already")


@command.command()
@click.argument("name")
def enable(name: str) -> None:
    """Use a disabled plugin again. No plugin is imported."""
    from nntui.hooks import settings

    echo(f"{name} is enabled" if settings.enable(name) else f"{name} was not disabled")


@command.command()
@click.argument("name")
def uninstall(name: str) -> None:
    """Remove a plugin's distribution. No plugin is imported."""
    from nntui.hooks import settings

    found = settings.uninstall(name)
    echo(f"uninstalled {found.distribution} {found.version}")


def _rows(refresh: bool) -> list[PluginRow]:
    from nntui.hooks.registry import Registry, registry

    return (Registry(fresh=True) if refresh else registry()).plugins()


def _contributes(row: PluginRow) -> str:
    return ", ".join(
        f"{count} {plural if count != 1 else plural.removesuffix('s')}" for plural, count in row.counts.items()
    )
