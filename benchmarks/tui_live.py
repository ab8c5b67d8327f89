"""The parts of `tui.py` in which a run trains: its first step, its pace beside an interface, bytes, keys."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Hashable, Iterator
from itertools import pairwise
from pathlib import Path

import psutil
from page import Row
from terminals import LIVE, PANELS, SIZES, Terminal, cpu, interface, p95, training, wait

from nntui.runs.commands import append_command
from nntui.runs.events import AnyEvent, Finished, Planned, Progress, Started
from nntui.runs.folder import RunFolder, list_runs
from nntui.runs.log import EventReader, read_events

CASES = [(data, arch) for data in ("digits", "fashion-mnist") for arch in ("ffn", "cnn", "rnn")]


def first(root: Path, rounds: int) -> Iterator[Row]:
    """From the key to the first step. No event is written at that step itself: the first that knows of a step comes
    some steps later, and `_first_step` takes off what those must have taken."""
    for data, arch in CASES:
        steps, told, planned = [], [], []
        with interface(root, "new") as terminal:
            terminal.wait_for("$ nntui train", 60)
            _choose(terminal, "data", data)
            _choose(terminal, "network", arch)
            for _ in range(rounds):
                terminal.wait_for(lambda text: re.search(r"● Train\s+about [0-9]", text), 180)
                terminal.wait_quiet(1.5, 60)
                before = {folder.path for folder in list_runs(root)}
                pressed = time.time()
                terminal.send("T")
                wait(lambda known=before: len(list_runs(root)) > len(known), 60)
                (folder,) = (folder for folder in list_runs(root) if folder.path not in before)
                events = _until_it_trains(folder)
                steps.append(_first_step(events) - pressed)
                told.append(next(e.time for e in events if _steps(e)) - pressed)
                planned.append(next(e.time for e in events if isinstance(e, Planned)) - pressed)
                _end(folder)
                terminal.wait_for("test", 60)
                terminal.send("q")
                terminal.wait_for("$ nntui train", 30)
        median = statistics.median(steps)
        what = (
            f"{data}, {arch}, {rounds} rounds: slowest {max(steps):.2f} s; planned after "
            f"{statistics.median(planned):.2f} s, the first event of a step after {statistics.median(told):.2f} s"
        )
        yield Row(what, f"{median:.2f} s", "≤ 0.6 s", median <= 0.6)


def _first_step(events: list[AnyEvent]) -> float:
    """When the first step was done, at the latest: the first event that knows of a step, less its further steps at the
    fastest pace that the run ever had."""
    one = next(event for event in events if _steps(event))
    paces = [event for event in events if isinstance(event, Progress)]
    fastest = min((b.time - a.time) / (b.step - a.step) for a, b in pairwise(paces))
    return one.time - (_steps(one) - 1) * fastest


def _choose(terminal: Terminal, label: str, name: str) -> None:
    """A data set or a network, from its list."""
    while not (row := _cursor(terminal)).startswith(label):
        terminal.send("down")
        wait(lambda old=row: _cursor(terminal) not in ("", old), 10)
        terminal.wait_quiet(0.2, 10)  # a row's text also changes when another choice suggests another value
    terminal.send("enter")
    terminal.wait_for("type to search")
    terminal.send(name)
    terminal.wait_for(lambda text: "type to search" not in text and f"▸ {name}" in text)
    terminal.send("enter")
    terminal.wait_for(lambda text: "╰" not in text and re.search(rf"{label}\s+‹ {name} ›", text))
    terminal.wait_quiet(0.5, 60)


def _cursor(terminal: Terminal) -> str:
    """The row of the form that is chosen."""
    return next((line[1:].strip() for line in terminal.lines if line.startswith("▸")), "")


def _steps(event: AnyEvent) -> int:
    return getattr(event, "step", 0) or 0


def _until_it_trains(folder: RunFolder) -> list[AnyEvent]:
    """Its events, until there are some of its pace."""
    reader = EventReader(folder.events)
    events: list[AnyEvent] = []

    def told() -> bool:
        events.extend(reader.poll())
        return sum(isinstance(event, Progress) for event in events) >= 5

    wait(told, 120)
    return events


def _end(folder: RunFolder) -> None:
    """Until its process is gone: the next round has the machine for itself."""
    append_command(folder, "stop", None, "benchmark")
    wait(lambda: any(isinstance(e, Finished) for e in read_events(folder.events)[0]), 120)
    pid = next(e.pid for e in read_events(folder.events)[0] if isinstance(e, Started))
    wait(lambda: not psutil.pid_exists(pid), 60)


class Pace:
    """Steps a second of a run between two moments, from its own events."""

    def __init__(self, folder: RunFolder) -> None:
        self.reader = EventReader(folder.events)
        self.points: list[tuple[float, int]] = []

    def between(self, begin: float, end: float) -> float:
        self.points += [(e.time, e.step) for e in self.reader.poll() if isinstance(e, Progress)]
        inside = [point for point in self.points if begin <= point[0] <= end]
        (t0, s0), (t1, s1) = inside[0], inside[-1]
        return (s1 - s0) / (t1 - t0)


def beside(root: Path, rounds: int, window: float, settle: float) -> Iterator[Row]:
    for case, settings in LIVE.items():
        with training(root, case.replace(" ", "-"), settle + rounds * 4 * (window + 3), **settings) as folder:
            time.sleep(settle)  # the events of a run's first minute come more often
            shares: dict[tuple[int, int], list[float]] = {size: [] for size in SIZES}
            windows: dict[str, list[tuple[float, float]]] = {"80": [], "none": [], "120": [], "null": []}
            for _ in range(rounds):
                for name, size in (("80", SIZES[0]), ("none", None), ("120", SIZES[1]), ("null", None)):
                    if size is None:
                        windows[name].append(_window(window))
                        continue
                    with interface(root, "attach", folder.name, size=size) as terminal:
                        terminal.wait_for("training", 30)
                        time.sleep(1.5)
                        process = psutil.Process(terminal.process.pid)
                        spent = cpu(process)
                        windows[name].append(_window(window))
                        shares[size].append((cpu(process) - spent) / window)
            pace = Pace(folder)
            rates = {name: [pace.between(*w) for w in all_windows] for name, all_windows in windows.items()}
        yield from _beside_rows(case, rounds, rates, shares)


def _beside_rows(
    case: str, rounds: int, rates: dict[str, list[float]], shares: dict[tuple[int, int], list[float]]
) -> Iterator[Row]:
    null = statistics.median(b / a for a, b in zip(rates["none"], rates["null"], strict=True))
    for name, size, most in (("80", SIZES[0], 0.03), ("120", SIZES[1], 0.05)):
        ratio = statistics.median(a / b for a, b in zip(rates[name], rates["none"], strict=True))
        label = f"{size[0]}x{size[1]}"
        told = f"{statistics.median(rates[name]):,.1f} steps/s, ratio {ratio:.3f}, null pair {null:.3f}"
        what = f"training beside an interface at {label}, {case}, {rounds} rounds: {told}"
        yield Row(what, f"{ratio / null:.3f}", "≥ 0.97", ratio / null >= 0.97)
        share = statistics.median(shares[size])
        yield Row(f"its CPU at {label}, {case}", f"{share:.1%} of a core", f"≤ {most:.0%}", share <= most)


def _window(seconds: float) -> tuple[float, float]:
    begin = time.time()
    time.sleep(seconds)
    return begin, time.time()


def bytes_sent(root: Path, seconds: float, settle: float) -> Iterator[Row]:
    """One interface at a time, each panel in turn."""
    with training(root, "bytes", settle + len(SIZES) * (len(PANELS) * (seconds + 3) + 5), **LIVE["digits ffn"]) as run:
        time.sleep(settle)
        for size, most in zip(SIZES, (6, 10), strict=True):
            with interface(root, "attach", run.name, size=size) as terminal:
                terminal.wait_for(lambda text: "training" in text and PANELS[-1] in text, 30)
                for panel in PANELS:
                    terminal.send(panel)
                    time.sleep(2)
                    before = terminal.received
                    time.sleep(seconds)
                    rate = (terminal.received - before) / seconds / 1024
                    what = f"sent at {size[0]}x{size[1]}, panel {panel}, {seconds:.0f} s"
                    yield Row(what, f"{rate:.1f} KiB/s", f"≤ {most} KiB/s", rate <= most)


def keys(root: Path, presses: int, settle: float) -> Iterator[Row]:
    """Each key beside what nothing but that key changes: the charts and tables change by themselves."""
    kinds: tuple[tuple[str, str, tuple[str, ...], Callable[[Terminal], Hashable]], ...] = (
        ("panels 1 to 6", "", PANELS[1:] + PANELS[:1], _tabs),
        ("z, a panel alone and back", "", ("z",), lambda t: "z back" in t.text),
        ("? and q, the help", "", ("?", "q"), lambda t: "What is what" in t.text),
        ("the chart's crosshair", "x", ("left", "right"), _crosshair),
    )
    with training(root, "keys", settle + 2 * (len(kinds) * presses * 0.6 + 10), **LIVE["digits ffn"]) as folder:
        time.sleep(settle)
        for size in SIZES:
            with interface(root, "attach", folder.name, size=size) as terminal:
                terminal.wait_for("training", 30)
                time.sleep(3)
                for kind, before, sent, looks in kinds:
                    if before:
                        terminal.send("tab", before)  # to the first chart
                        terminal.wait_for(lambda _, t=terminal: _crosshair(t), 10)
                    delays = _delays(terminal, presses, sent, looks)
                    slow = p95(delays) * 1e3
                    told = f"median {statistics.median(delays) * 1e3:.0f} ms"
                    what = f"{kind}, at {size[0]}x{size[1]}, {presses} presses: {told}"
                    yield Row(what, f"95th percentile {slow:.0f} ms", "≤ 50 ms", slow <= 50)


def _delays(
    terminal: Terminal, presses: int, sent: tuple[str, ...], looks: Callable[[Terminal], Hashable]
) -> list[float]:
    delays = []
    for number in range(presses):
        time.sleep(0.15 + 0.037 * (number % 7))
        delays.append(terminal.delay(sent[number % len(sent)], lambda: looks(terminal)))
    return delays


def _tabs(terminal: Terminal) -> Hashable:
    """The line of the panels' names, cell by cell: the one that is open looks different."""
    with terminal._guard:
        for y in range(terminal.screen.lines):
            row = terminal.screen.buffer[y]
            cells = [row[x] for x in range(terminal.screen.columns)]
            if "Layers" in (text := "".join(cell.data for cell in cells)) and "Samples" in text:
                return tuple((cell.data, cell.fg + cell.bg, cell.bold + 2 * cell.reverse) for cell in cells)
    return ()


def _crosshair(terminal: Terminal) -> Hashable:
    """The step at which a chart is read."""
    found = re.search(r"step ([\d,]+)", terminal.lines[1])
    return found and found[1]
