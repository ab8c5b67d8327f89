"""What a run tells of its epochs and of its end."""

from __future__ import annotations

from pathlib import Path

import pytest

import nntui
from nntui.runs.events import AnyEvent, Evaluated, Finished


def test_each_evaluation_tells_the_mean_loss_since_the_one_before_and_the_last_rate(tmp_path: Path) -> None:
    told: list[AnyEvent] = []
    nntui.train(
        data="digits",
        arch={"name": "ffn", "hidden": [8]},
        schedule="constant",
        lr=1e-3,
        epochs=4,
        batch_size=512,  # two steps an epoch
        runs=tmp_path,
        show=told.append,
    )
    epochs = [e for e in told if isinstance(e, Evaluated) and e.split == "validation"]
    losses = [e.train_loss for e in epochs if e.train_loss is not None]
    assert len(losses) == 4
    assert losses == sorted(losses, reverse=True)
    assert [e.lr for e in epochs] == [1e-3] * 4
    end = told[-1]
    assert isinstance(end, Finished)
    assert end.split == "test"
    assert end.best_step == [e for e in epochs if e.best][-1].step
    tested = next(e for e in told if isinstance(e, Evaluated) and e.split == "test")
    assert tested.metrics == pytest.approx(end.metrics)
