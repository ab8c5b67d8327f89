"""`nntui settings`: where a person's settings are, what they say, and a file to begin with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from nntui.cli.output import echo, echo_json, say, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
        path = write_first(bindings=bindings())
        echo(f"wrote {path}")
        return 0
    loaded = load_settings()
    problems = [*loaded.problems, *unknown_keys(loaded)]
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


def unknown_keys(loaded: Loaded) -> Iterator[str]:
    """Keys that are given to no binding."""
    from nntui.hooks.names import close_to

    if not loaded.settings.keys:
        return
    known = bindings()
    for name in loaded.settings.keys:
        if name not in known:
            line = loaded.said.get(f"keys.{name}")
            near = close_to(name, known)
            meant = f"did you mean {' or '.join(near)}?" if near else "nntui settings --init names them all"
            yield (
                f"{loaded.path}" + (f" line {line}" if line else "") + f": keys: there is no binding {name!r}; {meant}"
            )


def bindings() -> Mapping[str, tuple[str, str]]:
    """Every binding of the interface that has an id: its keys, and what it does."""
    from importlib import import_module
    from pkgutil import walk_packages

    from textual.binding import Binding

    import nntui.tui

    found: dict[str, tuple[str, str]] = {}
    for module in walk_packages(nntui.tui.__path__, "nntui.tui."):
        for owner in vars(import_module(module.name)).values():
            for binding in getattr(owner, "BINDINGS", ()) if isinstance(owner, type) else ():
                if isinstance(binding, Binding) and binding.id and str(owner.__module__).startswith("nntui."):
                    found[binding.id] = (binding.key, binding.tooltip or binding.description)
    return dict(sorted(found.items()))
