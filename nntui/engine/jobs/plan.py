"""A network on its data before it is trained: layers, memory, the loss that it begins with, seconds an epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import torch

from nntui.engine.assembly import assemble, lengths_of, plain_feed
from nntui.engine.building import open_data
from nntui.engine.feed import ResidentStore
from nntui.engine.layers import step_macs
from nntui.engine.loop import take_step
from nntui.hooks.registry import registry
from nntui.runs.jobs import Memory, PlanResult
from nntui.runs.liveness import live_runs
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.toml import from_toml

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.engine.assembly import Assembly
    from nntui.engine.feed import Batch, Feed
    from nntui.engine.training import Training
    from nntui.spec.model import RunSpec

TIMING_SECONDS = 0.6
MOST_STEPS = 50
MOST_LAYERS = 1000
TIMING_BATCHES = 4


def plan(toml: str, runs: str, know: Callable[[RunSpec], None] = lambda _: None) -> Iterator[PlanResult]:
    """The plan of a spec, then the same with its timing. Downloads nothing. Raises UserError, ContributionFailed.

    `know` is told the spec as soon as it is valid.
    """
    resolution = resolve_said(Said(tree=from_toml(toml).tree), registry())  # no lines: a form has none
    spec = resolution.spec
    know(spec)
    data = open_data(spec, fetch=False)
    training_here = live_runs(Path(runs)) if runs else []
    assembly = assemble(spec, data, live_runs=len(training_here))
    training = assembly.training
    training.model.train()
    first = first_step(training, _feed(assembly))
    result = _result(assembly, first, list(resolution.notes))
    if training_here:
        names = " and ".join(run.name for run in training_here[:3])
        verb = "trains" if len(training_here) == 1 else "train"
        yield msgspec.structs.replace(result, timed=f"not timed: {names} {verb} here")
        return
    if spec.training.compile:
        yield msgspec.structs.replace(result, timed="not timed: compiling takes too long for a look")
        return
    yield msgspec.structs.replace(result, more=True, timed="being timed")
    steps, seconds = time_steps(training, _feed(assembly))
    threads = training.hardware.threads
    on = f"on {threads} thread{'' if threads == 1 else 's'}" if training.hardware.device.type == "cpu" else ""
    read = "" if _resident(assembly) else ", without reading the data"
    yield msgspec.structs.replace(
        result,
        step_seconds=seconds,
        epoch_seconds=seconds * training.steps_per_epoch,
        timed=f"{steps} step{'' if steps == 1 else 's'} {on}".rstrip() + read,
    )


def _resident(assembly: Assembly) -> bool:
    return bool(assembly.resolved["feed"] == "resident")


def _feed(assembly: Assembly) -> Feed:
    """What the steps are taken on: the run's own feed, or a few batches in memory where workers would read it."""
    training = assembly.training
    if _resident(assembly):
        return training.feed
    data, hardware = training.data, training.hardware
    batch = training.feed.batch_size
    rows = data.splits["train"][: batch * training.accumulate * TIMING_BATCHES]
    store = ResidentStore(data.preprocessor.encode(data.source.rows(rows)), lengths_of(data.spec), hardware.device)
    return plain_feed(store, data.spec, batch, hardware.device, hardware.channels_last)


class First:
    """What the first forward pass tells."""

    def __init__(self, loss: float, expected: float | None, why: str, activations: int, batch: int) -> None:
        self.loss = loss
        self.expected = expected
        self.why = why
        self.activations = activations
        self.batch = batch


def first_step(training: Training, feed: Feed) -> First:
    """Forward and backward on the run's first batch: the loss as it begins, and the bytes kept in between."""
    batch = next(feed.epoch(0))
    kept: dict[int, int] = {}
    weights = {t.untyped_storage().data_ptr() for t in (*training.model.parameters(), *training.model.buffers())}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = training.loss(batch)
    loss.backward()  # type: ignore[no-untyped-call]
    training.stepper.zero_grad()
    inputs = {t.untyped_storage().data_ptr(): t.numel() * t.element_size() for t in batch.values()}
    activations = sum(size for pointer, size in kept.items() if pointer not in inputs)
    expected, why = _expected(training, batch)
    return First(float(loss.detach()), expected, why, activations, sum(inputs.values()))


