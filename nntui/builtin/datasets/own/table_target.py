"""What a table tells: which column is the target, and whether it holds classes, labels or numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nntui.builtin.datasets.own.kinds import NO, YES, Column
from nntui.builtin.datasets.own.table_reading import Coded
from nntui.hooks.data import Finding
from nntui.hooks.errors import UserError
from nntui.hooks.names import nearest

if TYPE_CHECKING:
    import numpy.typing as npt

NAMES = ("target", "label", "labels", "outcome", "y", "class", "response", "result")
"""Names of columns that are meant as targets, the surest first."""
AMBIGUOUS = frozenset({"class", "y", "response", "result"})
"""Of them those that may be a feature too: they are a target only as the first or the last column."""
CLASSES = 10
"""Different whole numbers up to which a column of numbers is taken for classes."""
SHARE = 0.5
"""Classes to rows above which there is nothing to learn of classes."""
LABEL_MARKS = ";|,"
MOST_LABELS = 200
HEAD_ROWS = 1_000_000
"""Rows from which it is told how many different numbers there are."""

TargetType = Literal["classes", "multilabel", "values"]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A target, read."""

    kind: TargetType
    names: tuple[str, ...]
    """Of classes, labels or values."""
    values: npt.NDArray[Any]
    """classes: int64 (N,), -1 where missing; multilabel: float32 (N, K); values: float32 (N, K); NaN where missing."""
    separator: str = ""
    """Between several labels of a cell."""
    note: str = ""
    findings: tuple[Finding, ...] = ()


def choose_target(
    columns: Mapping[str, Column], said: Sequence[str], left_out: Sequence[str]
) -> tuple[tuple[str, ...], str]:
    """The columns that are told, and a sentence on why. Raises UserError where it cannot be known."""
    for name in said:
        known_column(name, columns, "target")
    if said:
        return tuple(said), ""
    names = [name for name in columns if name not in left_out and columns[name].kind != "empty"]
    able = [name for name in names if columns[name].kind in ("number", "category", "yes/no")]
    how = "--data.target NAME chooses another"
    by_name = {name.strip().casefold(): name for name in reversed(able)}
    ends = {names[0], names[-1]} if names else set()
    for wanted in NAMES:
        found = by_name.get(wanted)
        if found is not None and (wanted not in AMBIGUOUS or found in ends):
            return (found,), f"the target is {found!r}, by its name; {how}"
    if len(columns) > 1 and names and names[-1] in able:
        return (names[-1],), f"the target is {names[-1]!r}, the last column; {how}"
    listed = ", ".join(f"{name} ({columns[name].kind})" for name in names[:40]) + (" ..." if len(names) > 40 else "")
    raise UserError("which column is to be told cannot be known", advice=f"say --data.target NAME; columns: {listed}")


def known_column(name: str, columns: Collection[str], flag: str) -> str:
    """`name`, where it is a column. Raises UserError that lists the columns."""
    if name not in columns:
        near = nearest(name, columns)
        listed = ", ".join([*columns][:40]) + (" ..." if len(columns) > 40 else "")
        raise UserError(f"--data.{flag}: there is no column {name!r}", advice=f"columns: {listed}", suggestions=near)
    return name


def read_as_words(column: Column) -> bool:
    """Whether a target's cells are read as words."""
    return column.kind != "number"


def told(names: Sequence[str], values: Mapping[str, Any], said: Mapping[str, str]) -> Told:
    """The target that was read. Raises UserError where it tells nothing, or where several do not go together."""
    if len(names) > 1:
        return _several(names, values)
    name = names[0]
    column = values[name]
    if isinstance(column, Coded):
        return _words(name, column, said.get(name))
    return _numbers(name, np.asarray(column, dtype=np.float64), said.get(name))


def _several(names: Sequence[str], values: Mapping[str, Any]) -> Told:
    parts = []
    for name in names:
        column = values[name]
        if isinstance(column, Coded):
            words = [word.casefold() for word in column.words.tolist()]
            known = {"": math.nan, **dict.fromkeys(YES, 1.0), **dict.fromkeys(NO, 0.0)}
            strange = [word for word in words if word not in known]
            if strange:
                raise UserError(
                    f"--data.target {','.join(names)}: {name} holds words ({strange[0]!r}), and several targets are "
                    "numbers, or labels of 0 and 1",
                    advice="name one column, or columns of numbers",
                )
            column = np.array([known[word] for word in words])[column.codes]
        parts.append(np.asarray(column, dtype=np.float64))
    matrix = np.stack(parts, axis=1)
    present = matrix[~np.isnan(matrix)]
    if len(present) and np.isin(present, (0.0, 1.0)).all():
        _refuse_constant(names, matrix)
        return Told(kind="multilabel", names=tuple(names), values=matrix.astype(np.float32))
    _refuse_constant(names, matrix)
    return Told(kind="values", names=tuple(names), values=matrix.astype(np.float32))


