"""The worst of many rows, a few kept at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]


class Bad(NamedTuple):
    """One of them."""

    badness: float
    at: int
    """Its place among the rows that are measured, from 0."""
    output: Floats
    """Probabilities or values (K,)."""
    target: npt.NDArray[np.float64]
    """The class's code (), labels or values (K,)."""


class Worst:
    """Keeps the `most` rows with the largest badness; of equal ones the first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[Bad] = []
        self._seen = 0

    def update(self, badness: Floats, wrong: npt.NDArray[np.bool_], output: Floats, target: Floats) -> None:
        """badness and wrong (N,): rows that are right are never kept. What is not a number is worst of all."""
        bad = np.where(np.isnan(badness), np.inf, badness)
        candidates = np.flatnonzero(wrong)
        if len(candidates) > self._most:
            candidates = candidates[np.argsort(-bad[candidates], kind="stable")[: self._most]]
        for i in candidates.tolist():
            self._kept.append(Bad(float(bad[i]), self._seen + i, output[i].copy(), target[i].copy()))
        self._kept.sort(key=lambda item: (-item.badness, item.at))
        del self._kept[self._most :]
        self._seen += len(bad)

    @property
    def rows(self) -> list[Bad]:
        return self._kept
