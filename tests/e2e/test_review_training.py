"""What a run promises beyond the beaten track: its ends, its best weights, what it goes on from."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import events_of

from nntui.engine import run as engine
from nntui.engine import watch
from nntui.engine.stepping import MovingAverage
from nntui.engine.training import Training
from nntui.runs import checkpoints
from nntui.runs.checkpoints import step_name
from nntui.runs.creating import fork_run
from nntui.runs.events import Evaluated, Failed, Finished
from nntui.runs.folder import RunFolder

RunOf = Callable[..., RunFolder]
SMALL: dict[str, Any] = {"data": {"name": "digits", "limit": 256}, "arch": {"name": "ffn", "hidden": [16]}}


def settings(*, lr: float = 0.02, **training: Any) -> dict[str, Any]:
    return {
        **SMALL,
        "schedule": "constant",
        "optimizer": {"name": "adamw", "lr": lr},
        "training": {"epochs": 6, "batch_size": 64, "checkpoint_seconds": 0.0, "probe": False, **training},
    }


def train(folder: RunFolder) -> engine.Outcome:
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve_said
    from nntui.spec.toml import read_toml

    return engine.execute(folder, resolve_said(read_toml(folder.run_toml), registry()).spec)


def weights(folder: RunFolder) -> bytes:
    return (folder.model / "model.safetensors").read_bytes()


def finished(folder: RunFolder) -> Finished:
    event = events_of(folder)[-1]
    assert isinstance(event, Finished)
    return event


def killed_at(folder: RunFolder, step: int) -> None:
    """What a process leaves that was killed once the checkpoint of `step` was in place."""
    lines = folder.events.read_bytes().splitlines(keepends=True)
    folder.events.write_bytes(b"".join(line for line in lines if b'"finished"' not in line))
    for path in folder.model.iterdir():
        path.unlink()
    folder.model.rmdir()
    for info in checkpoints.list_checkpoints(folder):
        if info.step > step:
            for path in info.path.iterdir():
                path.unlink()
            info.path.rmdir()
    (folder.checkpoints / "last").write_text(f"{step_name(step)}\n")


@pytest.fixture
def every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint at every epoch's end, however slow the disk is."""

    def wants(self: engine.Keeper, *, epoch_end: bool) -> bool:
        self.settle()
        return epoch_end

    monkeypatch.setattr(engine.Keeper, "wants", wants)


def test_a_fork_of_a_run_that_is_done_learns_on_and_not_at_the_zero_where_its_schedule_ended(run_of: RunOf) -> None:
    parent = run_of("parent", **SMALL, schedule="cosine", training={"epochs": 2, "batch_size": 64})
    train(parent)
    from dataclasses import replace

    from nntui.cli.train import read_spec

    spec = read_spec(parent)
    longer = replace(spec, training=spec.training.model_copy(update={"epochs": 4}))
    child = fork_run(longer, parent, "last", parent.path.parent, "child", rate_changed=False)
    assert train(child).code == 0
    rates = [e.lr for e in events_of(child) if isinstance(e, Evaluated) and e.split == "validation"]
    assert len(rates) == 2
    assert all(rate is not None and rate > 0 for rate in rates)


@pytest.mark.usefixtures("every_epoch")
def test_the_best_weights_are_found_again_when_a_kill_came_between_the_pointers(run_of: RunOf) -> None:
    whole = run_of("whole", **settings(keep=50, epochs=12))
    train(whole)
    best = finished(whole).best_step
    assert best is not None and best < finished(whole).step, "the best must not be the last: this test could not fail"
    hurt = run_of("hurt", **settings(keep=50, epochs=12))
    train(hurt)
    killed_at(hurt, best)
    earlier = next(info for info in checkpoints.list_checkpoints(hurt) if info.step < best)
    (hurt.checkpoints / "best").write_text(f"{earlier.name}\n")
    assert train(hurt).code == 0
    assert finished(hurt).best_step == best
    assert weights(hurt) == weights(whole)


