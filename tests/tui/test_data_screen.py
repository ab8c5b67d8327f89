"""The Data screen: what data is taken for, from a name or a path to a form filled with it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from made_runs import screen_text, until
from textual.pilot import Pilot
from textual.widgets import Input

from nntui.hooks.errors import UserError
from nntui.runs.jobs import ClassCount, ColumnSeen, Described, FindingSeen
from nntui.runs.settings import Settings
from nntui.tui.app import NNTuiApp
from nntui.tui.screens.chooser import Chooser
from nntui.tui.screens.data import DataScreen
from nntui.tui.screens.new_run import NewRunScreen


class Server:
    """Describes whatever it is asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def describe(self, toml: str) -> Described:
        said = tomllib.loads(toml)["data"]
        self.asked.append(said)
        if said["name"].endswith("nowhere"):
            raise UserError("there is nothing", advice="look elsewhere")
        return Described(
            name="table", qualified="builtin/table", summary="Rows of a table", path=said["name"], modality="table",
            shape="1 number and 1 category", target="one of 2 classes", kind="classes", rows=12,
            splits={"train": 8, "validation": 2, "test": 2}, taken_for="a table, separated by ;",
            classes=[ClassCount(name="yes", rows=6), ClassCount(name="no", rows=6)],
            columns=[
                ColumnSeen(name="price\x1b[31m", kind="number", role="feature", missing=3, distinct=9, examples=["1"]),
                ColumnSeen(name="bought", kind="category", role="target", distinct=2, examples=["yes", "no"]),
                ColumnSeen(name="id", kind="identifier", role="left out: an identifier", distinct=12),
            ],
            findings=[
                FindingSeen(kind="note", message="the target was guessed"),
                FindingSeen(kind="skipped", message="1 line was left out", places=["[b]own.csv[/b], line 7"]),
            ],
        )  # fmt: skip

    async def start(self) -> None:
        return None

    async def close(self) -> None:
        return None


@pytest.fixture
def app(tmp_path: Path) -> NNTuiApp:
    app = NNTuiApp(tmp_path / "runs", settings=Settings())
    app._server = Server()  # type: ignore[assignment]
    return app


async def shown(pilot: Pilot[Any], *words: str) -> str:
    await until(pilot, lambda: all(word in screen_text(pilot) for word in words), 15)
    return screen_text(pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_it_says_what_a_path_is_taken_for_with_columns_and_what_is_wrong(app: NNTuiApp, size: Any) -> None:
    async with app.run_test(size=size) as pilot:
        app.look_at_data({"name": "./own.csv", "target": "bought"})
        text = await shown(pilot, "12 rows", "a table, separated by ;", "price", "identifier")
        assert "nntui data ./own.csv --data.target=bought" in text
        assert "\x1b" not in text
        await pilot.press("end")
        text = await shown(pilot, "1 line was left out")
        assert text.index("1 line was left out") < text.index("the target was guessed"), "what matters most is first"
        assert "[b]own.csv[/b], line 7" in text, "what comes from a file is text"


async def test_another_path_is_chosen_by_typing_it_and_a_mistake_is_told_in_its_place(app: NNTuiApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, Chooser) and bool(app.screen.query(Input)), 15)
        app.screen.query_one(Input).value = "./nowhere"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DataScreen), 15)
        await shown(pilot, "there is nothing", "look elsewhere")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, Chooser) and bool(app.screen.query(Input)), 15)
        app.screen.query_one(Input).value = "penguins"
        await pilot.pause()
        await pilot.press("enter")
        await shown(pilot, "12 rows", "nntui data penguins")


async def test_a_new_run_on_it_begins_with_what_was_said(app: NNTuiApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        app.look_at_data({"name": "moons", "test": 0.5})
        await shown(pilot, "12 rows")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewRunScreen) and app.screen.ready, 30)
        screen = app.screen
        assert isinstance(screen, NewRunScreen)
        await until(pilot, lambda: screen.form.checked.tree is not None, 30)
        assert screen.form.checked.tree is not None
        assert screen.form.checked.tree["data"]["name"] == "moons"
        assert screen.form.checked.tree["data"]["test"] == 0.5
