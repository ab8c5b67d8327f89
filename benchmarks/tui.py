"""The interface in figures: on a real pseudo-terminal, read as a terminal reads it (pyte).

    python benchmarks/tui.py                        # everything; about an hour
    python benchmarks/tui.py --only frame,idle      # some of it
    python benchmarks/tui.py --write                # and into docs/benchmarks.md

| part | what is measured |
| --- | --- |
| frame | from starting the process to a painted first frame, beside an empty Textual app, in alternating rounds |
| idle | bytes sent and CPU of each screen while nothing happens, 30 s each |
| beside | steps a second with an interface attached beside none, in alternating windows; the interface's own CPU |
| bytes | bytes sent while a run trains, a minute, each panel |
| keys | from a key to the first cell that it changes, while a run trains |
| million | a run with a million events: to its first picture and to the exact one, memory, a pan |
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
sys.path.insert(0, str(ROOT / "tests" / "runs"))

from terminal import NNTUI, Terminal

from nntui.hooks.registry import registry
from nntui.runs.commands import append_command
from nntui.runs.creating import new_run
from nntui.runs.events import Finished, Progress
from nntui.runs.folder import RunFolder
from nntui.runs.log import EventReader, read_events
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.tables import from_keywords

PAGE = ROOT / "docs" / "benchmarks.md"
SIZES = ((80, 24), (120, 40))
PANELS = ("1", "2", "3", "4", "5", "6")

EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("ready")
Empty().run()
"""

LIVE: dict[str, dict[str, Any]] = {  # what a case trains; any settings of a spec
    "digits ffn": {"data": "digits", "arch": {"name": "ffn", "hidden": [32]}, "batch_size": 32},
    "fashion cnn": {"data": "fashion", "arch": {"name": "cnn"}, "batch_size": 32},
    "word-languages lstm": {"data": "word-languages", "arch": {"name": "rnn", "cell": "lstm"}, "batch_size": 64},
}


@contextmanager
def training(root: Path, name: str, **settings: Any) -> Iterator[RunFolder]:
    """A run that trains in a process of its own for longer than anything here takes."""
    said = from_keywords({**settings, "epochs": 1_000_000, "threads": 1})
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


# the parts: each yields lines (what, figure, asked)

Row = tuple[str, str, str]


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
    yield (
        f"first frame (with its list), {rounds} rounds: {statistics.median(ours):.3f} s "
        f"beside {statistics.median(empty):.3f} s",
        f"{statistics.median(ratios):.2f} times",
        "≤ 1.5",
    )  # fmt: skip


def idle(root: Path, seconds: float) -> Iterator[Row]:
    folder = ended(root, "two", data="digits", epochs=2)
    for screen, words, keys in (
        ("Runs", (), ()),
        ("Run", ("attach", folder.name), ()),
        ("New run", ("new",), ()),
        ("Help", ("attach", folder.name), ("?",)),
        ("Palette", (), (":",)),
    ):
        with interface(root, *words) as terminal:
            wait(lambda t=terminal: painted(t))
            terminal.wait_quiet(2.0, 60)
            for key in keys:
                terminal.send(key)
                terminal.wait_quiet(2.0, 60)
            process = psutil.Process(terminal.process.pid)
            before, spent = terminal.received, cpu(process)
            time.sleep(seconds)
            share = (cpu(process) - spent) / seconds
            yield (
                f"idle, {screen}, {seconds:.0f} s",
                f"{terminal.received - before} bytes, {share:.2%} CPU",
                "0, < 0.5%",
            )


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


def beside(root: Path, rounds: int, window: float) -> Iterator[Row]:
    for case, settings in LIVE.items():
        with training(root, case.replace(" ", "-"), **settings) as folder:
            pace = Pace(folder)
            time.sleep(65)  # the events of a run's first minute come more often
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
            rates = {name: [pace.between(*w) for w in all_windows] for name, all_windows in windows.items()}
        null = statistics.median(b / a for a, b in zip(rates["none"], rates["null"], strict=True))
        for name, size, most in (("80", SIZES[0], "3%"), ("120", SIZES[1], "5%")):
            ratio = statistics.median(a / b for a, b in zip(rates[name], rates["none"], strict=True))
            label = f"{size[0]}x{size[1]}"
            yield (
                f"training beside an interface at {label}, {case}, {rounds} rounds: "
                f"{statistics.median(rates[name]):,.1f} steps/s, ratio {ratio:.3f}, null pair {null:.3f}",
                f"{ratio / null:.3f}",
                "≥ 0.97",
            )
            yield f"its CPU at {label}, {case}", f"{statistics.median(shares[size]):.1%} of a core", f"≤ {most}"


def _window(seconds: float) -> tuple[float, float]:
    begin = time.time()
    time.sleep(seconds)
    return begin, time.time()


def bytes_sent(root: Path, seconds: float) -> Iterator[Row]:
    """An interface for each panel, all at once on one run."""
    with training(root, "bytes", **LIVE["digits ffn"]) as folder:
        time.sleep(65)
        for size, most in zip(SIZES, (6, 10), strict=True):
            with ExitStack() as stack:
                terminals = [stack.enter_context(interface(root, "attach", folder.name, size=size)) for _ in PANELS]
                for panel, terminal in zip(PANELS, terminals, strict=True):
                    terminal.wait_for("training", 30)
                    terminal.send(panel)
                time.sleep(2)
                before = [terminal.received for terminal in terminals]
                time.sleep(seconds)
                rates = [(t.received - b) / seconds / 1024 for t, b in zip(terminals, before, strict=True)]
            for panel, rate in zip(PANELS, rates, strict=True):
                what = f"sent at {size[0]}x{size[1]}, panel {panel}, {seconds:.0f} s"
                yield what, f"{rate:.1f} KiB/s", f"≤ {most}"


