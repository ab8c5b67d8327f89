"""Runs of very different lengths beside each other: by step, by epoch, by time, by share of the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from made_runs import app_of, make_run, screen_text, until
from test_compare import long_and_short, opened

from nntui.runs.folder import RunFolder
from nntui.tui.chart.unit import STEPS
from nntui.tui.draw.charset import BRAILLE
from nntui.tui.draw.compare_axis import UNITS
from nntui.tui.widgets.chart import Chart


@pytest.fixture
def folders(tmp_path: Path) -> list[RunFolder]:
    return [
        make_run(tmp_path, "long-heron-6", steps=2000, epochs=40),
        make_run(tmp_path, "quick-otter-7", steps=200, epochs=4),
        make_run(tmp_path, "odd-lynx-5", steps=100, epochs=4, end="stopped"),
    ]


def without_epochs(folder: RunFolder) -> None:
    lines = folder.events.read_bytes().splitlines()
    told = [msgspec.json.decode(line) for line in lines]
    for event in told:
        if "epoch" in event:
            event["epoch"] = 0.0
    folder.events.write_bytes(b"\n".join(map(msgspec.json.encode, told)) + b"\n")


def reached(chart: Chart) -> list[float]:
    """Where each curve ends, as a share of the axis."""
    return [round(curve.series.step[-1] / chart.whole[1], 2) for curve in chart.curves]


async def test_a_key_puts_a_short_run_beside_a_long_one_and_the_title_says_how(folders):
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, folders)
        chart = screen.query_one(Chart)
        seen = [(screen_text(pilot).split("\n")[0].split("runs")[1].strip(), reached(chart))]
        for _ in range(4):
            await pilot.press("X")
            await pilot.pause()
            seen.append((screen_text(pilot).split("\n")[0].split("runs")[1].strip(), reached(chart)))
        assert seen == [
            ("loss by step", [1.0, 0.1, 0.05]),
            ("loss by epoch", [1.0, 0.1, 0.05]),
            ("loss by time trained", [1.0, 0.1, 0.05]),
            ("loss by share of the run", [1.0, 1.0, 0.5]),
            ("loss by step", [1.0, 0.1, 0.05]),
        ]


async def test_what_was_measured_now_and_then_goes_by_the_same_axis(folders):
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, folders)
        await pilot.press("2", "X")
        short = screen.query_one(Chart).curves[1].series
        assert [step / UNITS["epoch"].parts for step in short.step] == [1, 2, 3, 4]
        await pilot.press("X")
        assert [step / 1000 for step in screen.query_one(Chart).curves[1].series.step] == [5, 10, 15, 20]


async def test_the_axis_and_the_crosshair_tell_the_unit(folders):
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, folders)
        told = []
        for _ in range(4):
            await pilot.press("X", "x")
            await pilot.pause()
            told.append(screen_text(pilot).split("\n")[1].split("  ")[1])
        assert told == ["epoch 40.0", "time 3:20", "share 100.0%", "step 2,000"]
        await pilot.press("X")
        await until(pilot, lambda: "epoch 5─" in screen_text(pilot))


async def test_a_run_that_lacks_epochs_is_told_and_left_out(folders):
    without_epochs(folders[1])
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, folders)
        chart = screen.query_one(Chart)
        assert "quick-otter-7 has no" not in screen_text(pilot)
        await pilot.press("X")
        assert [curve.name for curve in chart.curves] == ["long-heron-6", "odd-lynx-5"]
        await until(pilot, lambda: "quick-otter-7 has no epochs" in screen_text(pilot))
        await pilot.press("X")
        assert len(chart.curves) == 3 and screen.axis == "time"


async def test_an_axis_that_no_run_is_on_is_passed_over(folders):
    for folder in folders:
        without_epochs(folder)
    app = app_of(folders[0].path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, folders)
        axes = []
        for _ in range(2):
            await pilot.press("X")
            axes.append(screen.axis)
        assert axes == ["time", "step"]


async def test_a_close_zoom_by_time_shows_the_exact_points(tmp_path):
    runs = long_and_short(tmp_path)
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, runs)
        chart = screen.query_one(Chart)
        await pilot.press("X", "X")
        assert screen.axis == "time" and 1000 < len(chart.curves[0].series.step) < 10_000, "in buckets"
        chart._look(replace(chart.view, window=(10_000_000, 10_040_000)))
        await until(pilot, lambda: len(chart.curves[0].series.step) < 100)
        found = [step // 1000 for step in chart.curves[0].series.step]
        assert [second for second in found if 10_000 <= second <= 10_040] == list(range(10_000, 10_041))
        await pilot.press("X")
        assert chart.view.window is None, "another axis has other places"
        await pilot.press("X")
        assert screen.axis == "step" and len(chart.curves[0].series.step) > 1000


@pytest.mark.parametrize(
    ("axis", "whole", "cells", "labels"),
    [
        ("epoch", 40_000_000, 76, ["5", "10", "15", "20", "25", "30", "35", "40"]),
        ("epoch", 1_000_000, 40, ["0.2", "0.4", "0.6", "0.8", "1"]),
        ("time", 200_000, 76, ["0:30", "1:00", "1:30", "2:00", "2:30", "3:00"]),
        ("time", 9_000_000, 76, ["30:00", "1:00:00", "1:30:00", "2:00:00", "2:30:00"]),
        ("time", 4_000, 76, ["0:01", "0:02", "0:03", "0:04"]),
        ("time", 400, 40, ["0:00.1", "0:00.2", "0:00.3", "0:00.4"]),
        ("time", 30 * 86_400_000, 40, ["240:00:00", "480:00:00", "720:00:00"]),
        ("share", 1_000_000, 40, ["20%", "40%", "60%", "80%", "100%"]),
    ],
)
def test_ticks_are_nice_in_each_unit(axis, whole, cells, labels):
    assert [label for _, label in UNITS[axis].ticks(0, whole, cells)] == labels


def test_positions_are_told_as_exactly_as_a_cell_tells_them():
    assert STEPS.text(12_345, 100) == "12,345"
    assert UNITS["epoch"].text(2_350_000, 40_000) == "2.35" and UNITS["epoch"].text(2_350_000, 2_000_000) == "2"
    assert UNITS["time"].text(98_400, 2_000) == "1:38" and UNITS["time"].text(98_400, 50) == "1:38.40"
    assert UNITS["share"].text(405_000, 13_000) == "40%" and BRAILLE.unicode
