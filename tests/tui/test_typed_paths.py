"""Paths that are typed into New run: whatever one types, the interface lives and says what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from made_runs import screen_text
from test_new_run_screen import Driven, new_run
from textual.widgets import Input

LONG = "a" * 300
WRONG = [
    ("~nobody-by-this-name/x", "nobody called"),
    (f"./{LONG}", "too long"),
    (f"{LONG}/b", "too long"),
    ("./a\0b", "NUL"),
]


async def typed(it: Driven, text: str, told: str | Callable[[str], bool]) -> Input:
    """The field that lies over the form, with `text` in it, when what is wrong with that is told."""
    await it.until(lambda: bool(it.pilot.app.screen.query(Input)))
    field = it.pilot.app.screen.query_one(Input)
    field.value = text
    await it.until(lambda: (told in screen_text(it.pilot)) if isinstance(told, str) else told(screen_text(it.pilot)))
    return field


@pytest.mark.parametrize(("text", "told"), WRONG)
async def test_in_the_list_of_data(text: str, told: str, tmp_path: Path) -> None:
    async with new_run(tmp_path) as it:
        await it.go("data.name")
        await it.press("enter")
        await typed(it, text, told)
        await it.press("enter")  # taken: the form says what is wrong with it
        await it.until(lambda: it.here and "no data set and no file" in it.seen())


@pytest.mark.parametrize(("text", "told"), WRONG)
async def test_where_settings_are_saved(text: str, told: str, tmp_path: Path) -> None:
    async with new_run(tmp_path) as it:
        await it.press("s")
        field = await typed(it, text, told)
        await it.pilot.press("enter")
        await it.pilot.pause()
        assert not it.here and told in screen_text(it.pilot)  # asked on
        field.value = str(tmp_path / "kept.toml")
        await it.pilot.press("enter")
        await it.until((tmp_path / "kept.toml").exists)


async def test_what_lies_here_is_offered_by_its_name_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Meine Bilder").mkdir()
    (tmp_path / "digits.csv").touch()
    monkeypatch.chdir(tmp_path)
    async with new_run(tmp_path) as it:
        await it.go("data.name")
        await it.press("enter")
        await typed(it, "meine bi", "./Meine Bilder/")
        field = await typed(it, "digits", "./digits.csv")
        assert field.value == "digits"
        await it.press("enter")  # a data set goes before a file of its name
        await it.until(lambda: it.here and it.screen.form.command_line() == "nntui train")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")
async def test_below_a_folder_that_one_may_not_enter(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    try:
        async with new_run(tmp_path) as it:
            await it.press("s")
            await typed(it, f"{locked}/x.toml", "Permission denied")
            await it.press("escape")
            await it.go("data.name")
            await it.press("enter")
            await typed(it, f"{locked}/x", "Permission denied")
    finally:
        locked.chmod(0o700)
