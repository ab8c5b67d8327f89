"""A person's own data at scale: memory and speed of pictures in folders, read from the cache and from memory, and of
a table of many rows.

    python benchmarks/own_scale.py --write                          # 200,000 pictures, 5 million rows
    python benchmarks/own_scale.py --images 20000 --rows 100000     # to see that it works

Makes the pictures (32 x 32, colour, PNG, ten folders) and the table (eight columns: numbers, categories, a date; two
classes) in a scratch folder with a cache of its own, which are removed. What is measured runs in fresh processes.
Memory is beyond what Python has taken when torch and the engine are imported; pages of the cache's file count while
they are mapped. Prints JSON.
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
from page import Row, table, write

CLASSES = 10
BATCH = 64
PIECE = 500_000


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


def make_table(path: Path, count: int) -> None:
    import polars as pl

    rng = np.random.default_rng(0)
    regions = np.array(["north", "south", "east", "west", "mid", "far"])
    shops = np.array([f"shop {number}" for number in range(40)])
    with path.open("wb") as file:
        for at in range(0, count, PIECE):
            rows = min(PIECE, count - at)
            x = rng.normal(size=(rows, 4))
            region, day = rng.integers(0, len(regions), rows), rng.integers(0, 3000, rows)
            known = x[:, 0] + x[:, 1] ** 2 / 2 + (region - 2.5) * 0.3 + np.sin(day / 58)
            table = {
                "income": (x[:, 0] * 1000 + 3000).round(2),
                "age": (x[:, 1] * 10 + 40).astype(np.int64),
                "score": x[:, 2].round(4),
                "balance": x[:, 3].round(3),
                "region": regions[region],
                "shop": shops[rng.integers(0, len(shops), rows)],
                "since": np.datetime64("2015-01-01") + day.astype("timedelta64[D]"),
                "left": np.where(known + rng.normal(size=rows) / 2 > 0.5, "yes", "no"),
            }
            pl.DataFrame(table).write_csv(file, include_header=at == 0)


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
    arch = {"name": "cnn", "channels": [8, 16]}
    settings = {"batch_size": BATCH, "feed": feed, "probe": False}
    return _trained(feed, {"path": str(folder)}, arch, settings)


def table_training(path: Path) -> dict[str, Any]:
    """Two epochs of what a table is trained with by default, opening included."""
    return _trained("table", {"path": str(path), "target": "left"}, {}, {})


def _trained(name: str, data: dict[str, Any], arch: dict[str, Any], training: dict[str, Any]) -> dict[str, Any]:
    import nntui
    from nntui.engine import run  # noqa: F401 - all that a run imports is there before memory is measured

    with tempfile.TemporaryDirectory() as runs, Peak() as peak:
        began = time.perf_counter()
        done = nntui.train(data=data, arch=arch, training={"epochs": 2, **training}, runs=runs, name="scale")
        lines = (done.path / "events.jsonl").read_text().splitlines()
        accuracy = done.metrics["accuracy"]
    events = [json.loads(line) for line in lines]
    ends = [event["time"] for event in events if event["type"] == "evaluated" and event["split"] == "validation"]
    planned = next(event for event in events if event["type"] == "planned")
    rows = planned["splits"]["train"]
    return {
        f"{name}_training_megabytes": peak.megabytes,
        f"{name}_training_rows_per_second": [
            round(rows / (ends[0] - planned["time"])), round(rows / (ends[1] - ends[0])),
        ],
        f"{name}_training_seconds": round(time.perf_counter() - began, 1),
        f"{name}_accuracy": round(accuracy, 4),
    }  # fmt: skip


def rows_of(figures: dict[str, Any]) -> list[Row]:
    """What docs/benchmarks.md shows."""
    images, rows = f"{figures['images']:,} pictures", f"{figures['rows']:,} rows"
    shown = []
    for name, what in (("streaming", images), ("table", rows)):
        speeds = " and ".join(f"{speed:,}" for speed in figures[f"{name}_training_rows_per_second"])
        mb, seconds = figures[f"{name}_training_megabytes"], figures[f"{name}_training_seconds"]
        shown += [
            Row(f"{what}, two epochs and the test: memory beyond torch's", f"{mb:,} MB", "≤ 2,000 MB", mb <= 2000),
            Row(f"{what}: {seconds:,.0f} s in all; rows a second in the first and second epoch", speeds),
        ]
    cache, memory = figures["streaming_training_rows_per_second"][1], figures["resident_training_rows_per_second"][1]
    told = f"{cache:,} beside {memory:,} rows a second: {cache / memory:.2f}"
    shown.append(Row(f"{images}, second epoch from the cache beside from memory", told, "≥ 0.5", cache >= memory / 2))
    first, second = figures["first_open_seconds"], figures["second_open_seconds"]
    return [*shown, Row(f"{images}: opened the first time (decoded) and again", f"{first:.1f} s and {second:.1f} s")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part is not None:
        print(json.dumps(_part(asked.part, asked.folder)))
        return
    figures: dict[str, Any] = {"images": asked.images, "rows": asked.rows}
    with tempfile.TemporaryDirectory() as scratch:
        folder, path = Path(scratch) / "pictures", Path(scratch) / "rows.csv"
        make(folder, asked.images)
        make_table(path, asked.rows)
        environment = {**os.environ, "NNTUI_CACHE": str(Path(scratch) / "cache")}
        for part in ("reading", "streaming", "resident", "table"):
            given = path if part == "table" else folder
            command = [sys.executable, __file__, "--part", part, "--folder", str(given)]
            told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
            figures |= json.loads(told.splitlines()[-1])
    print(json.dumps({k: round(v, 2) if isinstance(v, float) else v for k, v in figures.items()}, indent=2))
    if asked.write:
        write("own scale", table(rows_of(figures), terminal=""))


def _part(name: str, given: Path) -> dict[str, Any]:
    if name == "reading":
        return reading(given)
    return table_training(given) if name == "table" else training(given, name)


if __name__ == "__main__":
    main()
