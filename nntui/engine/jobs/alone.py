"""One job in a process of its own, where forking is not to be trusted: the same answers, seconds later."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

from nntui.engine.jobs import work
from nntui.engine.jobs.answering import Answering
from nntui.engine.jobs.children import as_run, be_modest
from nntui.engine.jobs.train import open_log, train
from nntui.hooks.errors import UserError
from nntui.runs.folder import RunFolder
from nntui.runs.jobs import Cancel, TrainJob, read_job


def once(asked: int, answered: int) -> int:
    """Reads one job from `asked`, does it and answers to `answered`; the exit code.

    The end of the input ends the job, a run aside. Whoever started this process, in a session of its own, keeps an
    eye on the job's deadline.
    """
    received = b""
    while b"\n" not in received:
        block = os.read(asked, 1 << 16)
        if not block:
            return 0
        received += block
    job = read_job(received.partition(b"\n")[0])
    answering = Answering(job.id, answered)
    if isinstance(job, Cancel):
        return 0
    if isinstance(job, TrainJob):
        try:
            log = open_log(RunFolder(Path(job.folder)))
        except UserError as error:
            answering.fail(error)
            return 2
        as_run(log, answered)
        return train(job, answering)
    threading.Thread(target=_end_with, args=(asked,), daemon=True).start()
    be_modest()
    try:
        work(job, answering)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
        with suppress(OSError):
            answering.fail(error)
        os._exit(1)
    os._exit(0)  # no clearing up: what a plugin left behind could hang it


def _end_with(asked: int) -> None:
    """Ends this process, and what it has started, with the input."""
    while os.read(asked, 1 << 16):
        pass
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(0, signal.SIGKILL)
