"""The numbers of a report, against scikit-learn and NumPy; in constant memory, whatever the pieces."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from nntui.engine.reporting import values
from nntui.engine.reporting.classes import BINS, ClassesTally, LabelsTally
from nntui.engine.reporting.tokens import TokensTally
from nntui.engine.reporting.values import BaselineTally, Reservoir, ValuesTally, histogram_of, quantiles_of
from nntui.engine.reporting.worst import Worst

SEEDS = st.integers(0, 10**6)


def pieces(rows: int, seed: int) -> Iterator[slice]:
    cuts = [0, *np.sort(np.random.default_rng(seed).integers(0, rows + 1, size=3)).tolist(), rows]
    yield from (slice(a, b) for a, b in pairwise(cuts))


def softmax(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


@settings(max_examples=50)
@given(rows=st.integers(1, 80), size=st.integers(2, 12), seed=SEEDS)
def test_scores_of_classes_are_scikit_learns(rows: int, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    told, true = softmax(rng.normal(size=(rows, size)) * 2), rng.integers(0, size, rows)
    tally = ClassesTally([f"c{k}" for k in range(size)])
    for piece in pieces(rows, seed):
        tally.update(told[piece], true[piece])
    part = tally.compute()
    predicted = told.argmax(1)
    expected = sk.precision_recall_fscore_support(true, predicted, labels=range(size), zero_division=0)
    ours = zip(*((s.precision, s.recall, s.f1, s.support) for s in part.scores), strict=True)
    for a, b in zip(ours, expected, strict=True):
        assert list(a) == pytest.approx(list(b))
    weighted = sk.precision_recall_fscore_support(true, predicted, average="weighted", zero_division=0)[:3]
    assert (part.weighted.precision, part.weighted.recall, part.weighted.f1) == pytest.approx(weighted)
    macro = sk.precision_recall_fscore_support(true, predicted, average="macro", zero_division=0)[:3]
    assert (part.macro.precision, part.macro.recall, part.macro.f1) == pytest.approx(macro)
    assert tally.wrong == int((predicted != true).sum())
    brier = ((told - np.eye(size)[true]) ** 2).sum(1).mean()
    assert part.calibration.brier == pytest.approx(brier)
    if size == 2 and 0 < true.sum() < rows:  # scikit-learn's of two classes looks at one of them, which is half
        assert part.calibration.brier == pytest.approx(2 * sk.brier_score_loss(true, told[:, 1]))


@settings(max_examples=50)
@given(rows=st.integers(1, 200), seed=SEEDS)
def test_the_reliability_is_scikit_learns_calibration_curve(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    told = softmax(rng.normal(size=(rows, 3)) * 2)
    true = rng.integers(0, 3, rows)
    tally = ClassesTally("abc")
    for piece in pieces(rows, seed):
        tally.update(told[piece], true[piece])
    part = tally.compute().calibration
    sure, right = told.max(1), told.argmax(1) == true
    shares, means = calibration_curve(right, sure, n_bins=BINS) if 0 < right.sum() < rows else ([], [])
    if len(shares):
        there = [b for b in part.bins if b.count]
        assert [b.accuracy for b in there] == pytest.approx(list(shares))
        assert [b.confidence for b in there] == pytest.approx(list(means))
    at = np.clip((sure * BINS).astype(int), 0, BINS - 1)
    apart = [
        abs(right[at == k].mean() - sure[at == k].mean()) * (at == k).sum() for k in range(BINS) if (at == k).any()
    ]
    assert part.ece == pytest.approx(sum(apart) / rows)
    assert sum(b.count for b in part.bins) == rows


@settings(max_examples=40)
@given(rows=st.integers(1, 60), size=st.integers(1, 6), seed=SEEDS)
def test_scores_of_labels_are_scikit_learns(rows: int, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    told, true = rng.random((rows, size)), (rng.random((rows, size)) > 0.6).astype(float)
    tally = LabelsTally([f"l{k}" for k in range(size)])
    for piece in pieces(rows, seed):
        tally.update(told[piece], true[piece])
    part = tally.compute()
    for k, score in enumerate(part.scores):
        said = told[:, k] > 0.5
        expected = (
            sk.precision_score(true[:, k], said, zero_division=0),
            sk.recall_score(true[:, k], said, zero_division=0),
            sk.f1_score(true[:, k], said, zero_division=0),
        )
        assert (score.precision, score.recall, score.f1) == pytest.approx(expected)
    assert part.calibration.brier == pytest.approx(((told - true) ** 2).mean())
    assert tally.wrong == int(((told > 0.5) != (true > 0.5)).any(1).sum())


@settings(max_examples=40)
@given(rows=st.integers(1, 300), seed=SEEDS)
def test_errors_of_values_are_numpys(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    true, told = rng.normal(size=(rows, 2)) * 5, rng.normal(size=(rows, 2)) * 5
    tally = ValuesTally(("a", "b"))
    for piece in pieces(rows, seed):
        tally.update(told[piece], true[piece])
    metrics = {f"{m}_{v}": 1.0 for m in ("mae", "rmse", "r2") for v in ("a", "b")}
    for k, part in enumerate(tally.compute(metrics)):
        errors = np.abs(told[:, k] - true[:, k])
        assert part.bias == pytest.approx((told[:, k] - true[:, k]).mean())
        assert part.quantiles["90%"] == pytest.approx(np.quantile(errors, 0.9))
        assert part.quantiles["100%"] == errors.max() and part.quantiles["50%"] == np.median(errors)
        assert sum(part.residuals.counts) == rows and part.sampled == rows
        edges = np.array(part.residuals.edges)
        assert np.any(np.isclose((edges[:-1] + edges[1:]) / 2, 0, atol=1e-9 * np.ptp(edges)))  # 0 is in a bar's middle


def test_a_reservoir_is_an_even_choice_and_the_same_whatever_the_pieces() -> None:
    rows = np.arange(20_000.0)[:, None]
    whole, parts = Reservoir(500, 1), Reservoir(500, 1)
    whole.update(rows)
    for piece in np.split(rows, [3, 450, 700, 10_000]):
        parts.update(piece)
    assert np.array_equal(whole.rows, parts.rows)
    assert len(np.unique(whole.rows)) == 500
    assert abs(whole.rows.mean() - 10_000) < 1500  # five standard errors of the mean of an even choice


def test_more_rows_than_the_reservoir_holds_are_sampled_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "RESERVOIR", 100)
    rng = np.random.default_rng(0)
    true = rng.normal(size=(5000, 1))
    tally = ValuesTally(("y",))
    for at in range(0, 5000, 512):
        tally.update(true[at : at + 512] + 1, true[at : at + 512])
    (part,) = tally.compute({"mae": 1.0, "rmse": 1.0, "r2": 0.0})
    assert part.sampled == 100 and part.bias == pytest.approx(1.0)


def test_values_without_spread_and_values_that_are_not_finite_have_a_histogram() -> None:
    assert sum(histogram_of(np.zeros(5)).counts) == 5
    assert sum(histogram_of(np.array([1.0, np.nan, np.inf, -2.0])).counts) == 2
    assert histogram_of(np.array([np.nan])).counts == (0,)
    assert quantiles_of(np.ones(3))["99%"] == 1.0


def test_baselines_are_measured_as_the_metrics_are() -> None:
    rng = np.random.default_rng(1)
    true, told = rng.normal(size=(90, 3)), rng.normal(size=(90, 3))
    tally = BaselineTally()
    for piece in pieces(90, 5):
        tally.update({"rule": told[piece]}, true[piece])
    (rule,) = tally.compute()
    assert rule.metrics["mae"] == pytest.approx(sk.mean_absolute_error(true, told))
    assert rule.metrics["rmse"] == pytest.approx(sk.root_mean_squared_error(true, told))


def test_bits_of_tokens_add_up_to_the_mean_of_all() -> None:
    rng = np.random.default_rng(2)
    bits, target, told = rng.random((40, 9)) * 5, rng.integers(0, 6, (40, 9)), rng.integers(0, 6, (40, 9))
    target[:, 0] = -1  # not measured
    target[5, 4:] = -1
    tally = TokensTally("abcdef")
    for piece in pieces(40, 3):
        tally.update(bits[piece], target[piece], told[piece])
    part = tally.compute()
    known = target >= 0
    assert sum(s.bits * s.count for s in part.stretches) == pytest.approx(bits[known].sum())
    assert sum(t.bits * t.count for t in part.dearest) == pytest.approx(bits[known].sum())
    assert (part.stretches[0].first, part.stretches[-1].last) == (2, 9)
    of_a = next(t for t in part.dearest if t.token == "a")
    assert of_a.count == (target == 0).sum()
    assert of_a.accuracy == pytest.approx(((told == 0) & (target == 0)).sum() / of_a.count)
    (baseline,) = tally.baselines("bits_per_token")
    shares = np.bincount(target[known]) / known.sum()
    assert baseline.metrics["bits_per_token"] == pytest.approx(-(shares * np.log2(shares)).sum())


@settings(max_examples=40)
@given(rows=st.integers(1, 60), most=st.integers(0, 8), seed=SEEDS)
def test_the_worst_are_those_that_sorting_all_of_them_finds(rows: int, most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    badness, wrong = rng.integers(0, 9, rows).astype(float), rng.random(rows) > 0.3
    badness[rng.random(rows) > 0.9] = np.nan
    output = rng.random((rows, 2))
    worst = Worst(most)
    for piece in pieces(rows, seed):
        worst.update(badness[piece], wrong[piece], output[piece], output[piece])
    sure = np.where(np.isnan(badness), np.inf, badness)
    expected = sorted(np.flatnonzero(wrong).tolist(), key=lambda i: (-sure[i], i))[:most]
    assert [item.at for item in worst.rows] == expected
    assert all(np.array_equal(item.output, output[item.at]) for item in worst.rows)
