"""What is told to be typed works where it is typed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nntui.runs import shell
from nntui.runs.folder import RunFolder


def test_a_command_that_begins_a_run_names_a_folder_of_runs_that_is_not_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNTUI_RUNS", raising=False)
    monkeypatch.setattr(shell, "program", lambda: "nntui")
    assert shell.typed("nntui train --seed 1", Path("runs")) == "nntui train --seed 1"
    assert shell.typed("nntui train", tmp_path / "runs") == "nntui train"
    assert shell.typed("nntui train", tmp_path / "my runs") == "nntui train --runs 'my runs'"
    assert shell.typed("nntui train", Path("/data/runs")) == "nntui train --runs /data/runs"
    monkeypatch.setenv("NNTUI_RUNS", "/data/runs")
    assert shell.typed("nntui train", Path("/data/runs")) == "nntui train"


def test_outside_an_environment_a_command_names_the_program_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "my venv" / "bin" / "nntui"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(program.with_name("python")))
    monkeypatch.setenv("PATH", "/nowhere")
    assert shell.program() == "'my venv/bin/nntui'"
    assert shell.typed("nntui train", tmp_path / "runs") == "'my venv/bin/nntui' train"
    monkeypatch.setenv("PATH", str(program.parent))
    assert shell.program() == "nntui"


def test_a_run_is_called_by_its_name_where_that_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNTUI_RUNS", raising=False)
    assert shell.reachable(RunFolder(tmp_path / "runs" / "quick-otter-7")) == "quick-otter-7"
    assert shell.reachable(RunFolder(tmp_path / "elsewhere" / "quick-otter-7")) == "elsewhere/quick-otter-7"
