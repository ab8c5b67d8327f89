"""Labelled series from files: .ts of the UEA and UCR archives, tables of a series a row, or of a step a row.

Whatever a label is, it is text here; what is no finite number is NaN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from nntui.builtin.datasets.own.frames import encoding_of
from nntui.builtin.datasets.own.series_table import as_number, read_tables
from nntui.builtin.datasets.own.times import read_times
from nntui.hooks.data import Finding
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    Floats = npt.NDArray[np.float64]

_PAIR = re.compile(r"\(\s*[^,()]*,\s*([^()]*)\)")
_COUNTED = re.compile(r"(.*?)(\d+)$")
IDS = frozenset({"id", "series", "series_id", "sample", "sample_id", "sequence", "sequence_id", "case", "case_id",
                 "trial", "instance", "unit", "recording", "window"})  # fmt: skip
TIMES = frozenset({"t", "time", "step", "timestamp", "date", "index", "datetime"})
LABELS = frozenset({"label", "class", "target", "y", "category", "activity", "outcome", "diagnosis"})


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a table holds labelled series. Plain data: kept with the model, so that other files are read alike."""

    kind: Literal["ts", "wide", "long"]
    label: str = ""
    columns: tuple[str, ...] = ()
    """Of a wide table the steps in order, of a long one the numbers."""
    series: str = ""
    time: str = ""


@dataclass(kw_only=True, eq=False)
class Labelled:
    """Series with their labels, and where they are."""

    values: list[Floats] = field(default_factory=list)
    """Each (T, C)."""
    labels: list[str | None] = field(default_factory=list)
    """None where a file has none."""
    places: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    """Of the channels, where they have some."""


def is_ts(path: Path) -> bool:
    """Whether a file under this name is one of the archives', and no TypeScript."""
    if path.suffix.lower() != ".ts" or not path.is_file():
        return False
    with path.open("rb") as file:
        begin = file.read(1 << 16).lower()
    return re.search(rb"^\s*@(problemname|univariate|classlabel|timestamps|data)\b", begin, re.MULTILINE) is not None


