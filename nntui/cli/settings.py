"""`nntui settings`: where a person's settings are, what they say, and a file to begin with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from nntui.cli.output import echo, echo_json, say, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nntui.runs.settings import Loaded


@click.command(name="settings")
@click.option("--init", is_flag=True, help="Write the file, with every setting and what it does, to be edited.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(init: bool, as_json: bool) -> int:
    """Your settings: colours, characters, keys, what is started when a run ends.

    Exit code 1 where the file has faults; defaults stand in for what they concern.
    """
    from nntui.runs.settings import load_settings, write_first

    if init:
        from nntui.tui.keymap import bindings

        path = write_first(bindings=bindings())
        echo(f"wrote {path}")
        return 0
    loaded = load_settings()
    problems = [*loaded.problems, *key_problems(loaded)]
    if as_json:
        echo_json(
            {"path": str(loaded.path), "exists": loaded.exists, "settings": _values(loaded), "problems": problems}
        )
    else:
        _print(loaded, problems)
    return 1 if problems else 0


def _values(loaded: Loaded) -> dict[str, Any]:  # plain JSON
    from nntui.runs.settings import described

    values = {setting.name: getattr(loaded.settings, setting.name) for setting in described()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _print(loaded: Loaded, problems: list[str]) -> None:
    from nntui.runs.settings import described

    echo(f"{loaded.path}" + ("" if loaded.exists else "  (not there: nntui settings --init writes it)"))
    echo()
    values = _values(loaded)
    table(
        ("setting", "value", "from", "what it does"),
        [
            (s.name, json.dumps(values[s.name], ensure_ascii=False), _source(loaded, s.name), s.help)
            for s in described()
        ],
    )
    for problem in problems:
        say(f"warning: {problem}", err=True)


def _source(loaded: Loaded, name: str) -> str:
    faulty = any(f": {name} " in problem for problem in loaded.problems)
    return f"line {loaded.said[name]}" if name in loaded.said and not faulty else "default"


def key_problems(loaded: Loaded) -> Iterator[str]:
    """Keys that are given to no binding, and keys that one binding would take from another."""
    if not loaded.settings.keys:
        return
    from nntui.hooks.names import close_to
    from nntui.tui.keymap import bindings, collisions

    known = bindings()
    for name in loaded.settings.keys:
        if name not in known:
            near = close_to(name, known)
            meant = f"did you mean {' or '.join(near)}?" if near else "nntui settings --init names them all"
            yield f"{_place(loaded, name)}: keys: there is no binding {name!r}; {meant}"
    for name, key, other in collisions(loaded.settings.keys):
        yield f"{_place(loaded, name)}: keys: {key} is {other}'s too: give that another key"


def _place(loaded: Loaded, name: str) -> str:
    """The file, and the line that gives a binding its keys."""
    line = loaded.said.get(f"keys.{name}")
    return f"{loaded.path}" + (f" line {line}" if line else "")
