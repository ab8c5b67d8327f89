"""Help explains the screen it was opened from; the palette does everything by name; the foot shows what fits."""

from __future__ import annotations

import time
from typing import ClassVar

import pytest
from made_runs import NOON, app_of, make_run, screen_text, until
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import Screen
from textual.visual import RichVisual, Visual

from nntui.tui.dimmed import Dimmed
from nntui.tui.draw.charset import ASCII, BRAILLE
from nntui.tui.draw.keys import hints, key_name, keys_line
from nntui.tui.draw.text import text_of, width
from nntui.tui.pace import Pace
from nntui.tui.palette import THEMES
from nntui.tui.screens.chooser import Chooser
from nntui.tui.screens.data import DataScreen
from nntui.tui.screens.help import HelpScreen
from nntui.tui.screens.palette import PaletteScreen
from nntui.tui.screens.runs import RunsScreen
from nntui.tui.widgets.help_text import HelpText
from nntui.tui.widgets.keys import Keys
from nntui.tui.widgets.options import Options
from nntui.tui.widgets.runs_table import RunsTable


@pytest.fixture
def root(tmp_path):
    make_run(tmp_path, "quick-otter-7", begun=NOON + 100)
    make_run(tmp_path, "calm-heron-6")
    return tmp_path


async def listed(pilot) -> None:
    await until(pilot, lambda: len(pilot.app.screen.query_one(RunsTable).rows) == 2)


# --- help ------------------------------------------------------------------------------------------------------------


async def whole_help(pilot) -> str:
    """All that a help screen says, from the top to the end."""
    seen: list[str] = []
    for _ in range(40):
        *shown, foot = [text_of(line) for line in pilot.app.screen.query_one(HelpText).shown]
        seen += [line for line in shown if line not in seen]
        if "more line" not in foot:
            return "\n".join(seen)
        await pilot.press("pagedown")
    raise AssertionError("help has no end")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (50, 12)])
async def test_help_tells_what_is_on_the_screen_its_words_and_every_key(root, size):
    app = app_of(root, keys={"runs.fork": "F", "app.leave": "f10"})
    async with app.run_test(size=size) as pilot:
        await listed(pilot)
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        said = " ".join((await whole_help(pilot)).split())
        assert "A run is a folder" in said and "What is what" in said and "passes over the training rows" in said
        for words in ("n Choose data and a network", "F A new run that goes on", "f10 Leave this screen", "g home The"):
            assert words in said, words
        await pilot.press("q")
        assert isinstance(app.screen, RunsScreen)


async def test_help_is_closed_by_escape_and_by_its_own_key(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("escape", "question_mark", "q"):
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen)
            await pilot.press(key)
            assert isinstance(app.screen, RunsScreen)


async def test_help_of_a_screen_without_words_of_its_own_is_its_docstring_and_keys(root):
    class Bare(Screen[None]):
        """A [bold]bare[/] screen."""

        BINDINGS: ClassVar[list[BindingType]] = [
            Binding("b", "bell", "bell", id="bare.bell", tooltip="Ring [red]loud[/]"),
        ]

    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Bare())
        await pilot.press("question_mark")
        text = screen_text(pilot)
        assert "A [bold]bare[/] screen." in text and "Ring [red]loud[/]" in text and "bare.bell" in text


async def test_help_that_is_opened_again_is_of_the_screen_below_its_theme_and_its_charset(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("question_mark", "end", "q", "d")
        await until(pilot, lambda: isinstance(app.screen, DataScreen | Chooser))
        await pilot.press("escape")
        app.push_screen(DataScreen({"name": "penguins"}))
        await until(pilot, lambda: isinstance(app.screen, DataScreen))
        app.theme, app.charset = "nntui-light", ASCII
        await pilot.press("question_mark")
        await pilot.pause()
        said = screen_text(pilot)
        assert "What data is taken for and why" in said and "A run is a folder" not in said
        assert "+--" in said and "╭" not in said
        dark, light = ({t.name: t for t in THEMES}[name].surface for name in ("nntui-dark", "nntui-light"))
        background = app.screen.query_one(HelpText).background_colors[1]
        assert background == Color.parse(light) != Color.parse(dark)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (41, 9)])
