"""A panel's process: draws what a run becomes, and keeps to itself whatever its plugin does."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from textwrap import dedent

import odd_panels
import psutil
import pytest
from distributions import Site

from nntui.runs.folder import RunFolder
from nntui.tui.draw.text import text_of
from nntui.tui.plugin_panels.client import Limits, PanelProcess
from nntui.tui.plugin_panels.wire import Drawn, Failure, Said, Shape, Staged

SHAPE = Shape(width=60, height=10)
PATIENT = Limits(start=60, first=60, draw=60, interval=0.05)


@pytest.fixture(autouse=True)
def within(odd: Site) -> Iterator[None]:
    with odd.within():
        yield


class Heard:
    """A panel's process at work, and what it said."""

    def __init__(self, folder: RunFolder, panel: str, limits: Limits) -> None:
        self.said: asyncio.Queue[Said] = asyncio.Queue()
        self.process = PanelProcess(folder, panel, self.said.put_nowait, limits)
        self.process.resize(SHAPE)
        self.task = asyncio.create_task(self.process.run())

    async def next(self) -> Drawn | Failure:
        """The next drawing or failure."""
        async with asyncio.timeout(60):
            while isinstance(said := await self.said.get(), Staged):
                pass
            return said

    async def drawing(self) -> str:
        said = await self.next()
        assert isinstance(said, Drawn), said
        return "\n".join(map(text_of, said.lines))

    async def failure(self) -> Failure:
        said = await self.next()
        assert isinstance(said, Failure), said
        return said


@asynccontextmanager
async def started(folder: RunFolder, panel: str, limits: Limits = PATIENT) -> AsyncIterator[Heard]:
    heard = Heard(folder, f"odd/{panel}", limits)
    try:
        yield heard
    finally:
        heard.task.cancel()
        await asyncio.wait([heard.task])


async def gone(pid: int) -> bool:
    """Waits until a process has ended."""
    async with asyncio.timeout(30):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.02)
    return True


async def test_it_draws_what_the_run_becomes(run: RunFolder) -> None:
    async with started(run, "newest") as heard:
        assert await heard.drawing() == "step 1: loss 1"
        odd_panels.append(run, odd_panels.progress(2), odd_panels.progress(3))
        assert await heard.drawing() == "step 3: loss 3"


async def test_it_draws_at_most_once_a_second_however_often_run_and_room_change(run: RunFolder) -> None:
    assert Limits().interval == 1.0
    async with started(run, "counts", Limits(start=60, first=60, draw=60)) as heard:
        assert await heard.drawing() == "1 calls, step 1"
        begun = asyncio.get_running_loop().time()
        for step in range(2, 40):
            odd_panels.append(run, odd_panels.progress(step))
            heard.process.resize(Shape(width=step, height=10))
        assert await heard.drawing() == "2 calls, step 39"
        assert asyncio.get_running_loop().time() - begun > 0.5


async def test_a_panel_that_nobody_sees_is_not_drawn(run: RunFolder) -> None:
    async with started(run, "counts") as heard:
        await heard.drawing()
        heard.process.resize(Shape(width=60, height=10, shown=False))
        odd_panels.append(run, odd_panels.progress(2))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):  # as long as it takes to see that nothing comes
                await heard.next()
        heard.process.resize(SHAPE)
        assert await heard.drawing() == "2 calls, step 2"


@pytest.mark.parametrize(
    ("panel", "said", "ended"),
    [
        ("raises", "raised ValueError: no \x1b[31mgood [bold]at all while drawing", False),
        ("leaves", "called sys.exit(7) while drawing", False),
        ("leaves-hard", "ended its process (exit code 7) while it was to draw", True),
        ("crashes", "crashed the interpreter (SIGSEGV) while it was to draw", True),
        ("garbage", "returned int: a Rich renderable, text, or a list of lines was expected", False),
        ("ten-megabytes", "returned 10,485,760 characters: at most 200,000 are drawn", False),
        ("prints-without-end", "printed more than 16 MB, and was stopped", True),
        ("overwrites", "wrote over the drawings that nntui was waiting for", True),
        ("absent", "the module 'nntui_odd_code' has no 'absent'", True),
        ("unheard-of", "no panel called 'odd/unheard-of'", True),
    ],
)
async def test_whatever_it_does_is_told(run: RunFolder, panel: str, said: str, ended: bool) -> None:
    async with started(run, panel) as heard:
        failure = await heard.failure()
        assert said in failure.message and failure.ended == ended
        if ended:
            await heard.task
            assert heard.process.pid is not None and await gone(heard.process.pid)


