"""A process with torch imported and nothing else done, which forks a child for each job.

`python -m nntui.engine.forkserver` is it. Jobs come as JSON lines on standard input, answers go as JSON lines to
standard output (`nntui.runs.jobs`). A job that crashes, hangs or floods its output costs nothing but itself: its
standard output is a pipe of which the end is kept, its answer comes through another, it has a deadline. The server is
one thread, asserted before each fork: a child forked from more may hang. It ends when its input does, and with it all
jobs but the runs, which are processes of their own.

With `--once` it reads one job and does it in this process: where forking is not to be trusted (macOS).
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported: its pool of threads would not survive a fork

import gc
import selectors
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import msgspec

from nntui.engine.jobs import Work, work
from nntui.engine.jobs.alone import once
from nntui.engine.jobs.answering import Answering, failure
from nntui.engine.jobs.children import as_job, as_run, threads
from nntui.engine.jobs.train import open_log, train
from nntui.engine.jobs.warming import warm
from nntui.hooks.errors import UserError
from nntui.runs.folder import RunFolder
from nntui.runs.jobs import LARGEST, AnyAnswer, Cancel, Failed, Ready, TrainJob, encode, read_answer, read_job

MOST_AT_ONCE = 4
"""Jobs that are worked on; further ones wait. Runs do not count."""
_TAIL = 4000
"""Bytes of a job's output that are kept."""
_BLOCK = 1 << 16
_LONGEST_LINE = 16 << 20


@dataclass(eq=False)
class _Child:
    """A process that does a job, until it has ended."""

    job: Work | TrainJob
    pid: int
    answers: int
    ends: set[int]
    """Our open ends of its pipes: that of its answers, and that of its output (a run's goes to its log)."""
    deadline: float
    received: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    answered: bool = False
    """Its last answer has been passed on, or nobody wants one any more."""


