"""Validation of one table by its model, with pydantic's errors turned into plain sentences."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from nntui.hooks.names import nearest
from nntui.hooks.params import Params

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

P = TypeVar("P", bound=Params)

Report = Callable[[str, str, str], None]
"""(key within the table or "", message, suggestion)"""


def validated(model: type[P], values: Mapping[str, Any], report: Report) -> P | None:
    """`values` (plain JSON) as `model`, or None after every fault was reported.

    Types are checked strictly, as JSON: a number in quotes is no number, 1 is no `true`, but 3 is a fine float and a
    list a fine tuple. One text stands for a list of that text alone.
    """
    values = {
        key: [value] if isinstance(value, str) and _of_texts(model, key) else value for key, value in values.items()
    }
    # Text that is not Unicode comes from undecodable bytes of a command line: neither JSON nor TOML can hold it.
    broken = [key for key, value in values.items() if not _encodable(value)]
    for key in broken:
        report(key, "holds bytes that are not UTF-8", "Rename it, or set the locale to UTF-8")
    large = [key for key, value in values.items() if _too_large(value)]
    for key in large:
        report(key, f"is too large or too small a number: whole ones are at most {_LARGEST}", "")
    if broken or large:
        return None
    try:
        return model.model_validate_json(json.dumps(dict(values), default=str), strict=True)
    except ValidationError as error:
        by_key: dict[str, list[ErrorDetails]] = {}
        for detail in error.errors(include_url=False):
            by_key.setdefault(str(detail["loc"][0]) if detail["loc"] else "", []).append(detail)
        for key, details in by_key.items():
            report(key, *sentence(details, values.get(key)))
        return None
    except Exception as error:  # noqa: BLE001 - a contribution's own validators raised what pydantic does not take in
        message = f"could not be checked: {type(error).__name__}: {error}"
        report("", message, f"That is for the author of {model.__module__}.")
        return None


def _of_texts(model: type[Params], key: str) -> bool:
    field = model.model_fields.get(key)
    return field is not None and field.annotation in (tuple[str, ...], list[str])


def _encodable(value: Any) -> bool:  # anything that was written
    if isinstance(value, (list, tuple)):
        return all(map(_encodable, value))
    try:
        if isinstance(value, str):
            value.encode()
    except UnicodeEncodeError:
        return False
    return True


_LARGEST = 2**63 - 1
"""What TOML promises of a whole number, and the events and tensors that it goes into."""


def _too_large(value: Any) -> bool:  # anything that was written
    if isinstance(value, (list, tuple)):
        return any(map(_too_large, value))
    return isinstance(value, int) and not -_LARGEST <= value <= _LARGEST


def did_you_mean(words: Sequence[str]) -> str:
    """ "Did you mean a or b?", or nothing."""
    return f"Did you mean {' or '.join(words)}?" if words else ""


_BOUNDS: Final = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("greater than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
_KINDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list, such as 32,64",
    "list": "a list, such as 32,64",
    "set": "a list, such as 32,64",
    "dict": "a table",
    "model": "a table",
}

_SEVERAL: Final = {
    "a whole number": "a list of whole numbers, such as 32,64",
    "a number": "a list of numbers, such as 0.5,0.9",
}


def sentence(details: Sequence[ErrorDetails], given: Any) -> tuple[str, str]:  # `given` is whatever was written
    """A message and a suggestion from what pydantic says of one key.

    A field of several types ("a number or auto") has one error for each; a bound that is broken says the most.
    """
    if any(_position(detail) for detail in details):  # pydantic may add that a list of wrong items is too short
        details = [detail for detail in details if detail["type"] != "too_short"]
    bounds = [detail for detail in details if detail["type"] in _BOUNDS]
    if bounds:
        return _one(bounds[0]), ""
    wanted = _wanted(details)
    if wanted is None:
        return "; ".join(dict.fromkeys(_one(detail) for detail in details)), ""
    where, expected, choices, value = wanted
    if where and expected in _SEVERAL and isinstance(given, (list, tuple)) and len(given) == 1:
        return f"must be {_SEVERAL[expected]}, got {show(value)}", ""  # the person wrote no list, but a word
    words = nearest(value, choices) if isinstance(value, str) else []
    listed = bool(where) and isinstance(given, (list, tuple))
    context = f" in {show(given)}" if listed else ""
    return f"{where}must be {expected}, got {show(value)}{context}", did_you_mean(words)


def _wanted(details: Sequence[ErrorDetails]) -> tuple[str, str, list[str], Any] | None:
    """Where, what was expected, the choices among it and what was given, when all errors are of wrong type."""
    expected: list[str] = []
    choices: list[str] = []
    first = details[0]
    for detail in details:
        if detail["type"] == "literal_error":
            words = [word.strip("'") for word in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
            choices += words
            expected += words
            continue
        kind = _KINDS.get(detail["type"].removesuffix("_type").removesuffix("_parsing").removesuffix("_from_float"))
        if kind is None:
            return None
        expected.append(kind)
    distinct = list(dict.fromkeys(expected))
    joined = distinct[0] if len(distinct) == 1 else f"{', '.join(distinct[:-1])} or {distinct[-1]}"
    return _position(first), joined, choices, first["input"]


def _position(detail: ErrorDetails) -> str:
    """ "item 2 " for an error within a list, "key " within a table."""
    inner = [part for part in detail["loc"][1:] if isinstance(part, int)]
    return f"item {inner[0] + 1} " if inner else ""


def _one(detail: ErrorDetails) -> str:
    kind, ctx, where = detail["type"], detail.get("ctx", {}), _position(detail)
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"{where}must be {words} {show(ctx[name])}, got {show(detail['input'])}"
    if kind in ("too_short", "string_too_short"):
        least = ctx["min_length"]
        if kind == "string_too_short":
            return f"{where}must not be empty" if least == 1 else f"{where}must have at least {least} characters"
        return f"{where}must have at least {least} item{'s' if least != 1 else ''}, got {ctx['actual_length']}"
    if kind in ("too_long", "string_too_long"):
        return f"{where}must have at most {ctx['max_length']} items or characters"
    if kind == "missing":
        return "must be given: it has no default"
    if kind == "extra_forbidden":
        return "is no known setting"
    if kind == "finite_number":
        return f"{where}must be a finite number, got {show(detail['input'])}"
    if kind == "value_error":  # raised by a validator of the contribution's own, in its words
        return f"{where}{ctx['error']}, got {show(detail['input'])}" if detail["loc"] else str(ctx["error"])
    message = detail["msg"]
    return f"{where}{message[:1].lower()}{message[1:]}, got {show(detail['input'])}"


def show(value: Any) -> str:
    """A value as a person would write it, cut where it is long."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        text = str(int(value))
    elif isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, (list, tuple)):
        text = "[" + ", ".join(show(item) for item in value) + "]"
    else:
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
