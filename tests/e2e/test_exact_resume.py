"""A run that was killed, ended, paused or replayed has the weights of one that was not, bit for bit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from processes import Warm, events_of, wait_for

from nntui.runs.commands import append_command
from nntui.runs.creating import new_run, replay_origin
from nntui.runs.events import Commanded, Finished, Paused, Progress, Started
from nntui.runs.folder import RunFolder

EVERYTHING: dict[str, Any] = {
    "data": "digits",
    "schedule": "one-cycle",
    "training": {"ema": 0.99, "batch_size": 32, "checkpoint_seconds": 0.05, "label_smoothing": 0.1, "clip_grad": 1.0},
}
"""One-cycle, an average of the weights, clipping; dropout and batch normalisation come with each network."""

NETWORKS: dict[str, dict[str, Any]] = {
    "ffn": {"arch": {"name": "ffn", "hidden": [48, 32], "dropout": 0.2, "norm": "batch"}},
    "cnn": {"arch": {"name": "cnn", "channels": [8, 8], "dropout": 0.2, "norm": "batch"}},
    "rnn": {"arch": {"name": "rnn", "cell": "lstm", "hidden": 16, "layers": 2, "dropout": 0.2}},
}
EPOCHS = {"ffn": 24, "cnn": 8, "rnn": 6}
BRIEF = {"epochs": 20}
"""Where nothing must happen at random moments."""


def settings_of(network: str, **more: Any) -> dict[str, Any]:
    training = {**EVERYTHING["training"], "epochs": EPOCHS[network], **more.pop("training", {})}
    return {**EVERYTHING, **NETWORKS[network], "training": training, **more}


def weights(folder: RunFolder) -> bytes:
    return (folder.model / "model.safetensors").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("network", ["ffn", "cnn", "rnn"])
def test_a_run_killed_at_twenty_random_moments_ends_with_the_weights_of_an_undisturbed_one(
    network: str, warm: Warm, run_of: Callable[..., RunFolder]
) -> None:
    undisturbed = run_of("undisturbed", **settings_of(network))
    assert warm.train(undisturbed) == 0
    moments = random.Random(network)
    killed = run_of("killed-0", **settings_of(network))
    for kill in range(20):
        # every fourth within a checkpoint: its temporary folder is there
        code = _kill(killed, warm, within=kill % 4 == 3, after=moments.uniform(0.0, 0.3))
        if _ended(killed):  # it was quicker: the next kills are another run's
            assert weights(killed) == weights(undisturbed)
            killed = run_of(f"killed-{kill + 1}", **settings_of(network))
        else:
            assert code == -signal.SIGKILL
    assert warm.train(killed) == 0
    assert weights(killed) == weights(undisturbed)


@pytest.mark.slow
def test_a_run_killed_in_processes_started_cold_has_the_same_weights(
    warm: Warm, run_of: Callable[..., RunFolder]
) -> None:
    settings = settings_of(
        "ffn", device={"name": "cpu", "threads": 1}, training={"epochs": 60, "checkpoint_seconds": 0.2}
    )
    undisturbed = run_of("undisturbed", **settings)
    assert warm.train(undisturbed) == 0
    killed = run_of("killed", **settings)
    argv = [sys.executable, "-m", "nntui", "train", "--no-ui", "--resume", str(killed.path)]
    moments = random.Random("cold")
    for kill in range(3):
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda before=kill: _starts(killed) > before)
        time.sleep(moments.uniform(0.0, 0.3))
        process.kill()
        process.wait()
        assert not _ended(killed), "the run was over before it could be killed"
    assert subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    assert weights(killed) == weights(undisturbed)


def _kill(folder: RunFolder, warm: Warm, *, within: bool, after: float) -> int:
    """Goes on with a run, and kills it; the process's exit code."""
    starts = _starts(folder)
    pid = warm.start(folder)
    wait_for(lambda: _starts(folder) > starts)
    if within:
        wait_for(lambda: _writing(folder) or _ended(folder))
    else:
        time.sleep(after)
    os.kill(pid, signal.SIGKILL)
    return warm.wait(pid)


def _starts(folder: RunFolder) -> int:
    return sum(isinstance(e, Started) for e in events_of(folder))


def _writing(folder: RunFolder) -> bool:
    try:
        return any(p.name.startswith(".tmp-") for p in folder.checkpoints.iterdir())
    except FileNotFoundError:
        return False


def _ended(folder: RunFolder) -> bool:
    return any(isinstance(e, Finished) and e.status == "done" for e in events_of(folder))


@pytest.mark.parametrize("network", ["ffn", "cnn", "rnn"])
def test_sigterm_checkpoints_within_the_epoch_and_the_resumed_run_has_the_same_weights(
    network: str, warm: Warm, run_of: Callable[..., RunFolder]
) -> None:
    undisturbed = run_of("undisturbed", **settings_of(network))
    assert warm.train(undisturbed) == 0
    ended = run_of("ended", **settings_of(network, training={"checkpoint_seconds": 3600}))
    for _ in range(3):
        before = len(events_of(ended))
        pid = warm.start(ended)
        wait_for(lambda seen=before: any(isinstance(e, Progress) for e in events_of(ended)[seen:]) or _ended(ended))
        os.kill(pid, signal.SIGTERM)
        code = warm.wait(pid)
        if events_of(ended)[-1].status == "done":  # it was quicker
            break
        assert code == 143
        assert events_of(ended)[-1].status == "stopped"
    else:
        assert warm.train(ended) == 0
    assert weights(ended) == weights(undisturbed)


