"""Which column of a table is what, where the table is one or several series: time, series, numbers, categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.own.frames import read_frame
from nntui.builtin.datasets.own.look import files_below, kind_of
from nntui.builtin.datasets.own.times import NAMES, Times, read_times
from nntui.hooks.data import ColumnReport, Finding
from nntui.hooks.errors import UserError
from nntui.hooks.names import nearest

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

NUMBERS = 0.9
"""Share of a column's cells that must be numbers for it to be one; the others count as missing, and are told."""
LEVELS = 20
"""Categories with more levels than this are left out."""
MOST_COLUMNS = 100
"""Numbers that are taken in beside the targets."""
LIKELY = ("y", "target", "value", "values", "sales", "close", "price", "demand", "load", "consumption", "count", "cnt",
          "total", "quantity", "amount", "temperature", "temp")  # fmt: skip
"""Names of what is usually forecast."""


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What the columns of a table are. Plain data: kept with the model, so that other files are read alike."""

    time: str | None
    form: str
    """How the times are written; "" without."""
    clock: bool
    """Whether they are moments, not mere numbers."""
    series: str | None
    numbers: tuple[str, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesTable:
    """R rows, as the files have them."""

    numbers: Floats
    """(R, n); NaN where missing."""
    categories: npt.NDArray[np.object_]
    """(R, c) text."""
    moments: Ints | None
    time: str
    clock: bool
    series: Ints
    series_names: tuple[str, ...]
    files: tuple[str, ...]
    """Their names, as a person knows them."""
    file: Ints
    line: Ints
    findings: tuple[Finding, ...] = ()

    def place(self, row: int) -> str:
        return f"{self.files[self.file[row]]}, row {self.line[row]}"


def table_files(path: Path) -> list[Path]:
    """The tables at a path. Raises UserError where there is none."""
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder")
    found = [path] if path.is_file() else [file for file in files_below(path) if kind_of(file) == "table"]
    if not found:
        raise UserError(
            f"{path} holds no table", advice="a CSV, TSV or Parquet file of rows in order of time is needed"
        )
    return found


def read_tables(files: Sequence[Path]) -> tuple[list[pl.DataFrame], list[Finding]]:
    """Every file; text columns as text. Raises UserError."""
    frames: list[pl.DataFrame] = []
    findings: list[Finding] = []
    for file in files:
        try:
            read = read_frame(file)
        except (ValueError, OSError) as error:
            raise UserError(str(error), advice="give a CSV, TSV or Parquet file") from error
        frame = read.frame
        if read.dialect is not None and read.dialect.decimal_comma:
            frame = _points(frame)
        frames.append(frame)
        findings += read.findings
    return frames, findings


def _points(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    comma = pl.all().str.contains(r"^\s*[-+]?[\d.]*,\d+\s*$")
    return frame.with_columns(
        pl.when(comma).then(pl.all().str.replace_all(".", "", literal=True).str.replace(",", ".")).otherwise(pl.all())
    )


def as_number(column: pl.Series) -> tuple[pl.Series, int] | None:
    """A column as numbers, and how many cells are none; None where it is no column of numbers."""
    import polars as pl

    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return column.cast(pl.Float64), 0
    if column.dtype == pl.Decimal:
        return column.cast(pl.Float64), 0
    if column.dtype != pl.String:
        return None
    told = column.len() - column.null_count()
    numbers = column.str.strip_chars().cast(pl.Float64, strict=False)
    odd = numbers.null_count() - column.null_count()
    return (numbers, odd) if told and odd <= (1 - NUMBERS) * told else None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a person says of the columns."""

    time: str | None = None
    series: str | None = None
    target: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


def check_names(frame: pl.DataFrame, wanted: Wanted) -> None:
    """Raises UserError where a named column is not there."""

    for key, names in (
        ("time", (wanted.time,)), ("series", (wanted.series,)), ("target", wanted.target), ("known", wanted.known),
        ("drop", wanted.drop),
    ):  # fmt: skip
        for name in names:
            if name is not None and name not in frame.columns:
                near = nearest(name, frame.columns, 1)
                listed = ", ".join(frame.columns[:20]) + (" ..." if frame.width > 20 else "")
                raise UserError(
                    f"--data.{key}: there is no column {name!r}",
                    advice=f"did you mean {near[0]!r}?" if near else f"the columns are {listed}",
                )


def roles_of(frame: pl.DataFrame, wanted: Wanted) -> tuple[Roles, tuple[str, ...], list[ColumnReport], list[Finding]]:
    """What each column is, the targets, and a report. Raises UserError where nothing can be forecast."""
    check_names(frame, wanted)
    time, times = _time_column(frame, wanted)
    reports: list[ColumnReport] = []
    findings: list[Finding] = list(times.findings) if times is not None else []
    numbers: list[str] = []
    texts: list[str] = []
    for column in frame.get_columns():
        name = column.name
        if name in (time, wanted.series) or name in wanted.drop:
            role = "time" if name == time else "series" if name == wanted.series else "left out, as asked"
            reports.append(
                _report(column, "date" if name == time and times and times.kind == "moments" else "series", role)
            )
            continue
        if column.null_count() == column.len():
            reports.append(_report(column, "empty", "left out: every value is missing"))
            continue
        read = as_number(column)
        if read is None:
            texts.append(name)
            continue
        numbers.append(name)
    series = wanted.series or _series_column(frame, times, [*texts, *numbers])
    numbers = [name for name in numbers if name != series]
    texts = [name for name in texts if name != series]
    if wanted.series is None and series is not None:
        reports.append(_report(frame[series], "series", "series"))
        note = f"{series} tells several series apart: no window reaches from one into another"
        findings.append(Finding(kind="note", message=note))
    targets = _targets(frame, numbers, wanted, findings)
    kept = _varying(frame, numbers, targets, wanted, reports)
    categories = []
    for name in texts:
        distinct = frame[name].n_unique()
        if name in wanted.known or 2 <= distinct <= LEVELS:
            categories.append(name)
            reports.append(_report(frame[name], "category", "known ahead" if name in wanted.known else "feature"))
        else:
            why = "one value" if distinct < 2 else f"text of {distinct:,} kinds"
            reports.append(_report(frame[name], "text", f"left out: {why}"))
    roles = Roles(
        time=time,
        form=times.form if times is not None else "",
        clock=times is not None and times.kind == "moments",
        series=series,
        numbers=tuple(kept),
        categories=tuple(categories),
    )
    return roles, targets, reports, findings


