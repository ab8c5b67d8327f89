"""Writing so that a crash or a full disk leaves either the old or the new, never a half."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

# What file systems say that cannot fsync a directory; their renames are as durable as they get.
_NO_FSYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES})

Data = bytes | bytearray | memoryview


def fsync_folder(path: Path) -> None:
    """Make the names in `path` durable."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:  # a folder may be writable and not readable
        return
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise
    finally:
        os.close(fd)


def write_new(path: Path, data: Data, *, durable: bool = True) -> None:
    """Create `path` (mode by umask) with `data`; OSError where that is not possible, a short write included."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        rest = memoryview(data).cast("B")
        while rest:  # a full disk takes a part first and refuses the next
            rest = rest[os.write(fd, rest) :]
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)


def write_atomic(path: Path, data: Data, *, durable: bool = True) -> None:
    """Replace `path` by `data` in one step: a sibling is written, synced and renamed over it.

    `durable=False` leaves the syncing out, for what can be made again. Raises OSError and leaves the old content.
    """
    sibling = path.with_name(f".tmp-{path.name}-{secrets.token_hex(4)}")
    try:
        write_new(sibling, data, durable=durable)
        sibling.replace(path)
    except BaseException:
        sibling.unlink(missing_ok=True)
        raise
    if durable:
        fsync_folder(path.parent)