async def test_what_lies_below_an_overlay_is_dimmed_cell_by_cell_as_textual_dims_it(root, size):
    app = app_of(root)
    async with app.run_test(size=size) as pilot:
        await listed(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        screen = app.screen
        below = BackgroundScreen(app.screen_stack[0], screen.styles.background)
        theirs = Visual.to_strips(screen, RichVisual(screen, below), *size, screen.visual_style)
        ours = Visual.to_strips(screen, Dimmed(below), *size, screen.visual_style)
        assert len({cell.style for line in ours for cell in line}) > 3
        assert [_cells(line) for line in ours] == [_cells(line) for line in theirs]


def _cells(line):
    return [(character, segment.style) for segment in line for character in segment.text]


async def test_what_lies_below_an_overlay_is_drawn_less_often_and_soon_again_when_it_is_gone(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        drawn: list[float] = []
        pace = Pace(app.screen, 0.05, lambda: drawn.append(time.monotonic()), covered=2.0)

        async def marked(seconds: float) -> int:
            before, end = len(drawn), time.monotonic() + seconds
            while time.monotonic() < end:
                pace.mark()
                await pilot.pause(0.01)
            return len(drawn) - before

        assert await marked(1.0) > 3
        await pilot.press("question_mark")
        assert await marked(1.0) <= 1
        await pilot.press("q")
        assert await marked(1.0) > 3


# --- the palette -----------------------------------------------------------------------------------------------------


def offered(app) -> list[str]:
    return [option.label for option in app.screen.query_one(Options).found]


async def palette(pilot, key: str = "colon") -> None:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen) and "quick-otter-7" in offered(pilot.app))


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_the_palette_has_everything_with_its_keys(root, key):
    app = app_of(root, keys={"runs.fork": "F"})
    async with app.run_test(size=(120, 60)) as pilot:
        await listed(pilot)
        await palette(pilot, key)
        assert {"new", "open", "delete", "fork", "quick-otter-7", "calm-heron-6", "light", "ascii", "quit",
                "Read hand-written digits"} <= set(offered(app))  # fmt: skip
        keys = {option.label: option.keys for option in app.screen.query_one(Options).all}
        assert keys["fork"] == "F" and keys["delete"] == "D" and keys["quit"] == "ctrl+q"


async def test_what_lost_its_key_to_another_is_still_in_the_palette(root):
    app = app_of(root, keys={"runs.mark": "D", "runs.open": "question_mark"})
    async with app.run_test(size=(120, 60)) as pilot:
        await listed(pilot)
        await until(pilot, lambda: "D mark" in screen_text(pilot))
        assert "delete" not in screen_text(pilot)
        await palette(pilot)
        keys = {option.label: option.keys for option in app.screen.query_one(Options).all}
        assert keys["mark"] == "D" and keys["delete"] == "" and keys["open"] == "?"
        assert len(offered(app)) == len(set(offered(app)))
        await pilot.press(*"delete", "enter")
        await until(pilot, lambda: "Delete quick-otter-7?" in screen_text(pilot))


async def test_what_cannot_be_done_now_is_not_in_the_palette_for_want_of_a_key(tmp_path):
    app = app_of(tmp_path, keys={"runs.new": "D"})  # an empty list: there is nothing to delete
    async with app.run_test(size=(120, 60)) as pilot:
        await until(pilot, lambda: "There is no run here yet" in screen_text(pilot))
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, PaletteScreen) and "new" in offered(app))
        assert "delete" not in offered(app)


