"""What large gzipped files hold, kept unpacked in the person's cache: unpacking Fashion-MNIST takes longer than
everything else between the train key and the first step (0.28 s; read back and checked: 0.05 s).

An unpacked file is known by the gzipped one's place, size and time, and by the CRC-32 and the length that its last
eight bytes tell (RFC 1952), which what is read back must have: so neither another file nor a damaged copy passes.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import secrets
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nntui.hooks.places import cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterable

SMALLEST, LARGEST = 4 << 20, 256 << 20
"""Bytes unpacked: smaller files are unpacked in no time, larger ones would fill the cache."""
MOST = 512 << 20
"""Bytes of all unpacked files: those that were read longest ago go."""


@dataclass(frozen=True)
class Unpacked:
    """The place of a gzipped file's content, there or not."""

    path: Path
    crc: int
    length: int

    def read(self) -> memoryview | None:
        """The content, mapped and not copied (the file is never written to again); None where it is not there, or
        damaged."""
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_size != self.length:
                    return None
                content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            if zlib.crc32(content) != self.crc:
                return None
            os.utime(self.path)  # it is in use
        except OSError:
            return None
        return content

    def keep(self, parts: Iterable[bytes | memoryview]) -> None:
        """Writes the content, for the next time. A cache that is full or read-only costs time, never an answer."""
        folder = self.path.parent
        fresh = folder / f".{self.path.name}.{secrets.token_hex(4)}"
        with contextlib.suppress(OSError):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if shutil.disk_usage(folder).free < 4 * self.length:
                    return
                with fresh.open("wb") as file:
                    file.writelines(parts)
                fresh.replace(self.path)
            finally:
                fresh.unlink(missing_ok=True)
            _make_room(folder)


def unpacked(path: Path, gzipped: BinaryIO) -> Unpacked | None:
    """Where the content of `path`, open as `gzipped`, is kept; None for a file of another size. Raises OSError."""
    status = os.fstat(gzipped.fileno())
    if status.st_size < 18:  # the least that a gzipped file has
        return None
    gzipped.seek(-8, os.SEEK_END)
    trailer = gzipped.read(8)
    crc, length = int.from_bytes(trailer[:4], "little"), int.from_bytes(trailer[4:], "little")
    if not SMALLEST <= length <= LARGEST:
        return None
    facts = f"{path.absolute()}\0{status.st_size}\0{status.st_mtime_ns}\0{crc}\0{length}"
    name = hashlib.sha256(facts.encode(errors="surrogateescape")).hexdigest()[:32]
    return Unpacked(cache_dir() / "unpacked" / name, crc, length)


def _make_room(folder: Path) -> None:
    kept = sorted(((f.stat().st_mtime, f.stat().st_size, f) for f in folder.iterdir()), reverse=True)
    total = 0
    for _, size, file in kept:
        total += size
        if total > MOST:
            file.unlink(missing_ok=True)
