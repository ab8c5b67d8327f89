"""Tables from files: CSV and TSV of any dialect, Parquet, Arrow, JSON lines; compressed too.

How a text file is written (encoding, separator, header, decimal comma) is found out from its beginning and held
against all of it. A line that does not fit is skipped, counted and listed: nothing is lost without a word.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from nntui.hooks.data import Finding

if TYPE_CHECKING:
    import polars as pl

Format = Literal["text", "parquet", "arrow", "jsonl", "json"]
Compression = Literal["", "gzip", "bz2", "xz", "zstd"]

COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}
FORMATS: dict[str, Format] = {
    ".csv": "text", ".tsv": "text", ".tab": "text", ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow",
    ".feather": "arrow", ".ipc": "arrow", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
}  # fmt: skip
SAMPLE = 1 << 18
"""Bytes from which a dialect is found out."""
LATIN = 0.3
"""Share of letters beyond ASCII below which a text is taken for Latin letters with accents."""
TAB = "\t"
SEPARATORS = f",;{TAB}|"
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "?", "-")
"""What stands for a value that is not known."""

_DECIMAL_COMMA = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})*,\d+|[-+]?\d+,\d+")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a text file holds its table."""

    encoding: str = "utf-8"
    separator: str = ","
    header: bool = True
    decimal_comma: bool = False
    compression: Compression = ""

    def in_words(self) -> str:
        """ "separated by ;, decimal comma, cp1252"."""
        parts = [f"separated by {'tabs' if self.separator == TAB else self.separator}"]
        parts += ["decimal comma"] if self.decimal_comma else []
        parts += [] if self.header else ["no header"]
        parts += [] if self.encoding == "utf-8" else [self.encoding]
        parts += [self.compression] if self.compression else []
        return ", ".join(parts)


class Frame(NamedTuple):
    """A table as it was read."""

    frame: pl.DataFrame
    """Of a text file every column is text, gaps null; of the other formats as they are typed."""
    dialect: Dialect | None
    """None where the format itself says how it is written."""
    findings: tuple[Finding, ...]


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
    import polars as pl

    kind = format_of(path)
    if kind is None:
        raise ValueError(f"{path}: no table is expected under this name; nntui reads {', '.join(FORMATS)}")
    form, compression = kind
    try:
        if form == "text":
            return _read_text(path, compression, rows, dialect)
        data = opened(path, compression)
        if form == "parquet":
            return Frame(pl.read_parquet(data, n_rows=rows), None, ())
        if form == "arrow":
            return Frame(pl.read_ipc(data, n_rows=rows), None, ())
        if form == "jsonl":
            return Frame(pl.read_ndjson(data, n_rows=rows, infer_schema_length=None), None, ())
        return Frame(pl.read_json(data).head(rows or 1 << 62), None, ())
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path}: not a table that can be read: {str(error).splitlines()[0]}") from error


def opened(path: Path, compression: Compression) -> Path | io.BytesIO:
    """What polars reads: the file itself, or what it holds unpacked. Raises ValueError or OSError."""
    if not compression:
        return path
    return io.BytesIO(unpacked(path, compression))


