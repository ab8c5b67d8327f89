"""Tables from files: CSV and TSV of any dialect, Parquet, Arrow, JSON lines; compressed too.

How a text file is written (encoding, separator, header, decimal comma) is found out from its beginning and held
against all of it. A line that does not fit is skipped, counted and listed: nothing is lost without a word. A long table
is read in pieces (`Pieces`), never as a whole.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from nntui.builtin.datasets.own.dialects import (
    MISSING,
    SAMPLE,
    SEPARATORS,
    Dialect,
    beginning,
    decoded,
    dialect_of,
    encoding_of,
    header_lines,
    is_number,
    sample_rows,
)
from nntui.builtin.datasets.own.packed import COMPRESSIONS, Compression, unpacked
from nntui.builtin.datasets.own.records import PIECE, Faults, Records, blocks, records
from nntui.hooks.data import Finding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

__all__ = [
    "COMPRESSIONS", "FORMATS", "MISSING", "SAMPLE", "SEPARATORS", "Compression", "Dialect", "Format", "Frame", "Piece",
    "Pieces", "dialect_of", "encoding_of", "format_of", "is_number", "opened", "read_frame", "unpacked",
]  # fmt: skip

Format = Literal["text", "parquet", "arrow", "jsonl", "json"]

FORMATS: dict[str, Format] = {
    ".csv": "text", ".tsv": "text", ".tab": "text", ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow",
    ".feather": "arrow", ".ipc": "arrow", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
}  # fmt: skip
WIDE = 1 << 10
"""Bytes of a piece for each column of a text, at least: the columns of a piece cost as much as some dozens of rows."""
SLICE = 1 << 22
"""Cells of a piece of a typed table."""


class Frame(NamedTuple):
    """A table as it was read."""

    frame: pl.DataFrame
    """Of a text file every column is text, gaps null; of the other formats as they are typed."""
    dialect: Dialect | None
    """None where the format itself says how it is written."""
    findings: tuple[Finding, ...]
    lines: npt.NDArray[np.int64]
    """(N,) as in `Piece`."""
    lines_of_text: bool

    def where(self, row: int) -> str:
        """ "line 17" of a file of lines, else "row 16": what a person finds in it."""
        return f"{'line' if self.lines_of_text else 'row'} {self.lines[row]:,}"


class Piece(NamedTuple):
    """Some rows of a table, one after another."""

    frame: pl.DataFrame
    """As in `Frame`."""
    lines: npt.NDArray[np.int64]
    """(N,) of a text file the line on which each row begins, else the row's number; both from 1."""


