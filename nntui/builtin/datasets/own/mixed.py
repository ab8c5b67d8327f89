"""The preprocessor of a person's own tables: numbers, categories, dates, yes/no and text, for classes, labels, numbers.

`features` float32 (N, F) are ready for a network: each number standardised (its signed logarithm, where that is more
even), then cut into pieces (Gorishniy, Rubachev, Babenko 2022: piecewise linear encoding), so that a network need not
bend a straight line; then the flags of gaps and the words of texts. `categories` int64 (N, columns): codes, 0 for
missing, unseen and rare.

Shapes: N rows, F features, B pieces of a number.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nntui.builtin.datasets.answers import class_predictions, label_predictions, value_predictions
from nntui.builtin.datasets.own.kinds import Column
from nntui.builtin.datasets.own.scales import Scale, calendar, fit_scale
from nntui.builtin.datasets.own.words import Words, fit_words
from nntui.builtin.datasets.source import facts_of
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.builtin.datasets.tables import RARE
from nntui.hooks.data import DataSpec, Example, InputSpec, TargetSpec
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from nntui.hooks.data import Asked, Indices, Prediction, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

CHUNK = 1 << 16
"""Rows that are encoded at a time: in between they are float64."""
CELLS = 1 << 27
"""Features of all training rows, at most: more rows get fewer pieces and fewer words each."""
SHOWN = 40
"""Columns of a typical row, at most: the others are missing values of it."""
WIDEST = 1 << 14
"""Features of a row, likewise: pieces of thousands of numbers would be a network of millions for some hundred rows."""
MOST_LEVELS = 5000
"""Categories of a column, at most: the most frequent ones."""


@dataclass(frozen=True, kw_only=True)
class MixedFacts:
    """What is known of a table. Its rows: numbers, dates (days) and yes/no (1, 0) float (N,), NaN where missing;
    categories (N,) of str, "" where missing; texts a list of str; `target` as in `Told`."""

    features: tuple[Column, ...]
    target: tuple[str, ...]
    kind: Literal["classes", "multilabel", "values"]
    names: tuple[str, ...]
    separator: str = ""
    words: int = 256
    bins: int = 16

    def of_kind(self, *kinds: str) -> tuple[Column, ...]:
        return tuple(column for column in self.features if column.kind in kinds)


def raw_key(name: str) -> str:
    """The name of a feature's column among raw rows, where `target` is the target's."""
    return "target (a feature)" if name == "target" else name


@dataclass(frozen=True, kw_only=True)
class MixedPreprocessor:
    """See the module."""

    facts: MixedFacts
    scales: tuple[Scale, ...]
    """Of the numbers that tell something, parts of dates among them."""
    levels: tuple[tuple[str, ...], ...]
    """Of each category column, in the order of their codes, from 1 on."""
    texts: tuple[Words, ...] = ()
    target_mean: tuple[float, ...] = ()
    target_std: tuple[float, ...] = ()
    target_log: bool = False
    target_shift: float = 0.0

    @cached_property
    def _codes(self) -> tuple[dict[str, int], ...]:
        return tuple({level: code for code, level in enumerate(of, start=1)} for of in self.levels)

    @property
    def width(self) -> int:
        return sum(scale.width for scale in self.scales) + sum(len(text.words) for text in self.texts)

    @property
    def spec(self) -> DataSpec:
        inputs = []
        if self.width or not self.levels:
            inputs.append(InputSpec(name="features", kind="features", shape=(max(1, self.width),), dtype="float32"))
        if self.levels:
            cardinalities = tuple(len(of) + 1 for of in self.levels)
            inputs.append(
                InputSpec(
                    name="categories",
                    kind="categories",
                    shape=(len(self.levels),),
                    dtype="int64",
                    cardinalities=cardinalities,
                )
            )
        target = TargetSpec(
            kind=self.facts.kind,
            size=len(self.facts.names),
            names=self.facts.names,
            mean=self.target_mean,
            std=self.target_std,
            log=self.target_log,
            shift=self.target_shift,
        )
        return DataSpec(modality="table", inputs=tuple(inputs), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> MixedPreprocessor:  # noqa: ARG003 — all is in facts
        facts = facts_of(source, MixedFacts)
        raw = source.rows(train)
        numbers = list(_numbers(facts, raw))
        texts = facts.of_kind("text")
        room = min(CELLS // max(1, len(train)), WIDEST)
        bins = int(np.clip(room // max(1, len(numbers)) - 2, 1, facts.bins))
        scales = [scale for name, column in numbers if (scale := fit_scale(name, column, bins)) is not None]
        words = min(facts.words, max(1, room // max(1, len(texts))))
        found = tuple(fit_words(column.name, raw[raw_key(column.name)], words) for column in texts) if words else ()
        mean, std, log, shift = _target_scale(facts, raw)
        return cls(
            facts=facts,
            scales=tuple(scales),
            levels=tuple(_levels(raw[raw_key(column.name)]) for column in facts.of_kind("category", "identifier")),
            texts=tuple(text for text in found if text.words),
            target_mean=mean,
            target_std=std,
            target_log=log,
            target_shift=shift,
        )

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        rows = _rows(raw)
        encoded: dict[str, Tensor] = {}
        if self.width or not self.levels:
            features = np.zeros((rows, max(1, self.width)), dtype=np.float32)
            for at in range(0, rows, CHUNK):
                self._fill(features[at : at + CHUNK], raw, at)
            encoded["features"] = torch.from_numpy(features)
        if self.levels:
            codes = np.zeros((rows, len(self.levels)), dtype=np.int64)
            for at, (column, of) in enumerate(
                zip(self.facts.of_kind("category", "identifier"), self._codes, strict=True)
            ):
                codes[:, at] = np.fromiter((of.get(_folded(v), 0) for v in raw[raw_key(column.name)]), np.int64, rows)
            encoded["categories"] = torch.from_numpy(codes)
        if "target" in raw:
            encoded["target"] = torch.from_numpy(np.ascontiguousarray(raw["target"]))
        return encoded

    def _fill(self, out: npt.NDArray[np.float32], raw: Raw, at: int) -> None:
        """Features of the rows from `at` on."""
        part = {key: column[at : at + len(out)] for key, column in raw.items()}
        numbers = dict(_numbers(self.facts, part))
        place = 0
        for scale in self.scales:
            scale.fill(out[:, place : place + scale.width], numbers[scale.name])
            place += scale.width
        for text in self.texts:
            text.fill(out[:, place : place + len(text.words)], part[raw_key(text.name)])
            place += len(text.words)

    def decode(self, output: Tensor) -> list[Prediction]:
        if self.facts.kind == "classes":
            return class_predictions(output, self.facts.names)
        if self.facts.kind == "multilabel":
            return label_predictions(output, self.facts.names, separator=self.facts.separator or ", ")
        return value_predictions(output, self.facts.names, [""] * len(self.facts.names))

    def read(self, inputs: Sequence[str]) -> Raw:
        """Rows from tables, `column=value,column=value`, or JSON objects (see `ask`)."""
        from nntui.builtin.datasets.own.asking import read_all

        return read_all(self.facts, inputs)

    def ask(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        """Rows from tables of any length, piece by piece; or typed. Raises ValueError or OSError."""
        from nntui.builtin.datasets.own.asking import ask
        from nntui.builtin.datasets.own.unseen import telling_unseen

        columns = zip(self.facts.of_kind("category", "identifier"), self._codes, strict=True)
        known = {raw_key(column.name): (column.name, codes.keys()) for column, codes in columns}
        return telling_unseen(ask(self.facts, inputs, size), known)

    def typical(self) -> str:
        """A row that nobody's is, as JSON: the medians of numbers, the first of categories."""
        medians = {scale.name: scale.median for scale in self.scales}
        levels = zip(self.facts.of_kind("category", "identifier"), self.levels, strict=True)
        first = {column.name: of[0] for column, of in levels if of}
        row: dict[str, Any] = {}
        for column in self.facts.features[:SHOWN]:
            match column.kind:
                case "number":
                    row[column.name] = float(f"{medians.get(column.name, 0.0):.6g}")
                case "yes/no":
                    row[column.name] = "yes"
                case "date":
                    days = medians.get(column.name, 0.0)
                    row[column.name] = _shown(column, days if "%H" in column.format else np.floor(days))
                case "category" | "identifier" if column.name in first:
                    row[column.name] = first[column.name]
                case "text":
                    row[column.name] = "a text"
        return json.dumps(row, ensure_ascii=False)

    def example(self, raw: Raw, row: int) -> Example:
        shown: dict[str, Any] = {}  # numbers, text or None for missing
        for column in self.facts.features:
            shown[column.name] = _shown(column, raw[raw_key(column.name)][row])
        return Example(kind="json", content=shown, label=self._label(raw, row))

    def _label(self, raw: Raw, row: int) -> str:
        if "target" not in raw:
            return ""
        truth, names = raw["target"][row], self.facts.names
        if self.facts.kind == "classes":
            return names[int(truth)]
        if self.facts.kind == "multilabel":
            return (self.facts.separator or ", ").join(name for name, on in zip(names, truth, strict=True) if on > 0.5)
        told = [f"{float(value):.4g}" for value in truth]
        return told[0] if len(told) == 1 else ", ".join(f"{n} {v}" for n, v in zip(names, told, strict=True))

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MixedPreprocessor:
        return from_plain(cls, data)


