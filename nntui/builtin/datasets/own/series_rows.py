"""The rows of series from files, under roles of their columns that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.own.series_table import Roles, SeriesTable, as_number
from nntui.builtin.datasets.own.times import read_times
from nntui.hooks.data import Finding
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


def table_of(
    frames: Sequence[pl.DataFrame], files: Sequence[Path], roles: Roles, root: Path | None = None
) -> SeriesTable:
    """The rows of all files under known roles; those without a time are skipped and told. Several files are several
    series. Raises UserError where a column is missing or of another kind."""
    parts = [_part(frame, file, roles) for frame, file in zip(frames, files, strict=True)]
    names = [file.name if root is None or file == root else str(file.relative_to(root)) for file in files]
    keys = [(at, key) for at, part in enumerate(parts) for key in part.series]
    distinct = sorted(set(keys))
    code = {key: number for number, key in enumerate(distinct)}
    labels = [" ".join(word for word in ((names[at] if len(files) > 1 else ""), key) if word) for at, key in distinct]
    findings: list[Finding] = []
    for part in parts:
        findings += part.findings
    return SeriesTable(
        numbers=np.concatenate([part.numbers for part in parts]),
        categories=np.concatenate([part.categories for part in parts]),
        moments=np.concatenate([part.moments for part in parts if part.moments is not None]) if roles.time else None,
        time=roles.time or "",
        clock=roles.clock,
        series=np.array([code[key] for key in keys], dtype=np.int64),
        series_names=tuple(labels),
        files=tuple(names),
        file=np.repeat(np.arange(len(parts)), [len(part.line) for part in parts]),
        line=np.concatenate([part.line for part in parts]),
        findings=tuple(findings),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """One file."""

    numbers: Floats
    categories: npt.NDArray[np.object_]
    moments: Ints | None
    series: list[str]
    line: Ints
    findings: list[Finding]


def _part(frame: pl.DataFrame, file: Path, roles: Roles) -> _Part:
    import polars as pl

    needed = [roles.time, roles.series, *roles.numbers, *roles.categories]
    missing = [name for name in needed if name is not None and name not in frame.columns]
    if missing:
        raise UserError(
            f"{file}: missing {', '.join(missing)}", advice=f"its columns are {', '.join(frame.columns[:20])}"
        )
    findings: list[Finding] = []
    keep = np.ones(frame.height, dtype=bool)
    moments = None
    if roles.time is not None:
        moments, keep = _moments(frame[roles.time], file, roles, findings)
    numbers = np.full((frame.height, len(roles.numbers)), np.nan)
    for at, name in enumerate(roles.numbers):
        numbers[:, at] = _numbers(frame[name], file, findings)
    texts = [frame[name].cast(pl.String).fill_null("").str.strip_chars().to_list() for name in roles.categories]
    categories = np.empty((frame.height, len(texts)), dtype=object)
    for at, values in enumerate(texts):
        categories[:, at] = values
    series = (
        [""] * frame.height if roles.series is None else frame[roles.series].cast(pl.String).fill_null("").to_list()
    )
    return _Part(
        numbers=numbers[keep],
        categories=categories[keep],
        moments=None if moments is None else moments[keep],
        series=[key for key, kept in zip(series, keep.tolist(), strict=True) if kept],
        line=np.flatnonzero(keep) + 1,
        findings=findings,
    )


def _moments(
    column: pl.Series, file: Path, roles: Roles, findings: list[Finding]
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    try:
        times = read_times(column, form=roles.form, named=True)
    except ValueError as error:
        raise UserError(f"{file}: {error}") from error
    if times is None or (times.kind == "moments") != roles.clock:
        some = ", ".join(repr(value) for value in column.drop_nulls().head(3).to_list())
        raise UserError(f"{file}: {roles.time} holds no times as the training data had them ({roles.form}): {some}")
    if not times.known.all():
        odd = np.flatnonzero(~times.known)
        places = tuple(f"{file.name}, row {at + 1}" for at in odd[:5].tolist())
        message = f"rows without a time in {column.name}"
        findings.append(Finding(kind="skipped", message=message, count=len(odd), places=places))
    return times.moments, times.known


def _numbers(column: pl.Series, file: Path, findings: list[Finding]) -> Floats:
    import polars as pl

    read = as_number(column)
    if read is None and column.null_count() < column.len():
        some = ", ".join(repr(value) for value in column.drop_nulls().head(3).to_list())
        raise UserError(f"{file}: {column.name} is no column of numbers: {some}")
    numbers = pl.Series(column.name, [], pl.Float64).extend_constant(None, column.len()) if read is None else read[0]
    values: Floats = numbers.fill_null(np.nan).to_numpy().copy()
    odd = np.isinf(values)
    if read is not None and read[1]:
        odd |= np.isnan(values) & column.is_not_null().to_numpy() & ~numbers.is_nan().fill_null(False).to_numpy()
    if odd.any():
        at = np.flatnonzero(odd)
        places = tuple(f"{file.name}, row {i + 1}: {column[i]!r}" for i in at[:5].tolist())
        message = f"values of {column.name} are no finite numbers, and count as missing"
        findings.append(Finding(kind="warning", message=message, count=len(at), places=places))
        values[odd] = np.nan
    return values
