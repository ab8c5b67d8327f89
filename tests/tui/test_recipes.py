"""An empty list offers recipes; each is a run that trains on data that ships with nntui."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import app_of, make_run, screen_text, until

from nntui.runs.folder import RunFolder, list_runs
from nntui.runs.summary import load_row
from nntui.spec.resolve import resolve_said
from nntui.spec.toml import read_toml
from nntui.tui.draw.charset import ASCII, BRAILLE
from nntui.tui.draw.text import text_of, width
from nntui.tui.recipes import RECIPES, make
from nntui.tui.screens.runs import RunsScreen
from nntui.tui.widgets.first_start import FirstStart, welcome

SHIPPED = Path(__file__).parents[2] / "datasets"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_recipe_is_a_whole_run_on_shipped_data(recipe, tmp_path):
    from nntui.hooks.registry import registry

    folder = make(recipe, tmp_path)
    spec = resolve_said(read_toml(folder.run_toml), registry()).spec
    assert (SHIPPED / spec.data.name).is_dir()
    assert spec.training.epochs == recipe.tree["training"]["epochs"]
    assert load_row(folder).summary.arch == recipe.tree["arch"]["name"]


def test_there_is_one_for_each_family_of_networks():
    assert [recipe.tree["arch"]["name"] for recipe in RECIPES] == ["ffn", "cnn", "rnn"]
    assert all(recipe.seconds <= 25 for recipe in RECIPES)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_command_that_is_shown_says_the_same(recipe, tmp_path):
    import subprocess
    import sys
    import tomllib

    words = recipe.command.split()[2:]
    out = subprocess.run([sys.executable, "-m", "nntui", "spec", *words], capture_output=True, text=True, check=True)
    said, made = tomllib.loads(out.stdout), tomllib.loads(make(recipe, tmp_path).run_toml.read_text())
    for table in ("data", "arch", "training", "optimizer"):
        assert said[table] == made[table]


async def begun_in(root: Path, keys: list[str], monkeypatch) -> list[str]:
    begun: list[str] = []

    async def begin(app, recipe) -> bool:
        begun.append(recipe.name)
        return True

    monkeypatch.setattr("nntui.tui.run_actions.begin", begin)
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.has_class("empty"))
        await pilot.press(*keys)
        await until(pilot, lambda: begun)
    return begun


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (["enter"], "digits"),
        (["down", "enter"], "clothes"),
        (["down", "down", "down", "enter"], "words"),
        (["2"], "clothes"),
    ],
)
async def test_enter_trains_the_recipe_under_the_cursor(tmp_path, keys, name, monkeypatch):
    assert await begun_in(tmp_path / "none", keys, monkeypatch) == [name]


async def test_the_welcome_says_what_nntui_is_and_makes_way_for_the_first_run(tmp_path):
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.has_class("empty"))
        await until(pilot, lambda: RECIPES[2].title in screen_text(pilot))
        text = screen_text(pilot)
        assert "nntui trains neural networks in a terminal" in text and RECIPES[0].command in text
        assert all(recipe.title in text and f"~{recipe.seconds} s" in text for recipe in RECIPES)
        assert "m mark" not in text and "n new" in text
        make_run(tmp_path, "quick-otter-7")
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        screen.look_again()
        await until(pilot, lambda: "quick-otter-7" in screen_text(pilot) and "m mark" in screen_text(pilot))
        assert RECIPES[0].title not in screen_text(pilot)


async def test_a_double_click_trains_a_recipe(tmp_path, monkeypatch):
    begun: list[str] = []

    async def begin(app, recipe) -> bool:
        begun.append(recipe.name)
        return True

    monkeypatch.setattr("nntui.tui.run_actions.begin", begin)
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: RECIPES[2].title in screen_text(pilot))
        y = next(
            y for y, line in enumerate(app.screen.query_one(FirstStart).shown) if RECIPES[2].title in text_of(line)
        )
        await pilot.click(FirstStart, offset=(20, y), times=2)
        await until(pilot, lambda: begun == ["words"])


async def test_a_recipe_trains_in_a_process_of_its_own_and_is_shown_then_it_is_forked(tmp_path, monkeypatch):
    short = replace(RECIPES[0], tree={**RECIPES[0].tree, "training": {"epochs": 1}})
    monkeypatch.setattr("nntui.tui.widgets.first_start.RECIPES", (short,))
    app = app_of(tmp_path)
    shown: list[RunFolder] = []
    monkeypatch.setattr(app, "open_run", shown.append)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.has_class("empty"))
        await pilot.press("enter")
        await until(pilot, lambda: shown, 60)
        (folder,) = list_runs(tmp_path)
        assert folder == shown[0]
        await until(pilot, lambda: load_row(folder).status == "done", 60)
        assert isinstance(app.screen, RunsScreen)
        app.screen.look_again()
        await until(pilot, lambda: "✓ done" in screen_text(pilot))
        await pilot.press("f")
        await until(pilot, lambda: "best, last, step " in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "epochs in all" in screen_text(pilot))
        await pilot.press("1", "enter")
        await until(pilot, lambda: "more than the 1 that it has trained for" in screen_text(pilot))
        await pilot.press("ctrl+u", "2", "enter")
        await until(pilot, lambda: len(shown) == 2, 60)
        await until(pilot, lambda: load_row(shown[1]).status == "done", 60)
        v = load_row(shown[1]).summary.vitals
        assert (v.epoch, v.epochs, v.step) == (2.0, 2, 2 * load_row(folder).summary.vitals.step)


async def test_a_recipe_that_cannot_begin_is_told_and_leaves_no_folder(tmp_path, monkeypatch):
    wrong = replace(RECIPES[0], tree={**RECIPES[0].tree, "data": {"name": "digitz"}})
    monkeypatch.setattr("nntui.tui.widgets.first_start.RECIPES", (wrong,))
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.screen.has_class("empty"))
        await pilot.press("enter")
        await until(pilot, lambda: any("digitz" in note.message for note in app._notifications))
        assert list_runs(tmp_path) == []


@pytest.mark.parametrize("charset", [BRAILLE, ASCII], ids=lambda charset: charset.name)
@pytest.mark.parametrize("size", [(40, 20), (80, 20), (80, 24), (120, 40), (200, 60)])
def test_the_welcome_fits(size, charset):
    lines, where = welcome(RECIPES, 1, *size, charset, RECIPES[1].command)
    assert max(map(width, lines)) <= size[0] and set(where.values()) == {0, 1, 2}
    if size[0] >= 80:
        assert len(lines) <= size[1]
    assert charset.unicode or "".join(map(text_of, lines)).isascii()
