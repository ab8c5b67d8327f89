"""Which column of a table holds texts, and which their label: found by content, names second."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nntui.builtin.datasets.own.look import SPLITS

if TYPE_CHECKING:
    import polars as pl

TEXTS = (
    "text", "sentence", "review", "content", "body", "message", "comment", "tweet", "document", "headline", "utterance",
    "statement", "description", "question", "title", "word",
)  # fmt: skip
"""Names of columns that are texts, the plainest first."""
LABELS = (
    "label", "labels", "target", "class", "category", "y", "sentiment", "topic", "language", "lang", "intent",
    "emotion", "genre", "polarity", "rating", "stars", "score",
)  # fmt: skip
"""Names of columns that are labels, the plainest first."""
SPLIT_NAMES = ("split", "set", "subset", "fold", "partition")
SENTENCE = 4.0
"""Words of a text, on average, from which on it is a sentence."""
DISTINCT = 0.5
"""Share of a column's values that are different, from which on it may be texts."""
CLASSES = 100
"""A label that is not named as one has at most so many classes."""

_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Column:
    """What a column is like."""

    name: str
    values: list[str]
    """Those that are there, as text."""
    typed: bool
    """Whether it holds text, not numbers or lists."""

    @cached_property
    def distinct(self) -> int:
        return len(set(self.values))

    @cached_property
    def characters(self) -> int:
        return sum(map(len, self.values))

    @cached_property
    def words(self) -> float:
        """Of a value, on average."""
        return sum(len(value.split()) for value in self.values) / max(1, len(self.values))

    @cached_property
    def letters(self) -> bool:
        """Whether most values have letters in them."""
        return sum(_LETTERS.search(value) is not None for value in self.values) > len(self.values) / 2

    @property
    def is_split(self) -> bool:
        return self.name.lower() in SPLIT_NAMES and all(value.lower() in SPLITS for value in set(self.values))

    @property
    def may_be_text(self) -> bool:
        return self.typed and self.letters and self.distinct >= max(2, DISTINCT * len(self.values))


def columns_of(frame: pl.DataFrame) -> list[Column]:
    """The columns of a table, or of its beginning."""
    import polars as pl

    made = []
    for series in frame.iter_columns():
        nested = series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object)
        values = [] if nested else [str(value) for value in series.drop_nulls().to_list()]
        made.append(Column(series.name, values, series.dtype == pl.String))
    return made


def text_column(columns: list[Column]) -> Column | None:
    """The column of the texts: one that is called so, or the one with most characters; sentences, or single words where
    there is little beside them. None where the table is not about texts."""
    able = [column for column in columns if column.may_be_text]
    if not able:
        return None
    named = [column for name in TEXTS for column in able if column.name.lower() == name]
    most = max(able, key=lambda column: column.characters)
    best = next((column for column in named if 2 * column.characters >= most.characters), most)
    total = sum(column.characters for column in columns)
    few = len([column for column in columns if not column.is_split]) <= 3
    if best.words >= SENTENCE:
        enough = best.words >= 1.5 * SENTENCE or few or bool(named)
        return best if enough and 2 * best.characters >= total else None
    return best if few and all(not column.values or column.letters or column is best for column in columns) else None


def label_candidates(columns: list[Column], text: str) -> list[Column]:
    """Columns that may be the label of the texts: few different values, each again and again."""
    return [
        column
        for column in columns
        if column.name != text
        and not column.is_split
        and column.values
        and column.distinct <= min(CLASSES, max(2, len(column.values) / 3))
        and max(map(len, column.values)) <= 100
    ]


def label_column(columns: list[Column], text: str) -> Column | None:
    """The label: the column that is called so, or the only one that may be it; None where that cannot be known."""
    others = {column.name.lower(): column for column in columns if column.name != text and column.values}
    named = next((others[name] for name in LABELS if name in others), None)
    if named is not None and named.distinct <= max(2, len(named.values) / 2):
        return named
    able = label_candidates(columns, text)
    varied = [column for column in able if column.distinct > 1]
    return (varied or able)[0] if len(varied or able) == 1 else None


def others(columns: list[Column], text: str, label: Column | None) -> list[str]:
    """The columns that may tell or be told besides a text and its label: numbers, and what is there more than once."""
    known = {text, *([] if label is None else [label.name])}
    left = [c for c in columns if c.values and not c.is_split and c.name not in known]
    return [c.name for c in left if c.distinct > 1 and (c.distinct <= len(c.values) / 2 or _numbers(c))]


def _numbers(column: Column) -> bool:
    """Numbers that do not count the rows."""
    try:
        numbers = [float(value) for value in column.values]
    except ValueError:
        return False
    return any(number % 1 for number in numbers) or sorted(numbers) != numbers


def split_column(columns: list[Column]) -> Column | None:
    """The column that says which rows are test and validation."""
    return next((column for column in columns if column.values and column.is_split), None)


def unit_of(texts: list[str]) -> str:
    """What texts are best divided into: char for single words, bpe where no spaces are between words, word else."""
    lengths = [len(text) for text in texts]
    words = [len(text.split()) for text in texts]
    if not texts or sum(words) <= 1.5 * len(texts):
        return "char" if sum(lengths) <= 30 * len(texts) else "bpe"
    return "bpe" if sum(lengths) > 20 * sum(words) else "word"
