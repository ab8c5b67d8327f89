"""Built-in data sets, opened as the engine opens them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from nntui.builtin.datasets import contributions
from nntui.builtin.datasets.source import Rows
from nntui.hooks.contributions import Dataset
from nntui.hooks.data import DataContext, Preprocessor

DATASETS = {dataset.name: dataset for dataset in contributions() if dataset.sniff is None}
FETCHED = ("mnist", "fashion-mnist", "kmnist", "cifar10", "cifar100")
OFFLINE = tuple(name for name, dataset in DATASETS.items() if name not in FETCHED and dataset.sniff is None)


def target(name: str) -> Any:
    module, attribute = name.split(":")
    return getattr(import_module(module), attribute)


@dataclass(frozen=True)
class Opened:
    dataset: Dataset
    params: Any
    source: Rows[Any]
    train: np.ndarray
    preprocessor: Preprocessor

    def encoded(self) -> dict[str, Any]:
        return self.preprocessor.encode(self.source.rows(np.arange(len(self.source))))


def build(name: str, root: str | None = None, **params: Any) -> Rows[Any]:
    dataset = DATASETS[name]
    return target(dataset.build)(dataset.params(**params), DataContext(root=root))


def fit(name: str, source: Rows[Any], train: np.ndarray, **params: Any) -> Preprocessor:
    dataset = DATASETS[name]
    return target(dataset.preprocessor).fit(source, train, dataset.params(**params))


@cache
def opened(name: str) -> Opened:
    """With its default params; of its rows, four of five (by chance, or the earlier) are for training."""
    source = build(name)
    order = np.arange(len(source))
    if source.time is None:
        order = np.random.default_rng(0).permutation(order)
    train = np.sort(order[: len(order) * 4 // 5])
    dataset = DATASETS[name]
    return Opened(dataset, dataset.params(), source, train, fit(name, source, train))
