"""The training loop. All that costs time beside the mathematics is behind `watch.due`: a clock read a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.engine.feed import Batch
    from nntui.engine.training import Training
    from nntui.engine.watch import Ending, Watch


def train(training: Training, watch: Watch) -> Ending:
    """Trains until the last step, a stop, a signal or an early stop; raises NonFiniteLoss."""
    training.model.train()
    ending = watch.begin()
    while ending is None:
        epoch, at = training.position
        batches = training.feed.epoch(epoch, at * training.accumulate)
        for _ in range(at, training.steps_per_epoch):
            loss = watch.probed_step(batches) if watch.probe_due else take_step(training, batches)
            training.losses.append(loss)  # read by the host only when it reports
            if watch.due(training.step):
                ending = watch.look()
                if ending is not None:
                    return ending
        ending = watch.end_of_epoch()
    return ending


def take_step(training: Training, batches: Iterator[Batch]) -> Tensor:
    """One optimizer step: forward, loss, backward, update. Returns the loss, on the device."""
    training.stepper.zero_grad()
    loss = backward(training, batches)
    training.update()
    return loss


def backward(training: Training, batches: Iterator[Batch]) -> Tensor:
    """Gradients of one step's mean loss, over as many batches as are accumulated."""
    if training.accumulate == 1:
        loss = training.loss(next(batches))
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()
    mean = None
    for _ in range(training.accumulate):
        loss = training.loss(next(batches)) / training.accumulate
        loss.backward()  # type: ignore[no-untyped-call]
        mean = loss.detach() if mean is None else mean + loss.detach()
    assert mean is not None  # accumulate is at least 1
    return mean
