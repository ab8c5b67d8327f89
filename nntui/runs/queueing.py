"""Waiting for another run to end: a queued run holds its lock, says so, and listens to commands."""

from __future__ import annotations

import time
from collections.abc import Callable

from nntui.runs.attach import load_state
from nntui.runs.commands import Command, CommandReader
from nntui.runs.events import Commanded, Failed, Finished, Queued
from nntui.runs.folder import RunFolder
from nntui.runs.liveness import waits_for
from nntui.runs.lock import Live, RunLock, probe_lock
from nntui.runs.log import EventWriter

POLL_SECONDS = 0.25


def wait_for(
    folder: RunFolder,
    other: RunFolder,
    *,
    force: bool = False,
    queued: Callable[[], None] | None = None,
    begins: Callable[[], None] | None = None,
) -> Finished | None:
    """Queues `folder` until `other` is no longer live; does nothing where it is not, or where it waits for `folder`.

    `queued` is called once the wait is in the events; `begins` when it is over, while the run still is held and may
    be told to stop: for what takes seconds before an engine can have it. Returns how the run ended where it was told
    to stop meanwhile, None where it is its turn. Raises UserError where `folder` itself is live, OSError where it
    cannot be written.
    """
    if not _goes_before(other, folder):
        return None
    lock = RunLock(folder)
    lock.acquire(force=force)
    try:
        with EventWriter(folder.events) as events:
            asked = folder.commands.stat().st_size if folder.commands.exists() else 0
            commands = CommandReader(folder.commands, asked)
            events.append(Queued(after=other.name), sync=True)
            if queued is not None:
                queued()
            try:
                while _goes_before(other, folder):
                    if any(_met(command, other, events) for command in commands.poll()):
                        return _stopped(folder, other, events)
                    lock.beat()
                    time.sleep(POLL_SECONDS)
                if begins is not None:
                    begins()
                if any(_met(command, other, events) for command in commands.poll()):
                    return _stopped(folder, other, events)
            except BaseException as error:  # a signal: the run says how it ended
                why = f"interrupted while it waited for {other.name}: {error}"
                events.append(Failed(step=_step(folder), kind="interrupted", message=why), sync=True)
                raise
        return None
    finally:
        lock.release()


def _goes_before(other: RunFolder, folder: RunFolder) -> bool:
    """Whether `other` lives, and does not itself wait for `folder`, be it by way of others."""
    if other.path == folder.path or not isinstance(probe_lock(other), Live):
        return False
    seen = {other.name}
    waiting = other
    while (name := waits_for(waiting)) and name not in seen:
        if name == folder.name:
            return False
        seen.add(name)
        waiting = RunFolder(waiting.path.parent / name)
    return True


def _stopped(folder: RunFolder, other: RunFolder, events: EventWriter) -> Finished:
    reason = f"stopped while it waited for {other.name}"
    return events.append(Finished(step=_step(folder), status="stopped", reason=reason), sync=True)


def _step(folder: RunFolder) -> int:
    """Where it stands: 0, or where it would have been resumed."""
    return load_state(folder).vitals.step


def _met(command: Command, other: RunFolder, events: EventWriter) -> bool:
    """Answers a command; whether it ends the wait for good."""
    stop = command.kind == "stop"
    events.append(
        Commanded(
            id=command.id,
            command=command.kind,
            by=command.by,
            step=0,
            result="applied" if stop else "refused",
            why="" if stop else f"it waits for {other.name} and has not begun",
        )
    )
    if not stop:
        events.append(Queued(after=other.name))  # it is the last thing told for as long as the wait lasts
    return stop
