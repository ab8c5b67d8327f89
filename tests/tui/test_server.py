"""The fork server's client: jobs as awaitables, whatever becomes of the server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from distributions import Site

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))  # the plugin that misbehaves is there
from jobs_site import HOSTILE, processes_with

from nntui.hooks.registry import registry
from nntui.runs.commands import append_command
from nntui.runs.creating import new_run
from nntui.runs.events import Finished, Started
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.lock import RunLock
from nntui.runs.log import read_events
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.tables import from_keywords
from nntui.tui import server as module
from nntui.tui.server import JobFailed, Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")
SMALL: dict[str, Any] = {"data": {"name": "digits", "limit": 256}, "arch": {"name": "ffn", "hidden": [16]}}
DIGITS_CNN = 'data = "digits"\narch = "cnn"\n'


@pytest.fixture(scope="module")
def home(new_site: Callable[[], Site]) -> Site:
    site = new_site()
    site.add("hostile", HOSTILE)
    return site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(home: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    with home.within(NNTUI_FORK="1"):
        server = Server(tmp_path_factory.mktemp("runs"))
        yield server
        await server.close()
        assert not processes_with(str(home.packages)), "a closed server leaves nothing"


def new(root: Path, name: str, epochs: int = 3) -> RunFolder:
    said = {**SMALL, "training": {"epochs": epochs, "batch_size": 64, "probe": False}}
    return new_run(resolve_said(Said(tree=from_keywords(said)), registry()).spec, root, name)


async def until(condition: Callable[[], T], seconds: float = 60.0) -> T:
    async with asyncio.timeout(seconds):
        while not (found := condition()):
            await asyncio.sleep(0.01)
        return found


async def failing(job: Awaitable[Any]) -> JobFailed:
    with pytest.raises(JobFailed) as failed:
        await job
    return failed.value


def ended(folder: RunFolder) -> Finished | None:
    return next((e for e in read_events(folder.events)[0] if isinstance(e, Finished)), None)


async def test_nothing_is_started_before_something_is_asked(home: Site, tmp_path: Path) -> None:
    idle = Server(tmp_path)
    assert idle.pid is None
    await idle.close()


async def test_a_data_set_is_described(server: Server) -> None:
    told = await server.describe('[data]\nname = "digits"\ntest = 0.5\n')
    assert (told.name, told.modality, told.shape, told.target) == ("digits", "image", "8 x 8 grey", "one of 10 classes")
    assert sum(told.splits.values()) == told.rows == 1797
    assert [count.name for count in told.classes] == list("0123456789")
    picture = told.examples[0].picture
    assert picture is not None and (picture.width, picture.height, len(picture.pixels)) == (8, 8, 64)


async def test_a_plan_comes_first_and_its_timing_after(server: Server) -> None:
    early: list[str] = []
    plan = await server.plan(DIGITS_CNN, first=lambda result: early.append(result.timed))
    assert early == ["being timed"]
    assert plan.layers[0].kind == "Conv2d" and sum(layer.parameters for layer in plan.layers) == plan.parameters
    assert plan.step_seconds is not None and plan.epoch_seconds is not None
    assert plan.epoch_seconds == pytest.approx(plan.step_seconds * plan.steps_per_epoch)
    assert plan.loss == pytest.approx(plan.expected_loss, abs=0.8)


async def test_nothing_is_timed_while_a_run_trains(server: Server) -> None:
    folder = create_run(server._runs, "busy-bee-1")
    with RunLock(folder):
        plan = await server.plan(DIGITS_CNN)
    assert plan.timed == "not timed: busy-bee-1 trains here"
    assert plan.step_seconds is None and plan.seconds is None and plan.loss is not None


async def test_an_activation_is_drawn_with_its_derivative(server: Server) -> None:
    curve = await server.activation("leaky-relu", {"negative_slope": 0.25})
    assert (curve.x[0], curve.x[80], curve.x[-1]) == (-5.0, 0.0, 5.0)
    assert curve.y[0] == pytest.approx(-1.25) and curve.dy[0] == pytest.approx(0.25)
    assert curve.y[-1] == 5.0 and curve.dy[-1] == 1.0
    flat = await server.activation("hostile/step", {})
    assert set(flat.dy) == {0.0} and set(flat.y) == {0.0, 1.0}


async def test_what_a_person_can_put_right_comes_with_advice(server: Server) -> None:
    wrong = await failing(server.activation("leaky-relu", {"negative_slope": 3}))
    assert wrong.kind == "request" and "less than 1" in wrong.message
    refused = await failing(server.activation("refuse", {}))
    assert (refused.message, refused.advice) == ("not on a Monday", "try on Tuesday")
    absent = await failing(server.describe('[data]\nname = "kmnist"\nroot = "/nowhere"\n'))
    assert "not on this machine" in absent.message and "put it in" in absent.advice


async def test_a_crash_is_told_and_the_next_job_is_done(server: Server) -> None:
    before = server.pid
    crashed = await failing(server.activation("crash", {}))
    assert crashed.kind == "crashed" and "SIGSEGV" in crashed.message
    await server.activation("relu", {})
    assert server.pid == before


async def test_a_hanging_job_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACTIVATION_SECONDS", 0.5)
    assert (await failing(server.activation("hang", {}))).kind == "late"


async def test_a_cancelled_await_cancels_its_job(server: Server, home: Site) -> None:
    await server.start()
    asked = asyncio.create_task(server.activation("hang", {}))
    await until(lambda: len(processes_with(str(home.packages))) == 2)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await until(lambda: len(processes_with(str(home.packages))) == 1)


async def test_an_answer_is_had_although_the_server_is_killed_meanwhile(server: Server, home: Site) -> None:
    await server.start()
    killed = server.pid
    assert killed is not None
    asked = asyncio.create_task(server.activation("slow", {}))
    await until(lambda: len(processes_with(str(home.packages))) == 2)
    os.kill(killed, signal.SIGKILL)
    assert (await asked).name == "slow"
    assert server.pid not in (None, killed)


async def test_another_code_on_disk_is_another_server(server: Server, home: Site) -> None:
    await server.start()
    before = server.pid
    server._stamped = float("-inf")
    await server.activation("relu", {})
    assert server.pid == before
    home.add("hostile", HOSTILE.replace('formula="?"', 'formula="x"'))
    server._stamped = float("-inf")
    assert (await server.activation("step", {})).formula == "x"
    assert server.pid != before
    await until(lambda: len(processes_with(str(home.packages))) == 1)


async def test_runs_go_on_when_the_server_is_closed(home: Site, tmp_path: Path) -> None:
    with home.within(NNTUI_FORK="1", MARK="run-left-alone"):
        server = Server(tmp_path)
        folder = new(tmp_path, "left-alone", 100_000)
        pid = await server.train(folder)
        await server.close()
    assert os.getsid(pid) == pid
    append_command(folder, "stop", None, "test")
    await until(lambda: ended(folder))
    await until(lambda: not processes_with("run-left-alone"))


@pytest.mark.parametrize("interest", ["lost", "kept"])
async def test_a_run_that_was_asked_for_begins_though_nntui_is_left(home: Site, tmp_path: Path, interest: str) -> None:
    with home.within(NNTUI_FORK="1", MARK="run-left-at-start"):
        server = Server(tmp_path)
        folder = new(tmp_path, "left-at-start", 100_000)
        asked = asyncio.create_task(server.train(folder))
        await until(lambda: processes_with("run-left-at-start"))  # the server is on its way, no run has begun
        if interest == "lost":  # its screen is left first
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
        assert await server.close() == [folder]
        await asyncio.gather(asked, return_exceptions=True)
        await until(lambda: any(isinstance(event, Started) for event in read_events(folder.events)[0]))
    append_command(folder, "stop", None, "test")
    await until(lambda: ended(folder))
    await until(lambda: not processes_with("run-left-at-start"))


async def test_without_forking_the_same_is_had_from_fresh_processes(home: Site, tmp_path: Path) -> None:
    with home.within(NNTUI_FORK="0", MARK="never-forked"):
        server = Server(tmp_path)
        folder = new(tmp_path, "not-forked")
        curve, crashed, pid = await asyncio.gather(
            server.activation("tanh", {}), failing(server.activation("crash", {})), server.train(folder)
        )
        assert server.pid is None
        await server.close()
    assert curve.dy[80] == 1.0
    assert crashed.kind == "crashed"
    assert os.getsid(pid) == pid
    await until(lambda: ended(folder))
    await until(lambda: not processes_with("never-forked"))


async def test_a_server_that_cannot_start_says_so(home: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntui.tui.server_process.python_words", lambda: [sys.executable, "-c", "raise OSError('no')"])
    with home.within(NNTUI_FORK="1"):
        server = Server(tmp_path)
        failed = await failing(server.activation("relu", {}))
        await server.close()
    assert "did not start" in failed.message and "no" in failed.detail


async def test_leaving_while_the_server_starts_ends_it_and_what_was_asked(home: Site, tmp_path: Path) -> None:
    with home.within(NNTUI_FORK="1", MARK="left-at-start"):
        server = Server(tmp_path)
        asked = asyncio.create_task(server.activation("relu", {}))
        await until(lambda: processes_with("left-at-start"))
        await server.close()
    assert "being left" in (await failing(asked)).message
    await until(lambda: not processes_with("left-at-start"))


async def test_closed_while_it_starts_it_leaves_neither_process_nor_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARK", "closed-at-once")
    before = asyncio.all_tasks()  # those of the file's own server among them
    server = Server(tmp_path)
    starting = asyncio.create_task(server.start())
    deadline = asyncio.get_running_loop().time() + 20
    while not any(task.get_name() == "answers of the fork server" for task in asyncio.all_tasks() - before):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.001)
    await server.close()
    with pytest.raises(JobFailed):
        await starting
    assert asyncio.all_tasks() <= before
    await until(lambda: not processes_with("closed-at-once"))
