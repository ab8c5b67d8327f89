"""Tables, read into typed columns: numbers as float32, words as codes, dates as days; never the whole as text at once.

Shapes: N rows, C columns of numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from nntui.builtin.datasets.own.frames import Pieces
from nntui.builtin.datasets.own.kinds import Column, Style, answers, as_text, date_format, moments, numbers
from nntui.hooks.data import Finding
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from nntui.hooks.data import Indices

Use: TypeAlias = Literal["value", "word"]
"""How a column is read: as its kind asks, or as words whatever it holds."""

HEAD = 100_000
"""Rows from which kinds are found out."""
ENOUGH = 1000
"""Rows that are at least looked at, where there are so many."""
LISTED = 20
"""Places that are kept of cells that are not of their column's kind."""


class Coded:
    """A column of words, each kept once: (N,) codes into them, -1 where missing. Indexed like an array of text."""

    def __init__(self, codes: npt.NDArray[np.int32], words: npt.NDArray[np.object_]) -> None:
        self.codes = codes
        self.words = words
        """(V,) of str; the last is "", for what is missing."""

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, index: Indices) -> npt.NDArray[np.object_]:
        chosen: npt.NDArray[np.object_] = self.words[self.codes[index]]
        return chosen


class Texts:
    """A column of texts, packed."""

    def __init__(self, texts: pl.Series) -> None:
        self.texts = texts

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: Indices) -> list[str]:
        return self.texts.gather(index).to_list()


@dataclass(kw_only=True)
class Read:
    """What a file holds, or several one after another."""

    values: dict[str, Any]  # each an array, `Coded` or `Texts`
    """By name: float32 or float64 (N,), `Coded`, or `Texts`."""
    lines: npt.NDArray[np.int32]
    """(N,) where each row begins in its file."""
    missing: dict[str, int]
    distinct: dict[str, int]
    examples: dict[str, tuple[str, ...]]
    findings: list[Finding] = field(default_factory=list)
    taken_for: str = ""

    def __len__(self) -> int:
        return len(self.lines)

    def kept(self, rows: npt.NDArray[np.bool_]) -> None:
        """Leaves the other rows out."""
        index = np.flatnonzero(rows)
        self.values = {name: taken(column, index) for name, column in self.values.items()}
        self.lines = self.lines[index]


def taken(column: Any, index: Indices) -> Any:  # any kind of column
    if isinstance(column, Coded):
        return Coded(column.codes[index], column.words)
    if isinstance(column, Texts):
        return Texts(column.texts.gather(index))
    return column[index]


def content_of(column: Any) -> Iterator[bytes]:
    """What a column holds, for a hash: the same of the same cells, however they were written."""
    if isinstance(column, Coded):
        yield np.ascontiguousarray(column.codes).tobytes()
        column = column.words
    if isinstance(column, Texts) or column.dtype == object:
        for at in range(0, len(column), HEAD):
            part = column[np.arange(at, min(at + HEAD, len(column)))]
            yield "\0".join(map(str, part)).encode("utf-8", "surrogatepass")
    else:
        yield np.where(np.isnan(column), np.nan, column).tobytes() if column.dtype.kind == "f" else column.tobytes()


def head_of(table: Pieces) -> pl.DataFrame:
    """The first rows, as text. Raises UserError where there are none."""
    import polars as pl

    parts: list[pl.DataFrame] = []
    for piece in table:  # a piece is short where a quote is not closed behind it
        parts.append(as_text(piece.frame.head(HEAD)))
        if sum(map(len, parts)) >= ENOUGH:
            break
    if parts:
        return pl.concat(parts, how="diagonal", rechunk=True).head(HEAD)
    findings = "; ".join(finding.in_words() for finding in table.findings)
    raise UserError(f"{table.path} has no rows that can be read" + (f": {findings}" if findings else ""),
                    advice="a line of column names and rows below it were expected")  # fmt: skip


def read_table(table: Pieces, columns: Mapping[str, Column], uses: Mapping[str, Use]) -> Read:
    """All rows of a table. Of the columns those in `uses` are kept: as values, or as words whatever they hold."""
    comma = table.dialect is not None and table.dialect.decimal_comma
    reading = _Reading(table.path.name, columns, uses, decimal_comma=comma)
    for piece in table:
        reading.take(as_text(piece.frame), piece.lines)
    read = reading.whole()
    read.findings = [*table.findings, *read.findings]
    read.taken_for = table.dialect.in_words() if table.dialect is not None else table.path.suffix.lstrip(".")
    return read


