"""Long runs and many runs: how fast they open, in how much memory.

    python benchmarks/runs.py                a million events, a thousand runs
    python benchmarks/runs.py --events 200000 --runs 200

Makes the runs in a temporary folder and prints one table. The events are in the page cache; each figure is the median
of some rounds in fresh processes, the time to start Python and import nntui.runs left out, unless it says otherwise.
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
begin = time.perf_counter()
{body}
print(json.dumps([time.perf_counter() - begin, resident() - base, locals().get("figure")]))
"""


def fresh(body: str, path: Path) -> tuple[float, float, float | None]:
    """Seconds and MB that `body` takes in a new process, and the figure that it leaves."""
    words = [sys.executable, "-c", FRESH.replace("{body}", body), str(path)]
    seconds, memory, figure = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return seconds, memory, figure


def middle(rounds: int, measure: Callable[[], tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(statistics.median(column) for column in zip(*(measure() for _ in range(rounds)), strict=True))


PAN = """
attached = load_index(folder)
top = attached.state.history.last_step
wide = top // 64
times = []
for i in range(40):
    first = (i * 37 % 63) * wide
    at = time.perf_counter()
    window = read_window(folder, attached.marks, first, first + wide)
    window.series("loss")
    times.append(time.perf_counter() - at)
figure = sorted(times)[37]
"""

AGAIN = """
listing = Listing(folder.path)
listing.refresh()
times = []
for i in range(20):
    at = time.perf_counter()
    listing.refresh()
    times.append(time.perf_counter() - at)
figure = sorted(times)[18]
"""


def measure_long(folder: RunFolder, rounds: int) -> Iterator[tuple[str, str, str]]:
    size = folder.events.stat().st_size
    yield "events.jsonl", f"{size / 1e6:.0f} MB", ""

    def first(body: str) -> tuple[float, float]:
        seconds, memory, _ = fresh(body, folder.path)
        return seconds, memory

    seconds, memory = middle(rounds, lambda: first("opened = open_quickly(folder); opened.attached.status()"))
    yield "first picture (head, places, tail)", f"{seconds:.3f} s, +{memory:.0f} MB", "0.5 s"

    def index() -> tuple[float]:
        folder.index.unlink(missing_ok=True)
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "nntui.runs.indexing", str(folder.path)], check=True)
        return (time.perf_counter() - begin,)

    (seconds,) = middle(rounds, index)
    yield "exact, process and imports included", f"{seconds:.2f} s", "3 s"
    yield "index.msgpack", f"{folder.index.stat().st_size / 1e6:.1f} MB", ""
    seconds, memory = middle(rounds, lambda: first("opened = open_quickly(folder); opened.attached.status()"))
    yield "open with the index", f"{seconds:.3f} s, +{memory:.0f} MB", "0.3 s"
    _, _, pan = fresh(PAN, folder.path)
    yield "a window of 1/64, 95th percentile", f"{(pan or 0) * 1000:.0f} ms", "50 ms"


def measure_many(root: Path, rounds: int) -> Iterator[tuple[str, str, str]]:
    begin = time.perf_counter()
    rows = [load_row(RunFolder(path)) for path in root.iterdir()]
    yield f"{len(rows)} runs that no list has shown yet", f"{time.perf_counter() - begin:.2f} s", ""
    body = "figure = len(Listing(folder.path).refresh())"
    seconds, memory, _ = middle(rounds, lambda: fresh(body, root))  # type: ignore[arg-type, return-value]
    yield f"{len(rows)} runs, a new process", f"{seconds:.3f} s, +{memory:.0f} MB", "0.5 s"
    _, _, again = fresh(AGAIN, root)
    yield "again, nothing changed, 95th percentile", f"{(again or 0) * 1000:.1f} ms", ""


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
        print(f"{row[0]:42} {row[1]:22} {row[2]}")


if __name__ == "__main__":
    main()
