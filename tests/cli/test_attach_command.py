"""`nntui attach --plain`: the lines of a run, live or ended, and the exit code that its own process had; and whether an
interface is opened at all."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nntui.cli.interface import can_open, prepare
from nntui.cli.main import run
from nntui.runs.events import AnyEvent, Evaluated, Failed, Finished, Planned, Progress, Started
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter

# Holds the lock; writes what it is told on standard input, an event a line; ends when that does.
ENGINE = """
import sys
from pathlib import Path
import msgspec
from nntui.runs.events import AnyEvent
from nntui.runs.folder import RunFolder
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter
folder = RunFolder(Path(sys.argv[1]))
with RunLock(folder), EventWriter(folder.events) as writer:
    print("ready", flush=True)
    for line in sys.stdin:
        writer.append(msgspec.json.decode(line, type=AnyEvent))
"""


def began() -> list[AnyEvent]:
    plan = Planned(
        layers=[], parameters=9, splits={"train": 80}, epochs=2, steps_per_epoch=10, metric="accuracy", maximize=True
    )
    return [Started(nntui="0", host="here", boot_id="b", pid=1), plan, Progress(step=3, epoch=0.3, loss=0.5, lr=0.1)]


def evaluated(epoch: int) -> Evaluated:
    return Evaluated(
        step=10 * epoch,
        epoch=epoch,
        split="validation",
        metrics={"accuracy": 0.9, "loss": 0.25},
        train_loss=0.3,
        lr=0.1,
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path / "runs"))
    return create_run(tmp_path / "runs", "quick-otter-7")


def write(folder: RunFolder, *events: AnyEvent) -> None:
    with RunLock(folder), EventWriter(folder.events) as writer:
        for event in events:
            writer.append(event)


@pytest.fixture
def follower(folder: RunFolder) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """`nntui attach` in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-u", "-m", "nntui", "attach", *arguments]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def engine(folder: RunFolder) -> Iterator[Callable[[AnyEvent], None]]:
    """A live run: call it with an event to be written."""
    import msgspec

    process = subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == "ready\n"

    def tell(event: AnyEvent) -> None:
        process.stdin.write(msgspec.json.encode(event).decode() + "\n")
        process.stdin.flush()

    yield tell
    process.stdin.close()
    process.wait()


@pytest.mark.parametrize(
    ("last", "code", "told"),
    [
        (Finished(step=20, status="done", metrics={"accuracy": 0.9}, split="test"), 0, "quick-otter-7 is done"),
        (Finished(step=20, status="stopped", reason="on request"), 0, "is stopped"),
        (Finished(step=20, status="stopped", reason="by SIGINT"), 130, "by Ctrl-C"),
        (Finished(step=20, status="stopped", reason="by SIGTERM"), 143, "SIGTERM"),
        (Failed(step=20, kind="non-finite", message="loss is nan", advice="a lower --lr"), 3, "failed at step 20"),
        (Failed(step=0, kind="request", message="the data is gone"), 2, "the data is gone"),
    ],
)
def test_an_ended_run_prints_its_lines_and_has_the_exit_code_of_its_end(
    last: AnyEvent, code: int, told: str, folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, *began(), evaluated(1), evaluated(2), last)
    assert run(["attach"]) == code
    said = capsys.readouterr().out
    assert "epoch 1/2  loss 0.3      val 0.25     accuracy  90.0%" in said
    assert told in said


def test_the_time_on_a_line_is_the_runs_own_not_that_of_reading(
    folder: RunFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, *began(), evaluated(1))
    lines = folder.events.read_text().splitlines()
    later = json.loads(lines[-1])
    later["time"] = json.loads(lines[1])["time"] + 125.0
    folder.events.write_text("\n".join([*lines[:-1], json.dumps(later)]) + "\n")
    write(folder, Finished(step=20, status="done"))
    assert run(["attach", "quick"]) == 0
    assert "2:05" in capsys.readouterr().out


def test_a_killed_run_is_told_from_one_that_ended(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, *began())
    assert run(["attach"]) == 3
    assert "was cut off at step 3" in (said := capsys.readouterr().out)
    assert "train --resume quick-otter-7" in said


