"""One process that does jobs, and the pipes to it."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import time
from contextlib import suppress

from nntui.hooks.errors import UserError
from nntui.runs.jobs import LARGEST, AnyAnswer, AnyJob, Cancel, Failed, Ready, TrainJob, encode, read_answer
from nntui.runs.launch import python_words

START_SECONDS = 120.0
"""PyTorch is read from a cold disk once a day."""
_TAIL = 4000


class JobFailed(UserError):
    """A job came to nothing. `kind` as in `jobs.Failed`; `detail` is the end of what it printed, or its traceback."""

    def __init__(self, message: str, *, advice: str = "", kind: str = "internal", detail: str = "") -> None:
        super().__init__(message, advice=advice)
        self.kind = kind
        self.detail = detail


class Died(Exception):
    """The process ended while it was asked something. `detail` is the end of what it printed."""

    def __init__(self, detail: str) -> None:
        super().__init__("the fork server ended")
        self.detail = detail


def _words(*options: str) -> list[str]:
    return [*python_words(), "-m", "nntui.engine.forkserver", *options]


def _environment() -> dict[str, str]:
    # NumPy's own pool of threads would be there before the first fork
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


class ServerProcess:
    """A fork server, or (`once`) a process that does one job."""

    def __init__(self, process: asyncio.subprocess.Process, *, stamp: str, once: bool) -> None:
        self.stamp = stamp
        """Of the code that it runs."""
        self._once = once
        self._process = process
        self._asked: dict[int, asyncio.Queue[AnyAnswer | None]] = {}
        """By job; None in a queue: the process has ended."""
        self._tail = bytearray()
        self._retired = False
        self._listening = asyncio.create_task(self._listen(), name="answers of the fork server")
        self._hearing = asyncio.create_task(self._hear(), name="errors of the fork server")

    @classmethod
    async def start(cls, *, stamp: str = "", once: bool = False) -> ServerProcess:
        """Raises JobFailed where it cannot be started."""
        try:
            process = await asyncio.create_subprocess_exec(
                *_words(*(["--once"] if once else [])),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                limit=LARGEST + 1024,
                start_new_session=True,
                env=_environment(),
            )
        except OSError as error:
            raise JobFailed(f"the fork server cannot be started: {error.strerror or error}") from error
        server = cls(process, stamp=stamp, once=once)
        if not once:
            await server._until_ready()
        return server

    async def _until_ready(self) -> None:
        queue = self.expect(0)
        try:
            answer = await asyncio.wait_for(queue.get(), START_SECONDS)
        except TimeoutError:
            answer = None
        except asyncio.CancelledError:
            self.kill()
            await self.ended()
            raise
        finally:
            self.forget(0)
        if not isinstance(answer, Ready):
            self.kill()
            await self.ended()
            raise JobFailed(
                "the fork server did not start",
                advice="NNTUI_FORK=0 does without it: every look at data or a plan then takes some seconds",
                detail=self.printed(),
            )

    # -- asking

    @property
    def alive(self) -> bool:
        return not self._retired and self._process.returncode is None and not self._listening.done()

    @property
    def gone(self) -> bool:
        return self._listening.done()

    @property
    def pid(self) -> int:
        return self._process.pid

    def expect(self, job: int) -> asyncio.Queue[AnyAnswer | None]:
        """Where the answers to a job will arrive."""
        queue = self._asked[job] = asyncio.Queue()
        if self._listening.done():
            queue.put_nowait(None)
        return queue

    def forget(self, job: int) -> None:
        self._asked.pop(job, None)
        if self._retired and not self._asked:
            self._hang_up()

    async def send(self, job: AnyJob) -> None:
        """Raises Died."""
        stdin = self._process.stdin
        assert stdin is not None  # a pipe, as asked
        try:
            stdin.write(encode(job) + b"\n")
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError, RuntimeError):
            await self.ended()
            raise Died(self.printed()) from None

    def cancel(self, job: int) -> None:
        """Nobody waits for it any more."""
        if self._once:
            self.kill()
            return
        stdin = self._process.stdin
        if stdin is not None and self._process.returncode is None and not stdin.is_closing():
            stdin.write(encode(Cancel(id=job)) + b"\n")

    # -- listening

    async def _listen(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while line := await stdout.readline():
                with suppress(ValueError):
                    answer = read_answer(line)
                    if isinstance(answer, Failed) and answer.id == 0:  # it could not read what it was asked
                        break
                    if (queue := self._asked.get(answer.id)) is not None:
                        queue.put_nowait(answer)
        except ValueError:  # a line that is longer than any answer
            pass
        if self._process.returncode is None:  # its answers ended, or made no sense: nothing more can come of it
            self.kill()
        await self._process.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._hearing), 1.0)
        for queue in self._asked.values():
            queue.put_nowait(None)

    async def _hear(self) -> None:
        """Keeps the end of what it prints, so that it never waits for a reader."""
        stderr = self._process.stderr
        assert stderr is not None
        while block := await stderr.read(1 << 16):
            self._tail = (self._tail + block)[-_TAIL:]

    def printed(self) -> str:
        return self._tail.decode(errors="replace").strip()

    # -- ending

    def retire(self) -> None:
        """Takes no more jobs; ends after its last one."""
        self._retired = True
        if not self._asked:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def close(self, patience: float = 2.0) -> None:
        """The end of its input ends it, and its jobs; runs go on."""
        self._retired = True
        self._hang_up()
        try:
            await asyncio.wait_for(asyncio.shield(self.ended()), patience)
        except TimeoutError:
            self.kill()
            await self.ended()

    async def ended(self) -> None:
        await asyncio.gather(self._listening, self._hearing, return_exceptions=True)

    def kill(self) -> None:
        """At once, with its jobs."""
        for kill in (os.killpg, os.kill):
            with suppress(ProcessLookupError, PermissionError):
                kill(self._process.pid, signal.SIGKILL)


_runs: list[subprocess.Popen[bytes]] = []
"""Runs that were started without a fork server: held, so that a run that has ended is reaped and none is warned of."""


def leave_training(job: TrainJob) -> bool:
    """Starts a run in a fresh process that outlives this one, and waits for nothing; whether it could be started."""
    try:
        _begin(job, subprocess.DEVNULL)
    except OSError:
        return False
    return True


def _begin(job: TrainJob, answers: int) -> subprocess.Popen[bytes]:
    """A fresh process that has the job and answers to `answers`. Raises OSError where none can be started."""
    _runs[:] = [process for process in _runs if process.poll() is None]
    process = subprocess.Popen(
        _words("--once"),
        stdin=subprocess.PIPE,
        stdout=answers,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=_environment(),
    )
    _runs.append(process)
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin:  # what has ended already answers nothing
        process.stdin.write(encode(job) + b"\n")
    return process


def train_alone(job: TrainJob) -> AnyAnswer:
    """Starts a run in a fresh process, and waits for its answer (blocking: call it in a thread).

    Not by asyncio, whose transports kill their process when they are dropped.
    """
    try:
        process = _begin(job, subprocess.PIPE)
    except OSError as error:
        return Failed(kind="internal", message=f"no process can be started: {error.strerror or error}")
    assert process.stdout is not None
    with process.stdout:
        line = _line(process.stdout.fileno(), time.monotonic() + job.seconds + START_SECONDS)
    if line is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        return Failed(kind="late", message="the run has not started in time, and was stopped")
    try:
        return read_answer(line)
    except ValueError:
        return Failed(kind="crashed", message="the run's process ended before it started")


def _line(fd: int, deadline: float) -> bytes | None:
    """One line; what there is of it where the file ends; None at the deadline."""
    received = b""
    while not received.endswith(b"\n"):
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        block = os.read(fd, 1 << 16)
        if not block:
            break
        received += block
    return received
