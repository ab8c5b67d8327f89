"""A fitted preprocessor as plain JSON and back: its fields are its state, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

FORMAT = 1

T = TypeVar("T")


def to_plain(state: object) -> dict[str, Any]:
    """The fields of a frozen dataclass, as plain JSON."""
    plain: dict[str, Any] = TypeAdapter(type(state)).dump_python(state, mode="json")
    return {"format": FORMAT, **plain}


def from_plain(kind: type[T], data: Mapping[str, Any]) -> T:
    """The dataclass that `to_plain` wrote. Raises ValueError where it is of a newer nntui, or not one at all."""
    written = data.get("format")
    if written != FORMAT:
        raise ValueError(f"preprocessing of format {FORMAT} was expected, got {written!r}: made by another nntui")
    try:
        return TypeAdapter(kind).validate_python({k: v for k, v in data.items() if k != "format"})
    except ValidationError as error:
        raise ValueError(f"the stored preprocessing is not whole: {error}") from error
