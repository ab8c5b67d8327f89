"""Data read by worker processes gives the weights that resident data gives, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nntui

PICTURES: dict[str, Any] = {
    "data": {"name": "digits", "augment": "standard"},
    "arch": {"name": "cnn", "channels": [4], "dropout": 0.3, "norm": "batch"},
    "training": {"epochs": 2, "mixup": 0.2, "ema": 0.9},
}
WORDS: dict[str, Any] = {  # tokens with lengths, trimmed and packed
    "data": {"name": "word-languages"},
    "arch": {"name": "rnn", "hidden": 8, "layers": 2, "dropout": 0.3},
    "training": {"epochs": 2, "batch_size": 128},
}
SOUNDS: dict[str, Any] = {
    "data": {"name": "spoken-languages", "augment": "light"},
    "arch": {"name": "rnn", "hidden": 8},
    "training": {"epochs": 2},
}


def trained(settings: dict[str, Any], runs: Path, name: str, **training: Any) -> nntui.LoadedRun:
    return nntui.train({**settings, "training": {**settings["training"], **training}}, runs=runs, name=name)


def weights(run: nntui.LoadedRun) -> bytes:
    return (run.path / "model" / "model.safetensors").read_bytes()


@pytest.mark.parametrize("settings", [PICTURES, WORDS, SOUNDS], ids=["pictures", "words", "sounds"])
def test_streaming_within_the_process_equals_resident(settings: dict[str, Any], tmp_path: Path) -> None:
    resident = trained(settings, tmp_path, "resident", feed="resident")
    streamed = trained(settings, tmp_path, "streamed", feed="streaming", workers=0)
    assert weights(streamed) == weights(resident)
    assert streamed.metrics == resident.metrics


def test_augmentation_and_dropout_take_part(tmp_path: Path) -> None:
    settings = {**PICTURES, "data": {"name": "digits", "augment": "none"}}
    assert weights(trained(settings, tmp_path, "plain")) != weights(trained(PICTURES, tmp_path, "augmented"))


@pytest.mark.slow
def test_two_reading_processes_change_nothing(tmp_path: Path) -> None:
    for name, settings in (("pictures", PICTURES), ("words", WORDS)):  # in turn: torch is imported once for both
        for_training = {"test": 0.0, "validation": 0.0}  # no other rows: two processes, not six
        settings = {**settings, "data": {**settings["data"], **for_training}}
        resident = trained(settings, tmp_path, f"{name}-resident", feed="resident")
        streamed = trained(settings, tmp_path, f"{name}-streamed", feed="streaming", workers=2)
        assert weights(streamed) == weights(resident), name
