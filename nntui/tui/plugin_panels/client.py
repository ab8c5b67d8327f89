"""The interface's end of a panel's process: starts it, hears what it says, and ends it when it takes too long."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from nntui.hooks.children import time_limit
from nntui.runs.folder import RunFolder
from nntui.tui.plugin_panels.wire import (
    MOST_BYTES,
    Failure,
    Request,
    Said,
    Shape,
    Staged,
    decode_said,
    encode,
)

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1])['path']; "
    "from nntui.tui.plugin_panels.host import main; main(sys.argv[1])"
)
_BOOT_SECONDS = 60.0
"""For our own part, before the plugin's begins: much, on a machine that is busy."""
_MOST_STRAY = 200
"""Lines that are no messages: a native crash leaves its stack, more is a plugin that writes to our descriptor."""
_MOST_A_SECOND = 20
"""Messages; a process of ours says three."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds that a panel is given."""

    start: float = field(default_factory=time_limit)
    """To be imported. NNTUI_PLUGIN_TIMEOUT sets it."""
    first: float = 10.0
    """For the first drawing, which may import more."""
    draw: float = 5.0
    """For each of the others: much, because the process stands behind training runs for the processor."""
    interval: float = 1.0
    """From one drawing to the next, at least."""


class PanelProcess:
    """One process for one panel of one run. `run` it once; `tell` hears drawings and failures, in the event loop."""

    def __init__(self, folder: RunFolder, panel: str, tell: Callable[[Said], None], limits: Limits) -> None:
        self.folder = folder
        self._panel = panel
        self._tell = tell
        self._limits = limits
        self._process: Process | None = None
        self._shape: Shape | None = None
        self._stray: list[str] = []
        self._doing = "start"
        self._drew = False
        self._second, self._said = 0.0, 0

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def resize(self, shape: Shape) -> None:
        """Say how much room there is; it draws anew."""
        if shape == self._shape:
            return
        self._shape = shape
        if self._process is not None:
            self._send(shape)

    def _send(self, shape: Shape) -> None:
        assert self._process is not None and self._process.stdin is not None
        with suppress(OSError, RuntimeError):  # it has just ended, which `run` notices
            self._process.stdin.write(encode(shape) + b"\n")

    async def run(self) -> None:
        """Start the process and listen until it ends, or this is cancelled; nothing that it started is left then."""
        request = Request(
            folder=str(self.folder.path.absolute()),
            panel=self._panel,
            path=sys.path,
            limit=self._limits.first + 10.0,
            interval=self._limits.interval,
        )
        try:
            self._process = await asyncio.create_subprocess_exec(
                # -P: the working directory must not lend its json.py to the lines before sys.path is ours
                *(sys.executable, "-P", "-c", _BOOT, encode(request).decode()),
                stdin=PIPE,
                stdout=PIPE,
                stderr=STDOUT,
                limit=MOST_BYTES + 1024,
                start_new_session=True,  # so that what the plugin starts is killed with it
            )
        except OSError as error:
            self._tell(Failure(message=f"cannot be started: {error}", ended=True))
            return
        try:
            if self._shape is not None:
                self._send(self._shape)
            failure = await self._listen(self._process)
        finally:
            self.kill()
            await self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._tell(failure)

    def kill(self) -> None:
        """End it at once, and all that it started."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a zombie
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _listen(self, process: Process) -> Failure:
        """Pass on what it says until it ends; why it did."""
        assert process.stdout is not None
        limit: float | None = _BOOT_SECONDS
        while True:
            try:
                async with asyncio.timeout(limit):
                    line = await process.stdout.readline()
            except TimeoutError:
                return Failure(message=f"took more than {limit:g} s to {self._doing}, and was stopped", ended=True)
            except ValueError:  # a line longer than any of ours
                return _OVERWRITTEN
            if not line:
                return await self._ended(process)
            try:
                said = decode_said(line)
            except ValueError:
                self._stray.append(line.decode(errors="replace").rstrip())
                if len(self._stray) > _MOST_STRAY:
                    return _OVERWRITTEN
                continue
            if self._floods():
                return _OVERWRITTEN
            if isinstance(said, Failure) and said.ended:
                return said
            limit = self._next_limit(said)
            self._tell(said)

    def _next_limit(self, said: Said) -> float | None:
        """Seconds until it must have said more; None while it is not the plugin that works."""
        if not isinstance(said, Staged):
            self._drew = True
            return None
        if said.stage == "importing":
            self._doing = "be imported"
            return self._limits.start
        if said.stage == "drawing":
            self._doing = "draw"
            return self._limits.draw if self._drew else self._limits.first
        return None

    def _floods(self) -> bool:
        now = time.monotonic()
        if now - self._second >= 1.0:
            self._second, self._said = now, 0
        self._said += 1
        return self._said > _MOST_A_SECOND

    async def _ended(self, process: Process) -> Failure:
        """How a process ended that said nothing of it."""
        try:  # what it started may hold its output open, or it ours
            async with asyncio.timeout(1.0):
                code: int | None = await process.wait()
        except TimeoutError:
            code = None
        trace = "\n".join(self._stray)
        if code is None:
            return Failure(message="closed the descriptor that nntui gave it", trace=trace, ended=True)
        if code < 0:
            message = f"crashed the interpreter ({_signal_name(-code)}) while it was to {self._doing}"
        else:
            message = f"ended its process (exit code {code}) while it was to {self._doing}"
        return Failure(message=message, trace=trace, ended=True)


_OVERWRITTEN = Failure(message="wrote over the drawings that nntui was waiting for", ended=True)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
