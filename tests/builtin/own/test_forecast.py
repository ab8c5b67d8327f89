"""Series that are forecast: from a person's table to windows, splits, baselines and answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.builtin.datasets.own.forecast import build
from nntui.builtin.datasets.own.forecast_preprocessor import ForecastPreprocessor, moment_text
from nntui.builtin.datasets.own.forecast_sniff import sniff
from nntui.builtin.datasets.own.series_settings import ForecastParams
from nntui.builtin.datasets.own.steps import Step, step_of
from nntui.builtin.datasets.own.times import read_times
from nntui.builtin.datasets.own.windows import Windows
from nntui.engine.split import split_rows
from nntui.hooks.data import DataContext
from nntui.hooks.errors import UserError
from nntui.spec.model import DataSettings

DAYS = np.arange("2015-01-01", "2016-01-01", dtype="datetime64[D]")


def wave(count: int, seed: int = 0) -> np.ndarray:
    """A week's rhythm and some noise."""
    steps = np.arange(count)
    return np.round(10 + 3 * np.sin(2 * np.pi * steps / 7) + np.random.default_rng(seed).normal(0, 0.3, count), 3)


def written(path: Path, **columns: Any) -> Path:
    pl.DataFrame(columns).write_csv(path)
    return path


def daily(path: Path, **more: Any) -> Path:
    return written(path, date=[str(day) for day in DAYS], sales=wave(len(DAYS)), **more)


def opened(path: Path, time: str | None = None, test: Path | None = None, **params: Any) -> Windows:
    context = DataContext(path=str(path), time=time, test=None if test is None else str(test))
    return build(ForecastParams(**params), context)


def fitted(source: Windows) -> tuple[ForecastPreprocessor, dict[str, np.ndarray]]:
    splits = split_rows(source, DataSettings())
    return ForecastPreprocessor.fit(source, splits["train"], ForecastParams()), dict(splits)


def told(source: Windows) -> str:
    return "\n".join(finding.in_words() for finding in source.report.findings)


# -- windows and splits


def test_window_and_horizon_come_from_the_days_of_a_week(tmp_path: Path) -> None:
    source = opened(daily(tmp_path / "own.csv"))
    assert (source.facts.window, source.facts.horizon, source.facts.season) == (14, 7, 7)
    assert "a step is a day, a season 7" in told(source)
    values = wave(len(DAYS))
    raw = source.rows(np.array([0, 5]))
    assert raw["numbers"][1, :, 0].tolist() == values[5:19].tolist()
    assert raw["target"][1].tolist() == pytest.approx(values[19:26].tolist())
    assert source.places(np.array([5])) == ["own.csv, row 20"]


@settings(max_examples=25, deadline=None)
@given(count=st.integers(30, 90), window=st.integers(1, 8), horizon=st.integers(1, 6), series=st.integers(1, 3))
def test_what_a_training_window_tells_is_never_told_by_the_test(
    tmp_path_factory: pytest.TempPathFactory, count: int, window: int, horizon: int, series: int
) -> None:
    days = [str(day) for day in DAYS[:count]]
    path = written(
        tmp_path_factory.mktemp("own") / "own.csv",
        date=days * series,
        shop=[f"s{at}" for at in range(series) for _ in days],
        sales=np.concatenate([wave(count, seed) for seed in range(series)]),
    )
    source = opened(path, window=window, horizon=horizon, series="shop")
    assert len(source) == series * (count - window - horizon + 1)  # none reaches from one shop into another
    splits = split_rows(source, DataSettings())
    for earlier, later in (("train", "validation"), ("train", "test"), ("validation", "test")):
        one, other = splits[earlier], splits[later]
        assert source.until[one].max() < source.time[other].min()
    assert len(np.unique(np.concatenate(list(splits.values())))) == sum(map(len, splits.values()))


