"""A person's own command at the end of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntui.runs.events import Failed, Finished
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.on_end import environment, run_on_end

DONE = Finished(step=40, status="done", seconds=12.5, metrics={"accuracy": 0.9, "loss": 0.3}, split="test")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = create_run(tmp_path, "calm-heron-6")
    folder.run_toml.write_text('[resolved]\nmetric = "accuracy"\n')
    return folder


def log(folder: RunFolder) -> str:
    return folder.log.read_text() if folder.log.exists() else ""


def test_it_is_told_how_the_run_ended(folder: RunFolder) -> None:
    run_on_end(["sh", "-c", 'echo "$NNTUI_NAME $NNTUI_STATUS $NNTUI_METRIC=$NNTUI_VALUE $NNTUI_SPLIT"'], folder, DONE)
    assert log(folder) == "calm-heron-6 done accuracy=0.9 test\n"


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (DONE, "done"),
        (Finished(step=1, status="stopped", reason="as asked"), "stopped"),
        (Failed(step=1, kind="interrupted", message="by SIGTERM"), "interrupted"),
        (Failed(step=1, kind="non-finite", message="the loss became nan"), "failed"),
    ],
)
def test_every_end_has_its_word(folder: RunFolder, event: Finished | Failed, status: str) -> None:
    told = environment(folder, event)
    assert told["NNTUI_STATUS"] == status
    assert told["NNTUI_RUN"] == str(folder.path)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/no/such/program"], "cannot be run"),
        (["sh", "-c", "exit 4"], "exit code 4"),
        (["sh", "-c", "kill -9 $$"], "signal 9"),
        (["a\0b"], "cannot be run"),
    ],
)
def test_what_goes_wrong_is_told_in_the_log_alone(folder: RunFolder, command: list[str], said: str) -> None:
    run_on_end(command, folder, DONE)
    assert said in log(folder)


def test_one_that_takes_long_is_left_to_itself(folder: RunFolder, tmp_path: Path) -> None:
    run_on_end(["sh", "-c", "read x"], folder, DONE, patience=5)  # no input: it ends at once
    assert "still runs" not in log(folder)
    run_on_end(["sleep", "1"], folder, DONE, patience=0.05)
    assert "still runs" in log(folder)


def test_no_command_is_no_command(folder: RunFolder) -> None:
    run_on_end([], folder, DONE)
    assert not folder.log.exists()


def test_a_run_folder_that_is_gone_does_no_harm(folder: RunFolder, capfd: pytest.CaptureFixture[str]) -> None:
    folder.run_toml.unlink()
    folder.events.unlink()
    folder.path.rmdir()
    run_on_end(["true"], folder, DONE)
    assert "on_end" in capfd.readouterr().err