def read_rows(
    name: str,
    frame: pl.DataFrame,
    lines: npt.NDArray[np.int64],
    columns: Sequence[Column],
    *,
    decimal_comma: bool = False,
) -> Read:
    """Some rows of a table, as columns that are known from another; those that are not there are missing."""
    known = {column.name: column for column in columns}
    reading = _Reading(name, known, dict.fromkeys(known, "value"), decimal_comma=decimal_comma)
    there = set(frame.columns)
    reading.take(as_text(frame.select([column.name for column in columns if column.name in there])), lines)
    return reading.whole()


class _Reading:
    """Takes pieces and puts their columns together."""

    def __init__(
        self, name: str, columns: Mapping[str, Column], uses: Mapping[str, Use], *, decimal_comma: bool
    ) -> None:
        def valued(*kinds: str) -> list[str]:
            return [n for n, c in columns.items() if uses.get(n) == "value" and c.kind in kinds]

        self.name = name
        # Each file writes numbers in its own way, whatever the one that the columns are known from did.
        style: Style = "comma" if decimal_comma else "plain"
        columns = {n: c if c.style == "marked" else replace(c, style=style) for n, c in columns.items()}
        self.columns = columns
        numeric = valued("number")
        self.narrow = [n for n in numeric if not columns[n].wide]
        self.wide = [n for n in numeric if columns[n].wide]
        self.dates, self.answers, self.texts = valued("date"), valued("yes/no"), valued("text")
        typed = {*numeric, *self.dates, *self.answers, *self.texts}
        self.words: dict[str, dict[str, int]] = {n: {} for n in columns if n in uses and n not in typed}
        self.parts: dict[str, list[Any]] = {n: [] for n in ("", *columns)}  # arrays or series, by column; "" is narrow
        self.lines: list[npt.NDArray[np.int32]] = []
        self.missing = dict.fromkeys(columns, 0)
        self.faults = {"odd": _Cells(), "infinite": _Cells()}
        self.head: pl.DataFrame | None = None

    def take(self, frame: pl.DataFrame, lines: npt.NDArray[np.int64]) -> None:
        import polars as pl

        there = set(frame.columns)
        absent = [pl.lit(None, pl.String).alias(name) for name in self.columns if name not in there]
        frame = frame.with_columns(absent) if absent else frame
        if self.head is None:
            self.head = frame.head(HEAD)
            self._other_dates(self.head)
        elif len(self.head) < ENOUGH:
            self.head = pl.concat([self.head, frame.head(HEAD)], how="diagonal")
        self.lines.append(lines.astype(np.int32))
        gaps = frame.select(pl.col(list(self.columns)).null_count()).row(0, named=True)
        for name, count in gaps.items():
            self.missing[name] += count
        values = self._values(frame, lines, gaps)
        if self.narrow:
            self.parts[""].append(np.ascontiguousarray(values.select(pl.col(self.narrow).cast(pl.Float32)).to_numpy()))
        for name in (*self.wide, *self.dates, *self.answers):
            self.parts[name].append(values[name].to_numpy().astype(np.float64))
        for name in self.texts:
            self.parts[name].append(frame[name].fill_null(""))
        for name, known in self.words.items():
            self.parts[name].append(_codes(frame[name], known))

    def _other_dates(self, head: pl.DataFrame) -> None:
        """Dates in another format than that of the file which the columns are known from: Parquet's, beside CSV's."""
        for name in self.dates:
            known = head[name].drop_nulls().head(1000)
            column = self.columns[name]
            read = known.to_frame().select(moments(name, column.format)).to_series().count()
            if 2 * read < len(known) and (form := date_format(known)):
                self.columns[name] = replace(column, format=form)

    def _values(self, frame: pl.DataFrame, lines: npt.NDArray[np.int64], gaps: Mapping[str, int]) -> pl.DataFrame:
        """Columns of numbers, float64; what is no number, and what is infinite, is a gap, and counted."""
        import polars as pl

        by_style: dict[Style, list[str]] = {}
        for name in (*self.narrow, *self.wide):
            by_style.setdefault(self.columns[name].style, []).append(name)
        made = [numbers(names, style) for style, names in by_style.items()]
        made += [moments(n, self.columns[n].format).alias(n) for n in self.dates]
        made += [answers(n).alias(n) for n in self.answers]
        if not made:
            return pl.DataFrame()
        values = frame.select(made)
        nulls = values.null_count().row(0, named=True)
        for name in values.columns:
            if nulls[name] > gaps[name]:
                self.faults["odd"].add(
                    self.name, frame[name], values[name].is_null() & frame[name].is_not_null(), lines
                )
        finite = values.select(pl.all().is_finite().all()).row(0, named=True)
        infinite = [name for name, fine in finite.items() if not fine]
        for name in infinite:
            self.faults["infinite"].add(self.name, frame[name], ~values[name].is_finite(), lines)
        return values.with_columns(pl.when(pl.col(n).is_finite()).then(pl.col(n)).alias(n) for n in infinite)

    def whole(self) -> Read:
        """What was taken. The parts are given up one after another, so that no more than one column is there twice."""
        import polars as pl

        values: dict[str, Any] = {}
        if self.narrow and self.parts[""]:
            matrix = np.concatenate(self.parts.pop(""))  # (N, C)
            values.update({name: matrix[:, at] for at, name in enumerate(self.narrow)})
        for name in (*self.wide, *self.dates):
            values[name] = np.concatenate(self.parts.pop(name))
        for name in self.answers:
            values[name] = np.concatenate(self.parts.pop(name)).astype(np.float32)
        for name in self.texts:
            values[name] = Texts(pl.concat(self.parts.pop(name)))
        for name, known in self.words.items():
            values[name] = Coded(np.concatenate(self.parts.pop(name)), np.array([*known, ""], dtype=object))
        assert self.head is not None  # at least one piece: an empty table is told before
        head = self.head
        distinct = head.select(pl.all().drop_nulls().n_unique()).row(0, named=True)
        distinct |= {name: len(known) for name, known in self.words.items()}
        shown = head.head(50).to_dict(as_series=False)
        examples = {n: tuple(dict.fromkeys(c[:40] for c in shown[n] if c is not None))[:3] for n in self.columns}
        return Read(
            values=values,
            lines=np.concatenate(self.lines),
            missing=self.missing,
            distinct=distinct,
            examples=examples,
            findings=[
                *self.faults["odd"].findings("cells are not of their column's kind, and are taken for missing"),
                *self.faults["infinite"].findings("cells are infinite, and are taken for missing"),
            ],
        )