def _expected(training: Training, batch: Batch) -> tuple[float | None, str]:
    """The loss of a network that knows nothing, and how that is known."""
    task, target = training.task, training.data.spec.target
    if task.initial_loss is not None:
        match target.kind:
            case "classes":
                return task.initial_loss, f"ln {target.size}: all classes alike"
            case "next-token":
                return task.initial_loss, f"ln {target.size}: all tokens alike"
            case "multilabel":
                return task.initial_loss, "ln 2: every label as likely as not"
            case _:
                return task.initial_loss, "the variance of standardised values"
    if target.kind != "values":
        return None, ""
    zeros = torch.zeros(task.expected_shape(batch), device=training.hardware.device)
    start = "the mean" if target.offset is None else "the last value seen"
    return float(task.loss(zeros, batch)), f"always saying {start}"


def time_steps(training: Training, feed: Feed) -> tuple[int, float]:
    """How many steps were taken, and the mean seconds of one. The first, which makes everything ready, does not count,
    unless there is no time for another."""
    device = training.hardware.device
    took = seconds = 0.0
    began, epoch = time.perf_counter(), 0
    steps = -1  # the warm-up
    while steps < MOST_STEPS:
        batches = feed.epoch(epoch)
        for _ in range(max(1, feed.batches // training.accumulate)):
            before = time.perf_counter()
            take_step(training, batches)
            if device.type != "cpu":
                torch.accelerator.synchronize()
            now = time.perf_counter()
            took = now - before
            steps += 1
            seconds += took if steps else 0.0
            if steps >= MOST_STEPS or (now - began >= TIMING_SECONDS and (steps or now - began > 2 * TIMING_SECONDS)):
                return (steps, seconds / steps) if steps else (1, took)
        epoch += 1
    return steps, seconds / steps


def _result(assembly: Assembly, first: First, notes: list[str]) -> PlanResult:
    training, planned = assembly.training, assembly.planned
    return PlanResult(
        layers=planned.layers[:MOST_LAYERS],
        more_layers=max(0, len(planned.layers) - MOST_LAYERS),
        parameters=planned.parameters,
        macs=step_macs(planned.layers),
        splits=planned.splits,
        epochs=planned.epochs,
        batch_size=training.feed.batch_size * training.accumulate,
        steps_per_epoch=planned.steps_per_epoch,
        metric=planned.metric,
        maximize=planned.maximize,
        chosen=planned.chosen,
        memory=_memory(assembly, first),
        loss=first.loss if math.isfinite(first.loss) else None,
        expected_loss=first.expected,
        expected_why=first.why,
        notes=notes,
    )


def _memory(assembly: Assembly, first: First) -> Memory:
    training = assembly.training
    parameters = list(training.model.parameters())
    own = _bytes(parameters) + _bytes(training.model.buffers())
    learned = _bytes(p for p in parameters if p.requires_grad)
    rows = sum(len(training.data.splits[split]) for split in ("train", "validation"))
    return Memory(
        parameters=own,
        gradients=learned,
        optimizer=_bytes(training.stepper.state_dict().values()),
        average=0 if training.ema is None else _bytes(training.ema.state_dict().values()),
        activations=first.activations,
        batch=first.batch,
        data=_row_bytes(training) * rows if _resident(assembly) else 0,
    )


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(t.numel() * t.element_size() for t in tensors)


def _row_bytes(training: Training) -> int:
    """Bytes of one encoded row."""
    data = training.data
    encoded = data.preprocessor.encode(data.source.rows(data.splits["train"][:1]))
    return sum(t.numel() * t.element_size() for t in encoded.values())