def unpacked(path: Path, compression: Compression, most: int | None = None) -> bytes:
    """The (first `most`) bytes that a file holds. Raises ValueError where it is not packed as its name says."""
    import bz2
    import gzip
    import lzma
    import zlib

    try:
        if compression == "zstd":
            return _zstd(path, most)
        opener = {"": open, "gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}[compression]
        with opener(path, "rb") as file:  # type: ignore[operator]
            return bytes(file.read(-1 if most is None else most))
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: it is not whole, or not packed as its name says: {error}") from error


def _zstd(path: Path, most: int | None) -> bytes:
    """polars unpacks it, since Python does not before 3.14: one column of whole lines."""
    import polars as pl

    lines = pl.read_csv(
        path, has_header=False, separator="\x01", quote_char=None, infer_schema=False, new_columns=["line"],
        n_rows=None if most is None else max(1, most // 64), truncate_ragged_lines=True,
    )  # fmt: skip
    text = "\n".join(line or "" for line in lines["line"].to_list()).encode()
    return text if most is None else text[:most]


def dialect_of(path: Path, compression: Compression = "") -> Dialect:
    """How a text file is written, from its beginning. Raises ValueError or OSError."""
    sample = unpacked(path, compression, SAMPLE)
    if not sample.strip():
        raise ValueError(f"{path}: it is empty; a table was expected")
    encoding = encoding_of(sample)
    text = sample.decode(encoding, errors="ignore")
    if len(sample) == SAMPLE:
        text = text[: text.rfind("\n") + 1] or text
    separator = _separator(text)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row][:200]
    found = Dialect(encoding=encoding, separator=separator, compression=compression)
    decimal = separator != "," and _decimal_comma(rows)
    return replace(found, decimal_comma=decimal, header=_has_header(rows, decimal))


def encoding_of(sample: bytes) -> str:
    """The encoding of a text, as Python names it."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if sample.startswith(mark):
            return name
    try:
        sample.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        if error.start >= len(sample) - 4 and error.reason == "unexpected end of data":
            return "utf-8"
    beyond = sum(byte > 127 for byte in sample)
    letters = sum(byte < 128 and chr(byte).isalpha() for byte in sample)
    if beyond < LATIN * (beyond + letters):  # few accents tell too little: a guess would be of any alphabet
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best is not None else "cp1252"


def _separator(text: str) -> str:
    """The separator that divides most lines into the same number of fields, and into more than one."""
    best, of_best = ",", (0.0, 0)
    for separator in SEPARATORS:
        widths = Counter(len(row) for row in csv.reader(text.splitlines()[:200], delimiter=separator) if row)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        score = (count / widths.total() if width > 1 else 0.0, width)
        if score > of_best:
            best, of_best = separator, score
    return best


def _decimal_comma(rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell.strip() for row in rows[1:] for cell in row]
    commas = sum(_DECIMAL_COMMA.fullmatch(cell) is not None for cell in cells)
    points = sum("." in cell and _NUMBER.fullmatch(cell) is not None for cell in cells)
    return commas > points


def is_number(cell: str, *, decimal_comma: bool = False) -> bool:
    text = cell.strip()
    return _NUMBER.fullmatch(text.replace(".", "").replace(",", ".") if decimal_comma else text) is not None


def _has_header(rows: Sequence[Sequence[str]], decimal_comma: bool) -> bool:
    """Whether the first row names columns: no number in it, while some column below holds them; or all words below
    too, and the first row's are each there once."""
    if len(rows) < 2:
        return bool(rows) and not any(is_number(cell) for cell in rows[0])
    first, below = rows[0], rows[1:]
    if any(is_number(cell, decimal_comma=decimal_comma) for cell in first):
        return False
    names = [cell.strip() for cell in first]
    if len(set(names)) < len(names) and "" not in names:
        return len(set(names)) > 0.9 * len(names)
    for column, name in enumerate(names):
        cells = [row[column].strip() for row in below if column < len(row) and row[column].strip()]
        if cells and sum(is_number(cell, decimal_comma=decimal_comma) for cell in cells) > len(cells) / 2:
            return True
        if cells and len(set(cells)) <= len(cells) / 2 and name not in cells:
            return True  # a column of categories, of which its first cell is none
    return all(name not in {row[c] for row in below if c < len(row)} for c, name in enumerate(names))


def _read_text(path: Path, compression: Compression, rows: int | None, dialect: Dialect | None) -> Frame:
    import polars as pl

    dialect = dialect or dialect_of(path, compression)
    data: Path | io.BytesIO = path
    if compression or dialect.encoding != "utf-8":
        text = unpacked(path, compression).decode(dialect.encoding, errors="replace")
        data = io.BytesIO(text.encode())
    frame = pl.read_csv(
        data, has_header=dialect.header, separator=dialect.separator, infer_schema=False, n_rows=rows,
        null_values=list(MISSING), truncate_ragged_lines=True,
    )  # fmt: skip
    return Frame(frame.rename(str.strip), dialect, ())
