"""From a `RunSpec` back to a tree of plain values: whole, or only what differs from what would be chosen anyway."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from enum import Enum
from pathlib import PurePath
from typing import Any

from nntui.hooks.contributions import Contribution
from nntui.hooks.discovery import BUILTIN
from nntui.hooks.params import FieldInfo, Params, describe
from nntui.spec.model import SPEC_VERSION, Chosen, RunSpec
from nntui.spec.suggestions import of_chosen, suggested_name, suggestions
from nntui.spec.tables import CHOICES, DEFAULTS, OriginSettings


def chosen_of(spec: RunSpec) -> dict[str, Chosen[Contribution]]:
    """The contributions of a run, by table."""
    return {kind: getattr(spec, kind) for kind in CHOICES}


def settings_of(spec: RunSpec) -> dict[str, Params]:
    """nntui's own settings of a run, by table."""
    return {"data": spec.data_settings, "device": spec.device_settings, "training": spec.training}


def lasting_name(chosen: Chosen[Contribution]) -> str:
    """The name to write down: bare for a built-in, which owns it; else qualified, since another may come to clash."""
    return chosen.name if chosen.qualified == f"{BUILTIN}/{chosen.name}" else chosen.qualified


def plain(value: Any) -> Any:  # whatever a params model holds, as TOML and JSON hold it
    """`value` with tuples and sets as lists, paths and words of an enum as text."""
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (PurePath, datetime.date, datetime.time)):
        return str(value)
    return value


def values_of(params: Params) -> dict[str, Any]:
    """The settings of one model, plain."""
    return {key: plain(value) for key, value in params.model_dump(mode="python").items()}


def tree_of(spec: RunSpec) -> dict[str, Any]:
    """The whole tree, every default filled in, None where nothing is said; `resolve` makes the same spec of it."""
    tree: dict[str, Any] = {"version": SPEC_VERSION}
    settings = settings_of(spec)
    for kind, chosen in chosen_of(spec).items():
        own = values_of(settings[kind]) if kind in settings else {}
        tree[kind] = {"name": lasting_name(chosen), **values_of(chosen.params), **own}
    tree["training"] = values_of(spec.training)
    if spec.origin is not None:
        tree["origin"] = plain(asdict(spec.origin))
    if spec.resolved:
        tree["resolved"] = plain(spec.resolved)
    tree["plugins"] = {item.qualified: f"{item.distribution}=={item.version}" for item in chosen_of(spec).values()}
    return tree


def fields_of(spec: RunSpec, table: str) -> tuple[FieldInfo, ...]:
    """The keys of a table of this run, described; the contribution's own before nntui's."""
    models: list[type[Params]] = []
    if table in CHOICES:
        models.append(type(chosen_of(spec)[table].params))
    if table in (settings := settings_of(spec)):
        models.append(type(settings[table]))
    if table == "origin":
        models.append(OriginSettings)
    return tuple(field for model in models for field in describe(model))


def changes(spec: RunSpec) -> dict[str, Any]:
    """What a person must say to get this run, by dotted key: what no default and no suggestion gives. [resolved] aside.

    Plain values, None for a setting that is emptied.
    """
    chosen = chosen_of(spec)
    candidates = {kind: of_chosen(item) for kind, item in chosen.items()}
    suggested = suggestions(candidates).values
    data = candidates["data"]
    said: dict[str, Any] = {}
    for kind in CHOICES:
        arch = None if kind == "arch" else candidates["arch"]
        name = DEFAULTS[kind] if kind == "data" else suggested_name(kind, data, arch)[0]
        if not candidates[kind].is_called(name) or (kind == "data" and spec.data_settings.path is not None):
            said[f"{kind}.name"] = lasting_name(chosen[kind])
        said |= _differing(kind, chosen[kind].params, suggested)
    for table, model in settings_of(spec).items():
        said |= _differing(table, model, suggested)
    if spec.origin is not None:
        origin = OriginSettings(**asdict(spec.origin))
        said |= _differing("origin", origin, {})
    return said


def _differing(table: str, params: Params, suggested: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, field in type(params).model_fields.items():
        value = plain(getattr(params, name))
        key = f"{table}.{name}"
        default = plain(suggested[key]) if key in suggested else plain(field.get_default(call_default_factory=True))
        # 1 and 1.0 are one setting, 1 and true are two; what has no default is always said.
        if value != default or isinstance(value, bool) != isinstance(default, bool):
            yield key, value
