"""Whether a run lives: `flock` on its `lock` file, held by the engine while it does.

A POSIX record lock would be lost when anything in the process opens and closes the file; a plain flock would outlive a
killed engine in its forked children. So: flock, and children close the descriptor as soon as they are forked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from nntui._version import __version__
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder

LOCK_VERSION = 1
HEARTBEAT_SECONDS = 1.0
GONE_SECONDS = 5.0
"""A folder that is not where it was for so long was moved away: a network folder that hiccups comes back sooner."""
_SIZE = 512
"""The record is padded to this: a beat overwrites it in place, in one write, and needs no new block on a full disk."""

_HELD = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES})
_NO_FLOCK = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK, errno.EINVAL})


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """What the lock file says of the process that has, or had, it."""

    version: int = LOCK_VERSION
    nntui: str = ""
    host: str
    boot_id: str
    pid: int
    heartbeat: float
    """Seconds since the epoch."""
    released: bool = False
    """Let go of in order: whoever looks from another machine then knows that nobody holds it."""


@dataclass(frozen=True)
class Live:
    """An engine holds the lock."""

    holder: Holder | None = None


@dataclass(frozen=True)
class Dead:
    """Nobody holds it."""

    holder: Holder | None = None


@dataclass(frozen=True)
class Unknown:
    """It cannot be told from here."""

    host: str
    """Where the engine was last seen; "" where not even that is known."""
    why: str = ""
    holder: Holder | None = None


Liveness: TypeAlias = Live | Dead | Unknown


class FolderGone(FileNotFoundError):
    """A run's folder was removed, or is no longer where its engine writes."""


@cache
def host() -> str:
    return socket.gethostname()


