"""Runs so small that they train in a moment, in the process of the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from processes import events_of

from nntui.cli.train import read_spec
from nntui.engine import run as engine
from nntui.runs import checkpoints
from nntui.runs.checkpoints import step_name
from nntui.runs.events import Finished
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
    return engine.execute(folder, read_spec(folder))


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
