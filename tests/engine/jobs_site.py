"""A plugin whose activations misbehave in every way, and the messages of a fork server by hand."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import psutil

from nntui.runs.jobs import AnyAnswer, AnyJob, Ready, encode, read_answer

HOSTILE = """
    import nntui

    def crash(params):
        import ctypes
        ctypes.string_at(0)

    def fail(params):
        raise ZeroDivisionError("of my own making")

    def refuse(params):
        raise nntui.UserError("not on a Monday", advice="try on Tuesday")

    def leave(params):
        raise SystemExit(7)

    def vanish(params):
        import os
        os._exit(0)

    def hang(params):
        import time
        time.sleep(600)

    def slow(params):
        import time
        from torch import nn
        time.sleep(1.5)
        return nn.Tanh()

    def flood(params):
        import os
        while True:
            os.write(1, b"x" * 65536)

    def prints(params):
        import os, sys
        from torch import nn
        print('{"answer": "failed", "kind": "internal", "message": "a lie"}', flush=True)
        os.write(1, b"to one")
        os.write(2, b"to two")
        return nn.ReLU()

    def scribble(params):
        import os, stat
        for name in os.listdir("/proc/self/fd"):
            try:
                if int(name) > 2 and stat.S_ISFIFO(os.fstat(int(name)).st_mode):
                    os.write(int(name), b"nonsense, and a new line\\n")
            except OSError:
                pass
        import time
        time.sleep(600)

    def spawn(params):
        import subprocess
        subprocess.Popen(["sleep", "600"])
        import time
        time.sleep(600)

    def halve(params):
        from torch import nn
        return nn.GLU()

    def step(params):
        import torch
        from torch import nn
        class Step(nn.Module):
            def forward(self, x):
                return (x > 0).float()
        return Step()

    @nntui.hookimpl
    def register_activations():
        for build in (crash, fail, refuse, leave, vanish, hang, slow, flood, prints, scribble, spawn, halve, step):
            yield nntui.Activation(name=build.__name__, summary="Bad", formula="?", build=build)
"""


class Raw:
    """A fork server spoken to over its pipes."""

    def __init__(self, *options: str, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nntui.engine.forkserver", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=dict(environment),
        )
        self._received = b""
        self.ready: Ready | None = None
        if not options:
            answer = self.answer()
            assert isinstance(answer, Ready)
            self.ready = answer

    def ask(self, job: AnyJob) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(encode(job) + b"\n")
        self.process.stdin.flush()

    def answer(self, seconds: float = 60.0) -> AnyAnswer | None:
        """The next one; None at the end. Fails where none comes."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + seconds
        while b"\n" not in self._received:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"no answer in {seconds} s"
            block = os.read(self.process.stdout.fileno(), 1 << 16)
            if not block:
                return None
            self._received += block
        line, _, self._received = self._received.partition(b"\n")
        return read_answer(line)

    def last_answer(self, job: AnyJob, seconds: float = 60.0) -> AnyAnswer:
        self.ask(job)
        while True:
            answer = self.answer(seconds)
            assert answer is not None
            if not answer.more:
                return answer

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait(20)


def processes_with(mark: str) -> list[psutil.Process]:
    """Processes that have `mark` in their environment, this one aside."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(mark in value for value in process.environ().values()):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def wait_for(condition: Any, seconds: float = 30.0) -> Any:
    """Waits for the thing itself; fails when it does not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.005)
    raise AssertionError(f"waited {seconds} s in vain")


def lines_of(path: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
