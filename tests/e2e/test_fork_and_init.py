"""Forks go on from a checkpoint of another run; --init-from takes its weights alone."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import wait_for
from safetensors.torch import load_file
from tiny import folders_before

import nntui
from nntui.cli.main import run
from nntui.engine.run import execute
from nntui.hooks.registry import registry
from nntui.runs import checkpoints
from nntui.runs.events import AnyEvent, Evaluated, Finished, Resumed, Warned
from nntui.runs.folder import RunFolder
from nntui.runs.log import read_events
from nntui.spec.resolve import resolve_said
from nntui.spec.toml import read_toml

EPOCHS = 6
SETTINGS: dict[str, Any] = {
    "data": "digits",
    "arch": {"name": "ffn", "hidden": [16], "dropout": 0.2, "norm": "batch"},
    "optimizer": {"name": "adamw", "lr": 3e-3},
    "schedule": "one-cycle",
    "training": {"epochs": EPOCHS, "ema": 0.99, "checkpoint_seconds": 0.0, "keep": 50},
}
STEPS = 40  # of an epoch: 1,294 rows in batches of 32


def told(folder: RunFolder) -> list[AnyEvent]:
    return read_events(folder.events)[0]


def last(folder: RunFolder) -> tuple[int, dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Step, weights and training state of the last checkpoint."""
    info = checkpoints.at(folder, "last")
    return info.step, load_file(info.path / "model.safetensors"), load_file(info.path / "training_state.safetensors")


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Byte for byte: NaN, which stands for "none" in Python's generator, equals itself."""
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape and one[name].numpy().tobytes() == other[name].numpy().tobytes()
        for name in one
    )


