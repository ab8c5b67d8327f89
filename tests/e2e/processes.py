"""Runs in processes that can be killed, forked from a warm process with torch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nntui.runs.events import AnyEvent
from nntui.runs.folder import RunFolder
from nntui.runs.log import read_events


class Warm:
    """Starts runs in forked children, waits for them and tells their exit codes."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NNTUI_PLUGINS": ""}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def _ask(self, line: str) -> int:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(self, folder: RunFolder) -> int:
        """The pid of a process that trains the run."""
        return self._ask(str(folder.path))

    def wait(self, pid: int) -> int:
        """Its exit code; minus the signal where it was killed."""
        return self._ask(f"wait {pid}")

    def train(self, folder: RunFolder) -> int:
        return self.wait(self.start(folder))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def slowed(pid: int, share: float = 0.2) -> Iterator[None]:
    """Lets a process run for a share of each tenth of a second: what trains while others are tested leaves them the
    processor, and has fewer steps to be trained again for comparison."""
    ended = threading.Event()

    def drive() -> None:
        with suppress(ProcessLookupError):
            while not ended.wait(0.1 * share):
                os.kill(pid, signal.SIGSTOP)
                ended.wait(0.1 * (1 - share))
                os.kill(pid, signal.SIGCONT)

    driver = threading.Thread(target=drive, name="slowed")
    driver.start()
    try:
        yield
    finally:
        ended.set()
        driver.join()


def events_of(folder: RunFolder) -> list[AnyEvent]:
    return read_events(folder.events)[0]


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Waits for the thing itself; fails when it does not come. Leaves two thirds of a core to what it waits for."""
    deadline = time.monotonic() + seconds
    while (now := time.monotonic()) < deadline:
        found = condition()
        if found:
            return found
        time.sleep(max(0.002, 2 * (time.monotonic() - now)))
    raise AssertionError(f"waited {seconds} s in vain")
