"""What the interface's benchmarks stand on: runs that live or have ended, and nntui on a pseudo-terminal of its own.

Everything happens below one temporary folder. The plugins of whoever measures are left out (`NNTUI_PLUGINS`).
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))

from terminal import NNTUI, Terminal

from nntui.hooks.registry import registry
from nntui.runs.commands import append_command
from nntui.runs.creating import new_run
from nntui.runs.events import Finished, Planned, Progress
from nntui.runs.folder import RunFolder
from nntui.runs.log import read_events
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.tables import from_keywords

SIZES = ((80, 24), (120, 40))
PANELS = ("1", "2", "3", "4", "5", "6")

LIVE: dict[str, dict[str, Any]] = {  # what a case trains; any settings of a spec
    "digits ffn": {"data": "digits", "arch": {"name": "ffn", "hidden": [32]}, "batch_size": 32},
    "fashion cnn": {"data": "fashion", "arch": {"name": "cnn"}, "batch_size": 32},
    "word-languages lstm": {"data": "word-languages", "arch": {"name": "rnn", "cell": "lstm"}, "batch_size": 64},
}

os.environ["NNTUI_PLUGINS"] = ""
sys.setswitchinterval(0.0005)  # what comes is stamped while pyte draws what came before


@contextmanager
def training(root: Path, name: str, seconds: float, **settings: Any) -> Iterator[RunFolder]:
    """A run that trains on one thread in a process of its own, for about half as long again as `seconds`: its charts
    fill as those of any run do, and do not wait in their first column for an end that never comes."""
    with _started(root, f"{name}-tried", epochs=1_000_000, **settings) as tried:
        rate = _epochs_a_second(tried)
    with _started(root, name, epochs=math.ceil(1.5 * seconds * rate) + 1, **settings) as folder:
        yield folder
        if any(isinstance(event, Finished) for event in read_events(folder.events)[0]):
            raise RuntimeError(f"{name} ended while it was measured: it trained faster than in its first seconds")


@contextmanager
def _started(root: Path, name: str, **settings: Any) -> Iterator[RunFolder]:
    said = from_keywords({**settings, "threads": 1})
    folder = new_run(resolve_said(Said(tree=said), registry()).spec, root, name)
    command = [*NNTUI, "train", "--no-ui", "--detached", "--resume", str(folder.path)]
    with folder.log.open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        wait(lambda: any(isinstance(e, Progress) for e in read_events(folder.events)[0]), 120)
        yield folder
    finally:
        append_command(folder, "stop", None, "benchmark")
        process.wait(120)


def _epochs_a_second(folder: RunFolder) -> float:
    time.sleep(6)
    events = read_events(folder.events)[0]
    planned = next(event for event in events if isinstance(event, Planned))
    first, *_, last = (event for event in events if isinstance(event, Progress))
    return (last.step - first.step) / (last.time - first.time) / planned.steps_per_epoch


def ended(root: Path, name: str, **settings: Any) -> RunFolder:
    """A run that is done."""
    folder = new_run(resolve_said(Said(tree=from_keywords(settings)), registry()).spec, root, name)
    subprocess.run([*NNTUI, "train", "--no-ui", "--resume", str(folder.path)], check=True, capture_output=True)
    assert any(isinstance(e, Finished) for e in read_events(folder.events)[0])
    return folder


def wait(met: Callable[[], object], seconds: float = 30.0) -> float:
    """Seconds until it is so."""
    began = time.perf_counter()
    while not met():
        if time.perf_counter() - began > seconds:
            raise TimeoutError(f"waited {seconds} s in vain")
        time.sleep(0.001)
    return time.perf_counter() - began


def interface(root: Path, *words: str, size: tuple[int, int] = (80, 24)) -> Terminal:
    home = root.parent
    environment = {"NNTUI_RUNS": str(root), "NNTUI_CONFIG": str(home / "config"), "NNTUI_CACHE": str(home / "cache")}
    return Terminal([*NNTUI, *words], columns=size[0], rows=size[1], environment=environment, cwd=home)


def painted(terminal: Terminal) -> bool:
    """Whether the last cell has a background: the whole screen was drawn."""
    screen = terminal.screen
    return screen.buffer[screen.lines - 1][screen.columns - 1].bg != "default"


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]
