"""Pictures of every screen and panel: what a person sees, kept as SVG and compared cell by cell.

All of them are made of recorded runs at a time that stands still. `--snapshot-update` keeps them anew.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from frozen import NOW, Album, dressed, frozen, settled, still
from recorded import BEGUN, STEPS, recorded, write
from shelf import Answering, on_a_series, on_texts, shelved
from syrupy import SnapshotAssertion
from textual.pilot import Pilot
from textual.widgets import Input

from nntui.runs.checkpoints import write_checkpoint
from nntui.runs.commands import Command
from nntui.runs.events import Failed, Paused, Progress
from nntui.runs.folder import RunFolder
from nntui.runs.lock import RunLock
from nntui.runs.settings import Settings
from nntui.tui.app import NNTuiApp
from nntui.tui.screens.new_run import NewRunScreen
from nntui.tui.server import JobFailed
from nntui.tui.widgets.chart import Chart
from nntui.tui.widgets.form import FormView
from nntui.tui.widgets.runs_table import RunsTable

SMALL, USUAL, WIDE, LARGE = (80, 24), (100, 30), (120, 40), (200, 60)
RUNS = Path("runs")


@pytest.fixture(autouse=True)
def _frozen(tmp_path: Path) -> Iterator[None]:
    with frozen(tmp_path):
        yield


@pytest.fixture
def album(snapshot: SnapshotAssertion, tmp_path: Path) -> Album:
    return Album(snapshot, tmp_path)


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Locks, held until the test ends."""
    with ExitStack() as stack:
        yield stack


@asynccontextmanager
async def shown(
    size: tuple[int, int] = SMALL, server: Answering | None = None, **how: Any
) -> AsyncIterator[Pilot[Any]]:
    app = NNTuiApp(RUNS, settings=Settings(theme="dark", charset="braille"), **how)
    app._server = server or Answering()  # type: ignore[assignment]
    async with app.run_test(size=size) as pilot:
        yield pilot


# --- Runs ------------------------------------------------------------------------------------------------------------


async def test_runs(album: Album, held: ExitStack) -> None:
    shelved(RUNS, held)
    async with shown() as pilot:
        await album.take(pilot, "runs-80x24", "9 runs", "brave-tern-2")
        await pilot.press("slash", *"cnn")
        await album.take(pilot, "runs-find-80x24", "4 of 9")
        await pilot.press("escape", "m", "j", "m")
        await dressed(pilot, size=USUAL, theme="light")
        await album.take(pilot, "runs-light-100x30", "2 marked")
        await dressed(pilot, size=WIDE, theme="contrast")
        await album.take(pilot, "runs-contrast-120x40", "note")
        await dressed(pilot, size=LARGE)
        await album.take(pilot, "runs-200x60", "note")
        await dressed(pilot, size=SMALL, theme="16", charset="ascii")
        await album.take(pilot, "runs-16-ascii-80x24", "9 runs")
    album.check()


async def test_the_first_start(album: Album) -> None:
    async with shown() as pilot:
        await album.take(pilot, "first-start-80x24", "Read hand-written digits")
    album.check()


# --- New run ---------------------------------------------------------------------------------------------------------


async def formed(pilot: Pilot[Any], **choices: str) -> FormView:
    """The form, with these said."""
    screen = pilot.app.screen
    assert isinstance(screen, NewRunScreen)
    while screen._form is None or not screen.ready:
        await pilot.pause(0.01)
    for table, name in choices.items():
        screen.form.set(f"{table}.name", name)
        screen._changed()
    return screen.query_one(FormView)


async def test_new_run(album: Album) -> None:
    async with shown(screen="new") as pilot:
        view = await formed(pilot, data="fashion", arch="cnn", activation="gelu")
        await album.take(pilot, "new-form-80x24", "about 67 s")
        await pilot.press("2")
        await album.take(pilot, "new-plan-80x24", "Conv2d")
        await pilot.press("3")
        await album.take(pilot, "new-activation-80x24", "gelu")
        await pilot.press("4")
        await album.take(pilot, "new-data-80x24", "t-shirt")
        await pilot.press("1")
        await dressed(pilot, size=WIDE)
        await album.take(pilot, "new-120x40", "Conv2d", "t-shirt", "gelu")
        await dressed(pilot, size=USUAL, theme="light")
        await album.take(pilot, "new-light-100x30", "Conv2d", "2,000 rows", "gelu")
        await dressed(pilot, size=SMALL)
        view.move_to([row.key for row in view.rows].index("arch.name"))
        await pilot.press("enter")
        await album.take(pilot, "new-chooser-80x24", "type to search")
    album.check()