def test_rows_in_any_order_give_the_same_windows(tmp_path: Path) -> None:
    first = opened(daily(tmp_path / "own.csv"))
    shuffled = pl.read_csv(tmp_path / "own.csv").sample(fraction=1.0, shuffle=True, seed=1)
    shuffled.write_csv(tmp_path / "mixed.csv")
    second = opened(tmp_path / "mixed.csv")
    assert "were sorted" in told(second)
    index = np.arange(len(first))
    assert np.array_equal(first.rows(index)["target"], second.rows(index)["target"])
    assert first.fingerprint != second.fingerprint
    assert first.fingerprint == opened(tmp_path / "own.csv").fingerprint


def test_small_gaps_are_filled_and_marked_and_large_ones_crossed_by_no_window(tmp_path: Path) -> None:
    keep = np.ones(len(DAYS), dtype=bool)
    keep[[50, 51]] = keep[200:220] = False
    frame = pl.read_csv(daily(tmp_path / "own.csv")).filter(pl.Series(keep))
    frame = frame.with_columns(sales=pl.when(pl.col("date") == "2015-04-11").then(None).otherwise(pl.col("sales")))
    frame.write_csv(tmp_path / "own.csv")
    source = opened(tmp_path / "own.csv", window=7, horizon=1)
    assert "steps of the time are missing and filled" in told(source)
    assert "no window reaches across" in told(source)
    raw = source.rows(np.arange(len(source)))
    days = raw["moments"].astype("datetime64[us]").astype("datetime64[D]")
    assert (np.diff(days, axis=1) == np.timedelta64(1, "D")).all()
    assert not ((days == np.datetime64("2015-07-25")).any())
    filled = days == np.datetime64("2015-02-20")
    assert raw["missing"][filled].all()
    assert set(raw["numbers"][filled].ravel().tolist()) == {wave(len(DAYS))[49]}
    ahead = source.time.astype("datetime64[us]").astype("datetime64[D]")
    assert np.datetime64("2015-04-11") not in ahead  # what is not known is not told
    preprocessor, _ = fitted(source)
    assert preprocessor.encode(raw)["steps"].shape == (len(source), 7, 1 + 1 + 2)  # sales, its mark, the weekday


def test_times_that_are_there_twice_are_skipped_and_listed(tmp_path: Path) -> None:
    frame = pl.read_csv(daily(tmp_path / "own.csv"))
    pl.concat([frame, frame[9:11].with_columns(sales=pl.lit(99.0))]).write_csv(tmp_path / "own.csv")
    source = opened(tmp_path / "own.csv")
    skipped = next(finding for finding in source.report.findings if finding.kind == "skipped")
    assert (skipped.count, skipped.places[0]) == (2, "own.csv, row 366")
    assert source.line.numbers.max() < 90


def test_series_in_one_column_are_found_and_named(tmp_path: Path) -> None:
    path = written(
        tmp_path / "own.csv",
        date=[str(day) for day in DAYS for _ in range(2)],
        shop=["north", "south"] * len(DAYS),
        sales=np.stack([wave(len(DAYS)), wave(len(DAYS), 1) + 50], axis=1).ravel(),
    )
    source = opened(path)
    assert source.table.series_names == ("north", "south")
    assert "shop tells several series apart" in told(source)
    windows = source.rows(np.arange(len(source)))["numbers"]
    assert (windows.max(axis=(1, 2)) - windows.min(axis=(1, 2)) < 20).all()


def test_a_test_of_its_own_goes_on_where_the_training_ends(tmp_path: Path) -> None:
    frame = pl.read_csv(daily(tmp_path / "all.csv"))
    frame[:300].write_csv(tmp_path / "own.csv")
    frame[300:].write_csv(tmp_path / "later.csv")
    source = opened(tmp_path / "own.csv", test=tmp_path / "later.csv", window=7, horizon=3)
    splits = split_rows(source, DataSettings(test=str(tmp_path / "later.csv")))
    first = np.datetime64(DAYS[300], "us").astype(np.int64)
    assert len(splits["test"]) == len(DAYS) - 300 - 2
    assert source.time[splits["test"]].min() == first
    assert max(source.until[splits["train"]].max(), source.until[splits["validation"]].max()) < first


