"""What a report says: plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nntui.hooks.data import Example, Finding, TargetKind


@dataclass(frozen=True, kw_only=True)
class Score:
    """How one class or label fares; 0 where there is nothing to divide by."""

    name: str
    support: int
    """Rows that are of it."""
    predicted: int
    """Rows that were said to be of it."""
    precision: float
    """The share of those that were said to be of it that are."""
    recall: float
    """The share of its rows that were found."""
    f1: float


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Answers that were about as sure."""

    low: float
    high: float
    count: int
    confidence: float
    """Their mean; 0 of none, as accuracy."""
    accuracy: float
    """The share that was right."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Whether a probability means what it says."""

    bins: tuple[Bin, ...]
    ece: float
    """Expected calibration error: the mean distance of confidence and accuracy over the bins, weighted by rows
    (Guo et al. 2017)."""
    brier: float
    """Mean squared distance of the probabilities from what was true, summed over the classes: 0 is best, 2 worst
    (Brier 1950); of labels the mean over them, 0..1."""


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """Of classes, or of labels."""

    scores: tuple[Score, ...]
    macro: Score
    """Precision, recall and F1 are the means over the classes that occur in truth or prediction."""
    weighted: Score
    """Means weighted by support."""
    calibration: Calibration


@dataclass(frozen=True, kw_only=True)
class Histogram:
    edges: tuple[float, ...]
    """One more than counts."""
    counts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ValueErrors:
    """Of one value, in its own unit. A residual is predicted minus true."""

    name: str
    mae: float
    rmse: float
    r2: float
    bias: float
    """The mean residual: above 0 it is told too large."""
    quantiles: dict[str, float]
    """Of the absolute error: "50%" is as large or larger than half of them."""
    residuals: Histogram
    points: tuple[tuple[float, float], ...]
    """(true, predicted) of some rows."""
    sampled: int
    """Rows that quantiles and histogram are of: all, up to RESERVOIR."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Positions of a text, counted from the beginning of a window."""

    first: int
    last: int
    count: int
    bits: float


@dataclass(frozen=True, kw_only=True)
class TokenBits:
    """How many bits one token costs."""

    token: str
    count: int
    bits: float
    """The mean, where it comes next."""
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Surprise:
    """Of text: where bits are spent."""

    stretches: tuple[Stretch, ...]
    dearest: tuple[TokenBits, ...]
    """The tokens on which the most bits are spent in all."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One row that was told wrong."""

    row: int
    place: str
    """Where a person finds it."""
    truth: str
    answer: str
    confidence: float | None
    """The probability of the answer; None of values."""
    badness: float
    """What the worst are chosen by: the loss in nats of classes, labels and tokens; of values the mean absolute error
    in standard deviations of the training rows."""
    example: Example | None = None


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What a rule without learning reaches on the same rows."""

    name: str
    metrics: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Report:
    """How good a network is on some rows."""

    run: str
    data: str
    """The data set's name, or the path."""
    split: str
    """train, validation, test, or all."""
    rows: int
    kind: TargetKind
    names: tuple[str, ...]
    """The classes', labels' or values' names; of tokens none."""
    unit: str
    network: str
    metrics: dict[str, float]
    """By plain name, the primary one first."""
    confusion: list[list[int]] | None = None
    """Rows: true class; columns: predicted."""
    classes: ClassScores | None = None
    """Of classes and labels."""
    values: tuple[ValueErrors, ...] = ()
    surprise: Surprise | None = None
    baselines: tuple[Baseline, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    """The worst first."""
    wrong: int | None = None
    """Rows told wrong, of classes and labels."""
    findings: tuple[Finding, ...] = field(default=())
    """What of the data was odd or left out."""

    def to_json(self) -> dict[str, Any]:
        """Plain data, without pictures; None stands for what is not finite."""
        from nntui.runs.plain import finite

        told: dict[str, Any] = asdict(self)
        if self.kind == "classes":
            told["classes"], told["scores"] = list(self.names), told["classes"]
        else:
            told["scores"] = told.pop("classes")
        for mistake, data in zip(self.mistakes, told["mistakes"], strict=True):
            example = mistake.example
            data["example"] = None if example is None or example.kind == "image" else example.content
        empty: tuple[Any, ...] = (None, (), [], {}, "")
        return {key: finite(value) for key, value in told.items() if value not in empty}