def _rows(raw: Raw) -> int:
    return len(next(iter(raw.values())))


def _numbers(facts: MixedFacts, raw: Raw) -> Iterator[tuple[str, npt.NDArray[np.floating[Any]]]]:
    """Every number of the rows by name; of a date the parts of the calendar."""
    for column in facts.features:
        if column.kind in ("number", "yes/no"):
            yield column.name, raw[raw_key(column.name)]
        elif column.kind == "date":
            yield from calendar(column.name, raw[raw_key(column.name)])


def _shown(column: Column, value: Any) -> Any:  # a number, a text or None
    if column.kind in ("category", "text", "identifier"):
        return str(value) or None
    number = float(value)
    if np.isnan(number):
        return None
    if column.kind == "yes/no":
        return "yes" if number > 0.5 else "no"
    if column.kind == "date":
        moment = np.datetime64("1970-01-01T00:00:00") + np.timedelta64(round(number * 86_400), "s")
        return str(moment).replace("T", " ").removesuffix(" 00:00:00")
    return float(f"{number:.7g}")


def _folded(word: str) -> str:
    return word.casefold()


def _levels(values: Sequence[str]) -> tuple[str, ...]:
    """Categories in alphabetical order, upper and lower case taken for the same, the rare ones left out."""
    counts: Counter[str] = Counter()
    for word, count in Counter(values).items():
        counts[_folded(word)] += count
    counts.pop("", None)
    frequent = [(-count, word) for word, count in counts.items() if count >= RARE]
    return tuple(sorted(word for _, word in sorted(frequent)[:MOST_LEVELS]))


