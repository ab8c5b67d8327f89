"""What a run's run.toml says of it, as far as a screen shows it: read as it is, nothing is resolved or imported."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder

_NONE = "none"
"""A setting left empty in run.toml."""


@dataclass(frozen=True)
class Facts:
    """Names of what was chosen; "" where it is not known."""

    name: str
    data: str = ""
    arch: str = ""
    activation: str = ""
    optimizer: str = ""
    schedule: str = ""
    device: str = ""
    parent: str = ""
    """The run that this one was forked from."""


def read_facts(folder: RunFolder) -> Facts:
    """The facts of a run, as far as its run.toml can be read."""
    try:
        tree = tomllib.loads(folder.run_toml.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Facts(folder.name)
    return Facts(
        name=folder.name,
        data=_path(tree.get("data")) or _named(tree.get("data")),
        arch=_named(tree.get("arch")),
        activation=_named(tree.get("activation")),
        optimizer=_named(tree.get("optimizer")),
        schedule=_named(tree.get("schedule")),
        device=_text(tree.get("resolved"), "device") or _named(tree.get("device")),
        parent=PurePath(_text(tree.get("origin"), "parent")).name,
    )


def _named(table: object) -> str:
    return table if isinstance(table, str) else _text(table, "name")


def _path(table: object) -> str:
    return _text(table, "path")


def _text(table: object, key: str) -> str:
    found = table.get(key) if isinstance(table, dict) else None
    return found if isinstance(found, str) and found != _NONE else ""
