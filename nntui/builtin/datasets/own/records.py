"""The records of a text file, piece by piece: which lines fit, which do not, and where each stands.

Counting is NumPy over bytes: the parity of quotes tells what is within a field, separators outside are counted for each
record. Text whose quotes are not regular (a lone one within a field) goes through the csv module instead, which is
slower and finds its way again on the line after one that does not fit.

Shapes: B bytes, R records.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from nntui.builtin.datasets.own.dialects import Dialect, spoken
from nntui.builtin.datasets.own.packed import unpacking
from nntui.hooks.data import Finding

if TYPE_CHECKING:
    import numpy.typing as npt

PIECE = 1 << 23
"""Bytes of a piece."""
LONGEST = 1 << 24
"""Bytes of the longest record that is read."""
LISTED = 20
"""Places that are kept of each kind of fault."""
LOST = 2000
"""Lines that a field may go over where a quote was perhaps never meant as one."""
NEWLINE, RETURN = 10, 13


class Records(NamedTuple):
    """Whole records that fit: as CSV in UTF-8, or divided into fields."""

    text: bytes
    fields: list[list[str]]
    lines: npt.NDArray[np.int64]
    """(R,) the line in the file, from 1, on which each begins."""


@dataclass
class Faults:
    """What did not fit, counted, with some places."""

    name: str
    """Of the file."""
    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, line: int, more: str = "", count: int = 1) -> None:
        self.counts[what] += count
        listed = self.places.setdefault(what, [])
        if len(listed) < LISTED:
            listed.append(f"{self.name}, line {line:,}" + (f" ({more})" if more else ""))

    def findings(self, width: int) -> tuple[Finding, ...]:
        width_told = f"more or fewer fields than the {width:,} columns"
        told: tuple[tuple[str, Literal["skipped", "warning"], str, str], ...] = (
            ("ragged", "skipped", f"line has {width_told}, and is skipped",
             f"lines have {width_told}, and are skipped"),
            ("json", "skipped", "line is no JSON object, and is skipped", "lines are no JSON objects, and are skipped"),
            ("long", "skipped", f"line is longer than {LONGEST >> 20} MB, and is skipped",
             f"lines are longer than {LONGEST >> 20} MB, and are skipped"),
            ("encoding", "warning", "line is not in the encoding of the others, and was read as cp1252",
             "lines are not in the encoding of the others, and were read as cp1252"),
            ("undecodable", "warning", "place cannot be decoded, and stands as � now",
             "places cannot be decoded, and stand as � now"),
            ("nul", "warning", "line holds NUL bytes, which are left out",
             "lines hold NUL bytes, which are left out"),
        )  # fmt: skip
        return tuple(
            Finding(
                kind=kind,
                message=f"{self.counts[what]:,} {one if self.counts[what] == 1 else many}",
                count=self.counts[what],
                places=tuple(self.places.get(what, ())),
            )
            for what, kind, one, many in told
            if self.counts[what]
        )


def blocks(path: Path, dialect: Dialect, faults: Faults, size: int = PIECE) -> Iterator[bytes]:
    """What a file holds, unpacked, as UTF-8 (unchecked where it is that already). Raises ValueError or OSError."""
    plain = dialect.encoding in ("utf-8", "utf-8-sig")
    decoder = codecs.getincrementaldecoder(dialect.encoding)(errors="replace")
    first = True
    with unpacking(path, dialect.compression) as file:
        while True:
            block = file.read(size)
            if plain:
                text = block.removeprefix(codecs.BOM_UTF8) if first else block
            else:
                decoded = decoder.decode(block, final=not block)
                if lost := decoded.count("\ufffd"):
                    faults.counts["undecodable"] += lost
                text = decoded.encode("utf-8", errors="replace")
            first = False
            if dialect.newline == "\r":
                text = text.replace(b"\r", b"\n")
            if text:
                yield text
            if not block:
                return


def records(
    path: Path, dialect: Dialect, width: int, faults: Faults, *, size: int = PIECE, skip: int = 0
) -> Iterator[Records]:
    """All records of `width` fields behind the first `skip` lines, in pieces. Raises ValueError or OSError."""
    incoming = blocks(path, dialect, faults, size)
    rest, line, final = b"", 1, False
    while not final:
        block = next(incoming, b"")
        final = not block
        data = rest + block
        if final and data and not data.endswith(b"\n"):
            data += b"\n"
        while skip and b"\n" in data:
            data, line, skip = data[data.index(b"\n") + 1 :], line + 1, skip - 1
        end = data.rfind(b"\n") + 1
        if not end:
            rest = data
            if len(data) > LONGEST:
                faults.add("long", line)
                line, rest = line + 1, _after_line(incoming)
            continue
        checked = _checked(data[:end], line, faults)
        found, used = _divided(checked, dialect, width, line, faults, final=final)
        if not used and len(checked) > LONGEST:
            used = checked.index(b"\n") + 1
            faults.add("ragged", line, "a quote is not closed")
        if found is not None and len(found.lines):
            yield found
        line += checked.count(b"\n", 0, used)
        rest = checked[used:] + data[end:]


def _after_line(incoming: Iterator[bytes]) -> bytes:
    """What comes after the end of the line that is being read."""
    for block in incoming:
        at = block.find(b"\n")
        if at >= 0:
            return block[at + 1 :]
    return b""


def _divided(
    data: bytes, dialect: Dialect, width: int, line: int, faults: Faults, *, final: bool
) -> tuple[Records | None, int]:
    """The records of a piece that fit, and how many bytes of it are used up: all, where it is the last."""
    if not dialect.escape and not dialect.spaces and (dialect.separator + dialect.quote).isascii():
        counted = _counted(data, dialect, width, line, faults, final=final)
        if counted is not None:
            return counted
    return _by_csv(data, dialect, width, line, faults, final=final)


def _checked(data: bytes, line: int, faults: Faults) -> bytes:
    """Valid UTF-8 without NUL; what is not is put right line by line, and noted."""
    if b"\0" in data:
        for number, text in enumerate(data.split(b"\n"), start=line):
            if b"\0" in text:
                faults.add("nul", number)
        data = data.replace(b"\0", b"")
    try:
        data.decode("utf-8")
        return data
    except UnicodeDecodeError:
        pass
    lines = data.split(b"\n")
    for number, text in enumerate(lines):
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            faults.add("encoding", line + number)
            lines[number] = text.decode("cp1252", errors="replace").encode("utf-8")
    return b"\n".join(lines)


def _counted(
    data: bytes, dialect: Dialect, width: int, line: int, faults: Faults, *, final: bool
) -> tuple[Records | None, int] | None:
    """The records of a piece, and the bytes used up; None where its quotes are not regular."""
    a = np.frombuffer(data, dtype=np.uint8)  # (B,)
    separator, quote = dialect.separator.encode()[0], dialect.quote.encode()[0]
    breaks = np.flatnonzero(a == NEWLINE)
    separators = np.flatnonzero(a == separator)
    ends = breaks
    is_quote = a == quote
    if is_quote.any():
        inside = (np.cumsum(is_quote, dtype=np.uint8) & 1).astype(bool)  # 256 is even: wrapping keeps the parity
        if not _regular(a, is_quote, separator, quote):
            return None
        ends = breaks[~inside[breaks]]
        separators = separators[~inside[separators]]
        if final and (not len(ends) or ends[-1] != len(a) - 1):
            return None  # a quote is open at the end of the file
    if not len(ends):
        return None, 0
    starts = np.concatenate(([0], ends[:-1] + 1))
    fields = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    returns = (ends > starts) & (a[ends - 1] == RETURN)
    blank = ends - starts - returns == 0
    good = (fields == width) & ~blank
    first_lines = np.arange(len(ends)) if len(ends) == len(breaks) else np.searchsorted(breaks, starts)
    bad = np.flatnonzero(~good & ~blank)
    if len(ends) != len(breaks) and len(bad):
        last_lines = np.searchsorted(breaks, ends[bad])
        if (last_lines > first_lines[bad]).any():
            return None  # perhaps a quote that was none swallowed lines: the csv module goes on after the first
    for record in bad[:LISTED].tolist():
        faults.add("ragged", line + int(first_lines[record]), f"{fields[record]:,} fields")
    faults.counts["ragged"] += max(0, len(bad) - LISTED)
    used = int(ends[-1]) + 1
    kept = _kept(a[:used], ends, starts, good, returns)
    return Records(kept, [], line + first_lines[good].astype(np.int64)), used


def _kept(
    a: npt.NDArray[np.uint8],
    ends: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    good: npt.NDArray[np.bool_],
    returns: npt.NDArray[np.bool_],
) -> bytes:
    """The bytes of good records, without the "\\r" at their ends."""
    if good.all() and not returns.any():
        return a.tobytes()
    keep = np.repeat(good, ends + 1 - starts)
    keep[ends[returns] - 1] = False
    return a[keep].tobytes()


def _regular(a: npt.NDArray[np.uint8], is_quote: npt.NDArray[np.bool_], separator: int, quote: int) -> bool:
    """Whether each quote that opens begins a field, and each that closes ends one, or doubles a quote within."""
    at = np.flatnonzero(is_quote)
    opens, closes = at[0::2], at[1::2]
    before = a[np.maximum(opens - 1, 0)]
    begins = (opens == 0) | (before == separator) | (before == NEWLINE) | (before == quote)
    after = a[np.minimum(closes + 1, len(a) - 1)]
    stops = (closes == len(a) - 1) | (after == separator) | (after == NEWLINE) | (after == RETURN) | (after == quote)
    return bool(begins.all() and stops.all())


def _by_csv(
    data: bytes, dialect: Dialect, width: int, line: int, faults: Faults, *, final: bool
) -> tuple[Records | None, int]:
    """As `_counted`, by the csv module.

    A record that does not fit and goes over several lines costs its first line alone: the next ones are tried anew.
    """
    lines = data.decode("utf-8").split("\n")[:-1]
    rows: list[list[str]] = []
    numbers: list[int] = []
    at = 0
    limit = csv.field_size_limit(2 * LONGEST)
    try:
        while at < len(lines):
            for row, start, stop, whole in _rows(lines, at, dialect):
                at = stop
                if not whole and not final and stop == len(lines) and stop - start < LOST:
                    at, lines = start, lines[:start]  # it goes on in the next piece
                    break
                if whole and len(row) == width:
                    rows.append(row)
                    numbers.append(line + start)
                elif row or not whole:
                    faults.add("ragged", line + start, f"{len(row):,} fields" if whole else "a quote is not closed")
                    at = start + 1
                    if stop > at:
                        break
    finally:
        csv.field_size_limit(limit)
    used = sum(len(text.encode()) + 1 for text in lines)
    return Records(b"", rows, np.array(numbers, dtype=np.int64)), used


def _rows(lines: list[str], at: int, dialect: Dialect) -> Iterator[tuple[list[str], int, int, bool]]:
    """Rows from line `at` on, with the lines where each begins and where the next does, and whether each is whole."""
    start = stop = at
    cut = False

    def feed() -> Iterator[str]:
        nonlocal stop, cut
        while stop < len(lines) and stop - start < LOST:
            stop += 1
            yield lines[stop - 1] + "\n"
        cut = True  # asked for more: a quote is open

    reader = csv.reader(feed(), spoken(dialect))
    while start < len(lines):
        try:
            row = next(reader, None)
        except csv.Error:  # a lone carriage return in a field without quotes
            row, cut = [], True
        if row is None:
            return
        if stop - start > 1 and not cut and not _strict(lines[start:stop], dialect):
            cut = True
        yield row, start, stop, not cut
        if cut:
            return
        start = stop


def _strict(lines: list[str], dialect: Dialect) -> bool:
    """Whether a quote that goes over several lines ends its field: else it met another one that is none."""
    try:
        for _ in csv.reader([line + "\n" for line in lines], spoken(dialect, strictly=True)):
            pass
    except csv.Error:
        return False
    return True
