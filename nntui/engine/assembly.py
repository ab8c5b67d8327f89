"""Puts a training together from a spec and its data: network, feeds, task, optimizer, schedule, hardware."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import torch

from nntui.engine.augment import make_augment, make_mixup
from nntui.engine.building import build_device, build_network, build_optimizer, build_schedule
from nntui.engine.feed import Batch, Feed, ResidentStore
from nntui.engine.hardware import Hardware, choose_hardware, prepare
from nntui.engine.layers import plan_layers, step_macs
from nntui.engine.rate import Rate
from nntui.engine.reading import ReadingStore
from nntui.engine.seeds import mix
from nntui.engine.stepping import MovingAverage, Stepper
from nntui.engine.streaming import Recipe, StreamingStore
from nntui.engine.tasks import make_task
from nntui.engine.training import Training
from nntui.runs.events import Choice, LayerPlan, Planned

if TYPE_CHECKING:
    from torch import nn

    from nntui.engine.building import OpenedData
    from nntui.engine.feed import Store
    from nntui.engine.tasks import Task
    from nntui.hooks.data import DataSpec, Indices, Source
    from nntui.spec.model import RunSpec

RESIDENT_SHARE = 0.4
"""Data may take this share of the memory that is free; more is streamed."""
RESIDENT_FROM_DISK = 512 << 20
"""Bytes up to which data that can as well be read from a disk is held in the host's memory."""
SAMPLE_ROWS = 8
"""Rows that are encoded to plan the network and to estimate the size of the data."""


@dataclass(frozen=True)
class Assembly:
    """A training, ready to begin, and how it was planned."""

    training: Training
    planned: Planned
    resolved: dict[str, Any]  # plain TOML values


def seed_everything(seed: int, use: str) -> None:
    """Seeds the global generators for one use (weights, training), so that none shifts the other."""
    number = mix(seed, use)
    torch.manual_seed(number)
    random.seed(number)
    np.random.seed(number % 2**32)  # the global generator is what plugins may use


