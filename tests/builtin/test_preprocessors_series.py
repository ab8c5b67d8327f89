"""Windows of days."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from opened import DATASETS, build, fit, opened
from pydantic import ValidationError

from nntui.builtin.datasets.shipped import shipped
from nntui.builtin.datasets.typed_rows import read_csv

HEADER = "date,precipitation,temp_max,temp_min,wind,weather"


def every_day() -> list[dict[str, str]]:
    return read_csv(shipped("seattle-weather", "seattle-weather.csv"))


@pytest.mark.parametrize(("window", "horizon"), [(7, 1), (14, 3), (1, 1)])
def test_a_window_is_followed_by_the_days_that_it_tells(window: int, horizon: int) -> None:
    params = {"window": window, "horizon": horizon, "targets": ("temp_max", "wind")}
    source = build("seattle-weather", **params)
    days = every_day()
    assert len(source) == len(days) - window - horizon + 1
    for row in (0, 100, len(source) - 1):
        told = days[row + window : row + window + horizon]
        expected = [float(day[name]) for day in told for name in ("temp_max", "wind")]
        assert source.columns["target"][row].tolist() == pytest.approx(expected)
        assert source.columns["temp_min"][row].tolist() == [float(day["temp_min"]) for day in days[row : row + window]]
    goal = fit("seattle-weather", source, np.arange(100), **params).spec.target
    assert goal.size == 2 * horizon
    assert goal.unit == ""
    if horizon == 3:
        assert goal.names == ("temp_max +1", "wind +1", "temp_max +2", "wind +2", "temp_max +3", "wind +3")


def test_a_prediction_starts_from_the_last_day() -> None:
    one = opened("seattle-weather")
    encoded = one.encoded()
    days = every_day()
    assert encoded["last"][:5, 0].tolist() == pytest.approx([float(day["temp_max"]) for day in days[6:11]])
    goal = one.preprocessor.spec.target
    assert goal.offset == "last"
    assert goal.unit == "°C"
    change = (encoded["target"] - encoded["last"])[one.train]
    assert goal.mean == pytest.approx(change.mean(0).tolist(), abs=1e-5)
    assert goal.std == pytest.approx(change.std(0, correction=0).tolist(), rel=1e-4)
    assert float((encoded["target"] - encoded["last"]).abs().mean()) == pytest.approx(2.36, abs=0.15)


def test_the_calendar_and_the_weather_are_among_the_inputs() -> None:
    one = opened("seattle-weather")
    days = one.preprocessor.encode(one.source.rows(np.array([0])))["days"][0]
    assert days[0, 9:].tolist() == pytest.approx([0.0, 1.0])  # the first of January
    weather = days[:, 4:9]
    assert (weather.sum(1) == 1).all()
    assert days[0, 0] == 0
    assert days[1, 0] == pytest.approx(np.log1p(10.9))


def test_several_days_are_told_with_their_units() -> None:
    params = {"horizon": 2, "targets": ("temp_max", "wind")}
    source = build("seattle-weather", **params)
    preprocessor = fit("seattle-weather", source, np.arange(500), **params)
    (told,) = preprocessor.decode(torch.tensor([[12.0, 3.0, 13.0, 4.0]]))
    assert told.label == "temp_max +1 12 °C, wind +1 3 m/s, temp_max +2 13 °C, wind +2 4 m/s"
    assert told.value == [12.0, 3.0, 13.0, 4.0]


def write(path: Path, rows: list[str], header: str = HEADER) -> str:
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return str(path)


ROWS = [f"2020-02-{24 + day:02d},0.{day},1{day}.0,{day}.0,2.5,sun" for day in range(6)] + [
    "2020-03-01,0,20,5,1,rain",
    "2020-03-02,0,21,5,1,hail",
]


def test_the_last_window_of_a_file_is_read(tmp_path: Path) -> None:
    preprocessor = opened("seattle-weather").preprocessor
    raw = preprocessor.read(
        [write(tmp_path / "days.csv", ROWS), str(shipped("seattle-weather", "seattle-weather.csv"))]
    )
    assert raw["temp_max"][0].tolist() == [11, 12, 13, 14, 15, 20, 21]
    assert raw["date"][1, -1] == np.datetime64("2015-12-31")
    encoded = preprocessor.encode(raw)
    assert "target" not in encoded
    assert encoded["days"].shape == (2, 7, 11)
    assert encoded["last"][0].tolist() == [21]
    assert encoded["days"][0, -1, 4:9].sum() == 0  # hail: no training day has it
    assert preprocessor.example(raw, 0).label == ""


@pytest.mark.parametrize(
    ("rows", "header", "complaint"),
    [
        (ROWS[:3], HEADER, "3 days; at least 7 are needed"),
        (ROWS, HEADER.replace("wind", "breeze"), "missing wind; the columns date, precipitation"),
        (ROWS[:4] + ROWS[5:], HEADER, "row 5: 2020-02-29 follows 2020-02-27; each day was expected"),
        ([*ROWS[:7], "tomorrow,0,1,1,1,sun"], HEADER, "row 8: date: 'tomorrow' is no date"),
        ([*ROWS[:7], "2020-03-02,0,warm,1,1,sun"], HEADER, "row 8: temp_max: 'warm' is no number"),
        ([*ROWS[:7], "2020-03-02,0,,1,1,sun"], HEADER, "row 8: temp_max is missing"),
        ([*ROWS[:7], "2020-03-02,-1,1,1,1,sun"], HEADER, "row 8: precipitation: -1 is negative"),
    ],
)
def test_a_file_that_does_not_serve_is_named(rows: list[str], header: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"days\.csv.*{complaint}"):
        opened("seattle-weather").preprocessor.read([write(tmp_path / "days.csv", rows, header)])


def test_no_file_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 7 days was expected"):
        opened("seattle-weather").preprocessor.read([])
    with pytest.raises(FileNotFoundError, match=r"none\.csv: there is no such file"):
        opened("seattle-weather").preprocessor.read([str(tmp_path / "none.csv")])


def test_targets_are_columns_each_named_once() -> None:
    params = DATASETS["seattle-weather"].params
    with pytest.raises(ValidationError, match="each may be named once"):
        params(targets=("wind", "wind"))
    with pytest.raises(ValidationError):
        params(targets=("snow",))
    with pytest.raises(ValidationError):
        params(targets=())
