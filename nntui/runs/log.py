"""`events.jsonl`: the engine appends to it, everybody else reads it, nobody waits for anybody."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from nntui.runs.complaints import complain
from nntui.runs.events import AnyEvent, Event, Warned

_BLOCK = 8 << 20
"""Bytes read and decoded at once: small beside a whole log, large beside what a block costs."""

E = TypeVar("E", bound=Event)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


# --- writing ---------------------------------------------------------------------------------------------------------


class _Seq(msgspec.Struct):
    seq: int


_seq = msgspec.json.Decoder(_Seq)


def _last_seq(fd: int, size: int) -> int:
    """The highest sequence number among the last lines that have one; -1 where none has."""
    span = 1 << 16
    while True:
        begin = max(size - span, 0)
        lines = os.pread(fd, size - begin, begin).split(b"\n")
        for line in reversed(lines if begin == 0 else lines[1:]):
            try:
                return _seq.decode(line).seq
            except (ValueError, RecursionError):
                continue
        if begin == 0:
            return -1
        span *= 8  # one event may be longer than the span


def _encode(event: Event) -> bytes:
    """One line. Non-finite numbers become null, what UTF-8 cannot hold becomes "?"."""
    try:
        return _encoder.encode(event)
    except UnicodeEncodeError:  # lone surrogates, from the name of a file that is not UTF-8
        return _encoder.encode(_without_surrogates(msgspec.to_builtins(event)))


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


class EventWriter:
    """Appends events to `path`, each one line in one write. One writer a run: whoever holds the lock.

    Goes on with the sequence of what is there, and on a new line where the last one is torn. Making one raises OSError
    when the file cannot be opened; appending never does.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._fd: int | None = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self.lost = 0
        """Events that could not be written; each leaves a gap in the sequence."""
        self._untold = 0
        """Of those, the ones of which no later event tells yet."""
        try:
            size = os.fstat(self._fd).st_size
            self._seq = _last_seq(self._fd, size) + 1
            self._torn = size > 0 and os.pread(self._fd, 1, size - 1) != b"\n"
        except BaseException:
            self.close()
            raise

    def append(self, event: E, sync: bool = False) -> E:
        """Write `event` with its sequence number and time; the event as written.

        `sync` makes it and all before it durable (some milliseconds). A disk that refuses is told once on stderr and
        counted in `lost`, and a warning behind the gap says how many there were: an event never stops training.
        """
        event = msgspec.structs.replace(event, seq=self._seq, time=self._clock())
        self._seq += 1
        line = _encode(event) + b"\n"
        if self._torn:
            line = b"\n" + line
        if self._fd is None:
            self._tell("closed")
            return event
        try:
            written = os.write(self._fd, line)
            if written < len(line):  # what a full disk took of it
                self._torn = True
                raise OSError(0, "no space left for the whole line")
            self._torn = False
            if sync:
                os.fsync(self._fd)
        except OSError as error:
            self._tell(error.strerror or str(error))
        else:
            self._tell_gap()
        return event

    def _tell(self, why: str) -> None:
        self.lost += 1
        self._untold += 1
        if self._untold == 1:
            complain(f"events are being lost: {self._path}: {why}; training goes on")

    def _tell_gap(self) -> None:
        """Writing works again: an event of its own says how much is missing before it."""
        count, self._untold = self._untold, 0
        if count:
            lines = "1 event" if count == 1 else f"{count:,} events"
            self.append(Warned(message=f"{lines} could not be written (a full disk?): the curves have a gap"))

    def close(self) -> None:
        """May be called twice."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __enter__(self) -> EventWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


# --- reading ---------------------------------------------------------------------------------------------------------


def decode_events(text: bytes) -> tuple[list[AnyEvent], int]:
    """The events in whole lines, and how many lines were none: malformed, or unknown to this nntui."""
    try:
        return _decoder.decode_lines(text), 0
    except (ValueError, RecursionError):
        pass  # some line is not an event: find out which, which takes half as long again
    events: list[AnyEvent] = []
    skipped = 0
    for line in text.split(b"\n"):
        if not line or line.isspace():
            continue
        try:
            events.append(_decoder.decode(line))
        except (ValueError, RecursionError):
            skipped += 1
    return events, skipped


class EventReader:
    """Reads what was appended since the last poll. A missing file has no events yet.

    A torn last line is left for a later poll. Where the file was cut short or replaced, reading begins anew at its
    start: `restarts` counts that, and whoever folds events then begins with a new state.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self.offset = offset
        """Bytes of whole lines read."""
        self.skipped = 0
        """Lines that were no events."""
        self.restarts = 0
        self._size = -1
        self._file: tuple[int, int] | None = None

    def poll(self, limit: int | None = None) -> list[AnyEvent]:
        """New events, all or those of about `limit` bytes. Raises OSError only for a file that may not be read."""
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return []
        identity = (found.st_dev, found.st_ino)
        if identity == self._file and found.st_size == self._size:
            return []
        try:
            with self._path.open("rb", buffering=0) as file:
                if (self._file is not None and identity != self._file) or not self._fits(file.fileno()):
                    self._restart()
                self._file = identity
                return self._read(file.fileno(), limit)
        except FileNotFoundError:  # removed between the two calls
            return []

    def _fits(self, fd: int) -> bool:
        """Whether `offset` still is the end of a line of this file."""
        return self.offset == 0 or os.pread(fd, 1, self.offset - 1) == b"\n"

    def _restart(self) -> None:
        self.offset = self.skipped = 0
        self.restarts += 1

    def _read(self, fd: int, limit: int | None) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        self._size = -1  # until the end has been seen
        rest = b""  # the beginning of a line that goes on in the next block
        at = self.offset
        while limit is None or at - self.offset < limit or rest:
            block = os.pread(fd, _BLOCK if limit is None else min(_BLOCK, max(limit, 4096)), at)
            if not block:
                self._size = at
                break
            at += len(block)
            whole, newline, block_rest = block.rpartition(b"\n")
            if not newline:
                rest += block
                continue
            decoded, skipped = decode_events(rest + whole)
            events += decoded
            self.skipped += skipped
            rest = block_rest
            if limit is not None and at - self.offset >= limit:
                break
        self.offset = at - len(rest)
        return events


def read_events(path: Path, offset: int = 0) -> tuple[list[AnyEvent], int]:
    """The events from byte `offset` on, and the offset after the last whole line.

    Tolerant: a torn last line is left for later, malformed and unknown ones are skipped. A missing file has none.
    """
    reader = EventReader(path, offset)
    events = reader.poll()
    return events, reader.offset
