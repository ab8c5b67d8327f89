"""Decoded pictures: in memory where they are few, else in a file of the person's cache, which is read as it is wanted.

The file holds the rows as they are, then JSON that tells of those that could not be read, then its length and a mark.
It is written aside and renamed, so that it is whole or not there, also where several processes write it at once.
"""

from __future__ import annotations

import contextlib
import json
import math
import mmap
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.own.failures import Passing
from nntui.builtin.datasets.own.picture_decoding import Failure, Piece, decoded
from nntui.hooks.data import Finding
from nntui.hooks.errors import UserError
from nntui.hooks.places import cache_dir

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.pictures import Seen
    from nntui.hooks.data import Indices

MARK = b"nntuipx1"
FEW, LIGHT = 1000, 16 << 20
"""Pictures, and bytes of their files, that are decoded anew each time."""
IN_MEMORY = 512 << 20
"""Bytes decoded up to which pictures are held in memory where they cannot be kept on disk."""
MOST = 16 << 30
"""Bytes of all kept sets: those that were used longest ago go."""
MAPPED = 4096
"""Rows after whose reading the memory that the system mapped for them is given back: it counts as the process's."""
OLD = 86_400
"""Seconds after which what a killed process was writing is removed."""


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """Pictures that could be read, in order."""

    images: npt.NDArray[np.uint8] | MappedRows | DecodingRows
    failures: list[Failure]
    on_disk: bool
    findings: tuple[Finding, ...] = ()


class MappedRows:
    """Rows of a file, uint8 (N, C, H, W), read where they are asked for."""

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        """Raises OSError."""
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._rows = np.frombuffer(self._map, np.uint8, math.prod(shape)).reshape(shape)
        self._since = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Indices) -> npt.NDArray[np.uint8]:
        taken: npt.NDArray[np.uint8] = self._rows[index]
        self._since += len(index)
        if self._since >= MAPPED and hasattr(mmap, "MADV_DONTNEED"):
            self._since = 0
            self._map.madvise(mmap.MADV_DONTNEED)  # what is wanted again is still in the system's cache
        return taken


class DecodingRows:
    """Rows that are decoded whenever they are asked for: slow, for where nothing can be kept."""

    def __init__(self, paths: Sequence[str], seen: Seen) -> None:
        self._paths, self._seen = paths, seen

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: Indices) -> npt.NDArray[np.uint8]:
        paths = [self._paths[i] for i in index.tolist()]
        pieces = list(decoded(paths, self._seen))
        failed = [failure for piece in pieces for failure in piece.failures]
        if failed:
            number, why = failed[0]
            raise UserError(f"{paths[number]} could be read before, and cannot now: {why}", advice="put it back")
        return np.concatenate([piece.images for piece in pieces] or [np.empty((0, *self._seen.shape), np.uint8)])


def store(paths: Sequence[str], seen: Seen, *, key: str, size: int, progress: bool) -> Decoded:
    """The pictures, decoded; from the cache where `key` is in it. `size`: bytes of their files."""
    needed = len(paths) * math.prod(seen.shape)
    if len(paths) < FEW and size < LIGHT and needed <= IN_MEMORY:
        return _in_memory(paths, seen)
    place = cache_dir() / "pictures" / key
    kept = _kept(place, seen.shape)
    if kept is not None:
        return kept
    pieces = _told(decoded(paths, seen), len(paths), progress)
    why = ""
    try:
        failures = _write(place, pieces, needed)
        kept = _kept(place, seen.shape)
        if kept is None:  # another process makes room at this moment
            why = "it was removed at once"
    except OSError as error:
        why = error.strerror or str(error)
        failures = []
    if kept is not None:
        return kept
    if needed <= IN_MEMORY:
        return _in_memory(paths, seen)
    if not failures:
        failures = [failure for piece in decoded(paths, seen) for failure in piece.failures]
    bad = {number for number, _ in failures}
    good = [path for number, path in enumerate(paths) if number not in bad]
    told = Finding(
        kind="warning",
        message=f"decoded pictures cannot be kept in {place.parent} ({why}): they are decoded anew in every epoch, "
        f"which is slow. {needed / 1e9:.1f} GB would be needed; NNTUI_CACHE names another folder",
    )
    return Decoded(images=DecodingRows(good, seen), failures=failures, on_disk=True, findings=(told,))


