"""Which pictures a person has and what each is: from a table of paths and classes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.own.frames import read_frame
from nntui.builtin.datasets.own.look import SPLITS, columns_naming
from nntui.builtin.datasets.own.picture_files import finding, is_picture, pictures_below
from nntui.builtin.datasets.own.picture_list import Listing, labelled
from nntui.hooks.errors import UserError
from nntui.hooks.names import written_out

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from nntui.builtin.datasets.own.picture_params import PictureParams
    from nntui.hooks.data import DataContext, Finding, Split

LABELS = ("label", "labels", "class", "class_name", "classname", "target", "category", "y", "species", "breed", "tag")
"""Names of columns of classes, the surest first."""
SPLIT_COLUMNS = ("split", "set", "subset", "partition", "fold", "usage")
PATHS = (
    "path",
    "file",
    "filename",
    "file_name",
    "filepath",
    "file_path",
    "image",
    "img",
    "image_path",
    "image_id",
    "id",
)
"""Names of columns that hold paths without an ending."""
LOOKED_UP = 50
"""Values of a column that are looked for as files."""
MOST_CLASSES = 10_000


def path_column(frame: pl.DataFrame, folder: Path) -> str | None:
    """The column whose values are pictures that are there, from the table's folder; None where there is none."""
    best, share = None, 0.0
    for name in columns_naming(frame, "image"):
        values = texts(frame, name)
        known = [value for value in values[:2000] if value]
        named = sum(is_picture(value) for value in known)
        if not known or named <= len(known) / 2:
            continue
        spread = [known[i] for i in np.unique(np.linspace(0, len(known) - 1, LOOKED_UP).astype(int)).tolist()]
        there = sum(_there(folder, value) for value in spread) / len(spread)
        if best is None or there > share:
            best, share = name, there
    if best is not None:
        return best
    for wanted in PATHS:
        for name in frame.columns:
            if name.lower() == wanted:
                known = [value for value in texts(frame, name)[:LOOKED_UP] if value]
                if known and any(_with_ending(folder, value) for value in known):
                    return name
    return None


def texts(frame: pl.DataFrame, column: str) -> list[str | None]:
    """The values as text; of nested columns none."""
    import polars as pl

    try:
        return [None if value is None else value.strip() for value in frame[column].cast(pl.String).to_list()]
    except pl.exceptions.PolarsError:
        return [None] * len(frame)


def _there(folder: Path, value: str) -> bool:
    try:
        return os.path.isfile(os.path.join(folder, value))  # noqa: PTH113, PTH118 - many: a string is quicker
    except ValueError:  # a NUL
        return False


def _with_ending(folder: Path, value: str) -> bool:
    places = [folder, *(entry for entry in _folders(folder))]
    return any(_there(place, value + ending) for place in places for ending in (".jpg", ".png", ".jpeg", ".webp"))


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))[:50]
    except OSError:
        return []


def label_column(frame: pl.DataFrame, paths: str, said: str | None) -> str:
    """The column of classes. Raises UserError where it is not to be found."""
    others = [name for name in frame.columns if name != paths]
    listed = ", ".join(written_out(name) for name in others) or "none"
    if said is not None:
        if said not in others:
            raise UserError(f"--data.target {said}: the table has no such column", advice=f"it has {listed}")
        return said
    for wanted in LABELS:
        for name in others:
            if name.lower() == wanted:
                return name
    left = [name for name in others if name.lower() not in SPLIT_COLUMNS]
    if len(left) == 1:
        return left[0]
    raise UserError(
        f"which column tells the class of a picture? Beside {written_out(paths)} the table has {listed}",
        advice="name it: --data.target COLUMN",
    )


def split_column(frame: pl.DataFrame) -> str | None:
    """The column that says which split a row is of."""
    for name in frame.columns:
        if name.lower() in SPLIT_COLUMNS:
            values = {value.lower() for value in texts(frame, name) if value}
            if values and values <= SPLITS.keys():
                return name
    return None


def from_table(table: Path, params: PictureParams, context: DataContext) -> Listing:
    """The pictures that a table names, with their classes. Raises UserError."""
    try:
        read = read_frame(table)
    except (ValueError, OSError) as error:
        raise UserError(str(error), advice="a table with a column of paths and one of classes was expected") from None
    frame, folder = read.frame, table.parent
    paths = params.column if params.column is not None else path_column(frame, folder)
    if paths is None or paths not in frame.columns:
        what = "no column of picture files" if paths is None else f"no column {paths}"
        listed = ", ".join(map(written_out, frame.columns[:20]))
        raise UserError(
            f"{table} has {what}: it has {listed}",
            advice="name the column: --data.column COLUMN; paths go from the folder in which the table lies",
        )
    target = label_column(frame, paths, params.target)
    split = split_column(frame.drop([paths, target]))
    labels = texts(frame, target)
    splits: list[Split | None] = [None] * len(frame)
    if split is not None:
        splits = [SPLITS[value.lower()] if value else None for value in texts(frame, split)]
    listing = looked_up(table, texts(frame, paths))
    listing = replace(
        listing,
        groups=None if context.group is None else _codes(_column(frame, context.group, "group")),
        time=None if context.time is None else _times(_column(frame, context.time, "time"), context.time),
        findings=(*read.findings, *listing.findings),
        layout=f"pictures of column {written_out(paths)}, classes of column {written_out(target)}"
        + (f", splits of column {written_out(split)}" if split is not None else ""),
    )
    there = listing.sizes >= 0
    if not there.any():
        raise UserError(
            f"none of the {len(frame):,} pictures that {table} names is there, such as {listing.names[0]!r}"
            if len(frame)
            else f"{table} has no rows",
            advice=f"paths go from the folder in which the table lies: {folder}",
        )
    keep = np.flatnonzero(there).tolist()
    listing = labelled(
        listing.kept(there), [labels[i] for i in keep], [splits[i] for i in keep], f"without a {written_out(target)}"
    )
    distinct = len(listing.classes)
    if distinct == len(listing) > 2 or distinct > MOST_CLASSES:
        raise UserError(
            f"column {written_out(target)} has {distinct:,} different values in {len(listing):,} rows: these are no "
            "classes",
            advice="name the column of classes: --data.target COLUMN",
        )
    return listing


