"""Many pictures, decoded on all cores, in order, in memory that does not grow with their number.

Threads are enough: Pillow lets others run while it decodes.
"""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from nntui.builtin.datasets.own.failures import why
from nntui.builtin.datasets.pictures import Seen, read_picture

if TYPE_CHECKING:
    import numpy.typing as npt

T = TypeVar("T")

PIECE = 128
"""Pictures that a thread decodes at a time."""

Failure = tuple[int, str]
"""The number of a picture that could not be read, and why."""


class Piece(NamedTuple):
    """Some pictures, decoded."""

    images: npt.NDArray[np.uint8]
    """Those that could be read, (n, C, H, W)."""
    failures: list[Failure]


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow warns of odd metadata; what matters is told in the report."""
    from PIL import Image

    Image.init()  # here, once: not by several threads at a time
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\b")
        yield


def on_all_cores(work: Callable[[str], T], paths: Sequence[str]) -> list[T]:
    with _quiet(), ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(work, paths))


def decoded(paths: Sequence[str], seen: Seen) -> Iterator[Piece]:
    """Pictures in order, some at a time. A picture that cannot be read is a failure, never an error."""

    def piece(start: int) -> Piece:
        images, failures = [], []
        for number in range(start, min(start + PIECE, len(paths))):
            try:
                images.append(read_picture(paths[number], seen.shape, seen.top, seen.resize, seen.white))
            except (ValueError, OSError, MemoryError) as error:
                failures.append((number, why(error, _told(paths[number], error))))
        return Piece(np.stack(images) if images else np.empty((0, *seen.shape), np.uint8), failures)

    threads = cores()
    with _quiet(), ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[Piece]] = deque()
        try:
            for start in range(0, len(paths), PIECE):
                ahead.append(pool.submit(piece, start))
                if len(ahead) > 2 * threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def _told(path: str, error: Exception) -> str:
    """Why a picture could not be read, without its path."""
    try:
        if os.path.getsize(path) == 0:  # noqa: PTH202 - a string here
            return "it is empty"
    except FileNotFoundError:
        return "there is no such file"
    except (OSError, ValueError):  # ValueError: a NUL in its name
        return "it cannot be opened"
    return str(error).removeprefix(f"{path}: ") or type(error).__name__
