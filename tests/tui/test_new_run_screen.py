"""New run, driven by keys: what is chosen is what is planned, said, saved and trained."""

from __future__ import annotations

import asyncio
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from made_runs import screen_text
from textual.pilot import Pilot
from textual.widgets import Input

from nntui.hooks.places import cache_dir
from nntui.hooks.registry import registry
from nntui.runs.creating import new_run as make_run_folder
from nntui.runs.events import LayerPlan
from nntui.runs.folder import RunFolder, list_runs
from nntui.runs.jobs import ActivationCurve, ClassCount, Described, Memory, PlanResult, Shown
from nntui.runs.lock import RunLock
from nntui.runs.settings import Settings
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.toml import read_toml
from nntui.tui.app import NNTuiApp
from nntui.tui.draw.text import text_of
from nntui.tui.screens.new_run import NewRunScreen
from nntui.tui.server import JobFailed
from nntui.tui.widgets.form import FormView
from nntui.tui.widgets.lines import Lines

WIDE, SMALL = (120, 40), (80, 24)


class FakeServer:
    """Answers at once, or hangs, or fails; remembers what it was asked and what was cancelled."""

    def __init__(self) -> None:
        self.plans: list[str] = []
        self.cancelled: list[str] = []
        self.curves: list[tuple[str, dict[str, Any]]] = []
        self.trained: list[tuple[RunFolder, str]] = []
        self.plan_does: Callable[[], Any] | None = None
        self.train_does: Callable[[], Any] | None = None

    async def plan(self, toml: str, *, first: Callable[[PlanResult], None] | None = None) -> PlanResult:
        tree = tomllib.loads(toml)
        arch = tree["arch"]["name"]
        self.plans.append(arch)
        try:
            if self.plan_does is not None:
                await self.plan_does()
        except asyncio.CancelledError:
            self.cancelled.append(arch)
            raise
        memory = Memory(parameters=1, gradients=1, optimizer=1, average=0, activations=1, batch=1, data=1)
        return PlanResult(
            layers=[LayerPlan(name=f"layer-of-{arch}", kind="Linear", out=[10], parameters=1234)],
            parameters=1234,
            macs=99,
            splits={"train": 10},
            epochs=tree["training"]["epochs"],
            batch_size=1,
            steps_per_epoch=7,
            metric="accuracy",
            maximize=True,
            memory=memory,
            loss=2.31,
            expected_loss=2.303,
            expected_why="ln 10",
            epoch_seconds=0.5,
            timed="9 steps",
        )

    async def describe(self, toml: str) -> Described:
        name = tomllib.loads(toml)["data"]["name"]
        return Described(
            name=name,
            qualified=f"builtin/{name}",
            summary=f"All about {name}",
            modality="table",
            shape="9 numbers",
            target="one of 2 classes",
            kind="classes",
            rows=10,
            splits={"train": 7, "validation": 1, "test": 2},
            classes=[ClassCount(name="yes\x1b[31m", rows=4), ClassCount(name="no", rows=6)],
            examples=[Shown(kind="text", label="yes", text="[bold]word\x1b]0;x\x07")],
        )

    async def activation(self, name: str, params: Mapping[str, Any]) -> ActivationCurve:
        self.curves.append((name, dict(params)))
        x = [float(number) for number in range(-5, 6)]
        ones: list[float | None] = [1.0 for _ in x]
        return ActivationCurve(
            name=name, qualified=name, summary="", formula=f"formula of {name}", x=x, y=list(x), dy=ones
        )

    async def train(self, folder: RunFolder, *, after: str = "", force: bool = False) -> int:
        if self.train_does is not None:
            self.train_does()
        self.trained.append((folder, after))
        return 1

    async def start(self) -> None:
        return None

    async def close(self) -> None:
        return None


