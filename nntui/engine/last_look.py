"""The last look of a run: what its result says of the fixed examples, and what its layers do.

A short run may never have been looked into, or only at its beginning, and its result need not be its last weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from nntui.engine.evaluation import as_evaluated
from nntui.engine.loop import backward
from nntui.engine.probes import Probe
from nntui.engine.snapshot import put_random_state, random_state
from nntui.runs.events import Probed

if TYPE_CHECKING:
    from nntui.engine.examples import FixedExamples
    from nntui.engine.journal import Journal
    from nntui.engine.training import Training


def look_at_result(training: Training, examples: FixedExamples, journal: Journal) -> None:
    """Tells `sampled` and `probed` of the weights that the model now has: those of the result, as they are judged.

    Both name the step of these weights. Weights, buffers and generators are afterwards what they were.
    """
    best = training.best
    step, epoch = (training.step, training.epoch) if best is None else (best.step, best.epoch)
    with as_evaluated(training.model, None):  # the averaged weights, where there are some, are in it already
        journal.tell(examples.sampled(training, step=step, epoch=epoch))
    settings = training.spec.training
    if settings.probe and not settings.compile:  # compiled code runs no hooks
        journal.tell(_probed(training, step, epoch))


def _probed(training: Training, step: int, epoch: float) -> Probed:
    """One batch forward and back, as in training, from the batch that came after these weights; without an update."""
    passed, at = divmod(max(step - training.base_step, 0), training.steps_per_epoch)
    batches = training.feed.epoch(training.base_epoch + passed, at * training.accumulate)
    generators = random_state()
    buffers = [(buffer, buffer.detach().clone()) for buffer in training.model.buffers()]
    mode = training.model.training
    training.model.train()
    training.stepper.zero_grad()
    try:
        with Probe(training.model) as probe:
            backward(training, batches)
        probe.gradients()
        return Probed(step=step, epoch=epoch, layers=probe.without_update(), arrays=probe.arrays())
    finally:
        training.stepper.zero_grad()
        training.model.train(mode)
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        put_random_state(generators)