def test_columns_known_ahead_are_given_for_the_horizon_and_others_are_not(tmp_path: Path) -> None:
    holiday = (np.arange(len(DAYS)) % 10 == 0).astype(int)
    path = daily(tmp_path / "own.csv", holiday=holiday, rain=wave(len(DAYS), 3))
    source = opened(path, target=["sales"], known=["holiday"], window=7, horizon=3)
    raw = source.rows(np.array([4]))
    names = source.facts.roles.numbers
    assert raw["numbers"].shape == (1, 10, 3)
    assert raw["numbers"][0, 7:, names.index("holiday")].tolist() == holiday[11:14].tolist()
    assert np.isnan(raw["numbers"][0, 7:, [names.index("sales"), names.index("rain")]]).all()
    preprocessor, _ = fitted(source)
    steps = preprocessor.encode(raw)["steps"]
    assert bool(torch.isfinite(steps).all())
    assert steps[0, :, -1].tolist() == [0.0] * 7 + [1.0] * 3


# -- fitting, baselines, answers


def test_nothing_is_fitted_on_rows_that_do_not_train(tmp_path: Path) -> None:
    path = daily(tmp_path / "own.csv")
    source = opened(path)
    preprocessor, splits = fitted(source)
    border = int(source.until[splits["train"]].max())
    moments = np.array([np.datetime64(day, "us").astype(np.int64) for day in DAYS])
    frame = pl.read_csv(path).with_columns(sales=pl.Series(np.where(moments > border, 1e6, wave(len(DAYS)))))
    frame.write_csv(path)
    other, _ = fitted(opened(path))
    assert other.to_json() == preprocessor.to_json()


