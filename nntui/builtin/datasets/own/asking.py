"""Rows that a person asks about: tables in pieces, `column=value,...`, JSON objects.

Columns that the network does not know are passed over, the target among them; those that it knows and the rows lack are
missing values, and told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.own.frames import Pieces, format_of, is_number
from nntui.builtin.datasets.own.look import files_below
from nntui.builtin.datasets.own.mixed import MixedFacts, raw_key
from nntui.builtin.datasets.own.several_files import of_each, raws
from nntui.builtin.datasets.own.table_reading import read_rows
from nntui.hooks.data import Asked, Finding, Raw
from nntui.hooks.names import alike

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from nntui.builtin.datasets.own.kinds import Column


def ask(facts: MixedFacts, inputs: Sequence[str], size: int) -> Iterator[Asked]:
    """Raw rows in pieces of about `size`. Raises ValueError or OSError."""
    if not inputs:
        raise ValueError(f"a row was expected: a table, JSON, or {pattern(facts)}")
    typed: list[tuple[str, dict[str, Any]]] = []
    for given in inputs:
        if is_table(given):
            if typed:
                yield _typed(facts, typed)
                typed = []
            yield from _files(facts, Path(given), size)
        else:
            typed += [
                (given if number == 0 else f"{given}, row {number + 1}", row)
                for number, row in enumerate(_rows(facts, given))
            ]
    if typed:
        yield _typed(facts, typed)


def read_all(facts: MixedFacts, inputs: Sequence[str]) -> Raw:
    """All at once."""
    parts = raws(ask(facts, inputs, 1 << 20))
    if not parts:
        raise ValueError(f"{', '.join(inputs)}: there is no row in it")
    return {
        key: [item for part in parts for item in part[key]] if isinstance(parts[0][key], list)
        else np.concatenate([part[key] for part in parts])
        for key in parts[0]
    }  # fmt: skip


def is_table(given: str) -> bool:
    """Whether an input names a file or a folder."""
    text = given.strip()
    if text[:1] in ("{", "["):
        return False
    try:
        there = Path(given).exists()
    except (OSError, ValueError):
        there = False
    return there or ("=" not in text and format_of(Path(text)) is not None)


def pattern(facts: MixedFacts) -> str:
    """`age=NUMBER,town=TEXT`."""
    words = {"number": "NUMBER", "date": "DATE", "yes/no": "YES|NO"}
    return ",".join(f"{column.name}={words.get(column.kind, 'TEXT')}" for column in facts.features)


def _files(facts: MixedFacts, path: Path, size: int) -> Iterator[Asked]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file")
    if not path.is_dir():
        yield from _file(facts, path, size)
        return
    files = [file for file in files_below(path) if format_of(file) is not None]
    if not files:
        raise ValueError(f"{path}: there is no table in it")
    yield from of_each(files, lambda file: _file(facts, file, size))


def _file(facts: MixedFacts, path: Path, size: int) -> Iterator[Asked]:
    """The rows of a table, in pieces. What was odd is told with the last piece."""
    table = Pieces(path)
    comma = table.dialect is not None and table.dialect.decimal_comma
    waiting: Asked | None = None
    told: list[Finding] = []
    for piece in table:
        if waiting is None:
            told = _lacking(facts, piece.frame.columns, path.name)
        for at in range(0, len(piece.frame), size):
            if waiting is not None:
                yield waiting
            part, lines = piece.frame[at : at + size], piece.lines[at : at + size]
            if table.dialect is None:
                part = _with_points(facts, part)
            raw, findings = _raw(facts, part, path.name, lines, decimal_comma=comma)
            names = [f"{path.name}, line {line:,}" for line in lines.tolist()]
            columns = {name: part[name] for name in part.columns}
            waiting = Asked(raw=raw, names=names, columns=columns, findings=(*told, *findings))
            told = []
    if waiting is None:
        raise ValueError(f"{path}: it has no row that can be read")
    yield replace(waiting, findings=(*waiting.findings, *table.findings))


def _with_points(facts: MixedFacts, frame: pl.DataFrame) -> pl.DataFrame:
    """Numbers that a typed table holds as text, where the training rows wrote them with decimal commas."""
    import polars as pl

    from nntui.builtin.datasets.own.kinds import numbers

    written = [c.name for c in facts.features if c.style == "comma" and frame.schema.get(c.name) == pl.String]
    made = [pl.coalesce(numbers(name, "comma").cast(pl.String), pl.col(name)).alias(name) for name in written]
    return frame.with_columns(made) if made else frame


def _lacking(facts: MixedFacts, columns: Sequence[str], name: str) -> list[Finding]:
    """A finding where columns are missing. Raises ValueError where all are."""
    lacking = [column.name for column in facts.features if column.name not in columns]
    if len(lacking) == len(facts.features):
        raise ValueError(f"{name}: it has none of the columns that the network knows: {', '.join(lacking[:20])}; "
                         f"its columns: {', '.join(columns[:20])}")  # fmt: skip
    if not lacking:
        return []
    others = [column for column in columns if column not in {feature.name for feature in facts.features}]
    meant = {column: alike(column, others) for column in lacking[:20]}
    places = tuple(f"{column}, perhaps its {like!r}" if like else column for column, like in meant.items())
    told = f"{len(lacking):,} columns are" if len(lacking) > 1 else "a column is"
    return [Finding(kind="warning", count=len(lacking), places=places,
                    message=f"{name}: {told} not there: missing values")]  # fmt: skip


def _raw(
    facts: MixedFacts, frame: pl.DataFrame, name: str, lines: npt.NDArray[np.int64], *, decimal_comma: bool = False
) -> tuple[Raw, list[Finding]]:
    read = read_rows(name, frame, lines, facts.features, decimal_comma=decimal_comma)
    rows = np.arange(len(frame))
    return {raw_key(c.name): read.values[c.name][rows] for c in facts.features}, read.findings


def _typed(facts: MixedFacts, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Asked:
    """Rows that were typed. Raises ValueError where a value is not of its column's kind."""
    import polars as pl

    cells = {c.name: [_cell(row.get(c.name), c) for _, row in rows] for c in facts.features}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))
    raw, findings = _raw(facts, frame, "what was typed", np.arange(1, len(rows) + 1))
    if findings:
        wrong = ", ".join(place.partition(": ")[2] for place in findings[0].places)
        raise ValueError(f"cells are not of their column's kind: {wrong}; expected {pattern(facts)}")
    lacking = {c.name for _, row in rows for c in facts.features if c.name not in row}
    told = [c.name for c in facts.features if c.name in lacking]
    note = Finding(kind="warning", count=len(told), places=tuple(told[:20]),
                   message=f"{len(told):,} columns were not given, and are taken for missing values" if len(told) > 1
                   else "a column was not given, and is taken for a missing value")  # fmt: skip
    return Asked(raw=raw, names=[name for name, _ in rows], findings=(note,) if told else ())


