"""A spec as the command that says it: words for a POSIX shell, that the flags read back the same."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from nntui.hooks.params import FieldInfo
from nntui.spec.model import RunSpec
from nntui.spec.said import Said
from nntui.spec.tables import CHOICES, RECORDED, SETTINGS, SHORT
from nntui.spec.text import as_text
from nntui.spec.tree import changes, fields_of

_SHORT = {key: name for name, key in SHORT.items()}


def spelt(key: str) -> str:
    """A dotted key or a short form as a flag."""
    return f"--{key.replace('_', '-')}"


def flag_of(key: str) -> str:
    """The flag that says a dotted key, short where there is a short form: --lr, --arch, --arch.channels."""
    table, _, name = key.partition(".")
    return f"--{table}" if name == "name" and table in CHOICES else spelt(_SHORT.get(key, key))


def command_line(spec: RunSpec, command: str = "nntui train") -> str:
    """The command that says `spec`: what differs from what would be chosen anyway. The flags read it back the same."""
    words = command.split()
    said = changes(spec)
    path = said.pop("data.path", None)
    if path is not None:  # --data takes a path; which reader it has is then said beside it
        words += [*_flag("--data", str(path)), *_flag("--data.reader", str(said.pop("data.name")))]
    for key, value in said.items():
        table, _, name = key.partition(".")
        if name == "name":
            words += _flag(f"--{table}", str(value))
            continue
        field = next(field for field in fields_of(spec, table) if field.name == name)
        words += _setting(key, value, field)
    return shlex.join(words)


def command_of(said: Said, command: str = "nntui train") -> str:
    """The command that says what was said, right or wrong, in the order in which it stands in the tree."""
    words = command.split()
    for table, values in said.tree.items():
        if table in RECORDED or not (table in CHOICES or table in SETTINGS):
            continue
        for name, value in ({"name": values} if not isinstance(values, Mapping) else values).items():
            if name == "name":
                words += _flag(f"--{table}", str(value))
            else:
                words += _unknown(f"{table}.{name}", value)
    return shlex.join(words)


def _unknown(key: str, value: Any) -> list[str]:
    """A setting of any kind, maybe wrong. In one word: a switch would leave a text as the next for a spec's path."""
    field = FieldInfo(name=key, kind=_kind(value))
    return _setting(key, value, field) if isinstance(value, bool) else [f"{flag_of(key)}={as_text(value, field)}"]


def _kind(value: Any) -> Any:  # any value of a tree in, a kind of `FieldInfo` out
    if isinstance(value, (list, tuple)):
        return "list"
    return "other" if isinstance(value, Mapping) else "str"


def _setting(key: str, value: Any, field: FieldInfo) -> list[str]:
    flag = flag_of(key)
    if isinstance(value, bool) and field.kind in ("bool", "str"):
        return [flag if value else f"--no-{flag.removeprefix('--')}"]
    text = as_text(value, field)
    # A switch takes the next word only where it is "true" or "false".
    return [f"{flag}={text}"] if field.kind == "bool" else _flag(flag, text)


def _flag(flag: str, value: str) -> list[str]:
    return [f"{flag}={value}"] if value.startswith("-") or not value else [flag, value]
