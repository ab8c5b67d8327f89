"""From the train key to the first optimizer step, the fork server warm.

The clock starts when the interface makes the run's folder and stops when the first step's update has been done, as the
run's own process tells: that moment is noted by the server that this file starts (`--server`), which is nntui's own
with one line around `take_step`. Nothing was looked at before the first run of a data set (its "cold" row): what
describing it in the form leaves behind on disk is then there for the others.

    python benchmarks/first_step.py [--rounds 7] [--write]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from nntui.hooks.registry import registry
from nntui.runs.creating import new_run
from nntui.runs.events import Planned, Started
from nntui.runs.folder import RunFolder
from nntui.runs.log import read_events
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.tui import server_process
from nntui.tui.server import Server

CASES = [(data, arch) for data in ("digits", "fashion-mnist") for arch in ("ffn", "cnn", "rnn")]
NOTE = "first_step.txt"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def serve() -> int:
    """The fork server, which notes when a run's first step is done."""
    from nntui.engine import forkserver, loop

    take_step = loop.take_step
    noted = False

    def noting(*arguments: Any) -> Any:
        nonlocal noted
        loss = take_step(*arguments)
        if not noted:
            noted = True
            log = Path("/proc/self/fd/1").readlink()  # the run's log.txt, in its folder
            log.with_name(NOTE).write_text(repr(time.time()))
        return loss

    loop.take_step = noting
    sys.argv[1:] = []
    return forkserver.main()


async def one(server: Server, root: Path, data: str, arch: str) -> dict[str, float]:
    """Seconds to the run's `started`, `planned` and first step."""
    said = Said(tree={"data": {"name": data}, "arch": {"name": arch}, "training": {"probe": False}})
    began = time.time()
    folder = await asyncio.to_thread(lambda: new_run(resolve_said(said, registry()).spec, root, None))
    pid = await server.train(folder)
    answered = time.time()
    note = folder.path / NOTE
    while not note.exists() or not note.read_text():
        await asyncio.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    events = read_events(folder.events)[0]
    when = {type(event): event.time for event in reversed(events)}
    await wait_dead(folder, pid)
    return {
        "started": when[Started] - began,
        "answered": answered - began,
        "planned": when[Planned] - began,
        "first step": float(note.read_text()) - began,
    }


async def wait_dead(folder: RunFolder, pid: int) -> None:
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.005)


HEAD = """| data | network | first step, median | slowest | started | planned | the first time |
| --- | --- | --- | --- | --- | --- | --- |"""


async def measure(rounds: int) -> list[str]:
    """The table's lines, printed as they are had."""
    lines = [HEAD]
    server_process._words = lambda *options: [sys.executable, __file__, "--server", *options]
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["NNTUI_CACHE"] = f"{scratch}/cache"
        server = Server(Path(scratch))
        await server.start()
        await server.activation("relu", {})
        print(HEAD)
        for data, arch in CASES:
            taken = []
            for _ in range(rounds + 1):
                taken.append(await one(server, Path(scratch), data, arch))
            cold, *warm = taken

            def told(key: str, rows: list[dict[str, float]] = warm) -> str:
                return f"{statistics.median(row[key] for row in rows):.3f} s"

            slowest = max(row["first step"] for row in warm)
            figures = [told("first step"), f"{slowest:.3f} s", told("started"), told("planned")]
            lines.append(f"| {data} | {arch} | {' | '.join(figures)} | {cold['first step']:.3f} s |")
            print(lines[-1], flush=True)
        await server.close()
    return lines


def write(lines: list[str]) -> None:
    """Puts the table into docs/benchmarks.md."""
    page = PAGE.read_text()
    before, rest = page.split("<!-- first-step: begin -->")
    after = rest.split("<!-- first-step: end -->")[1]
    day = (
        f"Measured {time.strftime('%Y-%m-%d')} on {os.cpu_count()} cores ({platform.machine()}); asked: at most 0.6 s."
    )
    body = "\n".join(lines)
    PAGE.write_text(f"{before}<!-- first-step: begin -->\n\n{day}\n\n{body}\n\n<!-- first-step: end -->{after}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--server"]:
        sys.exit(serve())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    table = asyncio.run(measure(arguments.rounds))
    if arguments.write:
        write(table)
