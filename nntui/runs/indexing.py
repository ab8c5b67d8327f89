"""The index of a run: its state up to some byte of the events, kept beside them, so that a long run opens at once.

Derived: it may be deleted at any time, and is passed over where it does not fit the events. `python -m
nntui.runs.indexing FOLDER` makes it in a process of its own, which leaves nothing in an interface's memory. Where the
run's folder may not be written (somebody else's), it is kept in this person's cache.
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from nntui.hooks.errors import UserError
from nntui.hooks.places import cache_dir
from nntui.runs.attach import Attached
from nntui.runs.durable import write_atomic
from nntui.runs.folder import RunFolder
from nntui.runs.history import History
from nntui.runs.source import Source
from nntui.runs.state import RunState
from nntui.runs.window import Marks

INDEX_VERSION = 1
LEAST_BYTES = 1 << 20
"""A run with fewer bytes of events is read faster than an index is worth."""
_CACHED = 32
"""Indexes kept in the cache."""


class _Head(msgspec.Struct, kw_only=True):
    version: int = 0
    byteorder: str = ""
    source: Source = msgspec.field(default_factory=Source)


class _Index(_Head, kw_only=True):
    state: RunState
    marks: dict[str, Any]


def _plain(value: Any) -> Any:  # what msgspec does not know by itself
    if isinstance(value, History):
        return value.to_plain()
    raise NotImplementedError(type(value))


def _made(kind: type, value: Any) -> Any:  # the reverse
    if kind is History:
        return History.from_plain(value)
    raise NotImplementedError(kind)


def save_index(folder: RunFolder, attached: Attached) -> Path | None:
    """Keep what is known of a run; where. None where that is not worth it, or no disk takes it: it is made anew then.

    `attached` has folded all up to where it stands: what `open_quickly` guessed at is not kept.
    """
    if attached.offset < LEAST_BYTES or not attached.exact:
        return None
    source = Source()
    try:
        source.take(folder.events, folder.events.stat(), attached.offset)
    except OSError:
        return None
    index = _Index(
        version=INDEX_VERSION,
        byteorder=sys.byteorder,
        source=source,
        state=attached.state,
        marks=attached.marks.to_plain(),
    )
    data = msgspec.msgpack.encode(index, enc_hook=_plain)
    try:
        write_atomic(folder.index, data, durable=False)
        return folder.index
    except OSError:
        return _cache(folder, data)


def _cached(folder: RunFolder) -> Path:
    name = hashlib.blake2b(os.fsencode(folder.path.absolute()), digest_size=16).hexdigest()
    return cache_dir() / "runs" / f"{name}.msgpack"


def _cache(folder: RunFolder, data: bytes) -> Path | None:
    path = _cached(folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data, durable=False)
        kept = sorted(path.parent.glob("*.msgpack"), key=lambda p: p.stat().st_mtime, reverse=True)
    except OSError:
        return None
    for old in kept[_CACHED:]:
        with suppress(OSError):
            old.unlink()
    return path


def load_index(folder: RunFolder) -> Attached | None:
    """The run as its index has it, to be polled for what came since; None where there is no index that fits."""
    for path in (folder.index, _cached(folder)):
        try:
            data = path.read_bytes()
            head = msgspec.msgpack.decode(data, type=_Head)
            if (head.version, head.byteorder) != (INDEX_VERSION, sys.byteorder):
                continue
            if not head.source.fits(folder.events, folder.events.stat()):
                continue
            index = msgspec.msgpack.decode(data, type=_Index, dec_hook=_made)
            return Attached(folder, index.state, index.source.offset, Marks.from_plain(index.marks))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            continue
    return None


def indexing_command(folder: RunFolder) -> list[str]:
    """What makes the index, as the words of a process."""
    return [sys.executable, "-m", "nntui.runs.indexing", str(folder.path.absolute())]


def main(words: list[str]) -> int:
    """0: the index is there, or the run so short that it needs none. 1: not, and stderr says why."""
    if len(words) != 1:
        print("usage: python -m nntui.runs.indexing FOLDER", file=sys.stderr)
        return 2
    folder = RunFolder(Path(words[0]))
    os.nice(5)  # a run may train beside it
    gc.disable()  # a million events are no cycles, and then this ends
    try:
        attached = load_index(folder) or Attached(folder)
        attached.catch_up()
    except (UserError, OSError) as error:
        print(f"{folder.name}: {error}", file=sys.stderr)
        return 1
    if attached.offset >= LEAST_BYTES and save_index(folder, attached) is None:
        print(f"{folder.name}: neither its folder nor the cache takes an index", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
