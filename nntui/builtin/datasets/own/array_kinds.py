"""What a row of an array is: numbers, a picture, or steps in time; and what its answers are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nntui import UserError
from nntui.builtin.datasets.own.array_survey import chunks

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]  # of any dtype

Form = Literal["features", "HW", "HWC", "CHW", "steps"]
Kind = Literal["features", "image", "sequence"]
KIND: dict[Form, Kind] = {"features": "features", "HW": "image", "HWC": "image", "CHW": "image", "steps": "sequence"}
CHANNELS = 4
"""Grey, grey and alpha, colour, colour and alpha."""
UNKNOWN = -1
"""Code of an answer that is not known."""
DISTINCT = 100
"""Whole numbers of more different values than this, each of few rows, are told as values."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers of all rows. One of `codes` (classes) and `values` (values, or labels of 0 and 1) is there."""

    kind: Literal["classes", "multilabel", "values"]
    names: tuple[str, ...]
    codes: npt.NDArray[np.int64] | None = None
    values: npt.NDArray[np.float32] | None = None
    note: str = ""
    """How they were taken, where that may surprise."""

    @property
    def told(self) -> Array:
        """What is told of each row: codes (N,), or values (N, K)."""
        told = self.codes if self.codes is not None else self.values
        assert told is not None  # one of the two is there
        return told


def form_of(shape: tuple[int, ...], dtype: np.dtype[Any], asked: str, place: str) -> Form:
    """How rows of an array (N, ...) lie. Raises UserError where no network takes them."""
    axes = len(shape) - 1
    if dtype.kind not in "biuf":
        raise UserError(f"{place} holds {dtype}, not numbers", advice="inputs are numbers; name another: --data.x NAME")
    if axes < 0 or 0 in shape:
        raise UserError(f"{place} has shape {shape}: it holds no rows", advice="the first axis counts the rows")
    kind = asked if asked != "auto" else _kind(shape, dtype)
    fits = {"features": axes <= 4, "image": axes in (2, 3), "sequence": axes in (1, 2)}
    if kind not in fits or not fits[kind]:
        expected = {
            "features": "(N, F)", "image": "(N, H, W), (N, H, W, C) or (N, C, H, W)", "sequence": "(N, T) or (N, T, F)",
        }.get(kind, "(N, F), (N, T, F), (N, H, W), (N, H, W, C) or (N, C, H, W)")  # fmt: skip
        advice = "reshape it, or say another kind: --data.kind features|image|sequence"
        raise UserError(f"{place} has shape {shape}; {expected} was expected", advice=advice)
    if kind == "features":
        return "features"
    if kind == "sequence":
        return "steps"
    return "HW" if axes == 2 else _channels(shape)


