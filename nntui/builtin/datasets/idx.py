"""Reads IDX files (MNIST and its relatives), plain or gzipped.

Format (http://yann.lecun.com/exdb/mnist): two zero bytes, the type (0x08: unsigned byte), the number of axes, the
length of each as a big-endian 32-bit number, then the values in C order.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

import numpy as np

from nntui.builtin.datasets.unpacked import unpacked
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt

UNSIGNED_BYTE = 0x08
LARGEST = 1 << 33
"""Bytes: a header that promises more is taken for garbage."""


def read_idx(path: Path, *, axes: int) -> npt.NDArray[np.uint8]:
    """The values of an IDX file of unsigned bytes with `axes` axes; read-only.

    Raises UserError, naming the file, where it is truncated, too long, or no such file.
    """
    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            return _read_gzipped(path, file, axes) if gzipped else _values(_parse(file, axes))
    except (ValueError, EOFError, zlib.error, OSError) as error:  # a broken gzip raises any of these
        raise UserError(
            f"{path}: {error}",
            advice=f"an IDX file of {axes} axes, plain or gzipped, was expected; remove it to have it fetched again",
        ) from error


def _read_gzipped(path: Path, file: BinaryIO, axes: int) -> npt.NDArray[np.uint8]:
    place = unpacked(path, file)
    content = None if place is None else place.read()
    if content is not None:
        return _values(_parse(_Held(content), axes))
    file.seek(0)
    parsed = _parse(cast("BinaryIO", gzip.GzipFile(fileobj=file)), axes)
    if place is not None:
        place.keep([parsed.header, parsed.data])
    return _values(parsed)


class _Held:
    """Bytes read like a file, without a copy of each part."""

    def __init__(self, content: memoryview) -> None:
        self._content = content

    def read(self, size: int) -> memoryview:
        part, self._content = self._content[:size], self._content[size:]
        return part


class _Parsed(NamedTuple):
    header: bytes
    data: bytes | memoryview
    shape: tuple[int, ...]


def _values(parsed: _Parsed) -> npt.NDArray[np.uint8]:
    return np.frombuffer(parsed.data, dtype=np.uint8).reshape(parsed.shape)


def _parse(stream: BinaryIO | _Held, axes: int) -> _Parsed:
    header = bytes(stream.read(4))
    if len(header) < 4 or header[:2] != b"\0\0":
        raise ValueError("no IDX file: it does not begin with two zero bytes")
    if header[2] != UNSIGNED_BYTE:
        raise ValueError(f"values of type 0x{header[2]:02x}; unsigned bytes (0x08) were expected")
    if header[3] != axes:
        raise ValueError(f"{header[3]} axes; {axes} were expected")
    lengths = bytes(stream.read(4 * axes))
    if len(lengths) < 4 * axes:
        raise ValueError("truncated within its header")
    shape = struct.unpack(f">{axes}I", lengths)
    size = math.prod(shape)
    if size > LARGEST:
        raise ValueError(f"its header promises {' x '.join(map(str, shape))} values")
    data = stream.read(size + 1)
    if len(data) != size:
        found = f"only {len(data):,}" if len(data) < size else "more"
        raise ValueError(f"its header promises {size:,} values, it holds {found}")
    return _Parsed(header + lengths, data, shape)