def read_ts(path: Path) -> Labelled:
    """The series of a .ts file. Raises UserError, naming the line."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    lines = data.decode(encoding_of(data[: 1 << 18]), errors="replace").splitlines()
    begin = next((at for at, line in enumerate(lines) if line.strip().lower() == "@data"), None)
    if begin is None:
        raise UserError(f"{path}: a line @data was expected before the series", advice="see the archive's format")
    said = {words[0].lower(): words[1:] for line in lines[:begin] if (words := line.split()) and words[0][0] == "@"}
    if said.get("@targetlabel", ["false"])[:1] == ["true"]:
        raise UserError(f"{path}: its labels are numbers, not classes", advice="nntui tells classes of series")
    labelled = said.get("@classlabel", ["true"])[0].lower() == "true"
    timed = said.get("@timestamps", ["false"])[:1] == ["true"]
    found = Labelled()
    skipped: list[str] = []
    for number, line in enumerate(lines[begin + 1 :], begin + 2):
        if not line.strip() or line.lstrip()[0] in "#%":
            continue
        place = f"{path.name}, line {number}"
        try:
            values, label = _ts_line(line.strip(), labelled=labelled, timed=timed)
        except ValueError as error:
            skipped.append(f"{place}: {error}")
            continue
        found.values.append(values)
        found.labels.append(label)
        found.places.append(place)
    if skipped:
        message = "lines that are no labelled series"
        found.findings.append(Finding(kind="skipped", message=message, count=len(skipped), places=tuple(skipped[:5])))
    return found


def _ts_line(line: str, *, labelled: bool, timed: bool) -> tuple[Floats, str | None]:
    """(T, C) and the label: channels with : between them, the label last. Raises ValueError."""
    parts = line.split(":")
    label = parts.pop().strip() if labelled and not (timed and parts[-1].endswith(")")) else None
    if label == "":
        raise ValueError("no label")
    channels = [_channel(part, timed) for part in parts]
    longest = max((len(channel) for channel in channels), default=0)
    if not longest:
        raise ValueError("no values")
    values = np.full((longest, len(channels)), np.nan)
    for at, channel in enumerate(channels):
        values[: len(channel), at] = channel
    return values, label


def _channel(text: str, timed: bool) -> list[float]:
    cells = _PAIR.findall(text) if timed else text.split(",")
    return [_value(cell.strip()) for cell in cells if cell.strip()]


def _value(cell: str) -> float:
    if cell in ("?", "NaN", "nan", "NA"):
        return np.nan
    try:
        value = float(cell)
    except ValueError as error:
        raise ValueError(f"{cell!r} is no number") from error
    return value if np.isfinite(value) else np.nan


def read_layout(path: Path, layout: Layout, *, labels: bool = True) -> Labelled:
    """The series of a file under a known layout; without `labels` none is needed. Raises UserError."""
    if layout.kind == "ts" or is_ts(path):
        return read_ts(path)
    frames, findings = read_tables([path])
    frame = frames[0]
    needed = [*layout.columns, *([layout.label] if labels else [])]
    if (
        layout.kind == "wide"
        and not labels
        and frame.width == len(layout.columns)
        and layout.columns[0] not in frame.columns
    ):
        frame = frame.rename(dict(zip(frame.columns, layout.columns, strict=True)))  # no header, and no label
    missing = [name for name in (*needed, layout.series, layout.time) if name and name not in frame.columns]
    if missing:
        told = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise UserError(f"{path}: missing {told}", advice=f"its columns are {', '.join(frame.columns[:10])} ...")
    found = _wide(frame, path, layout) if layout.kind == "wide" else _long(frame, path, layout)
    found.findings[:0] = findings
    return found


def _numbers(frame: pl.DataFrame, columns: Sequence[str], path: Path, findings: list[Finding]) -> Floats:
    """(R, columns); what is no finite number is NaN, and told."""
    values = np.full((frame.height, len(columns)), np.nan)
    odd = 0
    for at, name in enumerate(columns):
        read = as_number(frame[name])
        if read is None:
            if frame[name].null_count() < frame.height:
                raise UserError(f"{path}: {name} is no column of numbers", advice="every step of a series is a number")
            continue
        values[:, at] = read[0].fill_null(np.nan).to_numpy()
        odd += read[1] + int(np.isinf(values[:, at]).sum())
    values[np.isinf(values)] = np.nan
    if odd:
        findings.append(
            Finding(
                kind="warning",
                message=f"{path.name}: {odd:,} value{'' if odd == 1 else 's'}, no finite numbers, count as missing",
                count=odd,
            )
        )
    return values


def _texts(frame: pl.DataFrame, name: str) -> list[str | None]:
    import polars as pl

    column = frame[name]
    if column.dtype.is_float():
        column = column.cast(pl.Int64, strict=False) if bool((column.drop_nulls() % 1 == 0).all()) else column
    texts = column.cast(pl.String).str.strip_chars().to_list()
    return [_whole(text) if text else None for text in texts]


def _whole(text: str) -> str:
    """ "1.0000000e+00" is class 1, as the archives write it."""
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(value)) if np.isfinite(value) and value == int(value) and abs(value) < 1e15 else text


def _wide(frame: pl.DataFrame, path: Path, layout: Layout) -> Labelled:
    found = Labelled()
    values = _numbers(frame, layout.columns, path, found.findings)
    labels = _texts(frame, layout.label) if layout.label in frame.columns else [None] * frame.height
    last = np.where(np.isfinite(values), np.arange(values.shape[1]) + 1, 0).max(axis=1, initial=0)
    for row, (end, label) in enumerate(zip(last.tolist(), labels, strict=True)):
        if end == 0:
            _skip(found, f"{path.name}, row {row + 1}: every value is missing")
            continue
        found.values.append(values[row, :end, None])
        found.labels.append(label)
        found.places.append(f"{path.name}, row {row + 1}")
    return found


def _skip(found: Labelled, place: str) -> None:
    found.findings.append(Finding(kind="skipped", message="a series is left out", places=(place,)))


def _long(frame: pl.DataFrame, path: Path, layout: Layout) -> Labelled:
    found = Labelled(names=layout.columns)
    values = _numbers(frame, layout.columns, path, found.findings)
    keys = _texts(frame, layout.series)
    labels = _texts(frame, layout.label) if layout.label in frame.columns else [None] * frame.height
    order = np.arange(frame.height)
    if layout.time:
        times = read_times(frame[layout.time], named=True)
        if times is None:
            raise UserError(f"{path}: {layout.time} is no column of times")
        found.findings += times.findings
        order = np.argsort(times.moments, kind="stable")
        order = order[times.known[order]]
        for row in np.flatnonzero(~times.known).tolist():
            place = f"{path.name}, row {row + 1}"
            found.findings.append(Finding(kind="skipped", message=f"its {layout.time} is no time", places=(place,)))
    rows: dict[str, list[int]] = {}
    for row in order.tolist():
        rows.setdefault(keys[row] or "", []).append(row)
    for key in sorted(rows, key=lambda text: min(rows[text])):
        own = sorted({labels[row] or "" for row in rows[key]})
        if len(own) > 1:
            _skip(found, f"{path.name}, {layout.series} {key}: it has the labels {', '.join(own[:3])}")
        elif not np.isfinite(values[rows[key]]).any():
            _skip(found, f"{path.name}, {layout.series} {key}: every value is missing")
        else:
            found.values.append(values[rows[key]])
            found.labels.append(own[0] or None)
            found.places.append(f"{path.name}, {layout.series} {key}")
    return found


def layout_of(frame: pl.DataFrame, label: str | None, series: str | None, time: str | None) -> Layout | None:
    """How the beginning of a table holds labelled series; None where it does not seem to."""
    for name in (label, series, time):
        if name is not None and name not in frame.columns:
            raise UserError(f"there is no column {name!r}", advice=f"the columns are {', '.join(frame.columns[:20])}")
    if series is None:
        for name in [label] if label is not None else [frame.columns[0], frame.columns[-1]]:
            steps = [column for column in frame.columns if column not in (name, time)]
            if is_label(frame[name]) and len(steps) >= LEAST and (label is not None or continues(frame, steps)):
                return Layout(kind="wide", label=name, columns=tuple(steps))
    return _long_layout(frame, label, series, time)


def _long_layout(frame: pl.DataFrame, label: str | None, series: str | None, time: str | None) -> Layout | None:
    keys = [series] if series else [name for name in frame.columns if name.strip().lower() in IDS]
    labels = [label] if label else [name for name in frame.columns if name.strip().lower() in LABELS]
    if not keys or not labels or keys[0] == labels[0]:
        return None
    key, name = keys[0], labels[0]
    pairs = frame.select(key, name).unique()
    if not is_label(frame[name]) or pairs.height > frame[key].n_unique() or pairs.height > frame.height / 3:
        return None
    rest = [column for column in frame.columns if column not in (key, name)]
    if time is None:
        time = next((column for column in rest if column.strip().lower() in TIMES), None)
    numbers = [column for column in rest if column != time and as_number(frame[column]) is not None]
    return Layout(kind="long", label=name, columns=tuple(numbers), series=key, time=time or "") if numbers else None


LEAST = 8
"""Steps of a series, for a table to be wide ones."""
MOST_CLASSES = 60


def is_label(column: pl.Series) -> bool:
    """Whether a column may be classes: text or whole numbers of a few kinds, each there more than once."""
    told = column.drop_nulls()
    if told.len() < 4:
        return False
    kinds = told.n_unique()
    read = as_number(told)
    if read is not None and read[1] == 0 and not bool((read[0] % 1 == 0).all()):
        return False
    return 2 <= kinds <= min(MOST_CLASSES, told.len() / (2 if read is None else 4))


def continues(frame: pl.DataFrame, steps: Sequence[str]) -> bool:
    """Whether columns continue each other along each row: as like to the next one as they are not when shuffled, in one
    unit. A picture's pixels do as well, but are as like to the line below."""
    read = [as_number(frame[name]) for name in steps[:4000]]
    if any(one is None for one in read):
        return False
    values = np.stack([one[0].fill_null(np.nan).to_numpy() for one in read if one is not None], axis=1)
    values = values[np.isfinite(values).mean(axis=1) > 0.3]
    if len(values) < 4:
        return False
    spread = np.nanstd(values, axis=0)
    typical = np.median(spread[np.isfinite(spread)])
    if not typical > 0 or np.nanmax(spread) > 50 * typical:
        return False
    middle = np.abs(np.nanmean(values, axis=0))
    if np.nanmax(middle) > 50 * (np.median(middle) + np.nanstd(values)):
        return False
    filled = np.where(np.isfinite(values), values, np.nanmean(values, axis=1, keepdims=True))
    filled = filled - filled.mean(axis=1, keepdims=True)
    near = _like(filled, 1)
    mixed = _like(filled[:, np.random.default_rng(0).permutation(filled.shape[1])], 1)
    side = round(filled.shape[1] ** 0.5)
    if side >= 8 and side * side == filled.shape[1] and bool((values == np.floor(values)).all()) and values.min() >= 0:
        return _like(filled, side) < 0.6 * near and near > 0.6
    return near > (0.3 if _counted(steps) else 0.6) and near - mixed > 0.25


