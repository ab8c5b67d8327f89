"""The settings of a person's own table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from pydantic import create_model, model_validator

from nntui import Params, param

Kind = Literal["number", "category", "date", "yes/no", "text", "identifier"]
"""What a column may be taken for."""
KINDS: tuple[str, ...] = get_args(Kind)


class _Table(Params):
    target: tuple[str, ...] = param((), help="Column that is told, or several; empty: found out")
    features: tuple[str, ...] = param((), help="Columns that it is told from; empty: all others that tell something")
    drop: tuple[str, ...] = param((), help="Columns that are left out")
    split: str | None = param(None, help="Column that says of each row: train, validation or test")
    words: int = param(256, ge=0, le=10_000, advanced=True, help="Words of a text column that are looked for, at most")
    bins: int = param(
        16, ge=1, le=256, advanced=True, help="Pieces of a number's range; a value each where twice as many are enough"
    )

    @model_validator(mode="after")
    def _checked(self) -> _Table:
        for item in getattr(self, "as"):
            name, equals, kind = item.rpartition("=")
            if not equals or not name or kind not in KINDS:
                raise ValueError(f"as: COLUMN=KIND was expected, KIND one of {', '.join(KINDS)}; got {item!r}")
        return self


_AS = param((), help=f"What columns are taken for: NAME=KIND, KIND one of {', '.join(KINDS)}")

# `as` is a word of Python's own, and no attribute can be written so.
if TYPE_CHECKING:
    TableParams = _Table
else:
    TableParams = create_model("TableParams", __base__=_Table, __module__=__name__, **{"as": (tuple[str, ...], _AS)})


def overrides(params: TableParams) -> dict[str, str]:
    """Column to the kind that a person says it is."""
    return {item.rpartition("=")[0]: item.rpartition("=")[2] for item in getattr(params, "as")}
