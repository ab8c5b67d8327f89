"""Which recordings there are, and which class each belongs to: folders by class, or a table of paths and labels."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui import UserError
from nntui.builtin.datasets.own.frames import read_frame
from nntui.builtin.datasets.own.look import SPLITS, Look, columns_naming, files_below, kind_of, look
from nntui.hooks.data import Finding
from nntui.hooks.unread import what_to_do

if TYPE_CHECKING:
    import polars as pl

    from nntui.hooks.data import Indices, Split

TARGETS = ("label", "labels", "class", "target", "category", "y")
"""Names that a column of classes often has."""
FOLDERS = "put the recordings into one folder for each class: voices/cat/1.wav, voices/dog/1.wav"


@dataclass(frozen=True, kw_only=True)
class Recordings:
    """Recordings by path, in order; nothing of them was opened yet."""

    paths: tuple[Path, ...]
    places: tuple[str, ...]
    """How a person knows each: "cat/7.wav", or "labels.csv, line 3"."""
    labels: tuple[str, ...]
    splits: tuple[Split | None, ...]
    """Which split each came in, where that was said."""
    groups: tuple[str, ...] | None = None
    findings: tuple[Finding, ...] = ()
    how: str = ""
    """How they lie: "folders"."""

    def given(self) -> dict[Split, Indices]:
        """The splits that they came in. Where only training rows are said, none is: they are all."""
        found: dict[Split, Indices] = {}
        for name in ("train", "validation", "test"):
            index = np.array([i for i, split in enumerate(self.splits) if split == name], dtype=np.int64)
            if len(index):
                found[name] = index
        return {} if set(found) == {"train"} and len(found["train"]) == len(self.paths) else found


@dataclass
class _Kept:
    """What is gathered on the way."""

    paths: list[Path] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    splits: list[Split | None] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def add(self, path: Path, place: str, label: str, split: Split | None, group: str = "") -> None:
        self.paths.append(path)
        self.places.append(place)
        self.labels.append(label)
        self.splits.append(split)
        self.groups.append(group)


def shown(path: Path | str) -> str:
    """A path as text that can be written anywhere: bytes that are no text become a mark."""
    return os.fsencode(path).decode("utf-8", errors="replace")


def inner(path: Path, found: Look) -> tuple[Path, Look]:
    """Where the classes are: a folder whose only content is one folder of folders is gone into."""
    while found.folder and len(found.classes) == 1 and not found.splits:
        below = path / found.classes[0]
        if not below.is_dir() or any(entry.is_file() for entry in path.iterdir() if not entry.name.startswith(".")):
            break
        deeper = look(below)
        if not deeper.classes:
            break
        path, found = below, deeper
    return path, found


def gathered(path: Path, *, files: str | None, target: str | None, group: str | None) -> Recordings:
    """The recordings at `path`, a folder or a table. Raises UserError where there are none to learn from."""
    try:
        path, found = inner(path, look(path))
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror or error}", advice="name a folder or a table"
        ) from None
    table = _table_of(found, files)
    if table is not None:
        return from_table(table, files=files, target=target, group=group)
    if not found.folder:
        raise UserError(
            f"{path} is one recording or none; to learn, many are needed, each with its class",
            advice=f"{FOLDERS}; or name a table with a column of paths and one of classes",
        )
    if group is not None:
        raise UserError(
            "--data.group names a column, and folders of recordings have none",
            advice="list the recordings in a CSV with the columns path, class and who speaks, and name that",
        )
    return from_folders(path, found)


def from_folders(root: Path, found: Look) -> Recordings:
    """Recordings below `root`, each class a folder; train, validation and test folders may lie above."""
    kept, others, loose = _Kept(), [], []
    for file in files_below(root):
        parts = file.relative_to(root).parts
        place = shown(file.relative_to(root))
        if kind_of(file) != "sound":
            others.append(place)
            continue
        split = SPLITS.get(parts[0].lower()) if found.splits and len(parts) > 2 else None
        if len(parts) < 2:
            loose.append(place)
            continue
        kept.add(file, place, shown(parts[1] if split else parts[0]), split)
    findings = []
    if loose:
        message = f"{_count(loose, 'recording')} in no folder of a class {_are(loose)} left out"
        findings.append(Finding(kind="skipped", message=message, count=len(loose), places=tuple(loose[:20])))
    if others:
        message = f"{_count(others, 'file')} that {_are(others)} no recording by name {_are(others)} left out"
        if advice := what_to_do(others, "sound"):
            message += f"; {advice}"
        findings.append(Finding(kind="skipped", message=message, count=len(others), places=tuple(others[:20])))
    if not kept.paths:
        told = f"{root} has recordings, but in no folders" if loose else f"{root} has no recordings in folders"
        raise UserError(told, advice=FOLDERS)
    return _recordings(kept, findings, "folders")


def from_table(path: Path, *, files: str | None, target: str | None, group: str | None) -> Recordings:
    """Recordings that a table lists. Paths in it are from the table's own folder, or absolute."""
    try:
        read = read_frame(path)
    except (ValueError, OSError) as error:
        raise UserError(str(error), advice="a table with a column of paths and one of classes was expected") from None
    frame = read.frame
    named = files or path_column(frame)
    if named is None or named not in frame.columns:
        said = f"no column {files!r}" if files else "no column with paths of recordings"
        raise UserError(f"{path} has {said}", advice=f"name it: --data.files; it has {', '.join(frame.columns)}")
    label = _label_column(frame, path, named, target, group)
    groups = _column(frame, path, group) if group is not None else [""] * len(frame)
    splits = next((c for c in frame.columns if c.lower() == "split" and c not in (label, named)), None)
    said_splits = frame[splits].cast(str).to_list() if splits else [None] * len(frame)
    kept, unlabelled, absent = _Kept(), [], []
    rows = zip(frame[named].cast(str).to_list(), _column(frame, path, label), said_splits, groups, strict=True)
    for number, (file, name, split, of) in enumerate(
        rows, start=2 if read.dialect is None or read.dialect.header else 1
    ):
        place = f"{shown(path.name)}, line {number}"
        if not file or not name:
            unlabelled.append(place)
            continue
        there = path.parent / file
        if not _is_file(there):
            absent.append(f"{place}: {shown(file)}")
            continue
        kept.add(there, f"{shown(file)} ({place})", str(name), SPLITS.get(str(split).lower()), str(of))
    findings = []
    for missing, why in ((unlabelled, "without a path or a class"), (absent, "whose recording is not there")):
        if missing:
            message = f"{_count(missing, 'row')} {why} {_are(missing)} left out"
            findings.append(Finding(kind="skipped", message=message, count=len(missing), places=tuple(missing[:20])))
    if not kept.paths:
        advice = f"paths are taken from {path.parent}; the first was {(absent or ['none'])[0]}"
        raise UserError(f"{path} names no recording that is there", advice=advice)
    return _recordings(kept, [*read.findings, *findings], f"column {label} of {shown(path.name)}", group is not None)


