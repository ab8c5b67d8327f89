"""A store whose rows are read from a disk as they are needed, by a thread that is some batches ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import torch

from nntui.engine.feed import chunk_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from nntui.engine.feed import Batch
    from nntui.hooks.data import Preprocessor, Source

AHEAD = 2
"""Readings that are begun before they are asked for."""
TOGETHER = 8
"""Chunks of one reading: to hand each over alone takes longer than to read it."""


class ReadingStore:
    """Rows of a source that is `on_disk`, in the order asked for."""

    def __init__(
        self,
        source: Source,
        preprocessor: Preprocessor,
        index: npt.NDArray[np.int64],
        lengths: frozenset[str],
        device: torch.device,
    ) -> None:
        self.rows = len(index)
        self._source, self._preprocessor, self._index = source, preprocessor, index
        self._lengths = lengths
        self._device = device
        self._sample = preprocessor.encode(source.rows(index[:1]))
        self._reader: ThreadPoolExecutor | None = None

    def take(self, order: Tensor, batch: int) -> Iterator[tuple[Batch, Tensor]]:
        if self._reader is None:  # not before the first epoch: a process is forked while it has one thread
            self._reader = ThreadPoolExecutor(1, thread_name_prefix="reading")
        size = chunk_rows(self._sample, batch)
        parts = iter(torch.split(order, TOGETHER * size))
        ahead: deque[tuple[Future[Batch], Tensor]] = deque()
        try:
            for rows in islice(parts, AHEAD):
                ahead.append((self._reader.submit(self._read, rows), rows))
            while ahead:
                future, rows = ahead.popleft()
                following = next(parts, None)
                if following is not None:
                    ahead.append((self._reader.submit(self._read, following), following))
                read = {name: torch.split(tensor, size) for name, tensor in future.result().items()}
                for number, chunk in enumerate(torch.split(rows, size)):
                    yield {name: self._there(name, of[number]) for name, of in read.items()}, self._there("", chunk)
        finally:  # an epoch may be left half way
            for future, _ in ahead:
                future.cancel()

    def _there(self, name: str, tensor: Tensor) -> Tensor:
        return tensor if name in self._lengths else tensor.to(self._device, non_blocking=True)

    def _read(self, rows: Tensor) -> Batch:
        return self._preprocessor.encode(self._source.rows(self._index[rows.numpy()]))
