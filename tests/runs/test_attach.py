"""Whoever attaches sees the whole run, then each thing as it happens."""

from __future__ import annotations

import pytest
from made_events import planned, progress, started

from nntui.hooks.errors import UserError
from nntui.runs.attach import Attached, load_state
from nntui.runs.commands import append_command
from nntui.runs.events import Commanded
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter


def test_events_and_commands_are_folded_as_they_come(folder):
    attached = Attached(folder)
    assert attached.poll() == [] and attached.status() == "starting"
    with RunLock(folder), EventWriter(folder.events) as writer:
        writer.append(started())
        writer.append(planned())
        assert len(attached.poll()) == 2 and attached.status() == "training"
        asked = append_command(folder, "lr", 0.2, "t")
        assert attached.poll() == [] and [c.id for c in attached.state.pending] == [asked.id]
        writer.append(Commanded(id=asked.id, command="lr", by="t", step=1, result="applied", value=0.2))
        attached.poll()
        assert attached.state.pending == [] and attached.state.commands[asked.id].value == 0.2
    assert attached.status() == "lost"
    assert load_state(folder).commands == attached.state.commands


def test_a_replaced_run_is_folded_anew(folder):
    with EventWriter(folder.events) as writer:
        writer.append(started())
        writer.append(progress(5))
    attached = Attached(folder)
    attached.poll()
    folder.events.write_bytes(b"")
    attached.poll()
    assert len(attached.state.history) == 0 and attached.state.sessions == []


def test_an_index_of_the_past_can_begin_the_state(folder):
    with EventWriter(folder.events) as writer:
        writer.append(started())
        writer.append(progress(5))
        attached = Attached(folder)
        attached.poll()
        offset = folder.events.stat().st_size
        writer.append(progress(6))
    later = Attached(folder, attached.state, offset)
    assert len(later.poll()) == 1 and list(later.state.history.series("loss").step) == [5, 6]


def test_a_run_of_a_later_nntui_is_refused_in_words(folder):
    with EventWriter(folder.events) as writer:
        writer.append(started(version=9, nntui="9.1"))
    with pytest.raises(UserError, match=r"written by nntui 9\.1"):
        load_state(folder)
