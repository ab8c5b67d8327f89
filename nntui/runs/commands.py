"""What is asked of a run: `commands.jsonl`, appended to by whoever steers it, read by its engine."""

from __future__ import annotations

import math
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder

COMMANDS_VERSION = 1

MOST_EPOCHS = 10**9
"""Of a run that is extended: more than anybody waits for, and exact in every number that they become part of."""

Kind = Literal["pause", "resume", "stop", "checkpoint", "lr", "lr-scale", "extend", "probe"]
KINDS: tuple[str, ...] = get_args(Kind)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One thing asked. `kind` is one of KINDS, or what a later nntui knows: see `problem`."""

    version: int = COMMANDS_VERSION
    id: str
    time: float
    """Seconds since the epoch, on the asker's clock."""
    by: str
    """Who asked, such as "ctl:ada"."""
    kind: str
    value: float | None = None
    """lr: the new base; lr-scale: its factor; extend: how many epochs more."""


_decoder = msgspec.json.Decoder(Command)


def problem(kind: str, value: float | None, version: int = COMMANDS_VERSION) -> str | None:
    """Why this cannot be asked of any run, or None: what an asker is told, and an engine refuses with."""
    if kind not in KINDS or version > COMMANDS_VERSION:
        return f"this nntui does not know the command {kind!r} (it knows {', '.join(KINDS)})"
    if kind in ("lr", "lr-scale"):
        if value is None or not math.isfinite(value) or value <= 0:
            return f"{'a learning rate' if kind == 'lr' else 'its factor'} is a number above 0, not {value}"
    elif kind == "extend":
        if value is None or not 1 <= value <= MOST_EPOCHS or value != int(value):
            return f"a run is extended by a whole number of epochs, 1 to {MOST_EPOCHS:,}, not {value}"
    elif value is not None:
        return f"{kind} takes no value"
    return None


def append_command(folder: RunFolder, kind: Kind, value: float | None, by: str) -> Command:
    """Ask something of a run, live or not: in one write that begins and ends with a newline.

    So neither another asker at the same moment nor a torn line before it can spoil it. Raises UserError when the value
    does not fit or the file cannot be written.
    """
    if (wrong := problem(kind, value)) is not None:
        raise UserError(wrong)
    command = Command(id=secrets.token_hex(6), time=time.time(), by=by, kind=kind, value=value)
    line = b"\n" + msgspec.json.encode(command) + b"\n"
    try:
        fd = os.open(folder.commands, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            written = os.write(fd, line)
        finally:
            os.close(fd)
    except OSError as error:
        raise UserError(
            f"{folder.name} cannot be asked: {folder.commands}: {error.strerror}",
            advice="steering a run takes write access to its folder, and room on its disk",
        ) from error
    if written < len(line):
        raise UserError(f"{folder.name} cannot be asked: no space left for {folder.commands}")
    return command


def _parse(text: bytes) -> tuple[list[Command], int]:
    """The commands in whole lines, and how many lines were none."""
    commands: list[Command] = []
    skipped = 0
    for line in text.split(b"\n"):
        if not line or line.isspace():
            continue
        try:
            commands.append(_decoder.decode(line))
        except (ValueError, RecursionError):
            skipped += 1
    return commands, skipped


class CommandReader:
    """What was asked since: one `stat` a poll while that is nothing, so it may be asked at every step boundary.

    `offset` is where to begin, in bytes: what `Started.commands` recorded. What lies before it is stale.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self.offset = offset
        """Up to where whole lines have been read."""
        self.skipped = 0
        """Lines that were no commands."""
        self._size = offset

    def poll(self) -> list[Command]:
        """New commands, in the order of the file. A line still being written waits for the next poll."""
        try:
            size = self._path.stat().st_size
        except OSError:  # not asked anything yet, or the folder is gone
            return []
        if size == self._size:
            return []
        if size < self.offset:  # cut short by somebody: nothing that may be stale is taken for new
            self.offset = self._size = size
            return []
        try:
            with self._path.open("rb") as file:
                file.seek(self.offset)
                text = file.read()
        except OSError:
            return []
        self._size = self.offset + len(text)
        end = text.rfind(b"\n") + 1
        self.offset += end
        commands, skipped = _parse(text[:end])
        self.skipped += skipped
        return commands


def read_commands(path: Path, end: int | None = None) -> list[Command]:
    """All that was asked, or what was within the first `end` bytes: what a starting engine finds, and may expire."""
    try:
        with path.open("rb") as file:
            text = file.read() if end is None else file.read(end)
    except FileNotFoundError:
        return []
    return _parse(text)[0]