@dataclass
class _Cells:
    """Cells that are left out, counted, with some places."""

    count: int = 0
    places: list[str] = field(default_factory=list)

    def add(self, file: str, cells: pl.Series, which: pl.Series, lines: npt.NDArray[np.int64]) -> None:
        at = np.flatnonzero(which.fill_null(False).to_numpy())
        self.count += len(at)
        for row in at[: max(0, LISTED - len(self.places))].tolist():
            self.places.append(f"{file}, line {lines[row]:,}: {cells.name} is {cells[row][:40]!r}")

    def findings(self, message: str) -> list[Finding]:
        if not self.count:
            return []
        told = f"{self.count:,} {message}"
        return [Finding(kind="warning", message=told, count=self.count, places=tuple(self.places))]


def _codes(words: pl.Series, known: dict[str, int]) -> npt.NDArray[np.int32]:
    """(N,) the code of each word, -1 where missing; new words are added to `known`."""
    import polars as pl

    here = words.drop_nulls().unique(maintain_order=True)
    codes = np.array([known.setdefault(word, len(known)) for word in here.to_list()] or [-1], dtype=np.int32)
    local = words.cast(pl.Enum(here)).to_physical().cast(pl.Int64)
    gaps = local.is_null().to_numpy()
    found: npt.NDArray[np.int32] = codes[local.fill_null(0).to_numpy()]
    found[gaps] = -1
    return found


def gaps_of(column: Any) -> npt.NDArray[np.bool_]:  # any kind of column
    """Which rows of a column are missing."""
    if isinstance(column, Coded):
        return column.codes < 0
    if isinstance(column, np.ndarray):
        return np.isnan(column)
    empty: npt.NDArray[np.bool_] = (column.texts == "").to_numpy()
    return empty


def joined(reads: Sequence[Read]) -> tuple[Read, npt.NDArray[np.int8]]:
    """Files one after another, and the number of the file that each row is of."""
    part = np.repeat(np.arange(len(reads), dtype=np.int8), [len(read) for read in reads])
    first = reads[0]
    if len(reads) == 1:
        return first, part
    import polars as pl

    for name, column in first.values.items():
        others = [read.values[name] for read in reads]
        if isinstance(column, Coded):
            place: dict[str, int] = {}
            codes = []
            for other in others:
                new = np.array(
                    [place.setdefault(w, len(place)) for w in other.words.tolist()[:-1]] + [-1], dtype=np.int32
                )
                codes.append(new[other.codes])
            first.values[name] = Coded(np.concatenate(codes), np.array([*place, ""], dtype=object))
        elif isinstance(column, np.ndarray):
            first.values[name] = np.concatenate(others)
        else:
            first.values[name] = type(column)(pl.concat([other.texts for other in others]))
        first.missing[name] = sum(read.missing[name] for read in reads)
    first.lines = np.concatenate([read.lines for read in reads])
    first.findings = [finding for read in reads for finding in read.findings]
    return first, part
