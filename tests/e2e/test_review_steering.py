"""Steering at the edges: at the last step, while paused, with settings that make the counting hard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from processes import events_of
from small_runs import RunOf, settings, train, weights

from nntui.cli.train import read_spec
from nntui.engine import run as engine
from nntui.engine import watch
from nntui.engine.training import Training
from nntui.runs import checkpoints
from nntui.runs.commands import Command, append_command
from nntui.runs.creating import new_run, replay_origin
from nntui.runs.events import Commanded, Evaluated
from nntui.runs.folder import RunFolder

HARD: dict[str, dict[str, Any]] = {
    "gathered, mixed and augmented": {
        "data": {"name": "fashion", "limit": 300, "augment": "standard"},
        "arch": {"name": "cnn", "channels": [4, 4], "dropout": 0.2},
        "training": {"batch_size": 16, "accumulate": 3, "mixup": 0.3, "ema": 0.9, "evaluate_every": 2, "epochs": 4},
    },
    "weighted, stopped early": {
        "data": "titanic",
        "arch": {"name": "ffn", "hidden": [16], "dropout": 0.2},
        "training": {"early_stopping": 2, "class_weights": "balanced", "label_smoothing": 0.1, "epochs": 8},
    },
    "in bfloat16": {
        "data": {"name": "digits", "limit": 200},
        "arch": {"name": "cnn", "channels": [4], "dropout": 0.2},
        "training": {"precision": "bfloat16", "epochs": 3},
    },
    "read by workers, the last batches of an epoch left over": {
        "data": {"name": "digits", "limit": 200},
        "arch": {"name": "ffn", "hidden": [16]},
        "training": {"feed": "streaming", "workers": 0, "batch_size": 16, "accumulate": 5, "epochs": 6},
    },
}


@pytest.mark.parametrize("hard", HARD)
def test_a_run_interrupted_every_few_steps_has_the_weights_and_figures_of_one_that_was_not(
    hard: str, run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, torn = run_of("whole", **HARD[hard]), run_of("torn", **HARD[hard])
    assert train(whole).code == 0
    steps = [0]

    def fifth(_watch: watch.Watch, _step: int) -> bool:
        steps[0] += 1
        return steps[0] % 5 == 0

    monkeypatch.setattr(watch.Watch, "due", fifth)
    monkeypatch.setattr(watch.Watch, "look", lambda _watch: watch.Ending("interrupted", "by a test", 143))
    processes = 1
    while train(torn).code == 143:
        processes += 1
    assert processes > 2
    assert weights(torn) == weights(whole)
    assert figures(torn) == figures(whole)


def figures(folder: RunFolder) -> list[tuple[int, str, dict[str, float | None]]]:
    return [(e.step, e.split, e.metrics) for e in events_of(folder) if isinstance(e, Evaluated)]


def steered(folder: RunFolder, at: int, monkeypatch: pytest.MonkeyPatch, *asked: tuple[str, float | None]) -> None:
    """Trains a run that is asked these things when it has taken step `at`."""
    update = Training.update

    def ask(self: Training) -> None:
        update(self)
        if self.step == at:
            for kind, value in asked:
                append_command(folder, kind, value, "test")  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Training, "update", ask)
        assert train(folder).code == 0
    assert [e.result for e in events_of(folder) if isinstance(e, Commanded)] == ["applied"] * len(asked)


def replay(parent: RunFolder, name: str = "again") -> RunFolder:
    spec = read_spec(parent)
    again = new_run(replace(spec, origin=replay_origin(parent, spec)), parent.path.parent, name)
    assert train(again).code == 0
    return again


def test_a_run_that_is_extended_at_its_last_step_goes_on_learning_and_is_replayed(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = {**settings(epochs=2), "schedule": "cosine"}
    parent = run_of("parent", **plan)
    steered(parent, 8, monkeypatch, ("extend", 2))
    rates = [e.lr for e in events_of(parent) if isinstance(e, Evaluated) and e.step > 8 and e.split == "validation"]
    assert len(rates) == 2 and all(rates)
    assert weights(replay(parent)) == weights(parent)


def test_a_rate_set_while_paused_holds_after_a_kill_and_in_a_replay(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = settings(epochs=3, checkpoint_seconds=3600)
    whole = run_of("whole", **plan)
    asked: list[tuple[str, float | None]] = [("pause", None), ("lr", 1e-3), ("extend", 1), ("resume", None)]
    steered(whole, 4, monkeypatch, *asked)
    plain = run_of("plain", **plan)
    train(plain)
    assert weights(plain) != weights(whole), "the commands changed nothing: this test could not fail"
    assert weights(replay(whole)) == weights(whole)

    killed = run_of("killed", **plan)
    obey = watch.Watch._carry_out

    def kill(self: watch.Watch, command: Command) -> watch.Ending | None:
        """Killed while paused, when what was asked has been carried out."""
        ending = obey(self, command)
        if command.kind == "extend":
            raise KeyboardInterrupt
        return ending

    update = Training.update

    def ask(self: Training) -> None:
        update(self)
        if self.step == 4:
            for kind, value in asked[:3]:
                append_command(killed, kind, value, "test")  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Training, "update", ask)
        patch.setattr(watch.Watch, "_carry_out", kill)
        patch.setattr(engine.Keeper, "save_fallback", lambda _keeper: None)  # who is killed saves nothing
        train(killed)
    found, _ = checkpoints.newest_valid(killed)
    assert found is not None and found.step == 4
    assert train(killed).code == 0
    assert weights(killed) == weights(whole)
