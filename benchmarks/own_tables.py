"""A person's own tables by default settings, beside plain scikit-learn on the same rows.

    python benchmarks/own_tables.py --packages DIR          # all; some minutes on two cores
    python benchmarks/own_tables.py --packages DIR --only wage --splits 2
    python benchmarks/own_tables.py --packages DIR --validation   # what defaults are chosen by: no test row is seen

DIR holds the package `ISLP==0.6`, as `pip install --no-deps --target DIR` leaves it. Each table is trained by `nntui
train --data FILE`, five split seeds, with no setting but what a person alone can know (the column of the answer, and
columns that give it away).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import comparing
import numpy as np
from comparing import Case, Rows, Settings

DATASETS = comparing.ROOT / "datasets"


def cases(packages: Path) -> list[Case]:
    islp = packages / "ISLP/data"
    return [
        *(_bundled(*said) for said in (("breast-cancer", "accuracy"), ("wine", "accuracy"), ("diabetes", "r2"))),
        _table("penguins", DATASETS / "penguins/penguins.csv", "accuracy", target="species"),
        _table("titanic", DATASETS / "titanic/titanic.csv", "accuracy", target="survived"),
        _table("auto-mpg", DATASETS / "auto-mpg/auto-mpg.csv", "r2", target="mpg"),
        _table("bikeshare", islp / "Bikeshare.csv", "r2", target="bikers", drop="casual,registered"),
        _table("wage", islp / "Wage.csv", "r2", target="wage", drop="logwage"),
        _table("default", islp / "Default.csv", "accuracy", target="default"),
        _table("hitters", islp / "Hitters.csv", "r2", target="Salary"),
    ]


def _table(name: str, path: Path, metric: str, **settings: str) -> Case:
    def make(folder: Path) -> Iterable[Settings]:
        return comparing.by_seed(path, **settings)

    needs = () if path.is_relative_to(DATASETS) else (path,)
    return Case("tables", name, metric, make, partial(plain, metric), needs=needs)


def _bundled(name: str, metric: str) -> Case:
    """What scikit-learn carries, written as a CSV; which column is told is found out."""

    def make(folder: Path) -> Iterable[Settings]:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{name.replace('-', '_')}")()
        rows = [",".join([*(n.replace(" ", "_") for n in bunch.feature_names), "target"])]
        rows += [",".join(map(repr, [*map(float, x), y.item()])) for x, y in zip(bunch.data, bunch.target, strict=True)]
        path = folder / f"{name}.csv"
        path.write_text("\n".join(rows) + "\n")
        return comparing.by_seed(path)

    return Case("tables", name, metric, make, partial(plain, metric))


def plain(metric: str, rows: Rows) -> Iterator[tuple[str, float]]:
    """The metric of plain scikit-learn pipelines on the rows of one split."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline

    raw = rows.source.rows(np.arange(len(rows.source)))
    numbers: list[str] = []
    words: list[str] = []
    for name, column in raw.items():
        if name != "target":
            (words if isinstance(column, list) or column.dtype == object else numbers).append(name)
    table: Any = np.empty((len(rows.source), len(numbers) + len(words)), dtype=object)
    for at, name in enumerate([*numbers, *words]):
        table[:, at] = list(raw[name])
    models: dict[str, Any]
    if metric == "accuracy":
        truth = raw["target"]
        forest = RandomForestClassifier(300, random_state=rows.split)
        models = {"logistic regression": LogisticRegression(max_iter=5000), "random forest": forest}
    else:
        truth = raw["target"][:, 0]
        models = {"ridge": Ridge(), "random forest": RandomForestRegressor(300, random_state=rows.split)}
    for name, model in models.items():
        whole = make_pipeline(_prepared(len(numbers), len(words)), model).fit(table[rows.fit], truth[rows.fit])
        yield name, float(whole.score(table[rows.judged], truth[rows.judged]))


def _prepared(numbers: int, words: int) -> Any:  # scikit-learn has no types
    """Columns of numbers filled and scaled, those of words as ones and zeros."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    coded = OneHotEncoder(handle_unknown="ignore", min_frequency=3)
    return ColumnTransformer(
        [("numbers", scaled, list(range(numbers))), ("words", coded, list(range(numbers, numbers + words)))]
    )


if __name__ == "__main__":
    sys.exit(comparing.main(__doc__, cases))