class Driven:
    """The screen with a server of ours, and keys to press."""

    def __init__(self, pilot: Pilot[Any], screen: NewRunScreen, server: FakeServer) -> None:
        self.pilot, self.screen, self.server = pilot, screen, server

    async def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 15
        while not condition():
            assert time.monotonic() < deadline, self.seen()
            await self.pilot.pause(0.005)

    async def press(self, *keys: str) -> None:
        """Press, and wait until what follows is known."""
        await self.pilot.press(*keys)
        await self.pilot.pause()
        await self.until(lambda: self.screen.ready)

    async def type(self, text: str) -> None:
        await self.press(*("comma" if c == "," else "full_stop" if c == "." else c for c in text))

    @property
    def here(self) -> bool:
        """Whether nothing lies over the form."""
        return self.pilot.app.screen is self.screen

    @property
    def view(self) -> FormView:
        return self.screen.query_one(FormView)

    async def go(self, key: str) -> None:
        """The cursor to a row."""
        self.view.move_to([row.key for row in self.view.rows].index(key))
        await self.pilot.pause()

    def shown(self, id: str) -> str:
        return "\n".join(text_of(line) for line in self.screen.query_one(f"#{id}", Lines).shown)

    def seen(self) -> str:
        return "\n".join(self.shown(id) for id in ("title", "form", "about", "plan", "activation", "data", "command"))


@asynccontextmanager
async def new_run(
    runs: Path, size: tuple[int, int] = WIDE, template: Said | None = None, server: FakeServer | None = None
) -> AsyncIterator[Driven]:
    app = NNTuiApp(runs, screen="new", template=template, settings=Settings(theme="dark"))
    server = server or FakeServer()
    app._server = server  # type: ignore[assignment]
    async with app.run_test(size=size) as pilot:
        assert isinstance(app.screen, NewRunScreen)
        driven = Driven(pilot, app.screen, server)
        await driven.until(lambda: driven.screen._form is not None and driven.screen.ready)
        yield driven


async def test_what_is_chosen_is_planned_drawn_and_said(tmp_path: Path) -> None:
    async with new_run(tmp_path) as it:
        await it.until(lambda: "layer-of-ffn" in it.shown("plan"))
        assert "All about digits" in it.shown("data")
        assert "formula of builtin/relu" in it.shown("activation")
        await it.go("arch.name")
        await it.press("right")
        assert "$ nntui train --arch cnn" in it.shown("command")
        assert "channels" in it.shown("form")
        await it.until(lambda: "layer-of-cnn" in it.shown("plan"))
        assert "2.310" in it.shown("plan")
        assert "2.303" in it.shown("plan")
        assert "15 s" in it.shown("plan")  # 30 epochs of half a second
        await it.press("backspace")
        await it.until(lambda: "layer-of-ffn" in it.shown("plan"))
        assert it.server.plans == ["ffn", "cnn"]  # the first answer was remembered


async def test_a_newer_choice_cancels_the_older_job(tmp_path: Path) -> None:
    server = FakeServer()
    server.plan_does = asyncio.Event().wait
    async with new_run(tmp_path, server=server) as it:
        await it.until(lambda: server.plans == ["ffn"])
        await it.go("arch.name")
        await it.press("right")
        await it.until(lambda: server.plans == ["ffn", "cnn"])
        assert server.cancelled == ["ffn"]


async def test_a_plan_that_hangs_or_fails_says_so_while_all_else_goes_on(tmp_path: Path) -> None:
    fails = asyncio.Event()

    async def hang() -> None:
        await fails.wait()
        raise JobFailed("the job was killed at its deadline", advice="a plugin \x1b[2Jhangs", kind="late")

    server = FakeServer()
    server.plan_does = hang
    async with new_run(tmp_path, server=server) as it:
        await it.until(lambda: server.plans == ["ffn"])
        assert "planning" in it.shown("plan")
        await it.go("activation.name")
        await it.press("right")
        await it.until(lambda: "formula of builtin/relu6" in it.shown("activation"))
        fails.set()
        await it.until(lambda: "the job was killed at its deadline" in it.shown("plan"))
        assert "\x1b" not in it.seen()
        assert "All about digits" in it.shown("data")
        server.plan_does = None
        await it.press("right")
        await it.until(lambda: "layer-of-ffn" in it.shown("plan"))