def format_of(path: Path) -> tuple[Format, Compression] | None:
    """What table a file's name promises; None where it promises none."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compression: Compression = ""
    if suffixes and suffixes[-1] in COMPRESSIONS:
        compression = COMPRESSIONS[suffixes.pop()]
    found = FORMATS.get(suffixes[-1]) if suffixes else None
    return None if found is None else (found, compression)


def read_frame(path: Path, *, rows: int | None = None, dialect: Dialect | None = None) -> Frame:
    """The table in a file; of a long one the first `rows`. `dialect` says how it is written, where that is known.

    Raises ValueError (what was wrong, and where) or OSError.
    """
    import numpy as np
    import polars as pl

    table = Pieces(path, dialect=dialect, size=SAMPLE if rows is not None else PIECE)
    frames: list[pl.DataFrame] = []
    lines: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
    height = 0
    for piece in table:
        frames.append(piece.frame)
        lines.append(piece.lines)
        height += len(piece.frame)
        if rows is not None and height >= rows:
            break
    whole = pl.concat(frames, how="diagonal_relaxed") if frames else table.empty()
    if rows is not None:
        whole = whole.head(rows).rechunk()  # in pieces of some rows ten thousand columns take a hundred times as long
    return Frame(whole, table.dialect, table.findings, np.concatenate(lines)[: len(whole)], table.of_lines)


class Pieces:
    """A table, to be gone through piece by piece, as often as wanted: each `iter` reads the file anew.

    `findings` tells what the last going-through met. Raises ValueError (what was wrong, and where) or OSError, when it
    is made or gone through.
    """

    def __init__(self, path: Path, *, dialect: Dialect | None = None, size: int = PIECE) -> None:
        kind = format_of(path)
        if kind is None:
            raise ValueError(f"{path}: no table is expected under this name; nntui reads {', '.join(FORMATS)}")
        self.path = path
        self.dialect = dialect
        self._format, self._compression = kind
        self._size = size
        self._faults = Faults(path.name)
        self._columns: tuple[str, ...] = ()
        self._named: tuple[Finding, ...] = ()
        self._header_lines = 0
        if self._format == "text":
            self.dialect = dialect or dialect_of(path, self._compression)
            if self.dialect.compression != self._compression:
                raise ValueError(
                    f"{path}: its dialect says {self.dialect.compression!r}, its name {self._compression!r}"
                )
            self._columns, self._named, self._header_lines = _names(path, self.dialect)
            self._size = max(size, WIDE * len(self._columns))

    @property
    def of_lines(self) -> bool:
        """Whether rows are numbered by the lines of a text."""
        return self._format in ("text", "jsonl")

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*self._named, *self._faults.findings(len(self._columns)))

    def empty(self) -> pl.DataFrame:
        """The table without rows, where it has none."""
        import polars as pl

        return pl.DataFrame(schema=dict.fromkeys(self._columns, pl.String))

    def __iter__(self) -> Iterator[Piece]:
        import polars as pl

        self._faults = Faults(self.path.name)
        try:
            if self._format == "text":
                yield from self._text()
            elif self._format == "jsonl":
                yield from self._json_lines()
            else:
                yield from self._typed()
        except pl.exceptions.PolarsError as error:
            told = str(error).splitlines() or ["it is empty"]
            raise ValueError(f"{self.path}: not a table that can be read: {told[0]}") from error

    def _text(self) -> Iterator[Piece]:
        assert self.dialect is not None  # of a text file it was found out
        width = len(self._columns)
        for found in records(self.path, self.dialect, width, self._faults, size=self._size, skip=self._header_lines):
            yield Piece(_frame(found, self._columns, self.dialect), found.lines)

    def _json_lines(self) -> Iterator[Piece]:
        import numpy as np

        dialect = Dialect(compression=self._compression)
        line, rows = 1, 0
        for text in _whole_lines(blocks(self.path, dialect, self._faults, self._size)):
            frame, lines = _from_json_lines(text, line, self._faults)
            line += text.count(b"\n")
            rows += len(frame)
            if len(frame):
                yield Piece(frame, np.array(lines, dtype=np.int64))
        if not rows:
            raise ValueError(f"{self.path}: no line of it is a JSON object")

    def _typed(self) -> Iterator[Piece]:
        import numpy as np
        import polars as pl

        data = opened(self.path, self._compression)
        if self._format == "json":
            whole = pl.read_json(data).lazy()
        else:
            whole = pl.scan_parquet(data) if self._format == "parquet" else pl.scan_ipc(data)
        self._columns = tuple(whole.collect_schema().names())
        at, step = 0, max(1, SLICE // max(1, len(self._columns)))
        while True:
            frame = whole.slice(at, step).collect()
            if len(frame):
                yield Piece(frame, np.arange(at + 1, at + 1 + len(frame)))
            at += len(frame)
            if len(frame) < step:
                return


def opened(path: Path, compression: Compression) -> Path | io.BytesIO:
    """What polars reads: the file itself, or what it holds unpacked. Raises ValueError or OSError."""
    if not compression:
        return path
    return io.BytesIO(unpacked(path, compression))


def _frame(found: Records, columns: Sequence[str], dialect: Dialect) -> pl.DataFrame:
    import polars as pl

    schema = dict.fromkeys(columns, pl.String)
    if found.fields:
        rows = pl.DataFrame(found.fields, schema=schema, orient="row")
        return rows.with_columns(pl.when(pl.all().is_in(MISSING)).then(None).otherwise(pl.all()).name.keep())
    return pl.read_csv(
        found.text, has_header=False, separator=dialect.separator, quote_char=dialect.quote, schema=schema,
        null_values=list(MISSING), raise_if_empty=False,
    )  # fmt: skip


def _names(path: Path, dialect: Dialect) -> tuple[tuple[str, ...], tuple[Finding, ...], int]:
    """The columns' names, each there and each once, and the lines that they take. The width of most lines is the
    table's."""
    sample = beginning(path, dialect.compression)
    text = decoded(sample, dialect.encoding, dialect.newline)
    rows = sample_rows(text, dialect)
    if not rows:
        raise ValueError(f"{path}: no line of it can be read as fields")
    width = Counter(len(row) for row in rows[1:] or rows).most_common(1)[0][0]
    if not dialect.header:
        return tuple(f"column_{number}" for number in range(1, width + 1)), (), 0
    findings: list[Finding] = []
    first = [name.strip() for name in rows[0]]
    if len(first) == width - 1:  # a name is missing: of what R writes before a row, or of an empty field at its end
        at_end = all(not row[-1].strip() for row in rows[1:] if len(row) == width)
        first = [*first, ""] if at_end else ["", *first]
    return (*_each_once(first, findings), header_lines(text, dialect))


def _each_once(first: Sequence[str], findings: list[Finding]) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    names: list[str] = []
    taken = Counter(first)
    seen: set[str] = set()
    changed: list[str] = []
    for number, name in enumerate(first, start=1):
        unique, again = name or f"column_{number}", 2
        while unique in seen or (unique != name and taken[unique]):
            unique, again = f"{name or f'column_{number}'}_{again}", again + 1
        seen.add(unique)
        names.append(unique)
        if unique != name:
            changed.append(f"column {number} is {unique}")
    if changed:
        findings.append(Finding(kind="note", count=len(changed), places=tuple(changed[:20]),
                                message=f"{len(changed):,} columns without a name of their own got one"))  # fmt: skip
    return tuple(names), tuple(findings)


def _whole_lines(incoming: Iterator[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []
    for block in incoming:
        at = block.rfind(b"\n") + 1
        if at:
            yield b"".join((*rest, block[:at]))
            rest = []
        rest.append(block[at:])
    if last := b"".join(rest):
        yield last


def _from_json_lines(text: bytes, line: int, faults: Faults) -> tuple[pl.DataFrame, list[int]]:
    """Objects, one a line; a line that is none is skipped."""
    import polars as pl

    texts = text.splitlines()
    lines = [line + number for number, item in enumerate(texts) if item.strip()]
    try:
        frame = pl.read_ndjson(text, infer_schema_length=None)
        if len(frame) == len(lines):
            return frame, lines
    except (pl.exceptions.PolarsError, ValueError):
        pass
    rows, lines = [], []
    for number, item in enumerate(texts, start=line):
        if not item.strip():
            continue
        try:
            row = json.loads(item)
        except ValueError:
            row = None
        if isinstance(row, dict):
            rows.append(row)
            lines.append(number)
        else:
            faults.add("json", number)
    return pl.DataFrame(rows, infer_schema_length=None, strict=False), lines
