"""The tables of a spec: what each may hold, what is chosen when nothing is said, and the short forms."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal

from nntui.hooks.contributions import KINDS
from nntui.hooks.params import FieldInfo, Params, describe, param
from nntui.spec.model import DataSettings, DeviceSettings, TrainingSettings

CHOICES: Final = ("data", "arch", "activation", "optimizer", "schedule", "device")
"""Tables that name a contribution, in the order in which a person thinks of them."""

DEFAULTS: Final[Mapping[str, str]] = {
    "data": "digits",
    "arch": "ffn",
    "activation": "relu",
    "optimizer": "adamw",
    "schedule": "one-cycle",
    "device": "auto",
}
"""What is chosen when neither a person nor a contribution says otherwise."""

NOUNS: Final[Mapping[str, str]] = {
    "data": "data set",
    "arch": "architecture",
    "activation": "activation",
    "optimizer": "optimizer",
    "schedule": "schedule",
    "device": "device",
}

PLURALS: Final[Mapping[str, str]] = {kind.kind: kind.plural for kind in KINDS}
"""The command that lists each kind."""

SHORT: Final[Mapping[str, str]] = {
    "epochs": "training.epochs",
    "batch_size": "training.batch_size",
    "lr": "optimizer.lr",
    "seed": "training.seed",
    "precision": "training.precision",
    "threads": "device.threads",
}
"""Short forms of flags and of keywords in Python, and what they stand for."""

RECORDED: Final = ("resolved", "plugins", "environment")
"""Tables that nntui writes and does not check key by key."""


class OriginSettings(Params):
    """The table [origin]: see `nntui.spec.model.Origin`."""

    parent: str = param(help="Folder of the run whose weights are taken")
    at: str = param("best", min_length=1, help="Its checkpoint: a step, best or last")
    weights_only: bool = param(False, help="Take the weights alone (--init-from); false: a fork, which goes on")
    step: int = param(0, ge=0, help="For a fork: the step of the checkpoint")
    rate_changed: bool = param(False, help="For a fork: the learning rate was said anew, the parent's ends here")
    commands: tuple[tuple[int, str, float], ...] = param(
        (), help="For a replay: step, command and value of what the other run was told"
    )
    stop_at: int | None = param(None, ge=0, help="For a replay: the step at which the other run was stopped")


SETTINGS: Final[Mapping[str, type[Params]]] = {
    "data": DataSettings,
    "device": DeviceSettings,
    "training": TrainingSettings,
    "origin": OriginSettings,
}
"""Tables with keys of nntui's own. In [data] and [device] a contribution's params stand beside them."""

TABLES: Final = (*CHOICES, "training", "origin", *RECORDED)
SCALARS: Final[Mapping[str, Literal["int", "str"]]] = {"version": "int", "name": "str"}
"""Keys above the first table."""


@cache
def settings_fields(table: str) -> Mapping[str, FieldInfo]:
    """nntui's own keys of a table, described."""
    model = SETTINGS.get(table)
    return {} if model is None else {field.name: field for field in describe(model)}


@cache
def settings_schema(table: str) -> Mapping[str, Any]:
    """JSON schema of nntui's own keys of a table."""
    return SETTINGS[table].model_json_schema()


def plain_key(key: str) -> str:
    """A key as the models spell it: words may be joined by hyphens or underscores."""
    return key.replace("-", "_")


def from_keywords(settings: Mapping[str, Any]) -> dict[str, Any]:  # values are whatever a setting takes
    """The tree of a spec from keywords in Python.

    >>> from_keywords({"data": "digits", "arch": {"name": "cnn", "channels": [8]}, "epochs": 5})
    {'data': {'name': 'digits'}, 'arch': {'name': 'cnn', 'channels': [8]}, 'training': {'epochs': 5}}

    A short form ("lr"), a dotted name ("optimizer.lr") and a table mean the same; the later goes before.
    """
    tree: dict[str, Any] = {}
    for key, value in settings.items():
        dotted = SHORT.get(plain_key(key), key)
        table, dot, rest = dotted.partition(".")
        if dot:
            tree.setdefault(table, {})[rest] = value
        elif table in CHOICES and isinstance(value, str):
            tree.setdefault(table, {})["name"] = value
        elif isinstance(value, Mapping):
            tree.setdefault(table, {}).update(value)
        else:
            tree[table] = value
    return tree