@pytest.mark.parametrize(
    ("panel", "limits", "said"),
    [
        ("hangs", Limits(start=60, first=0.3), "took more than 0.3 s to draw, and was stopped"),
        ("hangs-when-imported", Limits(start=1), "took more than 1 s to be imported, and was stopped"),
    ],
)
async def test_one_that_hangs_is_stopped(run: RunFolder, panel: str, limits: Limits, said: str) -> None:
    async with started(run, panel, limits) as heard:
        failure = await heard.failure()
        assert (failure.message, failure.ended) == (said, True)
        assert heard.process.pid is not None and await gone(heard.process.pid)


async def test_an_error_comes_with_its_traceback_and_what_was_printed(run: RunFolder) -> None:
    async with started(run, "raises") as heard:
        failure = await heard.failure()
        assert 'in raises\n    raise ValueError("no' in failure.trace
        assert failure.printed == "just before it fails"


async def test_a_native_crash_leaves_its_stack(run: RunFolder) -> None:
    async with started(run, "crashes") as heard:
        assert "in crashes" in (await heard.failure()).trace


async def test_one_that_failed_is_asked_again_when_the_run_goes_on(run: RunFolder) -> None:
    async with started(run, "moody") as heard:
        assert "raised KeyError: 'validation'" in (await heard.failure()).message
        odd_panels.append(run, odd_panels.evaluated(10, accuracy=0.5))
        assert await heard.drawing() == "epoch 1"


async def test_what_it_prints_is_told_and_spoils_nothing(run: RunFolder) -> None:
    async with started(run, "prints") as heard:
        said = await heard.next()
        assert isinstance(said, Drawn)
        assert (said.lines, said.printed) == ([[("drawn", "")]], "and below it")


async def test_it_reads_nothing_of_what_is_for_the_process(run: RunFolder) -> None:
    async with started(run, "reads") as heard:
        assert await heard.drawing() == "''"


async def test_it_runs_without_torch_and_without_textual(run: RunFolder) -> None:
    async with started(run, "modules") as heard:
        heard.process.resize(Shape(width=60, height=500))
        modules = set((await heard.drawing()).split())
        assert "rich" in modules and not {"torch", "textual", "numpy"} & modules


async def test_nothing_that_it_started_is_left_behind(run: RunFolder) -> None:
    async with started(run, "forks") as heard:
        pids = [int(pid) for pid in (await heard.drawing()).split()]
        assert heard.process.pid == pids[0]
    assert [await gone(pid) for pid in pids] == [True, True]


@pytest.mark.parametrize("panel", ["newest", "hangs"])
async def test_it_ends_with_an_interface_that_is_killed(run: RunFolder, odd: Site, panel: str) -> None:
    code = f"""
        import asyncio
        from pathlib import Path
        from nntui.runs.folder import RunFolder
        from nntui.tui.plugin_panels.client import Limits, PanelProcess
        from nntui.tui.plugin_panels.wire import Drawn, Shape, Staged

        def heard(said):
            if said == Staged("drawing"):
                print(process.pid, flush=True)

        process = PanelProcess(RunFolder(Path({str(run.path)!r})), "odd/{panel}", heard, Limits(first=60))
        process.resize(Shape(width=10, height=10))
        asyncio.run(process.run())
    """
    interface = subprocess.Popen(
        [sys.executable, "-c", dedent(code)], stdout=subprocess.PIPE, env=odd.environment(), text=True
    )
    assert interface.stdout is not None
    pid = int(interface.stdout.readline())
    assert psutil.pid_exists(pid)
    os.kill(interface.pid, signal.SIGKILL)
    interface.wait()
    interface.stdout.close()
    assert await gone(pid)


async def test_a_run_of_a_later_nntui_is_told(run: RunFolder) -> None:
    later = run.events.read_text().replace('"version":1', '"version":99').replace('"nntui":"0.1.0"', '"nntui":"9.0"')
    run.events.write_text(later)
    async with started(run, "newest") as heard:
        failure = await heard.failure()
        assert failure.ended and "9.0" in failure.message + failure.advice
