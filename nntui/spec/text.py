"""Values as text: typed by the description of their field on the way in, written so that they come back the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from nntui.hooks.params import FieldInfo

NONE: Final = "none"
"""How TOML and flags say None, which TOML cannot write."""

_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})


class FlagText(str):
    """A value as typed on a command line. `typed` gives it a type once the field that it is for is known."""

    __slots__ = ()


def typed(value: Any, field: FieldInfo, schema: Mapping[str, Any]) -> Any:  # plain JSON in, plain JSON out
    """`value` in the type that `field` wants where that can be told; else as it was, for the validation to refuse.

    `schema` is the JSON schema of the params: it knows choices that are numbers.
    """
    if isinstance(value, str) and field.optional and value not in field.choices and _says_none(value, field):
        return None
    return _parsed(str(value), field, schema) if isinstance(value, FlagText) else value


def _says_none(text: str, field: FieldInfo) -> bool:
    return text == NONE or (text == "" and field.kind != "list")


def _parsed(text: str, field: FieldInfo, schema: Mapping[str, Any]) -> Any:
    if text in field.choices:
        return next((word for word in _literals(schema, field.name) if str(word) == text), text)
    if field.kind == "list":
        return _items(text, field.item)
    if field.kind == "other":
        return _json(text, text)
    return _scalar(text, field.kind)


def _scalar(text: str, kind: str) -> Any:
    if kind == "bool":
        word = text.lower()
        return True if word in _TRUE else False if word in _FALSE else text
    if kind not in ("int", "float"):
        return text
    try:
        if kind == "int":
            try:
                return int(text)
            except ValueError:
                number = float(text)  # 1e3 is a whole number too
                return int(number) if number.is_integer() else text
        return float(text)
    except (ValueError, OverflowError):
        return text


def _items(text: str, kind: str) -> Any:
    if text.lstrip().startswith("["):
        return _json(text, text)
    if not text.strip():
        return []
    words = [word.strip() for word in text.split(",")]
    if not words[-1]:  # a trailing comma is no empty item
        words.pop()
    return [_scalar(word, kind) for word in words]


def _json(text: str, otherwise: Any) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return otherwise


def _literals(schema: Mapping[str, Any], name: str) -> list[Any]:
    """The choices of a field in their own types, from the JSON schema of its params."""
    shape = schema.get("properties", {}).get(name, {})
    found: list[Any] = []
    for part in (shape, *shape.get("anyOf", ())):
        found += part.get("enum", ())
        if "const" in part:
            found.append(part["const"])
    return found


def as_text(value: Any, field: FieldInfo) -> str:  # the inverse of `_parsed`, for plain JSON values
    """`value` as a person types it behind a flag; `typed` reads it back the same."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.kind == "list" and isinstance(value, (list, tuple)):
        plain = all(isinstance(item, (int, float, str)) and not isinstance(item, bool) for item in value)
        text = ",".join(str(item) for item in value)
        if plain and _items(text, field.item) == list(value):
            return text
        return json.dumps(list(value))
    if field.kind == "other":
        return json.dumps(value)
    return str(value)
