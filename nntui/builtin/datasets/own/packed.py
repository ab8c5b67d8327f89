"""The bytes of a file, unpacked as they are read: gzip, bzip2, xz and zstandard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from typing import BinaryIO

Compression = Literal["", "gzip", "bz2", "xz", "zstd"]

COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}


@contextmanager
def unpacking(path: Path, compression: Compression) -> Iterator[BinaryIO]:
    """The file, open, its content unpacked. Raises ValueError where it is not packed as its name says, or OSError."""
    import bz2
    import gzip
    import lzma
    import zlib

    import zstandard

    damage = (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError)
    try:
        openers: dict[Compression, Callable[[Path, str], object]] = {
            "": open,
            "gzip": gzip.open,
            "bz2": bz2.open,
            "xz": lzma.open,
            "zstd": zstandard.open,
        }
        opened = openers[compression](path, "rb")
        with cast("BinaryIO", opened) as file:
            yield file
    except damage as error:
        raise ValueError(f"{path}: it is not whole, or not packed as its name says: {error}") from error
    except OSError as error:
        if compression == "bz2" and error.errno is None:  # what bz2 raises for a stream that is none
            raise ValueError(f"{path}: it is not whole, or not packed as its name says: {error}") from error
        raise


def unpacked(path: Path, compression: Compression, most: int | None = None) -> bytes:
    """The (first `most`) bytes that a file holds. Raises ValueError where it is not packed as its name says."""
    with unpacking(path, compression) as file:
        return bytes(file.read(-1 if most is None else most))
