"""Training a run in a process that outlives whoever asked for it. It answers once the run has said that it started."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from setproctitle import setproctitle

from nntui.engine.jobs.answering import failure
from nntui.engine.run import execute
from nntui.engine.steering import SIGNALS, Interrupted, Signals
from nntui.hooks.errors import UserError
from nntui.hooks.registry import registry
from nntui.runs.cleaning import clean
from nntui.runs.events import Failed, Finished, Started
from nntui.runs.folder import RunFolder, check_format
from nntui.runs.jobs import Trains
from nntui.runs.lines import LineDisplay, end_lines
from nntui.runs.liveness import others_live
from nntui.runs.on_end import run_on_end
from nntui.runs.queueing import wait_for
from nntui.spec.resolve import resolve_said
from nntui.spec.toml import provenance_warnings, read_toml

if TYPE_CHECKING:
    from nntui.engine.jobs.answering import Answering
    from nntui.runs.events import AnyEvent
    from nntui.runs.jobs import TrainJob

BROKEN = 70
"""Exit code of a fault of ours."""


def open_log(folder: RunFolder) -> int:
    """Descriptor of the run's log.txt. Raises UserError."""
    try:
        return os.open(folder.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    except OSError as error:
        raise UserError(
            f"{folder.name} cannot be trained: {folder.log}: {error.strerror or error}",
            advice="a run is trained in its own folder, which must be writable, with room on its disk",
        ) from error


class _Once:
    """Tells the server, once, that the run goes on by itself or why it does not."""

    def __init__(self, answering: Answering) -> None:
        self._answering: Answering | None = answering

    def trains(self, event: AnyEvent | None = None) -> None:
        if event is None or isinstance(event, Started):
            self._tell(None)

    def failed(self, error: BaseException) -> None:
        self._tell(error)

    def _tell(self, error: BaseException | None) -> None:
        answering, self._answering = self._answering, None
        if answering is None:
            return
        with suppress(OSError):  # the server has died meanwhile: the run goes on
            answering.tell(Trains(pid=os.getpid()) if error is None else failure(error))
        answering.close()


def train(job: TrainJob, answering: Answering) -> int:
    """The run, to its end; the exit code. Whatever is wrong with it is answered, told in its events or in log.txt."""
    folder = RunFolder(Path(job.folder))
    setproctitle(f"nntui: {folder.name}")  # ps and top name the run
    once = _Once(answering)
    try:
        return _train(job, folder, once)
    except UserError as error:
        once.failed(error)
        print(error.render(), file=sys.stderr, flush=True)
        return 2
    except BaseException as error:  # noqa: BLE001 - a fault of ours: told with its traceback
        once.failed(error)
        traceback.print_exc()
        return BROKEN


def _train(job: TrainJob, folder: RunFolder, once: _Once) -> int:
    check_format(folder)
    said = read_toml(folder.run_toml)
    spec = resolve_said(said, registry()).spec
    for warning in provenance_warnings(said.tree, spec):
        print(f"note: {warning}", file=sys.stderr, flush=True)
    if job.after:
        code = _wait(job, folder, once)
        if code is not None:
            return code
    refused: list[Failed] = []
    log = LineDisplay(sys.stdout)  # into log.txt

    def show(event: AnyEvent) -> None:
        once.trains(event)
        with suppress(OSError):  # a full disk: what happens is told by the events
            log.show(event)
            if isinstance(event, Finished | Failed):
                print(*map(clean, end_lines(event)), sep="\n", flush=True)
        if isinstance(event, Failed):
            refused.append(event)

    try:
        outcome = execute(folder, spec, show=show, force=job.force, detached=True, live_runs=others_live(folder))
    except UserError:
        for event in refused[-1:]:  # none where it never began: another process trains it
            run_on_end(job.on_end, folder, event)
        raise
    run_on_end(job.on_end, folder, outcome.event)
    return outcome.code


def _wait(job: TrainJob, folder: RunFolder, once: _Once) -> int | None:
    """Waits for the run that goes before this one; an exit code where it was ended meanwhile."""
    other = RunFolder(Path(job.after))
    try:
        with Signals(ignore_hangup=True):
            stopped = wait_for(folder, other, force=job.force, queued=once.trains)
    except Interrupted as interrupted:
        run_on_end(job.on_end, folder, Failed(step=0, kind="interrupted", message=str(interrupted)))
        return SIGNALS[interrupted.number]
    except OSError as error:
        raise UserError(
            f"{folder.name} cannot be queued: {error.filename or folder.path}: {error.strerror or error}",
            advice="a run waits in its own folder, which must be writable",
        ) from error
    if stopped is None:
        return None
    run_on_end(job.on_end, folder, stopped)
    return 0
