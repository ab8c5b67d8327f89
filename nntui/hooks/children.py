"""Asks plugins questions in processes of their own, several at once, each under a time limit.

Whatever a plugin does there (hang, crash natively, flood stdout, leave) becomes an answer about that plugin alone.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from nntui.hooks.discovery import Found

Answer = dict[str, Any]  # JSON, written by nntui.hooks.child

_BOOT = (
    "import json, sys; request = json.loads(sys.argv[1]); sys.path[:] = request['path']; "
    "from nntui.hooks.child import main; main(request)"
)
_DOING = {"index": "while being imported", "probe": "while probing"}
_LARGEST = 32 << 20
"""Bytes of an answer; more is a plugin writing to a descriptor that is not its own."""


def time_limit() -> float:
    """Seconds that a plugin may take to be imported and to yield. NNTUI_PLUGIN_TIMEOUT sets it."""
    text = os.environ.get("NNTUI_PLUGIN_TIMEOUT", "")
    try:
        seconds = float(text)
    except ValueError:
        return 20.0
    return seconds if seconds > 0 else 20.0


@dataclass(eq=False)
class _Child:
    found: Found
    task: str
    process: subprocess.Popen[bytes]
    pipe: int
    deadline: float
    received: bytearray = field(default_factory=bytearray)

    def complete(self) -> bool:
        """Whether the whole answer is here, though the pipe may be held open by something it started."""
        return self.received.startswith(b"{") and self.received.endswith(b"\n")


def ask(task: str, plugins: Iterable[Found], limit: float | None = None) -> dict[Found, Answer]:
    """Every plugin's answer to `task` ("index" or "probe"), at most `limit` seconds (default `time_limit()`) each.

    An answer holds at least `status` where the plugin gave none itself.
    """
    limit = time_limit() if limit is None else limit
    waiting, answers = deque(plugins), dict[Found, Answer]()
    live: dict[int, _Child] = {}
    most = max(1, min(4, os.cpu_count() or 1))
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or live:
                while waiting and len(live) < most:
                    found = waiting.popleft()
                    try:
                        child = _start(task, found, limit)
                    except OSError as error:
                        answers[found] = _failed(f"no process could be started to look at it: {error}")
                        continue
                    live[child.pipe] = child
                    selector.register(child.pipe, selectors.EVENT_READ)
                if not live:
                    continue
                soonest = min(child.deadline for child in live.values())
                ready = {int(key.fd) for key, _ in selector.select(max(0.0, soonest - time.monotonic()))}
                ended = [child for child in live.values() if child.pipe in ready and _read(child)]
                now = time.monotonic()
                ended += [child for child in live.values() if child not in ended and now >= child.deadline]
                for child in ended:
                    selector.unregister(child.pipe)
                    del live[child.pipe]
                    answers[child.found] = _finish(child, limit)
        finally:  # an interrupt: take along what was started
            for child in live.values():
                _kill(child)
    return answers


def _start(task: str, found: Found, limit: float) -> _Child:
    reader, writer = os.pipe()
    request = {"task": task, "target": found.target, "pipe": writer, "limit": limit, "path": sys.path}
    try:
        process = subprocess.Popen(
            # -P: the working directory must not lend its json.py to the lines before sys.path is ours
            [sys.executable, "-P", "-c", _BOOT, json.dumps(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(writer,),
            start_new_session=True,  # so that what it starts is killed with it
        )
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    return _Child(found=found, task=task, process=process, pipe=reader, deadline=time.monotonic() + limit)


def _read(child: _Child) -> bool:
    """Take in what is there; True once there is no more to come."""
    chunk = os.read(child.pipe, 1 << 16)
    child.received += chunk
    return not chunk or child.complete() or len(child.received) > _LARGEST


def _kill(child: _Child) -> None:
    try:
        os.killpg(child.process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a zombie
        pass  # it has ended already, and all that it started
    os.close(child.pipe)
    child.process.wait()


def _finish(child: _Child, limit: float) -> Answer:
    doing = _DOING[child.task]
    late = not child.complete() and time.monotonic() >= child.deadline
    if not late and not child.complete():
        try:  # it closed the pipe: its exit code is about to come
            child.process.wait(timeout=max(0.1, child.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            late = True
    code = child.process.poll()
    _kill(child)
    if child.complete():
        try:
            answer = json.loads(child.received)
        except ValueError:
            return _failed("wrote over the answer that nntui was waiting for")
        return answer if isinstance(answer, dict) else _failed("gave no answer that nntui could read")
    if late:
        return _failed(f"took more than {limit:g} s {doing}, and was stopped", seconds=limit)
    trace = child.received.decode(errors="replace")
    if code is not None and code < 0:
        return _failed(f"crashed the interpreter ({_signal_name(-code)}) {doing}", trace=trace)
    return _failed(f"ended the process (exit code {code}) {doing}", trace=trace)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _failed(message: str, *, trace: str = "", seconds: float = 0.0) -> Answer:
    return {
        "status": "failed",
        "message": message,
        "advice": "",
        "traceback": trace,
        "entries": [],
        "seconds": seconds,
        "torch": False,
    }
