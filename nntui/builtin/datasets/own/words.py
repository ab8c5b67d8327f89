"""Text columns beside others: whether each of the most frequent words stands in a cell, weighed by how rare it is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LEAST = 5
"""Rows that a word must stand in."""
MOST = 0.9
"""Share of the rows beyond which a word tells nothing."""
FITTED_ROWS = 200_000
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Words:
    """The words of one column that are looked for."""

    name: str
    words: tuple[str, ...]
    weights: tuple[float, ...]

    @cached_property
    def _place(self) -> dict[str, int]:
        return {word: at for at, word in enumerate(self.words)}

    def fill(self, out: npt.NDArray[np.float32], texts: Sequence[str]) -> None:
        """(N, words): the word's weight where it stands in the text, over the length of the row; 0 else."""
        for row, text in enumerate(texts):
            found = {at for word in _WORD.findall(text.casefold()) if (at := self._place.get(word)) is not None}
            if found:
                norm = math.sqrt(sum(self.weights[at] ** 2 for at in found))
                for at in found:
                    out[row, at] = 3 * self.weights[at] / norm


def fit_words(name: str, texts: Sequence[str], most: int) -> Words:
    """The `most` most frequent words of training rows; ties in alphabetical order."""
    texts = texts[:FITTED_ROWS]
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(_WORD.findall(text.casefold())))
    able = [(-count, word) for word, count in counts.items() if LEAST <= count <= MOST * len(texts)]
    words = tuple(word for _, word in sorted(able)[:most])
    return Words(name=name, words=words, weights=tuple(math.log(1 + len(texts) / counts[word]) for word in words))
