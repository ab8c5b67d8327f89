"""`nntui spec`: what a run would be, every default filled in. Starts nothing and imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nntui.cli.flags import command_line, spec_command

if TYPE_CHECKING:
    from nntui.spec.said import Said

_HELP = """Print the settings of a run as TOML, every default filled in.

\b
  nntui spec --arch cnn --lr 1e-3 > my.toml
  nntui train my.toml
"""


@spec_command(
    "spec",
    help=_HELP,
    extra_options=[
        click.Option(["--schema"], is_flag=True, help="Print the JSON schema of all specs: editors check with it."),
        click.Option(["--command"], is_flag=True, help="Print the command that starts this run."),
        click.Option(["--json"], is_flag=True, help="Print the settings as JSON."),
    ],
)
def command(said: Said, schema: bool, command: bool, json: bool) -> None:
    from nntui.cli.output import clean, echo_json
    from nntui.hooks.registry import registry

    if sum((schema, command, json)) > 1:
        raise click.UsageError("--schema, --command and --json each print something else: choose one.")
    if schema:
        from nntui.spec.schema import json_schema

        echo_json(json_schema(registry()))
        return
    from nntui.hooks.declared import plain
    from nntui.spec.resolve import resolve_said
    from nntui.spec.toml import environment, provenance_warnings, to_toml
    from nntui.spec.tree import tree_of

    resolution = resolve_said(said, registry())
    for note in (*resolution.notes, *provenance_warnings(said.tree, resolution.spec)):
        click.echo(f"note: {clean(note)}", err=True)
    name = said.tree.get("name", "")
    if command:
        click.echo(command_line(resolution.spec))
    elif json:
        named = {"name": name} if name else {}
        echo_json(plain({**named, **tree_of(resolution.spec), "environment": environment()}))
    else:
        click.echo(to_toml(resolution.spec, name=name), nl=False)