@pytest.mark.usefixtures("every_epoch")
def test_a_run_that_goes_on_from_its_best_checkpoint_stops_as_early_as_one_that_was_not_killed(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = settings(lr=0.05, keep=50, epochs=60, early_stopping=3)
    whole = run_of("whole", **early)
    train(whole)
    assert "no better" in finished(whole).reason
    best = finished(whole).best_step
    assert best is not None
    hurt = run_of("hurt", **early)
    held = []
    hold = engine.Keeper.hold_best

    def keep(self: engine.Keeper, snapshot: Any) -> None:
        held.append(snapshot)
        hold(self, snapshot)

    monkeypatch.setattr(engine.Keeper, "hold_best", keep)
    train(hurt)
    # The best waited in memory and was written with a later checkpoint, before which the process was killed.
    killed_at(hurt, best)
    for path in (hurt.checkpoints / step_name(best)).iterdir():
        path.unlink()
    (hurt.checkpoints / step_name(best)).rmdir()
    waited = next(snapshot for snapshot in held if snapshot.step == best)
    checkpoints.write_checkpoint(hurt, best, waited.files(), best=True)
    train(hurt)
    assert finished(hurt).step == finished(whole).step
    assert weights(hurt) == weights(whole)


def test_a_run_that_was_stopped_before_its_first_evaluation_resumes_to_the_weights_of_an_undisturbed_one(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So high a rate that the first weights, measured when it is stopped, are better than all that follow.
    plan = settings(lr=3.0, epochs=2, evaluate_every=2)
    whole = run_of("whole", **plan)
    train(whole)
    stopped = run_of("stopped", **plan)
    monkeypatch.setattr(watch.Watch, "due", lambda self, step: step == 1)
    monkeypatch.setattr(watch.Watch, "look", lambda self: watch.Ending("stopped", "by a test"))
    assert train(stopped).event.status == "stopped"  # type: ignore[union-attr]
    monkeypatch.undo()
    measured = [e.metrics["accuracy"] for e in events_of(stopped) if isinstance(e, Evaluated)]
    assert measured[0] is not None
    assert train(stopped).code == 0
    final = [e.metrics["accuracy"] for e in events_of(whole) if isinstance(e, Evaluated)]
    assert final[0] is not None and final[0] < measured[0], "not worse: this test could not fail"
    assert weights(stopped) == weights(whole)


def test_weights_that_are_not_finite_are_never_the_best_nor_written(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss of the only step of the epoch is finite; what the update made of the weights is not."""
    folder = run_of("wild", **settings(batch_size=256, checkpoint_seconds=3600))
    update = Training.update

    def spoil(self: Training) -> None:
        update(self)
        with torch.no_grad():
            self.stepper.params[0].fill_(torch.nan)

    monkeypatch.setattr(Training, "update", spoil)
    assert train(folder).code == 3
    assert isinstance(events_of(folder)[-1], Failed)
    written = checkpoints.list_checkpoints(folder)
    assert written
    from safetensors.torch import load_file

    for info in written:
        for name, tensor in load_file(info.path / "model.safetensors").items():
            assert bool(tensor.isfinite().all()), f"{info.name}: {name}"


def test_a_run_that_fails_leaves_its_best_weights_though_no_checkpoint_was_due_yet(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_of("fails", **settings(checkpoint_seconds=3600, epochs=20))
    update = Training.update

    def fail(self: Training) -> None:
        if self.step == 10:
            raise RuntimeError("a broken plugin")
        update(self)

    monkeypatch.setattr(Training, "update", fail)
    assert train(folder).code == 3
    failed = events_of(folder)[-1]
    best = max((e.step for e in events_of(folder) if isinstance(e, Evaluated) and e.best), default=0)
    assert best > 0
    assert isinstance(failed, Failed) and f"step {best}" in failed.advice
    found, _ = checkpoints.newest_valid(folder)
    assert found is not None and found.step == best
    assert checkpoints.pointer(folder, "best") == found.path
    monkeypatch.undo()
    assert train(folder).code == 0
    whole = run_of("whole", **settings(checkpoint_seconds=3600, epochs=20))
    train(whole)
    assert weights(folder) == weights(whole)


class Positions(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
        self.register_buffer("table", torch.ones(2), persistent=False)


def test_an_average_of_the_weights_holds_what_a_checkpoint_can_hold() -> None:
    model = Positions()
    assert MovingAverage(model, 0.9).state_dict().keys() == model.state_dict().keys()


def test_a_display_that_can_no_longer_be_written_to_does_not_end_the_run(run_of: RunOf) -> None:
    """A closed terminal says EIO, a full disk ENOSPC."""
    from nntui.cli.train import read_spec

    folder = run_of("unseen", **settings(epochs=2))
    shown = []

    def gone(event: object) -> None:
        shown.append(event)
        raise OSError(5, "Input/output error")

    assert engine.execute(folder, read_spec(folder), show=gone).code == 0
    assert len(shown) == 1


def test_a_second_signal_before_training_has_begun_does_not_disturb_what_the_first_one_ends(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_of("early", **settings())

    def slow(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    failed = engine._Engine._failed

    def again(self: engine._Engine, *told: str) -> Failed:
        signal.raise_signal(signal.SIGTERM)
        return failed(self, *told)

    monkeypatch.setattr(engine, "open_data", slow)
    monkeypatch.setattr(engine._Engine, "_failed", again)
    assert train(folder).code == 143
    assert isinstance(events_of(folder)[-1], Failed)


@pytest.mark.usefixtures("every_epoch")
def test_epochs_that_are_kept_for_good_are_counted_in_a_fork_as_its_events_count_them(run_of: RunOf) -> None:
    parent = run_of("parent", **settings(epochs=3))
    train(parent)
    from dataclasses import replace

    from nntui.cli.train import read_spec

    spec = read_spec(parent)
    other = spec.training.model_copy(update={"epochs": 9, "batch_size": 32, "keep": 1, "keep_every": 2})
    child = fork_run(replace(spec, training=other), parent, "last", parent.path.parent, "child", rate_changed=False)
    assert train(child).code == 0
    steps = {round(e.epoch): e.step for e in events_of(child) if isinstance(e, Evaluated) and e.split == "validation"}
    kept = {info.step for info in checkpoints.list_checkpoints(child)}
    assert {steps[4], steps[6], steps[8]} <= kept


def test_a_paused_run_that_is_interrupted_does_not_count_the_pause_as_training(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_of("paused", **settings(epochs=400, checkpoint_seconds=3600))
    from nntui.runs.commands import append_command

    passed = [0.0]
    real = watch.time.monotonic
    monkeypatch.setattr(watch.time, "monotonic", lambda: real() + passed[0])
    step = Training.update
    asked = []

    def ask(self: Training) -> None:
        step(self)
        passed[0] += 0.2
        if not asked:
            asked.append(append_command(folder, "pause", None, "test"))

    def hour(_seconds: float) -> None:
        passed[0] += 3600
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Training, "update", ask)
    monkeypatch.setattr(watch.time, "sleep", hour)
    assert train(folder).code == 130
    assert finished(folder).seconds < 60


def test_a_folder_that_cannot_be_locked_is_a_person_s_to_mend(run_of: RunOf) -> None:
    from nntui.hooks.errors import UserError

    folder = run_of("blocked", **settings())
    folder.lock.mkdir()
    with pytest.raises(UserError, match="blocked cannot be trained"):
        train(folder)


def test_one_row_a_step_and_batch_normalisation_is_told_as_what_it_is(run_of: RunOf) -> None:
    from nntui.hooks.errors import UserError

    folder = run_of("single", data={"name": "digits", "limit": 40}, training={"batch_size": 1, "epochs": 1})
    with pytest.raises(UserError, match="more than one row"):
        train(folder)


def test_memory_that_runs_out_while_the_network_is_built_is_told_as_that(run_of: RunOf) -> None:
    folder = run_of("huge", data="digits", arch={"name": "ffn", "hidden": [2**31, 2**31]}, training={"epochs": 1})
    assert train(folder).code == 3
    failed = events_of(folder)[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "out-of-memory"
    assert "smaller" in failed.advice
    assert not list(Path(folder.path).glob("checkpoints/step-*"))
