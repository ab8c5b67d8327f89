"""A person's own tables by default settings, beside plain scikit-learn on the same rows.

    python benchmarks/own_tables.py --islp DIR              # all; some minutes on two cores
    python benchmarks/own_tables.py --only wage --splits 2

Each table is written as a CSV and trained by `nntui train --data FILE` in a process of its own, five split seeds. The
baselines see the same training and validation rows together, and are judged on the same test rows. `cases` is used by
benchmarks/accuracy.py.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
ISLP = ("Bikeshare", "Wage", "Default", "Hitters")


@dataclass(frozen=True)
class Case:
    """One table and what is told of it."""

    name: str
    path: Path
    target: str = ""
    """Empty: found out."""
    drop: tuple[str, ...] = ()
    metric: str = "accuracy"

    def flags(self) -> list[str]:
        told = ["--data", str(self.path)]
        told += ["--data.target", self.target] if self.target else []
        return told + (["--data.drop", ",".join(self.drop)] if self.drop else [])


def cases(folder: Path, islp: Path | None = None, shared: Path = ROOT / "datasets") -> list[Case]:
    """The tables, written into `folder`; those of ISLP from the folder of its CSVs, where that is given."""
    from sklearn import datasets

    found = []
    for name, load, metric in (
        ("breast-cancer", datasets.load_breast_cancer, "accuracy"),
        ("wine", datasets.load_wine, "accuracy"),
        ("diabetes", datasets.load_diabetes, "r2"),
    ):
        bunch = load()
        rows = [",".join([*(n.replace(" ", "_") for n in bunch.feature_names), "target"])]
        rows += [",".join(map(repr, [*map(float, x), y.item()])) for x, y in zip(bunch.data, bunch.target, strict=True)]
        path = folder / f"{name}.csv"
        path.write_text("\n".join(rows) + "\n")
        found.append(Case(name, path, metric=metric))
    for name, target, drop, metric in (
        ("penguins", "species", (), "accuracy"),
        ("titanic", "survived", (), "accuracy"),
        ("auto-mpg", "mpg", (), "r2"),
    ):
        path = next(iter([*shared.glob(f"{name}.csv"), *shared.glob(f"{name}/{name}.csv")]))
        found.append(Case(name, path, target, drop, metric))
    if islp is not None:
        found += [
            Case("bikeshare", islp / "Bikeshare.csv", "bikers", ("casual", "registered"), "r2"),
            Case("wage", islp / "Wage.csv", "wage", ("logwage",), "r2"),
            Case("default", islp / "Default.csv", "default"),
            Case("hitters", islp / "Hitters.csv", "Salary", (), "r2"),
        ]
    return found


def trained(case: Case, seed: int, runs: Path, extra: list[str]) -> tuple[dict[str, float], dict[str, float], float]:
    """Test and best validation metrics of one run, and its seconds."""
    from nntui.runs.events import Evaluated
    from nntui.runs.folder import RunFolder
    from nntui.runs.log import read_events

    name = f"{case.name}-{seed}"
    command = [sys.executable, "-m", "nntui", "train", "--no-ui", "--runs", str(runs), "--name", name]
    command += [*case.flags(), "--data.split-seed", str(seed), *extra]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NNTUI_PLUGINS": ""})
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    seconds = time.monotonic() - began
    events, _ = read_events(RunFolder(runs / name).events)
    measured = [e for e in events if isinstance(e, Evaluated)]
    test = [e.metrics for e in measured if e.split == "test"][-1]
    best = [e.metrics for e in measured if e.split == "validation" and e.best][-1]
    return test, best, seconds


def baselines(case: Case, seed: int) -> Iterator[tuple[str, float]]:
    """The metric of plain scikit-learn pipelines on the rows of one split."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    source, splits = _rows(case, seed)
    raw = source.rows(np.arange(len(source)))
    numbers, words = [], []
    for name, column in raw.items():
        if name != "target":
            (words if isinstance(column, list) or column.dtype == object else numbers).append(name)
    table: Any = np.empty((len(source), len(numbers) + len(words)), dtype=object)
    for at, name in enumerate([*numbers, *words]):
        table[:, at] = list(raw[name])
    truth = raw["target"] if case.metric == "accuracy" else raw["target"][:, 0]
    fit = np.concatenate([splits["train"], splits["validation"]])
    test = splits["test"]
    of_numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    prepared = ColumnTransformer(
        [
            ("numbers", of_numbers, list(range(len(numbers)))),
            (
                "words",
                OneHotEncoder(handle_unknown="ignore", min_frequency=3),
                list(range(len(numbers), table.shape[1])),
            ),
        ]
    )
    if case.metric == "accuracy":
        models = {
            "logistic": LogisticRegression(max_iter=5000),
            "forest": RandomForestClassifier(300, random_state=seed),
        }
    else:
        models = {"ridge": Ridge(), "forest": RandomForestRegressor(300, random_state=seed)}
    for name, model in models.items():
        yield name, float(make_pipeline(prepared, model).fit(table[fit], truth[fit]).score(table[test], truth[test]))


def _rows(case: Case, seed: int) -> tuple[Any, Any]:
    """The source and its splits, as the run has them."""
    from nntui.engine.building import open_source
    from nntui.engine.split import split_rows
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve

    data: dict[str, Any] = {"path": str(case.path), "split_seed": seed}
    if case.target:
        data["target"] = [case.target]
    if case.drop:
        data["drop"] = list(case.drop)
    spec = resolve({"data": data}, registry())
    source = open_source(spec)
    return source, split_rows(source, spec.data_settings)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--islp", type=Path, help="folder of ISLP's CSVs")
    parser.add_argument("--only", default="", help="tables whose name begins so, separated by commas")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument(
        "--validation", action="store_true", help="only the best validation figure: for choosing defaults"
    )
    arguments, extra = parser.parse_known_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        wanted = tuple(arguments.only.split(","))
        for case in (case for case in cases(Path(folder), arguments.islp) if case.name.startswith(wanted)):
            runs = [trained(case, seed, Path(folder) / "runs", extra) for seed in range(arguments.splits)]
            ours = [(best if arguments.validation else test)[case.metric] for test, best, _ in runs]
            loss = [best["loss"] for _, best, _ in runs]
            line = f"{case.name:14} {case.metric:8} nntui {_told(ours)}  {statistics.fmean(s for *_, s in runs):.0f} s"
            if arguments.validation:
                print(f"{line}  validation loss {statistics.fmean(loss):.4f}", flush=True)
                continue
            others: dict[str, list[float]] = {}
            for seed in range(arguments.splits):
                for name, value in baselines(case, seed):
                    others.setdefault(name, []).append(value)
            print(line, *(f" {name} {_told(values)}" for name, values in others.items()), flush=True)
            failed += any(not _not_below(ours, values) for values in others.values())
    return 1 if failed else 0


def _told(values: list[float]) -> str:
    spread = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):.4f} ± {spread:.4f}"


def _not_below(ours: list[float], other: list[float]) -> bool:
    """Whether the mean is not lower by more than one standard error of the other's mean over the splits."""
    spread = statistics.stdev(other) / len(other) ** 0.5 if len(other) > 1 else 0.0
    return statistics.fmean(ours) >= statistics.fmean(other) - spread


if __name__ == "__main__":
    sys.exit(main())
