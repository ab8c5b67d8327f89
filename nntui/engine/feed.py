"""What feeds the loop: batches in the order of the epoch, augmented and normalised on the device.

A store hands out encoded rows, either resident on the device or read by worker processes; `Feed` does the rest
alike for both, so that there is one order and one augmentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from nntui.engine.seeds import epoch_order

if TYPE_CHECKING:
    from nntui.engine.augment import Augment, Mixup
    from nntui.hooks.data import DataSpec

Batch = dict[str, Tensor]

CHUNK_BYTES = 1 << 20
"""Rows are gathered and normalised in chunks of whole batches up to this size: one kernel serves many small steps,
and a chunk still fits a core's cache."""


class Store(Protocol):
    """Encoded rows."""

    rows: int

    def take(self, order: Tensor, batch: int) -> Iterator[tuple[Batch, Tensor]]:
        """Chunks of one or more whole batches of `batch` rows (the last may be short), and the rows' numbers.

        `order` is int64 (n,) on the CPU.
        """
        ...


def chunk_rows(tensors: Batch, batch: int) -> int:
    """Rows of a chunk of whole batches, for rows such as those in `tensors`."""
    row = sum(t[0].numel() * max(4, t.element_size()) for t in tensors.values() if len(t))
    return max(1, CHUNK_BYTES // (max(1, row) * batch)) * batch


class ResidentStore:
    """Everything encoded, on the device, in its own dtype (uint8 images stay uint8)."""

    def __init__(self, tensors: Batch, lengths: frozenset[str], device: torch.device) -> None:
        self.rows = len(next(iter(tensors.values())))
        # Lengths are read by the host (packing, trimming): on the device each batch would wait for them.
        self._tensors = {k: t.contiguous() if k in lengths else t.contiguous().to(device) for k, t in tensors.items()}
        self._lengths = lengths
        self._device = device

    def take(self, order: Tensor, batch: int) -> Iterator[tuple[Batch, Tensor]]:
        size = chunk_rows(self._tensors, batch)
        on_device = order.to(self._device, non_blocking=True)
        for at in range(0, len(order), size):
            here, there = order[at : at + size], on_device[at : at + size]
            yield (
                {k: t.index_select(0, here if k in self._lengths else there) for k, t in self._tensors.items()},
                there,
            )


class Feed:
    """Batches for training (`epoch`) and for evaluation (`ordered`)."""

    def __init__(
        self,
        store: Store,
        spec: DataSpec,
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        augment: Augment | None = None,
        mixup: Mixup | None = None,
        channels_last: bool = False,
    ) -> None:
        self.store = store
        self.batch_size = min(batch_size, store.rows)
        self.batches = max(1, store.rows // batch_size)
        """Batches of an epoch: the last short one is dropped, unless it is the only one."""
        self._seed = seed
        self._augment = augment
        self._mixup = mixup
        self._device = device
        self._normalise = _normaliser(spec, device, channels_last)
        # An input of a fixed length keeps it, padded: some networks take no other.
        self._lengths = [(i.name, i.lengths) for i in spec.inputs if i.lengths is not None and i.shape[0] is None]

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch from batch `start` on; a pure function of (seed, epoch, start)."""
        order = epoch_order(self._seed, epoch, self.store.rows)[: self.batches * self.batch_size]
        if self._augment is not None:
            self._augment.begin_epoch(epoch)
        number = start
        for chunk, rows in self.store.take(order[start * self.batch_size :], self.batch_size):
            if self._augment is not None:
                chunk = self._augment(chunk, rows)
            for batch in self._batches(self._normalise(chunk), self.batch_size):
                yield batch if self._mixup is None else self._mixup(batch, epoch, number)
                number += 1

    def ordered(self, batch_size: int) -> Iterator[Batch]:
        """Every row once, in order, nothing augmented."""
        for chunk, _ in self.store.take(torch.arange(self.store.rows), batch_size):
            yield from self._batches(self._normalise(chunk), batch_size)

    def _batches(self, chunk: Batch, size: int) -> Iterator[Batch]:
        rows = len(next(iter(chunk.values())))
        if rows <= size:
            yield self._trimmed(chunk)
            return
        names = list(chunk)
        for parts in zip(*(torch.split(t, size) for t in chunk.values()), strict=True):
            yield self._trimmed(dict(zip(names, parts, strict=True)))

    def _trimmed(self, batch: Batch) -> Batch:
        """Cuts padding down to the longest row of the batch (a row is cut alike whatever its chunk)."""
        for name, lengths in self._lengths:
            batch[name] = batch[name][:, : max(1, int(batch[lengths].max()))]
        return batch


def _normaliser(spec: DataSpec, device: torch.device, channels_last: bool) -> Callable[[Batch], Batch]:
    """The function that makes a chunk of encoded rows float, normalised and laid out as the network takes it."""
    plans: list[tuple[str, Tensor | None, Tensor | None, bool]] = []
    for item in spec.inputs:
        if item.kind in ("categories", "tokens"):
            continue
        view = (-1, 1, 1) if item.kind == "image" else (-1,)
        mean = torch.tensor(item.mean, device=device).view(view) if item.mean else None
        inverse = torch.tensor(item.std, device=device).reciprocal().view(view) if item.std else None
        plans.append((item.name, mean, inverse, channels_last and item.kind == "image"))

    def normalise(chunk: Batch) -> Batch:
        for name, mean, inverse, last in plans:
            x = chunk[name]
            x = x.to(torch.float32, memory_format=torch.channels_last) if last else x.to(torch.float32)
            if mean is not None:
                x = x - mean  # not in place: a float store would be changed
            if inverse is not None:
                x = x * inverse
            chunk[name] = x
        return chunk

    return normalise