async def test_what_only_the_plan_finds_wrong_stands_below_its_row_and_is_not_trained(tmp_path: Path) -> None:
    wrong = ["--data.test: there is no column \x1b[2JKundennummer", "no array of it is known by its name"]

    async def refuse() -> None:
        raise JobFailed(wrong[0], advice="did you mean Kundennr?", kind="request")

    server = FakeServer()
    server.plan_does = refuse
    async with new_run(tmp_path, server=server) as it:
        await it.until(lambda: "one thing is wrong above" in it.shown("form"))
        assert it.view.rows[-1].errors == ()
        (row,) = (row for row in it.view.rows if row.errors)
        assert (row.key, row.errors[0].suggestion) == ("data.test", "did you mean Kundennr?")
        await it.press("T")
        await it.until(lambda: it.view.chosen is not None and it.view.chosen.key == "data.test")
        assert server.trained == []
        wrong[0] = wrong[1]
        await it.go("activation.name")
        await it.press("right")
        await it.until(lambda: it.view.rows[-1].errors != ())
        server.plan_does = None
        await it.press("T")  # refused, and asked anew: a file may have been put right
        await it.until(lambda: "layer-of-ffn" in it.shown("plan"))
        await it.until(lambda: "wrong" not in it.shown("form"))
        assert server.trained == []


async def test_a_mistake_is_told_beside_its_row_as_one_types_and_escape_takes_it_back(tmp_path: Path) -> None:
    async with new_run(tmp_path) as it:
        await it.go("training.epochs")
        await it.press("enter")
        await it.type("x")
        assert 'must be a whole number, got "x"' in it.shown("form")
        assert "one thing is wrong above" in it.shown("form")
        await it.press("escape")
        assert "whole number, got" not in it.shown("form")
        assert it.screen.form.command_line() == "nntui train"
        await it.press("enter")
        await it.type("0")
        await it.press("enter", "down", "enter")
        await it.type("-5")
        await it.press("enter")
        assert "2 things are wrong above" in it.shown("form")
        assert "must be at least 1, got 0" in it.shown("form")
        assert "must be at least 1, got -5" in it.shown("form")


async def test_letters_are_text_while_a_row_is_edited(tmp_path: Path) -> None:
    async with new_run(tmp_path) as it:
        await it.press("end", "up", "enter")  # unfold the rest
        await it.go("data.group")
        await it.press("enter")
        await it.type("qTys1")
        assert it.here
        assert it.screen.form.wanted.settings["data.group"] == "qTys1"
        assert it.server.trained == []
        await it.press("enter")
        assert "--data.group qTys1" in it.shown("command")


async def test_switches_turn_and_a_row_is_reset(tmp_path: Path) -> None:
    async with new_run(tmp_path) as it:
        await it.go("arch.name")
        await it.press("right")
        await it.go("arch.residual")
        await it.press("space")
        assert "--arch.residual" in it.shown("command")
        await it.press("delete")
        assert it.screen.form.command_line() == "nntui train --arch cnn"


async def test_a_list_is_searched_and_what_the_network_cannot_take_is_pale_with_why(tmp_path: Path) -> None:
    async with new_run(tmp_path) as it:
        await it.press("enter")
        await it.until(lambda: not it.here)
        await it.pilot.press(*"titan", "enter")
        await it.until(lambda: it.here and it.screen.ready)
        assert "--data titanic" in it.shown("command")
        await it.go("arch.name")
        await it.press("enter")
        await it.until(lambda: not it.here)
        await it.pilot.press("down")
        about = it.pilot.app.screen.query_one("#about", Lines)
        await it.until(lambda: "not for this data" in "".join(map(text_of, about.shown)))
        await it.pilot.press("enter")
        assert not it.here  # it is not taken
        await it.pilot.press("escape")
        await it.until(lambda: it.here)
        assert "ffn" in it.screen.form.checked.entries["arch"].name


