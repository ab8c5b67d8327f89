"""A long run opens at once, its exact state is made aside, and a close look shows exact points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_events import evaluated, planned, progress, started

from nntui.hooks.errors import UserError
from nntui.runs import attach, indexing, opening, window
from nntui.runs.attach import Attached
from nntui.runs.commands import append_command
from nntui.runs.events import AnyEvent, Commanded, Finished, LayerProbe, Paused, Probed, Resumed, Sample, Sampled
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.history import QUANTITIES
from nntui.runs.indexing import indexing_command, load_index, save_index
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter
from nntui.runs.opening import open_quickly
from nntui.runs.state import RunState
from nntui.runs.summary import load_row
from nntui.runs.window import read_window


def write(folder: RunFolder, *events: AnyEvent) -> None:
    clock = count(1000.0)
    with EventWriter(folder.events, clock=lambda: next(clock)) as writer:
        for event in events:
            writer.append(event)


def trained(begin: int, end: int, every: int = 500) -> list[AnyEvent]:
    told: list[AnyEvent] = []
    for step in range(begin, end):
        told.append(progress(step, 1 / step, grad_norm=None if step % 3 else 0.5))
        if step % every == 0:
            told.append(evaluated(step, step / 1e6, best=True, confusion=[[step, 1], [0, 4]]))
            told.append(Probed(step=step, epoch=step / 10, layers=[LayerProbe(name="fc1", bins=[1] * 20)]))
    return told


def everything() -> list[AnyEvent]:
    """A run with a bit of all that happens."""
    return [
        started(),
        planned(epochs=5000),
        *trained(1, 4000),
        Paused(step=3999),
        Resumed(step=3999),
        Commanded(id="1", command="extend", by="t", step=3999, result="applied", value=6000.0),
        Sampled(
            step=3999, epoch=3, samples=[Sample(example=0, label="cat", value=[1, "x"], probabilities={"cat": None})]
        ),
        started(pid=2),
        Resumed(step=3000, checkpoint="step-00003000"),
        *trained(3001, 12000),
    ]


@pytest.fixture
def small(monkeypatch):
    """Bounds that a test's run exceeds."""
    monkeypatch.setattr(opening, "WHOLE_BYTES", 1 << 17)
    monkeypatch.setattr(opening, "HEAD_BYTES", 1 << 13)
    monkeypatch.setattr(opening, "TAIL_BYTES", 1 << 14)
    monkeypatch.setattr(opening, "PLACES", 40)
    monkeypatch.setattr(opening, "PLACE_BYTES", 1 << 10)
    monkeypatch.setattr(indexing, "LEAST_BYTES", 1 << 10)
    monkeypatch.setattr(window, "MARK_BYTES", 1 << 14)
    monkeypatch.setattr(attach, "MARK_BYTES", 1 << 14)


@pytest.fixture
def long(folder, small) -> RunFolder:
    write(folder, *everything())
    return folder


def read_whole(folder: RunFolder) -> Attached:
    attached = Attached(folder)
    attached.catch_up()
    return attached


def plain(state: RunState) -> object:
    return msgspec.json.encode(state, enc_hook=lambda history: [repr(vars(history.series(n))) for n in QUANTITIES])


def build(folder: RunFolder) -> None:
    subprocess.run(indexing_command(folder), check=True)


# --- opening ---------------------------------------------------------------------------------------------------------


def test_a_short_run_is_read_whole(folder):
    write(folder, started(), planned(), progress(1))
    opened = open_quickly(folder)
    assert opened.exact and opened.attached.state.vitals.step == 1


def test_a_run_that_is_not_there_yet_opens_empty(tmp_path):
    opened = open_quickly(RunFolder(tmp_path / "none"))
    assert opened.exact and len(opened.attached.state.history) == 0


def test_a_long_run_shows_its_true_end_at_once_and_its_past_in_places(long):
    write(long, Finished(step=11999, status="done", metrics={"accuracy": 0.9}))
    opened, exact = open_quickly(long), read_whole(long).state
    state = opened.attached.state
    assert not opened.exact and opened.attached.status() == "done"
    for name in ("phase", "step", "epoch", "loss", "lr", "latest", "finished", "metric", "begun"):
        assert getattr(state.vitals, name) == getattr(exact.vitals, name), name
    assert state.plan == exact.plan and state.best == exact.best
    assert state.evaluations["validation"][-1] == exact.evaluations["validation"][-1]
    seen = state.history.series("loss")
    assert state.history.exact and list(seen.mean) == [1 / step for step in seen.step]
    assert list(seen.step[:20]) == list(range(1, 21)) and seen.step[-1] == 11999
    assert max(b - a for a, b in zip(seen.step, seen.step[1:], strict=False)) < 12000 // 20