def test_json_gives_the_events_and_nothing_else(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, *began(), Finished(step=20, status="done"))
    assert run(["attach", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["type"] for event in events] == ["started", "planned", "progress", "finished"]
    assert [event["seq"] for event in events] == [0, 1, 2, 3]


def test_a_live_run_is_followed_until_it_ends(
    folder: RunFolder, engine: Callable[[AnyEvent], None], follower: Callable[..., subprocess.Popen[str]]
) -> None:
    for event in began():
        engine(event)
    process = follower("--plain")
    assert process.stdout is not None
    engine(evaluated(1))
    assert any("epoch 1/2" in line for line in iter(process.stdout.readline, ""))
    engine(evaluated(2))
    assert any("epoch 2/2" in line for line in iter(process.stdout.readline, ""))
    assert process.poll() is None
    engine(Finished(step=20, status="done"))
    rest = process.stdout.read()
    assert process.wait(20) == 0
    assert "is done" in rest


def test_ctrl_c_leaves_a_run_that_trains_on_and_says_how_to_come_back(
    folder: RunFolder, engine: Callable[[AnyEvent], None], follower: Callable[..., subprocess.Popen[str]]
) -> None:
    for event in [*began(), evaluated(1)]:
        engine(event)
    process = follower("--plain")
    assert process.stdout is not None
    assert any("epoch 1/2" in line for line in iter(process.stdout.readline, ""))
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "quick-otter-7 trains on:" in said and "attach quick-otter-7" in said
    assert "Traceback" not in errors
    engine(Finished(step=20, status="done"))


def test_a_run_that_is_removed_while_it_is_followed_is_told(
    folder: RunFolder, engine: Callable[[AnyEvent], None], follower: Callable[..., subprocess.Popen[str]]
) -> None:
    for event in [*began(), evaluated(1)]:
        engine(event)
    process = follower()
    assert process.stdout is not None
    assert any("epoch 1/2" in line for line in iter(process.stdout.readline, ""))
    folder.path.rename(folder.path.with_name(".removing"))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "quick-otter-7 was removed" in errors


def test_a_reader_that_has_had_enough_ends_it_quietly(
    folder: RunFolder, follower: Callable[..., subprocess.Popen[str]]
) -> None:
    write(folder, *began(), *(evaluated(n) for n in range(1, 2000)), Finished(step=20, status="done"))
    process = follower()
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None and process.stderr.read() == ""
    assert process.wait(20) == 141


def test_no_run_and_an_unknown_one_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path / "none"))
    assert run(["attach"]) == 2
    assert "there is no run" in capsys.readouterr().err
    assert run(["attach", "nobody"]) == 2


def test_a_form_without_a_terminal_says_what_to_do_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["new"]) == 2
    assert "nntui train --help" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [(["--date", "digits"], "--date: is no flag"), (["nowhere.toml"], "there is no spec file nowhere.toml")],
)
def test_a_form_is_filled_from_no_flag_or_file_that_is_none(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["new", *words]) == 2
    assert told in capsys.readouterr().err


# whether an interface is opened

TERMINAL = {"TERM": "xterm-256color"}


@contextmanager
def terminal(foreground: bool = True) -> Iterator[pytest.MonkeyPatch]:
    """Standard input, output and errors are a terminal, and we are in its foreground. (No fixture: pytest puts its own
    streams back between a fixture and its test.)"""
    master, slave = pty.openpty()
    with os.fdopen(slave, "r+b", buffering=0) as raw, pytest.MonkeyPatch.context() as patch:
        for name in ("stdin", "stdout", "stderr"):
            patch.setattr(sys, name, raw)
        patch.setattr(os, "tcgetpgrp", lambda fd: os.getpgrp() + (not foreground))
        yield patch
    os.close(master)


@pytest.mark.parametrize(
    ("environment", "opens"),
    [
        (TERMINAL, True),
        ({"TERM": "screen"}, True),
        ({**TERMINAL, "CI": ""}, True),
        ({**TERMINAL, "CI": "false"}, True),
        ({**TERMINAL, "CI": "true"}, False),
        ({**TERMINAL, "NNTUI_NO_UI": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "unknown"}, False),
        ({}, False),
    ],
)
def test_an_interface_opens_only_in_a_terminal_that_can_draw_one(environment: dict[str, str], opens: bool) -> None:
    with terminal():
        answer = can_open(environment)
    assert answer is opens


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_none_opens_where_a_stream_goes_elsewhere(name: str) -> None:
    with terminal() as patch, Path(os.devnull).open("r+b") as nowhere:
        before = can_open(TERMINAL)
        patch.setattr(sys, name, nowhere)
        elsewhere = can_open(TERMINAL)
        patch.setattr(sys, name, None)
        closed = can_open(TERMINAL)
    assert (before, elsewhere, closed) == (True, False, False)


def test_none_opens_in_the_background_of_a_shell() -> None:
    with terminal(foreground=False):
        answer = can_open(TERMINAL)
    assert not answer


def test_over_ssh_there_are_no_animations_and_few_frames() -> None:
    environment: dict[str, str] = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
    prepare(environment)
    assert environment["TEXTUAL_FPS"] == "15"
    assert environment["TEXTUAL_ANIMATIONS"] == "none"


def test_what_a_person_set_for_textual_themselves_stays() -> None:
    environment: dict[str, Any] = {"SSH_TTY": "/dev/pts/1", "TEXTUAL_FPS": "30", "TEXTUAL_ANIMATIONS": "full"}
    prepare(environment)
    assert environment["TEXTUAL_FPS"] == "30"
    assert environment["TEXTUAL_ANIMATIONS"] == "full"


def test_an_empty_no_color_says_nothing() -> None:
    environment = {"NO_COLOR": ""}
    prepare(environment)
    assert "NO_COLOR" not in environment
    environment = {"NO_COLOR": "1"}
    prepare(environment)
    assert environment["NO_COLOR"] == "1"