def _refuse_constant(names: Sequence[str], matrix: npt.NDArray[np.float64]) -> None:
    for at, name in enumerate(names):
        column = matrix[:, at]
        column = column[~np.isnan(column)]
        if not len(column):
            raise UserError(f"the target {name!r} is missing in every row", advice="choose another: --data.target NAME")
        if column.min() == column.max():
            raise UserError(f"the target {name!r} is {column[0]:g} in every row: there is nothing to learn",
                            advice="choose another: --data.target NAME")  # fmt: skip


def _numbers(name: str, column: npt.NDArray[np.float64], said: str | None) -> Told:
    _refuse_constant([name], column[:, None])
    known = column[~np.isnan(column)]
    if said in (None, "category", "yes/no"):
        distinct = np.unique(known[:HEAD_ROWS])
        few = len(distinct) <= min(CLASSES, SHARE * len(known)) and (distinct == np.round(distinct)).all()
        if said is not None or len(distinct) == 2 or few:
            distinct = np.unique(known)
            codes = np.searchsorted(distinct, column)
            codes[np.isnan(column)] = -1
            names = tuple(f"{value:.10g}" for value in distinct)
            note = f"{name!r} holds {len(names)} numbers, told as classes; --data.as {name}=number tells its value"
            return _classes(name, names, codes, note if said is None else "")
    values = column.astype(np.float32)[:, None]
    return Told(kind="values", names=(name,), values=values)


def _words(name: str, column: Coded, said: str | None) -> Told:
    words, codes = column.words.tolist()[:-1], column.codes
    counts = np.bincount(codes[codes >= 0], minlength=len(words))
    if said is None:
        mark = _label_mark(words, counts)
        if mark:
            return _labels(name, column, mark)
    order = sorted(range(len(words)), key=lambda code: words[code])
    place = np.empty(len(words) + 1, dtype=np.int64)
    place[order] = np.arange(len(words))
    place[-1] = -1
    return _classes(name, tuple(words[code] for code in order), place[codes], "")


def _classes(name: str, names: tuple[str, ...], codes: npt.NDArray[np.int64], note: str) -> Told:
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    rows = int(counts.sum())
    other = "choose another target (--data.target NAME)"
    if len(names) < 2:
        what = f"is {names[0]!r} in every row" if names else "is missing in every row"
        raise UserError(f"the target {name!r} {what}: there is nothing to learn", advice=other)
    if len(names) > SHARE * rows and len(names) > 2:
        as_number = f", or say what it is: --data.as {name}=number" if note else ""
        told = f"the target {name!r} has {len(names):,} classes in {rows:,} rows: too few of each"
        raise UserError(told, advice=f"{other}{as_number}")
    findings = []
    alone = [names[code] for code in np.flatnonzero(counts == 1)]
    if alone:
        findings.append(Finding(kind="warning", count=len(alone), places=tuple(alone[:20]),
                                message=f"{len(alone):,} classes have one row each, and cannot be tested"))  # fmt: skip
    most = int(counts.max())
    if most > 0.95 * rows or (len(names) == 2 and most > 0.9 * rows):
        rarest = names[int(counts.argmin())]
        findings.append(
            Finding(
                kind="warning",
                message=f"{most / rows:.1%} of the rows are {names[int(counts.argmax())]!r}: accuracy says little; "
                f"look at macro F1, or weigh {rarest!r} more with --training.class-weights balanced",
            )
        )
    return Told(kind="classes", names=names, values=codes, note=note, findings=tuple(findings))


def _label_mark(words: Sequence[str], counts: npt.NDArray[np.int64]) -> str:
    """What separates several labels in a cell; "" where cells hold one."""
    rows = int(counts.sum())
    for mark in LABEL_MARKS:
        several = sum(int(count) for word, count in zip(words, counts, strict=True) if mark in word)
        if several < 0.05 * rows or len(words) < 3:
            continue
        labels = Counter(label for word in words for label in _divided(word, mark))
        together = sum(len(_divided(word, mark)) for word in words)
        if len(labels) <= min(MOST_LABELS, len(words)) and together >= 1.5 * len(labels) and max(map(len, labels)) < 40:
            return mark
    return ""


def _divided(cell: str, mark: str) -> set[str]:
    return {label for part in cell.split(mark) if (label := part.strip())}


def _labels(name: str, column: Coded, mark: str) -> Told:
    words = column.words.tolist()
    names = sorted({label for word in words for label in _divided(word, mark)})
    place = {label: at for at, label in enumerate(names)}
    table = np.zeros((len(words), len(names)), dtype=np.float32)
    for row, word in enumerate(words):
        for label in _divided(word, mark):
            table[row, place[label]] = 1.0
    note = (
        f"{name!r} holds several labels a cell, between {mark}; --data.as {name}=category takes each cell for a class"
    )
    return Told(kind="multilabel", names=tuple(names), values=table[column.codes], separator=mark, note=note)
