"""Answers as rows of a table: printed, or written as CSV, JSON or Parquet, as they come."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import indent
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol

import click

from nntui.cli.output import clean, table
from nntui.hooks.errors import UserError
from nntui.hooks.names import written_out
from nntui.runs.plain import finite

if TYPE_CHECKING:
    import polars as pl

    from nntui.hooks.data import Prediction, TargetSpec

SCREEN = 200
"""Rows from whose widths a table is laid out; those that follow are printed as they come."""
WIDEST = 60
"""Columns that a cell is given then."""
PART = 100_000
"""Rows of a part of a Parquet file."""


class Answer(NamedTuple):
    """One row that was asked about, and the answer."""

    name: str
    """The file, "new.csv, line 17", the text itself."""
    prediction: Prediction
    kept: tuple[Any, ...]
    """Cells of the input, in the order of `Layout.kept`."""


@dataclass(frozen=True)
class Layout:
    """The columns of a table of answers: input, what is kept of it, the answer, probabilities."""

    target: TargetSpec
    kept: tuple[str, ...] = ()
    top: int = 3

    def columns(self) -> list[str]:
        """Each name once."""
        own = ["input", *self._answers()]
        kept = [f"{name} (input)" if name in own else name for name in self.kept]
        return ["input", *kept, *self._answers()]

    def _answers(self) -> list[str]:
        target = self.target
        if target.kind in ("classes", "multilabel"):
            return ["answer", *(f"p_{name}" for name in target.names)]
        if target.kind == "values" and target.size > 1:
            return [f"answer_{name}" for name in target.names or map(str, range(target.size))]
        return ["answer", "probability"] if target.kind == "next-token" else ["answer"]

    def cells(self, answer: Answer) -> list[Any]:
        """Text, numbers and None, in the order of `columns`."""
        prediction, target = answer.prediction, self.target
        told: list[Any]
        if target.kind in ("classes", "multilabel"):
            told = [prediction.label, *(_number(prediction.probabilities.get(name)) for name in target.names)]
        elif target.kind == "values":
            told = list(map(_number, prediction.value)) if target.size > 1 else [_number(prediction.value)]
        else:
            likely = next(iter(prediction.probabilities.values()), None)
            told = [str(prediction.value), _number(likely)]
        return [written_out(answer.name), *map(plain, answer.kept), *told]


def _number(value: Any) -> float | None:
    number = None if value is None else float(value)
    return number if number is not None and math.isfinite(number) else None


def plain(value: Any) -> Any:
    """A cell of the input as JSON and CSV hold it."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float) else written_out(str(value))


class Writer(Protocol):
    """Takes answers in; `close` after the last."""

    def write(self, answers: Sequence[Answer]) -> None: ...

    def close(self) -> None: ...


class Screen:
    """Aligned columns for a person: the likeliest classes, not all."""

    def __init__(self, layout: Layout, stream: IO[str] | None) -> None:
        self._layout = layout
        self._stream = stream
        self._waiting: list[list[str]] = []
        self._widths: list[int] = []

    def write(self, answers: Sequence[Answer]) -> None:
        self._waiting += [self._row(answer) for answer in answers]
        if len(self._waiting) > SCREEN or self._widths:
            self._print()

    def close(self) -> None:
        if self._stream is None and not self._widths:
            table(self._head(), self._waiting)
        elif self._waiting:
            self._print()

    def _print(self) -> None:
        if not self._widths:
            self._waiting.insert(0, self._head())
            self._widths = [min(WIDEST, max(map(len, cells))) for cells in zip(*self._waiting[:SCREEN], strict=True)]
        aligned = (zip(row, self._widths, strict=True) for row in self._waiting)
        lines = ("  ".join(cell.ljust(width) for cell, width in cells).rstrip() for cells in aligned)
        click.echo("\n".join(lines), file=self._stream)
        self._waiting.clear()

    def _head(self) -> list[str]:
        shares = ["probabilities"] if self._layout.target.kind != "values" else []
        return ["input", *map(clean, self._layout.kept), "answer", *shares]

    def _row(self, answer: Answer) -> list[str]:
        likely = list(answer.prediction.probabilities.items())[: self._layout.top]
        shares = ", ".join(f"{label} {share:.1%}" for label, share in likely)
        kept = ["" if (cell := plain(value)) is None else str(cell) for value in answer.kept]
        told = [answer.name, *kept, answer.prediction.label]
        return [clean(text) for text in (told if self._layout.target.kind == "values" else [*told, shares])]