SKEWED = 0.8
"""Skewness of a target beyond which its logarithm is told, where that is at least twice as even."""


def _target_scale(facts: MixedFacts, raw: Raw) -> tuple[tuple[float, ...], tuple[float, ...], bool, float]:
    """Mean, deviation, whether of logarithms, and what is added before them."""
    if facts.kind != "values":
        return (), (), False, 0.0
    truth = np.asarray(raw["target"], dtype=np.float64)  # (N, K)
    if not np.isfinite(truth).all():
        raise UserError("the target holds numbers that are not finite", advice="leave these rows out")
    least = truth.min()
    shift = 0.0 if least > 0 else 1.0
    log = bool(least >= 0 and all(_more_even(column, column + shift) for column in truth.T))
    told = np.log(truth + shift) if log else truth
    std = np.where(told.std(axis=0) > 0, told.std(axis=0), 1.0)
    return tuple(told.mean(axis=0).tolist()), tuple(std.tolist()), log, shift if log else 0.0


def _more_even(column: npt.NDArray[np.float64], shifted: npt.NDArray[np.float64]) -> bool:
    before, after = skewness(column), skewness(np.log(shifted))
    return before > SKEWED and abs(after) < before / 2


def skewness(column: npt.NDArray[np.float64]) -> float:
    deviation = float(column.std())
    return float((((column - column.mean()) / deviation) ** 3).mean()) if deviation > 0 else 0.0


if TYPE_CHECKING:
    _: type[Preprocessor] = MixedPreprocessor
