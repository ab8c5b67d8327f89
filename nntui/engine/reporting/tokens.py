"""A tally of text: where the bits are spent.

Shapes: N rows, T positions, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from nntui.engine.reporting.report import Baseline, Stretch, Surprise, TokenBits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]
    Counts: TypeAlias = npt.NDArray[np.int64]

DEAREST = 15
"""Tokens that are told."""


class TokensTally:
    """Bits of the token after each position."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        size = len(names)
        self._bits, self._count, self._right = np.zeros(size), np.zeros(size, np.int64), np.zeros(size, np.int64)
        self._at_bits, self._at_count = np.zeros(0), np.zeros(0, np.int64)

    def update(self, bits: Floats, target: Counts, predicted: Counts) -> None:
        """All (N, T): the cost of the true token, the token (-1: not measured), and the likeliest one."""
        known = target >= 0
        size, width = len(self._names), target.shape[1]
        tokens, cost = target[known], bits[known]
        self._bits += np.bincount(tokens, weights=cost, minlength=size)
        self._count += np.bincount(tokens, minlength=size)
        self._right += np.bincount(tokens[predicted[known] == tokens], minlength=size)
        if width > len(self._at_bits):
            more = width - len(self._at_bits)
            self._at_bits = np.pad(self._at_bits, (0, more))
            self._at_count = np.pad(self._at_count, (0, more))
        self._at_bits[:width] += np.where(known, bits, 0.0).sum(0)
        self._at_count[:width] += known.sum(0)

    def compute(self) -> Surprise:
        dearest = np.argsort(-self._bits, kind="stable")[:DEAREST]
        return Surprise(
            stretches=tuple(self._stretches()),
            dearest=tuple(
                TokenBits(
                    token=self._names[k],
                    count=int(self._count[k]),
                    bits=float(self._bits[k] / self._count[k]),
                    accuracy=float(self._right[k] / self._count[k]),
                )
                for k in dearest.tolist()
                if self._count[k]
            ),
        )

    def baselines(self, bits: str) -> tuple[Baseline, ...]:
        """What is told by how often each token occurs in these rows; `bits`: the metric that is bits of a token."""
        share = self._count[self._count > 0] / max(1, self._count.sum())
        entropy = float(-(share * np.log2(share)).sum())
        most = int(self._count.max()) / max(1, int(self._count.sum()))
        return (Baseline(name="how often each token occurs", metrics={bits: entropy, "accuracy": most}),)

    def _stretches(self) -> list[Stretch]:
        """Positions in stretches that double, from where positions are measured."""
        measured = np.flatnonzero(self._at_count)
        if not len(measured):
            return []
        told, first, width = [], int(measured[0]), 1
        while first <= measured[-1]:
            last = min(first + width - 1, int(measured[-1]))
            count = int(self._at_count[first : last + 1].sum())
            if count:
                bits = float(self._at_bits[first : last + 1].sum()) / count
                told.append(Stretch(first=first + 1, last=last + 1, count=count, bits=bits))
            first, width = last + 1, width * 2
        return told
