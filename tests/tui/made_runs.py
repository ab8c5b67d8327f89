"""Run folders for tests of screens: real files, with times of their own."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from textual._context import visible_screen_stack
from textual.pilot import Pilot

from nntui.runs.events import Evaluated, Event, Failed, Finished, Paused, Planned, Progress, Started
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.lock import host
from nntui.runs.settings import Settings
from nntui.tui.app import NNTuiApp

NOON = time.mktime((2025, 3, 14, 12, 0, 0, 0, 0, -1))


def write_events(folder: RunFolder, events: list[Event]) -> None:
    """The events with the times that they have, as an engine of that time would have left them."""
    lines = [msgspec.json.encode(msgspec.structs.replace(e, seq=n)) for n, e in enumerate(events)]
    folder.events.write_bytes(b"\n".join(lines) + b"\n")
    last = max(event.time for event in events)
    os.utime(folder.events, (last, last))


def make_run(
    root: Path,
    name: str,
    *,
    data: str = "digits",
    arch: str = "ffn",
    begun: float = NOON,
    steps: int = 200,
    epochs: int = 4,
    end: str = "done",
    best: float = 0.9,
    lr: float = 0.003,
) -> RunFolder:
    """A run that trained for `steps` steps, 50 an epoch, and ended so: done, stopped, failed, paused, or not ("")."""
    folder = create_run(root, name)
    word = "path" if "/" in data else "name"
    text = data.replace("\x1b", "\\u001b")
    folder.run_toml.write_text(
        f'version = 1\n[data]\n{word} = "{text}"\n[arch]\nname = "{arch}"\n[optimizer]\nname = "adamw"\nlr = {lr}\n'
    )
    events: list[Event] = [
        Started(nntui="0.1.0", host=host(), boot_id="b", pid=1, time=begun),
        Planned(layers=[], parameters=9610, splits={"train": 80}, epochs=epochs, steps_per_epoch=50,
                metric="accuracy", maximize=True, time=begun + 1),
    ]  # fmt: skip
    for step in range(10, steps + 1, 10):
        when = begun + 1 + step / 10
        loss = 2.0 * math.exp(-step / 60) + 0.1
        events.append(Progress(step=step, epoch=step / 50, loss=loss, lr=lr, samples_per_second=4000.0, time=when))
        if step % 50 == 0:
            value = best * (1 - math.exp(-step / 40))
            events.append(Evaluated(step=step, epoch=step / 50, split="validation", best=True, time=when,
                                    metrics={"accuracy": value, "loss": loss * 1.1}))  # fmt: skip
    after = begun + 2 + steps / 10
    if end in ("done", "stopped"):
        metrics = {"accuracy": best}
        events.append(Finished(step=steps, status=end, seconds=steps / 10, metrics=metrics, split="test", time=after))  # type: ignore[arg-type]
    elif end == "failed":
        events.append(Failed(step=steps, kind="non-finite", message="the loss is not finite", time=after))
    elif end == "paused":
        events.append(Paused(step=steps, time=after))
    write_events(folder, events)
    return folder


def app_of(root: Path, **settings: object) -> NNTuiApp:
    """The application over `root`, with its list of runs open."""
    return NNTuiApp(root, settings=Settings(**({"theme": "dark", "charset": "braille"} | settings)))  # type: ignore[arg-type]


async def until(pilot: Pilot[object], condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something, at most so long."""
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if condition():
            return
        assert began < deadline, f"not within {seconds} s:\n{screen_text(pilot)}"
        looked = time.monotonic() - began
        await pilot.pause()
        await asyncio.sleep(max(0.01, looked))


def screen_text(pilot: Pilot[object]) -> str:
    """What the screen shows, as text; what lies below it too, as Textual draws it."""
    visible_screen_stack.set(pilot.app._background_screens)
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)
