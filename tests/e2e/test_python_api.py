"""nntui.train and nntui.load; `nntui predict` and `nntui evaluate` for every kind of data that ships."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import threading
from pathlib import Path

import pytest
import torch
from tiny import KINDS, Tiny, folders_before, write_inputs

import nntui
from nntui.cli.main import run
from nntui.runs.events import AnyEvent, Evaluated, Finished
from nntui.runs.folder import RunFolder
from nntui.runs.log import read_events

SMALL = {"data": "moons", "arch": {"name": "ffn", "hidden": [8]}}
EACH = pytest.mark.parametrize(("data", "arch"), list(KINDS.items()))


def weights(run: nntui.LoadedRun) -> bytes:
    return (run.path / "model" / "model.safetensors").read_bytes()


def recorded(run: nntui.LoadedRun) -> dict[str, float | None]:
    """The metrics on test, as the run's own process wrote them down."""
    events, _ = read_events(run.path / "events.jsonl")
    (test,) = [e for e in events if isinstance(e, Evaluated) and e.split == "test"]
    return test.metrics


# training


def test_keywords_tables_and_a_file_say_the_same_run(tmp_path: Path) -> None:
    spec = tmp_path / "moons.toml"
    spec.write_text('[data]\nname = "moons"\n[arch]\nname = "ffn"\nhidden = [8]\n[training]\nepochs = 2\n')
    runs = [
        nntui.train(**SMALL, epochs=2, runs=tmp_path, name="keywords"),
        nntui.train({**SMALL, "training": {"epochs": 2}}, runs=tmp_path, name="tables"),
        nntui.train(spec, runs=tmp_path, name="file"),
        nntui.train(str(spec), epochs=2, runs=str(tmp_path), name="file-by-name"),
    ]
    assert len({weights(trained) for trained in runs}) == 1
    other = nntui.train(spec, seed=1, runs=tmp_path)
    assert weights(other) != weights(runs[0])


def test_a_trained_run_knows_its_metrics_and_shows_its_events(tmp_path: Path) -> None:
    seen: list[AnyEvent] = []
    trained = nntui.train(**SMALL, epochs=2, runs=tmp_path, name="shown", show=seen.append)
    assert trained.name == "shown" and trained.path == tmp_path / "shown"
    assert isinstance(seen[-1], Finished) and seen[-1].status == "done"
    assert trained.metrics == recorded(trained) == nntui.load(trained.path).metrics
    assert trained.metrics["accuracy"] > 0.5


def test_a_mistake_is_a_user_error_with_every_fault_and_leaves_no_run(tmp_path: Path) -> None:
    with folders_before(tmp_path), pytest.raises(nntui.UserError) as caught:
        nntui.train(data="moonz", epochs=0, runs=tmp_path)
    assert "'moonz'" in str(caught.value) and "at least 1" in str(caught.value)
    with folders_before(tmp_path), pytest.raises(nntui.UserError, match="beauty"):
        nntui.train(**SMALL, runs=tmp_path, **{"training.metric": "beauty"})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_a_user_error_and_leaves_no_run(tmp_path: Path) -> None:
    with folders_before(tmp_path), pytest.raises(nntui.UserError, match="no CUDA device") as caught:
        nntui.train(**SMALL, device="cuda", runs=tmp_path)
    assert "cpu" in caught.value.advice


def test_a_run_that_fails_says_why_what_to_try_and_where_it_is(tmp_path: Path) -> None:
    wild = {"name": "sgd", "lr": 1e20}
    with pytest.raises(nntui.TrainingFailed) as caught:
        nntui.train(**SMALL, optimizer=wild, epochs=20, runs=tmp_path, name="wild")
    assert "step" in caught.value.message and "--lr" in caught.value.advice
    assert caught.value.path == tmp_path / "wild"
    with pytest.raises(nntui.UserError, match="no result yet"):
        _ = nntui.load(tmp_path / "wild").metrics


def test_ctrl_c_writes_a_checkpoint_and_is_a_keyboard_interrupt(tmp_path: Path) -> None:
    def interrupt(event: AnyEvent) -> None:
        if isinstance(event, Evaluated):
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        nntui.train(**SMALL, epochs=50, runs=tmp_path, name="left", show=interrupt)
    assert signal.getsignal(signal.SIGINT) is before
    assert (tmp_path / "left" / "checkpoints" / "last").exists()
    with pytest.raises(nntui.UserError, match="no result yet"):
        _ = nntui.load(tmp_path / "left").metrics
    assert run(["train", "--resume", str(tmp_path / "left"), "--json"]) == 0
    whole = nntui.train(**SMALL, epochs=50, runs=tmp_path, name="whole")
    assert weights(nntui.load(tmp_path / "left")) == weights(whole)