async def test_a_path_is_typed_into_the_list_of_data_and_one_that_no_reader_takes_is_told(tmp_path: Path) -> None:
    (tmp_path / "pets").mkdir()
    (tmp_path / "pets" / "cat.xyz").write_bytes(bytes(range(256)) * 8)
    async with new_run(tmp_path / "runs") as it:
        await it.press("enter")
        await it.until(lambda: not it.here)
        field = it.pilot.app.screen.query_one(Input)
        field.value = f"{tmp_path}/pe"
        await it.pilot.pause()
        await it.pilot.press("enter")  # the folder that begins so is gone into
        assert field.value == f"{tmp_path}/pets/"
        await it.pilot.pause()
        await it.pilot.press("down", "enter")
        await it.until(lambda: it.here and it.screen.ready)
        assert it.screen.form.command_line() == f"nntui train --data {tmp_path}/pets/cat.xyz"
        assert "no reader takes" in it.shown("form")


async def test_the_command_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path))
    async with new_run(tmp_path) as it:
        await it.go("arch.name")
        await it.press("right", "y")
        assert (cache_dir() / "copied.txt").read_text() == "nntui train --arch cnn\n"


async def test_outside_the_usual_folder_the_command_names_the_folder_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with new_run(tmp_path / "mine") as it:
        await it.go("arch.name")
        await it.press("right", "y")
        assert (cache_dir() / "copied.txt").read_text() == "nntui train --arch cnn --runs mine\n"
        assert "$ nntui train --arch cnn --runs mine" in it.shown("command")


async def test_the_settings_are_saved_and_no_file_is_written_over_unasked(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    async with new_run(tmp_path) as it:
        await it.go("arch.name")
        await it.press("right")
        for answer in (None, "n", "y"):
            await it.pilot.press("s")
            await it.until(lambda: bool(it.pilot.app.screen.query(Input)))
            field = it.pilot.app.screen.query_one(Input)
            assert field.value == "digits-cnn.toml" or answer
            field.value = str(path)
            await it.pilot.press("enter")
            if answer is not None:
                await it.until(lambda: not it.here and not it.pilot.app.screen.query(Input))
                assert path.read_text() == "precious"
                await it.pilot.press(answer)
            await it.until(lambda: it.here)
            if answer != "n":
                await it.until(lambda: path.exists() and path.read_text() != "precious")
                assert resolve_said(read_toml(path), registry()).spec == it.screen.form.checked.spec
            path.write_text("precious")


async def test_training_makes_the_run_that_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[RunFolder] = []
    monkeypatch.setattr(NNTuiApp, "open_run", lambda self, folder, instead=False: opened.append(folder))
    async with new_run(tmp_path) as it:
        await it.go("training.epochs")
        await it.press("enter")
        await it.type("3")
        await it.pilot.press("enter", "T")  # before what was typed is checked
        await it.until(lambda: bool(opened))
        ((folder, after),) = it.server.trained
        assert after == ""
        assert resolve_said(read_toml(folder.run_toml), registry()).spec.training.epochs == 3


async def test_beside_a_run_that_trains_here_it_may_wait_or_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NNTuiApp, "open_run", lambda self, folder, instead=False: None)
    busy = make_run_folder(resolve_said(Said(), registry()).spec, tmp_path, "calm-heron-6")
    with RunLock(busy):
        async with new_run(tmp_path) as it:
            await it.press("T")
            await it.until(lambda: not it.here)
            await it.pilot.press("escape")
            await it.until(lambda: it.here and list_runs(tmp_path) == [busy])
            await it.press("T")
            await it.until(lambda: not it.here)
            await it.pilot.press("down", "enter")
            await it.until(lambda: bool(it.server.trained))
            assert it.server.trained[0][1] == "calm-heron-6"


