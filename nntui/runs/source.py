"""What a file derived from a run's events was made from, so that whoever finds it knows whether it still fits."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

_HEAD = 256
"""Bytes at the start of the events by which they are known again; `started` holds time, host and process."""


class Source(msgspec.Struct, kw_only=True):
    """The events as they were then."""

    size: int = -1
    mtime: int = 0
    """Nanoseconds."""
    offset: int = 0
    """Bytes of whole lines that were folded."""
    head: int = 0
    digest: str = ""
    """Of the first `head` bytes."""

    def take(self, events: Path, found: os.stat_result, offset: int) -> None:
        """Note that the events were folded up to `offset`. Raises OSError."""
        head = _head(events, min(_HEAD, offset))
        self.size, self.mtime, self.offset = found.st_size, found.st_mtime_ns, offset
        self.head, self.digest = len(head), _digest(head)

    def fits(self, events: Path, found: os.stat_result) -> bool:
        """Whether the events are those, perhaps with more behind them. Raises OSError."""
        if found.st_size < self.offset or (found.st_size == self.size and found.st_mtime_ns != self.mtime):
            return False
        if found.st_size == self.size:
            return True
        return self.offset == 0 or _digest(_head(events, self.head)) == self.digest


def _head(path: Path, length: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        return file.read(length)


def _digest(head: bytes) -> str:
    return hashlib.blake2b(head, digest_size=16).hexdigest()