def test_it_can_be_followed_before_it_is_exact(long):
    opened = open_quickly(long)
    write(long, *trained(12000, 12010))
    assert len(opened.attached.poll()) == 10 + 2 and opened.attached.state.vitals.step == 12009
    assert save_index(long, opened.attached) is None  # a guess is not kept


def test_the_last_evaluation_is_found_though_it_is_long_past(long):
    write(long, *trained(12000, 12499, every=10**6))
    state = open_quickly(long).attached.state
    assert state.evaluations["validation"][-1].step == 12000 - 500


def test_a_summary_lends_its_exact_figures(long):
    load_row(long)
    then = long.events.stat().st_mtime - 60
    os.utime(long.events, (then, then))
    load_row(long)
    exact = read_whole(long).state.vitals
    assert long.summary.exists() and open_quickly(long).attached.state.vitals == exact


def test_lines_longer_than_a_place_are_passed_over(folder, small):
    wide = [Probed(step=s, epoch=s, layers=[LayerProbe(name="w" * 300_000)]) for s in (100, 200)]
    write(folder, started(), planned(), *trained(1, 1000), *wide, *trained(1000, 2000))
    opened = open_quickly(folder)
    assert not opened.exact and opened.attached.state.vitals.step == 1999


def test_a_later_format_is_refused(long):
    write(long, started(version=9, nntui="9.1"))
    with pytest.raises(UserError, match=r"9\.1"):
        open_quickly(long)


# --- the index -------------------------------------------------------------------------------------------------------


def test_the_index_has_the_whole_state_and_what_comes_later_is_added(long):
    asked = append_command(long, "pause", None, "t")
    attached = read_whole(long)
    assert save_index(long, attached) == long.index
    write(long, *trained(12000, 12600), Commanded(id=asked.id, command="pause", by="t", step=1, result="applied"))
    opened, exact = open_quickly(long), read_whole(long)
    assert opened.exact and plain(opened.attached.state) == plain(exact.state)
    loaded = load_index(long)
    assert loaded is not None and loaded.offset < exact.offset
    loaded.poll()
    assert plain(loaded.state) == plain(exact.state)


def test_a_process_of_its_own_makes_the_index(folder):
    write(folder, started(), planned(), *trained(1, 11000))
    build(folder)
    loaded = load_index(folder)
    assert folder.events.stat().st_size > indexing.LEAST_BYTES
    assert loaded is not None and plain(loaded.state) == plain(read_whole(folder).state)
    before = folder.index.stat().st_mtime_ns
    write(folder, *trained(11000, 11100))
    build(folder)  # from where the last one ended
    assert folder.index.stat().st_mtime_ns > before and open_quickly(folder).exact


def test_that_process_imports_no_torch_and_no_interface(folder):
    write(folder, started())
    code = "import sys, nntui.runs.indexing as i; c = i.main([sys.argv[1]]); print(c, *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(folder.path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("0 ") and not {"torch", "numpy", "textual", "rich", "pydantic"} & set(
        done.stdout.split()
    )


def test_an_unwritable_folder_has_its_index_in_the_cache(long, monkeypatch, tmp_path):
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(indexing, "_CACHED", 1)
    real = indexing.write_atomic

    def refuses(path, *words, **more):
        if path.parent == long.path:
            raise PermissionError(13, "no")
        real(path, *words, **more)

    monkeypatch.setattr(indexing, "write_atomic", refuses)
    kept = save_index(long, read_whole(long))
    assert kept is not None and kept.parent == tmp_path / "cache" / "runs" and not long.index.exists()
    loaded = load_index(long)
    assert loaded is not None and plain(loaded.state) == plain(read_whole(long).state)
    (kept.parent / "old.msgpack").write_bytes(b"")
    os.utime(kept.parent / "old.msgpack", (1, 1))
    save_index(long, read_whole(long))
    assert list(kept.parent.iterdir()) == [kept]


