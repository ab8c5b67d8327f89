"""How well the defaults learn a person's own series, beside plain rules on the same rows.

    python benchmarks/own_series.py --packages DIR          # everything; a quarter of an hour on two cores
    python benchmarks/own_series.py --packages DIR --only airline
    python benchmarks/own_series.py --packages DIR --validation   # what defaults are chosen by

DIR holds the packages `bokeh-sampledata==2026.1`, `aeon==1.6` and `ISLP==0.6`, as `pip install --no-deps --target
DIR` leaves them. Nothing is set but the path, and what a person alone can know (the target).

Forecasts: five series of each case, the first 60 to 100 % of its rows, each split by time; judged by the mean absolute
error, beside the last value, the value a season before, and a ridge regression on the window (its decay chosen by
leave-one-out). Classes: five seeds of the split; judged by accuracy, beside logistic regression and a random forest on
the flattened series.

Beware: the network also sees the other columns and the calendar, which the ridge regression does not, and may start
from a ridge regression of its own. One training seed; the five series of a case overlap, so that the standard error is
too small.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import comparing
import numpy as np
from comparing import Case, Rows, Settings

if TYPE_CHECKING:
    import polars as pl

WEATHER = comparing.ROOT / "datasets/seattle-weather/seattle-weather.csv"
AEON = "aeon/datasets/data"
BOKEH = "bokeh_sampledata/_data"
PREFIXES = (0.6, 0.7, 0.8, 0.9, 1.0)
"""Of a series' rows: one for each split."""


def cases(packages: Path) -> list[Case]:
    bokeh, aeon = packages / BOKEH, packages / AEON
    return [
        _forecast("seattle-weather", WEATHER, target="temp_max"),
        _forecast("glucose", bokeh / "CGM.csv.gz", target="glucose"),
        _forecast("sea-temperature", bokeh / "sea_surface_temperature.csv.gz"),
        _forecast("stocks", bokeh / "stocks.csv.gz", target="Close"),
        _forecast("airline", aeon / "Airline/Airline.csv"),
        # it has no time: alone, it is a table
        _forecast("bikeshare", packages / "ISLP/data/Bikeshare.csv", target="bikers", reader="series"),
        _classes("gunpoint", aeon / "GunPoint"),
        _classes("basic-motions", aeon / "BasicMotions"),
        _classes("japanese-vowels", aeon / "JapaneseVowels"),
        _classes("italy-power-demand", aeon / "ItalyPowerDemand"),
        _classes("arrow-head", aeon / "ArrowHead"),
    ]


def _table(name: str, path: Path) -> pl.DataFrame:
    import polars as pl

    match name:
        case "glucose":  # the first fifty days: a few thousand windows are what a person tries first
            return pl.read_csv(path, infer_schema=False).head(6000)
        case "sea-temperature":
            return pl.read_csv(path, infer_schema=False).head(9600)
        case "stocks":
            whole = pl.read_csv(path, infer_schema=False)
            return whole.filter(pl.col("Date") >= "2009-01-01").select("Ticker", "Date", "Open", "Volume", "Close")
        case "bikeshare":
            return pl.read_csv(path).drop("casual", "registered")
        case _:
            return pl.read_csv(path)


def _forecast(name: str, path: Path, **settings: str) -> Case:
    def make(folder: Path) -> Iterator[Settings]:
        import polars as pl

        whole = _table(name, path)
        times = whole["Date"].unique().sort() if name == "stocks" else None
        for split, share in enumerate(PREFIXES):
            if times is None:
                part = whole.head(round(share * whole.height))
            else:
                part = whole.filter(pl.col("Date") < times[round(share * len(times)) - 1])
            file = folder / f"{name}-{split}.csv"
            part.write_csv(file)
            yield {"path": str(file), **settings}

    needs = () if path == WEATHER else (path,)
    return Case("series", name, "mae", make, plain_forecasts, maximize=False, needs=needs)


def _classes(name: str, archive: Path) -> Case:
    """The training and test rows of an archive together, split anew by five seeds."""

    def make(folder: Path) -> Iterator[Settings]:
        parts = [(archive / f"{archive.name}_{part}.ts").read_text() for part in ("TRAIN", "TEST")]
        rows = [line for line in parts[1].splitlines() if line and line[0] not in "@#"]
        file = folder / f"{archive.name}.ts"
        file.write_text("\n".join([parts[0].rstrip(), *rows]) + "\n")
        yield from comparing.by_seed(file)

    return Case("series", name, "accuracy", make, plain_classes, needs=(archive,))


def plain_forecasts(rows: Rows) -> Iterator[tuple[str, float]]:
    """The mean absolute error of plain rules and of a ridge regression on the window."""
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from nntui.engine.building import open_data

    train, test = rows.source.rows(rows.fit), rows.source.rows(rows.judged)
    preprocessor: Any = open_data(rows.spec).preprocessor  # the data set's own: its facts are no part of the protocol
    facts = preprocessor.facts
    at = [facts.roles.numbers.index(name) for name in facts.targets]
    lags, ahead = (
        np.nan_to_num(raw["numbers"][:, : facts.window, at].reshape(len(raw["target"]), -1)) for raw in (train, test)
    )
    ridge = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-3, 3, 13))).fit(lags, train["target"])
    told = {**preprocessor.baselines(test), "ridge on lags": ridge.predict(ahead).reshape(test["target"].shape)}
    for name, answer in told.items():
        yield name, float(np.abs(answer - test["target"]).mean())


def plain_classes(rows: Rows) -> Iterator[tuple[str, float]]:
    """The accuracy of plain scikit-learn on the flattened series."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = rows.source.rows(rows.fit), rows.source.rows(rows.judged)
    flat = partial(_flat, longest=max(len(values) for values in train["values"]))
    models = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        "random forest": RandomForestClassifier(300, random_state=0),
    }
    for name, model in models.items():
        answer = model.fit(flat(train), train["target"]).predict(flat(test))
        yield name, float((answer == test["target"]).mean())


def _flat(raw: Any, longest: int) -> Any:  # a raw batch's columns differ in type
    """Each series in one row, cut or filled with zeros."""
    out = np.zeros((len(raw["values"]), longest, raw["values"][0].shape[1]))
    for row, values in zip(out, raw["values"], strict=True):
        row[: len(values)] = np.nan_to_num(values)[:longest]
    return out.reshape(len(out), -1)


if __name__ == "__main__":
    sys.exit(comparing.main(__doc__, cases))
