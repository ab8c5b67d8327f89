"""The parts of `tui.py` in which nothing trains: the first frame, idle screens, a long list, a long run."""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
from page import Row
from runs import REFRESH, fresh, make_long, make_many
from terminals import NNTUI, Terminal, cpu, ended, interface, p95, painted, wait

EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("ready")
Empty().run()
"""


def frame(root: Path, rounds: int) -> Iterator[Row]:
    ended(root, "one", data="digits", epochs=1)
    ours, empty, ratios = [], [], []
    for number in range(rounds + 1):
        seconds = []
        for argv, text in (([*NNTUI, "--no-plugins"], "one"), ([sys.executable, "-c", EMPTY], "ready")):
            began = time.perf_counter()
            terminal = interface(root) if argv[:3] == NNTUI else Terminal(argv, columns=80, rows=24)
            with terminal:
                wait(lambda t=terminal, s=text: painted(t) and s in t.text)
                seconds.append(time.perf_counter() - began)
        if number:
            ours.append(seconds[0])
            empty.append(seconds[1])
            ratios.append(seconds[0] / seconds[1])
    ratio = statistics.median(ratios)
    what = f"first frame (with its list), {rounds} rounds: {statistics.median(ours):.3f} s "
    yield Row(f"{what}beside {statistics.median(empty):.3f} s", f"{ratio:.2f} times", "≤ 1.5", ratio <= 1.5)


class Idle(NamedTuple):
    """A screen, and how a person comes to it."""

    name: str
    words: tuple[str, ...]
    shows: str
    """On the screen when all that it waits for has come."""
    keys: tuple[str, ...] = ()
    then: str = ""
    """On the screen after the keys."""
    empty: bool = False
    """In a folder without runs."""


PLANNED = r"● Train\s+about [0-9]"
"""The form's last row once the plan is there: how long training will take."""

IDLE = (
    Idle("Runs", (), "two"),
    Idle("First start", (), "There is no run here yet", empty=True),
    Idle("Run", ("attach", "two"), "test acc|done"),
    Idle("Compare", (), "two", ("m", "m", "o"), "what differs|no difference|Compare"),
    Idle("New run", ("new",), PLANNED),
    Idle("New run, its chooser", ("new",), PLANNED, ("enter",), "type to search"),
    Idle("a question", (), "two", ("D",), "There is no"),
    Idle("Help", ("attach", "two"), "done", ("?",), "What is what"),
    Idle("Palette", (), "two", (":",), "what to do"),
)


def idle(root: Path, seconds: float) -> Iterator[Row]:
    ended(root, "one", data="digits", epochs=1)
    ended(root, "two", data="digits", epochs=2)
    for screen in IDLE:
        place = root.parent / "none" if screen.empty else root
        with interface(place, *screen.words) as terminal:
            terminal.wait_for(lambda text, s=screen.shows: re.search(s, text), 120)
            terminal.wait_quiet(2.0, 60)
            for key in screen.keys:
                terminal.send(key)
                terminal.wait_quiet(1.0, 60)
            terminal.wait_for(lambda text, s=screen.then: re.search(s, text), 30)
            terminal.wait_quiet(2.0, 60)
            process = psutil.Process(terminal.process.pid)
            before, spent = terminal.received, cpu(process)
            time.sleep(seconds)
            share = (cpu(process) - spent) / seconds
            sent = terminal.received - before
        what = f"idle, {screen.name}, {seconds:.0f} s"
        yield Row(what, f"{sent} bytes, {share:.2%} CPU", "0, < 0.5%", sent == 0 and share < 0.005)


def many(root: Path, rounds: int, count: int) -> Iterator[Row]:
    """A list of many runs: from the start of the process, and from the interface's own first frame."""
    make_many(root, count)
    one = root.parent / "one"
    make_many(one, 1)
    _to_list(root, count)  # what a list has never shown is summarised once
    _to_list(one, 1)
    whole, alone, waited = [], [], []
    for _ in range(rounds):
        start, after = _to_list(root, count)
        whole.append(start)
        waited.append(after)
        alone.append(_to_list(one, 1)[0])
    body = f"{REFRESH}; assert len(rows) == {count}"
    reading = [fresh(body, root)[0][0] for _ in range(rounds)]
    runs = f"{count:,} runs, {rounds} rounds"
    more = statistics.median(whole) - statistics.median(alone)
    median = statistics.median(waited)
    yield Row(f"{runs}: from the first frame to the list complete", f"{median:.2f} s", "≤ 0.5 s", median <= 0.5)
    yield Row(f"{runs}: more than a list of one run takes, from the start", f"{more:.2f} s", "≤ 0.5 s", more <= 0.5)
    read = statistics.median(reading)
    yield Row(f"{runs}: reading them, in a fresh process", f"{read:.2f} s", "≤ 0.5 s", read <= 0.5)
    beside = f"one run: {statistics.median(alone):.2f} s"
    yield Row(f"{runs}: from starting nntui to the rows on the screen ({beside})", f"{statistics.median(whole):.2f} s")