async def test_new_run_with_mistakes(album: Album) -> None:
    server = Answering()
    server.fails["plan"] = JobFailed("the job was killed at its deadline", advice="a smaller batch", kind="late")
    server.hangs.add("describe")
    async with shown(WIDE, server, screen="new") as pilot:
        view = await formed(pilot)
        await album.take(pilot, "new-failed-120x40", "killed at its deadline", "max(0, x)")
        for key, text in (("training.epochs", "0"), ("optimizer.lr", "fast")):
            view.move_to([row.key for row in view.rows].index(key))
            await pilot.press("enter")
            pilot.app.screen.query_one(FormView)
            await pilot.press(*text, "enter")
        await album.take(pilot, "new-mistakes-120x40", "2 things are wrong above")
    album.check()


# --- Run -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def live(held: ExitStack) -> RunFolder:
    folder = recorded(RUNS)
    held.enter_context(RunLock(folder))
    return still(folder)


@asynccontextmanager
async def run(folder: RunFolder, size: tuple[int, int] = SMALL) -> AsyncIterator[Pilot[Any]]:
    """A run's screen, with the panels of plugins: they come later."""
    async with shown(size, open=folder, screen="run") as pilot:
        await settled(pilot, "6 metrics")
        yield pilot


async def test_a_run_and_its_panels(album: Album, live: RunFolder) -> None:
    async with run(live) as pilot:
        await album.take(pilot, "run-layers-80x24", "conv1", "training")
        for key, name, word in (("2", "samples", "t-shirt"), ("3", "confusion", "worst"), ("4", "log", "loading"),
                                ("5", "commands", "refused"), ("6", "metrics", "0.8441★")):  # fmt: skip
            await pilot.press(key)
            await album.take(pilot, f"run-{name}-80x24", word)
        await pilot.press("1", "enter")
        await album.take(pilot, "run-layers-why-80x24", "no gradient reaches")
        await pilot.press("enter")
        await dressed(pilot, size=SMALL, theme="16", charset="ascii")
        await album.take(pilot, "run-16-ascii-80x24", "conv1")
        await dressed(pilot, size=(40, 8))
        await album.take(pilot, "run-40x8", "too small")
        await dressed(pilot, size=(60, 15), theme="dark", charset="braille")
        await album.take(pilot, "run-60x15", "too small")
    album.check()


async def test_a_run_on_larger_terminals(album: Album, live: RunFolder) -> None:
    async with run(live, USUAL) as pilot:
        await dressed(pilot, size=USUAL, theme="light")
        await album.take(pilot, "run-light-100x30", "conv1")
        await dressed(pilot, size=WIDE)
        await album.take(pilot, "run-120x40", "conv1", "t-shirt")
        await dressed(pilot, size=LARGE)
        await album.take(pilot, "run-200x60", "conv1", "t-shirt", "worst")
        await dressed(pilot, size=WIDE, theme="contrast")
        pilot.app.screen.query_one("#loss", Chart).focus()
        await pilot.press("z", "x", "left", "left", "L")
        await album.take(pilot, "run-chart-contrast-120x40", "loss")
    album.check()


async def test_runs_on_texts_and_series(album: Album, held: ExitStack) -> None:
    for name, folder in (("text", on_texts(RUNS)), ("series", on_a_series(RUNS))):
        held.enter_context(RunLock(folder))
        async with run(folder, WIDE) as pilot:
            await album.take(pilot, f"run-{name}-120x40", folder.name, "training", "head.1")
    album.check()


