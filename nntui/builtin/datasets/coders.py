"""Between text and codes: characters, bytes, words, or pieces of words (BPE). Fitted on training texts, kept as JSON.

Words and BPE are codes of bytes at last (Radford et al. 2019): what the vocabulary lacks is spelt, so no text is
unknown, and the tokens put together are the text again, to the byte. What a text costs can so be compared across them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Unit = Literal["char", "byte", "word", "bpe"]

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""Codes: padding, a character that no training text has, and the first of the vocabulary."""
_UNKNOWN = "<unknown>"
FREQUENT = 2
"""Times that a word must occur in the training texts to be in the vocabulary; a rarer one is spelt."""


@dataclass(frozen=True, kw_only=True)
class Coder:
    """Codes of a text in one unit."""

    unit: Unit = "char"
    vocabulary: str = ""
    """For char: the characters of the training texts, in order; the first has code 2."""
    tokenizer: Mapping[str, Any] = field(default_factory=dict)
    """For word and bpe: what `tokenizers` knows, as its JSON."""
    spelt: bool = True
    """For word: whether one that is not in the vocabulary is spelt, else it is unknown and spaces tell nothing."""

    @classmethod
    def fit(cls, texts: Sequence[str], unit: Unit, size: int, *, spelt: bool = True) -> Coder:
        """`size`: the most entries of a vocabulary of words or BPE, the 256 bytes of what is spelt among them."""
        if unit == "char":
            return cls(unit=unit, vocabulary="".join(sorted(set().union(*texts))))
        if unit == "byte":
            return cls(unit=unit)
        if unit == "word" and not spelt:
            return cls(unit=unit, tokenizer=json.loads(_whole_words(texts, size).to_str()), spelt=False)
        trained = _words(texts, size) if unit == "word" else _pieces(texts, size)
        return cls(unit=unit, tokenizer=json.loads(trained.to_str()))

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {character: code for code, character in enumerate(self.vocabulary, start=FIRST)}

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        try:
            return Tokenizer.from_str(json.dumps(self.tokenizer))
        except Exception as error:  # tokenizers raises nothing narrower
            raise ValueError(f"the stored tokens are not whole: {error}") from error

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Codes of each text, none of them padding."""
        if self.unit == "char":
            codes = self._codes
            return [[codes.get(character, UNKNOWN) for character in text] for text in texts]
        if self.unit == "byte":
            return [[byte + FIRST for byte in _bytes(text)] for text in texts]
        clean = [_bytes(text).decode() for text in texts]
        first = FIRST if self.spelt else UNKNOWN  # where words are not spelt, the first entry is what is unknown
        return [[code + first for code in found.ids] for found in self._tokenizer.encode_batch_fast(clean)]

    @cached_property
    def pieces(self) -> tuple[bytes, ...]:
        """What each code stands for, UTF-8; empty for padding and for what is unknown."""
        special = (b"", b"")
        if self.unit == "char":
            return (*special, *(character.encode() for character in self.vocabulary))
        if self.unit == "byte":
            return (*special, *(bytes([byte]) for byte in range(256)))
        known = self._tokenizer.get_vocab(with_added_tokens=True)
        entries = sorted(known, key=known.__getitem__)
        if not self.spelt:
            return (*special, *(entry.encode() for entry in entries[1:]))
        return (*special, *map(_unspelt, entries))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """How a person sees each code: its text, or its bytes where they are a part of a character; no two alike."""
        special = ("<padding>", "<unknown>")
        return (*special, *map(_name, self.pieces[FIRST:]))

    @property
    def size(self) -> int:
        return len(self.pieces)


def _name(piece: bytes) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return "<" + piece.hex(" ").upper() + ">"


def _bytes(text: str) -> bytes:
    """UTF-8; half of a surrogate pair, which JSON can hold and UTF-8 cannot, becomes a question mark."""
    return text.encode("utf-8", "replace")


def characters_of(piece: bytes) -> int:
    """Characters that begin in a piece: over the pieces of a text they add up to its characters."""
    return sum(byte & 0xC0 != 0x80 for byte in piece)


def _byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in byte-level BPE (Radford et al. 2019, as `tokenizers` has it)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + n) for n, byte in enumerate(others)}


_LETTERS = _byte_letters()
_BYTES = {letter: byte for byte, letter in _LETTERS.items()}


def _unspelt(token: str) -> bytes:
    return bytes(_BYTES[letter] for letter in token)


def _byte_level(model: Any) -> Tokenizer:  # a model of tokenizers, which has no common type
    from tokenizers import Tokenizer, decoders, pre_tokenizers

    made = Tokenizer(model)
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    made.decoder = decoders.ByteLevel()
    return made


def _words(texts: Iterable[str], size: int) -> Tokenizer:
    """The most frequent words (each with the space before it) and all bytes, without anything between them."""
    from tokenizers import models, pre_tokenizers

    split = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    counts = Counter(word for text in texts for word, _ in split.pre_tokenize_str(_bytes(text).decode()))
    frequent = [word for word, count in counts.items() if count >= FREQUENT and len(word) > 1]
    frequent.sort(key=lambda word: (-counts[word], word))
    entries = [*_LETTERS.values(), *frequent[: max(0, size - len(_LETTERS))]]
    vocabulary = {entry: code for code, entry in enumerate(entries)}
    # A BPE without merges: a word of the vocabulary is found whole, another is left as its bytes.
    return _byte_level(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))


def _whole_words(texts: Iterable[str], size: int) -> Tokenizer:
    """The most frequent words and signs, however rare, without the space between them."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    split = pre_tokenizers.Split(Regex(r"\w+|[^\w\s]"), "removed", invert=True)
    counts = Counter(word for text in texts for word, _ in split.pre_tokenize_str(_bytes(text).decode()))
    counts.pop(_UNKNOWN, None)
    entries = [_UNKNOWN, *sorted(counts, key=lambda word: (-counts[word], word))[: size - 1]]
    model = models.WordLevel({entry: code for code, entry in enumerate(entries)}, unk_token=_UNKNOWN)
    made = Tokenizer(model)
    made.pre_tokenizer = split
    return made


def _pieces(texts: Iterable[str], size: int) -> Tokenizer:
    from tokenizers import models, trainers

    made = _byte_level(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=max(size, len(_LETTERS)), min_frequency=FREQUENT, show_progress=False,
        initial_alphabet=list(_LETTERS.values()), special_tokens=[],
    )  # fmt: skip
    made.train_from_iterator((_bytes(text).decode() for text in texts), trainer)
    return made
