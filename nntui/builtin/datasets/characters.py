"""The preprocessor of running text, of which the next character, byte, word or piece of a word is to be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.answers import class_predictions
from nntui.builtin.datasets.coders import PADDING, Coder, Unit, characters_of
from nntui.builtin.datasets.source import Rows, facts_of, fingerprint
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.builtin.datasets.texts import typed_text, typed_texts
from nntui.hooks.data import DataSpec, Example, InputSpec, Prediction, TargetSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.hooks.data import Asked, Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

IGNORED = -1
"""A target that no network is asked for."""
MOST = 10
"""Tokens of a prediction: an answer names the likeliest, not the whole vocabulary."""


@dataclass(frozen=True, kw_only=True)
class WindowFacts:
    """How a text is cut. Its rows: `text`, what is read and told (a list); `read_only` int64 (N,), how many of its
    characters, from the first on, are context alone, told by the window before."""

    context: int
    overlap: int
    tokens: Unit = "char"
    vocabulary: int = 0
    """The most entries of a vocabulary of words or BPE."""


def windows(text: str, context: int, overlap: int) -> Rows[WindowFacts]:
    """`text` cut into windows of `context` characters to tell, each of which may also read `overlap` before them.

    Every character but the first is told exactly once, whatever the overlap: the last one that a window tells is the
    first that the next one reads. The rows' time is their order.
    """
    texts, read_only = cut_at(text, [*range(1, len(text), context), len(text)], overlap)
    return Rows(
        columns={"text": texts, "read_only": np.array(read_only, dtype=np.int64)},
        facts=WindowFacts(context=context, overlap=overlap),
        fingerprint=fingerprint([text.encode()]),
        time=np.arange(len(texts), dtype=np.int64),
    )


def cut_at(text: str, edges: Sequence[int], overlap: int) -> tuple[list[str], list[int]]:
    """Windows that tell the text between two `edges`, reading what is before them: the character before and `overlap`
    more. Returns the windows and how much of each is read only."""
    before = [min(overlap + 1, start) for start, _ in pairwise(edges)]
    texts = [text[start - more : end] for (start, end), more in zip(pairwise(edges), before, strict=True)]
    return texts, before


@dataclass(frozen=True, kw_only=True)
class CharacterPreprocessor:
    """`tokens` int64 (N, T) and `target` int64 (N, T), the token after each.

    T is overlap + context of characters; of other tokens that of the longest window encoded together, since a window
    holds so many characters. A shorter window (the first where there is an overlap, the last of the text) is padded
    behind, its padding not asked for. Prompts carry their true lengths in `length` (N,), so that the answer can be
    taken after the last token of each.
    """

    context: int
    overlap: int
    coder: Coder

    @property
    def _width(self) -> int | None:
        return self.overlap + self.context if self.coder.unit == "char" else None

    @cached_property
    def spec(self) -> DataSpec:
        size = self.coder.size
        tokens = InputSpec(
            name="tokens", kind="tokens", shape=(self._width,), dtype="int64", vocabulary=size, time_axis=0
        )
        pieces = () if self.coder.unit == "char" else self.coder.pieces
        target = TargetSpec(
            kind="next-token",
            size=size,
            names=self.coder.names,
            characters=tuple(map(characters_of, pieces)),
            octets=tuple(map(len, pieces)),
        )
        return DataSpec(modality="text", inputs=(tokens,), target=target)

    @property
    def pieces(self) -> Sequence[bytes]:
        """What each token stands for, UTF-8: put together they are the text. Empty for what is never sampled."""
        return self.coder.pieces

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> CharacterPreprocessor:  # noqa: ARG003 — in the facts
        facts = facts_of(source, WindowFacts)
        raw = source.rows(train)
        texts = raw["text"]
        if facts.tokens in ("word", "bpe"):  # each once: what is read only was told by the window before
            texts = [text[start:] for text, start in zip(texts, raw["read_only"].tolist(), strict=True)]
        coder = Coder.fit(texts, facts.tokens, facts.vocabulary)
        return cls(context=facts.context, overlap=facts.overlap, coder=coder)

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        if "read_only" not in raw:
            codes = [row[-self._most :] for row in self.coder.encode(raw["text"])]
            lengths = [len(row) for row in codes]
            tokens = _padded(codes, max(lengths), PADDING)
            return {"tokens": torch.from_numpy(tokens), "length": torch.tensor(lengths, dtype=torch.int64)}
        starts = np.asarray(raw["read_only"]).tolist()
        read = self.coder.encode([text[:start] for text, start in zip(raw["text"], starts, strict=True)])
        told = self.coder.encode([text[start:] for text, start in zip(raw["text"], starts, strict=True)])
        whole = [before + after for before, after in zip(read, told, strict=True)]
        width = self._width or max((len(row) for row in whole), default=2) - 1
        target = _padded([row[1:] for row in whole], width, IGNORED)
        target[np.arange(width) < np.array([len(before) - 1 for before in read])[:, None]] = IGNORED
        tokens = _padded([row[:-1] for row in whole], width, PADDING)
        return {"tokens": torch.from_numpy(tokens), "target": torch.from_numpy(target)}

    @property
    def _most(self) -> int:
        """Tokens of a prompt that are read: as many as a window has."""
        return self.overlap + self.context

    def decode(self, output: Tensor) -> list[Prediction]:
        """The likeliest next token, with the ten likeliest."""
        return class_predictions(output, self.coder.names, most=MOST)

    def ask(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        """Prompts as typed, of .txt files, of folders of them, and of tables. Raises ValueError or OSError."""
        from nntui.builtin.datasets.own.text_asking import asked

        return asked(inputs, size)

    def read(self, inputs: Sequence[str]) -> Raw:
        """Prompts: as typed, or the content of .txt files; of a long one the last characters that a window holds."""
        return {"text": [typed_text(given)[-self._most :] for given in typed_texts(inputs)]}

    def example(self, raw: Raw, row: int) -> Example:
        """A window but for its last token, which is the label."""
        text = raw["text"][row]
        if "read_only" not in raw:
            return Example(kind="text", content=text)
        start = int(raw["read_only"][row])
        last = self.coder.encode([text[start:]])[0][-1]
        length = len(self.coder.pieces[last].decode("utf-8", "ignore")) or 1
        return Example(kind="text", content=text[:-length], label=self.coder.names[last])

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CharacterPreprocessor:
        return from_plain(cls, data)


def _padded(codes: Sequence[Sequence[int]], width: int, padding: int) -> Any:  # an int64 array (N, width)
    padded = np.full((len(codes), width), padding, dtype=np.int64)
    for row, known in zip(padded, codes, strict=True):
        row[: len(known)] = known
    return padded


if TYPE_CHECKING:
    _: type[Preprocessor] = CharacterPreprocessor
