"""Milliseconds a frame of the chart, at 120x20, beside textual-plotext where that is installed (it is no dependency).

    python benchmarks/chart.py [--rounds 40] [--json FILE]

A frame is all that lies between new data and lines of text. `first`: nothing known of the frame before; `next`: one
point more, as while a run trains; `pan`: a zoomed window moved on. The process's own CPU time: others on the machine
cost none of it.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from array import array
from collections.abc import Callable
from pathlib import Path

from nntui.tui.chart.curves import Curve, Mark, Points, points
from nntui.tui.chart.layout import draw
from nntui.tui.chart.memory import Memory
from nntui.tui.chart.view import View
from nntui.tui.draw.charset import BRAILLE

WIDTH, HEIGHT = 120, 20
LENGTHS = (1_000, 4_096, 100_000)


def loss(length: int) -> Points:
    """A noisy loss with a NaN and a spike."""
    drawn = random.Random(0)
    values = array("d")
    for step in range(length):
        values.append((2 * math.exp(-6 * step / length) + 0.3) * (1 + drawn.gauss(0, 0.08)))
    values[length // 2] = math.nan
    values[length // 3] *= 4
    return Points(array("q", range(1, length + 1)), values)


def timed(frame: Callable[[int], object], rounds: int) -> float:
    """The median of a frame's CPU time, in milliseconds."""
    took = []
    for i in range(rounds):
        start = time.process_time_ns()
        frame(i)
        took.append((time.process_time_ns() - start) / 1e6)
    return statistics.median(took)


def ours(length: int, view: View, rounds: int) -> dict[str, float]:
    whole = loss(length)
    growing = [Points(whole.step[: length - rounds + i], whole.mean[: length - rounds + i]) for i in range(rounds)]
    validation = Curve(
        "val", "validation", points((e * length // 10, 2 * math.exp(-0.6 * e) + 0.3) for e in range(1, 10)), "points"
    )
    marks = [Mark(e * length // 10, "epoch", str(e)) for e in range(1, 11)]

    def frame(series: Points, view: View, memory: Memory) -> None:
        curves = [Curve("train", "train", series), validation]
        draw(curves, marks, view, WIDTH, HEIGHT, BRAILLE, title="loss", memory=memory)

    memory = Memory()
    frame(growing[0], view, memory)

    def pan(i: int) -> None:
        window = (length // 4 + i * length // 1000, length // 2 + i * length // 1000)
        frame(whole, View(window=window, total=length, log=view.log, smoothing=view.smoothing), memory)

    return {
        "first": timed(lambda i: frame(growing[i], view, Memory()), rounds),
        "next": timed(lambda i: frame(growing[i], view, memory), rounds),
        "pan": timed(pan, rounds),
    }


def plotext(length: int, rounds: int) -> float | None:
    """A frame of textual-plotext's plot of the same curve, None where it is not installed."""
    try:
        from textual_plotext import Plot  # type: ignore[import-not-found]
    except ImportError:
        return None
    series = loss(length)
    values = [value for value in series.mean if value == value]
    plot = Plot()

    def frame(i: int) -> None:
        plot.clear_figure()
        plot.plotsize(WIDTH, HEIGHT)
        plot.plot(list(range(len(values))), values, marker="braille")
        plot.build()

    return timed(frame, max(3, rounds // 8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, float | None]] = {}
    print(f"{'points':>8}  {'view':<12} {'first':>8} {'next':>8} {'pan':>8}  ms a frame of {WIDTH}x{HEIGHT}")
    for length in LENGTHS:
        for name, view in (
            ("plain", View(total=length)),
            ("smooth", View(total=length, smoothing=0.9)),
            ("log, smooth", View(total=length, smoothing=0.9, log=True)),
        ):
            row = ours(length, view, options.rounds)
            found[f"{length} {name}"] = dict(row)
            print(f"{length:>8}  {name:<12} {row['first']:8.2f} {row['next']:8.2f} {row['pan']:8.2f}", flush=True)
        other = plotext(length, options.rounds)
        found[f"{length} textual-plotext"] = {"first": other}
        print(f"{length:>8}  textual-plotext {'not installed' if other is None else f'{other:.2f}'}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
