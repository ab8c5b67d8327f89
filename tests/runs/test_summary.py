"""A summary is only a shortcut: whatever happens to it or to the events, the list shows what the events say."""

from __future__ import annotations

import os
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_events import any_event, evaluated, planned, progress, started

from nntui.runs.events import Finished, Resumed
from nntui.runs.folder import RunFolder, create_run, list_runs
from nntui.runs.lock import RunLock
from nntui.runs.log import EventReader, EventWriter
from nntui.runs.summary import Curve, Summary, fold_summary, load_row, load_summary


def write(folder: RunFolder, *events, age: float = 0.0):
    """Events, last written `age` seconds ago."""
    with EventWriter(folder.events) as writer:
        for event in events:
            writer.append(event)
    then = time.time() - age
    os.utime(folder.events, (then, then))


def quiet_run(folder: RunFolder) -> None:
    folder.run_toml.write_text('[data]\nname = "digits"\n[arch]\nname = "ffn"\n')
    done = Finished(step=40, status="done", metrics={"accuracy": 0.9})
    write(folder, started(), planned(), progress(10), evaluated(10, 0.8, best=True), progress(40, 0.1), done, age=60)


def from_scratch(folder: RunFolder) -> Summary:
    summary = Summary()
    for event in EventReader(folder.events).poll():
        fold_summary(summary, event)
    return summary


def same(one: Summary, other: Summary) -> bool:
    return one.vitals == other.vitals and one.curve == other.curve


def test_a_summary_says_what_a_list_shows_and_is_kept(folder):
    quiet_run(folder)
    summary = load_summary(folder)
    assert (summary.data, summary.arch) == ("digits", "ffn")
    v = summary.vitals
    assert (v.phase, v.step, v.epochs, v.loss, v.best.value) == ("done", 40, 4, 0.1, 0.8)
    assert v.finished.metrics == {"accuracy": 0.9}
    assert (summary.curve.steps, summary.curve.losses) == ([10, 40], [0.5, 0.1])
    assert msgspec.json.decode(folder.summary.read_bytes(), type=Summary) == summary


def test_a_kept_summary_is_used_without_reading_the_events(folder, monkeypatch):
    quiet_run(folder)
    first = load_summary(folder)
    monkeypatch.setattr("nntui.runs.summary.EventReader", lambda *_: pytest.fail("read"))
    monkeypatch.setattr("nntui.runs.summary.write_atomic", lambda *_, **__: pytest.fail("written"))
    assert load_summary(folder) == first


def test_only_what_is_new_is_read(folder, monkeypatch):
    quiet_run(folder)
    offset = load_summary(folder).source.offset
    write(folder, started(), Resumed(step=10, checkpoint="c"), progress(11, 0.4))
    offsets = []

    def reader(path, begin):
        offsets.append(begin)
        return EventReader(path, begin)

    monkeypatch.setattr("nntui.runs.summary.EventReader", reader)
    assert same(load_summary(folder), from_scratch(folder))
    assert offsets == [offset]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"version":99}', b'{"version":1,"vitals":7}'])
def test_a_damaged_summary_is_made_anew(folder, content):
    quiet_run(folder)
    folder.summary.write_bytes(content)
    assert same(load_summary(folder), from_scratch(folder))
    assert load_summary(folder).data == "digits"


def test_replaced_events_leave_nothing_of_the_old(folder, tmp_path):
    quiet_run(folder)
    load_summary(folder)
    other = create_run(tmp_path, "other")
    write(other, started(pid=77), planned(epochs=9), *(progress(i) for i in range(1, 90)))
    other.events.replace(folder.events)
    assert same(load_summary(folder), from_scratch(folder))
    os.truncate(folder.events, 0)
    assert same(load_summary(folder), Summary())


def test_events_changed_without_a_change_of_size_are_noticed(folder):
    quiet_run(folder)
    load_summary(folder)
    folder.events.write_bytes(folder.events.read_bytes().replace(b'"step":40', b'"step":39'))
    assert load_summary(folder).vitals.step == 39


