"""What a contribution declares: whether it is well made, and as plain JSON for the index."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_args

from nntui.hooks.contributions import (
    Activation,
    Architecture,
    Contribution,
    Dataset,
    Device,
    Exporter,
    Optimizer,
    Panel,
)
from nntui.hooks.data import InputKind, Modality
from nntui.hooks.names import well_formed
from nntui.hooks.params import NoParams, Params, describe

RESERVED: dict[str, frozenset[str]] = {
    "data": frozenset(
        ("name", "path", "reader", "root", "test", "validation", "split_seed", "group", "time", "limit", "augment")
    ),
    "device": frozenset(("name", "threads")),
}
"""Keys of a table that are the engine's: a contribution's own params may not take these names."""

_AUGMENT = ("none", "light", "standard", "strong")


def fault(item: Any) -> str | None:  # a Contribution, whose fields hold whatever a plugin put there
    """What is wrong with a contribution, in a sentence; None where nothing is."""
    if not well_formed(item.name):
        return f"the name {item.name!r} is not lower-case words joined by hyphens"
    if not isinstance(item.summary, str) or not item.summary.strip():
        return f"{item.name!r} has no summary: one sentence is shown in lists"
    if not (isinstance(item.params, type) and issubclass(item.params, Params)):
        return f"params of {item.name!r} is {item.params!r:.80}: a subclass of nntui.Params was expected"
    taken = RESERVED.get(item.kind, frozenset(("name",))) & set(item.params.model_fields)
    if taken:
        return f"{item.name!r} has a setting called {min(taken)!r}, which is nntui's own in [{item.kind}]"
    if not isinstance(item.defaults, Mapping):
        return f"defaults of {item.name!r} must be a mapping such as {{'training.epochs': 10}}"
    return _target_fault(item) or _kind_fault(item)


def _target_fault(item: Contribution) -> str | None:
    targets: dict[str, object] = {"build": item.build}
    for name in ("probe", "preprocessor", "sniff", "export_form"):
        if getattr(item, name, None) is not None:
            targets[name] = getattr(item, name)
    if isinstance(item, Architecture) and item.source is not None:
        targets["source"] = item.source
    for name, target in targets.items():
        if callable(target):
            continue
        module, colon, attribute = target.partition(":") if isinstance(target, str) else ("", "", "")
        if not (module and colon and attribute):
            return f"{name} of {item.name!r} is {target!r:.80}: a callable or 'module:attribute' was expected"
    return None


def _kind_fault(item: Contribution) -> str | None:
    if isinstance(item, Architecture):
        unknown = sorted(set(item.inputs) - set(get_args(InputKind)))
        if unknown or not item.inputs:
            wrong = repr(unknown[0]) if unknown else "nothing"
            return f"inputs of {item.name!r} has {wrong}: one or more of {', '.join(get_args(InputKind))} was expected"
    if isinstance(item, Dataset):
        if item.modality not in get_args(Modality):
            return (
                f"modality of {item.name!r} is {item.modality!r}: one of {', '.join(get_args(Modality))} was expected"
            )
        if item.augment not in _AUGMENT:
            return f"augment of {item.name!r} is {item.augment!r}: one of {', '.join(_AUGMENT)} was expected"
    if isinstance(item, Panel) and (item.params is not NoParams or item.defaults):
        return f"the panel {item.name!r} has params or defaults: no run names a panel, so nothing could set them"
    if isinstance(item, Exporter):
        return _exporter_fault(item)
    if isinstance(item, Optimizer) and "lr" not in item.params.model_fields:
        return f"the optimizer {item.name!r} has no setting `lr`: its params must have a learning rate"
    return None


def _exporter_fault(item: Any) -> str | None:  # an Exporter, as above
    if not (isinstance(item.suffix, str) and re.fullmatch(r"(\.[A-Za-z0-9]+)+", item.suffix)):
        return f"suffix of {item.name!r} is {item.suffix!r:.80}: a file's ending such as '.onnx' was expected"
    if item.defaults:
        return f"the exporter {item.name!r} has defaults: no run names an exporter, so nothing could hold them"
    taken = {"to", "out", "runs", "force", "json", "help"} & set(item.params.model_fields)
    if taken:
        return f"{item.name!r} has a setting called {min(taken)!r}, which is an option of nntui export"
    if not isinstance(item.requires, Mapping):
        return f"requires of {item.name!r} must be a mapping such as {{'onnx': 'nntui[onnx]'}}"
    return None


def declare(item: Contribution) -> dict[str, Any]:
    """A contribution as the index keeps it. Plain JSON; may raise what pydantic does for a schema it cannot write."""
    return {
        "kind": item.kind,
        "name": item.name,
        "summary": " ".join(item.summary.split()),
        "fields": [plain(asdict(field)) for field in describe(item.params)],
        "schema": plain(item.params.model_json_schema()),
        "defaults": plain(dict(item.defaults)),
        "meta": plain(_facts(item)),
    }


def _facts(item: Contribution) -> dict[str, Any]:
    if isinstance(item, Architecture):
        return {
            "inputs": sorted(item.inputs),
            "refuses": dict(item.refuses),
            "has_source": item.source is not None,
        }
    if isinstance(item, Activation):
        return {"formula": item.formula, "pool_commutes": item.pool_commutes, "has_source": item.source is not None}
    if isinstance(item, Dataset):
        return {
            "modality": item.modality,
            "rows": item.rows,
            "augment": item.augment,
            "licence": item.licence,
            "source": item.source,
            "has_sniff": item.sniff is not None,
        }
    if isinstance(item, Exporter):
        return {"suffix": item.suffix, "requires": dict(item.requires)}
    return {"has_probe": True} if isinstance(item, Device) else {}


def plain(value: Any) -> Any:  # whatever a plugin declared, made into what JSON can hold
    """`value` as strict JSON holds it: tuples and sets as lists, infinities as text, anything else by its text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)