def test_a_run_that_was_paused_and_resumed_has_the_same_weights(warm: Warm, run_of: Callable[..., RunFolder]) -> None:
    undisturbed = run_of("undisturbed", **settings_of("ffn", training=BRIEF))
    assert warm.train(undisturbed) == 0
    held = run_of("paused", **settings_of("ffn", training=BRIEF))
    pid = warm.start(held)
    wait_for(lambda: started(held))
    append_command(held, "pause", None, "test")
    wait_for(lambda: paused(held))
    still = len(events_of(held))
    append_command(held, "pause", None, "test")  # twice is refused, and shows that it is alive
    wait_for(lambda: len(events_of(held)) > still)
    refused = events_of(held)[-1]
    assert isinstance(refused, Commanded) and refused.result == "refused"
    append_command(held, "resume", None, "test")
    assert warm.wait(pid) == 0
    assert weights(held) == weights(undisturbed)


def test_a_run_killed_while_paused_resumes_to_the_same_weights(warm: Warm, run_of: Callable[..., RunFolder]) -> None:
    undisturbed = run_of("undisturbed", **settings_of("ffn", training=BRIEF))
    assert warm.train(undisturbed) == 0
    killed = run_of("killed", **settings_of("ffn", training=BRIEF))
    pid = warm.start(killed)
    wait_for(lambda: started(killed))
    append_command(killed, "pause", None, "test")
    wait_for(lambda: paused(killed))
    os.kill(pid, signal.SIGKILL)
    warm.wait(pid)
    assert warm.train(killed) == 0
    assert weights(killed) == weights(undisturbed)


def steered(warm: Warm, folder: RunFolder) -> list[Commanded]:
    """Trains a run while its learning rate is changed twice and it is extended; what was applied.

    It is held by pauses, so that no machine is too quick or too slow for the commands to meet it.
    """
    pid = warm.start(folder)
    wait_for(lambda: started(folder))
    for kind, value in (("lr-scale", 0.5), ("extend", 6), ("lr", 2e-3)):
        held = paused(folder)
        append_command(folder, "pause", None, "test")
        wait_for(lambda before=held: paused(folder) > before)
        append_command(folder, kind, value, "test")
        append_command(folder, "resume", None, "test")
    assert warm.wait(pid) == 0
    commands = [e for e in events_of(folder) if isinstance(e, Commanded)]
    assert [e.result for e in commands] == ["applied"] * 9
    return [e for e in commands if e.command in ("lr-scale", "extend", "lr")]


def started(folder: RunFolder) -> bool:
    return any(isinstance(e, Started) for e in events_of(folder))


def paused(folder: RunFolder) -> int:
    return sum(isinstance(e, Paused) for e in events_of(folder))


def replay_of(parent: RunFolder, run_of: Callable[..., RunFolder], warm: Warm, name: str, **settings: Any) -> RunFolder:
    from dataclasses import replace

    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve_said
    from nntui.spec.toml import read_toml

    spec = resolve_said(read_toml(parent.run_toml), registry()).spec
    return new_run(replace(spec, origin=replay_origin(parent, spec)), parent.path.parent, name)


def test_a_replay_repeats_commands_at_their_steps_and_reaches_the_same_weights(
    warm: Warm, run_of: Callable[..., RunFolder]
) -> None:
    parent = run_of("steered", **settings_of("ffn", training=BRIEF))
    commands = steered(warm, parent)
    assert commands[1].value == BRIEF["epochs"] + 6
    again = replay_of(parent, run_of, warm, "again")
    assert warm.train(again) == 0
    assert weights(again) == weights(parent)
    repeated = [e for e in events_of(again) if isinstance(e, Commanded)]
    assert [(e.step, e.command, e.value) for e in repeated] == [(e.step, e.command, e.value) for e in commands]
    plain = run_of("plain", **settings_of("ffn", training=BRIEF))
    assert warm.train(plain) == 0
    assert weights(plain) != weights(parent), "the commands changed nothing: this test could not fail"


def test_a_steered_run_that_is_killed_applies_its_commands_again_at_the_recorded_steps(
    warm: Warm, run_of: Callable[..., RunFolder]
) -> None:
    parent = run_of("steered", **settings_of("ffn", training={**BRIEF, "checkpoint_seconds": 3600}))
    pid = warm.start(parent)
    wait_for(lambda: started(parent))
    append_command(parent, "lr-scale", 0.3, "test")
    wait_for(lambda: any(isinstance(e, Commanded) for e in events_of(parent)))
    os.kill(pid, signal.SIGKILL)  # no checkpoint yet: the command is in the events alone
    warm.wait(pid)
    replayed = replay_of(parent, run_of, warm, "replayed")
    assert warm.train(parent) == 0
    assert warm.train(replayed) == 0
    assert weights(parent) == weights(replayed)


def test_a_stale_stop_never_ends_a_resumed_run(warm: Warm, run_of: Callable[..., RunFolder]) -> None:
    run = run_of("stale", **settings_of("ffn", training=BRIEF))
    pid = warm.start(run)
    wait_for(lambda: started(run))
    os.kill(pid, signal.SIGKILL)
    warm.wait(pid)
    append_command(run, "stop", None, "test")
    assert warm.train(run) == 0
    told = [e for e in events_of(run) if isinstance(e, Commanded)]
    assert [e.result for e in told] == ["expired"]
    assert events_of(run)[-1].status == "done"


def test_what_is_asked_before_a_first_start_is_done_once_it_has_begun(
    warm: Warm, run_of: Callable[..., RunFolder]
) -> None:
    run = run_of("early", **settings_of("ffn", training=BRIEF))
    append_command(run, "lr-scale", 0.5, "test")
    append_command(run, "stop", None, "test")
    assert warm.train(run) == 0
    told = [e for e in events_of(run) if isinstance(e, Commanded)]
    assert [(e.command, e.result) for e in told] == [("lr-scale", "applied"), ("stop", "applied")]
    assert events_of(run)[-1].status == "stopped"