async def test_a_mistake_found_by_training_leaves_no_folder_and_loses_nothing(tmp_path: Path) -> None:
    def refuse() -> None:
        raise JobFailed("the data is not there", advice="nntui datasets get digits", kind="request")

    server = FakeServer()
    server.train_does = refuse
    async with new_run(tmp_path, server=server) as it:
        await it.go("arch.name")
        await it.press("right", "T")
        await it.until(lambda: "the data is not there" in it.shown("about"))
        assert list_runs(tmp_path) == []
        assert it.screen.form.command_line() == "nntui train --arch cnn"


async def test_a_form_with_a_mistake_is_not_trained_but_shows_it(tmp_path: Path) -> None:
    async with new_run(tmp_path) as it:
        await it.go("training.epochs")
        await it.press("enter")
        await it.type("0")
        await it.press("enter", "home", "T")
        await it.until(lambda: it.view.chosen is not None and it.view.chosen.key == "training.epochs")
        assert it.server.trained == []
        assert list_runs(tmp_path) == []


async def test_a_finished_run_opens_as_a_template(tmp_path: Path) -> None:
    spec = resolve_said(Said(tree={"arch": {"name": "cnn", "channels": [4, 8]}, "training": {"seed": 7}}), registry())
    folder = make_run_folder(spec.spec, tmp_path, "quick-otter-7")
    async with new_run(tmp_path, template=read_toml(folder.run_toml)) as it:
        assert it.screen.form.checked.spec == spec.spec
        assert "$ nntui train --arch cnn --arch.channels 4,8 --seed 7" in it.shown("command")


async def test_panes_take_turns_where_it_is_narrow(tmp_path: Path) -> None:
    async with new_run(tmp_path, SMALL) as it:
        ids = ("form", "plan", "activation", "data")
        for key, open_one in zip("2341", ("plan", "activation", "data", "form"), strict=True):
            await it.press(key)
            assert [id for id in ids if it.screen.query_one(f"#{id}").region.area] == [open_one]
            assert it.pilot.app.focused is it.screen.query_one(f"#{open_one}")
        await it.pilot.click("#title", offset=(it.shown("title").index("Activation"), 0))
        assert it.pilot.app.focused is it.screen.query_one("#activation")
        await it.pilot.resize_terminal(*WIDE)
        await it.until(lambda: all(it.screen.query_one(f"#{id}").region.area for id in ids))
        await it.press("4", "z")
        assert [id for id in ids if it.screen.query_one(f"#{id}").region.area] == ["data"]


async def test_a_click_chooses_a_row_and_a_second_one_edits_it(tmp_path: Path) -> None:
    async with new_run(tmp_path) as it:
        row = next(y for y, line in enumerate(it.shown("form").split("\n")) if "epochs" in line)
        await it.pilot.click("#form", offset=(20, row))
        await it.pilot.click("#form", offset=(20, row))
        await it.type("4")
        assert "--epochs 4" in it.shown("command")


async def test_foreign_text_is_drawn_as_text(tmp_path: Path) -> None:
    async with new_run(tmp_path) as it:
        await it.until(lambda: "[bold]word" in it.shown("data"))
        assert "\x1b" not in it.seen()
        assert "\x07" not in it.seen()


@pytest.mark.parametrize("size", [(30, 8), (20, 5)])
async def test_a_small_terminal_is_told_and_still_has_rows_and_the_train_button(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with new_run(tmp_path, size=size) as it:
        await it.until(lambda: "too small: 60x16" in screen_text(it.pilot))
        text = screen_text(it.pilot)
        assert "data" in text and "Train" in text and len(it.shown("form").split("\n")) >= size[1] - 2
        await it.pilot.resize_terminal(80, 24)
        await it.until(lambda: "too small" not in screen_text(it.pilot) and "$ nntui train" in it.shown("command"))