def test_a_torn_last_line_is_taken_when_it_is_whole(folder):
    quiet_run(folder)
    whole = folder.events.read_bytes()
    folder.events.write_bytes(whole[:-7])
    os.utime(folder.events, (1, 1))
    assert load_summary(folder).vitals.phase == "training"
    folder.events.write_bytes(whole)
    assert load_summary(folder).vitals.phase == "done"


def test_a_folder_that_may_not_be_written_is_listed_all_the_same(folder, monkeypatch):
    quiet_run(folder)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("nntui.runs.summary.write_atomic", refuse)
    assert load_summary(folder).vitals.phase == "done"
    assert not folder.summary.exists()


def test_a_busy_run_is_not_written_to_at_each_look(folder):
    write(folder, started(), planned(), progress(1))
    load_summary(folder)
    assert not folder.summary.exists()
    write(folder, *(progress(i) for i in range(2, 1000)))
    load_summary(folder)
    assert folder.summary.exists()


def test_a_run_deleted_while_it_is_listed_is_empty_and_no_error(folder):
    quiet_run(folder)
    folder.events.unlink()
    folder.run_toml.unlink()
    folder.path.rmdir()
    row = load_row(folder)
    assert row.status == "lost" and row.summary.vitals.step == 0


@pytest.mark.parametrize("toml", ["", "data = 3", "[data", "\x00", '[data]\nname = ["x"]\n'])
def test_a_run_toml_that_says_nothing_leaves_the_names_empty(folder, toml):
    write(folder, started())
    folder.run_toml.write_text(toml)
    assert (load_summary(folder).data, load_summary(folder).arch) == ("", "")


def test_a_path_says_more_than_the_reader_that_took_it(folder):
    folder.run_toml.write_text('arch = "cnn"\n[data]\nname = "images"\npath = "./pets"\n')
    assert (load_summary(folder).data, load_summary(folder).arch) == ("./pets", "cnn")


def test_an_empty_path_is_no_path(folder):
    folder.run_toml.write_text('[data]\nname = "digits"\npath = "none"\n')
    assert load_summary(folder).data == "digits"


def test_a_live_run_trains_and_a_killed_one_is_lost(folder):
    write(folder, started(), planned(), progress(1))
    with RunLock(folder):
        assert load_row(folder).status == "training"
    assert load_row(folder).status == "lost"


def test_a_curve_keeps_its_shape_in_few_points():
    curve = Curve()
    for step in range(1, 100_001):
        curve.add(step, 1 / step)
    assert 64 <= len(curve.steps) <= 128 and curve.steps[0] == 1
    gaps = {b - a for a, b in zip(curve.steps, curve.steps[1:], strict=False)}
    assert gaps == {curve.stride}
    curve.cut(50_000)
    assert curve.steps[-1] <= 50_000


@given(st.lists(any_event(), max_size=20), st.integers(0, 20))
@settings(max_examples=80, deadline=None)
def test_a_summary_kept_and_continued_equals_one_made_at_once(events, cut):
    whole, first = Summary(), Summary()
    for event in events[:cut]:
        fold_summary(first, event)
    continued = msgspec.json.decode(msgspec.json.encode(first), type=Summary)
    for event in events[cut:]:
        fold_summary(continued, event)
    for event in events:
        fold_summary(whole, event)
    assert same(continued, whole)


def test_hundreds_of_runs_are_listed_while_one_waits(tmp_path):
    for number in range(300):
        folder = create_run(tmp_path, f"run-{number}")
        folder.run_toml.write_text('[data]\nname = "digits"\n[arch]\nname = "ffn"\n')
        line = b'{"type":"progress","seq":1,"time":1.5,"step":%d,"epoch":0.5,"loss":0.25,"lr":0.1}\n'
        folder.events.write_bytes(b"".join(line % step for step in range(1, 40)))
        os.utime(folder.events, (1000, 1000 + number))
    first = [load_row(folder) for folder in list_runs(tmp_path)]
    began = time.process_time()
    again = [load_row(folder) for folder in list_runs(tmp_path)]
    taken = time.process_time() - began
    assert [row.summary for row in again] == [row.summary for row in first]
    assert len(again) == 300 and taken < 1.0  # measured: 0.06 s
