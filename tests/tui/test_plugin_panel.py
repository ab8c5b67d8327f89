"""A plugin's panel on a screen: drawn when it is seen, told when it fails, gone when nobody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import odd_panels
import psutil
import pytest
from distributions import Site
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from nntui.runs.folder import RunFolder
from nntui.runs.settings import Settings
from nntui.runs.state import RunState
from nntui.tui.app import NNTuiApp
from nntui.tui.draw.charset import BRAILLE
from nntui.tui.draw.text import text_of
from nntui.tui.facts import Facts
from nntui.tui.palette import THEMES
from nntui.tui.plugin_panels.client import Limits
from nntui.tui.watched import Watched
from nntui.tui.widgets.plugin_panel import PluginPanel

LIMITS = Limits(start=60, first=60, draw=60, interval=0.05)
HASTY = Limits(start=60, first=0.3, draw=0.3, interval=0.05)


@pytest.fixture(autouse=True)
def within(odd: Site) -> Iterator[None]:
    with odd.within():
        yield


class Shelf(App[None]):
    """Panels below a field to write in."""

    CSS = "PluginPanel { height: 8; } Input { height: 3; }"

    def __init__(self, *panels: PluginPanel) -> None:
        super().__init__()
        self.panels = panels
        self.charset = BRAILLE
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "nntui-dark"

    def compose(self) -> ComposeResult:
        yield Input()
        yield from self.panels


def panel(run: RunFolder, name: str, *, limits: Limits = LIMITS, hidden_seconds: float = 30.0) -> PluginPanel:
    watched = Watched(run, Facts("quick-otter-7"), RunState(), "training")
    return PluginPanel(watched, f"odd/{name}", limits=limits, hidden_seconds=hidden_seconds)


def text(panel: PluginPanel) -> str:
    """What is on the screen, cell by cell."""
    return "\n".join(panel.render_line(y).text.rstrip() for y in range(panel.size.height)).rstrip()


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await pilot.pause(0.02)


async def gone(pid: int | None) -> bool:
    assert pid is not None
    async with asyncio.timeout(30):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.02)
    return True


async def test_it_is_drawn_when_it_is_first_seen_and_as_the_run_goes_on(run: RunFolder) -> None:
    shown = panel(run, "newest")
    shown.display = False
    app = Shelf(shown)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert shown.pid is None
        shown.display = True
        await until(pilot, lambda: "step 1" in text(shown))
        odd_panels.append(run, odd_panels.progress(2))
        await until(pilot, lambda: text(shown) == "step 2: loss 2")
        pid = shown.pid
    assert await gone(pid)


async def test_one_that_raises_hangs_or_crashes_takes_nothing_with_it(run: RunFolder) -> None:
    ill = [panel(run, "raises"), panel(run, "hangs", limits=HASTY), panel(run, "leaves-hard")]
    well = panel(run, "newest")
    app = Shelf(*ill, well)
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.click(Input)
        await until(pilot, lambda: all(p.view.failure is not None for p in ill))
        assert text(ill[0]).startswith("odd/raises raised ValueError: no ?[31mgood [bold]at all while drawing")
        assert "printed: just before it fails" in text(ill[0])
        assert text(ill[1]).splitlines() == [
            "odd/hangs took more than 0.3 s to draw, and was stopped",
            "nntui plugins disable odd",
            "enter starts it again",
        ]
        assert "ended its process (exit code 7)" in text(ill[2])
        odd_panels.append(run, odd_panels.progress(5))
        await until(pilot, lambda: text(well) == "step 5: loss 5")
        await pilot.press("h", "i")
        assert app.query_one(Input).value == "hi"


async def test_enter_starts_one_again(run: RunFolder) -> None:
    shown = panel(run, "hangs", limits=HASTY)
    async with Shelf(shown).run_test() as pilot:
        shown.focus()
        assert shown.check_action("retry", ()) is False
        await until(pilot, lambda: shown.view.failure is not None)
        assert shown.pid is None
        await pilot.press("enter")
        await until(pilot, lambda: shown.pid is not None)
        assert shown.view.failure is None
        await until(pilot, lambda: shown.view.failure is not None)


async def test_one_that_is_hidden_for_long_is_let_go_and_comes_back(run: RunFolder) -> None:
    shown = panel(run, "newest", hidden_seconds=0.1)
    async with Shelf(shown).run_test() as pilot:
        await until(pilot, lambda: "step 1" in text(shown))
        first = shown.pid
        shown.display = False
        assert await gone(first)
        odd_panels.append(run, odd_panels.progress(2))
        shown.display = True
        await until(pilot, lambda: "step 2" in text(shown))
        assert shown.pid != first


async def test_one_behind_another_screen_is_not_drawn_and_let_go(run: RunFolder) -> None:
    shown = panel(run, "newest", hidden_seconds=0.1)
    app = Shelf(shown)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "step 1" in text(shown))
        first = shown.pid
        await app.push_screen(Screen())
        assert await gone(first)
        odd_panels.append(run, odd_panels.progress(2))
        app.pop_screen()
        await until(pilot, lambda: "step 2" in text(shown))


async def test_one_that_is_hidden_briefly_keeps_its_process(run: RunFolder) -> None:
    shown = panel(run, "newest")
    async with Shelf(shown).run_test() as pilot:
        await until(pilot, lambda: "step 1" in text(shown))
        first = shown.pid
        shown.display = False
        await pilot.pause()
        shown.display = True
        odd_panels.append(run, odd_panels.progress(2))
        await until(pilot, lambda: "step 2" in text(shown))
        assert shown.pid == first


async def test_a_panel_that_is_taken_away_leaves_no_process(run: RunFolder) -> None:
    shown = panel(run, "hangs")
    async with Shelf(shown).run_test() as pilot:
        await until(pilot, lambda: shown.pid is not None)
        pid = shown.pid
        await shown.remove()
        assert await gone(pid)


async def test_it_is_drawn_anew_for_another_size_and_scrolled_where_it_is_long(run: RunFolder) -> None:
    shown = panel(run, "modules")
    async with Shelf(shown).run_test() as pilot:
        await until(pilot, lambda: shown.place.startswith("1-8/"))
        first = text(shown).splitlines()
        shown.focus()
        await pilot.press("down")
        assert text(shown).splitlines()[:7] == first[1:]
        await pilot.press("pagedown", "pageup", "pageup")
        assert text(shown).splitlines() == first
        shown.styles.height = 4
        await until(pilot, lambda: shown.place.startswith("1-4/"))
        shown.titled = True
        shown.redraw()
        assert text(shown).startswith("modules ───") and shown.place.startswith("1-3/")


async def test_colours_of_rich_follow_the_theme(run: RunFolder) -> None:
    shown = panel(run, "coloured")
    app = Shelf(shown)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "there" in text(shown))
        (span,) = [s for line in shown.shown for s in line if s[0].strip() == "red"]
        assert span[1] == "strong bad"
        assert "?[5m[blink]link[/blink]" in text(shown) and "\x1b" not in text(shown)
        assert "https" not in "".join(text_of(line) for line in shown.shown)
        app.theme = "nntui-light"
        await pilot.pause()
        assert "red" in text(shown)


async def test_it_follows_a_run_that_is_renamed(run: RunFolder) -> None:
    shown = panel(run, "newest")
    async with Shelf(shown).run_test() as pilot:
        await until(pilot, lambda: "step 1" in text(shown))
        moved = RunFolder(run.path.rename(run.path.with_name("birds")))
        shown.watched.folder = moved
        shown.redraw()
        odd_panels.append(moved, odd_panels.progress(2))
        await until(pilot, lambda: "step 2" in text(shown))


async def test_it_is_one_of_the_panels_of_a_run(run: RunFolder) -> None:
    odd_panels.append(run, odd_panels.evaluated(10, accuracy=0.5))
    app = NNTuiApp(run.path.parent, open=run, screen="run", settings=Settings(charset="braille"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(app.screen.query(PluginPanel)) > 2)
        own, newest, raises = list(app.screen.query(PluginPanel))[:3]
        assert [p.panel for p in (own, newest, raises)] == ["builtin/metrics", "odd/newest", "odd/raises"]
        assert [p.pid for p in (own, newest, raises)] == [None, None, None]
        await pilot.press("6")
        await until(pilot, lambda: "0.5000" in text(own))
        await pilot.press("8")
        await until(pilot, lambda: "odd/raises raised ValueError" in text(raises))
        assert newest.pid is None and own.pid is not None
        pids = [own.pid, raises.pid]
    assert [await gone(pid) for pid in pids] == [True, True]
