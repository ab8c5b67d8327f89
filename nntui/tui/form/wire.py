"""What the interface and the process that checks a form say to each other: one JSON object a line.

Python's own JSON: it has the infinities that TOML has, and writes text that is not Unicode. What comes back is held
against the types below.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, TypeAlias

import msgspec

from nntui.hooks.errors import UserError
from nntui.hooks.registry import Entry, Registry
from nntui.spec.errors import SpecError
from nntui.spec.text import FlagText
from nntui.tui.form.form import Checked, Wanted, said_of

MOST_BYTES = 4 << 20
"""Of one message."""

Doing: TypeAlias = Literal["check", "template", "resolve"]
Plain: TypeAlias = dict[str, Any]


class Request(msgspec.Struct, kw_only=True, frozen=True):
    """What is to be done."""

    id: int
    doing: Doing
    said: Plain
    """For check a `Wanted` (`told`); else the tree of a `Said`."""
    places: dict[str, str] = {}
    """For resolve where each was said; for a template what was typed (`typed_in`)."""
    out: dict[str, tuple[str, str]] = {}
    """By qualified name, what is not to be tried again: message and advice."""


class Ready(msgspec.Struct, kw_only=True, frozen=True, tag="ready"):
    """The process takes requests."""


class Loads(msgspec.Struct, kw_only=True, frozen=True, tag="loads"):
    """A contribution is imported or asked now: what happens from here on is its."""

    id: int
    kind: str
    qualified: str


class Found(msgspec.Struct, kw_only=True, frozen=True, tag="found"):
    """A `Checked`; or, for resolve, its tree and entries alone."""

    id: int
    entries: dict[str, str]
    """By kind, qualified names."""
    suggested: Plain = {}
    sources: dict[str, str] = {}
    errors: dict[str, tuple[SpecError, ...]] = {}
    notes: tuple[str, ...] = ()
    tree: Plain | None = None
    data: Plain | None = None
    activation: tuple[str, Plain] | None = None
    command: str = ""
    wanted: Plain | None = None
    """For template: what must be said (`told`)."""


class Refused(msgspec.Struct, kw_only=True, frozen=True, tag="refused"):
    """A person's mistake: what a UserError says."""

    id: int
    message: str
    advice: str = ""


class Raised(msgspec.Struct, kw_only=True, frozen=True, tag="raised"):
    """What it came to that nobody foresaw: "TypeError: ..."."""

    id: int
    message: str


Answer: TypeAlias = Ready | Loads | Found | Refused | Raised


def encode(message: Request | Answer) -> bytes:
    """One line."""
    return json.dumps(message, default=_plain).encode() + b"\n"


def _plain(value: Any) -> Any:  # whatever JSON has no word for
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        return ({"type": tag} if tag else {}) | msgspec.structs.asdict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def read_request(line: bytes) -> Request:
    return msgspec.convert(json.loads(line), Request)


def read_answer(line: bytes) -> Answer:
    """Raises ValueError (msgspec's are such) for what is no answer."""
    answer: Answer = msgspec.convert(json.loads(line), Answer)
    return answer


def told(wanted: Wanted) -> Plain:
    """`wanted` as JSON: what was typed is told apart from a template's values."""
    return {
        "choices": dict(wanted.choices),
        "params": [[kind, owner, _marked(values)] for (kind, owner), values in wanted.params.items()],
        "settings": _marked(wanted.settings),
    }


def wanted_of(plain: Plain) -> Wanted:
    """The inverse of `told`."""
    return Wanted(
        choices=plain["choices"],
        params={(kind, owner): _unmarked(values) for kind, owner, values in plain["params"]},
        settings=_unmarked(plain["settings"]),
    )


def typed_in(tree: Plain) -> dict[str, str]:
    """The keys of a template's tree that were typed as flags, dotted: JSON does not tell them from text."""
    keys: dict[str, str] = {}
    for table, values in tree.items():
        for name, value in values.items() if isinstance(values, Mapping) else ():
            if isinstance(value, FlagText):
                keys[f"{table}.{name}"] = value
    return keys


def typed_again(tree: Plain, keys: Mapping[str, str]) -> Plain:
    """The inverse: a tree that came as JSON, with what was typed."""
    for key in keys:
        table, _, name = key.partition(".")
        tree[table][name] = FlagText(tree[table][name])
    return tree


def _marked(values: Mapping[str, Any]) -> dict[str, tuple[bool, Any]]:
    return {key: (isinstance(value, FlagText), value) for key, value in values.items()}


def _unmarked(values: Mapping[str, tuple[bool, Any]]) -> Plain:
    return {key: FlagText(value) if typed else value for key, (typed, value) in values.items()}


def found(id: int, checked: Checked, wanted: Wanted | None = None) -> Found:
    """`checked` as an answer."""
    return Found(
        id=id,
        entries={kind: entry.qualified for kind, entry in checked.entries.items()},
        suggested=dict(checked.suggested),
        sources=dict(checked.sources),
        errors=dict(checked.errors),
        notes=checked.notes,
        tree=None if checked.tree is None else dict(checked.tree),
        data=None if checked.data is None else dict(checked.data),
        activation=None if checked.activation is None else (checked.activation[0], dict(checked.activation[1])),
        command=checked.command,
        wanted=None if wanted is None else told(wanted),
    )


def checked_of(answer: Found, wanted: Wanted, registry: Registry) -> Checked:
    """The inverse of `found`."""
    entries = entries_of(answer, registry)
    return Checked(
        wanted=wanted,
        said=said_of(wanted, entries),
        entries=entries,
        suggested=answer.suggested,
        sources=answer.sources,
        errors=answer.errors,
        notes=answer.notes,
        tree=answer.tree,
        data=answer.data,
        activation=answer.activation,
        command=answer.command,
    )


def entries_of(answer: Found, registry: Registry) -> dict[str, Entry]:
    """The contributions that an answer names, as this process knows them; one that was installed since is missing."""
    entries: dict[str, Entry] = {}
    for kind, qualified in answer.entries.items():
        with suppress(UserError):
            entries[kind] = registry.find(kind, qualified)
    return entries
