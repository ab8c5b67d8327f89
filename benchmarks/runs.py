"""Long runs and many runs: how fast they open, in how much memory.

    python benchmarks/runs.py                a million events, a thousand runs
    python benchmarks/runs.py --events 200000 --runs 200

Makes the runs in a temporary folder and prints one table: each figure is the median of some rounds in fresh processes,
the start of Python and the imports left out unless it says otherwise; in brackets the processor's part of it,
which is what to read on a busy machine. The events are in the page cache.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nntui.runs.events import (
    AnyEvent,
    Checkpointed,
    Evaluated,
    Finished,
    LayerPlan,
    LayerProbe,
    Planned,
    Probed,
    Progress,
    Resumed,
    Started,
)
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.log import EventWriter
from nntui.runs.summary import load_row

STRIDE = 7
"""Steps between two progress events."""
PER_EPOCH = 5000
SPIKE = 9.0
"""The loss of one event far back: who has looked at a long run in places only does not know of it."""


def events_of(count: int) -> Iterator[AnyEvent]:
    """A long run of a convolutional network on ten classes, once killed and resumed."""
    rng = random.Random(1)
    yield Started(nntui="0.1.0", host="bench", boot_id="b", pid=1)
    layers = [LayerPlan(name=f"layer{i}", kind="Linear", out=[128], parameters=16512) for i in range(8)]
    yield Planned(
        layers=layers,
        parameters=132096,
        splits={"train": 60000, "validation": 5000, "test": 5000},
        epochs=count * STRIDE // PER_EPOCH + 1,
        steps_per_epoch=PER_EPOCH,
        metric="accuracy",
        maximize=True,
        classes=[str(i) for i in range(10)],
    )
    killed, told, step = False, 0, 0
    while told < count:
        step += STRIDE
        told += 1
        loss = 2.3 * math.exp(-3 * told / count) + rng.gauss(0, 0.05)
        if told == count * 2 // 5 + 13:
            loss = SPIKE
        yield Progress(
            step=step,
            epoch=step / PER_EPOCH,
            loss=round(loss, 6) if told % 50_000 else None,
            lr=1e-3 * (1 - told / count),
            samples_per_second=rng.uniform(40e3, 42e3),
            grad_norm=rng.uniform(0.1, 2) if told % 4 == 0 else None,
        )
        if told % 1000 == 0:
            confusion = [[rng.randrange(500) for _ in range(10)] for _ in range(10)]
            metrics: dict[str, float | None] = {"accuracy": 1 - loss / 3, "loss": loss}
            yield Evaluated(step=step, epoch=step / PER_EPOCH, split="validation", metrics=metrics, confusion=confusion)
            yield Checkpointed(step=step, name=f"step-{step:08d}")
        if told % 500 == 0:
            bins = [rng.randrange(100) for _ in range(24)]
            probes = [LayerProbe(name=layer.name, grad_norm=0.1, bins=bins) for layer in layers]
            yield Probed(step=step, epoch=step / PER_EPOCH, layers=probes)
        if not killed and told == count // 2:
            killed = True
            step -= 1000 * STRIDE
            yield Started(nntui="0.1.0", host="bench", boot_id="b", pid=2)
            yield Resumed(step=step, checkpoint="step")


def make_long(root: Path, count: int) -> RunFolder:
    folder = create_run(root, "long")
    now = time.time() - count
    clock = iter(range(2 * count + 100))
    with EventWriter(folder.events, clock=lambda: now + next(clock) * 0.9) as writer:
        for event in events_of(count):
            writer.append(event)
    return folder


def make_many(root: Path, count: int) -> None:
    """Runs of a few hundred events, all ended."""
    template = list(events_of(300))
    for number in range(count):
        folder = create_run(root, f"run-{number:04d}")
        then = time.time() - 86400 + number
        with EventWriter(folder.events, clock=lambda then=then: then) as writer:
            for event in template:
                writer.append(event)
            writer.append(Finished(step=300 * STRIDE, status="done", metrics={"accuracy": 0.9}))
        os.utime(folder.events, (then, then))
        folder.run_toml.write_text('[data]\nname = "digits"\n[arch]\nname = "ffn"\n')


FRESH = """
import json, sys, time
from pathlib import Path
from nntui.runs.folder import RunFolder
from nntui.runs.listing import Listing
from nntui.runs.opening import open_quickly
from nntui.runs.indexing import load_index, save_index
from nntui.runs.window import read_window
from nntui.runs.attach import Attached
folder = RunFolder(Path(sys.argv[1]))
def resident():
    import re
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
base = resident()
begin, worked = time.perf_counter(), time.process_time()
{body}
print(json.dumps([time.perf_counter() - begin, time.process_time() - worked, resident() - base, locals().get("times")]))
"""


def fresh(body: str, path: Path) -> tuple[tuple[float, float, float], list[tuple[float, float]]]:
    """What `body` takes in a new process: seconds, seconds of CPU and MB; and the `times` that it leaves."""
    words = [sys.executable, "-c", FRESH.replace("{body}", body), str(path)]
    *took, times = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return (took[0], took[1], took[2]), times or []


def middle(rounds: int, measure: Callable[[], tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(statistics.median(column) for column in zip(*(measure() for _ in range(rounds)), strict=True))


def opening(body: str, path: Path, rounds: int) -> str:
    wall, cpu, memory = middle(rounds, lambda: fresh(body, path)[0])
    return f"{wall:.3f} s ({cpu:.3f}), +{memory:.0f} MB"


def nearly_all(times: list[tuple[float, float]]) -> str:
    """The 95th percentile of wall and of CPU, in milliseconds."""
    wall, cpu = (sorted(column)[len(column) * 95 // 100] * 1000 for column in zip(*times, strict=True))
    return f"{wall:.1f} ms ({cpu:.1f})"


PAN = """
attached = load_index(folder)
top = attached.state.history.last_step
wide = top // 64
times = []
for i in range(40):
    first = (i * 37 % 63) * wide
    at, cpu = time.perf_counter(), time.process_time()
    window = read_window(folder, attached.marks, first, first + wide)
    window.series("loss")
    times.append((time.perf_counter() - at, time.process_time() - cpu))
