"""What is asked of a run reaches its engine: from several askers at once, after torn lines, and once only."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.hooks.errors import UserError
from nntui.runs.commands import KINDS, CommandReader, append_command, problem, read_commands
from nntui.runs.folder import create_run

_ASKER = """
import sys
from pathlib import Path
from nntui.runs.commands import append_command
from nntui.runs.folder import RunFolder
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    append_command(RunFolder(Path(sys.argv[1])), "extend", number + 1, sys.argv[2])
"""


def test_a_command_is_read_as_asked(folder):
    asked = append_command(folder, "lr", 1e-3, "ctl:ada")
    assert CommandReader(folder.commands).poll() == [asked]
    assert (asked.kind, asked.value, asked.by) == ("lr", 1e-3, "ctl:ada")
    text = folder.commands.read_bytes()
    assert text.startswith(b"\n") and text.endswith(b"\n") and b'"version":1' in text


def test_processes_that_ask_at_once_lose_nothing(folder):
    askers = [
        subprocess.Popen([sys.executable, "-c", _ASKER, folder.path, name, "300"], stdin=subprocess.PIPE)
        for name in ("a", "b", "c")
    ]
    for asker in askers:
        asker.stdin.write(b"go\n")
        asker.stdin.close()
    reader, seen = CommandReader(folder.commands), []
    while any(asker.poll() is None for asker in askers):
        seen += reader.poll()
    seen += reader.poll()
    assert [asker.wait() for asker in askers] == [0, 0, 0]
    assert reader.skipped == 0
    for name in ("a", "b", "c"):
        assert [c.value for c in seen if c.by == name] == list(range(1, 301))
    assert len({c.id for c in seen}) == 900


def test_a_poll_without_news_opens_nothing(folder, monkeypatch):
    append_command(folder, "pause", None, "t")
    reader = CommandReader(folder.commands)
    assert len(reader.poll()) == 1
    monkeypatch.setattr("pathlib.Path.open", lambda *_: pytest.fail("opened"))
    assert reader.poll() == []


def test_what_was_asked_before_the_offset_is_not_read_but_can_be_listed(folder):
    stale = append_command(folder, "stop", None, "t")
    offset = folder.commands.stat().st_size
    fresh = append_command(folder, "pause", None, "t")
    assert CommandReader(folder.commands, offset).poll() == [fresh]
    assert read_commands(folder.commands, offset) == [stale]
    assert read_commands(folder.commands) == [stale, fresh]


def test_nothing_asked_yet_is_nothing(folder):
    assert CommandReader(folder.commands).poll() == []
    assert read_commands(folder.commands) == []


@given(st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_no_torn_tail_spoils_the_next_command(tmp_path_factory, tail):
    folder = create_run(tmp_path_factory.mktemp("runs"), None)
    folder.commands.write_bytes(tail)
    asked = append_command(folder, "pause", None, "t")
    assert CommandReader(folder.commands).poll()[-1:] == [asked]
    assert read_commands(folder.commands)[-1:] == [asked]


def test_a_command_still_being_written_waits(folder):
    asked = append_command(folder, "probe", None, "t")
    text = folder.commands.read_bytes()
    folder.commands.write_bytes(text[:-5])
    reader = CommandReader(folder.commands)
    assert reader.poll() == []
    folder.commands.write_bytes(text)
    assert reader.poll() == [asked]
    assert reader.poll() == []


def test_lines_that_are_no_commands_are_counted_and_passed_over(folder):
    folder.commands.write_bytes(b'garbage\n{"id":"1"}\n[]\n\x00\xff\n{"id":1,"time":0,"by":"x","kind":"stop"}\n')
    asked = append_command(folder, "resume", None, "t")
    reader = CommandReader(folder.commands)
    assert reader.poll() == [asked] and reader.skipped == 5


def test_a_file_cut_short_brings_nothing_stale_back(folder):
    stop = append_command(folder, "stop", None, "t")
    append_command(folder, "pause", None, "t")
    reader = CommandReader(folder.commands)
    assert len(reader.poll()) == 2
    os.truncate(folder.commands, len(folder.commands.read_bytes()) // 2)
    assert reader.poll() == []
    fresh = append_command(folder, "resume", None, "t")
    assert reader.poll() == [fresh] and stop not in reader.poll()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *[("lr", value) for value in (None, 0, -1, float("nan"))],
        *[("lr-scale", value) for value in (float("inf"), 0)],
        *[("extend", value) for value in (None, 0, 1.5)],
        *[("pause", 1), ("stop", 0), ("dance", None)],
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(folder, kind, value):
    assert problem(kind, value)
    with pytest.raises(UserError):
        append_command(folder, kind, value, "t")
    assert not folder.commands.exists()


def test_what_can_be_asked_is_all_that_there_is():
    values = {"lr": 0.1, "lr-scale": 0.5, "extend": 3.0}
    assert [problem(kind, values.get(kind)) for kind in KINDS] == [None] * len(KINDS)


def test_a_command_of_a_later_nntui_is_delivered_to_be_refused(folder):
    folder.commands.write_bytes(b'{"version":2,"id":"1","time":0,"by":"x","kind":"teleport","value":3}\n')
    (command,) = CommandReader(folder.commands).poll()
    assert "does not know the command 'teleport'" in problem(command.kind, command.value, command.version)


def test_a_full_disk_is_told_to_who_asks(small_disk):
    folder = create_run(small_disk, "r")
    (small_disk / "filler").write_bytes(b"x" * 40_000)
    with pytest.raises(UserError, match="cannot be asked"):
        for _ in range(2000):
            append_command(folder, "pause", None, "t")
    (small_disk / "filler").unlink()
    asked = append_command(folder, "stop", None, "t")
    assert CommandReader(folder.commands).poll()[-1] == asked