def fork(parent: RunFolder, *arguments: str, name: str = "child") -> RunFolder:
    code = run(["fork", str(parent.path), *arguments, "--json", "--name", name, "--runs", str(parent.path.parent)])
    assert code == 0
    return RunFolder(parent.path.parent / name)


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds `whole`, a run that trained undisturbed, and `stopped`, its twin that a SIGTERM ended half-way."""
    runs = tmp_path_factory.mktemp("family")
    nntui.train(SETTINGS, runs=runs, name="whole")

    def end_half_way(event: AnyEvent) -> None:
        if isinstance(event, Evaluated) and event.epoch == EPOCHS / 2:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(nntui.TrainingFailed, match="SIGTERM"):
        nntui.train(SETTINGS, runs=runs, name="stopped", show=end_half_way)
    assert last(RunFolder(runs / "stopped"))[0] < EPOCHS * STEPS
    return runs


@pytest.fixture
def whole(family: Path, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(family / "whole", tmp_path / "runs" / "whole")))


@pytest.fixture
def stopped(family: Path, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(family / "stopped", tmp_path / "runs" / "stopped")))


def test_an_unchanged_fork_ends_with_the_weights_of_its_parent_undisturbed(
    stopped: RunFolder, whole: RunFolder
) -> None:
    step, weights, state = last(fork(stopped, "--at", "last"))
    at, expected, expected_state = last(whole)
    assert step == at == EPOCHS * STEPS
    assert same(weights, expected)
    assert same(state, expected_state), "optimizer, average and generators go on too"


def test_a_fork_from_within_an_epoch_goes_on_within_it(family: Path, whole: RunFolder, tmp_path: Path) -> None:
    within = _ended_within_an_epoch(tmp_path / "runs")
    assert last(within)[0] % STEPS != 0
    assert same(last(fork(within))[1], last(whole)[1])


def _ended_within_an_epoch(runs: Path) -> RunFolder:
    from nntui.engine.training import Training

    with pytest.MonkeyPatch.context() as patch:
        update = Training.update

        def update_and_end(training: Training) -> None:
            update(training)
            if training.step == 2 * STEPS + 17:
                os.kill(os.getpid(), signal.SIGTERM)

        patch.setattr(Training, "update", update_and_end)
        with pytest.raises(nntui.TrainingFailed, match="SIGTERM"):
            nntui.train(SETTINGS, runs=runs, name="within")
    return RunFolder(runs / "within")


def test_a_fork_records_its_parent_and_where_it_began(stopped: RunFolder) -> None:
    child = fork(stopped, "--at", "best")
    origin = resolve_said(read_toml(child.run_toml), registry()).spec.origin
    assert origin is not None and origin.parent == str(stopped.path) and origin.at == "best"
    (resumed,) = [e for e in told(child) if isinstance(e, Resumed)]
    assert resumed.step == origin.step == checkpoints.at(stopped, "best").step


@pytest.mark.parametrize("words", [[], ["last"], ["step"]])
def test_ctl_forks_a_run_as_it_is_in_the_background(
    words: list[str], stopped: RunFolder, whole: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(last(stopped)[0]) if word == "step" else word for word in words]
    assert run(["ctl", "stopped", "fork", *words, "--runs", str(stopped.path.parent)]) == 0
    name = capsys.readouterr().out.strip()
    child = RunFolder(stopped.path.parent / name)
    wait_for(lambda: any(isinstance(event, Finished) for event in told(child)))
    assert same(last(child)[1], last(whole)[1])


def test_ctl_forks_nothing_where_nothing_is_left_to_train_or_there_is_no_such_checkpoint(
    whole: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, message in (
        (["last"], f"had made its {EPOCHS} epochs there"),
        (["7"], "has no checkpoint at step 7"),
        (["dance"], "say best, last or a step"),
        (["--wait"], "a fork is a run of its own"),
    ):
        assert run(["ctl", "whole", "fork", *words, "--runs", str(whole.path.parent)]) == 2
        assert message in capsys.readouterr().err
    assert [path.name for path in whole.path.parent.iterdir()] == ["whole"]


def test_another_learning_rate_gives_other_weights(stopped: RunFolder, whole: RunFolder) -> None:
    step, weights, _ = last(fork(stopped, "--lr", "1e-4"))
    assert step == EPOCHS * STEPS
    assert not same(weights, last(whole)[1])


def test_more_epochs_go_on_counting(whole: RunFolder) -> None:
    child = fork(whole, "--epochs", str(EPOCHS + 2))
    assert last(child)[0] == (EPOCHS + 2) * STEPS
    assert [e.epoch for e in told(child) if isinstance(e, Evaluated) and e.split == "validation"] == [7.0, 8.0]


def test_another_batch_size_counts_epochs_on(stopped: RunFolder) -> None:
    began = last(stopped)[0]
    child = fork(stopped, "--batch-size", "64")
    epochs = [e.epoch for e in told(child) if isinstance(e, Evaluated) and e.split == "validation"]
    done = -(-began // STEPS)  # goes on with the next whole epoch
    assert epochs == [float(epoch) for epoch in range(done + 1, EPOCHS + 1)]
    assert last(child)[0] == began + (EPOCHS - done) * (1294 // 64)


def test_another_optimizer_begins_with_a_state_of_its_own(stopped: RunFolder) -> None:
    child = fork(stopped, "--optimizer", "sgd", "--lr", "0.01")
    _, weights, state = last(child)
    slots = {name.split("/")[1] for name in state if name.startswith("optimizer/")}
    assert slots == {"momentum_buffer"}
    assert not same(weights, last(stopped)[1])
    again = fork(child, "--optimizer.momentum", "0", "--epochs", str(EPOCHS + 1), name="without-momentum")
    anew = fork(again, "--optimizer.momentum", "0.5", "--epochs", str(EPOCHS + 2), name="with-momentum-again")
    assert last(anew)[0] == (EPOCHS + 2) * STEPS


REFUSED = [
    (["--data", "fashion"], ["--data cannot be changed in a fork", "--init-from"]),
    (["--data.split-seed", "5"], ["--data.split-seed cannot be changed", "--init-from"]),
    (["--data.test", "0.3"], ["--data.test cannot be changed", "--init-from"]),
    (["--arch.hidden", "32"], ["keeps the shape of its parent's network", "1.weight", "--init-from"]),
    (["--arch", "cnn"], ["keeps the shape of its parent's network", "--init-from"]),
    (["--at", "7"], ["no checkpoint at step 7", "retained steps"]),
    (["--at", "soon"], ["'soon' is no checkpoint", "best, last or a step"]),
    (["--epochs", "1"], ["nothing is left to train", "--epochs"]),
]


@pytest.mark.parametrize(("arguments", "expected"), REFUSED, ids=lambda value: " ".join(value)[:30])
def test_what_cannot_be_forked_is_refused_and_leaves_no_run(
    arguments: list[str], expected: list[str], stopped: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = stopped.path.parent
    with folders_before(runs):
        assert run(["fork", str(stopped.path), *arguments, "--runs", str(runs)]) == 2
    error = capsys.readouterr().err
    for words in expected:
        assert words in error


def test_a_done_run_has_nothing_left_for_an_unchanged_fork(
    whole: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    with folders_before(whole.path.parent):
        assert run(["fork", str(whole.path), "--runs", str(whole.path.parent)]) == 2
    assert f"--epochs {EPOCHS * 2}" in capsys.readouterr().err


def test_deleting_the_parent_leaves_the_child_whole(stopped: RunFolder, whole: RunFolder) -> None:
    from nntui.runs.creating import fork_run

    spec = resolve_said(read_toml(stopped.run_toml), registry()).spec
    child = fork_run(spec, stopped, "last", stopped.path.parent, "orphan", rate_changed=False)
    shutil.rmtree(stopped.path)
    orphan = resolve_said(read_toml(child.run_toml), registry()).spec

    def end_early(event: AnyEvent) -> None:
        if isinstance(event, Evaluated):
            os.kill(os.getpid(), signal.SIGTERM)

    assert execute(child, orphan, show=end_early).code == 143
    assert run(["train", "--resume", str(child.path), "--json"]) == 0
    assert same(last(child)[1], last(whole)[1])
    assert nntui.load(child.path).evaluate() == nntui.load(child.path).metrics


def test_a_fork_is_replayed_from_the_checkpoint_that_it_began_with(stopped: RunFolder) -> None:
    child, runs = fork(stopped), stopped.path.parent
    assert run(["train", "--replay", str(child.path), "--runs", str(runs), "--name", "again", "--json"]) == 0
    assert last(RunFolder(runs / "again"))[0] == last(child)[0]
    assert same(last(RunFolder(runs / "again"))[1], last(child)[1])


def test_a_fork_whose_parent_is_gone_cannot_be_replayed(stopped: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    child = fork(stopped)
    shutil.rmtree(stopped.path)
    with folders_before(child.path.parent):
        assert run(["train", "--replay", str(child.path), "--runs", str(child.path.parent)]) == 2
    assert "has no checkpoint at step" in capsys.readouterr().err


# --init-from


STANDS_STILL = ["--optimizer", "sgd", "--lr", "1e-30", "--optimizer.weight-decay", "0", "--epochs", "1"]


def begun_from(parent: RunFolder, *arguments: str) -> RunFolder:
    runs = parent.path.parent
    said = ["train", "--init-from", str(parent.path), "--runs", str(runs), "--name", "begun", "--json", *arguments]
    assert run(said) == 0
    return RunFolder(runs / "begun")


def parameters(path: Path) -> dict[str, torch.Tensor]:
    """Weights without the statistics that normalisation gathers."""
    return {name: t for name, t in load_file(path).items() if "running" not in name and "tracked" not in name}


def test_init_from_takes_the_weights_and_counts_from_the_beginning(whole: RunFolder) -> None:
    network = ["--data", "digits", "--arch", "ffn", "--arch.hidden", "16", "--arch.norm", "batch"]
    child = begun_from(whole, *network, *STANDS_STILL)
    step, _, _ = last(child)
    assert step == STEPS
    expected = parameters(whole.model / "model.safetensors")
    assert same(parameters(child.model / "model.safetensors"), expected)
    assert not [e for e in told(child) if isinstance(e, Warned) and "afresh" in e.message]


def test_init_from_names_the_head_that_does_not_fit_and_initialises_it(tmp_path: Path) -> None:
    arch = {"name": "ffn", "hidden": [8], "norm": "none"}
    parent = nntui.train(data={"name": "spirals", "arms": 2}, arch=arch, epochs=1, runs=tmp_path, name="two")
    three = ["--data", "spirals", "--data.arms", "3", "--arch", "ffn", "--arch.hidden", "8", "--arch.norm", "none"]
    child = begun_from(RunFolder(parent.path), *three, *STANDS_STILL)
    before, after = (parameters(f / "model" / "model.safetensors") for f in (parent.path, child.path))
    fresh = [name for name in after if before[name].shape != after[name].shape]
    assert len(fresh) == 2, "weight and bias of the head"
    (warning,) = [e.message for e in told(child) if isinstance(e, Warned) and "afresh" in e.message]
    assert sorted(warning.rpartition("do not fit: ")[2].split(", ")) == sorted(fresh)
    assert all(torch.equal(before[name], after[name]) for name in after if name not in fresh)
    assert isinstance(told(child)[-1], Finished)


def test_init_from_a_run_of_which_no_weight_fits_is_refused(
    whole: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["train", "--init-from", str(whole.path), "--runs", str(whole.path.parent)]
    with folders_before(whole.path.parent):
        assert run([*said, "--data", "moons", "--arch", "ffn", "--arch.hidden", "5", "--arch.norm", "batch"]) == 2
    error = capsys.readouterr().err
    assert "no weight of" in error and "same architecture" in error


def test_init_from_does_not_need_the_parent_once_it_trains(whole: RunFolder, tmp_path: Path) -> None:
    network = ["--data", "digits", "--arch", "ffn", "--arch.hidden", "16", "--arch.norm", "batch"]
    child = begun_from(whole, *network, "--epochs", "1")
    shutil.rmtree(whole.path)
    assert nntui.load(child.path).evaluate() == nntui.load(child.path).metrics
