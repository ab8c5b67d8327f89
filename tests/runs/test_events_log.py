"""events.jsonl survives what happens to files: full disks, kills in mid-line, later versions, replacement."""

from __future__ import annotations

import math
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_events import any_event, planned, progress, started

from nntui.runs.events import LayerProbe, Paused, Probed, Progress, Sample, Sampled, Warned
from nntui.runs.log import EventReader, EventWriter, decode_events, read_events


def write(path, *events):
    with EventWriter(path) as writer:
        return [writer.append(event) for event in events]


def test_events_come_back_as_written_numbered_and_timed(tmp_path):
    path = tmp_path / "e"
    before = time.time()
    written = write(path, started(), planned(), progress(1), Warned(message="a\nb \u2028 ☃"))
    events, offset = read_events(path)
    assert events == written
    assert [event.seq for event in events] == [0, 1, 2, 3]
    assert all(before <= event.time <= time.time() for event in events)
    assert offset == path.stat().st_size
    assert path.read_bytes().count(b"\n") == 4


def test_the_format_version_is_in_the_file(tmp_path):
    write(tmp_path / "e", started())
    assert b'"version":1' in (tmp_path / "e").read_bytes()


def test_numbers_that_are_not_finite_arrive_as_null(tmp_path):
    nan = math.nan
    probe = LayerProbe(name="a", low=nan, high=math.inf, mean=nan)
    write(
        tmp_path / "e",
        progress(1, nan, grad_norm=math.inf),
        Probed(step=1, epoch=0.1, layers=[probe], arrays={"x": [[nan, 1.0]]}),
        Sampled(step=1, epoch=0.1, samples=[Sample(example=0, label="?", probabilities={"cat": nan})]),
    )
    reader = EventReader(tmp_path / "e")
    one, two, three = reader.poll()
    assert isinstance(one, Progress) and one.loss is None and one.grad_norm is None
    assert isinstance(two, Probed) and two.layers[0].low is None and two.arrays == {"x": [[None, 1.0]]}
    assert isinstance(three, Sampled) and three.samples[0].probabilities == {"cat": None}
    assert reader.skipped == 0


def test_text_that_is_not_unicode_does_not_stop_training(tmp_path):
    write(tmp_path / "e", Warned(message="no such file: b\udcff.png"))
    assert read_events(tmp_path / "e")[0][0].message == "no such file: b?.png"


def test_the_sequence_goes_on_after_a_resume(tmp_path):
    path = tmp_path / "e"
    write(path, started(), progress(1))
    assert write(path, started())[0].seq == 2


def test_the_sequence_goes_on_after_a_torn_or_very_long_line(tmp_path):
    path = tmp_path / "e"
    write(path, started(), Warned(message="x" * 300_000))
    with path.open("ab") as file:
        file.write(b'{"type":"progress","seq":99999,"st')
    assert write(path, progress(1))[0].seq == 2
    events, _ = read_events(path)
    assert [event.seq for event in events] == [0, 1, 2]


@pytest.mark.parametrize("tail", [b"{", b'{"type":"paused","seq":7', b"\x00\x00\x00", b"\xff\xfe", b"null"])
def test_an_event_after_a_torn_line_begins_a_line_of_its_own(tmp_path, tail):
    path = tmp_path / "e"
    write(path, started())
    with path.open("ab") as file:
        file.write(tail)
    write(path, Paused(step=3))
    reader = EventReader(path)
    assert [type(event).__name__ for event in reader.poll()] == ["Started", "Paused"]
    assert reader.skipped == 1


def test_a_line_still_being_written_is_left_for_later(tmp_path):
    path = tmp_path / "e"
    write(path, started(), progress(1))
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    reader = EventReader(path)
    assert len(reader.poll()) == 1 and reader.poll() == []
    with path.open("ab") as file:
        file.write(whole[-10:])
    assert [type(event).__name__ for event in reader.poll()] == ["Progress"]
    assert reader.offset == len(whole) and reader.restarts == 0


def test_unknown_events_and_fields_of_a_later_nntui_do_not_hide_the_others(tmp_path):
    (tmp_path / "e").write_bytes(
        b'{"type":"danced","seq":0}\n{"type":"paused","step":3,"mood":"good"}\n'
        b'{"type":"paused","step":-1}\n{"type":"paused","step":1e999}\n[]\n\n   \n'
        b'{"type":"probed","step":1,"epoch":1,"layers":[],"arrays":{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}}\n"
    )
    reader = EventReader(tmp_path / "e")
    assert reader.poll() == [Paused(step=3)]
    assert reader.skipped == 5


