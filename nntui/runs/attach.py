"""Following a run: its events and what was asked of it, folded as they come; and whether it lives."""

from __future__ import annotations

import time
from collections.abc import Iterator

from nntui.runs.commands import CommandReader
from nntui.runs.events import AnyEvent
from nntui.runs.folder import RunFolder, newer
from nntui.runs.lock import probe_lock
from nntui.runs.log import EventReader
from nntui.runs.state import RunState, fold_all, fold_command, status
from nntui.runs.vitals import Status
from nntui.runs.window import MARK_BYTES, Marks


class Attached:
    """A run, followed. Polling costs two `stat` calls while nothing happens.

    `state`, `offset` and `marks` begin it where an index of the run's past ends; without them all of it is read.
    """

    def __init__(
        self,
        folder: RunFolder,
        state: RunState | None = None,
        offset: int = 0,
        marks: Marks | None = None,
        *,
        exact: bool = True,
    ) -> None:
        self.folder = folder
        self.state = state if state is not None else RunState()
        self.marks = marks if marks is not None else Marks()
        """Which steps are where in the events: see `nntui.runs.window.read_window`."""
        self.exact = exact
        """False: the past was looked at in places only (see `nntui.runs.opening`)."""
        self._events = EventReader(folder.events, offset)
        self._commands = CommandReader(folder.commands)
        self._restarts = 0

    @property
    def offset(self) -> int:
        """Bytes of events that are in the state."""
        return self._events.offset

    @property
    def skipped(self) -> int:
        """Lines of the events that were none."""
        return self._events.skipped

    def poll(self, limit: int | None = None) -> list[AnyEvent]:
        """Fold what is new, all or that of about `limit` bytes; the events folded.

        `state` is another object after the file was replaced. Raises UserError for a run that a later nntui wrote,
        OSError for one that may not be read.
        """
        return [event for events in self._blocks(limit) for event in events]

    def catch_up(self, limit: int | None = None) -> int:
        """As `poll`, and how many events were folded: they are not held in memory together."""
        return sum(len(events) for events in self._blocks(limit))

    def _blocks(self, limit: int | None) -> Iterator[list[AnyEvent]]:
        begin = at = self.offset
        while limit is None or at - begin < limit:
            events = self._events.poll(MARK_BYTES if limit is None else min(MARK_BYTES, limit))
            if self._events.restarts != self._restarts:
                self._restarts = self._events.restarts
                self._commands = CommandReader(self.folder.commands)
                self.state, self.marks, self.exact = RunState(), Marks(), True
                begin = at = 0
            if self.offset == at:
                break
            cuts = self.state.history.cuts
            fold_all(events, self.state)
            self._check_format()
            self.marks.add(at, self.offset, events, rising=self.state.history.cuts == cuts)
            at = self.offset
            yield events
        self._check_format()
        for command in self._commands.poll():
            fold_command(self.state, command)

    def _check_format(self) -> None:
        """At every poll, not at the first one that reads of it: what it says stays true."""
        if self.state.vitals.needs:
            raise newer(self.folder.name, self.state.vitals.needs)

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
    """All that is known of a run now. A million events take about three seconds."""
    attached = Attached(folder)
    attached.catch_up()
    return attached.state
