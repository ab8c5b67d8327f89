"""What a forecast starts from: the last value, the value a season before, or a linear rule of the window.

The network tells the difference. Which one, is chosen on training rows: each is fitted on the older ones and judged on
the newer, none of whose answers reaches back to the older.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.own.windows import ForecastFacts
    from nntui.hooks.data import Raw

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

Kind = Literal["last", "seasonal", "linear"]
NEWER = 0.25
"""Share of the training rows, the newest, on which ways are judged."""
DECAYS = (1e-3, 1e-1, 1.0, 10.0, 100.0, 1000.0)
"""Of the squared coefficients of standardised lags."""
BETTER = 0.99
"""A linear rule must be this much better than none on the newer rows, to be taken."""


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A ridge regression: answers = lags @ weights + bias, relative to the plain beginning."""

    decay: float
    numbers: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]
    """(lags, K)"""
    bias: tuple[float, ...]
    """(K,)"""


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What a prediction starts from, and which numbers the network sees relative to their last value."""

    kind: Kind
    plain: Literal["last", "seasonal"] = "last"
    """What a linear rule itself starts from."""
    relative: tuple[int, ...] = ()
    linear: Linear | None = None

    def of(self, raw: Raw, facts: ForecastFacts) -> Floats:
        """(N, K)"""
        begin = _plain(self.plain, raw, facts)
        if self.linear is None:
            return begin
        lags = _lags(raw, facts, self.linear.numbers, self.relative)
        told: Floats = begin + np.nan_to_num(lags) @ np.array(self.linear.weights) + np.array(self.linear.bias)
        return told


def last_value(raw: Raw, facts: ForecastFacts) -> Floats:
    """(N, K): each target's last value in the window, for every step ahead."""
    return np.tile(_targets(raw, facts)[:, -1], (1, facts.horizon))


def seasonal_value(raw: Raw, facts: ForecastFacts) -> Floats:
    """(N, K): the target's value a season before each step ahead; of the last season again, where that is ahead too."""
    window = _targets(raw, facts)
    steps = np.arange(facts.horizon) % facts.season
    values = window[:, facts.window - facts.season + steps]
    filled = np.where(np.isnan(values), window[:, -1:], values)
    return filled.reshape(len(window), -1)


def _plain(kind: Literal["last", "seasonal"], raw: Raw, facts: ForecastFacts) -> Floats:
    return last_value(raw, facts) if kind == "last" else seasonal_value(raw, facts)


def _targets(raw: Raw, facts: ForecastFacts) -> Floats:
    """(N, window, targets)"""
    at = [facts.roles.numbers.index(name) for name in facts.targets]
    return np.asarray(raw["numbers"], dtype=np.float64)[:, : facts.window, at]


def _lags(raw: Raw, facts: ForecastFacts, numbers: tuple[int, ...], relative: tuple[int, ...]) -> Floats:
    """(N, lags): the window of some numbers, those at `relative` less their last value."""
    window = np.array(raw["numbers"], dtype=np.float64)[:, : facts.window, list(numbers)]
    for place, at in enumerate(numbers):
        if at in relative:
            window[:, :, place] -= window[:, -1:, place]
    return window.reshape(len(window), -1)


def choose_beginning(raw: Raw, facts: ForecastFacts, time: Ints, until: Ints) -> Beginning:
    """The best by mean absolute error on the newer training rows. Rows by rising `time`, which is when what they tell
    begins; `until` is when it ends."""
    truth = np.asarray(raw["target"], dtype=np.float64)
    kinds: tuple[Literal["last", "seasonal"], ...] = ("last", "seasonal") if facts.season else ("last",)
    begins = {kind: _plain(kind, raw, facts) for kind in kinds}
    plain = min(kinds, key=lambda kind: float(np.abs(truth - begins[kind]).mean()))
    border = time[min(int(len(time) * (1 - NEWER)), len(time) - 1)]
    older, newer = np.flatnonzero(until < border), np.flatnonzero(time >= border)
    if len(older) < 10 or len(newer) < 3:
        return Beginning(kind=plain, plain=plain)
    change = truth - begins[plain]
    alone = float(np.abs(change[newer]).mean())
    own = tuple(facts.roles.numbers.index(name) for name in facts.targets)
    every = tuple(range(len(facts.roles.numbers)))
    found: list[tuple[float, tuple[int, ...], tuple[int, ...], float]] = []
    for relative in ((), every):
        lags = _lags(raw, facts, own, relative)
        for decay, error in _errors(lags, change, older, newer):
            found.append((error, relative, own, decay))
    best = min(found, key=lambda one: one[0])
    linear = None
    if best[0] < BETTER * alone:
        linear = _fitted(_lags(raw, facts, own, best[1]), change, best[3], own)
    return Beginning(kind="linear" if linear is not None else plain, plain=plain, relative=best[1], linear=linear)


def _errors(lags: Floats, change: Floats, older: Ints, newer: Ints) -> list[tuple[float, float]]:
    """Each decay, and the mean absolute error on the newer rows of a rule fitted on the older."""
    found = []
    for decay in DECAYS:
        weights, bias = _ridge(lags[older], change[older], decay)
        told = np.nan_to_num(lags[newer]) @ weights + bias
        found.append((decay, float(np.abs(change[newer] - told).mean())))
    return found


def _fitted(lags: Floats, change: Floats, decay: float, numbers: tuple[int, ...]) -> Linear:
    weights, bias = _ridge(lags, change, decay)
    return Linear(decay=decay, numbers=numbers, weights=tuple(map(tuple, weights.tolist())), bias=tuple(bias.tolist()))


def _ridge(lags: Floats, answers: Floats, decay: float) -> tuple[Floats, Floats]:
    """Weights (lags, K) and bias (K,) for plain lags; the decay is of standardised ones, missing ones are 0."""
    filled = np.nan_to_num(lags)
    mean, std = filled.mean(axis=0), filled.std(axis=0)
    std = np.where(std > 1e-9 * np.maximum(np.abs(mean), 1e-300), std, 1.0)
    scaled = (filled - mean) / std
    middle = answers.mean(axis=0)
    gram = scaled.T @ scaled + decay * np.eye(scaled.shape[1])
    weights = np.linalg.solve(gram, scaled.T @ (answers - middle)) / std[:, None]
    return weights, middle - mean @ weights
