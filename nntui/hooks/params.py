"""`Params`: the settings of a contribution, and one neutral description of their fields.

The form, the flags, the TOML table, `--help` and the JSON schema are all made from `describe`.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticUndefined


class Params(BaseModel):
    """Base of every contribution's settings: frozen, unknown names refused, numbers finite."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        ser_json_inf_nan="strings",
        validate_default=True,
    )


class NoParams(Params):
    """Nothing to set."""


def param(
    default: Any = ...,  # whatever the field's own type admits; pydantic checks it
    *,
    help: str,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    min_length: int | None = None,
    unit: str = "",
    advanced: bool = False,
    infinite: bool = False,
) -> Any:  # pydantic's Field is typed so too: the annotation of the attribute is the type
    """One setting: its default, its bounds and a sentence of help.

    `unit` is shown behind the value ("s", "Hz"); `advanced` folds the field away in forms; `infinite` lets a number be
    infinite, where that means something.
    """
    extra: dict[str, Any] = {}
    if unit:
        extra["unit"] = unit
    if advanced:
        extra["advanced"] = True
    return Field(
        default,
        description=help,
        ge=ge,
        gt=gt,
        le=le,
        lt=lt,
        min_length=min_length,
        allow_inf_nan=True if infinite else None,
        json_schema_extra=extra or None,
    )


@dataclass(frozen=True, kw_only=True)
class FieldInfo:
    """One field of a `Params`, described without pydantic (JSON in an index, a row in a form, a flag)."""

    name: str
    kind: Literal["bool", "int", "float", "str", "choice", "list", "other"]
    item: Literal["int", "float", "str", ""] = ""
    """For a list: what it is a list of."""
    optional: bool = False
    """Whether the field may be left empty (None)."""
    required: bool = False
    default: Any = None  # plain JSON
    choices: tuple[str, ...] = ()
    help: str = ""
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    unit: str = ""
    advanced: bool = False


_SCALARS: dict[type, Literal["bool", "int", "float", "str"]] = {bool: "bool", int: "int", float: "float", str: "str"}


def _shape(annotation: Any) -> dict[str, Any]:
    """What kind of field an annotation makes."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        inner = [a for a in get_args(annotation) if a is not type(None)]
        optional = len(inner) < len(get_args(annotation))
        if len(inner) == 1:
            return {**_shape(inner[0]), "optional": optional}
        literals = [a for a in inner if get_origin(a) is Literal]
        if literals:  # e.g. float | Literal["auto"]: typed by its value, the words are offered
            others = [_SCALARS[a] for a in inner if a in _SCALARS]
            words = tuple(str(w) for a in literals for w in get_args(a))
            return {"kind": others[0] if others else "choice", "choices": words, "optional": optional}
        scalars = [_SCALARS[a] for a in map(_bare, inner) if a in _SCALARS]
        if len(scalars) == len(inner):  # e.g. float | str, a share or a path: what is no number is text
            return {"kind": scalars[0], "optional": optional}
        return {"kind": "other", "optional": optional}
    if origin is Literal:
        return {"kind": "choice", "choices": tuple(str(a) for a in get_args(annotation))}
    if origin in (list, tuple):
        inner = [a for a in get_args(annotation) if a is not Ellipsis]
        item = _SCALARS.get(inner[0]) if inner else "str"
        return {"kind": "list", "item": item if item in ("int", "float", "str") else "str"}
    if annotation in _SCALARS:
        return {"kind": _SCALARS[annotation]}
    return {"kind": "other"}


def _bare(annotation: Any) -> Any:
    """An annotation without its bounds."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _bounds(annotation: Any) -> list[Any]:
    """Bounds within a union: of a number that may also be a word."""
    parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ()
    metas = [meta for part in parts if get_origin(part) is Annotated for meta in get_args(part)[1:]]
    return [inner for meta in metas for inner in getattr(meta, "metadata", [meta])]


def describe(params: type[BaseModel]) -> tuple[FieldInfo, ...]:
    """The fields of `params`, in order, as plain data."""
    fields = []
    for name, field in params.model_fields.items():
        bounds = {
            key: getattr(meta, key)
            for meta in (*field.metadata, *_bounds(field.annotation))
            for key in ("ge", "gt", "le", "lt")
            if getattr(meta, key, None) is not None
        }
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        default = field.get_default(call_default_factory=True)
        if default is PydanticUndefined:
            default = None
        fields.append(
            FieldInfo(
                name=name,
                help=field.description or "",
                required=field.is_required(),
                default=list(default) if isinstance(default, tuple) else default,
                unit=str(extra.get("unit", "")),
                advanced=bool(extra.get("advanced", False)),
                **_shape(field.annotation),
                **bounds,
            )
        )
    return tuple(fields)