class Csv:
    """A line of column names, and a line a row, with the probabilities of all classes."""

    def __init__(self, layout: Layout, stream: IO[str]) -> None:
        self._layout = layout
        self._stream = stream
        self._clean = stream.isatty()
        self._print([layout.columns()])

    def write(self, answers: Sequence[Answer]) -> None:
        self._print(map(self._layout.cells, answers))

    def close(self) -> None:
        self._stream.flush()

    def _print(self, rows: Iterable[Sequence[Any]]) -> None:
        """All at once, by click: it tells apart a reader who has had enough."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self._cell(value) for value in row] for row in rows)
        click.echo(text.getvalue(), file=self._stream, nl=False, color=True)  # as it is: what is to go is gone

    def _cell(self, value: Any) -> Any:
        """A terminal is told no escape sequences; a file has what the input has."""
        return clean(value) if self._clean and isinstance(value, str) else value


class Json:
    """A list with an object for each row: label, value, all probabilities, the input's name and what is kept of it."""

    def __init__(self, layout: Layout, stream: IO[str] | None) -> None:
        self._layout = layout
        self._stream = stream
        self._before = "[\n"

    def write(self, answers: Sequence[Answer]) -> None:
        text = ",\n".join(map(self._object, answers))
        click.echo(self._before + text, nl=False, file=self._stream)
        self._before = ",\n"

    def close(self) -> None:
        click.echo("\n]", file=self._stream)

    def _object(self, answer: Answer) -> str:
        kept = dict(zip(self._layout.kept, map(plain, answer.kept), strict=True))
        told = {**asdict(answer.prediction), "input": written_out(answer.name), **({"kept": kept} if kept else {})}
        return indent(json.dumps(finite(told), indent=2, allow_nan=False), "  ")


class Parquet:
    """Parts of a table on disk, put together at the end: memory holds one of them."""

    def __init__(self, layout: Layout, path: Path, folder: Path) -> None:
        self._layout = layout
        self._path = path
        self._folder = folder
        self._waiting: list[list[Any]] = []
        self._parts: list[Path] = []

    def write(self, answers: Sequence[Answer]) -> None:
        self._waiting += map(self._layout.cells, answers)
        if len(self._waiting) >= PART:
            self._part()

    def close(self) -> None:
        import polars as pl

        if self._waiting:
            self._part()
        parts = [pl.scan_parquet(part, glob=False) for part in self._parts]
        schemas = [part.collect_schema() for part in parts]
        kinds = {name: _common([schema[name] for schema in schemas]) for name in schemas[0].names()}
        whole = pl.concat(
            [part.with_columns(pl.col(name).cast(kind) for name, kind in kinds.items()) for part in parts]
        )
        whole.sink_parquet(self._path)

    def _part(self) -> None:
        import polars as pl

        names = self._layout.columns()
        columns = zip(*self._waiting, strict=True)
        part = self._folder / f"{len(self._parts)}.parquet"
        pl.DataFrame([_column(name, cells) for name, cells in zip(names, columns, strict=True)]).write_parquet(part)
        self._parts.append(part)
        self._waiting = []


def _column(name: str, cells: Sequence[Any]) -> pl.Series:
    """A column of one type: as they are, or as text where they are of several."""
    import polars as pl

    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds <= {int, float} or len(kinds) == 1:
        return pl.Series(name, [float(c) if c is not None and float in kinds else c for c in cells])
    return pl.Series(name, [None if cell is None else str(cell) for cell in cells])


def _common(kinds: Sequence[pl.DataType]) -> pl.DataType:
    """The type that parts of a column are brought to."""
    import polars as pl

    known = {kind for kind in kinds if kind != pl.Null}
    if len(known) == 1:
        return known.pop()
    return pl.Float64() if known and all(kind.is_numeric() for kind in known) else pl.String()


@contextmanager
def writer(layout: Layout, form: str, path: Path | None) -> Iterator[Writer]:
    """Where answers go: `form` is table, csv, json or parquet; without a path to standard output.

    A file is put in its place when it is whole. Raises UserError where it cannot be written.
    """
    if path is None:
        made = _printed(layout, form, None)
        yield made
        made.close()
        return
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".nntui-") as folder:
            new = Path(folder) / "answers"
            if form == "parquet":
                parquet = Parquet(layout, new, Path(folder))
                yield parquet
                parquet.close()
            else:
                with new.open("w", encoding="utf-8", newline="") as stream:
                    made = _printed(layout, form, stream)
                    yield made
                    made.close()
            os.replace(new, path)  # noqa: PTH105 - the same as Path.replace
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}", advice="name another file") from None


def _printed(layout: Layout, form: str, stream: IO[str] | None) -> Writer:
    if form == "csv":
        return Csv(layout, stream or sys.stdout)
    return Json(layout, stream) if form == "json" else Screen(layout, stream)