def assemble(spec: RunSpec, data: OpenedData, *, live_runs: int = 0) -> Assembly:
    """Builds everything that training needs. Raises UserError, ContributionFailed."""
    settings = spec.training
    torch.set_num_threads(1)  # neither the first weights nor encoded rows may depend on how many there are
    device = build_device(spec)
    seed_everything(settings.seed, "weights")
    model = build_network(spec.arch, spec.activation, data.spec, spec.data.name)
    sample = sample_batch(data)
    arguments = data.spec.arguments()
    inputs = tuple(sample[name] for name in arguments)
    layers = plan_layers(model, inputs)
    hardware = choose_hardware(
        spec,
        device,
        step_macs=step_macs(layers) * min(settings.batch_size, len(data.splits["train"])),
        images=any(parameter.dim() == 4 for parameter in model.parameters()),
        live_runs=live_runs,
    )
    model.to(device)
    if hardware.channels_last:
        model.to(memory_format=torch.channels_last)
    feed, validation, feed_kind = _feeds(spec, data, hardware)
    prepare(hardware)
    task = make_task(data.spec, settings, data.class_counts(), device)
    check_output(model, inputs, task, sample)
    params: Any = spec.optimizer.params  # every optimizer's params have lr; see contributions.Optimizer
    steps = max(1, feed.batches // min(settings.accumulate, feed.batches))
    training = Training(
        spec=spec,
        data=data,
        model=model,
        task=task,
        feed=feed,
        validation=validation,
        hardware=hardware,
        stepper=Stepper(model, build_optimizer(spec), getattr(params, "weight_decay", 0.0), settings.clip_grad),
        ema=None if settings.ema is None else MovingAverage(model, settings.ema),
        rate=Rate.fresh(build_schedule(spec), params.lr, settings.epochs * steps),
        arguments=arguments,
        steps_per_epoch=steps,
        epochs=settings.epochs,
    )
    seed_everything(settings.seed, "training")
    return Assembly(training, _planned(training, layers, feed_kind), _resolved(training, feed_kind))


def _resolved(training: Training, feed_kind: str) -> dict[str, Any]:
    """The table [resolved] of run.toml: plain values."""
    return training.hardware.resolved() | {
        "feed": feed_kind,
        "augment": augmentation(training.spec, training.data.source),
        "loss": training.task.loss_name,
        "metric": training.task.metric,
        "data_fingerprint": training.data.fingerprint,
        "training_rows": training.data.rows_hash,
    }


@torch.no_grad()
def check_output(model: nn.Module, inputs: tuple[torch.Tensor, ...], task: Task, sample: Batch) -> None:
    """Raises UserError where the network's output is not what the target asks for."""
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    lengths = lengths_of(task.spec)  # they stay on the host, as in training
    model.eval()
    output = model(
        *(x if name in lengths else x.to(device) for name, x in zip(task.spec.arguments(), inputs, strict=True))
    )
    model.train()
    task.check(output, sample)


def sample_batch(data: OpenedData) -> Batch:
    """A few training rows, encoded and normalised, on the CPU."""
    rows = data.splits["train"][:SAMPLE_ROWS]
    store = ResidentStore(data.preprocessor.encode(data.source.rows(rows)), lengths_of(data.spec), torch.device("cpu"))
    return next(plain_feed(store, data.spec, len(rows)).ordered(len(rows)))


def plain_feed(
    store: Store,
    spec: DataSpec,
    batch_size: int,
    device: torch.device | None = None,
    channels_last: bool = False,
) -> Feed:
    """A feed for looking at rows: nothing augmented."""
    return Feed(
        store,
        spec,
        batch_size=batch_size,
        seed=0,
        device=device or torch.device("cpu"),
        channels_last=channels_last,
    )


def lengths_of(spec: DataSpec) -> frozenset[str]:
    """Names of the tensors that hold lengths."""
    return frozenset(i.lengths for i in spec.inputs if i.lengths is not None)


def augmentation(spec: RunSpec, source: Source) -> str:
    """The augmentation that "auto" stands for here: what suits the rows, or else the data set."""
    asked = spec.data_settings.augment
    suits: str = getattr(source, "augment", "") or spec.data.contribution.augment
    return suits if asked == "auto" else asked


def _feeds(spec: RunSpec, data: OpenedData, hardware: Hardware) -> tuple[Feed, Feed | None, str]:
    """Feeds of training and validation rows, and whether they are resident or streaming."""
    settings = spec.training
    kind = settings.feed if settings.feed != "auto" else str(spec.resolved.get("feed", "auto"))
    if kind == "auto":
        kind = "resident" if _fits(data, hardware.device) else "streaming"
    train, validation = data.splits["train"], data.splits["validation"]
    feed = Feed(
        open_store(spec, data, train, hardware.device, kind),
        data.spec,
        batch_size=settings.batch_size,
        seed=settings.seed,
        device=hardware.device,
        augment=make_augment(data.spec, augmentation(spec, data.source), settings.seed, len(train), hardware.device),
        mixup=make_mixup(settings.mixup, settings.seed),
        channels_last=hardware.channels_last,
    )
    if not len(validation):
        return feed, None, kind
    store = open_store(spec, data, validation, hardware.device, kind)
    return feed, plain_feed(store, data.spec, settings.batch_size, hardware.device, hardware.channels_last), kind


def open_store(spec: RunSpec, data: OpenedData, index: Indices, device: torch.device, kind: str) -> Store:
    """Encoded rows of a split, resident on the device or read by workers."""
    lengths = lengths_of(data.spec)
    if kind == "resident":
        return ResidentStore(data.preprocessor.encode(data.source.rows(index)), lengths, device)
    if on_disk(data.source):
        return ReadingStore(data.source, data.preprocessor, index, lengths, device)
    return StreamingStore(recipe(spec, data), index, lengths, device, spec.training.workers)


def recipe(spec: RunSpec, data: OpenedData) -> Recipe:
    """How a worker opens the same data: by the spec's names, and the fitted preprocessing as JSON."""
    from nntui.engine.worker import open_rows  # here: the module is what a worker imports
    from nntui.spec.toml import to_toml

    return Recipe(open_rows, (to_toml(spec), json.dumps(data.preprocessor.to_json())))


def on_disk(source: Source) -> bool:
    """Whether rows are read from a disk whenever they are asked for; see `Source`."""
    return bool(getattr(source, "on_disk", False))


def _fits(data: OpenedData, device: torch.device) -> bool:
    rows = data.splits["train"][:SAMPLE_ROWS]
    sample = data.preprocessor.encode(data.source.rows(rows))
    needed = sum(t.numel() * t.element_size() for t in sample.values()) / len(rows) * len(data.source)
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    if on_disk(data.source) and device.type == "cpu":
        return needed < min(RESIDENT_SHARE * free, RESIDENT_FROM_DISK)
    return needed < RESIDENT_SHARE * free


def _planned(training: Training, layers: list[LayerPlan], feed_kind: str) -> Planned:
    data, task = training.data, training.task
    chosen = [Choice(what=what, value=value, why=why) for what, value, why in training.hardware.chosen]
    chosen.append(Choice(what="feed", value=feed_kind, why=_FEED_REASONS[feed_kind]))
    augment = augmentation(training.spec, data.source)
    if training.spec.data_settings.augment == "auto" and augment != "none":
        chosen.append(Choice(what="augmentation", value=augment, why=f"what suits {training.spec.data.name}"))
    return Planned(
        layers=layers,
        parameters=sum(p.numel() for p in training.model.parameters()),
        splits={name: len(rows) for name, rows in data.splits.items()},
        epochs=training.epochs,
        steps_per_epoch=training.steps_per_epoch,
        metric=task.metric,
        maximize=task.maximize,
        headline=task.headline,
        headline_maximize=task.headline_maximize,
        classes=list(data.spec.target.names) if data.spec.target.kind in ("classes", "multilabel") else [],
        chosen=chosen,
    )


_FEED_REASONS = {
    "resident": "the data fits in the device's memory",
    "streaming": "the data does not fit in the device's memory, or as asked",
}