class Server:
    """The loop. `serve` returns what this process is to do: in the server to end, in a run's process to train."""

    def __init__(self, asked: int, answered: int) -> None:
        self._asked = asked
        self._answered = answered
        self._pending = bytearray()
        self._children: dict[int, _Child] = {}
        """By process id; runs stay until they have ended, to be reaped."""
        self._waiting: deque[Work] = deque()
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = os.pipe()
        self._become: Callable[[], int] | None = None

    def serve(self) -> Callable[[], int]:
        for end in (self._woken, self._waker):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # handled: then it wakes the selector
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._selector.register(self._asked, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        with suppress(BrokenPipeError):
            self._tell(Ready(pid=os.getpid(), threads=threads()))
            while self._turn():
                pass
        if self._become is not None:
            return self._become
        self._end()
        return lambda: 0

    # -- the loop

    def _turn(self) -> bool:
        """Waits for something and sees to it; False at the end of the input, and in a child."""
        deadlines = [child.deadline for child in self._children.values() if not child.answered]
        soonest = min(deadlines, default=None)
        ready = self._selector.select(None if soonest is None else max(0.0, soonest - time.monotonic()))
        for key, _ in ready:
            if key.fd == self._woken:
                with suppress(BlockingIOError):
                    os.read(self._woken, _BLOCK)
            elif key.fd == self._asked:
                if not self._listen():
                    return False
            elif key.data in self._children.values():
                self._read(key.data, int(key.fd))
        self._reap()
        now = time.monotonic()
        for child in [c for c in self._children.values() if not c.answered and now >= c.deadline]:
            self._late(child)
        while self._waiting and self._busy() < MOST_AT_ONCE:
            self._fork(self._waiting.popleft())
        return True

    def _busy(self) -> int:
        return sum(not isinstance(child.job, TrainJob) for child in self._children.values())

    def _listen(self) -> bool:
        """Takes in jobs; False where there are none to come, or in a child."""
        block = os.read(self._asked, _BLOCK)
        self._pending += block
        *lines, self._pending = self._pending.split(b"\n")
        for line in lines:
            self._take(bytes(line))
            if self._become is not None:
                return False
        return bool(block) and len(self._pending) < _LONGEST_LINE

    def _take(self, line: bytes) -> None:
        try:
            job = read_job(line)
        except ValueError as error:
            self._tell(Failed(kind="internal", message=f"the fork server cannot read what it was asked: {error}"))
            return
        match job:
            case Cancel(id=number):
                self._cancel(number)
            case TrainJob():
                self._fork(job)
            case _:
                self._waiting.append(job)

    def _cancel(self, number: int) -> None:
        self._waiting = deque(job for job in self._waiting if job.id != number)
        for child in self._children.values():
            if child.job.id == number and not child.answered:
                child.answered = True
                _kill(child)

    # -- children

    def _fork(self, job: Work | TrainJob) -> None:
        """Starts a child; in the child, says what it becomes."""
        alive = threads()
        if alive != 1:
            self._tell(
                Failed(id=job.id, kind="threads", message=f"the fork server has {alive} threads: it cannot fork")
            )
            return
        try:
            log = open_log(RunFolder(Path(job.folder))) if isinstance(job, TrainJob) else None
        except UserError as error:
            self._tell(_for(job, failure(error)))
            return
        answers, writer = os.pipe()
        ends = {answers}
        sink = log
        if sink is None:
            output, sink = os.pipe()
            ends.add(output)
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            for end in (*ends, writer, sink):
                os.close(end)
            self._tell(Failed(id=job.id, kind="internal", message=f"no process can be started: {error.strerror}"))
            return
        if pid == 0:
            self._in_child(job, server, writer, sink)
            return
        os.close(writer)
        os.close(sink)
        child = _Child(job, pid, answers, ends, time.monotonic() + job.seconds)
        self._children[pid] = child
        for end in ends:
            os.set_blocking(end, False)
            self._selector.register(end, selectors.EVENT_READ, child)

    def _in_child(self, job: Work | TrainJob, server: int, answers: int, sink: int) -> None:
        self._selector.close()
        answering = Answering(job.id, answers)
        if isinstance(job, TrainJob):
            run = job
            as_run(sink, answers)
            self._become = lambda: train(run, answering)
            return
        as_job(server, sink, answers)
        _do(job, answering)

    def _read(self, child: _Child, end: int) -> bool:
        """Takes in what a child has written, an answer or output; False where there is nothing more now."""
        if end not in child.ends:
            return False
        try:
            block = os.read(end, _BLOCK)
        except BlockingIOError:
            return False
        if not block:
            self._close(child, end)
        elif end == child.answers:
            child.received += block
            self._pass_on(child)
        else:
            child.tail = (child.tail + block)[-_TAIL:]
        return bool(block)

    def _pass_on(self, child: _Child) -> None:
        """Whole answers go to whoever asked. What is none is a job's own scribbling: it ends the job."""
        *lines, child.received = child.received.split(b"\n")
        for line in lines:
            if child.answered:
                return
            try:
                answer = read_answer(bytes(line))
            except ValueError:
                self._scribbled(child)
                return
            child.answered = not answer.more
            self._tell(_for(child.job, answer))
            if child.answered and not isinstance(child.job, TrainJob):
                _kill(child)
        if len(child.received) > LARGEST:
            self._scribbled(child)

    def _scribbled(self, child: _Child) -> None:
        self._fail(child, "crashed", "it wrote over the answer that nntui was waiting for")

    def _late(self, child: _Child) -> None:
        self._fail(child, "late", f"it took more than {child.job.seconds:g} s, and was stopped")

    def _fail(self, child: _Child, kind: str, message: str) -> None:
        child.answered = True
        _kill(child)
        detail = child.tail.decode(errors="replace")
        self._tell(Failed(id=child.job.id, kind=kind, message=message, detail=detail))

    def _reap(self) -> None:
        """Takes leave of children that have ended."""
        while self._children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is not None:
                self._conclude(child, os.waitstatus_to_exitcode(status))

    def _conclude(self, child: _Child, code: int) -> None:
        """A child has ended: what it still said, and how it ended where it has not answered."""
        for end in list(child.ends):  # held open, perhaps, by something that it started
            for _ in range(LARGEST // _BLOCK):
                if not self._read(child, end):
                    break
        if not child.answered:
            how = f"crashed ({_signal_name(-code)})" if code < 0 else f"ended without an answer (exit code {code})"
            self._fail(child, "crashed", f"it {how}")
        for end in list(child.ends):
            self._close(child, end)

    def _close(self, child: _Child, end: int) -> None:
        child.ends.discard(end)
        self._selector.unregister(end)
        os.close(end)

    def _tell(self, answer: AnyAnswer) -> None:
        view = memoryview(encode(answer) + b"\n")
        while view:
            view = view[os.write(self._answered, view) :]

    def _end(self) -> None:
        """Nobody asks any more: jobs end, runs go on."""
        for child in self._children.values():
            if not isinstance(child.job, TrainJob):
                _kill(child)
                with suppress(ChildProcessError):
                    os.waitpid(child.pid, 0)


def _for(job: Work | TrainJob, answer: AnyAnswer) -> AnyAnswer:
    return msgspec.structs.replace(answer, id=job.id)


def _kill(child: _Child) -> None:
    """With what it has started: a job leads a session of its own."""
    for kill in (os.killpg, os.kill):  # it may not have come to lead one yet
        with suppress(ProcessLookupError, PermissionError):
            kill(child.pid, signal.SIGKILL)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _do(job: Work, answering: Answering) -> NoReturn:
    """A job, in its own process, which ends with it."""
    code = 0
    try:
        work(job, answering)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
        code = 1
        with suppress(OSError):
            answering.fail(error)
    finally:
        os._exit(code)  # no clearing up: what a plugin left behind could hang it


def main() -> int:
    """The server, or with --once a single job."""
    asked, answered = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)  # what is printed is no answer
    os.close(null)
    if sys.argv[1:] == ["--once"]:
        return once(asked, answered)
    warm()
    gc.collect()
    gc.freeze()  # what is shared with children stays shared: the collector would write to it
    return Server(asked, answered).serve()()


if __name__ == "__main__":
    sys.exit(main())
