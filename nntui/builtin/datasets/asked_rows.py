"""Rows of tables that a person asks about, of any number: CSV files are read line by line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.builtin.datasets.typed_rows import completed, raw_columns, typed_rows
from nntui.hooks.data import Asked, Finding

if TYPE_CHECKING:
    from nntui.builtin.datasets.derived import Derived

PLACES = 20
"""Places of skipped rows that are told."""


@dataclass(frozen=True)
class RowReader:
    """Reads rows with these columns."""

    numbers: Sequence[str]
    categories: Sequence[str] = ()
    derived: Sequence[Derived] = ()

    def ask(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        """Raw rows, about `size` at a time, with the columns of the table that they stand in. Folders hold CSV files.

        What cannot be read is passed over: a file, a row of other values than the header names, a value that is no
        number.
        """
        for given in inputs:
            files = [given]
            if _is_folder(given):
                files = [str(file) for file in sorted(Path(given).rglob("*.csv")) if file.is_file()]
                if not files:
                    yield _nothing("no .csv file is in the folder", given)
            for file in files:
                try:
                    if file.strip().lower().endswith(".csv"):
                        yield from self._of_file(file, size)
                    elif file.strip().lower().endswith(".jsonl"):
                        yield from self._of_objects(file, size)
                    else:
                        yield self._typed(file)
                except OSError as error:
                    yield _nothing(f"{file}: {(error.strerror or str(error)).lower()}", file)
                except ValueError as error:
                    yield _nothing(str(error), file)

    def _typed(self, given: str) -> Asked:
        rows = typed_rows(given, self.numbers, self.categories, self.derived)
        whole = [completed(place, row, self.numbers, self.categories, self.derived) for place, row in rows]
        names = [given] if len(whole) == 1 else [f"{given}, row {n}" for n in range(1, len(whole) + 1)]
        return Asked(raw=raw_columns(whole, self.numbers, self.categories), names=names, columns=_columns(whole))

    def _of_file(self, path: str, size: int) -> Iterator[Asked]:
        """Raises ValueError where its columns are not those that are needed, or it is no text; or OSError."""
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            try:
                header = [name.strip() for name in next(reader, ())]
                completed(path, dict.fromkeys(header, ""), self.numbers, self.categories, self.derived)
                piece = _Piece(self, path, header)
                for cells in reader:
                    piece.add(cells, reader.line_num)
                    if len(piece.rows) + len(piece.skipped) >= size:
                        yield piece.asked()
                        piece = _Piece(self, path, header)
            except (csv.Error, UnicodeDecodeError) as error:
                at = f"{path}, after line {reader.line_num}"
                raise ValueError(f"{at}: {error}; CSV in UTF-8 was expected") from error
            if piece.rows or piece.skipped:
                yield piece.asked()

    def _of_objects(self, path: str, size: int) -> Iterator[Asked]:
        """JSON lines. Raises ValueError where one is no object, or OSError."""
        with Path(path).open(encoding="utf-8-sig") as file:
            lines = ((f"{path}, line {n}", line) for n, line in enumerate(file, start=1) if line.strip())
            while some := list(islice(lines, size)):
                rows, names, skipped = [], [], []
                for place, line in some:
                    try:
                        ((_, row),) = typed_rows(line, self.numbers, self.categories, self.derived)
                        rows.append(completed("", row, self.numbers, self.categories, self.derived))
                        names.append(place)
                    except ValueError as error:
                        skipped.append(Finding(kind="skipped", message=str(error), places=(place,)))
                yield Asked(
                    raw=raw_columns(rows, self.numbers, self.categories),
                    names=names,
                    columns=_columns(rows),
                    findings=tuple(skipped),
                )


class _Piece:
    """Rows of a file as they are read."""

    def __init__(self, reader: RowReader, path: str, header: Sequence[str]) -> None:
        self._reader = reader
        self._path = path
        self._header = header
        self.rows: list[dict[str, str]] = []
        self.names: list[str] = []
        self.skipped: list[tuple[str, str]] = []

    def add(self, cells: Sequence[str], line: int) -> None:
        """Takes a row in, or passes over it; an empty line is none."""
        if not cells:
            return
        place = f"{self._path}, line {line}"
        if len(cells) != len(self._header):
            self.skipped.append((f"rows of another number of values than the {len(self._header)} of the header", place))
            return
        row = dict(zip(self._header, (cell.strip() for cell in cells), strict=True))
        try:
            reader = self._reader
            self.rows.append(completed("", row, reader.numbers, reader.categories, reader.derived))
            self.names.append(place)
        except ValueError as error:
            self.skipped.append((str(error).removeprefix(": "), place))

    def asked(self) -> Asked:
        places: dict[str, list[str]] = {}
        for why, place in self.skipped:
            places.setdefault(why, []).append(place)
        return Asked(
            raw=raw_columns(self.rows, self._reader.numbers, self._reader.categories),
            names=self.names,
            columns=_columns(self.rows),
            findings=tuple(
                Finding(kind="skipped", message=why, count=len(at), places=tuple(at[:PLACES]))
                for why, at in places.items()
            ),
        )


def _columns(rows: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}


def _nothing(why: str, place: str) -> Asked:
    return Asked(raw={}, names=(), findings=(Finding(kind="skipped", message=why, places=(place,)),))


def _is_folder(text: str) -> bool:
    try:
        return Path(text).is_dir()
    except (OSError, ValueError):  # too long for a name: a value
        return False
