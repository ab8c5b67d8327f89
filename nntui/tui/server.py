"""The client of the fork server: jobs as awaitables. It starts the server when it is first asked something.

A server that died, or whose code has changed on disk, is replaced, and a job that it was doing is asked again once, a
run aside. With NNTUI_FORK=0, and on macOS, each job has a fresh process: the same answers, some seconds later.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from nntui.hooks.stamp import code_stamp
from nntui.runs.events import Queued, Started
from nntui.runs.folder import RunFolder
from nntui.runs.jobs import (
    ActivationCurve,
    ActivationJob,
    AnyAnswer,
    AnyJob,
    Described,
    DescribeJob,
    Failed,
    PlanJob,
    PlanResult,
    TrainJob,
    Trains,
)
from nntui.runs.lock import Live, probe_lock
from nntui.runs.log import EventReader
from nntui.tui.server_process import START_SECONDS, Died, JobFailed, ServerProcess, leave_training, train_alone

__all__ = ["JobFailed", "Server"]

A = TypeVar("A", bound=AnyAnswer)

GRACE = 5.0
"""Seconds after a job's deadline in which the server must have told that it was late."""
LEAVING_SECONDS = 1.0
"""How long nntui, when it is left, waits to know whether a run has begun."""
STAMP_SECONDS = 1.0
"""The code on disk is looked at no more often than this."""
DESCRIBE_SECONDS, PLAN_SECONDS, ACTIVATION_SECONDS, TRAIN_SECONDS = 60.0, 90.0, 20.0, 60.0


def forks() -> bool:
    """Whether jobs are forked from a warm server here."""
    return sys.platform != "darwin" and os.environ.get("NNTUI_FORK", "1") not in ("0", "")


