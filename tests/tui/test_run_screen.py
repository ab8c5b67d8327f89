"""A run's screen shows what its folder says, at every size, while it happens."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest
from made_runs import until
from recorded import BEGUN, STEPS, events, recorded, write
from run_pilot import opened, run_screen, says, shown, told
from textual.widgets import Static

from nntui.runs.events import Failed, Finished, Progress, Warned
from nntui.runs.folder import RunFolder
from nntui.tui.draw.charset import CHARSETS
from nntui.tui.screens.palette import PaletteScreen
from nntui.tui.screens.run import RunScreen
from nntui.tui.screens.runs import RunsScreen
from nntui.tui.widgets.chart import Chart
from nntui.tui.widgets.layers import LayersPanel
from nntui.tui.widgets.lines import Lines
from nntui.tui.widgets.options import Options
from nntui.tui.widgets.run_panels import RunPanels


@pytest.fixture(autouse=True)
def _no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNTUI_PLUGINS", "")


@pytest.mark.parametrize(("size", "beside"), [((80, 24), 1), ((100, 30), 1), ((120, 40), 2), ((200, 60), 3)])
async def test_nothing_essential_is_cut_off(live: RunFolder, size: tuple[int, int], beside: int) -> None:
    """And as many panels stand side by side as there is room for."""
    async with opened(live, size) as pilot:
        assert len(run_screen(pilot).panels.seen) == beside
        text = shown(pilot)
        for words in (
            "quick-otter-7", "cnn fashion-mnist", "● training 4/10", "eta", "loss", "train", "val", "acc", "best@2",
            "1 Layers", "2 Samples", "3 Confusion", "4 Log", "5 Commands", "conv1", "32x28x28", "|grad|", "u/w", "dead",
            "31%", "relu2: 31% of units never fire", "k/s", "lr ", "cpu", "ckpt", "disk", "S stop", "? help",
        ):  # fmt: skip
            assert words in text, f"{words!r} is not on a screen of {size}:\n{text}"


async def test_a_terminal_too_small_shows_the_figures_that_matter(live: RunFolder) -> None:
    async with opened(live, (40, 8)) as pilot:
        text = shown(pilot)
        for words in ("training", "4/10", "loss", "accuracy 82", "eta", "40x8 is too small"):
            assert words in text
        await pilot.resize_terminal(80, 24)
        await says(pilot, "1 Layers")


@pytest.mark.parametrize("size", [(40, 10), (60, 15), (59, 40)])
async def test_a_terminal_too_small_shows_the_loss_and_the_keys_that_work(live: RunFolder, size) -> None:
    async with opened(live, size) as pilot:
        lines = shown(pilot).split("\n")
        assert "● training 4/10  quick-otter-7" in lines[0]
        for words in ("step 408", "val 0.2949", "best 84.4%", "k/s", "lr "):
            assert words in shown(pilot)
        assert any("└" in line for line in lines) and all(line.strip() for line in lines)
        assert "space pause" in lines[-1] and "? help" in lines[-1]
        await pilot.press("minus")
        await says(pilot, "lr x0.67 asked")


async def test_resizing_while_it_is_shown_rearranges(live: RunFolder) -> None:
    async with opened(live) as pilot:
        for size, words in (((200, 60), "worst mistakes"), ((60, 16), "1 Layers"), ((120, 40), "2 Samples")):
            await pilot.resize_terminal(*size)
            await says(pilot, words)


async def test_each_panel_is_chosen_by_its_number(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        for key, words in (
            ("2", "→ dress"), ("3", "worst mistakes"), ("4", "red [bold]not markup[/bold]"),
            ("5", "refused: extend takes"), ("1", "conv1"),
        ):  # fmt: skip
            await pilot.press(key)
            await says(pilot, words)
        await pilot.press("9")
        await told(pilot, "there are")


async def test_what_a_log_holds_is_drawn_as_text(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        await pilot.press("4")
        await says(pilot, "not markup")
        assert "\x1b" not in shown(pilot)
        assert "epoch 2" in shown(pilot)
        assert "epoch 1" not in shown(pilot), "a carriage return begins the line anew"


async def test_the_log_is_followed_as_it_grows(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await pilot.press("4")
        with live.log.open("a") as log:
            log.write("\n".join(f"line {n}" for n in range(100)) + "\n")
        await says(pilot, "line 99")


async def test_checkpoints_that_are_kept_are_listed(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        await pilot.press("5")
        await says(pilot, "step 360")
        assert "★ best" in shown(pilot)
        assert "lr x0.5" in shown(pilot)
        assert "applied at step 200: lr 0.0015" in shown(pilot)


async def test_enter_says_what_is_wrong_with_the_layers(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        await pilot.press("1", "enter")
        await says(pilot, "no gradient reaches")
        await pilot.press("enter")
        await says(pilot, "conv1")


async def test_more_panels_than_digits_are_in_the_palette_and_the_chosen_one_is_named(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        await says(pilot, "1 Layers")
        panels = pilot.app.screen.query_one(RunPanels)
        for number in range(6, 13):
            await panels.add(f"more-{number}", Static(f"the panel {number}"))
        await pilot.press("2", "1")
        await says(pilot, " … ")
        assert "more-12" not in shown(pilot)
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen))
        await pilot.press(*"more-11", "enter")
        await says(pilot, "the panel 11")
        await says(pilot, " 11 more-11 ")
        assert "1 Layers" not in shown(pilot)


async def test_a_panel_scrolls_by_keys(folder: RunFolder) -> None:
    async with opened(folder, (80, 18)) as pilot:
        await pilot.press("1")
        panel = run_screen(pilot).query_one(LayersPanel)
        assert panel.place.startswith("1-")
        await pilot.press("j", "down")
        assert panel.place.startswith("3-")
        await pilot.press("end")
        assert panel.place.endswith("-8/8")
        await pilot.press("k", "home")
        assert panel.place.startswith("1-")


async def test_z_shows_one_chart_or_panel_alone_and_all_again(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        await pilot.press("3", "z")
        await until(pilot, lambda: not any(chart.region.height for chart in pilot.app.screen.query(Chart)))
        assert pilot.app.screen.query_one("#confusion").size.height >= 18
        await pilot.press("z")
        await until(pilot, lambda: all(chart.region.height for chart in pilot.app.screen.query(Chart)))
        pilot.app.screen.query_one("#loss").focus()
        await pilot.press("z")
        await until(pilot, lambda: pilot.app.screen.query_one("#loss").size.width == 80)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen.query_one("#loss").size.width < 80)


async def test_the_focus_goes_round_charts_and_panels(folder: RunFolder) -> None:
    async with opened(folder, (120, 40)) as pilot:
        seen = []
        for _ in range(5):
            await pilot.press("tab")
            seen.append(pilot.app.focused.id if pilot.app.focused else None)
        assert set(seen) == {"loss", "metric", "layers", "samples"}


async def test_a_zoom_and_a_crosshair_of_one_chart_are_those_of_the_other(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        loss, metric = pilot.app.screen.query_one("#loss", Chart), pilot.app.screen.query_one("#metric", Chart)
        loss.focus()
        await pilot.press("left_curly_bracket", "x")
        await until(pilot, lambda: metric.view.window is not None and metric.view.crosshair is not None)
        assert metric.view.window == loss.view.window
        assert metric.view.crosshair == loss.view.crosshair


async def test_ascii_is_drawn_where_nothing_else_can_be(folder: RunFolder) -> None:
    async with opened(folder, (120, 40), charset="ascii") as pilot:
        for key in "12345":
            await pilot.press(key)
            await pilot.pause()
            assert shown(pilot).isascii(), [c for c in shown(pilot) if not c.isascii()]


# --- while it happens ------------------------------------------------------------------------------------------------


async def test_what_happens_is_shown_while_it_happens(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training 4/10")
        write(live, [e for e in events(10, 5.2) if getattr(e, "step", 0) > 3.4 * STEPS])
        await says(pilot, "training 6/10")


async def test_a_run_that_ends_while_it_is_shown_rings_and_says_how(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training")
        rung = []
        pilot.app.bell = lambda: rung.append(True)  # type: ignore[method-assign]
        write(live, [Finished(time=time.time(), step=420, status="done", seconds=170.0, metrics={"accuracy": 0.9},
                              split="test", best_step=240)])  # fmt: skip
        await says(pilot, "done in 2:50  test: accuracy 90.0%")
        assert "✓ done" in shown(pilot)
        assert "weights of step 240" in shown(pilot)
        assert rung == [True]


async def test_a_failure_and_its_advice_are_shown(folder: RunFolder) -> None:
    write(folder, [Failed(time=BEGUN + 200, step=212, kind="disk", message="no space left", advice="make room")])
    async with opened(folder) as pilot:
        await says(pilot, "failed: no space left")
        assert "make room" in shown(pilot)
        assert "✗ failed" in shown(pilot)


async def test_a_warning_of_the_engine_is_shown(live: RunFolder) -> None:
    async with opened(live) as pilot:
        write(live, [Warned(time=time.time(), message="a checkpoint could not be written: no space left on device")])
        await says(pilot, "warning: a checkpoint could not be written: no space left")


async def test_a_folder_deleted_while_it_is_shown_is_told_and_all_goes_on(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        shutil.rmtree(folder.path)
        await says(pilot, "this run's folder is gone and its process ends: what was read stays shown")
        assert "✗ deleted" in shown(pilot)
        await pilot.press("space")
        await told(pilot, "the folder of quick-otter-7 is gone: its process ends by itself")
        await pilot.press("f")
        await told(pilot, "is gone")
        for key in "12345":
            await pilot.press(key)
        await says(pilot, "5 Commands")


async def test_events_that_cannot_be_read_are_told(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        folder.events.unlink()
        folder.events.mkdir()
        await says(pilot, "what happens in quick-otter-7 cannot be read")
        await pilot.press("3")
        await says(pilot, "worst mistakes")


async def test_both_charts_span_the_same_steps(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        spans = {chart.whole for chart in pilot.app.screen.query(Chart)}
        assert len(spans) == 1


async def test_another_theme_and_charset_are_taken_at_once(folder: RunFolder) -> None:
    async with opened(folder, (200, 60)) as pilot:
        await pilot.press("3")
        before = list(pilot.app.screen.query_one("#confusion", Lines).shown)
        pilot.app.theme = "nntui-light"
        await until(pilot, lambda: pilot.app.screen.query_one("#confusion", Lines).shown != before)
        pilot.app.charset = CHARSETS["ascii"]  # type: ignore[attr-defined]
        run_screen(pilot).redraw()
        await until(pilot, lambda: shown(pilot).isascii())


async def test_lines_that_are_no_events_are_told(live: RunFolder) -> None:
    async with opened(live) as pilot:
        with live.events.open("ab") as file:
            file.write(b"\x00\x01 damaged\n")
        await says(pilot, "1 line of events.jsonl cannot be read")
        assert "training" in shown(pilot)


async def test_a_run_of_a_later_nntui_says_so(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        with folder.events.open("ab") as file:
            file.write(b'{"type":"started","version":99,"nntui":"9.9","host":"h","boot_id":"b","pid":1}\n')
        await says(pilot, "was written by nntui 9.9")
        await asyncio.sleep(1.3)  # it is looked at again, and has nothing new
        assert "was written by nntui 9.9" in shown(pilot)


async def test_nothing_is_drawn_and_no_timer_runs_while_nothing_happens(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        screen = run_screen(pilot)
        await says(pilot, "6 metrics")  # the last thing that comes
        await until(pilot, lambda: screen._clock is not None and not screen._clock._active.is_set())
        await pilot.pause()
        drawn: list[object] = []
        for widget in screen.query(Lines):
            widget.refresh = lambda *regions, **_: drawn.append(regions)  # type: ignore[method-assign, assignment]
        looks = screen.following.attached
        polls: list[int] = []
        poll = looks.poll
        looks.poll = lambda limit=None: polls.append(1) or poll(limit)  # type: ignore[method-assign, func-returns-value]
        await until(pilot, lambda: len(polls) >= 2)
        assert drawn == []


async def test_a_long_run_is_read_in_slices(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "runs")
    many = [Progress(time=BEGUN + n / 100, step=500 + n, epoch=4.0, loss=0.5, lr=1e-3) for n in range(12_000)]
    write(folder, many)
    assert folder.events.stat().st_size > 512 << 10
    async with opened(folder) as pilot:
        await until(pilot, lambda: run_screen(pilot).watched.state.vitals.step == 500 + 11_999)
        await says(pilot, "step" if pilot.app.size.width > 100 else "cnn")


async def test_the_list_of_runs_is_reached_from_a_run_that_the_interface_was_opened_on(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        await pilot.press("colon", *"all runs", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        await says(pilot, "1 run")
        await pilot.press("enter")
        await says(pilot, "1 Layers")
        await pilot.press("colon", *"all runs", "enter")  # the same list, not another on top
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        assert [type(screen).__name__ for screen in pilot.app.screen_stack] == ["RunScreen", "RunsScreen"]
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen))
        assert "all runs" not in [option.label for option in pilot.app.screen.query_one(Options).found]
        await pilot.press("escape", "q")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("q")  # leaving the run leaves nntui, as before
        await until(pilot, lambda: not pilot.app.is_running or pilot.app._exit)
