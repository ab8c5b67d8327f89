"""Starting a run in a process of its own, which outlives the one that starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nntui
from nntui.hooks.errors import UserError
from nntui.runs.events import Queued, Started
from nntui.runs.log import EventReader

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder

_TAIL_LINES = 20
_TAIL_BYTES = 16384
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class _Launch:
    """A process that we started, and how long the run's files were then."""

    process: subprocess.Popen[bytes]
    events: int
    log: int


# Held until we end: a Popen that is dropped while its process runs warns, and may reap it under our hands.
_launched: dict[int, _Launch] = {}


def python_words() -> list[str]:
    """How to start this Python with this nntui: its options, before `-m`.

    -P: the working directory must not lend its random.py, unless it is where this nntui itself was found.
    """
    found_here = sys.path[:1] in ([""], [str(Path(nntui.__file__).parents[1])])
    return [sys.executable] if found_here else [sys.executable, "-P"]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def launch_detached(argv: Sequence[str], folder: RunFolder) -> int:
    """Start `argv` in a session of its own, with no input and its output in the run's log.txt; its process id.

    A closed terminal, and the end of this process, do not reach it. It keeps our working directory and environment,
    and none of our open files. Raises UserError when the log cannot be written or the program not be started.
    """
    events, log = _size(folder.events), _size(folder.log)
    try:
        with folder.log.open("ab") as output:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                close_fds=True,
            )
    except OSError as error:
        raise UserError(
            f"{folder.name} cannot be started in the background: {error}",
            advice="run it in the foreground: no --detach",
        ) from error
    _launched[process.pid] = _Launch(process, events, log)
    return process.pid


def _ending(process: int) -> str | None:
    """How it ended; None while it runs."""
    launch = _launched.get(process)
    if launch is not None:
        code = launch.process.poll()
        return None if code is None else f"exit code {code}" if code >= 0 else f"signal {-code}"
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return "its process is gone"
    except PermissionError:
        pass
    return None


def exit_code(process: int) -> int | None:
    """How a process (from `launch_detached`) ended, minus the signal where it was killed; None while it runs."""
    launch = _launched.get(process)
    return None if launch is None else launch.process.poll()


def wait_started(folder: RunFolder, process: int, timeout: float = 60.0) -> Started | Queued | None:
    """The `started` that `process` (from `launch_detached`) wrote, or the `queued` where it waits for another run; None
    when it has written neither after `timeout` seconds.

    Raises UserError with the end of its log when the process ends without having started.
    """
    launch = _launched.get(process)
    reader = EventReader(folder.events, launch.events if launch else 0)
    deadline = time.monotonic() + timeout
    while True:
        how = _ending(process)  # before the events: a process that starts and ends at once has started
        for event in reader.poll():
            if isinstance(event, Started | Queued):
                return event
        if how is not None:
            raise _ended(folder, how, log_tail(folder, launch.log if launch else 0))
        if time.monotonic() >= deadline:
            return None
        time.sleep(_POLL_SECONDS)


def _ended(folder: RunFolder, how: str, tail: str) -> UserError:
    said = f":\n{tail}" if tail else ", and said nothing"
    return UserError(f"{folder.name} ended before it started ({how}){said}", advice=f"all of it: {folder.log}")


def log_tail(folder: RunFolder, offset: int = 0, lines: int = _TAIL_LINES) -> str:
    """The last lines of log.txt from byte `offset` on, as they are (escape sequences too); "" where there are none."""
    try:
        with folder.log.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(offset, size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.strip("\n").split("\n")[-lines:])
