"""One look at a path, from which every reader's `sniff` judges: what files there are, how they lie, how a table begins.

No file is opened but the beginning of one table. A look is remembered while the path does not change, since each reader
asks for the same one.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nntui.builtin.datasets.own.frames import Frame, format_of, read_frame

if TYPE_CHECKING:
    import polars as pl

FileKind = Literal["image", "sound", "text", "table", "array", "other"]

KINDS: dict[str, FileKind] = {
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"), "image"),
    **dict.fromkeys((".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au"), "sound"),
    **dict.fromkeys((".txt", ".text", ".md"), "text"),
    **dict.fromkeys((".npy", ".npz", ".safetensors"), "array"),
}  # fmt: skip
SPLITS: dict[str, Literal["train", "validation", "test"]] = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip
"""Names of folders that are a split, not a class."""
STAMPED = 100
"""Entries of a folder, from the first, among which a changed table makes a look old."""
LOOKED_AT = 20_000
"""Files of a folder that a look counts."""
HEAD = 500
"""Rows of a table that a look reads."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is at a path."""

    path: Path
    folder: bool
    kinds: Counter[FileKind] = field(default_factory=Counter)
    """Files by kind; of a single file, that one."""
    more: bool = False
    """Whether there are more files than were counted."""
    classes: tuple[str, ...] = ()
    """Names of the folders that hold files, below the splits where there are some: what might be classes."""
    splits: tuple[Literal["train", "validation", "test"], ...] = ()
    """Which splits the folders at the top are."""
    tables: tuple[Path, ...] = ()
    """The tables in it, in order; of a single file, that one."""
    head: Frame | None = None
    """The first rows of the table that is the file, or of the only one in the folder."""
    problem: str = ""
    """Why the table cannot be read."""

    @property
    def main(self) -> FileKind | None:
        """The kind of most of the files."""
        return self.kinds.most_common(1)[0][0] if self.kinds else None

    def share(self, kind: FileKind) -> float:
        """How much of the files are of a kind."""
        return self.kinds[kind] / total if (total := self.kinds.total()) else 0.0

    @property
    def frame(self) -> pl.DataFrame | None:
        return None if self.head is None else self.head.frame


def kind_of(path: Path) -> FileKind:
    """What a file's name promises."""
    if format_of(path) is not None:
        return "table"
    return KINDS.get(path.suffix.lower(), "other")


def columns_naming(frame: pl.DataFrame, kind: FileKind) -> list[str]:
    """The columns in which some value ends as a file of a kind does: all at once, there may be ten thousand."""
    import polars as pl

    flat = [name for name, dtype in frame.schema.items() if not dtype.is_nested()]
    endings = "|".join(re.escape(ending) for ending, of in KINDS.items() if of == kind)
    try:
        ends = pl.all().cast(pl.String).str.contains(rf"(?i)(?:{endings})\s*$").any()
        found = frame[flat].select(ends).row(0) if flat else ()
    except pl.exceptions.PolarsError:  # bytes that are no text
        return flat
    return [name for name, any_of in zip(flat, found, strict=True) if any_of]


def look(path: Path) -> Look:
    """What is at `path`. Raises OSError where it cannot be looked at."""
    return _look(path, _stamp(path))


def _stamp(path: Path, depth: int = 2) -> tuple[int, ...]:
    """What changes when files come or go, or a table does: times of the folders (splits, classes), and times and sizes
    of tables in them. Raises OSError."""
    own = path.stat()
    found = [own.st_mtime_ns, own.st_size]
    if not path.is_dir():
        return tuple(found)
    with os.scandir(path) as entries:
        for number, entry in enumerate(entries):
            with contextlib.suppress(OSError):  # what cannot be looked at is no part of a look
                if entry.is_dir() and depth:
                    found += _stamp(Path(entry.path), depth - 1)
                elif number < STAMPED and kind_of(Path(entry.path)) == "table":
                    stat = entry.stat()
                    found += [stat.st_mtime_ns, stat.st_size]
    return tuple(found)


def files_below(folder: Path) -> Iterator[Path]:
    """Every file in a folder and below it, in order of names; hidden ones left out, each folder once, so that links in
    a circle end. A folder that cannot be read is left out."""
    yield from _files(folder, set())


def _files(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        own = folder.stat()
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    if (own.st_dev, own.st_ino) in seen:
        return
    seen.add((own.st_dev, own.st_ino))
    for entry in entries:
        if entry.name.startswith((".", "__MACOSX")):
            continue
        try:
            folder_below = entry.is_dir()
        except OSError:
            continue
        if folder_below:
            yield from _files(Path(entry.path), seen)
        elif _is_file(entry):
            yield Path(entry.path)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


@lru_cache(maxsize=4)
def _look(path: Path, stamp: tuple[int, ...]) -> Look:
    del stamp  # it says whether an earlier look still holds
    if not path.is_dir():
        kind = kind_of(path)
        head, problem = _head(path) if kind == "table" else (None, "")
        alone = (path,) if kind == "table" else ()
        return Look(path=path, folder=False, kinds=Counter([kind]), tables=alone, head=head, problem=problem)
    kinds: Counter[FileKind] = Counter()
    classes: dict[str, None] = {}
    splits: dict[Literal["train", "validation", "test"], None] = {}
    tables: list[Path] = []
    more = False
    for number, file in enumerate(files_below(path)):
        if number >= LOOKED_AT:
            more = True
            break
        kind = kind_of(file)
        kinds[kind] += 1
        parts = file.relative_to(path).parts
        if len(parts) > 1 and parts[0].lower() in SPLITS:
            splits[SPLITS[parts[0].lower()]] = None
            parts = parts[1:]
        if len(parts) > 1:
            classes[parts[0]] = None
        if kind == "table":
            tables.append(file)
    head, problem = _head(tables[0]) if len(tables) == 1 else (None, "")
    return Look(
        path=path,
        folder=True,
        kinds=kinds,
        more=more,
        classes=tuple(classes),
        splits=tuple(splits),
        tables=tuple(tables),
        head=head,
        problem=problem,
    )


def _head(path: Path) -> tuple[Frame | None, str]:
    try:
        return read_frame(path, rows=HEAD), ""
    except (ValueError, OSError) as error:
        return None, str(error)