async def test_a_paused_run_that_was_asked_something(album: Album, live: RunFolder) -> None:
    write(live, [Paused(time=NOW - 9, step=round(3.4 * STEPS))])
    asked = Command(id="c", time=NOW - 0.4, by="tui:ada@pts/3", kind="lr-scale", value=0.5)
    with live.commands.open("ab") as file:
        file.write(msgspec.json.encode(asked) + b"\n")
    async with run(still(live)) as pilot:
        await album.take(pilot, "run-paused-80x24", "paused", "asked 0.4 s ago")
    album.check()


async def test_a_run_that_failed(album: Album) -> None:
    folder = recorded(RUNS, until=2.4)
    step = round(2.4 * STEPS)
    when = BEGUN + 2 + step * 0.4
    write(folder, [
        Progress(time=when, step=step + 4, epoch=(step + 4) / STEPS, loss=None, lr=0.01, samples_per_second=39000),
        Failed(time=when, step=step + 4, kind="non-finite", message="the loss is not finite at step 292",
               advice="a lower learning rate, such as --optimizer.lr 0.001"),
    ])  # fmt: skip
    async with run(still(folder)) as pilot:
        await album.take(pilot, "run-failed-80x24", "failed")
    album.check()


# --- over them -------------------------------------------------------------------------------------------------------


async def test_compare(album: Album, held: ExitStack) -> None:
    shelved(RUNS, held)
    async with shown() as pilot:
        app = pilot.app
        assert isinstance(app, NNTuiApp)
        await settled(pilot, "9 runs")
        app.compare([RunFolder(RUNS / name) for name in ("quick-otter-7", "odd-lynx-5", "keen-marten-18")])
        await album.take(pilot, "compare-80x24", "loss", "keen-marten-18", "failed")
        await dressed(pilot, size=WIDE, theme="light")
        await album.take(pilot, "compare-light-120x40", "loss", "keen-marten-18", "failed")
    album.check()


async def test_what_lies_over_a_screen(album: Album, live: RunFolder) -> None:
    async with run(live) as pilot:
        await pilot.press("question_mark")
        await album.take(pilot, "help-80x24", "|grad|")
        await pilot.press("escape", "colon")
        await album.take(pilot, "palette-80x24", "pause")
        await pilot.press("escape", "S")
        await album.take(pilot, "question-stop-80x24", "train on")
        await pilot.press("escape", "e")
        pilot.app.screen.query_one(Input).value = "-3"
        await pilot.press("enter")
        await album.take(pilot, "question-extend-80x24", "one epoch or more")
    album.check()


async def test_the_questions_of_the_list(album: Album, held: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    shelved(RUNS, held)
    done = recorded(RUNS, "calm-newt-8")
    for epoch in (4, 5):
        facts = {"epochs": 10, "base_epoch": 0, "base_step": 0, "steps_per_epoch": STEPS}
        files = {"training_state.json": json.dumps(facts).encode()}
        write_checkpoint(done, epoch * STEPS, files, best=epoch == 4)
    still(done)
    monkeypatch.setattr("nntui.runs.folder.folder_size", lambda path: 4_200_000)
    async with shown() as pilot:
        await settled(pilot, "10 runs")
        table = pilot.app.screen.query_one(RunsTable)
        assert table.go_to(RUNS / "calm-newt-8")
        for key, name, word in (("D", "delete", "There is no way back"), ("r", "rename", "Rename calm-newt-8"),
                                ("t", "note", "why, or what next"), ("f", "fork", "last, step 600")):  # fmt: skip
            await pilot.press(key)
            await album.take(pilot, f"question-{name}-80x24", word)
            if key != "f":
                await pilot.press("escape")
        await pilot.press("enter")
        await album.take(pilot, "question-fork-epochs-80x24", "epochs in all")
        await pilot.press("escape", "R")
        await album.take(pilot, "question-queue-80x24", "share the machine", "wait for quick-otter-7")
    album.check()


async def test_a_run_that_waits_for_another(album: Album, held: ExitStack) -> None:
    shelved(RUNS, held)
    async with shown(open=RunFolder(RUNS / "late-wren-3"), screen="run") as pilot:
        await settled(pilot, "6 metrics")
        await album.take(pilot, "run-queued-80x24", "queued", "quick-otter-7")
    album.check()
