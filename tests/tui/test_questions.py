"""Questions over a screen: answered by keyboard alone, left by Escape with nothing changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_runs import app_of, make_run, screen_text, until
from textual import events
from textual.screen import ModalScreen
from textual.widgets import Input

from nntui.hooks.errors import UserError
from nntui.runs.commands import read_commands
from nntui.runs.notes import read_note
from nntui.tui.screens.ask_choice import AskChoice
from nntui.tui.screens.ask_text import AskText
from nntui.tui.screens.ask_yes_no import AskYesNo
from nntui.tui.screens.new_run import NewRunScreen
from nntui.tui.screens.runs import RunsScreen
from nntui.tui.widgets.options import Option, about, fuzzy
from nntui.tui.widgets.runs_table import RunsTable

HOSTILE = "[bold red]loud[/] \x1b[31m\u202e"
TAMED = "[bold red]loud[/] ?[31m?"


async def asked(tmp_path: Path, question: ModalScreen, keys: list[str], charset: str = "braille", size=(80, 24)):
    """What a question returns after these keys, and what it showed before them."""
    app = app_of(tmp_path, charset=charset)
    answers: list[object] = []
    async with app.run_test(size=size) as pilot:
        await app.push_screen(question, answers.append)
        await pilot.pause()
        shown = screen_text(pilot)
        await pilot.press(*keys)
        if keys:
            await until(pilot, lambda: answers)
            assert not isinstance(app.screen, ModalScreen)
    return (answers or [None])[0], shown


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["y"], True),
        (["n"], False),
        (["escape"], False),
        (["enter"], False),
        (["left", "enter"], True),
        (["tab", "enter"], True),
        (["tab", "shift+tab", "enter"], False),
    ],
)
async def test_yes_or_no_by_keys(tmp_path, keys, answer):
    got, shown = await asked(tmp_path, AskYesNo("Delete it?", "12 kB", yes="delete", no="keep"), keys)
    assert got is answer
    assert "Delete it?" in shown and "12 kB" in shown and "y delete" in shown and "n keep" in shown


async def test_the_default_answer_can_be_yes(tmp_path):
    assert (await asked(tmp_path, AskYesNo("Stop it?", default=True), ["enter"]))[0] is True


async def test_a_click_answers(tmp_path):
    app = app_of(tmp_path)
    answers: list[object] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(AskYesNo("Delete it?", yes="delete", no="keep"), answers.append)
        await pilot.pause()
        await pilot.click("Answers", offset=(3, 1))
        await until(pilot, lambda: answers == [True])


async def test_foreign_text_is_drawn_as_text(tmp_path):
    _, shown = await asked(tmp_path, AskYesNo(HOSTILE, HOSTILE, yes=HOSTILE), [])
    assert shown.count(TAMED) == 3 and "\x1b" not in shown
    _, shown = await asked(tmp_path, AskChoice(HOSTILE, [Option(1, HOSTILE, HOSTILE)]), [])
    assert shown.count("[bold red]loud[/] ?[31m") == 3
    _, shown = await asked(tmp_path, AskText(HOSTILE, "", hint=HOSTILE), [])
    assert shown.count(TAMED) == 2


async def test_a_text_is_checked_as_it_is_typed(tmp_path):
    def whole(text: str) -> str | None:
        if text == "13":
            raise UserError("13 is unlucky", advice="take 14")
        int(text)
        return "above 0" if int(text) < 1 else None

    app = app_of(tmp_path)
    answers: list[object] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(AskText("Epochs", "5", whole), answers.append)
        await pilot.pause()
        for keys, wrong in (("0", "above 0"), ("x", "invalid literal"), ("13", "13 is unlucky. take 14")):
            await pilot.press("ctrl+u", *keys)
            await until(pilot, lambda wrong=wrong: wrong in screen_text(pilot))
            await pilot.press("enter")
            assert not answers
        await pilot.press("ctrl+u", "7")
        await until(pilot, lambda: "unlucky" not in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: answers == ["7"])


async def test_a_value_is_taken_as_it_is_and_typing_replaces_it(tmp_path):
    assert (await asked(tmp_path, AskText("Name", "otter"), ["enter"]))[0] == "otter"
    assert (await asked(tmp_path, AskText("Name", "otter"), ["q", "enter"]))[0] == "q"
    assert (await asked(tmp_path, AskText("Note", "otter", select=False), ["s", "enter"]))[0] == "otters"
    assert (await asked(tmp_path, AskText("Name", "otter"), ["x", "escape"]))[0] is None


CHOICES = [Option("last", "last, step 40"), Option("best", "best, step 20"), Option("10", "step 10", "epoch 1/4")]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], "last"),
        (["down", "enter"], "best"),
        (["down", "down", "down", "up", "enter"], "best"),
        (["pagedown", "enter"], "10"),
        ([*"bes", "enter"], "best"),
        ([*"10", "enter"], "10"),
        ([*"none such", "enter", "escape"], None),
    ],
)
async def test_one_of_several_by_keys(tmp_path, keys, answer):
    got, shown = await asked(tmp_path, AskChoice("Fork at", CHOICES), keys)
    assert got == answer
    assert "step 10" in shown and "epoch 1/4" in shown


async def test_one_of_several_by_mouse(tmp_path):
    app = app_of(tmp_path)
    answers: list[object] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(AskChoice("Fork at", CHOICES), answers.append)
        await pilot.pause()
        await pilot.click("Options", offset=(5, 1))
        await until(pilot, lambda: answers == ["best"])


async def test_they_fit_a_small_terminal_and_the_c_locale(tmp_path):
    _, shown = await asked(tmp_path, AskYesNo("Delete it? " * 8, "a long word " * 12), [], "ascii", (40, 15))
    assert shown.isascii() and "y yes" in shown
    _, shown = await asked(tmp_path, AskChoice("Fork at", CHOICES * 20), [], "ascii", (40, 15))
    assert shown.isascii() and "> last, step 40" in shown


def test_what_is_typed_finds_what_was_meant():
    names = ["resume", "rename", "stop", "quick-otter-7", "template"]

    def best(query: str) -> str:
        return max(names, key=lambda name: fuzzy(query, name))

    assert [best(q) for q in ("res", "nam", "qo7", "temp", "otter", "st")] == [
        "resume", "rename", "quick-otter-7", "template", "quick-otter-7", "stop",
    ]  # fmt: skip
    assert fuzzy("xyz", "resume") == 0 and fuzzy("", "resume") == 0
    assert about("conv", "a convolutional network") > 0 and about("net conv", "a convolutional network") > 0
    assert about("volutional", "a convolutional network") == 0


async def test_enter_pressed_twice_answers_once(tmp_path):
    app = app_of(tmp_path)
    answers: list[object] = []
    async with app.run_test(size=(80, 24)) as pilot:
        below = app.screen
        await app.push_screen(AskText("Name?", "otter"), answers.append)
        await pilot.pause()
        for _ in range(2):  # the second before what the first means was taken in
            app.post_message(events.Key("enter", "\r"))
        await until(pilot, lambda: answers)
        await pilot.pause()
        assert app.is_running and app.screen is below
        assert answers == ["otter"]


async def test_enter_pressed_twice_does_once_what_was_chosen_of_the_palette(tmp_path):
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon", *"new")
        for _ in range(2):
            app.post_message(events.Key("enter", "\r"))
        await until(pilot, lambda: isinstance(app.screen, NewRunScreen))
        await pilot.pause()
        assert [type(screen) for screen in app.screen_stack].count(NewRunScreen) == 1


@pytest.mark.parametrize("size", [(40, 8), (60, 12)])
async def test_a_low_terminal_shows_what_is_asked_and_leaves_out_what_explains_it(tmp_path, size):
    long = "It ends with a checkpoint and its result, in as many words as it takes. " * 3
    app = app_of(tmp_path)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(AskYesNo("Stop it?", long, yes="stop", no="train on"))
        await pilot.pause()
        assert "stop" in screen_text(pilot) and "train on" in screen_text(pilot)
        await pilot.press("escape")
        await app.push_screen(
            AskText("Learning rate", "0.5", lambda text: None if text == "0.5" else "no", detail=long)
        )
        await pilot.pause()
        assert "0.5" in screen_text(pilot)
        app.screen.query_one(Input).value = "x"
        await until(pilot, lambda: "no" in screen_text(pilot))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "as many words" in screen_text(pilot))


# --- keys typed ahead of a question ----------------------------------------------------------------------------------


def burst(app, *keys: str) -> None:
    """Keys that come together, as over a slow line: none waits until what the one before means was done."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_a_key_that_follows_a_questions_key_at_once_answers_it(tmp_path):
    make_run(tmp_path, "quick-otter-7")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(RunsTable).rows)
        burst(app, "D", "n")  # n alone opens the form
        await pilot.pause(0.2)
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        assert (tmp_path / "quick-otter-7").is_dir()
        burst(app, "D", "escape")
        await pilot.pause(0.2)
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        assert (tmp_path / "quick-otter-7").is_dir()


