"""How well the defaults learn a person's own series, beside plain rules on the same rows.

    python benchmarks/own_series.py --data FOLDER          # everything; a quarter of an hour on two cores
    python benchmarks/own_series.py --data FOLDER --only airline
    python benchmarks/own_series.py --data FOLDER --validation   # what defaults are chosen by

FOLDER holds the packages `bokeh-sampledata==2026.1`, `aeon==1.6` and `ISLP==0.6`, as `pip install --no-deps --target
FOLDER` leaves them. Nothing is set but the path, and what a person alone can know (the target).

Forecasts: five series of each case, the first 60 to 100 % of its rows, each split by time; judged by the mean absolute
error, beside the last value, the value a season before, and a ridge regression on the window (its decay chosen by
leave-one-out). Classes: five seeds of the split; judged by accuracy, beside logistic regression and a random forest on
the flattened series.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl

    from nntui.engine.building import OpenedData

SPLITS = 5
ROOT = Path(__file__).resolve().parent.parent
AEON = "aeon/datasets/data"
BOKEH = "bokeh_sampledata/_data"


@dataclass(frozen=True)
class Case:
    """One data set. `make` writes what a person would have, for each of the five splits."""

    name: str
    kind: str
    """forecast or classes."""
    make: Callable[[Path, Path], Iterator[tuple[Path, dict[str, Any]]]]
    """(folder of the packages, folder to write in) -> path and settings of [data]."""

    @property
    def maximize(self) -> bool:
        return self.kind == "classes"


@dataclass(frozen=True)
class Result:
    """One split: the network's figure, the plain rules' by name, and how long training took."""

    network: float
    plain: dict[str, float]
    seconds: float


def cases() -> tuple[Case, ...]:
    """Every data set."""
    return (
        Case("seattle-weather", "forecast", _prefixes("seattle", target="temp_max")),
        Case("glucose", "forecast", _prefixes("glucose", target="glucose")),
        Case("sea-temperature", "forecast", _prefixes("sea")),
        Case("stocks", "forecast", _prefixes("stocks", target="Close")),
        Case("airline", "forecast", _prefixes("airline")),
        Case("bikeshare", "forecast", _prefixes("bikes", target="bikers")),
        Case("gunpoint", "classes", _seeds("GunPoint")),
        Case("basic-motions", "classes", _seeds("BasicMotions")),
        Case("japanese-vowels", "classes", _seeds("JapaneseVowels")),
        Case("italy-power-demand", "classes", _seeds("ItalyPowerDemand")),
        Case("arrow-head", "classes", _seeds("ArrowHead")),
    )


def _table(name: str, packages: Path) -> pl.DataFrame:
    import polars as pl

    match name:
        case "seattle":
            return pl.read_csv(ROOT / "datasets/seattle-weather/seattle-weather.csv")
        case "glucose":  # the first fifty days: a few thousand windows are what a person tries first
            return pl.read_csv(packages / BOKEH / "CGM.csv.gz", infer_schema=False).head(6000)
        case "sea":
            return pl.read_csv(packages / BOKEH / "sea_surface_temperature.csv.gz", infer_schema=False).head(9600)
        case "stocks":
            whole = pl.read_csv(packages / BOKEH / "stocks.csv.gz", infer_schema=False)
            return whole.filter(pl.col("Date") >= "2009-01-01").select("Ticker", "Date", "Open", "Volume", "Close")
        case "airline":
            return pl.read_csv(packages / AEON / "Airline/Airline.csv")
        case _:
            whole = pl.read_csv(packages / "ISLP/data/Bikeshare.csv").with_row_index("row")
            return whole.drop("row", "casual", "registered")


def _prefixes(name: str, **settings: Any) -> Callable[[Path, Path], Iterator[tuple[Path, dict[str, Any]]]]:
    def make(packages: Path, folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
        import polars as pl

        whole = _table(name, packages)
        times = whole["Date"].unique().sort() if name == "stocks" else None
        for split in range(SPLITS):
            share = 0.6 + 0.1 * split
            if times is None:
                part = whole.head(round(share * whole.height))
            else:
                part = whole.filter(pl.col("Date") < times[round(share * len(times)) - 1])
            path = folder / f"{name}-{split}.csv"
            part.write_csv(path)
            more = {"reader": "series"} if name == "bikes" else {}  # it has no time: alone, it is a table
            yield path, {**more, **{k: [v] for k, v in settings.items()}}

    return make


def _seeds(name: str) -> Callable[[Path, Path], Iterator[tuple[Path, dict[str, Any]]]]:
    """The training and test rows of an archive together, split anew by five seeds."""

    def make(packages: Path, folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
        parts = [(packages / AEON / name / f"{name}_{part}.ts").read_text() for part in ("TRAIN", "TEST")]
        rows = [line for line in parts[1].splitlines() if line and line[0] not in "@#"]
        path = folder / f"{name}.ts"
        path.write_text("\n".join([parts[0].rstrip(), *rows]) + "\n")
        for split in range(SPLITS):
            yield path, {"split_seed": split}

    return make


def measure(
    case: Case, path: Path, settings: dict[str, Any], runs: Path, validation: bool, more: dict[str, Any]
) -> Result:
    """One training by default settings, and the plain rules on the same rows."""
    import nntui
    from nntui.engine.building import open_data
    from nntui.hooks.registry import registry
    from nntui.runs.events import Evaluated
    from nntui.runs.folder import RunFolder
    from nntui.runs.log import read_events
    from nntui.spec.resolve import resolve

    said = {"path": str(path), **settings}
    begun = time.monotonic()
    run = nntui.train(data=said, runs=str(runs), **more)
    seconds = time.monotonic() - begun
    metric = "accuracy" if case.maximize else "mae"
    value = run.metrics[metric]
    events, _ = read_events(RunFolder(run.path).events)
    if validation:
        best = [e for e in events if isinstance(e, Evaluated) and e.best]
        value = best[-1].metrics[metric] or 0.0
    data = open_data(resolve({"data": said, **more}, registry()))
    plain = _plain_classes(data, validation) if case.maximize else _plain_forecasts(data, validation)
    return Result(value, plain, seconds)


def _rows(data: OpenedData, validation: bool) -> tuple[Any, Any]:
    """Raw rows to fit on, and to judge by."""
    train, held, test = (data.splits[name] for name in ("train", "validation", "test"))  # type: ignore[index]
    return (data.source.rows(train), data.source.rows(held)) if validation else (
        data.source.rows(np.concatenate([train, held])), data.source.rows(test)
    )  # fmt: skip


def _plain_forecasts(data: OpenedData, validation: bool) -> dict[str, float]:
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = _rows(data, validation)
    preprocessor: Any = data.preprocessor
    facts = preprocessor.facts
    at = [facts.roles.numbers.index(name) for name in facts.targets]
    lags, ahead = (
        np.nan_to_num(raw["numbers"][:, : facts.window, at].reshape(len(raw["target"]), -1)) for raw in (train, test)
    )
    ridge = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-3, 3, 13))).fit(lags, train["target"])
    told = {**preprocessor.baselines(test), "ridge": ridge.predict(ahead).reshape(test["target"].shape)}
    return {name: float(np.abs(answer - test["target"]).mean()) for name, answer in told.items()}


def _plain_classes(data: OpenedData, validation: bool) -> dict[str, float]:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = _rows(data, validation)
    longest = max(len(values) for values in train["values"])

    def flat(raw: Any) -> Any:
        out = np.zeros((len(raw["values"]), longest, raw["values"][0].shape[1]))
        for row, values in zip(out, raw["values"], strict=True):
            row[: len(values)] = np.nan_to_num(values)[:longest]
        return out.reshape(len(out), -1)

    models = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        "forest": RandomForestClassifier(300, random_state=0),
    }
    return {
        name: float((model.fit(flat(train), train["target"]).predict(flat(test)) == test["target"]).mean())
        for name, model in models.items()
    }


def line(case: Case, results: list[Result]) -> str:
    """One line: means, the standard error of the difference to the best plain rule, and whether it is met."""
    best = (max if case.maximize else min)(
        results[0].plain, key=lambda name: statistics.fmean(r.plain[name] for r in results)
    )
    sign = 1 if case.maximize else -1
    ahead = [sign * (r.network - r.plain[best]) for r in results]
    error = statistics.stdev(ahead) / len(ahead) ** 0.5 if len(ahead) > 1 else 0.0
    mean = statistics.fmean(ahead)
    others = "  ".join(f"{name} {statistics.fmean(r.plain[name] for r in results):.4f}" for name in results[0].plain)
    network = statistics.fmean(r.network for r in results)
    seconds = max(r.seconds for r in results)
    return (
        f"{case.name:<20} network {network:.4f}  {others}  ahead of {best} by {mean:+.4f} ± {error:.4f}  "
        f"{'met' if mean >= -error else 'NOT MET'}  at most {seconds:.0f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the packages")
    parser.add_argument("--only", default="", help="cases whose name begins so")
    parser.add_argument("--validation", action="store_true", help="judge by validation rows")
    parser.add_argument("--arch", default=None)
    parser.add_argument("--set", action="append", default=[], metavar="TABLE.KEY=VALUE", help="another setting")
    said = parser.parse_args()
    more: dict[str, Any] = {} if said.arch is None else {"arch": {"name": said.arch}}
    for item in said.set:
        key, _, value = item.partition("=")
        table, _, name = key.partition(".")
        more.setdefault(table, {})[name] = value
    for case in cases():
        if not case.name.startswith(said.only):
            continue
        with tempfile.TemporaryDirectory() as folder:
            results = [
                measure(case, path, settings, Path(folder) / "runs", said.validation, more)
                for path, settings in case.make(said.data, Path(folder))
            ]
        print(line(case, results), flush=True)


if __name__ == "__main__":
    main()
