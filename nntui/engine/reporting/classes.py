"""Tallies of classes and of labels.

Shapes: N rows, K classes or labels. Formulas are checked against scikit-learn in the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from nntui.engine.reporting.report import Bin, Calibration, ClassScores, Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]
    Counts: TypeAlias = npt.NDArray[np.int64]

BINS = 10
"""Of equal width, from 0 to 1."""


class ClassesTally:
    """One class of K."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._true, self._predicted, self._right = (np.zeros(len(names), np.int64) for _ in range(3))
        self._reliability = Reliability()
        self._brier = 0.0

    def update(self, probabilities: Floats, target: Counts) -> None:
        """probabilities (N, K), target (N,)."""
        size = len(self._names)
        predicted = probabilities.argmax(1)
        right = predicted == target
        self._true += np.bincount(target, minlength=size)
        self._predicted += np.bincount(predicted, minlength=size)
        self._right += np.bincount(target[right], minlength=size)
        self._reliability.update(probabilities.max(1), right)
        of_truth = probabilities[np.arange(len(target)), target]
        self._brier += float(((probabilities**2).sum(1) - 2 * of_truth + 1).sum())  # sum over k of (p - y)^2

    @property
    def wrong(self) -> int:
        return int(self._true.sum() - self._right.sum())

    def compute(self) -> ClassScores:
        rows = max(1, int(self._true.sum()))
        scores = scores_of(self._names, self._true, self._predicted, self._right)
        return ClassScores(
            scores=scores,
            macro=mean_of("macro average", [s for s in scores if s.support + s.predicted]),
            weighted=mean_of("weighted average", scores, by_support=True),
            calibration=self._reliability.compute(self._brier / rows),
        )


class LabelsTally:
    """Any of K labels, each said from a probability above one half."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._true, self._predicted, self._both = (np.zeros(len(names), np.int64) for _ in range(3))
        self._reliability = Reliability()
        self._squares = 0.0
        self._decisions = 0
        self.wrong = 0

    def update(self, probabilities: Floats, target: Floats) -> None:
        """probabilities and target (N, K)."""
        predicted, true = probabilities > 0.5, target > 0.5
        self._true += true.sum(0)
        self._predicted += predicted.sum(0)
        self._both += (true & predicted).sum(0)
        self.wrong += int((true != predicted).any(1).sum())
        self._reliability.update(probabilities.ravel(), true.ravel())
        self._squares += float(((probabilities - true) ** 2).sum())
        self._decisions += true.size

    def compute(self) -> ClassScores:
        """The calibration is of each label's own probability: how often a label is there that is said to be."""
        scores = scores_of(self._names, self._true, self._predicted, self._both)
        return ClassScores(
            scores=scores,
            macro=mean_of("macro average", scores),
            weighted=mean_of("weighted average", scores, by_support=True),
            calibration=self._reliability.compute(self._squares / max(1, self._decisions)),
        )


class Reliability:
    """Confidence and accuracy of answers that are about as sure."""

    def __init__(self) -> None:
        self._count, self._right = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)
        self._confidence = np.zeros(BINS)

    def update(self, confidence: Floats, right: npt.NDArray[np.bool_]) -> None:
        at = np.clip((confidence * BINS).astype(np.int64), 0, BINS - 1)
        self._count += np.bincount(at, minlength=BINS)
        self._right += np.bincount(at[right], minlength=BINS)
        self._confidence += np.bincount(at, weights=confidence, minlength=BINS)

    def compute(self, brier: float) -> Calibration:
        some = np.maximum(self._count, 1)
        confidence, accuracy = self._confidence / some, self._right / some
        ece = float((self._count * np.abs(confidence - accuracy)).sum() / max(1, self._count.sum()))
        bins = tuple(
            Bin(
                low=k / BINS,
                high=(k + 1) / BINS,
                count=int(self._count[k]),
                confidence=float(confidence[k]),
                accuracy=float(accuracy[k]),
            )
            for k in range(BINS)
        )
        return Calibration(bins=bins, ece=ece, brier=brier)


def scores_of(names: Sequence[str], true: Counts, predicted: Counts, right: Counts) -> tuple[Score, ...]:
    return tuple(
        Score(
            name=name,
            support=t,
            predicted=p,
            precision=r / p if p else 0.0,
            recall=r / t if t else 0.0,
            f1=2 * r / (t + p) if t + p else 0.0,
        )
        for name, t, p, r in zip(names, true.tolist(), predicted.tolist(), right.tolist(), strict=True)
    )


def mean_of(name: str, scores: Sequence[Score], *, by_support: bool = False) -> Score:
    weights = [float(s.support) if by_support else 1.0 for s in scores]
    whole = sum(weights)

    def mean(values: list[float]) -> float:
        return sum(w * v for w, v in zip(weights, values, strict=True)) / whole if whole else 0.0

    return Score(
        name=name,
        support=sum(s.support for s in scores),
        predicted=sum(s.predicted for s in scores),
        precision=mean([s.precision for s in scores]),
        recall=mean([s.recall for s in scores]),
        f1=mean([s.f1 for s in scores]),
    )