def path_column(frame: pl.DataFrame) -> str | None:
    """The column of a table in which most values name recordings; None where there is none."""
    for name in columns_naming(frame, "sound"):
        values = [str(value) for value in frame[name].head(200).to_list() if value is not None]
        if values and sum(kind_of(Path(value)) == "sound" for value in values) > 0.8 * len(values):
            return name
    return None


def sound_files(inputs: Sequence[str], findings: list[Finding]) -> Iterable[tuple[Path, str]]:
    """Recordings that a person names: files, folders with all below them, tables with a column of paths; each with how
    the person knows it. What of a folder is no recording is added to `findings`. Raises ValueError or OSError."""
    for text in inputs:
        path = Path(text).expanduser()
        if path.is_dir():
            others = []
            for file in files_below(path):
                if kind_of(file) == "sound":
                    yield file, shown(file)
                else:
                    others.append(shown(file))
            if others:
                message = f"{_count(others, 'file')} that {_are(others)} no recording by name"
                findings.append(Finding(kind="skipped", message=message, count=len(others), places=tuple(others[:20])))
        elif kind_of(path) == "table" and path.exists():
            yield from _listed(path)
        else:
            yield path, shown(path)


def _listed(path: Path) -> Iterable[tuple[Path, str]]:
    frame = read_frame(path).frame
    column = path_column(frame)
    if column is None:
        raise ValueError(f"{path}: a table with a column of paths of recordings was expected")
    for value in frame[column].to_list():
        if value:
            yield path.parent / value, shown(value)


def _table_of(found: Look, files: str | None) -> Path | None:
    """The table that lists the recordings: the file itself, or the only one in a folder of recordings."""
    if len(found.tables) != 1 or found.frame is None:
        return None
    if found.folder and path_column(found.frame) is None and files not in found.frame.columns:
        return None
    return found.tables[0]


def _label_column(frame: pl.DataFrame, path: Path, named: str, target: str | None, group: str | None) -> str:
    if target is not None:
        if target not in frame.columns:
            raise UserError(f"{path} has no column {target!r}", advice=f"it has {', '.join(frame.columns)}")
        return target
    rest = [name for name in frame.columns if name not in (named, group) and name.lower() != "split"]
    for wanted in TARGETS:
        for name in rest:
            if name.lower() == wanted:
                return name
    if len(rest) == 1:
        return rest[0]
    advice = f"name it: --data.target COLUMN; it has {', '.join(rest)}" if rest else "add a column with the classes"
    raise UserError(f"it cannot be known which column of {path} holds the classes", advice=advice)


def _column(frame: pl.DataFrame, path: Path, name: str) -> list[str]:
    if name not in frame.columns:
        raise UserError(f"{path} has no column {name!r}", advice=f"it has {', '.join(frame.columns)}")
    return ["" if value is None else str(value).strip() for value in frame[name].to_list()]


def _recordings(kept: _Kept, findings: Sequence[Finding], how: str, grouped: bool = False) -> Recordings:
    return Recordings(
        paths=tuple(kept.paths),
        places=tuple(kept.places),
        labels=tuple(kept.labels),
        splits=tuple(kept.splits),
        groups=tuple(kept.groups) if grouped else None,
        findings=tuple(findings),
        how=how,
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things):,} {noun}{'' if len(things) == 1 else 's'}"


def _are(things: Sequence[object]) -> str:
    return "is" if len(things) == 1 else "are"


def counts_in_words(labels: Sequence[str]) -> str:
    """ "120 in cat, 98 in dog", the commonest first."""
    ranked = Counter(labels).most_common()
    told = ", ".join(f"{count:,} in {name}" for name, count in ranked[:5])
    return told + (f" and {len(ranked) - 5} more" if len(ranked) > 5 else "")