def _like(rows: Floats, lag: int) -> float:
    """The median of the rows' autocorrelation."""
    power = (rows * rows).sum(axis=1)
    found = (rows[:, :-lag] * rows[:, lag:]).sum(axis=1)[power > 0] / power[power > 0]
    return float(np.median(found)) if len(found) else 0.0


def _counted(names: Sequence[str]) -> bool:
    """t0, t1, t2: one name, counted on. Not what a file without header gets."""
    found = [_COUNTED.fullmatch(name) for name in names]
    if any(match is None for match in found) or names[0].startswith("column_"):
        return False
    heads = {match.group(1) for match in found if match is not None}
    numbers = [int(match.group(2)) for match in found if match is not None]
    return len(heads) == 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def archive_parts(folder: Path) -> Iterator[tuple[Path, Literal["train", "test"]]]:
    """The files NAME_TRAIN and NAME_TEST of a folder, where it has one of each."""
    found: dict[str, Path] = {}
    stems = set()
    for path in sorted(folder.iterdir()):
        stem, _, part = path.stem.rpartition("_")
        if part in ("TRAIN", "TEST") and path.suffix.lower() in (".ts", ".tsv", ".csv") and path.is_file():
            best = found.get(part)
            if best is None or (path.suffix == ".ts" and best.suffix != ".ts") or len(path.stem) < len(best.stem):
                found[part] = path
            stems.add(stem)
    if set(found) == {"TRAIN", "TEST"}:
        yield found["TRAIN"], "train"
        yield found["TEST"], "test"