def _to_list(root: Path, count: int) -> tuple[float, float]:
    """Seconds from starting the process to the list, and from its first frame (in which the list is read)."""
    began = time.perf_counter()
    with interface(root) as terminal:
        wait(lambda: "reading the runs" in terminal.text or "run-" in terminal.text, 60)
        framed = time.perf_counter()
        rows = f"run-{count - 1:04d}"
        total = f"{count:,} run"
        wait(lambda: rows in (text := terminal.text) and total in text, 60)
        now = time.perf_counter()
    return now - began, now - framed


def million(root: Path, rounds: int, events: int) -> Iterator[Row]:
    """From the key that opens it to the first whole picture, and to the picture of the exact run: `make_long` hides one
    spike in the past that only who reads all of it finds, so the two look different."""
    folder = make_long(root, events)
    told = "a million events" if events == 1_000_000 else f"{events:,} events"
    first, exact, indexed, pans, memory = [], [], [], [], []
    known = _exact_picture(root, folder.name)
    for _ in range(rounds):
        for path in folder.path.glob("index*"):
            path.unlink()
        with interface(root) as terminal:
            terminal.wait_for(folder.name, 60)
            terminal.wait_quiet(0.5, 60)
            terminal.send("enter")
            first.append(wait(lambda t=terminal: _charts(t), 60))
            assert _charts(terminal) != known, "the first picture is the exact one already: too few events?"
            exact.append(first[-1] + wait(lambda t=terminal: _charts(t) == known, 60))
            time.sleep(1)
            terminal.send("{", "{", "{")
            terminal.wait_quiet(0.5, 30)
            for _ in range(10):
                before = _charts(terminal)
                terminal.send("[]"[len(pans) % 2])
                pans.append(wait(lambda t=terminal, b=before: _charts(t) not in ("", b), 10))
                terminal.wait_quiet(0.2, 30)
            memory.append(psutil.Process(terminal.process.pid).memory_info().rss / 1e6)
            terminal.send("q")
            terminal.wait_quiet(0.3, 30)
            terminal.send("enter")
            indexed.append(wait(lambda t=terminal: _charts(t) == known, 60))
    yield _within(f"{told}: first picture", statistics.median(first), 0.5)
    yield _within(f"{told}: the exact picture, in the background", statistics.median(exact), 3)
    yield _within(f"{told}: with the index", statistics.median(indexed), 0.3)
    pan = p95(pans) * 1e3
    yield Row(f"{told}: a pan, 95th percentile", f"{pan:.0f} ms", "≤ 50 ms", pan <= 50)
    yield Row(f"{told}: memory of the interface", f"{max(memory):.0f} MB", "< 90 MB", max(memory) < 90)


def _within(what: str, seconds: float, most: float) -> Row:
    return Row(what, f"{seconds:.2f} s", f"≤ {most} s", seconds <= most)


def _exact_picture(root: Path, name: str) -> str:
    """The charts of a run once its index is made."""
    with interface(root, "attach", name) as terminal:
        terminal.wait_for(lambda _: _charts(terminal), 60)
        wait(lambda: any((root / name).glob("index*")), 60)
        terminal.wait_quiet(2.0, 60)
    with interface(root, "attach", name) as terminal:
        terminal.wait_for(lambda _: _charts(terminal), 60)
        terminal.wait_quiet(1.0, 60)
        return _charts(terminal)


def _charts(terminal: Terminal) -> str:
    """The lines of a run's charts at 80x24, once they are drawn whole; "" before."""
    lines = terminal.lines[1:9]
    whole = lines[-1].count("└") == 2 and lines[0].startswith("loss") and "yet" not in "".join(lines)
    return "\n".join(lines) if whole and "layer" in terminal.text else ""
