"""Marked runs over each other: their curves, what came of each, and what they were told differently."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import NOON, app_of, make_run, screen_text, until, write_events

from nntui.runs.events import Progress, Started
from nntui.runs.folder import RunFolder
from nntui.runs.lock import host
from nntui.runs.vitals import Vitals
from nntui.tui.draw.charset import ASCII, BRAILLE
from nntui.tui.draw.compare import Compared, colour, differences, mark, table
from nntui.tui.draw.text import text_of, width
from nntui.tui.screens.compare import CompareScreen
from nntui.tui.screens.runs import RunsScreen
from nntui.tui.widgets.chart import Chart
from nntui.tui.widgets.compare_table import CompareTable


@pytest.fixture
def folders(tmp_path: Path) -> list[RunFolder]:
    return [
        make_run(tmp_path, "quick-otter-7", best=0.9, lr=0.003),
        make_run(tmp_path, "calm-heron-6", best=0.98, lr=0.001, begun=NOON - 100),
        make_run(tmp_path, "odd-lynx-5", arch="cnn", end="failed", steps=110, begun=NOON - 200),
    ]


def shown(app) -> list[str]:
    return [text_of(line) for line in app.screen.query_one(CompareTable).shown]


async def opened(pilot, folders) -> CompareScreen:
    screen = CompareScreen(folders)
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: screen.read and screen.query_one(Chart).curves)
    await pilot.pause()
    return screen


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_each_run_has_a_curve_a_column_and_one_colour(folders, size):
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, folders)
        curves = screen.query_one(Chart).curves
        assert [(curve.name, curve.style) for curve in curves] == [
            ("quick-otter-7", "c1"), ("calm-heron-6", "c2"), ("odd-lynx-5", "c3"),
        ]  # fmt: skip
        head, *rest = shown(app)
        assert "quick-otter-7" in head and "calm-heron-6" in head and "odd-lynx-5" in head
        by_name = {line[:15].strip(): line for line in rest}
        assert "88.7%" not in by_name["test accuracy"] and "98.0% ★" in by_name["test accuracy"]
        assert "✗ failed" in by_name["status"]
        text = screen_text(pilot)
        assert "loss" in text.split("\n")[1] and any("\u2800" < c <= "\u28ff" for c in text)


async def test_what_differs_is_told_and_what_is_alike_is_not(folders):
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, folders)
        await pilot.press("z", "z")
        await until(pilot, lambda: any("what differs" in line for line in shown(app)))
        told = "\n".join(shown(app))
        assert "arch.name" in told and "optimizer.lr" in told and "0.003" in told and "0.001" in told
        assert "data.name" not in told and "optimizer.name" not in told


async def test_the_number_keys_choose_what_is_drawn(folders):
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, folders)
        chart = screen.query_one(Chart)
        drawn = []
        for key in "12345":
            await pilot.press(key)
            drawn.append((chart.title, chart.curves[0].kind, len(chart.curves[0].series.step)))
        assert drawn == [
            ("loss", "line", 20), ("accuracy", "points", 4), ("validation loss", "points", 4),
            ("learning rate", "line", 20), ("gradient norm", "line", 20),
        ]  # fmt: skip
        await pilot.press("q")
        assert isinstance(app.screen, RunsScreen)


async def test_a_small_terminal_is_told_and_shows_the_table_or_the_chart(folders):
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=(30, 8)) as pilot:
        await opened(pilot, folders)
        await until(pilot, lambda: "too small: 60x16" in screen_text(pilot))
        assert "status" in screen_text(pilot) and "best" in screen_text(pilot) and "loss" in screen_text(pilot)
        await pilot.press("z")
        await until(pilot, lambda: "status" not in screen_text(pilot) and "└" in screen_text(pilot))
        await pilot.press("z", "z")
        await until(pilot, lambda: "status" in screen_text(pilot))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "too small" not in screen_text(pilot) and "└" in screen_text(pilot))


def long_and_short(root):
    """A run of 20,000 steps, a second each, and a short one."""
    runs = [make_run(root, name) for name in ("long-run-1", "short-run-2")]
    begun = [Started(nntui="0.1.0", host=host(), boot_id="b", pid=1, time=NOON)]
    steps = [
        Progress(step=n, epoch=n / 50, loss=1 + n % 7 / 7, lr=0.1, samples_per_second=1.0, time=NOON + n)
        for n in range(1, 20_001)
    ]
    write_events(runs[0], [*begun, *steps])
    return runs


async def test_a_close_zoom_of_a_long_run_shows_its_exact_points(tmp_path):
    runs = long_and_short(tmp_path)
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, runs)
        chart = screen.query_one(Chart)
        assert 1000 < len(chart.curves[0].series.step) < 10_000, "in buckets"
        chart._look(replace(chart.view, window=(10_000, 10_040)))
        await until(pilot, lambda: chart.curves[0].series.step[1] >= 10_000 and len(chart.curves[0].series.step) < 50)
        assert list(chart.curves[0].series.step)[1:41] == list(range(10_000, 10_040))
        assert len(chart.curves[1].series.step) == 20, "a short one has all its points as it is"
        await pilot.press("0")
        await until(pilot, lambda: len(chart.curves[0].series.step) > 1000)


async def test_a_run_that_trains_on_is_followed(folders):
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, folders)
        make = folders[0].events.read_bytes().replace(b'"type":"finished"', b'"type":"warned","message":"went on"')
        folders[0].events.write_bytes(make)
        screen._again.set()
        await until(pilot, lambda: screen.compared[0].status == "lost")
        await until(pilot, lambda: "? lost" in screen_text(pilot))


async def test_a_run_that_is_gone_is_told_and_the_others_are_shown(folders):
    shutil.rmtree(folders[1].path)
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await opened(pilot, folders)
        assert [compared.name for compared in screen.compared] == ["quick-otter-7", "odd-lynx-5"]
        assert any("calm-heron-6 is gone" in note.message for note in app._notifications)


async def test_texts_from_files_are_drawn_as_text(tmp_path):
    runs = [make_run(tmp_path, f"run-{n}", arch=f"[red]net{n}[/]", data=f"./a\x1b[3{n}m") for n in range(2)]
    app = app_of(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, runs)
        text = screen_text(pilot)
        assert "[red]net0[/]" in text and "./a?[31m" in text and "\x1b" not in text


async def test_under_the_c_locale_everything_is_ascii(folders):
    app = app_of(folders[0].path.parent, charset="ascii")
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, folders)
        assert screen_text(pilot).isascii()


def test_differences_are_of_settings_alone():
    one = {"name": "a", "training": {"epochs": 4, "lr": 0.1}, "environment": {"torch": "2"}, "resolved": {"threads": 1}}
    two = {"name": "b", "training": {"epochs": 4}, "environment": {"torch": "3"}, "resolved": {"threads": 2}}
    assert differences([one, two]) == [("training.lr", ["0.1", ""]), ("resolved.threads", ["1", "2"])]
    assert differences([one, one]) == [] and differences([]) == []


def test_where_there_are_no_colours_marks_tell_runs_apart():
    assert [mark(n, BRAILLE, colourless=False) for n in range(6)] == [""] * 6
    for charset in (BRAILLE, ASCII):
        marks = [mark(n, charset, colourless=True) for n in range(6)]
        assert len(set(marks)) == 6 and all(width(m) == 1 for m in marks)
    assert [colour(n) for n in (0, 5, 6)] == ["c1", "c6", "c1"] and mark(6, BRAILLE, colourless=False)


@pytest.mark.parametrize("cells", [40, 80, 120, 200])
@pytest.mark.parametrize("count", [1, 2, 6])
def test_the_table_fits(cells, count):
    runs = [
        Compared("a-long-name-of-a-run-17", "done", Vitals(metric="accuracy"), {"arch": {"n": n}}) for n in range(count)
    ]
    lines = table(runs, cells, BRAILLE)
    assert max(map(width, lines)) <= cells
    assert any("arch.n" in text_of(line) for line in lines) == (count > 1)
