"""Training rows measured beside validation: what lies between the two is overfitting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nntui.api import train
from nntui.runs.events import AnyEvent, Evaluated
from nntui.runs.log import read_events

Run = Callable[..., list[AnyEvent]]


@pytest.fixture
def trained(tmp_path: Path) -> Run:
    def trained(**settings: Any) -> list[AnyEvent]:
        return read_events(train(runs=tmp_path, name="one", threads=1, **settings).path / "events.jsonl")[0]

    return trained


def of(events: list[AnyEvent], split: str) -> list[Evaluated]:
    return [e for e in events if isinstance(e, Evaluated) and e.split == split]


def test_each_evaluation_measures_training_rows_in_the_same_way(trained: Run) -> None:
    events = trained(data="titanic", arch={"name": "ffn", "hidden": [64]}, epochs=3)
    train_rows, validation = of(events, "train"), of(events, "validation")
    assert [e.step for e in train_rows] == [e.step for e in validation]
    assert [set(e.metrics) for e in train_rows] == [set(e.metrics) for e in validation]


def test_a_network_that_learns_by_heart_is_seen_to(trained: Run) -> None:
    """Few rows, many weights: what it learnt from it knows, what it did not it does not."""
    events = trained(
        data={"name": "word-languages", "limit": 100},
        arch={"name": "ffn", "hidden": [256]},
        epochs=60,
        training={"batch_size": 16},
    )
    known, new = of(events, "train")[-1].metrics["accuracy"], of(events, "validation")[-1].metrics["accuracy"]
    assert known is not None and new is not None
    assert known > 0.95 and new < known - 0.2


def test_without_validation_nothing_is_measured(trained: Run) -> None:
    events = trained(data={"name": "digits", "validation": 0.0, "limit": 200}, arch={"name": "ffn"}, epochs=1)
    assert not of(events, "train")
