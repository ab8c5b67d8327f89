"""How a text file holds its table: encoding, separator, quotes, header, decimal comma; found out from its beginning."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.builtin.datasets.own.packed import Compression, unpacking

if TYPE_CHECKING:
    from _csv import Reader

SAMPLE = 1 << 18
"""Bytes from which a dialect is found out."""
MOST_SAMPLE = 1 << 24
"""The same of lines that are very long."""
LATIN = 0.3
"""Share of letters beyond ASCII below which a text is taken for Latin letters with accents."""
CONTROLS = 0.02
"""Share of control characters above which a file holds no text."""
TAB = "\t"
SEPARATORS = f",;{TAB}|"
MOST_ROWS = 200
"""Rows from which separator and header are told."""

_DECIMAL_COMMA = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})*,\d+|[-+]?\d+,\d+")
_THOUSANDS = re.compile(r"\.(\d{3})\b")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_MAGIC = {b"PK\x03\x04": "a zip archive or a spreadsheet (.xlsx); save it as CSV", b"\x89PNG": "a PNG picture",
          b"PAR1": "Parquet; name it .parquet", b"ARROW1": "Arrow; name it .arrow",
          b"\x1f\x8b": "gzip; name it .csv.gz",
          b"%PDF": "a PDF", b"\xff\xd8\xff": "a JPEG picture", b"SQLite": "an SQLite database",
          b"\xd0\xcf\x11\xe0": "an old spreadsheet (.xls); save it as CSV"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a text file holds its table."""

    encoding: str = "utf-8"
    separator: str = ","
    header: bool = True
    decimal_comma: bool = False
    compression: Compression = ""
    quote: str = '"'
    """Around fields that hold a separator, a newline or the quote itself, which is then doubled."""
    escape: str = ""
    """Before a character that is meant as itself, where there is one."""
    spaces: bool = False
    """Whether spaces after a separator are no part of the field, so that a quote may follow them."""
    newline: str = "\n"
    """ "\\r" where lines end as on an old Macintosh; a "\\r" before "\\n" is never part of a field."""

    def in_words(self) -> str:
        """ "separated by ;, decimal comma, cp1252"."""
        parts = [f"separated by {'tabs' if self.separator == TAB else self.separator}"]
        parts += ["decimal comma"] if self.decimal_comma else []
        parts += [] if self.header else ["no header"]
        parts += [] if self.quote == '"' else [f"quoted by {self.quote}"]
        parts += [] if self.encoding == "utf-8" else [self.encoding]
        parts += [self.compression] if self.compression else []
        return ", ".join(parts)


def reader(text: str, dialect: Dialect) -> Reader:
    """The rows of a text, field by field."""
    return csv.reader(io.StringIO(text, newline=""), spoken(dialect))


def spoken(dialect: Dialect, *, strictly: bool = False) -> type[csv.Dialect]:
    """A dialect as the csv module has it."""

    class Spoken(csv.Dialect):
        delimiter = dialect.separator
        quotechar = dialect.quote
        escapechar = dialect.escape or None
        skipinitialspace = dialect.spaces
        doublequote = True
        lineterminator = "\n"
        quoting = csv.QUOTE_MINIMAL
        strict = strictly

    return Spoken


def dialect_of(path: Path, compression: Compression = "") -> Dialect:
    """How a text file is written, from its beginning. Raises ValueError or OSError."""
    sample = beginning(path, compression)
    if not sample.strip():
        raise ValueError(f"{path}: it is empty; a table was expected")
    encoding = encoding_of(sample)
    text = sample[:SAMPLE].decode(encoding, errors="ignore")
    _check_text(path, sample, text.replace("\0", ""))
    newline = "\r" if "\n" not in text and "\r" in text else "\n"
    text = decoded(sample, encoding, newline)
    found = Dialect(encoding=encoding, compression=compression, newline=newline)
    found = _separated(text, found)
    rows = sample_rows(text, found)
    decimal = found.separator != "," and _decimal_comma(rows)
    return replace(found, decimal_comma=decimal, header=_has_header(rows, decimal))


def beginning(path: Path, compression: Compression) -> bytes:
    """The first bytes of a text: `SAMPLE`, or more where its lines are long. Raises ValueError or OSError."""
    with unpacking(path, compression) as file:
        sample = file.read(SAMPLE)
        while sample.count(b"\n") < 20 and len(sample) < MOST_SAMPLE and (more := file.read(SAMPLE)):
            sample += more
    return sample


def decoded(sample: bytes, encoding: str, newline: str) -> str:
    """The whole lines of a sample."""
    text = sample.decode(encoding, errors="ignore").replace("\0", "")
    text = text.replace("\r", "\n") if newline == "\r" else text
    if len(sample) >= SAMPLE:
        text = text[: text.rfind("\n") + 1] or text
    return text


def header_lines(text: str, dialect: Dialect) -> int:
    """The lines that the first row takes, empty ones before it among them."""
    rows = reader(text, dialect)
    for row in rows:
        if row:
            break
    return rows.line_num


def sample_rows(text: str, dialect: Dialect) -> list[list[str]]:
    """The first rows of a text; empty lines left out."""
    rows: list[list[str]] = []
    try:
        for row in reader(text, dialect):
            if row:
                rows.append(row)
            if len(rows) == MOST_ROWS:
                break
    except csv.Error:  # a field beyond the csv module's limit: a row longer than the sample is judged later
        pass
    return rows


