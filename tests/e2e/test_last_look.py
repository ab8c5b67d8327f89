"""A run that has ended shows what its result says and does, whenever it was last looked into while it trained."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import pytest
import torch
from processes import events_of
from safetensors.torch import load_file
from small_runs import RunOf, finished, killed_at, settings, train, weights

from nntui.engine import run as engine
from nntui.engine import watch
from nntui.engine.snapshot import random_state, weights_of
from nntui.engine.training import Training
from nntui.runs.events import AnyEvent, LayerProbe, Probed, Resumed, Sampled, Warned
from nntui.runs.folder import RunFolder
from nntui.runs.state import fold_all

E = TypeVar("E", bound=AnyEvent)


def told(folder: RunFolder, kind: type[E]) -> list[E]:
    return [event for event in events_of(folder) if isinstance(event, kind)]


def bare(event: AnyEvent) -> AnyEvent:
    return msgspec.structs.replace(event, seq=0, time=0.0)


@pytest.mark.usefixtures("every_epoch")
def test_a_run_ends_with_a_look_at_the_weights_of_its_result(run_of: RunOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "SAMPLE_SECONDS", 0.0)
    folder = run_of("short", **settings(keep=50, epochs=12, probe=True))
    train(folder)
    best = finished(folder).best_step
    assert best is not None and best < finished(folder).step, "the best must not be the last: this test could not fail"

    *earlier, sampled = told(folder, Sampled)
    assert sampled.step == best
    assert sampled.samples == next(event.samples for event in earlier if event.step == best)
    assert sampled.samples != earlier[-1].samples

    probed = told(folder, Probed)[-1]
    assert probed.step == best
    assert [layer.name for layer in probed.layers]
    result = load_file(folder.model / "model.safetensors")
    for layer in probed.layers:
        own = [result[name] for end in ("weight", "bias") if (name := f"{layer.name}.{end}") in result]
        if own:
            assert layer.weight_norm == pytest.approx(float(torch.cat([t.flatten() for t in own]).norm()), rel=1e-4)
            assert layer.grad_norm is not None
            assert layer.update_ratio is None

    state = fold_all(events_of(folder))
    assert state.samples[-1].step == best
    assert {points[-1].step for points in state.layers.values()} == {best}


@pytest.mark.usefixtures("every_epoch")
def test_a_killed_run_ends_with_the_look_of_an_undisturbed_one(run_of: RunOf) -> None:
    plan = settings(keep=50, epochs=8, probe=True)
    whole, hurt = run_of("whole", **plan), run_of("hurt", **plan)
    train(whole)
    train(hurt)
    killed_at(hurt, 8)
    train(hurt)
    assert weights(hurt) == weights(whole)
    assert bare(told(hurt, Sampled)[-1]) == bare(told(whole, Sampled)[-1])
    assert bare(told(hurt, Probed)[-1]) == bare(told(whole, Probed)[-1])


def test_the_last_look_leaves_weights_buffers_and_generators_as_they_were(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropout draws numbers and batch normalisation keeps averages, both in what the look does."""
    network = {"name": "cnn", "channels": [4], "norm": "batch", "dropout": 0.5}
    plan = settings(epochs=2, probe=True, ema=0.9)
    folder = run_of("drawn", **{**plan, "arch": network})
    look, seen = engine.look_at_result, []

    def watched(training: Training, *others: Any) -> None:
        before = weights_of(training.model)[0] | random_state()
        look(training, *others)
        after = weights_of(training.model)[0] | random_state()
        seen.append(before.keys() == after.keys() and all(torch.equal(before[k], after[k]) or k.endswith("gauss")
                                                          for k in before))  # fmt: skip

    monkeypatch.setattr(engine, "look_at_result", watched)
    train(folder)
    assert seen == [True]


def test_a_run_that_is_not_to_be_probed_is_not(run_of: RunOf) -> None:
    folder = run_of("unseen", **settings(epochs=1))
    train(folder)
    assert told(folder, Probed) == []
    assert told(folder, Sampled)


def test_a_look_that_fails_spoils_no_result(run_of: RunOf, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise TypeError("probes() must return a dict")

    monkeypatch.setattr(engine, "look_at_result", broken)
    folder = run_of("odd", **settings(epochs=1))
    assert train(folder).code == 0
    assert finished(folder).status == "done"
    assert "probes() must return a dict" in told(folder, Warned)[-1].message
    assert "TypeError" in folder.log.read_text()


def test_how_the_layers_fared_stays_beside_the_look_at_the_result() -> None:
    """The result may be of an earlier step than the looks before; a resume supersedes what came after its step."""
    looks: list[AnyEvent] = [
        Probed(step=step, epoch=step / 10, layers=[LayerProbe(name="fc1")]) for step in (10, 20, 30, 10)
    ]
    state = fold_all(looks)
    assert [point.step for point in state.layers["fc1"]] == [10, 20, 30, 10]
    again = fold_all([*looks, Resumed(step=20, checkpoint="step-00000020")])
    assert [point.step for point in again.layers["fc1"]] == [10, 20, 10]
