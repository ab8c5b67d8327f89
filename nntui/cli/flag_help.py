"""`--help` of a command that takes a spec: the flags of what is chosen, from the index alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nntui.cli.flags import spelt
from nntui.cli.output import clean
from nntui.hooks.params import FieldInfo
from nntui.spec.choosing import Choosing, Faults, choose
from nntui.spec.tables import CHOICES, NOUNS, SHORT, settings_fields
from nntui.spec.text import NONE, as_text

if TYPE_CHECKING:
    from nntui.hooks.registry import Registry
    from nntui.spec.said import Said

Rows = list[tuple[str, str]]

_METAVARS = {"int": "INT", "float": "NUMBER", "str": "TEXT", "choice": "NAME", "list": "A,B,...", "other": "JSON"}
_SHORT = {key: name for name, key in SHORT.items()}
_TITLES = {kind: NOUNS[kind][:1].upper() + NOUNS[kind][1:] for kind in CHOICES}


def sections(said: Said, registry: Registry) -> list[tuple[str, Rows]]:
    """Titles and rows for click: what can be chosen, then the settings of what is, then those of training."""
    choosing = choose(said.tree, registry, Faults(said.places))
    found = [("What to choose", _choices(choosing, registry))]
    for kind in CHOICES:
        entry = choosing.entries.get(kind)
        rows: Rows = []
        if entry is not None:
            rows += _rows(kind, entry.fields, choosing)
        rows += _rows(kind, settings_fields(kind).values(), choosing)
        if rows:
            title = f"{_TITLES[kind]} {entry.name}" if entry is not None else _TITLES[kind]
            found.append((clean(title), rows))
    found.append(("Training", _rows("training", settings_fields("training").values(), choosing)))
    return found


def _choices(choosing: Choosing, registry: Registry) -> Rows:
    rows: Rows = []
    for kind in CHOICES:
        names = ", ".join(entry.name for entry in registry.list(kind))
        chosen = choosing.entries.get(kind)
        default = f" [{chosen.name}]" if chosen is not None else ""
        path = "; or the path of your own files" if kind == "data" else ""
        rows.append((f"--{kind} NAME", clean(f"{_TITLES[kind]}: {names}{path}{default}")))
    return rows


def _rows(table: str, fields: Iterable[FieldInfo], choosing: Choosing) -> Rows:
    return [_row(table, field, choosing) for field in fields]


def _row(table: str, field: FieldInfo, choosing: Choosing) -> tuple[str, str]:
    key = f"{table}.{field.name}"
    flag = spelt(key)
    if field.kind == "bool":
        flag = f"{flag} / --no-{flag.removeprefix('--')}"
    else:
        flag = f"{flag} {'|'.join(field.choices) if field.kind == 'choice' else _METAVARS[field.kind]}"
    if key in _SHORT:
        flag = f"{spelt(_SHORT[key])}, {flag}"
    parts = [part for part in (_bounds(field), _default(key, field, choosing)) if part]
    unit = f" ({field.unit})" if field.unit else ""
    return clean(flag), clean(f"{field.help}{unit}" + (f" [{'; '.join(parts)}]" if parts else ""))


def _bounds(field: FieldInfo) -> str:
    low = f">= {field.ge:g}" if field.ge is not None else f"> {field.gt:g}" if field.gt is not None else ""
    high = f"<= {field.le:g}" if field.le is not None else f"< {field.lt:g}" if field.lt is not None else ""
    words = ", ".join(part for part in (low, high) if part)
    also = " or ".join(field.choices) if field.choices and field.kind != "choice" else ""
    return f"{words} or {also}" if words and also else words or (f"or {also}" if also else "")


def _default(key: str, field: FieldInfo, choosing: Choosing) -> str:
    """What holds when nothing is said: a suggestion goes before the field's own default."""
    suggested = choosing.suggested.values
    if key in suggested:
        return f"{_shown(suggested[key], field)}, as {choosing.suggested.sources[key]} suggests"
    if field.required:
        return "must be given"
    return _shown(field.default, field)


def _shown(value: Any, field: FieldInfo) -> str:  # a plain value of any setting
    if value is None:
        return NONE
    if isinstance(value, float):
        return f"{value:g}"
    return as_text(value, field) or '""'
