"""What a run does when the world fails it: a full disk, damage, a loss that runs away, a broken plugin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import Warm, events_of, wait_for

from nntui.cli.train import read_spec
from nntui.runs import checkpoints
from nntui.runs.commands import append_command
from nntui.runs.creating import new_run
from nntui.runs.events import Checkpointed, Failed, Finished, Paused, Progress, Started, Warned
from nntui.runs.folder import RunFolder
from nntui.runs.state import fold_all
from nntui.tui.chart.layout import layout
from nntui.tui.chart.view import View
from nntui.tui.draw.charset import BRAILLE
from nntui.tui.draw.run_charts import Evaluations, loss_chart

SMALL = {"data": "digits", "arch": {"name": "ffn", "hidden": [16]}}


def settings(**training: object) -> dict[str, object]:
    return {**SMALL, "training": {"epochs": 4, "checkpoint_seconds": 0.0, **training}}


def weights(folder: RunFolder) -> bytes:
    return (folder.model / "model.safetensors").read_bytes()


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_loss_that_runs_away_ends_with_3_names_the_step_and_leaves_a_good_checkpoint(
    warm: Warm, run_of: Callable[..., RunFolder]
) -> None:
    folder = run_of("wild", **settings(epochs=30), optimizer={"name": "sgd", "lr": 1e12})
    assert warm.train(folder) == 3
    failed = events_of(folder)[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "non-finite"
    assert f"at step {failed.step} " in failed.message and "--lr" in failed.advice
    last = [e for e in events_of(folder) if isinstance(e, Progress)][-1]
    assert last.loss is None and last.step == failed.step + 1, "the curve ends in the step that spoilt it"
    chart = loss_chart(fold_all(events_of(folder)), Evaluations())
    drawn = layout(chart.curves, chart.marks, View(), 60, 8, BRAILLE)
    assert any(BRAILLE.invalid in text for line in drawn for text, _ in line)
    found, _ = checkpoints.newest_valid(folder)
    assert found is not None and checkpoints.verify(found.path) is None
    from safetensors.torch import load_file

    assert all(bool(t.isfinite().all()) for t in load_file(found.path / "model.safetensors").values())


def damaged(folder: RunFolder, how: str) -> None:
    last = checkpoints.pointer(folder, "last")
    assert last is not None
    path = last / "training_state.safetensors"
    if how == "truncated":
        path.write_bytes(path.read_bytes()[:100])
    elif how == "flipped":
        flip_a_bit(path)
    else:
        (last / "manifest.json").unlink()


@pytest.mark.parametrize("how", ["truncated", "flipped", "manifest missing"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before_and_the_end_is_the_same(
    how: str, warm: Warm, run_of: Callable[..., RunFolder]
) -> None:
    whole = run_of("whole", **settings())
    assert warm.train(whole) == 0
    # Stopped by taking its end away: a run whose events end with its third checkpoint.
    hurt = run_of("hurt", **settings())
    assert warm.train(hurt) == 0
    lines = hurt.events.read_bytes().splitlines(keepends=True)
    hurt.events.write_bytes(b"".join(line for line in lines if b'"finished"' not in line))
    (hurt.model / "config.json").unlink()
    damaged(hurt, how)
    assert warm.train(hurt) == 0
    warned = [e for e in events_of(hurt) if isinstance(e, Warned)]
    assert any("passed over" in e.message or "missing" in e.message for e in warned)
    assert weights(hurt) == weights(whole)


def test_a_torn_event_line_costs_that_event_alone(warm: Warm, run_of: Callable[..., RunFolder]) -> None:
    folder = run_of("torn", **settings())
    folder.events.write_bytes(b'{"type":"progress","step":3,"epo')
    assert warm.train(folder) == 0
    assert isinstance(events_of(folder)[0], Started)
    assert isinstance(events_of(folder)[-1], Finished)


@pytest.mark.parametrize("paused", [False, True])
def test_a_run_whose_folder_is_removed_ends(paused: bool, warm: Warm, run_of: Callable[..., RunFolder]) -> None:
    folder = run_of("gone", **settings(epochs=1_000_000, checkpoint_seconds=600.0))
    process = warm.start(folder)
    wait_for(lambda: any(isinstance(event, Progress) for event in events_of(folder)))
    if paused:
        append_command(folder, "pause", None, "test")
        wait_for(lambda: any(isinstance(event, Paused) for event in events_of(folder)))
    shutil.rmtree(folder.path)
    assert warm.wait(process) == 3
    assert not folder.path.exists()


def test_a_run_whose_folder_is_moved_away_ends_and_goes_on_where_it_is(
    warm: Warm, run_of: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = run_of("away", **settings(epochs=1_000_000, checkpoint_seconds=0.0))
    process = warm.start(folder)
    wait_for(lambda: bool(checkpoints.list_checkpoints(folder)))
    elsewhere = RunFolder(folder.path.rename(tmp_path / "elsewhere"))
    assert warm.wait(process) == 3
    assert not folder.path.exists(), "nothing is written where it was"
    last = events_of(elsewhere)[-1]
    assert isinstance(last, Failed) and "was moved away" in last.message and "--resume" in last.advice
    assert last.step > 0


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nntui", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "NNTUI_PLUGINS": "", "OMP_NUM_THREADS": "1"},
    )


def test_a_full_disk_never_crashes_without_a_word_and_leaves_whole_checkpoints_alone(small_disk: Path) -> None:
    done = command(
        *("train", "--no-ui", "--runs", str(small_disk), "--name", "full", "--data", "digits", "--arch", "ffn"),
        *("--arch.hidden", "128,64", "--training.checkpoint-seconds", "0", "--epochs", "30", "--training.keep", "50"),
    )
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    assert "No space left" in said
    assert "Traceback" not in said
    folder = RunFolder(small_disk / "full")
    written = checkpoints.list_checkpoints(folder)
    assert written, "nothing was kept"
    assert all(checkpoints.verify(info.path) is None for info in written)
    assert not [p for p in folder.checkpoints.iterdir() if p.name.startswith(".tmp-")]
    assert not folder.model.exists()


def test_a_run_goes_on_when_there_is_room_again(
    small_disk: Path, warm: Warm, run_of: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = RunFolder(small_disk / "full")
    flags = ["--data", "digits", "--arch", "ffn", "--arch.hidden", "64", "--epochs", "20"]
    flags += ["--training.checkpoint-seconds", "0", "--training.keep", "50"]
    assert command("train", "--no-ui", "--runs", str(small_disk), "--name", "full", *flags).returncode == 3
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    resumed = command("train", "--no-ui", "--resume", str(folder.path))
    assert resumed.returncode == 0, resumed.stderr
    roomy = new_run(read_spec(folder), tmp_path, "roomy")
    assert warm.train(roomy) == 0
    assert weights(folder) == weights(roomy)


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    done = command("train", "--no-ui", "--runs", str(blocked / "runs"), "--epochs", "1")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and "runs" in done.stderr


def test_checkpoints_are_told_and_retained_as_asked(warm: Warm, run_of: Callable[..., RunFolder]) -> None:
    folder = run_of("kept", **settings(epochs=8, keep=2))
    assert warm.train(folder) == 0
    told = {e.name for e in events_of(folder) if isinstance(e, Checkpointed)}
    kept = {info.path.name for info in checkpoints.list_checkpoints(folder)}
    assert kept <= told
    pointed = {checkpoints.pointer(folder, "best"), checkpoints.pointer(folder, "last")}
    assert len(kept) <= 2 + len(pointed)
    assert all(p is not None and p.name in kept for p in pointed)
