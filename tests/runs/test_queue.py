"""A queued run waits for another to end: cheaply, listening, and never for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from made_events import planned, started

from nntui.hooks.errors import UserError
from nntui.runs.attach import load_state
from nntui.runs.commands import append_command
from nntui.runs.events import Finished, Queued
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.liveness import live_runs, waits_for
from nntui.runs.lock import Dead, Live, RunLock, probe_lock
from nntui.runs.log import EventWriter
from nntui.runs.queueing import wait_for
from nntui.runs.summary import load_row


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("nntui.runs.queueing.POLL_SECONDS", 0.01)


@pytest.fixture
def other(folder) -> RunFolder:
    return create_run(folder.path.parent, "calm-heron-6")


@pytest.fixture
def trains(other) -> Iterator[RunLock]:
    """`other` trains, until this is released."""
    with EventWriter(other.events) as writer:
        writer.append(started())
        writer.append(planned())
    lock = RunLock(other)
    lock.acquire()
    yield lock
    lock.release()


class Waiting:
    """A run that waits, in a thread: its lock is another descriptor, as another process's would be."""

    def __init__(self, folder: RunFolder, other: RunFolder, begins: Callable[[], None] | None = None) -> None:
        self.ended: Finished | str | None = "waits"
        self._thread = threading.Thread(target=self._wait, args=(folder, other, begins))
        self._thread.start()
        until(lambda: waits_for(folder) == other.name or self.ended != "waits")

    def _wait(self, folder: RunFolder, other: RunFolder, begins: Callable[[], None] | None) -> None:
        self.ended = wait_for(folder, other, begins=begins)

    def end(self) -> Finished | str | None:
        self._thread.join(10)
        return self.ended


def test_it_waits_until_the_other_ends_and_is_not_counted_as_training(folder, other, trains):
    waiting = Waiting(folder, other)
    assert load_row(folder).status == "queued" and load_row(folder).summary.vitals.after == other.name
    assert [run.name for run in live_runs(folder.path.parent)] == [other.name]
    trains.release()
    assert waiting.end() is None and isinstance(probe_lock(folder), Dead)


def test_of_a_chain_only_the_first_begins(folder, other, trains):
    third = create_run(folder.path.parent, "odd-lynx-5")
    second = Waiting(folder, other)
    last = Waiting(third, folder)
    assert load_row(third).status == "queued"
    trains.release()
    assert second.end() is None and last.end() is None


def test_a_run_that_is_not_live_is_not_waited_for(folder, other):
    assert wait_for(folder, other) is None
    assert load_state(folder).sessions == [] and folder.events.stat().st_size == 0
    assert wait_for(folder, RunFolder(folder.path.parent / "gone")) is None


def test_runs_that_would_wait_for_each_other_begin(folder, other):
    third = create_run(folder.path.parent, "odd-lynx-5")
    for run, after in ((other, third), (third, folder)):
        with EventWriter(run.events) as writer:
            writer.append(Queued(after=after.name))
    with RunLock(other), RunLock(third):
        assert wait_for(folder, other) is None
    assert wait_for(folder, folder) is None


def test_a_stop_ends_the_wait_and_anything_else_is_refused(folder, other, trains):
    waiting = Waiting(folder, other)
    paused = append_command(folder, "pause", None, "t")
    until(lambda: load_state(folder).commands[paused.id].result == "refused")
    assert load_row(folder).status == "queued"
    stop = append_command(folder, "stop", None, "t")
    ended = waiting.end()
    assert isinstance(ended, Finished) and ended.status == "stopped"
    state = load_state(folder)
    assert state.commands[stop.id].result == "applied" and load_row(folder).status == "stopped"


def test_a_stop_while_the_engine_is_being_loaded_is_not_lost(folder, other, trains):
    def load() -> None:
        assert isinstance(probe_lock(folder), Live) and isinstance(probe_lock(other), Dead)
        append_command(folder, "stop", None, "t")

    waiting = Waiting(folder, other, begins=load)
    trains.release()
    assert isinstance(waiting.end(), Finished)


def test_a_live_run_cannot_be_queued(folder, other, trains):
    with RunLock(folder), pytest.raises(UserError, match="is live"):
        wait_for(folder, other)


def test_an_interrupted_wait_says_so(folder, other, trains):
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait_for(folder, other, queued=trains.release, begins=interrupted)
    failed = load_state(folder).vitals.failed
    assert failed.kind == "interrupted" and other.name in failed.message