@cache
def boot_id() -> str:
    """Changes with each start of the machine; containers on one machine share it, as they share its locks."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        import psutil  # only here: macOS has no boot id, but it knows when it was started

        return f"boot-{int(psutil.boot_time())}"


_OPEN: set[int] = set()
"""Descriptors of lock files. A forked child closes them: it would keep a lock alive after its parent was killed."""


def _close_in_child() -> None:
    while _OPEN:
        os.close(_OPEN.pop())


os.register_at_fork(after_in_child=_close_in_child)


def _open(path: Path, flags: int) -> int:
    fd = os.open(path, flags | os.O_CLOEXEC, 0o666)
    _OPEN.add(fd)
    return fd


def _close(fd: int) -> None:
    _OPEN.discard(fd)
    os.close(fd)


def _read(fd: int) -> Holder | None:
    """The record, or None where there is none, a torn one or one of a later format."""
    try:
        holder = msgspec.json.decode(os.pread(fd, 65536, 0), type=Holder)
    except (OSError, ValueError, RecursionError):
        return None
    return holder if holder.version <= LOCK_VERSION else None


def _flock(fd: int, how: int) -> bool | None:
    """True: taken. False: another has it. None: this file system has no flock."""
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        if error.errno in _NO_FLOCK:
            return None
        raise
    return True


def _judge(taken: bool | None, holder: Holder | None) -> Liveness:
    """What an attempt to lock and the record say together."""
    if taken is False:
        return Live(holder)
    if holder is None or holder.released:
        return Dead(holder)
    here = holder.host == host()
    if taken:  # the same kernel (containers too), or this host before it was started anew
        if here or holder.boot_id == boot_id():
            return Dead(holder)
        return Unknown(holder.host, "it was started on another machine", holder)
    if here and holder.boot_id != boot_id():
        return Dead(holder)
    return Unknown(holder.host, "this file system has no locks", holder)


def probe_lock(folder: RunFolder) -> Liveness:
    """Whether an engine holds `folder`'s lock. Never raises for what it finds there.

    Takes a *shared* lock for microseconds: two who look do not take each other for an engine.
    """
    try:
        fd = _open(folder.lock, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return Dead()
    except OSError as error:
        return Unknown("", f"its lock cannot be read: {error.strerror}")
    try:
        taken = _flock(fd, fcntl.LOCK_SH)
        return _judge(taken, _read(fd))
    except OSError as error:
        return Unknown("", f"its lock cannot be tried: {error.strerror}")
    finally:
        _close(fd)


class RunLock:
    """The engine's hold on a run. Use it as a context manager, or `acquire` and `release`."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._fd: int | None = None
        self._pid = 0
        self._beaten = 0.0
        self._missed: float | None = None
        """Since when the folder was not found in its place."""
        self.exclusive = False
        """False after `acquire` on a file system without flock: nothing then keeps a second engine out."""

    @property
    def held(self) -> bool:
        """Whether this process holds it; a forked child does not."""
        return self._fd is not None and self._pid == os.getpid()

    def acquire(self, timeout: float = 1.0, *, force: bool = False) -> None:
        """Take the lock, trying for `timeout` seconds: somebody may be looking at it just now.

        Raises UserError when the run is live, or when that cannot be told from here and `force` is not given;
        OSError when the lock file cannot be written.
        """
        if self.held:
            return
        fd = _open(self._folder.lock, os.O_RDWR | os.O_CREAT)
        try:
            taken = self._try(fd, timeout)
            self._admit(_judge(taken, _read(fd)), force=force)
            self._still_there(fd)
            self._write(fd, released=False)
        except BaseException:
            _close(fd)
            raise
        self._fd, self._pid = fd, os.getpid()
        self.exclusive = taken is True

    def beat(self) -> None:
        """Renew the heartbeat, at most once a second: cheap enough for every step.

        Raises FolderGone where the run was removed, or moved away for some seconds: it would otherwise train on, write
        its checkpoints nowhere or into another run, and nobody could stop it.
        """
        now = time.monotonic()
        if now - self._beaten < HEARTBEAT_SECONDS or self._fd is None or not self.held:
            return
        self._beaten = now
        self._look_for_folder(self._fd, now)
        with suppress(OSError):  # the flock is what counts; a full disk must not end training
            self._write(self._fd, released=False)

    def release(self) -> None:
        """Let go. Does nothing in a forked child, or when not held."""
        fd, held = self._fd, self.held
        self._fd = None
        if fd is None or not held:
            return
        try:
            with suppress(OSError):  # then another machine sees `unknown` where it could have seen `dead`
                self._write(fd, released=True)
        finally:
            _close(fd)

    def __enter__(self) -> RunLock:
        self.acquire()
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    @staticmethod
    def _try(fd: int, timeout: float) -> bool | None:
        deadline = time.monotonic() + timeout
        while (taken := _flock(fd, fcntl.LOCK_EX)) is False and time.monotonic() < deadline:
            time.sleep(0.005)
        return taken

    def _admit(self, live: Liveness, *, force: bool) -> None:
        name = self._folder.name
        match live:
            case Live(holder):
                where = f" (process {holder.pid} on {holder.host})" if holder else ""
                raise UserError(f"{name} is live{where}", advice=f"nntui ctl {name} stop ends it")
            case Unknown(where, why) if not force:
                raise UserError(
                    f"whether {name} is live cannot be told from here: {why}" + (f" ({where})" if where else ""),
                    advice="make sure that nothing trains it, then say --force",
                )

    def _still_there(self, fd: int) -> None:
        """Somebody may have removed the run, or the lock file, between our opening and our locking it."""
        if not self._in_place(os.fstat(fd)):
            raise UserError(f"{self._folder.name} was removed just now", advice="nntui runs lists what there is")

    def _look_for_folder(self, fd: int, now: float) -> None:
        """A lock file without a name is gone for good. One that has a name, elsewhere, may be back in a moment."""
        try:
            mine = os.fstat(fd)
            there = self._in_place(mine)
        except OSError:  # a network folder that cannot be asked just now has not been moved
            self._missed = None
            return
        if there:
            self._missed = None
            return
        if self._missed is None:
            self._missed = now
        where = str(self._folder.path)
        if mine.st_nlink == 0:
            raise FolderGone(errno.ENOENT, "the run's folder was removed", where)
        if now - self._missed >= GONE_SECONDS:
            raise FolderGone(errno.ENOENT, "the run's folder was moved away while it trained", where)

    def _in_place(self, mine: os.stat_result) -> bool:
        try:
            there = self._folder.lock.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

    @staticmethod
    def _write(fd: int, *, released: bool) -> None:
        holder = Holder(
            nntui=__version__, host=host(), boot_id=boot_id(), pid=os.getpid(), heartbeat=time.time(), released=released
        )
        record = msgspec.json.encode(holder)
        os.pwrite(fd, record.ljust(_SIZE - 1) + b"\n", 0)
