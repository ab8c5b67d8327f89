"""What a run promises beyond the beaten track: its ends, its best weights, what it fails of."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import torch
from processes import events_of
from small_runs import RunOf, finished, killed_at, settings, train, weights

from nntui.cli.train import read_spec
from nntui.engine import run as engine
from nntui.engine import watch
from nntui.engine.building import open_data
from nntui.engine.stepping import MovingAverage
from nntui.engine.training import Training
from nntui.hooks.errors import UserError
from nntui.runs import checkpoints
from nntui.runs.checkpoints import step_name
from nntui.runs.commands import append_command
from nntui.runs.events import Evaluated, Failed


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
    measured = [
        e.metrics["accuracy"] for e in events_of(stopped) if isinstance(e, Evaluated) and e.split == "validation"
    ]
    assert measured[0] is not None
    assert train(stopped).code == 0
    final = [e.metrics["accuracy"] for e in events_of(whole) if isinstance(e, Evaluated) and e.split == "validation"]
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


def test_a_paused_run_that_is_interrupted_does_not_count_the_pause_as_training(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_of("paused", **settings(epochs=400, checkpoint_seconds=3600))

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

    folder = run_of("blocked", **settings())
    folder.lock.mkdir()
    with pytest.raises(UserError, match="blocked cannot be trained"):
        train(folder)


def test_one_row_a_step_and_batch_normalisation_is_told_as_what_it_is(run_of: RunOf) -> None:

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
    assert not checkpoints.list_checkpoints(folder)


def test_what_is_fitted_does_not_depend_on_how_many_threads_there_are(run_of: RunOf) -> None:
    """A sound's spectrogram is a product of matrices, whose sums torch divides among its threads."""

    spec = read_spec(run_of("sounds", data="spoken-languages"))
    threads = torch.get_num_threads()
    fitted = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            fitted.append(open_data(spec).preprocessor.to_json())
    finally:
        torch.set_num_threads(threads)
    assert fitted[0] == fitted[1] == fitted[2]


def test_what_a_killed_engine_left_half_written_beside_its_checkpoints_is_swept_up(run_of: RunOf) -> None:
    folder = run_of("swept", **settings(epochs=1))
    (folder.path / ".tmp-model-0badcafe").mkdir()
    (folder.path / ".tmp-model-0badcafe" / "model.safetensors").write_bytes(b"half")
    (folder.path / ".tmp-summary.json-1").write_text("somebody who looks on is writing it")
    folder.examples.mkdir()
    assert train(folder).code == 0
    assert [path.name for path in folder.path.glob(".tmp-*")] == [".tmp-summary.json-1"]
    assert (folder.examples / "index.json").exists()