@pytest.mark.parametrize("keys", [("y",), ("enter", "y"), ("left", "enter"), ("tab", "enter", "y")])
async def test_what_has_no_way_back_is_not_confirmed_by_keys_typed_before_it_was_asked(tmp_path, keys):
    folder = make_run(tmp_path, "quick-otter-7")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(RunsTable).rows)
        burst(app, "D", *keys)
        await until(pilot, lambda: "There is no way back" in screen_text(pilot))
        await pilot.pause(0.3)
        assert folder.exists() and isinstance(app.screen, AskYesNo)
        await pilot.press("y")  # it is seen now
        await until(pilot, lambda: not folder.exists())


async def test_a_stop_may_be_typed_ahead_since_the_run_can_go_on(live):
    app = app_of(live.path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(RunsTable).rows)
        burst(app, "S", "y")
        await until(pilot, lambda: [command.kind for command in read_commands(live.commands)][-1:] == ["stop"])


async def test_a_text_that_follows_its_key_at_once_is_typed_whole(tmp_path):
    folder = make_run(tmp_path, "quick-otter-7")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(RunsTable).rows)
        burst(app, "t", *"Df", "enter")
        await until(pilot, lambda: read_note(folder) == "Df")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        burst(app, "colon", *"all", "escape")
        await pilot.pause(0.3)
        assert isinstance(app.screen, RunsScreen)


async def test_where_no_question_comes_what_was_typed_ahead_does_nothing_and_later_keys_do(tmp_path):
    make_run(tmp_path, "quick-otter-7")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.screen.query_one(RunsTable).rows)
        burst(app, "S", "n")  # it has ended: there is nothing to stop
        await until(pilot, lambda: any("has ended" in note.message for note in app._notifications))
        await pilot.pause(0.2)
        assert isinstance(app.screen, RunsScreen)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewRunScreen))
