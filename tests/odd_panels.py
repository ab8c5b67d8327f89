"""A plugin with panels of every kind, well and ill, and a run for them to draw."""

from __future__ import annotations

from pathlib import Path

from distributions import Site

from nntui.runs.events import Evaluated, Planned, Progress, Started
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.log import EventWriter

PLUGIN = """
    import nntui

    NAMES = (
        "newest", "raises", "moody", "hangs", "leaves", "leaves-hard", "crashes", "hangs-when-imported", "garbage",
        "ten-megabytes", "prints", "prints-without-end", "overwrites", "coloured", "modules", "forks", "counts", "none",
        "reads", "absent",
    )

    @nntui.hookimpl
    def register_panels():
        for name in NAMES:
            where = "nntui_odd_hangs" if name == "hangs-when-imported" else "nntui_odd_code"
            yield nntui.Panel(name=name, summary="A panel", build=f"{where}:{name.replace('-', '_')}")
"""

CODE = r"""
    import os, subprocess, sys, time
    from rich.table import Table
    from rich.text import Text

    calls = 0

    def newest(state):
        return f"step {state.vitals.step}: loss {state.vitals.loss:g}"

    def raises(state):
        print("just before it fails")
        raise ValueError("no \x1b[31mgood [bold]at all")

    def moody(state):
        return f"epoch {state.evaluations['validation'][-1].epoch:g}"

    def hangs(state):
        while True:
            pass

    def leaves(state):
        sys.exit(7)

    def leaves_hard(state):
        os._exit(7)

    def crashes(state):
        import ctypes
        ctypes.string_at(0)

    def garbage(state):
        return 7

    def ten_megabytes(state):
        return "x" * (10 << 20)

    def prints(state):
        print("hello from the panel")
        os.write(1, b"and below it\n")
        return "drawn"

    def prints_without_end(state):
        while True:
            print("x" * 10_000)

    def overwrites(state):
        for fd in range(3, 40):
            try:
                os.write(fd, b"x" * (1 << 20) + b"\n")
            except OSError:
                pass
        return "drawn"

    def coloured(state):
        table = Table(title="T")
        table.add_column("name")
        table.add_row(Text("red", style="bold red"))
        table.add_row("\x1b[5m[blink]link[/blink]")
        table.add_row(Text("there", style="#010203 on #0a0b0c link https://example.com"))
        return table

    def modules(state):
        return "\n".join(sorted(name for name in sys.modules if "." not in name))

    def forks(state):
        child = subprocess.Popen(["sleep", "1000"])
        return f"{os.getpid()} {child.pid}"

    def counts(state):
        global calls
        calls += 1
        return f"{calls} calls, step {state.vitals.step}"

    def none(state):
        return None

    def reads(state):
        return repr(sys.stdin.read())
"""


def install(site: Site) -> None:
    """The plugin `odd`."""
    site.add("odd", PLUGIN)
    site.module("nntui_odd_code", CODE)
    site.module("nntui_odd_hangs", "import time\nwhile True: time.sleep(1)")


def made_run(root: Path, points: int = 1) -> RunFolder:
    """A run with a plan and some progress: the loss of step n is n."""
    folder = create_run(root, "quick-otter-7")
    with EventWriter(folder.events) as events:
        events.append(Started(nntui="0.1.0", host="here", boot_id="b", pid=1))
        events.append(
            Planned(
                layers=[], parameters=9, splits={"train": 80}, epochs=4, steps_per_epoch=10, metric="accuracy",
                maximize=True,
            )
        )  # fmt: skip
        for step in range(1, points + 1):
            events.append(progress(step))
    return folder


def progress(step: int) -> Progress:
    return Progress(step=step, epoch=step / 10, loss=float(step), lr=0.1)


def evaluated(step: int, **metrics: float | None) -> Evaluated:
    return Evaluated(step=step, epoch=step / 10, split="validation", metrics=metrics, train_loss=1 / step)


def append(folder: RunFolder, *events: Progress | Evaluated) -> None:
    """What the engine would write."""
    with EventWriter(folder.events) as writer:
        for event in events:
            writer.append(event)
