"""What a person said of a run, through whichever door, before it is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nntui.spec.errors import SpecError
from nntui.spec.tables import CHOICES, plain_key, settings_fields


@dataclass(frozen=True, kw_only=True)
class Said:
    """A spec as said: `resolve` makes a `RunSpec` of it."""

    tree: Mapping[str, Any] = field(default_factory=dict)
    """Tables and keys; values as TOML or Python has them, or `FlagText` from a command line."""
    places: Mapping[str, str] = field(default_factory=dict)
    """For a dotted key, where it was said: "--lr", "spec.toml line 7"."""
    file: Path | None = None
    """The TOML file, where there is one."""
    errors: tuple[SpecError, ...] = ()
    """What was wrong already; told together with what resolving finds."""


_SAYS_WHERE = frozenset({"path", "reader"})

_CHOSEN_FOR = {
    "data": None,
    "arch": None,
    "device": None,
    "training": frozenset({"batch_size", "precision", "feed", "channels_last", "loss", "metric"}),
}
"""What the engine's choices in [resolved] were made for: tables, or keys of one."""


def overlaid(base: Said, over: Said) -> Said:
    """`over` said on top of `base`, such as flags on top of a file.

    Where `over` names another contribution, what `base` said of the old one's own params no longer holds; keys that
    are nntui's own (`data.test`, `device.threads`) do. Nor does [resolved] where `over` says something of what it was
    chosen for: the threads of a small network are not those of a large one.
    """
    tree: dict[str, Any] = {k: dict(v) if isinstance(v, Mapping) else v for k, v in base.tree.items()}
    places = dict(base.places)
    for table, said in over.tree.items():
        if not isinstance(said, Mapping):
            tree[table] = said
            continue
        old = tree.get(table, {})
        if isinstance(old, str) and table in CHOICES:  # arch = "cnn" is short for arch.name
            old = {"name": old}
            places.setdefault(f"{table}.name", places.get(table, table))
        kept = dict(old) if isinstance(old, Mapping) else {}
        if table in CHOICES and "name" in said and said["name"] != kept.get("name"):
            own = settings_fields(table).keys() - _SAYS_WHERE
            kept = {key: value for key, value in kept.items() if plain_key(key) in own}
        tree[table] = {**kept, **said}
    if any(_chosen_for(table, said) for table, said in over.tree.items()) and "resolved" not in over.tree:
        tree.pop("resolved", None)
    places.update(over.places)
    return Said(tree=tree, places=places, file=base.file or over.file, errors=(*base.errors, *over.errors))


def _chosen_for(table: str, said: Any) -> bool:  # a table, or anything that a spec has wrong
    if table not in _CHOSEN_FOR:
        return False
    keys = _CHOSEN_FOR[table]
    return keys is None or (isinstance(said, Mapping) and any(plain_key(key) in keys for key in said))