@pytest.mark.parametrize("damage", ["cut", "garbage", "version", "events", "shape", "gone"])
def test_an_index_that_does_not_fit_is_passed_over(long, damage):
    save_index(long, read_whole(long))
    data = long.index.read_bytes()
    match damage:
        case "cut":
            long.index.write_bytes(data[: len(data) // 2])
        case "garbage":
            long.index.write_bytes(b"\xc1" + os.urandom(100))
        case "version":
            plain_index = msgspec.msgpack.decode(data)
            long.index.write_bytes(msgspec.msgpack.encode(plain_index | {"version": 99}))
        case "shape":
            plain_index = msgspec.msgpack.decode(data)
            plain_index["state"]["history"]["columns"][0] = b"1234567"
            long.index.write_bytes(msgspec.msgpack.encode(plain_index))
        case "events":
            long.events.write_bytes(b"")
            write(long, started(host="elsewhere"), *trained(1, 13000))
        case "gone":
            long.index.unlink()
    assert load_index(long) is None
    assert open_quickly(long).attached.state.vitals.step in (11999, 12999)


def test_a_short_run_gets_no_index(folder):
    write(folder, started(), progress(1))
    assert save_index(folder, read_whole(folder)) is None and not folder.index.exists()
    build(folder)
    assert not folder.index.exists()


# --- a close look ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["read", "indexed"])
@pytest.mark.parametrize(("first", "last"), [(1, 50), (2900, 3100), (3500, 4200), (11900, 12000), (20000, 30000)])
def test_a_window_shows_exact_points_and_nothing_superseded(long, how, first, last):
    attached = read_whole(long)
    if how == "indexed":
        save_index(long, attached)
        loaded = load_index(long)
        assert loaded is not None
        attached = loaded
    shown = read_window(long, attached.marks, first, last)
    true = [(step, 1 / step) for step in range(max(first, 1), min(last, 11999) + 1)]
    inside = [(s, m) for s, m in zip(*columns_of(shown), strict=True) if first <= s <= last]
    assert shown.exact and inside == true
    assert len(shown) <= len(true) + 2


def columns_of(history):
    series = history.series("loss")
    return list(series.step), list(series.mean)


def test_a_window_reads_only_what_it_must(long):
    attached = read_whole(long)
    parts = attached.marks.about(6000, 6100)
    assert sum(end - begin for begin, end in parts) < 6 * window.MARK_BYTES < long.events.stat().st_size / 8


def test_a_window_of_a_run_known_in_places_has_its_points_too(long):
    marks = open_quickly(long).attached.marks
    steps, _ = columns_of(read_window(long, marks, 6000, 6100))
    assert set(range(6000, 6101)) <= set(steps)


def test_a_window_of_a_deleted_run_is_empty(long):
    attached = read_whole(long)
    long.events.unlink()
    assert len(read_window(long, attached.marks, 1, 100)) == 0


@given(
    st.lists(st.tuples(st.integers(0, 80), st.integers(1, 60)), min_size=1, max_size=6), st.integers(0, 140), st.data()
)
@settings(max_examples=25, deadline=None)
def test_any_window_of_any_run_agrees_with_its_history(tmp_path_factory, sessions, first, data):
    """Sessions begin anywhere below where the one before came to, said (`resumed`) or not."""
    folder = create_run(tmp_path_factory.mktemp("runs"), "a")
    attached, top = Attached(folder), 0
    for back, length in sessions:
        begin = max(top - back, 0)
        if data.draw(st.booleans()):
            write(folder, started(), Resumed(step=begin, checkpoint="c"))
        write(
            folder, *(progress(step, float(data.draw(st.integers(0, 9)))) for step in range(begin + 1, begin + length))
        )
        top = begin + length - 1
        attached.poll()
    last = first + data.draw(st.integers(0, 60))
    true = [(s, m) for s, m in zip(*columns_of(attached.state.history), strict=True) if first <= s <= last]
    shown = read_window(folder, attached.marks, first, last)
    assert [(s, m) for s, m in zip(*columns_of(shown), strict=True) if first <= s <= last] == true


def test_an_index_is_kept_for_a_live_run_and_goes_on(long):
    with RunLock(long):
        save_index(long, read_whole(long))
        write(long, *trained(12000, 12100))
        opened = open_quickly(long)
        assert opened.exact and opened.attached.status() == "training"
        assert json.loads(msgspec.json.encode(opened.attached.state.vitals))["step"] == 12099
