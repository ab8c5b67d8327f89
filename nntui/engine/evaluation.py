"""Measures a network on a split."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nntui.engine.feed import Batch, Feed
    from nntui.engine.meters import Measured
    from nntui.engine.stepping import MovingAverage
    from nntui.engine.tasks import Task

EVALUATION_BATCH = 512
"""Rows of a forward pass without gradients: larger ones measured no faster on a CPU."""


@contextmanager
def as_evaluated(model: nn.Module, ema: MovingAverage | None) -> Iterator[None]:
    """The model as it is judged: in evaluation mode, with averaged weights where there are some."""
    training = model.training
    model.eval()
    if ema is not None:
        ema.swap()
    try:
        with torch.no_grad():
            yield
    finally:
        if ema is not None:
            ema.swap()
        model.train(training)


def outputs(
    model: nn.Module, arguments: tuple[str, ...], feed: Feed, autocast: torch.autocast | None = None
) -> Iterator[tuple[Tensor, Batch]]:
    """The network's output for each batch of a feed, in order, and the batch."""
    size = max(feed.batch_size, EVALUATION_BATCH)
    for batch in feed.ordered(size):
        inputs = [batch[name] for name in arguments]
        if autocast is None:
            yield model(*inputs), batch
        else:
            with autocast:
                output = model(*inputs)
            yield output.float(), batch


def measure(
    model: nn.Module,
    arguments: tuple[str, ...],
    feed: Feed,
    task: Task,
    autocast: torch.autocast | None = None,
) -> Measured:
    """The task's metrics on every row of a feed; call it within `as_evaluated`."""
    meter = task.meter()
    for output, batch in outputs(model, arguments, feed, autocast):
        meter.update(output, batch)
    return meter.compute()
