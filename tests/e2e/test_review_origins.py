"""Forks, replays and runs that begin with another's weights: what they go on with, and what makes them again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from processes import events_of
from small_runs import SMALL, RunOf, settings, train, weights

from nntui.cli.train import read_spec
from nntui.engine import run as engine
from nntui.engine import watch
from nntui.engine.training import Training
from nntui.runs import checkpoints
from nntui.runs.commands import append_command
from nntui.runs.creating import fork_run, new_run, replay_origin
from nntui.runs.events import Commanded, Evaluated
from nntui.runs.folder import RunFolder
from nntui.spec.model import Origin
from nntui.spec.toml import to_toml


def test_a_fork_of_a_run_that_is_done_learns_on_and_not_at_the_zero_where_its_schedule_ended(run_of: RunOf) -> None:
    parent = run_of("parent", **SMALL, schedule="cosine", training={"epochs": 2, "batch_size": 64})
    train(parent)

    spec = read_spec(parent)
    longer = replace(spec, training=spec.training.model_copy(update={"epochs": 4}))
    child = fork_run(longer, parent, "last", parent.path.parent, "child", rate_changed=False)
    assert train(child).code == 0
    rates = [e.lr for e in events_of(child) if isinstance(e, Evaluated) and e.split == "validation"]
    assert len(rates) == 2
    assert all(rate is not None and rate > 0 for rate in rates)


@pytest.mark.usefixtures("every_epoch")
def test_epochs_that_are_kept_for_good_are_counted_in_a_fork_as_its_events_count_them(run_of: RunOf) -> None:
    parent = run_of("parent", **settings(epochs=3))
    train(parent)

    spec = read_spec(parent)
    other = spec.training.model_copy(update={"epochs": 9, "batch_size": 32, "keep": 1, "keep_every": 2})
    child = fork_run(replace(spec, training=other), parent, "last", parent.path.parent, "child", rate_changed=False)
    assert train(child).code == 0
    steps = {round(e.epoch): e.step for e in events_of(child) if isinstance(e, Evaluated) and e.split == "validation"}
    kept = {info.step for info in checkpoints.list_checkpoints(child)}
    assert {steps[4], steps[6], steps[8]} <= kept


def replayed(parent: RunFolder, name: str) -> RunFolder:

    spec = read_spec(parent)
    return new_run(replace(spec, origin=replay_origin(parent, spec)), parent.path.parent, name)


def slowed(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trains a run whose learning rate is divided by ten while it runs."""

    step = Training.update
    asked = []

    def ask(self: Training) -> None:
        step(self)
        if not asked:
            asked.append(append_command(folder, "lr-scale", 0.1, "test"))

    with monkeypatch.context() as patch:
        patch.setattr(Training, "update", ask)
        patch.setattr(watch, "LOOK_SECONDS", 0.0)
        assert train(folder).code == 0
    assert any(isinstance(e, Commanded) and e.result == "applied" for e in events_of(folder))


@pytest.mark.usefixtures("every_epoch")
def test_a_fork_that_was_steered_can_be_replayed_and_its_replay_too(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = run_of("parent", **settings(epochs=2))
    train(parent)

    spec = read_spec(parent)
    longer = replace(spec, training=spec.training.model_copy(update={"epochs": 6}))
    child = fork_run(longer, parent, "last", parent.path.parent, "child", rate_changed=False)
    slowed(child, monkeypatch)
    again = replayed(child, "again")
    assert train(again).code == 0
    assert weights(again) == weights(child)
    once_more = replayed(again, "once-more")
    assert once_more.run_toml.read_text().count("lr-scale") == 1
    assert train(once_more).code == 0
    assert weights(once_more) == weights(child)
    plain = fork_run(longer, parent, "last", parent.path.parent, "plain", rate_changed=False)
    train(plain)
    assert weights(plain) != weights(child), "the command changed nothing: this test could not fail"


@pytest.mark.usefixtures("every_epoch")
def test_the_run_toml_of_a_fork_makes_the_same_weights_again(run_of: RunOf) -> None:
    parent = run_of("parent", **settings(epochs=2))
    train(parent)

    spec = read_spec(parent)
    longer = replace(spec, training=spec.training.model_copy(update={"epochs": 4}))
    child = fork_run(longer, parent, "last", parent.path.parent, "child", rate_changed=False)
    assert train(child).code == 0
    again = new_run(read_spec(child), parent.path.parent, "again")
    assert train(again).code == 0
    assert weights(again) == weights(child)


def test_a_run_that_began_with_another_s_weights_needs_the_other_no_more(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = run_of("parent", **settings(epochs=1))
    train(parent)

    began = Origin(parent=str(parent.path), at="best", weights_only=True)
    whole = started_with(run_of("whole", **settings(epochs=2, checkpoint_seconds=3600)), began)
    assert train(whole).code == 0
    killed = started_with(run_of("killed", **settings(epochs=2, checkpoint_seconds=3600)), began)

    def kill(self: watch.Watch) -> None:
        self.keeper.settle()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(watch.Watch, "begin", kill)
        patch.setattr(engine.Keeper, "save_fallback", lambda _keeper: None)  # who is killed saves nothing
        train(killed)
    for path in sorted(parent.path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert train(killed).code == 0
    assert weights(killed) == weights(whole)


def started_with(folder: RunFolder, origin: Any) -> RunFolder:

    folder.run_toml.write_text(to_toml(replace(read_spec(folder), origin=origin)))
    return folder
