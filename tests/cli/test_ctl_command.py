"""`nntui ctl`: what is asked reaches a live engine in its own process, and its answer comes back."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nntui.cli.ctl import parse
from nntui.cli.main import run
from nntui.hooks.errors import UserError
from nntui.runs.commands import read_commands
from nntui.runs.events import Finished, Started
from nntui.runs.folder import create_run
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter

# Holds the lock, meets each command as told by its argument, and ends at a `stop` or when its input does.
_ENGINE = """
import os, select, sys
from pathlib import Path
from nntui.runs.commands import CommandReader
from nntui.runs.events import Commanded, Finished, Started
from nntui.runs.folder import RunFolder
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter
folder, how = RunFolder(Path(sys.argv[1])), sys.argv[2]
with RunLock(folder), EventWriter(folder.events) as writer:
    reader = CommandReader(folder.commands)
    writer.append(Started(nntui="0", host="h", boot_id="b", pid=os.getpid()))
    print("ready", flush=True)
    step = 0
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        step += 1
        for command in reader.poll():
            if how == "deaf":
                continue
            if how == "dies":
                sys.exit()
            value = {"extend": 7.0, "lr": command.value, "lr-scale": 0.05}.get(command.kind)
            result = "refused" if how == "refuses" else "applied"
            why = "the run is not paused" if how == "refuses" else ""
            writer.append(Commanded(id=command.id, command=command.kind, by=command.by, step=step, result=result,
                                    why=why, value=value))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path / "runs"))
    return create_run(tmp_path / "runs", "quick-otter-7")


@pytest.fixture
def engine(folder):
    started = []

    def start(how: str = "obeys"):
        process = subprocess.Popen(
            [sys.executable, "-c", _ENGINE, folder.path, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in started:
        process.communicate()


def test_each_command_is_applied_and_its_result_told(folder, engine, capsys):
    engine()
    for arguments, answer in (
        (["pause"], "pause applied at step"),
        (["resume"], "resume applied at step"),
        (["checkpoint"], "checkpoint applied at step"),
        (["probe"], "probe applied at step"),
        (["lr", "1e-3"], "the learning rate is 0.001"),
        (["lr", "x0.5"], "the learning rate is 0.05"),
        (["extend", "5", "--wait"], "7 epochs in all"),
        (["stop"], "stop applied at step"),
    ):
        assert run(["ctl", "quick", *arguments]) == 0
        assert answer in capsys.readouterr().out
    asked = read_commands(folder.commands)
    assert [c.kind for c in asked] == [
        "pause", "resume", "checkpoint", "probe", "lr", "lr-scale", "extend", "stop",
    ]  # fmt: skip
    assert [c.value for c in asked] == [None, None, None, None, 1e-3, 0.5, 5.0, None]
    assert all(c.by.startswith("ctl") for c in asked)


def test_a_refusal_says_why(engine, capsys):
    engine("refuses")
    assert run(["ctl", "quick-otter-7", "resume"]) == 2
    assert "resume was refused: the run is not paused" in capsys.readouterr().err


def test_an_engine_that_is_busy_is_not_waited_for(engine, capsys, monkeypatch):
    engine("deaf")
    monkeypatch.setattr("nntui.cli.ctl.PATIENCE_SECONDS", 0.05)
    assert run(["ctl", "quick-otter-7", "pause"]) == 0
    assert "pause asked, not yet applied" in capsys.readouterr().out


def test_an_engine_that_ends_first_ends_the_waiting(engine, capsys):
    engine("dies")
    assert run(["ctl", "quick-otter-7", "stop", "--wait"]) == 2
    assert "ended before it met the command" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [None, "done", "stopped"])
def test_a_run_that_is_not_live_is_asked_nothing(folder, capsys, ending):
    with EventWriter(folder.events) as writer:
        writer.append(Started(nntui="0", host="h", boot_id="b", pid=1))
        if ending:
            writer.append(Finished(step=3, status=ending))
    assert run(["ctl", "quick-otter-7", "pause"]) == 2
    error = capsys.readouterr().err
    assert f"quick-otter-7 is not live ({ending or 'lost'})" in error
    assert ("nntui fork quick-otter-7" if ending == "done" else "--resume quick-otter-7") in error
    assert not folder.commands.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lr"], "lr needs a number"),
        (["lr", "fast"], "'fast' is not a number"),
        (["lr", "0"], "a learning rate is a number above 0"),
        (["lr", "nan"], "a learning rate is a number above 0"),
        (["lr", "x0"], "its factor is a number above 0"),
        (["lr", "x"], "'x' is not a number"),
        (["extend"], "extend needs a number"),
        (["extend", "-3"], "a whole number of epochs"),
        (["extend", "1.5"], "a whole number of epochs"),
        (["extend", "1e999"], "a whole number of epochs"),
        (["pause", "3"], "pause takes no value"),
        (["dance"], "Invalid value for 'ACTION': 'dance'"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_asked_is_told_before_anything_is_written(folder, capsys, arguments, message):
    with RunLock(folder):
        assert run(["ctl", "quick-otter-7", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not folder.commands.exists()


def test_a_run_of_another_machine_may_be_asked_with_a_warning(folder, capsys, monkeypatch):
    folder.lock.write_text('{"host":"gpu-box","boot_id":"other","pid":3,"heartbeat":1.0}')
    monkeypatch.setattr("nntui.cli.ctl.PATIENCE_SECONDS", 0)
    assert run(["ctl", "quick-otter-7", "pause"]) == 0
    out = capsys.readouterr()
    assert "cannot be told from here" in out.err and "asked, not yet applied" in out.out
    assert [c.kind for c in read_commands(folder.commands)] == ["pause"]


def test_an_unknown_run_is_told(folder, capsys):
    assert run(["ctl", "quick-oter-7", "pause"]) == 2
    assert "did you mean quick-otter-7" in capsys.readouterr().err


def test_factors_are_said_with_an_x_a_star_or_a_times_sign():
    assert {parse("lr", text) for text in ("x0.5", "*0.5", "×0.5")} == {("lr-scale", 0.5)}
    with pytest.raises(UserError, match="not a number"):
        parse("extend", "x2")
