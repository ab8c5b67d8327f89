"""One pass over an array: a hash of what it holds, and which rows hold numbers that are not finite. It is remembered
for large files, so that it is made once."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.own.mapped import Hold
from nntui.hooks.places import cache_dir, write_atomically

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.own.array_files import Stored

REMEMBERED = 16 << 20
"""Bytes of an array above which its survey is written down."""
CHUNK = 8 << 20
"""Bytes looked at together."""
LISTED = 20


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What was seen of an array."""

    digest: str
    """SHA-256 of dtype, shape and content."""
    odd: int = 0
    """Numbers that are NaN or infinite."""
    odd_rows: int = 0
    first: tuple[int, ...] = ()
    """Some of the rows that hold them."""


def survey(one: Stored, array: npt.NDArray[Any]) -> Survey:
    """Raises OSError where the file cannot be read to its end."""
    place = None
    if array.nbytes > REMEMBERED:
        stat = one.file.stat()
        facts = f"1\0{one.file.absolute()}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}\0{one.name}"
        key = hashlib.sha256(facts.encode(errors="surrogateescape")).hexdigest()[:32]
        place = cache_dir() / "surveys" / f"{key}.json"
        with contextlib.suppress(OSError, ValueError, TypeError):
            known = json.loads(place.read_text(encoding="utf-8"))
            return Survey(**{**known, "first": tuple(known["first"])})
    made = _survey(array)
    if place is not None:
        with contextlib.suppress(OSError):  # a full disk costs time alone
            write_atomically(place, json.dumps(made.__dict__))
    return made


def _survey(array: npt.NDArray[Any]) -> Survey:
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    odd = odd_rows = 0
    first: list[int] = []
    for at, part in chunks(array):
        digest.update(np.ascontiguousarray(part).tobytes())
        if part.dtype.kind == "f":
            wrong = ~np.isfinite(part)
            if wrong.any():
                rows = np.flatnonzero(wrong.reshape(len(part), -1).any(axis=1))
                odd += int(wrong.sum())
                odd_rows += len(rows)
                first += [at + int(row) for row in rows[: LISTED - len(first)]]
    return Survey(digest=digest.hexdigest(), odd=odd, odd_rows=odd_rows, first=tuple(first))


def chunks(array: npt.NDArray[Any]) -> Any:  # pairs of a row's number and rows
    """Rows of an array, some MB at a time, each with the number of its first."""
    size = max(1, CHUNK // max(1, array.nbytes // max(1, len(array))))
    hold = Hold()
    for at in range(0, len(array), size):
        part = array[at : at + size]
        yield at, part
        hold.read(part.nbytes, array)