class Server:
    """Asks the fork server. All methods belong to one event loop.

    A cancelled await cancels its job, but for a run: what was asked to train trains, also where whoever asked leaves
    before it has begun. What goes wrong is raised as `JobFailed`, with message and advice.
    """

    def __init__(self, runs: Path, *, on_end: Sequence[str] = ()) -> None:
        """`runs`: folder of all runs; `on_end`: the person's command for when a run ends."""
        self._runs = runs
        self._on_end = list(on_end)
        self._numbers = itertools.count(1)
        self._current: ServerProcess | None = None
        self._old: list[ServerProcess] = []
        self._starting: asyncio.Task[ServerProcess] | None = None
        self._fork = forks()
        self._stamp = ""
        self._stamped = float("-inf")
        self._closed = False
        self._beginning: dict[asyncio.Task[int], TrainJob] = {}
        """Runs that were asked for, and have not begun."""

    # -- what can be asked

    async def describe(self, toml: str) -> Described:
        """The data set of a spec (its table [data] alone is looked at). Nothing is downloaded."""
        job = DescribeJob(id=next(self._numbers), toml=toml, seconds=DESCRIBE_SECONDS)
        return _as(Described, await self._ask(job))

    async def plan(self, toml: str, *, first: Callable[[PlanResult], None] | None = None) -> PlanResult:
        """The network of a spec, timed. `first` is given the plan before it is timed, about a second earlier."""

        def early(answer: AnyAnswer) -> None:
            if first is not None:
                first(_as(PlanResult, answer))

        job = PlanJob(id=next(self._numbers), toml=toml, runs=str(self._runs), seconds=PLAN_SECONDS)
        return _as(PlanResult, await self._ask(job, early))

    async def activation(self, name: str, params: Mapping[str, Any]) -> ActivationCurve:
        """An activation's curve and derivative; `params` as TOML has them."""
        job = ActivationJob(id=next(self._numbers), name=name, params=dict(params), seconds=ACTIVATION_SECONDS)
        return _as(ActivationCurve, await self._ask(job))

    async def train(self, folder: RunFolder, *, after: str = "", force: bool = False) -> int:
        """Starts (or resumes) a run in a process of its own, which nothing here can stop; its id.

        Returns once the run has written `started`, or `queued` where it waits for `after` (a run's name or path).
        """
        job = TrainJob(
            id=next(self._numbers),
            folder=str(folder.path.absolute()),
            after=str((self._runs / after).absolute()) if after else "",
            on_end=self._on_end,
            force=force,
            seconds=TRAIN_SECONDS,
        )
        task = asyncio.create_task(self._train(folder, job), name=f"start of {folder.name}")
        self._beginning[task] = job
        task.add_done_callback(self._begun)
        try:
            return await asyncio.shield(task)
        except JobFailed:
            if self._closed:  # it did not fail: it begins when the server is gone
                raise asyncio.CancelledError from None
            raise

    def _begun(self, task: asyncio.Task[int]) -> None:
        if not self._closed:
            del self._beginning[task]
        if not task.cancelled():
            task.exception()  # where nobody waits for it any more: it is in the run's log

    async def _train(self, folder: RunFolder, job: TrainJob) -> int:
        events = EventReader(folder.events, _size(folder.events))
        try:
            if self._fork:
                return _as(Trains, await self._ask(job)).pid
        except JobFailed as failed:
            if failed.kind != "threads":
                raise
            self._fork = False
        except Died as died:  # it may have begun all the same: runs survive the server
            pid = await asyncio.to_thread(_began, folder, events, LEAVING_SECONDS / 2 if self._closed else 3.0)
            if pid is not None:
                return pid
            raise JobFailed(
                f"the fork server ended before {folder.name} started", advice="try again", detail=died.detail
            ) from died
        return _as(Trains, _raised(await asyncio.to_thread(train_alone, job))).pid

    # -- the process

    async def start(self) -> None:
        """Starts the server where it does not run yet, so that it is warm when it is asked. Raises JobFailed."""
        if self._fork:
            await self._process()

    async def close(self) -> list[RunFolder]:
        """Ends the server and its jobs; runs go on. Those that had not begun begin in processes of their own: they are
        returned."""
        self._closed = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        processes = [*self._old, *([self._current] if self._current is not None else [])]
        await asyncio.gather(*(process.close() for process in processes))
        self._current, self._old = None, []
        return await self._leave()

    async def _leave(self) -> list[RunFolder]:
        """Starts what was asked for and has not begun, now that the server is gone."""
        if self._beginning:  # each finds out whether its run has begun; without forking it has a process already
            await asyncio.wait(self._beginning, timeout=LEAVING_SECONDS)
        left = []
        for task, job in self._beginning.items():
            begun = task.done() and not task.cancelled() and task.exception() is None
            task.cancel()
            if not begun and (not self._fork or _left(job)):
                left.append(RunFolder(Path(job.folder)))
        return left

    @property
    def pid(self) -> int | None:
        """Of the server, where it runs."""
        return self._current.pid if self._current is not None and self._current.alive else None

    async def _process(self) -> ServerProcess:
        """The server, warm and of the code on disk."""
        if self._starting is None:
            await self._look_at_code()
            current = self._current
            if current is not None and current.alive and current.stamp == self._stamp:
                return current
        if self._closed:
            raise JobFailed("nntui is being left")
        if self._starting is None:
            self._starting = asyncio.create_task(self._replace(), name="start of the fork server")
        starting = self._starting
        try:
            return await asyncio.shield(starting)  # whoever asked first may lose interest; others wait for it too
        except asyncio.CancelledError:
            if not self._closed:
                raise
            raise JobFailed("nntui is being left") from None  # it is the start that was cancelled

    async def _replace(self) -> ServerProcess:
        try:
            if self._current is not None:
                self._current.retire()
                self._old = [old for old in (*self._old, self._current) if not old.gone]
            self._current = await ServerProcess.start(stamp=self._stamp)
            return self._current
        finally:
            self._starting = None

    async def _look_at_code(self) -> None:
        if time.monotonic() - self._stamped >= STAMP_SECONDS:
            self._stamp = await asyncio.to_thread(code_stamp)
            self._stamped = time.monotonic()

    # -- asking

    async def _ask(self, job: AnyJob, early: Callable[[AnyAnswer], None] | None = None) -> AnyAnswer:
        """The last answer. Raises JobFailed; for a run Died."""
        for again in (True, False):
            process = await self._process() if self._fork else await ServerProcess.start(once=True)
            try:
                return await self._answer(process, job, early)
            except Died as died:
                if isinstance(job, TrainJob):
                    raise
                if not again:
                    raise JobFailed("the fork server ended, twice", kind="crashed", detail=died.detail) from died
            except JobFailed as failed:
                if failed.kind != "threads" or isinstance(job, TrainJob):
                    raise
                self._fork = False  # something here starts threads at import: fresh processes do as well
            finally:
                if not self._fork:
                    process.retire()
        raise JobFailed("the fork server cannot fork here", advice="NNTUI_FORK=0 does without it")

    async def _answer(
        self, process: ServerProcess, job: AnyJob, early: Callable[[AnyAnswer], None] | None
    ) -> AnyAnswer:
        queue = process.expect(job.id)
        patience = job.seconds + GRACE + (0.0 if self._fork else START_SECONDS)
        try:
            async with asyncio.timeout(patience):
                await process.send(job)
                while True:
                    answer = await queue.get()
                    if answer is None:
                        raise Died(process.printed())
                    if not _raised(answer).more:
                        return answer
                    if early is not None:
                        early(answer)
        except TimeoutError:
            process.kill()
            raise JobFailed("the fork server did not answer in time, and was stopped", kind="late") from None
        except asyncio.CancelledError:
            process.cancel(job.id)
            raise
        finally:
            process.forget(job.id)


def _raised(answer: AnyAnswer) -> AnyAnswer:
    """`answer`, raised as JobFailed where it is a failure."""
    if isinstance(answer, Failed):
        raise JobFailed(answer.message, advice=answer.advice, kind=answer.kind, detail=answer.detail)
    return answer


def _as(kind: type[A], answer: AnyAnswer) -> A:
    if not isinstance(answer, kind):
        raise JobFailed(f"the fork server answered {type(answer).__name__} where {kind.__name__} was expected")
    return answer


def _left(job: TrainJob) -> bool:
    """Starts a run that nobody waits for; False where it has begun already, or cannot be started."""
    folder = RunFolder(Path(job.folder))
    return not isinstance(probe_lock(folder), Live) and folder.exists() and leave_training(job)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _began(folder: RunFolder, events: EventReader, patience: float) -> int | None:
    """The process that trains a run which was asked for before its server died; None where there is none."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        told = events.poll()
        for event in told:
            if isinstance(event, Started):
                return event.pid
        live = probe_lock(folder)
        if any(isinstance(event, Queued) for event in told) and isinstance(live, Live) and live.holder is not None:
            return live.holder.pid
        time.sleep(0.02)
    return None
