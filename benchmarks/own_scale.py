"""A person's own data at scale: memory and speed of pictures in folders, read from the cache and from memory.

    python benchmarks/own_scale.py --images 200000

Makes the pictures (32 x 32, colour, PNG, ten folders) in a scratch folder with a cache of its own, which are removed.
What is measured runs in fresh processes. Memory is beyond what Python has taken when torch and the engine are imported;
pages of the cache's file count while they are mapped. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

CLASSES = 10
BATCH = 64


class Peak:
    """The most memory that this process has between two moments, in MB beyond the first."""

    def __enter__(self) -> Peak:
        self._process = psutil.Process()
        self._before = self._process.memory_info().rss
        self.most = self._before
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def megabytes(self) -> int:
        return round((self.most - self._before) / 1e6)

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.most = max(self.most, self._process.memory_info().rss)


def make(folder: Path, count: int) -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    tints = rng.integers(40, 216, (CLASSES, 3))
    for number in range(count):
        if number < CLASSES:
            (folder / f"class-{number}").mkdir(parents=True)
        pixels = rng.normal(tints[number % CLASSES], 40, (32, 32, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"class-{number % CLASSES}" / f"{number:06}.png", compress_level=1)


def timed(what: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = what()
    return result, time.perf_counter() - began


def reading(folder: Path) -> dict[str, Any]:
    """Scanning, opening with and without what is kept, and epochs that only read, from the disk and from memory."""
    import torch

    from nntui.builtin.datasets.own.picture_files import pictures_below
    from nntui.engine.assembly import open_store, plain_feed
    from nntui.engine.building import open_data
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve

    spec = resolve({"data": {"path": str(folder)}, "training": {"batch_size": BATCH}}, registry())
    figures: dict[str, Any] = {}
    with Peak() as peak:
        _, figures["scan_seconds"] = timed(lambda: pictures_below(folder))
        data, figures["first_open_seconds"] = timed(lambda: open_data(spec))
        data, figures["second_open_seconds"] = timed(lambda: open_data(spec))
    figures["open_megabytes"] = peak.megabytes
    rows = data.splits["train"]

    def epochs(kind: str) -> list[float]:
        store = open_store(spec, data, rows, torch.device("cpu"), kind)
        feed = plain_feed(store, data.spec, BATCH)
        return [round(len(rows) / timed(lambda e=e: sum(1 for _ in feed.epoch(e)))[1]) for e in range(3)]

    with Peak() as peak:
        figures["streaming_rows_per_second"] = epochs("streaming")
    figures["streaming_megabytes"] = peak.megabytes
    figures["resident_rows_per_second"] = epochs("resident")
    return figures


def training(folder: Path, feed: str) -> dict[str, Any]:
    """Two epochs of a small network, opening included."""
    import nntui
    from nntui.engine import run  # noqa: F401 - all that a run imports is there before memory is measured

    channels = [8, 16]
    with tempfile.TemporaryDirectory() as runs, Peak() as peak:
        began = time.perf_counter()
        done = nntui.train(
            data={"path": str(folder)},
            arch={"name": "cnn", "channels": channels},
            training={"epochs": 2, "batch_size": BATCH, "feed": feed, "probe": False},
            runs=runs,
            name="scale",
        )
        lines = (done.path / "events.jsonl").read_text().splitlines()
        accuracy = done.metrics["accuracy"]
    events = [json.loads(line) for line in lines]
    ends = [event["time"] for event in events if event["type"] == "evaluated"]
    planned = next(event for event in events if event["type"] == "planned")
    rows = planned["splits"]["train"]
    return {
        f"{feed}_training_megabytes": peak.megabytes,
        f"{feed}_training_rows_per_second": [
            round(rows / (ends[0] - planned["time"])), round(rows / (ends[1] - ends[0])),
        ],
        f"{feed}_training_seconds": round(time.perf_counter() - began, 1),
        f"{feed}_accuracy": round(accuracy, 4),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part is not None:
        part = reading(asked.folder) if asked.part == "reading" else training(asked.folder, asked.part)
        print(json.dumps(part))
        return
    figures: dict[str, Any] = {"images": asked.images}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "pictures"
        make(folder, asked.images)
        environment = {**os.environ, "NNTUI_CACHE": str(Path(scratch) / "cache")}
        for part in ("reading", "streaming", "resident"):
            command = [sys.executable, __file__, "--part", part, "--folder", str(folder)]
            told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
            figures |= json.loads(told.splitlines()[-1])
    print(json.dumps({k: round(v, 2) if isinstance(v, float) else v for k, v in figures.items()}, indent=2))


if __name__ == "__main__":
    main()