async def test_what_is_chosen_is_done_to_the_screen_below(root, monkeypatch):
    app = app_of(root)
    opened: list[str] = []
    monkeypatch.setattr(app, "open_run", lambda folder: opened.append(folder.name))
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await palette(pilot)
        await pilot.press(*"mark", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and app.screen.query_one(RunsTable).marks)
        await palette(pilot)
        await pilot.press(*"heron", "enter")
        await until(pilot, lambda: opened == ["calm-heron-6"])
        await palette(pilot)
        await pilot.press(*"light", "enter")
        await until(pilot, lambda: app.theme == "nntui-light")
        await palette(pilot)
        await pilot.press(*"ascii", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and screen_text(pilot).isascii())


async def test_a_recipe_is_begun_from_the_palette(root, monkeypatch):
    begun: list[str] = []

    async def begin(app, recipe) -> bool:
        begun.append(recipe.name)
        return True

    monkeypatch.setattr("nntui.tui.run_actions.begin", begin)
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await palette(pilot)
        await pilot.press(*"convolutional", "enter")
        await until(pilot, lambda: begun == ["clothes"])


async def test_escape_leaves_the_palette_with_nothing_done_and_letters_are_only_typed(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await palette(pilot)
        await pilot.press("q", "question_mark", "escape")
        assert isinstance(app.screen, RunsScreen) and not app.screen.query_one(RunsTable).marks


async def test_quit_leaves(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await palette(pilot)
        await pilot.press(*"quit", "enter")
        await until(pilot, lambda: not app.is_running or app._exit)


# --- the foot --------------------------------------------------------------------------------------------------------


class Footed(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "noop", "alpha", id="x.a", tooltip="A"),
        Binding("b,f3", "noop2", "beta", id="x.b", tooltip="B"),
        Binding("c", "noop3", "hidden", id="x.c", tooltip="C", show=False),
    ]

    def compose(self) -> ComposeResult:
        yield Keys()


async def test_the_foot_shows_what_fits_and_always_help(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Footed())
        await pilot.pause()
        found = hints(app.screen.active_bindings.values())
        for cells in range(8, 100):
            line, places = keys_line(found, cells, BRAILLE)
            text = text_of(line)
            assert width(line) <= cells and "? help" in text and "hidden" not in text
            for place in places:
                assert text[place.start : place.end].strip().endswith(place.hint.label)
        assert text_of(keys_line(found, 60, BRAILLE)[0]).startswith(" a alpha  b beta  q leave ")


def test_keys_are_named_as_they_are_written():
    names = {"question_mark": "?", "colon": ":", "slash": "/", "plus": "+", "minus": "-", "ctrl+p": "ctrl+p", "up": "↑",
             "left_square_bracket": "[", "S": "S", "enter": "enter", "pagedown": "pgdn", "f2": "f2"}  # fmt: skip
    assert {key: key_name(key, BRAILLE) for key in names} == names
    assert all(key_name(key, ASCII).isascii() for key in [*names, "left", "right"])


def test_one_letter_means_one_thing_everywhere():
    import importlib
    import pkgutil

    import nntui.tui

    meanings: dict[str, set[str]] = {}
    for module in pkgutil.walk_packages(nntui.tui.__path__, "nntui.tui."):
        if module.name.endswith("plugin_panels.host"):  # a program
            continue
        for item in vars(importlib.import_module(module.name)).values():
            for binding in getattr(item, "BINDINGS", ()) if isinstance(item, type) else ():
                if isinstance(binding, Binding) and (binding.id or "").split(".")[0] in SCREENS:
                    for key in binding.key.split(","):
                        if len(key) == 1 and key.isalpha():
                            meanings.setdefault(key, set()).add(binding.description.removesuffix(" command"))
    assert meanings["S"] == {"stop"} and meanings["N"] == {"like it"} and meanings["T"] == {"train"}
    ways = set("gGjk")  # up and down, first and last, in each thing's own words
    assert {key: what for key, what in meanings.items() if len(what) > 1 and key not in ways} == {}


SCREENS = {"app", "runs", "run", "new", "compare", "chart", "form", "panel", "pane", "layers", "confusion"}
