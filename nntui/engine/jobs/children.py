"""What makes a forked child safe: a job's dies with the server and is last in line for the processor; a run's has
nothing left of the server but its warm memory."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

NICE = 19
_PR_SET_PDEATHSIG = 1
_UNNAMED = range(1, signal.NSIG)


def _libc() -> ctypes.CDLL | None:
    """The C library, loaded in the server so that its children need not."""
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


LIBC = _libc()


def threads() -> int:
    """How many threads this process has; 1 where that cannot be told."""
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - names alone, and quick
    except OSError:
        return 1


def as_job(parent: int, output: int, answers: int) -> None:
    """Makes this process one that does a job for the server `parent`, and nothing else with it.

    Its standard output and error go to `output`; of the server's descriptors only `answers` stays open.
    """
    os.setsid()  # what the job starts is killed with it
    reset_signals()
    _die_with(parent)
    _own_descriptors(output, answers)
    be_modest()


def be_modest() -> None:
    """The lowest priority, and the first to go where memory runs out."""
    with suppress(OSError):
        os.nice(NICE)
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:  # noqa: PTH123 - the plain call
        score.write("1000")


def as_run(log: int, answers: int) -> None:
    """Makes this process a run's own: in a session of its own, its output in its log, deaf to a closed terminal."""
    with suppress(PermissionError):  # started as the leader of a session
        os.setsid()
    reset_signals()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _own_descriptors(log, answers)


def reset_signals() -> None:
    """As in a fresh Python process."""
    signal.set_wakeup_fd(-1)
    for number in _UNNAMED:
        if number in (signal.SIGKILL, signal.SIGSTOP):
            continue
        usual = signal.SIG_IGN if number in (signal.SIGPIPE, getattr(signal, "SIGXFSZ", 0)) else signal.SIG_DFL
        with suppress(OSError, ValueError):  # numbers that the C library keeps for itself
            signal.signal(number, usual)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _die_with(parent: int) -> None:
    if LIBC is not None:
        LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask to be told
        os._exit(1)


def _own_descriptors(output: int, answers: int) -> None:
    """No input, output and errors to `output`, everything else but `answers` closed."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for number in _open_descriptors():
        if number > 2 and number != answers:
            with suppress(OSError):
                os.close(number)


def _open_descriptors() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208 - names alone
    except OSError:
        return list(range(min(os.sysconf("SC_OPEN_MAX"), 4096)))
