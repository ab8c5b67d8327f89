"""Rows of a table as a person gives them: a CSV file, `column=value,...`, or JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.derived import RULES, Derived
from nntui.hooks.names import nearest

if TYPE_CHECKING:
    from nntui.hooks.data import Raw

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""What stands for a value that is not known, in lower case."""

Row = Mapping[str, str]


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a header, as text. Raises ValueError or OSError, naming file and line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: there is no such file") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: byte {error.start} is not UTF-8; save it as CSV in UTF-8") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        for row in reader:
            if None in row or None in row.values():
                given = len([v for k, v in row.items() if k is not None and v is not None]) + len(row.get(None, []))
                expected = len(reader.fieldnames or ())
                raise ValueError(f"{path}, line {reader.line_num}: {given} values under {expected} column names")
            rows.append({name.strip(): value.strip() for name, value in row.items()})
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.reader.line_num}: {error}") from error  # the failing line itself
    if not rows:
        raise ValueError(f"{path}: a line of column names and at least one row were expected")
    return rows


def read_rows(
    inputs: Sequence[str], numbers: Sequence[str], categories: Sequence[str], derived: Sequence[Derived] = ()
) -> Raw:
    """Raw rows of a table: for each input the rows of a .csv file, one `column=value,column=value`, or a JSON object
    (or list of objects); without any `=`, the values of the numbers alone, in their order.

    Every column must be there, with an empty value where it is not known; a derived one may be given itself or by the
    column that it is made of. Raises ValueError or OSError.
    """
    if not inputs:
        raise ValueError(f"a row was expected: a .csv file, JSON, or {_pattern(numbers, categories)}")
    rows = [
        completed(place, row, numbers, categories, derived)
        for given in inputs
        for place, row in typed_rows(given, numbers, categories, derived)
    ]
    return raw_columns(rows, numbers, categories)


def typed_rows(
    given: str, numbers: Sequence[str], categories: Sequence[str], derived: Sequence[Derived]
) -> list[tuple[str, dict[str, str]]]:
    """The rows of one input, as text, each with its place. Raises ValueError or OSError."""
    stripped = given.strip()
    if stripped.lower().endswith(".csv"):
        return [(f"{given}, row {n}", row) for n, row in enumerate(read_csv(Path(given)), start=1)]
    found = _from_json(stripped) if stripped[:1] in ("{", "[") else [_from_pairs(stripped, numbers, categories)]
    places = [f"{given!r}" if len(found) == 1 else f"row {n} of the JSON" for n in range(1, len(found) + 1)]
    for place, row in zip(places, found, strict=True):
        _check_known(place, row, [*numbers, *categories, *(d.origin for d in derived)])
    return list(zip(places, found, strict=True))


def raw_columns(rows: Sequence[Row], numbers: Sequence[str], categories: Sequence[str]) -> Raw:
    """Completed rows as the columns of raw rows."""
    columns: dict[str, object] = {}
    for name in numbers:
        columns[name] = np.array([number(row[name], name) for row in rows], dtype=np.float64)
    for name in categories:
        columns[name] = [text_value(row[name]) for row in rows]
    return columns


def number(text: str, column: str) -> float:
    """The number that `text` is; NaN where it stands for a missing one. Raises ValueError."""
    if text.strip().casefold() in MISSING:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"{column}: {text!r} is no number")
    return value


def text_value(text: str) -> str:
    """`text` without spaces around it; "" where it stands for a missing value."""
    stripped = text.strip()
    return "" if stripped.casefold() in MISSING else stripped


def _from_json(text: str) -> list[dict[str, str]]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{text!r} begins like JSON, but is none: {error}") from error
    rows = value if isinstance(value, list) else [value]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{text!r}: a JSON object, or a list of them, was expected")
    return [{name: _plain(name, item) for name, item in row.items()} for row in rows]


def _plain(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name}: {json.dumps(value)} is neither text nor a number")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)  # 1.0 is category "1"


def _from_pairs(text: str, numbers: Sequence[str], categories: Sequence[str]) -> dict[str, str]:
    if "=" not in text and not categories:
        values = text.split(",")
        if len(values) == len(numbers):
            return dict(zip(numbers, (value.strip() for value in values), strict=True))
    if "=" not in text:
        raise ValueError(f"{text!r}: expected a .csv file, JSON, or {_pattern(numbers, categories)}")
    pairs: list[tuple[str, str]] = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if equals:
            pairs.append((name.strip(), value.strip()))
        elif pairs:  # a comma within a value: name=Braund, Mr Owen
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]},{part}")
        else:
            raise ValueError(f"{text!r}: {part!r} has no column name; expected {_pattern(numbers, categories)}")
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"{text!r}: a column is given twice")
    return dict(pairs)


def _check_known(place: str, row: Row, known: Sequence[str]) -> None:
    for name in row:
        if name not in known:
            near = nearest(name, known, 1)
            raise ValueError(
                f"{place}: there is no column {name!r}"
                + (f", did you mean {near[0]!r}?" if near else "")
                + f" (columns: {', '.join(known)})"
            )


def completed(
    place: str, row: Row, numbers: Sequence[str], categories: Sequence[str], derived: Iterable[Derived]
) -> dict[str, str]:
    """`row` with its derived columns. Raises ValueError that names every missing column."""
    whole = dict(row)
    origins = {}
    for item in derived:
        origins[item.column] = item.origin
        if item.column not in whole and item.origin in whole:
            whole[item.column] = RULES[item.rule](whole[item.origin])
    missing = [name for name in (*numbers, *categories) if name not in whole]
    if missing:
        told = [f"{name} (or {origins[name]})" if name in origins else name for name in missing]
        raise ValueError(f"{place}: missing {', '.join(told)}; give what is not known an empty value: {missing[0]}=")
    for name in numbers:
        try:
            number(whole[name], name)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
    return whole


def _pattern(numbers: Sequence[str], categories: Sequence[str]) -> str:
    pairs = ",".join([*(f"{name}=NUMBER" for name in numbers), *(f"{name}=TEXT" for name in categories)])
    return pairs if categories else f"{pairs} or {','.join('NUMBER' for _ in numbers)}"
