"""Rows of large files that are mapped into memory, without the pages staying with this process.

A touch of a mapped file may bring megabytes with it (Linux maps pages around it, and large ones whole): a batch of
short rows from everywhere would hold the file. So rows of a large one are read, and what is gone through in order is
let go. Either way the system caches the file: what is given up is this process's hold on it.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]  # of any dtype

HELD = 256 << 20
"""Bytes of one file that may be held."""


def gather(array: Array, rows: npt.NDArray[np.int64]) -> Array:
    """`array[rows]`, a copy. Raises OSError where the file has become shorter."""
    if not _is_read(array):
        return np.asarray(array[rows])
    made = np.empty((len(rows), *array.shape[1:]), dtype=array.dtype)
    _fill(array, made, rows)
    return made


def stretch(array: Array, start: int, stop: int) -> Array:
    """`array[start:stop]`, a copy. Raises OSError where the file has become shorter."""
    if not _is_read(array):
        return np.array(array[start:stop])
    made = np.empty((1, stop - start, *array.shape[1:]), dtype=array.dtype)
    if made.size:
        _fill(array, made, np.array([start]))
    read: Array = made[0]
    return read


def _is_read(array: Array) -> bool:
    return isinstance(array, np.memmap) and array.nbytes > HELD and array.flags.c_contiguous


def _fill(array: Any, made: Array, rows: npt.NDArray[np.int64]) -> None:
    """Reads `made[i]` from where row `rows[i]` of a mapped array begins."""
    parts = made.reshape(len(made), -1).view(np.uint8)
    size = array.nbytes // len(array)
    with open(array.filename, "rb", buffering=0) as file:  # noqa: PTH123 - a path or its text, as NumPy has it
        for part, row in zip(parts, rows.tolist(), strict=True):
            buffer = memoryview(part.data)
            file.seek(array.offset + row * size)
            while buffer:
                got = file.readinto(buffer)
                if not got:
                    raise OSError(f"{array.filename} has become shorter while it was read")
                buffer = buffer[got:]


class Hold:
    """Counts what is read of a mapped array in order, and lets go of it now and then."""

    def __init__(self) -> None:
        self._bytes = 0

    def read(self, count: int, array: Array) -> None:
        """`count` bytes more were read."""
        self._bytes += count
        if self._bytes > HELD:
            self._bytes = 0
            let_go(array)


def let_go(array: Array) -> None:
    """Lets go of what was read of a mapped array; nothing for one in memory."""
    base: Any = array  # an array, and at the end of the chain what it is a view of
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    if base is not None and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