def _kind(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    axes = len(shape) - 1
    if axes <= 1:
        return "features"
    if axes == 2:
        square = shape[1] == shape[2] and shape[1] >= 8
        return "image" if dtype == np.uint8 or square else "sequence"
    return "image" if axes == 3 else "unknown"


def _channels(shape: tuple[int, ...]) -> Form:
    """Where the channels of (N, ., ., .) are: an axis of up to four, rather the last; else the odd one out."""
    _, first, middle, last = shape
    if last <= CHANNELS:
        return "HWC" if first > CHANNELS or middle > CHANNELS or first != 3 else "CHW"
    if first <= CHANNELS:
        return "CHW"
    return "HWC" if first == middle else "CHW"


def answers(parts: list[Array], names: Array | None, asked: str, place: str) -> Answers:
    """What answers (N,), (N, 1) or (N, K) tell. Raises UserError."""
    if any(part.ndim not in (1, 2) for part in parts):
        raise UserError(f"{place} has shape {parts[0].shape}; (N,) or (N, K) was expected", advice="--data.y NAME")
    if len({part.shape[1:] for part in parts}) > 1:
        raise UserError(f"{place} has another shape in each split", advice="save them alike")
    all_of = np.concatenate([np.asarray(part) for part in parts])
    if all_of.ndim == 2 and all_of.shape[1] == 1:
        all_of = all_of[:, 0]
    if all_of.ndim == 2:
        return _several(all_of, names, asked, place)
    if all_of.dtype.kind in "US":
        text = np.char.decode(all_of, "utf-8", "replace") if all_of.dtype.kind == "S" else all_of
        levels, codes = np.unique(text, return_inverse=True)
        return Answers(kind="classes", names=tuple(map(str, levels)), codes=codes.astype(np.int64))
    whole = all_of.dtype.kind in "biu" or (asked == "classes" and _whole(all_of))
    if asked == "classes" and not whole:
        raise UserError(f"{place} holds numbers that are not whole: they are no classes", advice="--data.task values")
    if asked == "values" or not whole:
        return Answers(kind="values", names=(_name(names, 0, "value"),), values=all_of.astype(np.float32)[:, None])
    if all_of.dtype.kind == "f" and not np.isfinite(all_of).all():
        fine = np.isfinite(all_of)
        known = _classes_of(all_of[fine].astype(np.int64), names, place)
        codes = np.full(len(all_of), UNKNOWN, dtype=np.int64)
        codes[fine] = known.told
        return replace(known, codes=codes)
    levels = np.unique(all_of)
    if asked == "auto" and len(levels) > DISTINCT and len(levels) > len(all_of) / 10:
        note = f"{place} holds {len(levels):,} different whole numbers: taken for values (--data.task classes)"
        values = all_of.astype(np.float32)[:, None]
        return Answers(kind="values", names=(_name(names, 0, "value"),), values=values, note=note)
    return _classes_of(all_of, names, place)


def _classes_of(whole: Array, names: Array | None, place: str) -> Answers:
    """Classes of whole numbers (N,)."""
    levels, codes = np.unique(whole, return_inverse=True)
    if names is not None and levels.min() >= 0 and levels.max() < len(names):
        known = tuple(_name(names, i, str(i)) for i in range(len(names)))
        return Answers(kind="classes", names=known, codes=whole.astype(np.int64))
    shown = tuple(str(int(level)) for level in levels)
    note = "" if names is None else f"the names of classes do not fit the numbers in {place}: left out"
    return Answers(kind="classes", names=shown, codes=codes.astype(np.int64), note=note)


def _several(array: Array, names: Array | None, asked: str, place: str) -> Answers:
    if array.dtype.kind not in "biuf":
        raise UserError(f"{place} holds {array.dtype} in several columns", advice="one column of text, or numbers")
    count = array.shape[1]
    ones = bool(np.isin(array, (0, 1)).all())
    if asked != "values" and ones and bool((array.sum(axis=1) == 1).all()):
        told = tuple(_name(names, i, str(i)) for i in range(count))
        note = f"each row of {place} has a single 1: taken for one class of {count}"
        return Answers(kind="classes", names=told, codes=array.argmax(axis=1).astype(np.int64), note=note)
    if asked == "classes":
        raise UserError(f"{place} has several columns, and no row with a single 1 in each", advice="--data.task auto")
    if asked != "values" and ones:
        told = tuple(_name(names, i, f"label {i}") for i in range(count))
        return Answers(kind="multilabel", names=told, values=array.astype(np.float32))
    told = tuple(_name(names, i, f"value {i}") for i in range(count))
    return Answers(kind="values", names=told, values=array.astype(np.float32))


def _whole(array: Array) -> bool:
    finite = array[np.isfinite(array)]
    return bool((finite == np.round(finite)).all())


def _name(names: Array | None, number: int, else_name: str) -> str:
    if names is None or number >= len(names):
        return else_name
    value = names[number]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def column_answers(array: Array, column: int) -> Array:
    """One column of (N, F + 1); whole numbers of few values are classes, though the array holds floats."""
    parts = [np.asarray(part[:, column]) for _, part in chunks(array)]
    values = np.concatenate(parts)
    if values.dtype.kind == "f" and np.isfinite(values).all() and _whole(values) and len(np.unique(values)) <= 20:
        return values.astype(np.int64)
    return values
