"""The command line where its surroundings fail it: a closed terminal, a reader that left, a folder in the way."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import events_of, wait_for

from nntui.runs.events import Finished, Progress
from nntui.runs.folder import RunFolder

QUICK = ["--data", "digits", "--arch", "ffn", "--arch.hidden", "16"]
NNTUI = [sys.executable, "-P", "-m", "nntui"]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("NNTUI_PLUGINS", "")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield tmp_path / "runs"


def ended(folder: RunFolder) -> Finished:
    event = events_of(folder)[-1]
    assert isinstance(event, Finished), event
    return event


def test_a_terminal_that_closes_ends_a_run_after_a_checkpoint_and_its_code_says_so(runs: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        words = [*NNTUI, "train", "--no-ui", "--name", "hung", *QUICK, "--epochs", "5000"]
        os.execv(sys.executable, words)
    folder = RunFolder(runs / "hung")
    wait_for(lambda: os.read(terminal, 65536) and any(isinstance(e, Progress) for e in events_of(folder)))
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 129
    assert ended(folder).status == "stopped"
    assert (folder.checkpoints / "last").exists()


def test_a_reader_that_leaves_early_takes_no_run_along(runs: Path) -> None:
    words = [*NNTUI, "train", "--no-ui", "--name", "unread", *QUICK, "--epochs", "2"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert said == b""
    assert ended(RunFolder(runs / "unread")).status == "done"


def test_a_detached_run_takes_no_module_from_the_folder_that_it_is_started_in(runs: Path, tmp_path: Path) -> None:
    """A console script does not look there, and so must what it starts."""
    (tmp_path / "random.py").write_text("raise SystemExit('my own random.py')")
    words = [*NNTUI, "train", "--detach", "--name", "away", *QUICK, "--epochs", "1"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "away\n"
    wait_for(lambda: isinstance(events_of(RunFolder(runs / "away"))[-1], Finished))
