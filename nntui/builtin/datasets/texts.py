"""The preprocessor of words and texts that belong to a class."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.answers import class_predictions, true_answers, true_class
from nntui.builtin.datasets.coders import PADDING, UNKNOWN, Coder, Unit
from nntui.builtin.datasets.source import facts_of
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.hooks.data import DataSpec, Example, InputSpec, Prediction, TargetSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.hooks.data import Asked, Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

MANY = 1000
"""Rows that are read at a time."""
LONGEST = 10_000
"""Characters of a text that is read for prediction."""


@dataclass(frozen=True, kw_only=True)
class TextFacts:
    """What is known of a set of texts. Its rows: `text`, a list; `target` int64 (N,)."""

    classes: tuple[str, ...]
    tokens: Unit = "char"
    vocabulary: int = 20_000
    """The most entries of a vocabulary of words or BPE."""
    column: str = ""
    """Of a table: which column holds the texts."""
    longest: int = LONGEST
    """Characters of a text that are read."""


@dataclass(frozen=True, kw_only=True)
class TextPreprocessor:
    """`tokens` int64 (N, T), one for each character, word or piece of one, padded to the longest of the rows encoded
    together; `length` (N,).

    A text is brought to NFC and lower case. Characters stand between two spaces, so that a network sees where a word
    begins and ends (as scikit-learn's `char_wb` n-grams do). No text is empty.
    """

    classes: tuple[str, ...]
    coder: Coder
    column: str = ""
    longest: int = LONGEST

    @property
    def spec(self) -> DataSpec:
        tokens = InputSpec(
            name="tokens",
            kind="tokens",
            shape=(None,),
            dtype="int64",
            vocabulary=self.coder.size,
            lengths="length",
            time_axis=0,
        )
        target = TargetSpec(kind="classes", size=len(self.classes), names=self.classes)
        return DataSpec(modality="text", inputs=(tokens,), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> TextPreprocessor:  # noqa: ARG003 — in the facts
        facts = facts_of(source, TextFacts)
        texts = [_bounded(text) for text in source.rows(train)["text"]]
        coder = Coder.fit(texts, facts.tokens, facts.vocabulary, spelt=facts.tokens != "word")
        return cls(classes=facts.classes, coder=coder, column=facts.column, longest=facts.longest)

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        coded = self.coder.encode([_bounded(text) for text in raw["text"]])
        coded = [codes or [UNKNOWN] for codes in coded]
        lengths = np.array([len(codes) for codes in coded], dtype=np.int64)
        tokens = np.full((len(coded), lengths.max(initial=1)), PADDING, dtype=np.int64)
        for row, codes in zip(tokens, coded, strict=True):
            row[: len(codes)] = codes
        return {"tokens": torch.from_numpy(tokens), "length": torch.from_numpy(lengths), **true_answers(raw)}

    def decode(self, output: Tensor) -> list[Prediction]:
        return class_predictions(output, self.classes)

    def ask(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        """Texts as typed, of .txt files, of folders of them, and of tables. Raises ValueError or OSError."""
        from nntui.builtin.datasets.own.text_asking import asked

        return asked(inputs, size, column=self.column, longest=self.longest)

    def read(self, inputs: Sequence[str]) -> Raw:
        """Texts: as typed, the content of .txt files, or the rows of tables and folders."""
        if any(is_many(given) for given in inputs):
            return {"text": [text for part in self.ask(inputs, MANY) for text in part.raw["text"]]}
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


def is_many(given: str) -> bool:
    """Whether a person named a table or a folder, which hold more than one text."""
    try:
        return Path(given).is_dir() or (Path(given).is_file() and not given.lower().endswith(".txt"))
    except (OSError, ValueError):  # too long for a name, or with a NUL: a text
        return False


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