def keys(root: Path, presses: int) -> Iterator[Row]:
    with training(root, "keys", **LIVE["digits ffn"]) as folder:
        for size in SIZES:
            delays: list[float] = []
            with interface(root, "attach", folder.name, size=size) as terminal:
                terminal.wait_for("training", 30)
                time.sleep(3)
                for number in range(presses):
                    time.sleep(0.15 + 0.037 * (number % 7))
                    before = _tabs(terminal)
                    began = time.perf_counter()
                    terminal.send(PANELS[(number + 1) % 5])
                    wait(lambda t=terminal, b=before: _tabs(t) != b, 5)
                    delays.append(terminal.arrived - began)  # pyte takes longer than a terminal to draw it
            middle = statistics.median(delays) * 1e3
            yield (
                f"a key to its first cell at {size[0]}x{size[1]}, {presses} presses: median {middle:.0f} ms",
                f"95th percentile {p95(delays) * 1e3:.0f} ms",
                "≤ 50 ms",
            )  # fmt: skip


def _tabs(terminal: Terminal) -> tuple[tuple[str, str, int], ...]:
    """The line of the panels' names, cell by cell: the one that is open looks different."""
    with terminal._guard:
        for y in range(terminal.screen.lines):
            row = terminal.screen.buffer[y]
            cells = [row[x] for x in range(terminal.screen.columns)]
            if "Layers" in (text := "".join(cell.data for cell in cells)) and "Samples" in text:
                return tuple((cell.data, cell.fg + cell.bg, cell.bold + 2 * cell.reverse) for cell in cells)
    return ()


def million(root: Path, rounds: int) -> Iterator[Row]:
    from runs import make_long  # benchmarks/runs.py

    folder = make_long(root, 1_000_000)
    first, exact, indexed, pans, memory = [], [], [], [], []
    for number in range(rounds):
        for path in folder.path.glob("index*"):
            path.unlink()
        with interface(root) as terminal:
            terminal.wait_for(folder.name, 60)
            terminal.wait_quiet(0.5, 60)
            terminal.send("enter")
            first.append(wait(lambda t=terminal: "loss" in t.text and "train" in t.text and "┤" in t.text, 60))
            exact.append(first[-1] + wait(lambda f=folder: any(f.path.glob("index*")), 60))
            time.sleep(1)
            terminal.send("{", "{", "{")
            terminal.wait_quiet(0.5, 30)
            for _ in range(10):
                before = terminal.text
                terminal.send("[]"[len(pans) % 2])
                pans.append(wait(lambda t=terminal, b=before: t.text != b, 10))
                terminal.wait_quiet(0.2, 30)
            memory.append(psutil.Process(terminal.process.pid).memory_info().rss / 2**20)
            terminal.send("q")
            terminal.wait_quiet(0.3, 30)
            terminal.send("enter")
            indexed.append(wait(lambda t=terminal: "┤" in t.text, 60))
        assert number >= 0
    yield "a million events: first picture", f"{statistics.median(first):.2f} s", "≤ 0.5 s"
    yield "a million events: exact, in the background", f"{statistics.median(exact):.2f} s", "≤ 3 s"
    yield "a million events: with the index", f"{statistics.median(indexed):.2f} s", "≤ 0.3 s"
    yield "a million events: a pan, 95th percentile", f"{p95(pans) * 1e3:.0f} ms", "≤ 50 ms"
    yield "a million events: memory of the interface", f"{max(memory):.0f} MiB", "< 90 MB"


def table(rows: list[Row]) -> list[str]:
    day = f"Measured {time.strftime('%Y-%m-%d')} on {os.cpu_count()} cores ({platform.machine()}), "
    head = ["| what | measured | asked |", "| --- | --- | --- |"]
    return [
        day + f"Python {platform.python_version()}, 256 colours.",
        "",
        *head,
        *(f"| {' | '.join(r)} |" for r in rows),
    ]


def write(part: str, lines: list[str]) -> None:
    """Puts a part's table into the page, in place of the one before; the other parts stay."""
    page = PAGE.read_text()
    before, rest = page.split(f"<!-- tui {part}: begin -->")
    after = rest.split(f"<!-- tui {part}: end -->")[1]
    body = "\n".join(lines)
    PAGE.write_text(f"{before}<!-- tui {part}: begin -->\n\n{body}\n\n<!-- tui {part}: end -->{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="frame,idle,beside,bytes,keys,million")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--window", type=float, default=8.0, help="seconds of a window of `beside`")
    parser.add_argument("--seconds", type=float, default=60.0, help="of `bytes`")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    parts: dict[str, Callable[[Path], Iterator[Row]]] = {
        "frame": lambda root: frame(root, arguments.rounds),
        "idle": lambda root: idle(root, 30.0),
        "beside": lambda root: beside(root, arguments.rounds, arguments.window),
        "bytes": lambda root: bytes_sent(root, arguments.seconds),
        "keys": lambda root: keys(root, 60),
        "million": lambda root: million(root, 3),
    }
    os.environ["NNTUI_PLUGINS"] = ""
    for name in arguments.only.split(","):
        rows: list[Row] = []
        with tempfile.TemporaryDirectory() as home:
            for row in parts[name](Path(home) / "runs"):
                rows.append(row)
                print(f"| {' | '.join(row)} |", flush=True)
        if arguments.write:
            write(name, table(rows))


if __name__ == "__main__":
    main()
