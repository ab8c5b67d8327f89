"""A store whose rows are read and encoded by worker processes, for data that does not fit on the device."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from nntui.engine.feed import Batch
    from nntui.hooks.data import Preprocessor, Source


@dataclass(frozen=True)
class Recipe:
    """How a worker opens the data by itself: plain values, names looked up in the registry."""

    opener: Callable[..., tuple[Source, Preprocessor]]
    """A function of a module, so that a worker can import it."""
    arguments: tuple[Any, ...]  # plain values that the opener understands

    def open(self) -> tuple[Source, Preprocessor]:
        return self.opener(*self.arguments)


class _Rows(Dataset[Any]):
    """Encoded rows by number, for DataLoader: an item is a whole batch."""

    def __init__(self, recipe: Recipe, index: npt.NDArray[np.int64]) -> None:
        self._recipe = recipe
        self._index = index
        self._opened: tuple[Source, Preprocessor] | None = None

    def __getitem__(self, rows: Tensor) -> tuple[Batch, Tensor]:
        if self._opened is None:  # once in each worker
            self._opened = self._recipe.open()
        source, preprocessor = self._opened
        return preprocessor.encode(source.rows(self._index[rows.numpy()])), rows

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}


class _Batches(Sampler["Tensor"]):
    """The batches of the current epoch; the workers outlive it."""

    def __init__(self) -> None:
        self.parts: Sequence[Tensor] = ()

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)


def _workers() -> BaseContext:
    """How workers are started. What they are forked from has imported torch once, for all of them."""
    if sys.platform == "darwin":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["nntui.engine.worker"])
    return context


class StreamingStore:
    """Rows read by `workers` processes, in the order asked for, the next batches read ahead.

    Workers are started by forkserver (spawn on macOS): a child forked after polars has run hangs.
    """

    def __init__(
        self,
        recipe: Recipe,
        index: npt.NDArray[np.int64],
        lengths: frozenset[str],
        device: torch.device,
        workers: int,
    ) -> None:
        self.rows = len(index)
        self._lengths = lengths
        self._device = device
        self._batches = _Batches()
        self._loader: DataLoader[Any] = DataLoader(
            _Rows(recipe, index),
            sampler=self._batches,
            batch_size=None,
            num_workers=workers,
            persistent_workers=workers > 0,
            multiprocessing_context=_workers() if workers else None,
            pin_memory=device.type == "cuda",
            # Its own generator: DataLoader draws a seed each epoch, which must not shift the network's numbers.
            generator=torch.Generator(),
        )

    def take(self, order: Tensor, batch: int) -> Iterator[tuple[Batch, Tensor]]:
        self._batches.parts = torch.split(order, batch)
        for tensors, rows in self._loader:
            yield (
                {k: t if k in self._lengths else t.to(self._device, non_blocking=True) for k, t in tensors.items()},
                rows.to(self._device, non_blocking=True),
            )