def test_the_preprocessing_is_whole_as_json(tmp_path: Path) -> None:
    source = opened(daily(tmp_path / "own.csv", sky=["sun", "rain", "fog"] * (len(DAYS) // 3) + ["sun"] * 2))
    preprocessor, splits = fitted(source)
    again = ForecastPreprocessor.from_json(json.loads(json.dumps(preprocessor.to_json())))
    raw = source.rows(splits["test"])
    assert again.spec == preprocessor.spec
    for name, tensor in preprocessor.encode(raw).items():
        assert torch.equal(again.encode(raw)[name], tensor)


def test_baselines_repeat_the_last_value_and_the_last_season(tmp_path: Path) -> None:
    source = opened(daily(tmp_path / "own.csv"), window=14, horizon=10)
    preprocessor, _ = fitted(source)
    found = preprocessor.baselines(source.rows(np.array([3])))
    values = wave(len(DAYS))
    assert found["naive"][0].tolist() == [values[16]] * 10
    assert found["seasonal-naive"][0].tolist() == [*values[10:17], *values[10:13]]


def test_a_forecast_starts_from_what_was_best_on_training_rows(tmp_path: Path) -> None:
    rhythm, _ = fitted(opened(daily(tmp_path / "own.csv")))
    assert rhythm.beginning.plain == "seasonal"
    walk = np.cumsum(np.random.default_rng(0).choice([-1.0, 1.0], len(DAYS)))
    drift, _ = fitted(opened(written(tmp_path / "walk.csv", date=[str(day) for day in DAYS], price=walk)))
    assert drift.beginning.plain == "last"


def test_the_last_window_of_each_series_is_forecast_with_the_days_told(tmp_path: Path) -> None:
    preprocessor, _ = fitted(opened(daily(tmp_path / "own.csv")))
    (tmp_path / "new").mkdir()
    frame = pl.read_csv(tmp_path / "own.csv")
    frame[:100].write_csv(tmp_path / "new" / "one.csv")
    frame[:60].write_csv(tmp_path / "new" / "two.csv")
    frame[:5].write_csv(tmp_path / "new" / "short.csv")
    (asked,) = preprocessor.ask([str(tmp_path / "new")], 100)
    assert list(asked.names) == ["one.csv, 2015-04-11 to 2015-04-17", "two.csv, 2015-03-02 to 2015-03-08"]
    assert "short.csv has 5 steps" in asked.findings[0].message
    assert asked.raw["numbers"][0, :, 0].tolist() == wave(len(DAYS))[86:100].tolist()
    with pytest.raises(ValueError, match="5 steps since its last gap; at least 14"):
        preprocessor.read([str(tmp_path / "new" / "short.csv")])
    with pytest.raises(ValueError, match="missing sales"):
        preprocessor.read([str(written(tmp_path / "other.csv", date=["2015-01-01"], price=[1.0]))])


# -- times


@pytest.mark.parametrize(
    ("form", "step"),
    [
        ("%Y-%m-%d", "D"), ("%d.%m.%Y", "D"), ("%m/%d/%Y", "D"), ("%d/%m/%Y", "D"), ("%Y%m%d", "D"), ("%b %d, %Y", "D"),
        ("%Y-%m-%dT%H:%M:%SZ", "h"), ("%Y-%m-%d %H:%M", "h"), ("%m/%d/%Y %I:%M %p", "h"), ("%Y-%m", "M"),
        ("%Y %b", "M"),
    ],
)  # fmt: skip
def test_times_are_read_however_they_are_written(form: str, step: str) -> None:
    moments = (np.datetime64("2014-12-01", step) + np.arange(60)).astype("datetime64[us]")
    read = read_times(pl.Series("when", [moment.item().strftime(form) for moment in moments]))
    assert read is not None
    assert read.kind == "moments"
    assert np.array_equal(read.moments, moments.astype(np.int64))
    assert step_of([read.moments]).in_words() == {"D": "a day", "h": "an hour", "M": "a month"}[step]


def test_day_or_month_first_is_told_and_a_guess_is_a_warning() -> None:
    even = read_times(pl.Series("date", [f"{day:02d}/03/2020" for day in range(1, 13)]))
    assert even is not None
    assert "the day was taken, since the steps are even that way" in even.findings[0].message
    guess = read_times(pl.Series("date", ["01/01/2020", "02/02/2020", "03/03/2020", "04/04/2020"]))
    assert guess is not None
    assert guess.findings[0].kind == "warning"


def test_zones_are_taken_to_utc_where_they_are_mixed() -> None:
    read = read_times(pl.Series("t", ["2020-03-28 23:00+01:00", "2020-03-29 04:00+02:00"]))
    assert read is not None
    assert [moment_text(moment) for moment in read.moments.tolist()] == ["2020-03-28 22:00", "2020-03-29 02:00"]
    with pytest.raises(ValueError, match="have a time zone and the others none"):
        read_times(pl.Series("t", ["2020-03-28 23:00+01:00", "2020-03-29 04:00"]))


@given(st.text(max_size=12))
def test_any_text_is_a_time_or_is_none(text: str) -> None:
    read = read_times(pl.Series("x", [text, text, "2015-01-01"]))
    assert read is None or read.known.any()


def test_months_are_steps_whatever_their_days() -> None:
    step = Step(kind="months", size=1)
    january = int(np.datetime64("2015-01-31", "us").astype(np.int64))
    assert moment_text(step.after(january, 1)) == "2015-02-28"
    assert moment_text(step.after(january, 14)) == "2016-03-31"


# -- what cannot be forecast


@pytest.mark.parametrize(
    ("columns", "params", "message"),
    [
        ({"date": ["2015-01-01"] * 9, "name": list("abcdefghi")}, {}, "no column of numbers"),
        ({"t": range(50), "x": [5.0] * 50}, {}, "x is 5 in every row"),
        ({"t": range(50), "x": [None] * 50, "y": wave(50)}, {"target": ["x"]}, "x is no column of numbers"),
        ({"t": range(50), "x": ["inf"] * 25 + ["nan"] * 25}, {}, "is missing in every row"),
        ({"t": range(10), "x": wave(10)}, {"window": 30, "horizon": 2}, "--data.window 6 would fit"),
        ({"t": range(10), "x": wave(10)}, {"target": ["z"]}, "there is no column 'z'"),
        ({"day": [str(d) for d in DAYS[:20]] * 3, "x": wave(60)}, {}, "--data.series"),
    ],
)
def test_a_table_that_cannot_be_forecast_says_why(
    tmp_path: Path, columns: dict[str, Any], params: dict[str, Any], message: str
) -> None:
    path = written(tmp_path / "own.csv", **{name: list(values) for name, values in columns.items()})
    with pytest.raises(UserError) as raised:
        opened(path, **params)
    assert message in raised.value.render()


def test_a_time_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    path = written(tmp_path / "own.csv", colour=["red", "blue"] * 20, x=wave(40))
    with pytest.raises(UserError, match=r"--data\.time colour: this is no column of times: 'red'"):
        opened(path, time="colour")


def test_infinite_values_and_words_among_numbers_count_as_missing_and_are_listed(tmp_path: Path) -> None:
    values = [str(v) for v in wave(len(DAYS))]
    values[10], values[20] = "inf", "broken"
    path = written(tmp_path / "own.csv", date=[str(day) for day in DAYS], sales=values)
    source = opened(path, window=7, horizon=1)
    odd = next(finding for finding in source.report.findings if "no finite numbers" in finding.message)
    assert (odd.count, odd.places) == (2, ("own.csv, row 11: 'inf'", "own.csv, row 21: 'broken'"))
    assert np.isfinite(source.rows(np.arange(len(source)))["target"]).all()


# -- what is taken for a series


def test_even_times_are_taken_for_a_series_and_a_table_of_people_is_not(tmp_path: Path) -> None:
    found = sniff(daily(tmp_path / "own.csv"))
    assert found is not None
    assert "evenly spaced" in found.reason
    random = np.random.default_rng(0)
    born = [str(day) for day in random.choice(DAYS, 100)]
    assert sniff(written(tmp_path / "people.csv", born=born, income=random.normal(size=100))) is None
    assert sniff(written(tmp_path / "plain.csv", a=random.normal(size=50), b=random.normal(size=50))) is None


def test_the_shipped_weather_is_read_as_a_series(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[3] / "datasets" / "seattle-weather" / "seattle-weather.csv"
    frame = pl.read_csv(shipped)
    frame.write_parquet(tmp_path / "weather.parquet")
    from_text, from_parquet = (
        opened(shipped, target=["temp_max"]),
        opened(tmp_path / "weather.parquet", target=["temp_max"]),
    )
    index = np.arange(0, len(from_text), 100)
    assert np.array_equal(from_text.rows(index)["target"], from_parquet.rows(index)["target"])
    assert from_text.facts.calendar == ("weekday", "yearday")
    assert from_text.facts.roles.categories == ("weather",)


def test_several_files_are_forecast_at_once_and_one_that_is_none_is_passed_over(tmp_path: Path) -> None:
    preprocessor, _ = fitted(opened(daily(tmp_path / "own.csv")))
    frame = pl.read_csv(tmp_path / "own.csv")
    new = tmp_path / "new"
    new.mkdir()
    frame[:100].write_csv(new / "one.csv")
    frame[:60].write_csv(new / "two.csv")
    both = preprocessor.read([str(new / "one.csv"), str(new / "two.csv")])
    assert both["numbers"][:, -1, 0].tolist() == [wave(len(DAYS))[99], wave(len(DAYS))[59]]
    (new / "other.csv").write_text("a,b\n1,2\n")
    pieces = list(preprocessor.ask([str(new)], 100))
    assert [name.partition(",")[0] for piece in pieces for name in piece.names] == ["one.csv", "two.csv"]
    (finding,) = [finding for piece in pieces for finding in piece.findings]
    assert (finding.kind, finding.places) == ("skipped", (str(new / "other.csv"),))
    with pytest.raises(ValueError, match="missing"):
        preprocessor.read([str(new)])


def test_a_test_of_its_own_has_no_say_in_what_is_learnt(tmp_path: Path) -> None:
    frame = pl.read_csv(daily(tmp_path / "all.csv"))
    frame[:60].write_csv(tmp_path / "own.csv")
    frame[60:].write_csv(tmp_path / "later.csv")
    alone = opened(tmp_path / "own.csv")
    assert opened(tmp_path / "own.csv", test=tmp_path / "later.csv").facts == alone.facts
    assert opened(tmp_path / "all.csv").facts != alone.facts