def _check_text(path: Path, sample: bytes, text: str) -> None:
    """Raises ValueError where a file holds no text."""
    told = next((what for magic, what in _MAGIC.items() if sample.startswith(magic)), "")
    beginning = text[:4096]
    controls = sum(c < " " and c not in "\t\n\r\f\v\x1b" for c in beginning)  # escape sequences are text, if odd
    if told or controls > CONTROLS * len(beginning) or not beginning:
        raise ValueError(f"{path}: it holds no text, as its name says" + (f", but {told}" if told else ""))


def encoding_of(sample: bytes) -> str:
    """The encoding of a text, as Python names it."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if sample.startswith(mark):
            return name
    begin = sample[:4096]
    odd, even = begin[1::2].count(0), begin[::2].count(0)
    if max(odd, even) > len(begin) // 5:  # ASCII in two bytes each, without a mark
        return "utf-16-le" if odd > even else "utf-16-be"
    try:
        sample.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        if error.start >= len(sample) - 4 and error.reason == "unexpected end of data":
            return "utf-8"
    if _mostly_utf8(sample):
        return "utf-8"
    beyond = sum(byte > 127 for byte in sample)
    letters = sum(byte < 128 and chr(byte).isalpha() for byte in sample)
    if beyond < LATIN * (beyond + letters):  # few accents tell too little: a guess would be of any alphabet
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best is not None else "cp1252"


def _mostly_utf8(sample: bytes) -> bool:
    """Whether some bytes alone are wrong: elsewhere an accent is no pair of bytes, but by accident."""
    text = sample.decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    right = sum(character > "\x7f" for character in text) - wrong
    return right > 2 * wrong


def _separated(text: str, dialect: Dialect) -> Dialect:
    """With the separator and the quote that divide most lines into the same number of fields, and more than one.

    Of several that do, the one whose fields hold the fewest of the others: "1,5;2,5" is divided by ;.
    """
    best, of_best = dialect, (0.0, 0.0)
    for separator in SEPARATORS:
        mark = re.escape(separator)
        single = len(re.findall(rf"(?:^|{mark})'[^'\n]*'(?={mark}|\n|$)", text, re.M))
        double = text.count('"')
        found = replace(
            dialect,
            separator=separator,
            quote="'" if single and not double else '"',
            escape="\\" if '\\"' in text and text.count('\\"') * 4 > text.count('""') + text.count('"') else "",
            spaces=f'{separator} "' in text and f'{separator}"' not in text,
        )
        rows = sample_rows(text, found)
        widths = Counter(len(row) for row in rows)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        if width < 2:
            continue
        others = [other for other in SEPARATORS if other != separator]
        cells = [cell for row in rows for cell in row]
        clean = sum(not any(other in cell for other in others) or is_number(cell, decimal_comma=True) for cell in cells)
        score = (round(count / len(rows) + clean / len(cells), 3), count / len(rows))
        if score > of_best:
            best, of_best = found, score
    return best


def _decimal_comma(rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell.strip() for row in rows[1:] for cell in row]
    commas = sum(_DECIMAL_COMMA.fullmatch(cell) is not None for cell in cells)
    points = sum("." in cell and _NUMBER.fullmatch(cell) is not None for cell in cells)
    return commas > points


def is_number(cell: str, *, decimal_comma: bool = False) -> bool:
    text = cell.strip()
    if decimal_comma:  # 1.234,5; but 31.12.2024 is a date
        text = _THOUSANDS.sub(r"\1", text).replace(",", ".")
    return _NUMBER.fullmatch(text) is not None


def _has_header(rows: Sequence[Sequence[str]], decimal_comma: bool) -> bool:
    """Whether the first row names columns: no number in it, while some column below holds them; or all words below
    too, and the first row's are each there once."""
    if len(rows) < 2:
        return bool(rows) and not any(is_number(cell) for cell in rows[0])
    first, below = rows[0], rows[1:]
    numbers = sum(is_number(cell, decimal_comma=decimal_comma) for cell in first)
    if numbers:  # years as names of columns beside words: a header still, where the words below are numbers too
        return _numbers_below_words(first, below, decimal_comma)
    if _numbers_below_words(first, below, decimal_comma):
        return True
    names = [cell.strip() for cell in first]
    if len(set(names)) < len(names) and "" not in names:
        return len(set(names)) > 0.9 * len(names)
    for column, name in enumerate(names):
        cells = [row[column].strip() for row in below if column < len(row) and row[column].strip()]
        if cells and len(set(cells)) <= len(cells) / 2 and name not in cells:
            return True  # a column of categories, of which its first cell is none
    return all(name not in {row[c] for row in below if c < len(row)} for c, name in enumerate(names))


def _numbers_below_words(first: Sequence[str], below: Sequence[Sequence[str]], decimal_comma: bool) -> bool:
    """Whether some column is a word above numbers."""
    for column, name in enumerate(first):
        cells = [row[column].strip() for row in below if column < len(row) and row[column].strip()]
        numbers = sum(is_number(cell, decimal_comma=decimal_comma) for cell in cells)
        word = name.strip() and not is_number(name, decimal_comma=decimal_comma) and name.strip() not in MISSING
        if cells and word and numbers > len(cells) / 2 and name.strip() not in cells:
            return True
    return False


MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "?", "-")
"""What stands for a value that is not known."""
