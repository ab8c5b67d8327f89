"""Following a run: its events and what was asked of it, folded as they come; and whether it lives."""

from __future__ import annotations

import time

from nntui.runs.commands import CommandReader
from nntui.runs.events import AnyEvent
from nntui.runs.folder import RunFolder, newer
from nntui.runs.lock import probe_lock
from nntui.runs.log import EventReader
from nntui.runs.state import RunState, fold_all, fold_command, status
from nntui.runs.vitals import Status


class Attached:
    """A run, followed. Polling costs two `stat` calls while nothing happens.

    `state` and `offset` begin it where an index of the run's past ends; without them all of it is read.
    """

    def __init__(self, folder: RunFolder, state: RunState | None = None, offset: int = 0) -> None:
        self.folder = folder
        self.state = state if state is not None else RunState()
        self._events = EventReader(folder.events, offset)
        self._commands = CommandReader(folder.commands)
        self._restarts = 0

    @property
    def skipped(self) -> int:
        """Lines of the events that were none."""
        return self._events.skipped

    def poll(self, limit: int | None = None) -> list[AnyEvent]:
        """Fold what is new, all or that of about `limit` bytes; the events folded.

        `state` is another object after the file was replaced. Raises UserError for a run that a later nntui wrote,
        OSError for one that may not be read.
        """
        events = self._events.poll(limit)
        if self._events.restarts != self._restarts:
            self._restarts = self._events.restarts
            self.state = RunState()
            self._commands = CommandReader(self.folder.commands)
        fold_all(events, self.state)
        if self.state.vitals.needs:
            raise newer(self.folder.name, self.state.vitals.needs)
        for command in self._commands.poll():
            fold_command(self.state, command)
        return events

    def status(self) -> Status:
        """Probes the lock: some microseconds."""
        return status(self.state, probe_lock(self.folder), age=age(self.folder))


def age(folder: RunFolder) -> float:
    """Seconds since the run's events were last written, or the empty file was made."""
    try:
        return max(time.time() - folder.events.stat().st_mtime, 0.0)
    except OSError:
        return float("inf")


def load_state(folder: RunFolder) -> RunState:
    """All that is known of a run now. A million events take about four seconds."""
    attached = Attached(folder)
    attached.poll()
    return attached.state