def test_a_file_cut_short_or_replaced_is_read_anew(tmp_path):
    path = tmp_path / "e"
    write(path, started(), progress(1), progress(2))
    reader = EventReader(path)
    assert len(reader.poll()) == 3
    other = tmp_path / "o"
    write(other, started(), progress(9), progress(10), progress(11))
    other.replace(path)
    assert len(reader.poll()) == 4 and reader.restarts == 1
    os.truncate(path, 0)
    assert reader.poll() == [] and reader.restarts == 2
    write(path, started())
    assert len(reader.poll()) == 1
    path.unlink()
    assert reader.poll() == []


def test_a_missing_file_has_no_events_yet(tmp_path):
    reader = EventReader(tmp_path / "e")
    assert reader.poll() == []
    write(tmp_path / "e", started())
    assert len(reader.poll()) == 1
    assert read_events(tmp_path / "none" / "e") == ([], 0)


def test_reading_by_portions_gives_the_whole(tmp_path):
    path = tmp_path / "e"
    written = write(path, started(), Warned(message="x" * 20_000), *(progress(i) for i in range(500)))
    reader, read = EventReader(path), []
    portions = 0
    while events := reader.poll(limit=5000):
        read += events
        portions += 1
    assert read == written and portions > 5


def test_a_closed_or_refused_file_costs_events_and_nothing_else(tmp_path, capsys):
    writer = EventWriter(tmp_path / "e")
    writer.append(started())
    writer.close()
    writer.append(progress(1))
    writer.append(progress(2))
    assert writer.lost == 2
    assert capsys.readouterr().err.count("events are being lost") == 1


def test_a_short_write_is_a_torn_line_and_a_gap_in_the_sequence(tmp_path, monkeypatch, capsys):
    path = tmp_path / "e"
    writer = EventWriter(path)
    writer.append(started())
    write_all = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write_all(fd, data[:20]))
    writer.append(progress(1))
    monkeypatch.setattr(os, "write", write_all)
    writer.append(progress(2), sync=True)
    writer.close()
    reader = EventReader(path)
    events = reader.poll()
    assert [event.seq for event in events] == [0, 2, 3]
    assert isinstance(events[-1], Warned) and events[-1].message.startswith("1 event could not be written")
    assert reader.skipped == 1 and writer.lost == 1
    assert "no space left" in capsys.readouterr().err


def test_a_disk_that_fills_up_never_stops_an_engine_and_events_go_on_when_there_is_room(small_disk, capsys):
    path = small_disk / "e"
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 40_000)
    writer = EventWriter(path)
    for step in range(1, 2000):
        writer.append(progress(step), sync=step % 100 == 0)
    assert writer.lost > 0
    assert capsys.readouterr().err.count("events are being lost") == 1
    filler.unlink()
    last = writer.append(progress(5000))
    writer.close()
    events, _ = read_events(path)
    assert events[-2] == last and last.seq == 1999
    assert isinstance(told := events[-1], Warned) and told.message.startswith(f"{writer.lost:,} events could not be")
    assert len(events) + writer.lost == 2001


@given(st.lists(any_event(), max_size=8), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_whatever_is_cut_off_a_log_every_whole_line_is_read(tmp_path_factory, events, share):
    path = tmp_path_factory.mktemp("log") / "e"
    write(path, *events)
    text = path.read_bytes()
    cut = int(share * len(text))
    path.write_bytes(text[:cut])
    reader = EventReader(path)
    assert len(reader.poll()) == text[:cut].count(b"\n") and reader.skipped == 0
    path.write_bytes(text)
    assert len(reader.poll()) == text[cut:].count(b"\n")


@given(st.lists(st.binary(max_size=40), max_size=10))
@settings(max_examples=200, deadline=None)
def test_garbage_between_lines_never_raises_and_hides_nothing(lines):
    text = b"".join(line + b'\n{"type":"paused","step":3}\n' for line in lines)
    events, _ = decode_events(text)
    assert events == [Paused(step=3)] * len(lines)


def test_a_hundred_thousand_lines_are_read_fast_enough_to_wait_for(tmp_path):
    path = tmp_path / "e"
    write(path, progress(1, grad_norm=0.5, samples_per_second=40_000.5))
    path.write_bytes(path.read_bytes() * 100_000)
    began = time.process_time()
    events, _ = read_events(path)
    assert len(events) == 100_000
    assert (
        time.process_time() - began < 1.5
    )  # measured 0.11 s: the bound is for a busy machine, a json parser misses it