def _column(frame: pl.DataFrame, name: str, flag: str) -> pl.Series:
    if name not in frame.columns:
        listed = ", ".join(map(written_out, frame.columns[:20]))
        raise UserError(f"--data.{flag} {name}: the table has no such column", advice=f"it has {listed}")
    return frame[name]


def _codes(values: pl.Series) -> npt.NDArray[np.int64]:
    """A number for each value; rows without one are each alone."""
    texts = values.cast(str, strict=False).to_list()
    known = {text: code for code, text in enumerate(dict.fromkeys(text for text in texts if text is not None))}
    return np.array([len(known) + i if text is None else known[text] for i, text in enumerate(texts)], np.int64)


def _times(values: pl.Series, name: str) -> npt.NDArray[np.int64]:
    """Ranks of numbers, dates or times. Raises UserError for what is none."""
    import polars as pl

    if values.dtype == pl.String:
        numbers = values.cast(pl.Float64, strict=False)
        values = _dates(values) if numbers.null_count() else numbers
    if values.null_count():
        raise UserError(
            f"--data.time {name}: {values.null_count():,} of its values are no times",
            advice="numbers, dates (2024-05-31) or times (2024-05-31 17:30:00) were expected",
        )
    return values.rank("dense").to_numpy().astype(np.int64)


def _dates(texts: pl.Series) -> pl.Series:
    import polars as pl

    try:
        return texts.str.to_datetime(strict=False)
    except pl.exceptions.PolarsError:  # of no format that it knows
        return pl.Series([None] * len(texts), dtype=pl.Datetime)


def looked_up(table: Path, values: Sequence[str | None]) -> Listing:
    """The files that a column names; those that are not there have size -1 and are told."""
    folder = table.parent
    index = _Index(folder)
    paths, names, sizes, times, missing = [], [], [], [], []
    for number, value in enumerate(values):
        path, stat = index.find(value) if value else ("", None)
        paths.append(path)
        names.append(written_out(value or ""))
        sizes.append(-1 if stat is None else stat.st_size)
        times.append(0 if stat is None else stat.st_mtime_ns)
        if stat is None:
            missing.append(f"{written_out(value or 'no path')} ({table.name}, row {number + 1})")
    findings: tuple[Finding, ...] = ()
    if missing:
        message = f"{len(missing):,} row{'' if len(missing) == 1 else 's'} whose picture is not there"
        findings = (finding("skipped", message, missing),)
    return Listing(
        root=folder,
        names=names,
        paths=paths,
        codes=np.zeros(len(paths), np.int64),
        classes=(),
        sizes=np.array(sizes, np.int64),
        times=np.array(times, np.int64),
        findings=findings,
    )


class _Index:
    """Finds the file that a value means: a path from the table's folder; else the only picture below it that is called
    so, with its ending or without."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._called: dict[str, str | None] | None = None

    def find(self, value: str) -> tuple[str, os.stat_result | None]:
        for text in (value, value.replace("\\", "/")):
            found = _stat(os.path.join(self._folder, text))  # noqa: PTH118 - many: a string is quicker
            if found[1] is not None:
                return found
        if self._called is None:
            self._called = self._all()
        name = value.replace("\\", "/").rsplit("/", 1)[-1]
        path = self._called.get(name)
        return ("", None) if path is None else _stat(path)

    def _all(self) -> dict[str, str | None]:
        """By name and by name without ending; None where several are called so."""
        called: dict[str, str | None] = {}
        for name in pictures_below(Path(self._folder)).names:
            last = name.rsplit("/", 1)[-1]
            path = os.path.join(self._folder, name)  # noqa: PTH118
            for text in (last, last.rsplit(".", 1)[0]):
                called[text] = None if text in called and called[text] != path else path
        return called


def _stat(path: str) -> tuple[str, os.stat_result | None]:
    try:
        stat = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):  # ValueError: a NUL
        return "", None
    return (path, stat) if S_ISREG(stat.st_mode) else ("", None)
