"""A spec as the command that says it: words for a POSIX shell, that the flags read back the same."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nntui.hooks.params import FieldInfo
from nntui.spec.model import RunSpec
from nntui.spec.said import Said
from nntui.spec.tables import CHOICES, RECORDED, SETTINGS, SHORT, plain_key, settings_fields
from nntui.spec.text import as_text
from nntui.spec.tree import changes, fields_of

if TYPE_CHECKING:
    from nntui.hooks.registry import Entry

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


def command_of(said: Said, entries: Mapping[str, Entry], command: str = "nntui train") -> str:
    """The command that says what was said, right or wrong, in the order in which it stands in the tree.

    `entries` are the contributions that it names, by table, as far as there are such.
    """
    words = command.split()
    for table, values in said.tree.items():
        if table in RECORDED or not (table in CHOICES or table in SETTINGS):
            continue
        own = {field.name: field for field in entries[table].fields} if table in entries else {}
        fields = {**own, **settings_fields(table)}
        for name, value in ({"name": values} if not isinstance(values, Mapping) else values).items():
            if name == "name":
                words += _flag(f"--{table}", str(value))
            else:
                words += _unchecked(f"{table}.{name}", value, fields.get(plain_key(name)))
    return shlex.join(words)


def _unchecked(key: str, value: Any, field: FieldInfo | None) -> list[str]:
    """A setting whose value may be of another kind than its field takes, or that there is no field for."""
    held = FieldInfo(name=key, kind=_kind(value))
    if isinstance(value, bool):
        return _setting(key, value, held)
    text = as_text(value, held)
    # In one word where it may be a switch, which would leave its text as the next for a spec's path.
    return [f"{flag_of(key)}={text}"] if field is None or field.kind == "bool" else _flag(flag_of(key), text)


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