def _in_memory(paths: Sequence[str], seen: Seen) -> Decoded:
    images = np.empty((len(paths), *seen.shape), np.uint8)
    failures: list[Failure] = []
    rows = 0
    for piece in decoded(paths, seen):
        images[rows : rows + len(piece.images)] = piece.images
        rows += len(piece.images)
        failures += piece.failures
    return Decoded(images=images[:rows], failures=failures, on_disk=False)


def _kept(place: Path, shape: tuple[int, int, int]) -> Decoded | None:
    """What is in the cache; None where it is not there, or not whole."""
    try:
        with place.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            if end < 16:
                return None
            file.seek(end - 16)
            length, mark = int.from_bytes(file.read(8), "little"), file.read(8)
            if mark != MARK or length > end - 16:
                return None
            file.seek(end - 16 - length)
            told = json.loads(file.read(length))
        rows = (int(told["rows"]), *shape)
        if told["shape"] != list(shape) or math.prod(rows) != end - 16 - length:
            return None
        os.utime(place)  # it is in use
        images = MappedRows(place, rows)
    except (OSError, ValueError, KeyError):
        return None
    return Decoded(images=images, failures=[(int(n), str(why)) for n, why in told["failures"]], on_disk=True)


def _write(place: Path, pieces: Iterator[Piece], needed: int) -> list[Failure]:
    """Raises OSError: no room, no permission, a picture that may be read another time."""
    folder = place.parent
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < needed + needed // 4:
        raise OSError(0, "the disk is full")
    fresh = folder / f".{place.name}.{secrets.token_hex(4)}"
    failures: list[Failure] = []
    rows, shape = 0, (0, 0, 0)
    try:
        with fresh.open("wb") as file:
            for piece in pieces:
                file.write(piece.images.data)
                failures += piece.failures
                if any(isinstance(why, Passing) for _, why in piece.failures):
                    raise OSError(0, "some could not be read this time, and may be another time")
                rows, shape = rows + len(piece.images), piece.images.shape[1:]
            told = json.dumps({"rows": rows, "shape": shape, "failures": failures}).encode()
            file.write(told + len(told).to_bytes(8, "little") + MARK)
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)
    _make_room(folder, place)
    return failures


def _make_room(folder: Path, newest: Path) -> None:
    with contextlib.suppress(OSError):  # another process may remove the same
        kept = []
        for file in folder.iterdir():
            stat = file.stat()
            if file.name.startswith("."):
                if time.time() - stat.st_mtime > OLD:
                    file.unlink(missing_ok=True)
            elif file != newest:
                kept.append((stat.st_mtime, stat.st_size, file))
        total = newest.stat().st_size
        for _, size, file in sorted(kept, reverse=True):
            total += size
            if total > MOST:
                file.unlink(missing_ok=True)


def _told(pieces: Iterator[Piece], count: int, progress: bool) -> Iterator[Piece]:
    """Tells on stderr how far reading is, where it takes long."""
    if not progress or not sys.stderr.isatty():
        yield from pieces
        return
    done, began, last = 0, time.monotonic(), 0.0
    for piece in pieces:
        yield piece
        done += len(piece.images) + len(piece.failures)
        now = time.monotonic()
        if now - began > 1 and now - last > 0.2:
            last = now
            sys.stderr.write(f"\rreading pictures: {done:,} of {count:,}")
            sys.stderr.flush()
    if last:
        sys.stderr.write("\r" + " " * 60 + "\r")
        sys.stderr.flush()