def _varying(
    frame: pl.DataFrame, numbers: list[str], targets: tuple[str, ...], wanted: Wanted, reports: list[ColumnReport]
) -> list[str]:
    """The numbers that say something, the targets first."""
    kept = list(targets)
    for name in numbers:
        if name in targets:
            reports.append(_report(frame[name], "number", "target"))
            continue
        constant = frame[name].drop_nulls().n_unique() < 2
        if constant and name not in wanted.known:
            reports.append(_report(frame[name], "number", "left out: it has one value"))
        elif len(kept) >= MOST_COLUMNS + len(targets) and name not in wanted.known:
            reports.append(_report(frame[name], "number", f"left out: more than {MOST_COLUMNS} columns"))
        else:
            kept.append(name)
            reports.append(_report(frame[name], "number", "known ahead" if name in wanted.known else "feature"))
    return kept


def _report(column: pl.Series, kind: str, role: str) -> ColumnReport:
    some = column.drop_nulls().head(3).to_list()
    return ColumnReport(
        name=column.name,
        kind=kind,
        role=role,
        missing=column.null_count(),
        distinct=column.n_unique(),
        examples=tuple(str(value) for value in some),
    )


def _time_column(frame: pl.DataFrame, wanted: Wanted) -> tuple[str | None, Times | None]:
    """The column of times. Raises UserError where the one that a person names is none."""
    if wanted.time is not None:
        try:
            times = read_times(frame[wanted.time], named=True)
        except ValueError as error:
            raise UserError(str(error)) from error
        if times is None:
            some = ", ".join(repr(value) for value in frame[wanted.time].drop_nulls().head(3).to_list())
            raise UserError(
                f"--data.time {wanted.time}: this is no column of times: {some}",
                advice="times such as 2015-12-31 or 2015-12-31 23:59, or numbers that rise, were expected",
            )
        return wanted.time, times
    found: list[tuple[int, str, Times]] = []
    for at, column in enumerate(frame.get_columns()):
        if column.name in (*wanted.target, *wanted.known, *wanted.drop, wanted.series):
            continue
        try:
            times = read_times(column)
        except ValueError as error:
            raise UserError(str(error)) from error
        if times is None or (times.kind == "numbers" and not _rising(times)):
            continue
        words = {*column.name.lower().replace("_", " ").split()}
        found.append((10 * (times.kind == "moments") + 5 * bool(words & NAMES) - at, column.name, times))
    if not found:
        return None, None
    _, name, times = max(found, key=lambda item: item[0])
    return name, times


def _rising(times: Times) -> bool:
    return bool(times.known.all()) and bool((np.diff(times.moments) > 0).all()) and len(times.moments) > 2


def _series_column(frame: pl.DataFrame, times: Times | None, names: Sequence[str]) -> str | None:
    """The column that tells rows of one time apart; None where times do not repeat, or none does."""
    if times is None:
        return None
    known = times.moments[times.known]
    if len(known) < 4 or len(np.unique(known)) > 0.8 * len(known):
        return None
    best: tuple[float, str] | None = None
    for name in names:
        column = frame[name]
        kinds = column.n_unique()
        if not 2 <= kinds <= len(column) / 3 or column.null_count():
            continue
        codes = column.rank("dense").to_numpy()[times.known].astype(np.int64)
        pairs = len(np.unique(np.stack([codes, known]), axis=1).T)
        score = pairs / len(known)
        if score > 0.9 and (best is None or score > best[0] + 0.01):
            best = (score, name)
    return best[1] if best else None


def _targets(frame: pl.DataFrame, numbers: list[str], wanted: Wanted, findings: list[Finding]) -> tuple[str, ...]:
    """What is forecast. Raises UserError where there is no number."""
    for name in wanted.target:
        if name not in numbers:
            raise UserError(f"--data.target: {name} is no column of numbers", advice="name one that is")
    if wanted.target:
        return wanted.target
    free = [name for name in numbers if name not in wanted.known]
    if not free:
        raise UserError(
            "there is no column of numbers to forecast: "
            + (", ".join(f"{c.name} ({c.dtype})" for c in frame.get_columns()[:8]) or "the table has no columns"),
            advice="a series needs a column of numbers, with rows in order of time",
        )
    lower = {name.strip().lower(): name for name in free}
    varied = [name for name in free if frame[name].n_unique() > 10] or free
    told = next((lower[name] for name in LIKELY if name in lower), varied[-1])
    if len(free) > 1:
        others = ", ".join(name for name in free if name != told)
        note = f"{told} is forecast, from the past of itself and of {others}; --data.target names another or several"
        findings.append(Finding(kind="note", message=note))
    return (told,)
