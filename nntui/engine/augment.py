"""Augmentation on the batch, on the device: each row's is a pure function of (seed, epoch, row).

At the start of an epoch every input draws a table of uniform numbers, one line a row of the training split, from a
CPU generator seeded by `seeds.mix(seed, "augment", input, epoch)`; a batch looks its lines up. Where a row wants more
numbers than a line can hold (noise), it reads a window of one long strip of noise, from a place that its line tells.
So neither the size of a batch nor the number of workers or processes changes anything.

| data | light | standard | strong |
| --- | --- | --- | --- |
| image | mirrored if its mirror image means the same, shifted by up to 1/14 if not | both, up to 1/8 | rotated, scaled, shifted; brightness, contrast, cutout |
| audio | shifted in time | and masks of time and frequency | two masks of each, and noise |
| series, points | | | noise |
| text | | | half of them cut to a piece, tokens left out |
"""  # noqa: E501 - a table

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nntui.engine.seeds import generator, mix
from nntui.engine.transforms import Distort, Jitter, MirrorShift, SpecAugment, TokenDropout

if TYPE_CHECKING:
    from nntui.engine.transforms import Transform
    from nntui.hooks.data import DataSpec, InputSpec, Modality

LEVELS = ("none", "light", "standard", "strong")


class Augment:
    """The augmentation of a data set's inputs."""

    def __init__(self, plans: list[tuple[InputSpec, Transform]], seed: int, rows: int, device: torch.device) -> None:
        self._plans = plans
        self._seed, self._rows, self._device = seed, rows, device
        self._epoch: int | None = None

    def begin_epoch(self, epoch: int) -> None:
        """Draws the numbers of an epoch; to be called before its first batch."""
        if epoch == self._epoch:
            return
        for item, transform in self._plans:
            numbers = generator(self._seed, "augment", item.name, epoch)
            table = torch.rand(self._rows, transform.columns, generator=numbers)
            transform.prepare(table, numbers, self._device)
        self._epoch = epoch

    def __call__(self, batch: Mapping[str, Tensor], index: Tensor) -> dict[str, Tensor]:
        """A batch of encoded, not yet normalised rows, augmented. `index`: int64 (N,), the rows' numbers within the
        training split, on the device. uint8 images stay uint8 but for "strong", which makes them float32."""
        if self._epoch is None:
            raise RuntimeError("begin_epoch must be called before the first batch")
        augmented = dict(batch)
        for item, transform in self._plans:
            lengths = None if item.lengths is None else batch[item.lengths]
            augmented[item.name] = transform(batch[item.name], index, lengths)
            if item.lengths is not None and isinstance(transform, TokenDropout):
                augmented[item.lengths] = transform.lengths(batch[item.lengths], index)
        return augmented


def make_augment(spec: DataSpec, level: str, seed: int, rows: int, device: torch.device) -> Augment | None:
    """The augmentation of a level for `rows` training rows; None where there is nothing to do.

    Raises ValueError for an unknown level.
    """
    if level not in LEVELS:
        raise ValueError(f"no augmentation {level!r}; there are {', '.join(LEVELS)}")
    made = [(item, _transform(item, spec.modality, level)) for item in spec.inputs]
    plans = [(item, transform) for item, transform in made if transform is not None]
    return Augment(plans, seed, rows, device) if plans and rows else None


def _transform(item: InputSpec, modality: Modality, level: str) -> Transform | None:
    if level == "none":
        return None
    if modality == "audio" and item.kind in ("sequence", "image"):
        return SpecAugment(item, level)
    if item.kind == "image":
        return Distort(item) if level == "strong" else MirrorShift(item, level)
    if level == "strong" and modality in ("series", "points") and item.kind in ("sequence", "features"):
        return Jitter(item)
    if level == "strong" and item.kind == "tokens":
        return TokenDropout()
    return None


class Mixup:
    """Mixes each row of a batch with the one before it, by a share that the batch draws from Beta(alpha, alpha)
    (Zhang et al. 2018). The rows of a batch are in random order already, so the neighbour is a random partner."""

    def __init__(self, alpha: float, seed: int) -> None:
        self._alpha, self._seed = alpha, seed

    def __call__(self, batch: Mapping[str, Tensor], epoch: int, number: int) -> dict[str, Tensor]:
        """A batch of normalised rows, mixed: a pure function of it and (seed, epoch, number of the batch).

        Adds `target_mixed`, the partner's target, and `mix`, the share of the row's own (a scalar). Of whole numbers
        there can be lengths alone, of which the longer is taken; see `make_task` for what is refused.
        """
        share = random.Random(mix(self._seed, "mixup", epoch, number)).betavariate(self._alpha, self._alpha)
        target = batch["target"]
        mixed = {
            name: torch.maximum(x, x.roll(1, 0))
            if x.dtype == torch.int64
            else x.float().lerp(x.float().roll(1, 0), 1 - share)
            for name, x in batch.items()
            if name != "target"
        }
        return {
            **mixed,
            "target": target,
            "target_mixed": target.roll(1, 0),
            "mix": torch.full((), share, device=target.device),
        }


def make_mixup(alpha: float, seed: int) -> Mixup | None:
    """Mixup of a strength; None for 0."""
    return Mixup(alpha, seed) if alpha > 0 else None
