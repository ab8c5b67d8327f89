"""The preprocessor of words and short texts that belong to a class."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.answers import class_predictions, true_answers, true_class
from nntui.builtin.datasets.coders import FIRST, PADDING, UNKNOWN
from nntui.builtin.datasets.source import facts_of
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.hooks.data import DataSpec, Example, InputSpec, Prediction, TargetSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.hooks.data import Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

LONGEST = 10_000
"""Characters of a text that is read for prediction."""


@dataclass(frozen=True, kw_only=True)
class TextFacts:
    """What is known of a set of texts. Its rows: `text`, a list; `target` int64 (N,)."""

    classes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TextPreprocessor:
    """`tokens` int64 (N, T), one for each character, padded to the longest of the rows encoded together; `length` (N,).

    A text is brought to NFC and lower case, and stands between two spaces, so that a network sees where a word begins
    and ends (as scikit-learn's `char_wb` n-grams do) and no text is empty.
    """

    classes: tuple[str, ...]
    vocabulary: str
    """The characters of the training rows, in order; the first has code 2."""

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {character: code for code, character in enumerate(self.vocabulary, start=FIRST)}

    @property
    def spec(self) -> DataSpec:
        tokens = InputSpec(
            name="tokens",
            kind="tokens",
            shape=(None,),
            dtype="int64",
            vocabulary=FIRST + len(self.vocabulary),
            lengths="length",
            time_axis=0,
        )
        target = TargetSpec(kind="classes", size=len(self.classes), names=self.classes)
        return DataSpec(modality="text", inputs=(tokens,), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> TextPreprocessor:  # noqa: ARG003 — nothing to set
        texts = source.rows(train)["text"]
        vocabulary = "".join(sorted(set().union(*map(_bounded, texts))))
        return cls(classes=facts_of(source, TextFacts).classes, vocabulary=vocabulary)

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        coded = [[self._codes.get(character, UNKNOWN) for character in _bounded(text)] for text in raw["text"]]
        lengths = np.array([len(codes) for codes in coded], dtype=np.int64)
        tokens = np.full((len(coded), lengths.max(initial=1)), PADDING, dtype=np.int64)
        for row, codes in zip(tokens, coded, strict=True):
            row[: len(codes)] = codes
        return {"tokens": torch.from_numpy(tokens), "length": torch.from_numpy(lengths), **true_answers(raw)}

    def decode(self, output: Tensor) -> list[Prediction]:
        return class_predictions(output, self.classes)

    def read(self, inputs: Sequence[str]) -> Raw:
        """Texts: as typed, or the content of .txt files."""
        return {"text": [typed_text(given).strip() for given in typed_texts(inputs)]}

    def example(self, raw: Raw, row: int) -> Example:
        label = true_class(raw, row, self.classes)
        return Example(kind="text", content=raw["text"][row], label=label)

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TextPreprocessor:
        return from_plain(cls, data)


def _bounded(text: str) -> str:
    return f" {unicodedata.normalize('NFC', text).lower()} "


def typed_texts(inputs: Sequence[str]) -> Sequence[str]:
    """`inputs`, where there are any. Raises ValueError else."""
    if not inputs:
        raise ValueError("a text was expected: type it, in quotes, or name a .txt file")
    return inputs


def typed_text(given: str) -> str:
    """What a person typed, or the content of the .txt file that they named. Raises ValueError or OSError."""
    text = given
    if given.lower().endswith(".txt"):
        try:
            text = Path(given).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{given}: there is no such file") from error
        except UnicodeDecodeError as error:
            raise ValueError(f"{given}: byte {error.start} is not UTF-8; save it in UTF-8") from error
    if not text.strip():
        raise ValueError(f"{given!r} is empty; a text was expected")
    if len(text) > LONGEST:
        raise ValueError(f"{given[:40]!r}: {len(text):,} characters; at most {LONGEST:,} are read")
    return text


if TYPE_CHECKING:
    _: type[Preprocessor] = TextPreprocessor
