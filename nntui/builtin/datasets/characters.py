"""The preprocessor of running text, of which the next character is to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.answers import class_predictions
from nntui.builtin.datasets.source import Rows, facts_of, fingerprint
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.builtin.datasets.texts import FIRST, PADDING, UNKNOWN, typed_text, typed_texts
from nntui.hooks.data import DataSpec, Example, InputSpec, Prediction, TargetSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.hooks.data import Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

IGNORED = -1
"""A target that no network is asked for."""
MOST = 10
"""Characters of a prediction: an answer names the likeliest, not the whole vocabulary."""


@dataclass(frozen=True, kw_only=True)
class WindowFacts:
    """How a text is cut. Its rows: `text`, what is read (a list); `next`, the character after each of its
    characters (a list); `read_only` int64 (N,), how many of them are context alone, told by the window before."""

    context: int
    overlap: int


def windows(text: str, context: int, overlap: int) -> Rows[WindowFacts]:
    """`text` cut into windows of `context` characters to tell, each of which may also read `overlap` before them.

    Every character but the first is told exactly once, whatever the overlap: the last one that a window tells is the
    first that the next one reads. The rows' time is their order.
    """
    starts = range(0, len(text) - 1, context)
    before = [min(overlap, start) for start in starts]
    cuts = [(at - extra, min(at + context, len(text) - 1)) for at, extra in zip(starts, before, strict=True)]
    return Rows(
        columns={
            "text": [text[begin:end] for begin, end in cuts],
            "next": [text[begin + 1 : end + 1] for begin, end in cuts],
            "read_only": np.array(before, dtype=np.int64),
        },
        facts=WindowFacts(context=context, overlap=overlap),
        fingerprint=fingerprint([text.encode()]),
        time=np.arange(len(cuts), dtype=np.int64),
    )


@dataclass(frozen=True, kw_only=True)
class CharacterPreprocessor:
    """`tokens` int64 (N, T) and `target` int64 (N, T), the token after each; T = overlap + context.

    A shorter window (the first where there is an overlap, the last of the text) is padded behind, its padding not
    asked for. Prompts carry their true lengths in `length` (N,), so that the answer can be taken after the last
    character of each.
    """

    context: int
    overlap: int
    vocabulary: str
    """The characters of the training rows, in order; the first has code 2."""

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {character: code for code, character in enumerate(self.vocabulary, start=FIRST)}

    @property
    def _names(self) -> tuple[str, ...]:
        return ("<padding>", "<unknown>", *self.vocabulary)

    @property
    def spec(self) -> DataSpec:
        size = FIRST + len(self.vocabulary)
        tokens = InputSpec(
            name="tokens",
            kind="tokens",
            shape=(self.overlap + self.context,),
            dtype="int64",
            vocabulary=size,
            time_axis=0,
        )
        target = TargetSpec(kind="next-token", size=size, names=self._names)
        return DataSpec(modality="text", inputs=(tokens,), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> CharacterPreprocessor:  # noqa: ARG003 — in the facts
        facts = facts_of(source, WindowFacts)
        raw = source.rows(train)
        vocabulary = "".join(sorted(set().union(*raw["text"], *raw["next"])))
        return cls(context=facts.context, overlap=facts.overlap, vocabulary=vocabulary)

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        if "next" not in raw:
            tokens = self._padded(raw["text"], max(map(len, raw["text"])), PADDING)
            lengths = [len(text) for text in raw["text"]]
            return {"tokens": torch.from_numpy(tokens), "length": torch.tensor(lengths, dtype=torch.int64)}
        width = self.overlap + self.context
        target = self._padded(raw["next"], width, IGNORED)
        target[np.arange(width) < np.asarray(raw["read_only"])[:, None]] = IGNORED
        tokens = self._padded(raw["text"], width, PADDING)
        return {"tokens": torch.from_numpy(tokens), "target": torch.from_numpy(target)}

    def _padded(self, texts: Sequence[str], width: int, padding: int) -> Any:  # an int64 array (N, width)
        coded = np.full((len(texts), width), padding, dtype=np.int64)
        for row, text in zip(coded, texts, strict=True):
            row[: len(text)] = [self._codes.get(character, UNKNOWN) for character in text]
        return coded

    def decode(self, output: Tensor) -> list[Prediction]:
        """The likeliest next character, with the ten likeliest."""
        return class_predictions(output, self._names, most=MOST)

    def read(self, inputs: Sequence[str]) -> Raw:
        """Prompts: as typed, or the content of .txt files; of a long one the last characters that a window holds."""
        width = self.overlap + self.context
        return {"text": [typed_text(given)[-width:] for given in typed_texts(inputs)]}

    def example(self, raw: Raw, row: int) -> Example:
        """A window, and as its label the character that comes after it."""
        label = raw["next"][row][-1] if "next" in raw else ""
        return Example(kind="text", content=raw["text"][row], label=label)

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CharacterPreprocessor:
        return from_plain(cls, data)


if TYPE_CHECKING:
    _: type[Preprocessor] = CharacterPreprocessor
