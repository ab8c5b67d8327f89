"""Why a file could not be read, and whether that may pass."""

from __future__ import annotations

import errno

_PASSING = {errno.EACCES, errno.EAGAIN, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EPERM,
            errno.ESTALE, errno.ETIMEDOUT}  # fmt: skip


class Passing(str):
    """Why a file could not be read this time. Another time it may be: nothing that was decoded without it is kept."""

    __slots__ = ()


def why(error: BaseException, told: str) -> str:
    """`told`, which passes where memory, open files, a permission or a disk was wanting, and not the file itself."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno in _PASSING):
            return Passing(told)
        cause = cause.__cause__
    return told
