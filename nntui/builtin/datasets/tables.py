"""The preprocessor of tables and of points in the plane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nntui.builtin.datasets.answers import class_predictions, true_answers, value_predictions
from nntui.builtin.datasets.asked_rows import RowReader
from nntui.builtin.datasets.derived import Derived
from nntui.builtin.datasets.source import facts_of
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.builtin.datasets.typed_rows import read_rows
from nntui.hooks.data import DataSpec, Example, InputSpec, Prediction, TargetSpec

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from nntui.hooks.data import Asked, Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

RARE = 3
"""A category seen in fewer training rows shares code 0 with the missing and the unseen: so code 0 is trained too, and
an embedding is never fitted to one or two rows."""

SKEWED = 0.4
"""Values with a larger skewness (third standardised moment) in training rows are told by their logarithm, where that is
at least twice as even."""


@dataclass(frozen=True, kw_only=True)
class TableFacts:
    """What is known of a table. Its rows: each of `numbers` float64 (N,), NaN where missing; each of `categories` a
    list of text, "" where missing; `target` codes int64 (N,), or values float32 (N, 1)."""

    numbers: tuple[str, ...]
    categories: tuple[str, ...] = ()
    derived: tuple[Derived, ...] = ()
    """Which of the categories are made of another column."""
    target: str
    """Name of the column that is told."""
    classes: tuple[str, ...] = ()
    """Empty where the target is a value."""
    unit: str = ""
    modality: Literal["table", "points"] = "table"


@dataclass(frozen=True, kw_only=True)
class TablePreprocessor:
    """`features` float32 (N, F): the numbers, gaps filled with the training median, then a 0/1 column for each number
    that had gaps; `categories` int64 (N, columns): codes, 0 for missing, unseen and rare."""

    facts: TableFacts
    medians: tuple[float, ...]
    flagged: tuple[str, ...]
    """Numbers that had gaps in training rows."""
    mean: tuple[float, ...]
    std: tuple[float, ...]
    levels: tuple[tuple[str, ...], ...]
    """Of each category column, in the order of their codes, from 1 on."""
    target_mean: tuple[float, ...] = ()
    target_std: tuple[float, ...] = ()
    target_log: bool = False
    """Whether it is the logarithm of the target that is told."""

    @cached_property
    def _codes(self) -> tuple[dict[str, int], ...]:
        return tuple({level.casefold(): code for code, level in enumerate(of, start=1)} for of in self.levels)

    @property
    def spec(self) -> DataSpec:
        inputs = [
            InputSpec(
                name="features",
                kind="features",
                shape=(len(self.mean),),
                dtype="float32",
                mean=self.mean,
                std=self.std,
            )
        ]
        if self.levels:
            inputs.append(
                InputSpec(
                    name="categories",
                    kind="categories",
                    shape=(len(self.levels),),
                    dtype="int64",
                    cardinalities=tuple(len(of) + 1 for of in self.levels),
                )
            )
        if self.facts.classes:
            target = TargetSpec(kind="classes", size=len(self.facts.classes), names=self.facts.classes)
        else:
            target = TargetSpec(
                kind="values",
                size=1,
                names=(self.facts.target,),
                mean=self.target_mean,
                std=self.target_std,
                log=self.target_log,
                unit=self.facts.unit,
            )
        return DataSpec(modality=self.facts.modality, inputs=tuple(inputs), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> TablePreprocessor:  # noqa: ARG003 — nothing to set
        facts = facts_of(source, TableFacts)
        raw = source.rows(train)
        numbers = [np.asarray(raw[name], dtype=np.float64) for name in facts.numbers]
        gaps = [np.isnan(column) for column in numbers]
        medians = [float(np.median(c[~gap])) if not gap.all() else 0.0 for c, gap in zip(numbers, gaps, strict=True)]
        filled = [np.where(gap, m, c) for c, gap, m in zip(numbers, gaps, medians, strict=True)]
        flagged = tuple(name for name, gap in zip(facts.numbers, gaps, strict=True) if gap.any())
        mean, std = _moments(filled)
        target = [] if facts.classes else list(np.asarray(raw["target"], np.float64).T)
        log = bool(target) and all(_skewed(column) for column in target)
        target_mean, target_std = _moments([np.log(column) for column in target] if log else target)
        return cls(
            facts=facts,
            medians=tuple(medians),
            flagged=flagged,
            # Flags stay 0 and 1: divided by the deviation of a rare one, a single row would stand far outside.
            mean=mean + (0.0,) * len(flagged),
            std=std + (1.0,) * len(flagged),
            levels=tuple(_levels(raw[name]) for name in facts.categories),
            target_mean=target_mean,
            target_std=target_std,
            target_log=log,
        )

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        columns: list[npt.NDArray[np.float64]] = []
        flags: list[npt.NDArray[np.float64]] = []
        for name, median in zip(self.facts.numbers, self.medians, strict=True):
            column = np.asarray(raw[name], dtype=np.float64)
            gap = np.isnan(column)
            columns.append(np.where(gap, median, column))
            if name in self.flagged:
                flags.append(gap.astype(np.float64))
        encoded = {"features": torch.from_numpy(np.stack([*columns, *flags], axis=1).astype(np.float32))}
        if self.levels:
            codes = [
                [of.get(value.casefold(), 0) for value in raw[name]]
                for name, of in zip(self.facts.categories, self._codes, strict=True)
            ]
            encoded["categories"] = torch.tensor(codes, dtype=torch.int64).T.contiguous()
        return {**encoded, **true_answers(raw)}

    def decode(self, output: Tensor) -> list[Prediction]:
        if self.facts.classes:
            return class_predictions(output, self.facts.classes)
        return value_predictions(output, (self.facts.target,), (self.facts.unit,))

    def read(self, inputs: Sequence[str]) -> Raw:
        """Rows from CSV files, `column=value,column=value`, or JSON objects (see `read_rows`)."""
        return read_rows(inputs, self.facts.numbers, self.facts.categories, self.facts.derived)

    def ask(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        """The same of any number, and folders of CSV files, piece by piece."""
        return RowReader(self.facts.numbers, self.facts.categories, self.facts.derived).ask(inputs, size)

    def example(self, raw: Raw, row: int) -> Example:
        shown: dict[str, Any] = {}  # numbers, text or None for missing
        for name in self.facts.numbers:
            value = float(raw[name][row])
            shown[name] = None if np.isnan(value) else value
        for name in self.facts.categories:
            shown[name] = raw[name][row] or None
        label = ""
        if "target" in raw and self.facts.classes:
            label = self.facts.classes[int(raw["target"][row])]
        elif "target" in raw:
            label = f"{float(raw['target'][row][0]):.4g} {self.facts.unit}".rstrip()
        return Example(kind="json", content=shown, label=label)

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TablePreprocessor:
        return from_plain(cls, data)


def _skewed(column: npt.NDArray[np.float64]) -> bool:
    """Whether a logarithm makes more even what is above zero and has a long tail to the right: prices, counts."""
    if column.min() <= 0:
        return False
    before, after = _skewness(column), _skewness(np.log(column))
    return before > SKEWED and abs(after) < before / 2


def _skewness(column: npt.NDArray[np.float64]) -> float:
    deviation = float(column.std())
    return float((((column - column.mean()) / deviation) ** 3).mean()) if deviation > 0 else 0.0


def _moments(columns: Sequence[npt.NDArray[np.float64]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each column; 1 where it is constant."""
    means = tuple(float(column.mean()) for column in columns)
    stds = tuple(float(column.std()) or 1.0 for column in columns)
    return means, stds


def _levels(values: Sequence[str]) -> tuple[str, ...]:
    """Categories in alphabetical order, upper and lower case taken for the same, the rare ones left out."""
    counts = Counter(value.casefold() for value in values if value)
    spelt = {value.casefold(): value for value in sorted(values, reverse=True)}
    return tuple(spelt[folded] for folded in sorted(counts) if counts[folded] >= RARE)


if TYPE_CHECKING:
    _: type[Preprocessor] = TablePreprocessor
