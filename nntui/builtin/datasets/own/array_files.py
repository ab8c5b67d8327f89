"""Arrays in files: .npy, .npz and .safetensors. What is large stays on the disk and is mapped; nothing is unpickled."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from nntui.hooks.places import cache_dir

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]  # of any dtype

LARGE = 64 << 20
"""Bytes of a packed array above which it is unpacked onto the disk and not into memory."""
MOST_HEADER = 100 << 20
_BLOCK = 1 << 20
_TENSORS = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "U16": "<u2", "I32": "<i4", "U32": "<u4", "I64": "<i8",
    "U64": "<u8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2",
}  # fmt: skip
"""Types of safetensors, as NumPy names them."""
SAVE_AGAIN = "save it again as plain numbers or text, for example with .astype(float)"


@dataclass(frozen=True)
class Stored:
    """An array in a file, not yet read."""

    file: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    load: Callable[[], Array]
    """The array, mapped where it can be. Raises ValueError or OSError."""

    @property
    def place(self) -> str:
        """How a person knows it: "data.npz, x"."""
        return self.file.name if self.file.suffix == ".npy" else f"{self.file.name}, {self.name}"


def stored(path: Path) -> dict[str, Stored]:
    """The arrays in a file by name; of a .npy its one array by the file's name. Only headers are read.

    Raises ValueError (what was wrong, and where) or OSError.
    """
    try:
        if path.suffix.lower() == ".npz":
            return {one.name: one for one in _zipped(path)}
        if path.suffix.lower() == ".safetensors":
            return {one.name: one for one in _tensors(path)}
        with path.open("rb") as file:
            shape, dtype, _ = _header(file, path.name)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError) as error:
        raise ValueError(f"{path}: it is not whole, or not what its name says: {error}") from error
    except ValueError as error:
        told = str(error)
        raise ValueError(told if told.startswith(str(path)) else f"{path}: {told}") from error
    return {path.stem: Stored(path, path.stem, shape, dtype, lambda: _map_npy(path))}


def _map_npy(path: Path) -> Array:
    try:
        mapped: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        if 0 in stored(path)[path.stem].shape:  # nothing can be mapped of nothing
            return np.asarray(np.load(path, allow_pickle=False))
        raise ValueError(f"{path}: it is not whole: {error}") from error
    return mapped


def _header(file: BinaryIO, name: str) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """Shape, dtype and order (Fortran's?) of what follows. Raises ValueError where it is no plain array."""
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except (ValueError, SyntaxError, TypeError, OverflowError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{name} is no array that NumPy wrote ({told})") from error
    _check(dtype, name)
    return shape, dtype, fortran


def _check(dtype: np.dtype[Any], name: str) -> None:
    if dtype.hasobject:
        raise ValueError(f"{name} holds Python objects, which nntui never unpickles: {SAVE_AGAIN}")
    if dtype.fields is not None:
        raise ValueError(f"{name} holds records of several fields ({dtype}): save each field as an array of its own")
    if dtype.kind not in "biufUS":
        raise ValueError(f"{name} holds {dtype}, which no network takes: {SAVE_AGAIN}")


def _zipped(path: Path) -> Iterator[Stored]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if not member.filename.endswith(".npy"):
                continue
            with archive.open(member) as file:
                shape, dtype, fortran = _header(file, f"{path}: {name}")  # type: ignore[arg-type]  # it reads
            loader = _member_loader(path, member, shape, dtype, fortran)
            yield Stored(path, name, shape, dtype, loader)


def _member_loader(
    path: Path, member: zipfile.ZipInfo, shape: tuple[int, ...], dtype: np.dtype[Any], fortran: bool
) -> Callable[[], Array]:
    def load() -> Array:
        try:
            if member.compress_type == zipfile.ZIP_STORED and 0 not in shape and shape and not member.flag_bits & 1:
                return _map_member(path, member, shape, dtype, fortran)
            if member.file_size > LARGE:
                kept = _unpacked(path, member)
                if kept is not None:
                    return _map_npy(kept)
            with zipfile.ZipFile(path) as archive, archive.open(member) as file:
                return np.asarray(npy.read_array(file, allow_pickle=False))
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, struct.error) as error:
            raise ValueError(f"{path}: {member.filename} is not whole: {error}") from error

    return load


def _map_member(
    path: Path, member: zipfile.ZipInfo, shape: tuple[int, ...], dtype: np.dtype[Any], fortran: bool
) -> Array:
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        name, extra = struct.unpack("<HH", file.read(4))
        start = member.header_offset + 30 + name + extra
        file.seek(start)
        _header(file, member.filename)
        offset = file.tell()
    if start + member.file_size > path.stat().st_size:
        raise ValueError(f"{path}: {member.filename} is not whole")
    order: Any = "F" if fortran else "C"
    return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape, order=order)


def _unpacked(path: Path, member: zipfile.ZipInfo) -> Path | None:
    """A packed array as a .npy in the cache; None where it cannot be written there."""
    stat = path.stat()
    facts = f"{path.absolute()}\0{stat.st_size}\0{stat.st_mtime_ns}\0{member.filename}\0{member.CRC}"
    key = hashlib.sha256(facts.encode(errors="surrogateescape")).hexdigest()[:32]
    kept = cache_dir() / "arrays" / f"{key}.npy"
    if kept.exists() and kept.stat().st_size == member.file_size:
        return kept
    fresh = kept.with_name(f".{kept.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(kept.parent).free < 2 * member.file_size:
            return None
        with zipfile.ZipFile(path) as archive, archive.open(member) as packed, fresh.open("wb") as file:
            shutil.copyfileobj(packed, file, _BLOCK)
        fresh.replace(kept)
    except OSError:
        return None
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
    return kept


def _tensors(path: Path) -> Iterator[Stored]:
    size = path.stat().st_size
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > min(size, MOST_HEADER):
            raise ValueError("it is not whole, or no safetensors file")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("it is no safetensors file")
    for name, facts in sorted(header.items()):
        if name == "__metadata__":
            continue
        try:
            kind, shape = str(facts["dtype"]), tuple(int(n) for n in facts["shape"])
            begin, end = (8 + length + int(n) for n in facts["data_offsets"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"its header says nothing that makes sense of {name}") from error
        if kind not in _TENSORS:
            raise ValueError(f"{name} holds {kind}, which cannot be read: save it as F32")
        dtype = np.dtype(_TENSORS[kind])
        if not 0 < 8 + length <= begin <= end <= size or end - begin != dtype.itemsize * int(np.prod(shape)):
            raise ValueError(f"it is not whole: {name} lies beyond its end")
        told = np.dtype(np.float32) if kind == "BF16" else dtype
        yield Stored(path, name, shape, told, _tensor_loader(path, begin, dtype, shape, kind == "BF16"))


def _tensor_loader(
    path: Path, begin: int, dtype: np.dtype[Any], shape: tuple[int, ...], brain: bool
) -> Callable[[], Array]:
    def load() -> Array:
        if 0 in shape or not shape:
            return np.zeros(shape, np.float32 if brain else dtype)
        mapped: Array = np.memmap(path, dtype=dtype, mode="r", offset=begin, shape=shape)
        # bfloat16 is the upper half of a float32.
        return (mapped.astype(np.uint32) << 16).view(np.float32) if brain else mapped

    return load