def _cell(value: Any, column: Column) -> str | None:  # plain JSON
    """A value as text; a number as its column was written, or with a point."""
    if isinstance(value, str) and column.style == "comma" and is_number(value, decimal_comma=True) and "," in value:
        return value.replace(".", "").replace(",", ".")
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rows(facts: MixedFacts, given: str) -> list[dict[str, Any]]:
    """The rows of a JSON text or of `column=value,column=value`."""
    text = given.strip()
    known = {column.name: column for column in facts.features}
    if text[:1] in ("{", "["):
        try:
            value = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{given!r} begins like JSON, but is none: {error}") from error
        rows = value if isinstance(value, list) else [value]
        if not rows or not all(isinstance(row, dict) for row in rows):
            raise ValueError(f"{given!r}: a JSON object, or a list of them, was expected")
    else:
        rows = [_pairs(facts, given, known)]
    for row in rows:
        if not any(name in known for name in row):
            raise ValueError(f"{given!r}: it names none of the columns; expected {pattern(facts)}")
    return rows


def _pairs(facts: MixedFacts, given: str, known: Mapping[str, Column]) -> dict[str, str]:
    """A comma belongs to a value, unless a column's name and = stand behind it."""
    if "=" not in given:
        raise ValueError(f"{given!r}: expected a table, JSON, or {pattern(facts)}")
    found: dict[str, str] = {}
    last = ""
    for part in given.split(","):
        name, equals, value = part.partition("=")
        name = name.strip()
        if equals and (name in known or name in facts.target or not last or name.isidentifier()):
            if name in found:
                raise ValueError(f"{given!r}: {name} is given twice")
            found[name], last = value.strip(), name
        elif last:
            found[last] = f"{found[last]},{part}"
        else:
            raise ValueError(f"{given!r}: {part!r} has no column name; expected {pattern(facts)}")
    return found