"""

AGAIN = """
listing = Listing(folder.path)
listing.refresh()
times = []
for i in range(20):
    at, cpu = time.perf_counter(), time.process_time()
    listing.refresh()
    times.append((time.perf_counter() - at, time.process_time() - cpu))
"""


OPEN = "opened = open_quickly(folder); opened.attached.status()"
REFRESH = "rows = Listing(folder.path).refresh()"


def measure_long(folder: RunFolder, rounds: int) -> Iterator[tuple[str, str, str]]:
    yield "events.jsonl", f"{folder.events.stat().st_size / 1e6:.0f} MB", ""
    yield "first picture (head, places, tail)", opening(OPEN, folder.path, rounds), "0.5 s"

    def index() -> tuple[float, float]:
        folder.index.unlink(missing_ok=True)
        begin, before = time.perf_counter(), os.times()
        subprocess.run([sys.executable, "-m", "nntui.runs.indexing", str(folder.path)], check=True)
        after = os.times()
        worked = after.children_user + after.children_system - before.children_user - before.children_system
        return time.perf_counter() - begin, worked

    wall, cpu = middle(rounds, index)
    yield "exact, process and imports included", f"{wall:.2f} s ({cpu:.2f})", "3 s"
    yield "index.msgpack", f"{folder.index.stat().st_size / 1e6:.1f} MB", ""
    yield "open with the index", opening(OPEN, folder.path, rounds), "0.3 s"
    yield "a window of 1/64, 95th percentile", nearly_all(fresh(PAN, folder.path)[1]), "50 ms"


def measure_many(root: Path, rounds: int) -> Iterator[tuple[str, str, str]]:
    runs = [RunFolder(path) for path in root.iterdir()]
    begin, worked = time.perf_counter(), time.process_time()
    for run in runs:
        load_row(run)
    took = f"{time.perf_counter() - begin:.2f} s ({time.process_time() - worked:.2f})"
    yield f"{len(runs)} runs that no list has shown yet", took, ""
    yield f"{len(runs)} runs, a new process", opening(REFRESH, root, rounds), "0.5 s"
    yield "again, nothing changed, 95th percentile", nearly_all(fresh(AGAIN, root)[1]), ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        rows = []
        if asked.events:
            rows += measure_long(make_long(Path(place, "long"), asked.events), asked.rounds)
        if asked.runs:
            make_many(Path(place, "many"), asked.runs)
            rows += measure_many(Path(place, "many"), asked.rounds)
    for row in [("what", "measured", "at most"), *rows]:
        print(f"{row[0]:42} {row[1]:26} {row[2]}")


if __name__ == "__main__":
    main()