def test_a_run_can_be_trained_in_a_thread(tmp_path: Path) -> None:
    done: list[nntui.LoadedRun] = []
    thread = threading.Thread(target=lambda: done.append(nntui.train(**SMALL, epochs=1, runs=tmp_path)))
    thread.start()
    thread.join()
    assert done and done[0].metrics


# loading


def test_a_folder_that_is_no_run_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(nntui.UserError, match="there is no run at"):
        nntui.load(tmp_path / "nowhere")
    with pytest.raises(nntui.UserError, match="no model yet"):
        nntui.load(tmp_path).predict("1,2")


def test_a_model_folder_alone_predicts_and_says_what_only_its_run_knows(tiny: Tiny, tmp_path: Path) -> None:
    trained = tiny("moons", "ffn")
    alone = Path(shutil.copytree(trained.path / "model", tmp_path / "given-away"))
    model = nntui.load(alone)
    assert model.predict(["0.5,-0.3", "1,1"]) == trained.predict(["0.5,-0.3", "1,1"])
    with pytest.raises(nntui.UserError, match="without its run"):
        _ = model.metrics
    with pytest.raises(nntui.UserError, match="without its run"):
        model.evaluate()


def test_the_model_folder_within_a_run_knows_its_run(tiny: Tiny) -> None:
    trained = tiny("moons", "ffn")
    inner = nntui.load(trained.path / "model")
    assert inner.metrics == trained.metrics and inner.evaluate() == trained.metrics


# every kind of data


@EACH
def test_evaluate_measures_what_the_run_measured_to_the_last_digit(data: str, arch: str, tiny: Tiny) -> None:
    trained = tiny(data, arch)
    assert trained.evaluate() == recorded(trained) == trained.metrics
    assert all(math.isfinite(value) for value in trained.metrics.values())
    assert trained.evaluate("validation") != trained.metrics


@EACH
def test_the_commands_say_what_python_says(
    data: str, arch: str, tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = tiny(data, arch)
    assert run(["evaluate", str(trained.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"] == recorded(trained)
    asked = write_inputs(tmp_path)[data]
    (answer,) = trained.predict(asked)
    assert run(["predict", str(trained.path), asked, "--json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert (said["label"], said["value"], said["probabilities"]) == (answer.label, answer.value, answer.probabilities)
    assert run(["predict", str(trained.path), asked]) == 0
    assert answer.label.strip() in capsys.readouterr().out
    assert run(["evaluate", str(trained.path)]) == 0
    assert "test" in capsys.readouterr().out


@EACH
def test_an_answer_is_in_the_persons_own_terms(data: str, arch: str, tiny: Tiny, tmp_path: Path) -> None:
    trained = tiny(data, arch)
    asked = write_inputs(tmp_path)[data]
    first, second = trained.predict([asked, asked])
    assert first == second
    target = trained.model.spec.target
    if target.kind == "values":
        assert first.probabilities == {} and target.unit in first.label
        return
    told = sum(first.probabilities.values())
    if target.kind == "next-token":  # the likeliest characters alone
        assert 0 < told <= 1.001
    else:
        assert told == pytest.approx(1.0, abs=1e-3)
    assert set(first.probabilities) <= set(target.names)
    assert list(first.probabilities.values()) == sorted(first.probabilities.values(), reverse=True)
    assert first.value == next(iter(first.probabilities))


def test_a_model_predicts_without_the_data_that_it_was_trained_on(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = tiny("digits", "cnn")
    asked = write_inputs(tmp_path)["digits"]
    expected = trained.predict(asked)
    monkeypatch.setattr("nntui.engine.reporting.rows.open_source", _gone)
    assert nntui.load(trained.path).predict(asked) == expected


def _gone(*_: object) -> None:
    raise AssertionError("the data was opened")


def test_data_that_changed_since_is_not_measured(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = RunFolder(Path(shutil.copytree(tiny("moons", "ffn").path, tmp_path / "changed")))
    copy.run_toml.write_text(copy.run_toml.read_text().replace("noise = 0.15", "noise = 0.16"))
    assert run(["evaluate", str(copy.path)]) == 2
    assert "has changed since it was trained" in capsys.readouterr().err
