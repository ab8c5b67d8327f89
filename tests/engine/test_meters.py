"""Metrics, against scikit-learn."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from nntui.engine.meters import Standard, directions, make_meter
from nntui.hooks.data import DataSpec, InputSpec, TargetSpec

CPU = torch.device("cpu")


def spec(kind: Any, size: int, **target: Any) -> DataSpec:
    item = InputSpec(name="x", kind="features", shape=(3,), dtype="float32")
    return DataSpec(modality="table", inputs=(item,), target=TargetSpec(kind=kind, size=size, **target))


def measured(
    data: DataSpec, output: torch.Tensor, parts: list[int] | None = None, loss: str = "mse", **batch: Any
) -> Any:
    """What a meter says of rows given in parts of these sizes."""
    meter = make_meter(data, loss, CPU)
    parts = parts or [len(output)]
    pieces = {name: t.split(parts) for name, t in batch.items()}
    for at, piece in enumerate(output.split(parts)):
        meter.update(piece, {name: t[at] for name, t in pieces.items()})
    return meter.compute()


def parts_of(rows: int, seed: int) -> list[int]:
    cuts = np.sort(np.random.default_rng(seed).integers(0, rows + 1, size=3))
    return np.diff([0, *cuts, rows]).tolist()


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 80), size=st.integers(2, 130), seed=st.integers(0, 10**6))
def test_class_metrics_are_scikit_learns_whatever_the_batches(rows: int, size: int, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, size, generator=rng) * 3
    target = torch.randint(size, (rows,), generator=rng) % max(2, size - 1)  # a class without rows
    result = measured(spec("classes", size), logits, parts_of(rows, seed), target=target)
    predicted = logits.argmax(1)
    expected = {
        "accuracy": sk.accuracy_score(target, predicted),
        "macro_f1": sk.f1_score(target, predicted, average="macro", zero_division=0),
        "loss": float(F.cross_entropy(logits.double(), target)),
    }
    if size > 5:
        expected["top5_accuracy"] = float((logits.topk(5).indices == target[:, None]).any(1).double().mean())
    assert result.metrics == pytest.approx(expected, rel=1e-5)
    assert set(result.metrics) == set(directions(spec("classes", size).target))
    if size <= 100:
        assert result.confusion == sk.confusion_matrix(target, predicted, labels=range(size)).tolist()
    else:
        assert result.confusion is None


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 60), size=st.integers(2, 8), seed=st.integers(0, 10**6))
def test_multilabel_metrics_are_scikit_learns(rows: int, size: int, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, size, generator=rng)
    target = (torch.rand(rows, size, generator=rng) > 0.6).float()
    target[:, 0] = 0
    logits[:, 0] = -1.0  # a label that is nowhere counts as 0, as with zero_division=0
    result = measured(spec("multilabel", size), logits, parts_of(rows, seed), target=target)
    true, predicted = target.numpy().astype(int), (logits > 0).numpy().astype(int)
    assert result.metrics == pytest.approx(
        {
            "micro_f1": sk.f1_score(true, predicted, average="micro", zero_division=0),
            "macro_f1": sk.f1_score(true, predicted, average="macro", zero_division=0),
            "accuracy": 1 - sk.hamming_loss(true, predicted),
            "subset_accuracy": sk.accuracy_score(true, predicted),
            "loss": float(F.binary_cross_entropy_with_logits(logits, target)),
        },
        rel=1e-5,
    )
    assert list(result.metrics) == list(directions(spec("multilabel", size).target))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(2, 80),
    size=st.integers(1, 3),
    centre=st.sampled_from([0.0, 1.0, 1e6]),
    seed=st.integers(0, 10**6),
)
def test_value_metrics_are_scikit_learns_and_keep_their_digits_far_from_zero(
    rows: int, size: int, centre: float, seed: int
) -> None:
    rng = torch.Generator().manual_seed(seed)
    target = torch.randn(rows, size, generator=rng) + centre
    output = torch.randn(rows, size, generator=rng)
    names = ("a", "b", "c")[:size]
    data = spec("values", size, names=names, mean=(centre,) * size, std=(2.0,) * size)
    result = measured(data, output, parts_of(rows, seed), target=target)
    true, predicted = target.double().numpy(), (output.double() * 2 + centre).numpy()
    expected: dict[str, float] = {
        "mae": sk.mean_absolute_error(true, predicted),
        "rmse": sk.root_mean_squared_error(true, predicted),
        "r2": sk.r2_score(true, predicted),
        "loss": float((((true - predicted) / 2) ** 2).mean()),
    }
    if size > 1:
        for k, name in enumerate(names):
            expected[f"mae_{name}"] = sk.mean_absolute_error(true[:, k], predicted[:, k])
            expected[f"rmse_{name}"] = sk.root_mean_squared_error(true[:, k], predicted[:, k])
            expected[f"r2_{name}"] = sk.r2_score(true[:, k], predicted[:, k])
    assert result.metrics == pytest.approx(expected, rel=1e-8)
    assert set(result.metrics) == set(directions(data.target))
    assert result.confusion is None


def test_values_relative_to_an_offset_are_measured_in_their_own_unit() -> None:
    data = spec("values", 1, mean=(1.0,), std=(2.0,), offset="last")
    target, last = torch.tensor([[10.0], [20.0]]), torch.tensor([[7.0], [18.0]])
    output = torch.tensor([[1.0], [1.0]])  # 3 above the last: right, and one too many
    result = measured(data, output, loss="mae", target=target, last=last)
    assert result.metrics["mae"] == pytest.approx(0.5)
    assert result.metrics["loss"] == pytest.approx(0.25)


def test_a_constant_truth_has_the_r2_of_scikit_learn() -> None:
    data = spec("values", 1)
    constant = torch.full((4, 1), 3.0)
    assert measured(data, constant, target=constant).metrics["r2"] == 1.0
    assert measured(data, constant + 1, [1, 3], target=constant).metrics["r2"] == 0.0
    with warnings.catch_warnings(action="ignore"):
        assert math.isnan(sk.r2_score([[1.0]], [[1.0]]))
    assert math.isnan(measured(data, constant[:1], target=constant[:1]).metrics["r2"])


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 12), steps=st.integers(1, 9), size=st.integers(2, 30), seed=st.integers(0, 10**6))
def test_next_token_metrics_count_each_position_once_and_skip_the_ignored(
    rows: int, steps: int, size: int, seed: int
) -> None:
    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, steps, size, generator=rng)
    target = torch.randint(-1, size, (rows, steps), generator=rng)
    result = measured(spec("next-token", size), logits, parts_of(rows, seed), target=target)
    kept = target != -1
    if not kept.any():
        assert result.metrics == {}
        return
    loss = float(F.cross_entropy(logits[kept].double(), target[kept]))
    assert result.metrics == pytest.approx(
        {
            "bits_per_char": loss / math.log(2),
            "perplexity": math.exp(loss),
            "accuracy": sk.accuracy_score(target[kept], logits[kept].argmax(1)),
            "loss": loss,
        },
        rel=1e-5,
    )
    assert list(result.metrics) == list(directions(spec("next-token", size).target))


@pytest.mark.parametrize("kind", ["classes", "multilabel", "values", "next-token"])
def test_nothing_measured_is_no_metric(kind: str) -> None:
    result = make_meter(spec(kind, 7), "mse", CPU).compute()
    assert result.metrics == {}
    assert result.confusion is None


@pytest.mark.parametrize(
    ("kind", "output", "target"),
    [
        ("classes", torch.randn(9, 7), torch.arange(9) % 7),
        ("multilabel", torch.randn(9, 7), torch.ones(9, 7)),
        ("values", torch.randn(9, 7), torch.randn(9, 7)),
        ("next-token", torch.randn(9, 2, 7), torch.ones(9, 2, dtype=torch.int64)),
    ],
)
def test_bfloat16_outputs_are_measured_as_their_float32_values_are(
    kind: str, output: torch.Tensor, target: torch.Tensor
) -> None:
    data, half = spec(kind, 7), output.bfloat16()
    assert measured(data, half, target=target) == measured(data, half.float(), target=target)


def test_ties_never_make_top5_accuracy_smaller_than_accuracy_and_equal_scores_are_no_hits() -> None:
    target = torch.arange(10)
    result = measured(spec("classes", 10), torch.zeros(10, 10), target=target).metrics
    assert result["accuracy"] == result["top5_accuracy"] == 0.1


def test_outputs_that_are_not_numbers_hit_nothing_by_chance() -> None:
    target = torch.full((4,), 3)
    result = measured(spec("classes", 10), torch.full((4, 10), math.nan), target=target).metrics
    assert result["accuracy"] == result["top5_accuracy"] == 0.0
    assert math.isnan(result["loss"])


def test_many_classes_take_memory_linear_in_their_number() -> None:
    meter = make_meter(spec("classes", 50_000), "", CPU)
    held = sum(t.numel() * t.element_size() for t in vars(meter).values() if isinstance(t, torch.Tensor))
    assert held < 50_000 * 8 * 4
    target = torch.arange(64) * 700
    logits = torch.zeros(64, 50_000)
    logits[torch.arange(64), target] = 1
    meter.update(logits, {"target": target})
    result = meter.compute()
    assert result.metrics["macro_f1"] == result.metrics["accuracy"] == 1.0
    assert result.confusion is None


def test_a_meter_neither_keeps_the_graph_nor_waits_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> Any:
        raise AssertionError("the host waited for the device")

    for kind, target in {
        "classes": torch.zeros(4, dtype=torch.int64),
        "multilabel": torch.ones(4, 7),
        "values": torch.ones(4, 7),
        "next-token": torch.zeros(4, 2, dtype=torch.int64),
    }.items():
        shape = (4, 2, 7) if kind == "next-token" else (4, 7)
        meter = make_meter(spec(kind, 7), "huber", CPU)
        with monkeypatch.context() as patch:
            for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__", "nonzero"):
                patch.setattr(torch.Tensor, name, refuse)
            meter.update(torch.randn(shape, requires_grad=True), {"target": target})
        assert not any(t.requires_grad for t in vars(meter).values() if isinstance(t, torch.Tensor))
        assert meter.compute().metrics


@pytest.mark.parametrize("log", [False, True])
def test_values_come_back_in_their_own_unit(log: bool) -> None:
    target = TargetSpec(kind="values", size=2, mean=(1.0, 2.0), std=(0.5, 3.0), log=log)
    scale = Standard(target, torch.device("cpu"))
    truth = torch.tensor([[0.1, 900.0], [7.0, 1.5]])
    assert torch.allclose(scale.own_unit(scale.standardised(truth, {}), {}), truth, rtol=1e-4)


def test_a_value_that_has_no_logarithm_is_no_infinity() -> None:
    scale = Standard(TargetSpec(kind="values", size=1, mean=(0.0,), std=(1.0,), log=True), torch.device("cpu"))
    assert bool(scale.standardised(torch.tensor([[0.0], [-3.0]]), {}).isfinite().all())
