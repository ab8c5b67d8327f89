"""A few of the rows that a network learns from, measured as validation is: what lies between the two is overfitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nntui.engine.assembly import lengths_of, plain_feed
from nntui.engine.evaluation import measure
from nntui.engine.feed import ResidentStore

if TYPE_CHECKING:
    from nntui.engine.feed import Feed
    from nntui.engine.meters import Measured
    from nntui.engine.training import Training

MOST_ROWS = 1000
"""Enough to tell an accuracy to a percent or two; never more than validation has, so that it costs no more."""


class TrainingRows:
    """Rows evenly out of the training split, the same at each evaluation; encoded when they are first measured."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._feed: Feed | None = None

    def measure(self) -> Measured:
        """As validation is measured: in evaluation mode, nothing augmented. The caller sets mode and weights."""
        training = self._training
        if self._feed is None:
            self._feed = self._made()
        return measure(training.model, training.arguments, self._feed, training.task, training.autocast)

    def _made(self) -> Feed:
        training = self._training
        data, hardware = training.data, training.hardware
        train = data.splits["train"]
        count = min(len(train), len(data.splits["validation"]), MOST_ROWS)
        rows = train[np.linspace(0, len(train) - 1, count).round().astype(np.int64)]
        store = ResidentStore(data.preprocessor.encode(data.source.rows(rows)), lengths_of(data.spec), hardware.device)
        batch = training.spec.training.batch_size
        return plain_feed(store, data.spec, batch, hardware.device, hardware.channels_last)
