"""Tasks: the loss, the prediction and the metric that follow from a target."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.utils.class_weight import compute_class_weight

from nntui.engine.tasks import Task, make_task
from nntui.hooks.data import DataSpec, InputSpec, TargetSpec
from nntui.hooks.errors import UserError
from nntui.spec.model import TrainingSettings

CPU = torch.device("cpu")
FEATURES = InputSpec(name="x", kind="features", shape=(3,), dtype="float32")
TEXT = InputSpec(name="text", kind="tokens", shape=(None,), dtype="int64", vocabulary=9, lengths="text_lengths")


def task(
    kind: Any, size: int, *, counts: Any = None, inputs: Any = (FEATURES,), target: Any = None, **settings: Any
) -> Task:
    spec = DataSpec(modality="table", inputs=inputs, target=TargetSpec(kind=kind, size=size, **(target or {})))
    return make_task(spec, TrainingSettings(**settings), counts, CPU)


def test_classes_learn_by_plain_cross_entropy() -> None:
    logits, target = torch.randn(8, 5), torch.arange(8) % 5
    made = task("classes", 5)
    assert torch.equal(made.loss(logits, {"target": target}), F.cross_entropy(logits, target))
    assert (made.metric, made.maximize, made.loss_name) == ("accuracy", True, "cross-entropy")


def test_smoothing_and_class_weights_are_torchs() -> None:
    logits, target = torch.randn(8, 3), torch.tensor([0, 0, 0, 0, 0, 1, 1, 2])
    made = task("classes", 3, counts=[5, 2, 1], label_smoothing=0.1, class_weights="balanced")
    weight = torch.tensor(compute_class_weight("balanced", classes=np.arange(3), y=target.numpy())).float()
    expected = F.cross_entropy(logits, target, weight, label_smoothing=0.1)
    assert torch.allclose(made.loss(logits, {"target": target}), expected)


def test_a_class_without_training_rows_weighs_one() -> None:
    made = task("classes", 3, counts=[6, 0, 2], class_weights="balanced")
    logits = torch.randn(8, 3)
    target = torch.tensor([0] * 6 + [2] * 2)
    weight = torch.tensor([8 / 12, 1.0, 2.0])
    assert torch.allclose(made.loss(logits, {"target": target}), F.cross_entropy(logits, target, weight))


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weights", ["none", "balanced"])
def test_the_initial_loss_of_classes_is_that_of_equal_scores(smoothing: float, weights: str) -> None:
    target = torch.tensor([0] * 5 + [1] * 2 + [2])
    made = task("classes", 3, counts=[5, 2, 1], label_smoothing=smoothing, class_weights=weights)
    assert float(made.loss(torch.zeros(8, 3), {"target": target})) == pytest.approx(made.initial_loss)


def test_the_initial_loss_of_the_other_tasks_is_that_of_knowing_nothing() -> None:
    labels = task("multilabel", 4, label_smoothing=0.2)
    assert float(labels.loss(torch.zeros(3, 4), {"target": torch.ones(3, 4)})) == pytest.approx(labels.initial_loss)
    tokens = task("next-token", 9)
    batch = {"target": torch.zeros(2, 5, dtype=torch.int64)}
    assert float(tokens.loss(torch.zeros(2, 5, 9), batch)) == pytest.approx(tokens.initial_loss)
    truth = torch.tensor([[1.0], [5.0]])
    values = task("values", 1, loss="mse", target={"mean": (3.0,), "std": (2.0,)})
    assert float(values.loss(torch.zeros(2, 1), {"target": truth})) == pytest.approx(values.initial_loss)
    assert task("values", 1).initial_loss is None


@pytest.mark.parametrize(
    ("name", "function"), [("mse", F.mse_loss), ("mae", F.l1_loss), ("huber", F.huber_loss), ("auto", F.huber_loss)]
)
def test_values_learn_on_a_standardised_scale_relative_to_their_offset(name: str, function: Any) -> None:
    made = task("values", 2, loss=name, target={"mean": (1.0, 2.0), "std": (3.0, 4.0), "offset": "last"})
    output, last = torch.randn(6, 2), torch.randn(6, 2)
    truth = torch.randn(6, 2) * 10
    standard = (truth - last - torch.tensor([1.0, 2.0])) / torch.tensor([3.0, 4.0])
    batch = {"target": truth, "last": last}
    assert torch.allclose(made.loss(output, batch), function(output, standard))
    own = made.predict(output, batch)
    assert torch.allclose(own, (output * torch.tensor([3.0, 4.0]) + torch.tensor([1.0, 2.0]) + last).double())
    assert (made.metric, made.maximize) == ("mae", False)
    assert torch.allclose(made.loss(standard, batch), torch.tensor(0.0))


def test_next_token_ignores_what_is_marked() -> None:
    made = task("next-token", 9, label_smoothing=0.1)
    logits = torch.randn(2, 5, 9)
    target = torch.randint(9, (2, 5))
    target[0, 2:] = -1
    expected = F.cross_entropy(logits[target != -1], target[target != -1], label_smoothing=0.1)
    assert torch.allclose(made.loss(logits, {"target": target}), expected)
    assert (made.metric, made.maximize) == ("bits_per_char", False)


def test_the_next_token_is_predicted_after_the_last_true_position() -> None:
    made = task("next-token", 9, inputs=(TEXT,))
    logits = torch.randn(2, 5, 9)
    chances = made.predict(logits, {"text_lengths": torch.tensor([5, 2])})
    assert torch.allclose(chances, torch.stack((logits[0, 4], logits[1, 1])).softmax(1))
    assert torch.equal(task("next-token", 9).predict(logits, {}), logits[:, -1].softmax(1))


def test_predictions_of_classes_and_labels_are_float32_probabilities() -> None:
    logits = torch.randn(3, 4).bfloat16()
    assert torch.equal(task("classes", 4).predict(logits, {}), logits.float().softmax(1))
    assert torch.equal(task("multilabel", 4).predict(logits, {}), logits.float().sigmoid())


@pytest.mark.parametrize(
    ("kind", "target"), [("classes", torch.arange(6) % 4), ("multilabel", torch.rand(6, 4).round())]
)
@pytest.mark.parametrize("settings", [{}, {"label_smoothing": 0.1}])
@pytest.mark.parametrize("each", [False, True])
def test_mixup_mixes_the_losses_of_both_targets(kind: str, target: torch.Tensor, settings: Any, each: bool) -> None:
    made = task(kind, 4, mixup=0.2, **settings)
    logits, other = torch.randn(6, 4), target.roll(1, 0)
    mix = torch.rand(6) if each else torch.tensor(0.3)
    loss = made.loss(logits, {"target": target, "target_mixed": other, "mix": mix})
    rows = torch.stack(
        [
            m * made.loss(x[None], {"target": a[None]}) + (1 - m) * made.loss(x[None], {"target": b[None]})
            for x, a, b, m in zip(logits, target, other, mix.expand(6), strict=True)
        ]
    )
    assert torch.allclose(loss, rows.mean(), atol=1e-6)


@pytest.mark.parametrize("each", [False, True])
def test_mixup_of_values_and_of_weighted_classes(each: bool) -> None:
    mix = torch.full((6,), 0.3) if each else torch.tensor(0.3)
    values = task("values", 2, mixup=0.2, target={"std": (2.0, 2.0)})
    output, truth = torch.randn(6, 2), torch.randn(6, 2)
    expected = 0.3 * values.loss(output, {"target": truth}) + 0.7 * values.loss(output, {"target": truth.roll(1, 0)})
    batch = {"target": truth, "target_mixed": truth.roll(1, 0), "mix": mix}
    assert torch.allclose(values.loss(output, batch), expected)
    # A roll keeps the classes' counts, so that both ways of averaging weights agree.
    classes = task("classes", 3, counts=[3, 2, 1], mixup=0.2, class_weights="balanced")
    target = torch.tensor([0, 0, 0, 1, 1, 2])
    logits = torch.randn(6, 3)
    expected = 0.3 * classes.loss(logits, {"target": target}) + 0.7 * classes.loss(logits, {"target": target.roll(1)})
    mixed = classes.loss(logits, {"target": target, "target_mixed": target.roll(1), "mix": mix})
    assert torch.allclose(mixed, expected)


def test_the_loss_of_a_bfloat16_output_is_reckoned_in_float32() -> None:
    logits = torch.randn(64, 10).bfloat16()
    target = torch.arange(64) % 10
    loss = task("classes", 10).loss(logits, {"target": target})
    assert loss.dtype == torch.float32
    assert torch.equal(loss, F.cross_entropy(logits.float(), target))


def test_a_person_may_choose_another_metric_of_the_task() -> None:
    assert task("classes", 4, metric="macro_f1").metric == "macro_f1"
    assert not task("classes", 4, metric="loss").maximize
    named = task("values", 2, metric="r2_b", target={"names": ("a", "b")})
    assert (named.metric, named.maximize) == ("r2_b", True)


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        ("classes", {"metric": "acuracy"}, "accuracy, macro_f1, loss"),
        ("classes", {"metric": "top5_accuracy"}, "is no metric of this data"),
        ("classes", {"loss": "mse"}, "takes cross-entropy"),
        ("values", {"loss": "cross-entropy"}, "takes mse, mae, huber"),
        ("values", {"label_smoothing": 0.1}, "this target has values"),
        ("values", {"class_weights": "balanced"}, "needs classes"),
        ("next-token", {"mixup": 0.2}, "its target is the next token"),
    ],
)
def test_settings_that_do_not_fit_the_target_are_told_with_those_that_do(kind: str, settings: Any, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        task(kind, 4, **settings)
    assert caught.value.advice


def test_a_misspelt_metric_suggests_the_right_one() -> None:
    with pytest.raises(UserError) as caught:
        task("classes", 4, metric="acuracy")
    assert caught.value.suggestions == ("accuracy",)


@pytest.mark.parametrize(
    ("inputs", "target"),
    [((TEXT,), {}), ((FEATURES, InputSpec(name="c", kind="categories", shape=(1,), dtype="int64")), {})],
)
def test_mixup_of_codes_is_refused(inputs: Any, target: Any) -> None:
    with pytest.raises(UserError, match="codes"):
        task("classes", 4, inputs=inputs, target=target, mixup=0.2)


def test_mixup_of_values_relative_to_an_offset_is_refused() -> None:
    with pytest.raises(UserError, match="offset"):
        task("values", 1, target={"offset": "last"}, mixup=0.2)


def test_balanced_weights_without_counts_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(UserError, match="the class of each row"):
        task("classes", 4, class_weights="balanced")


@pytest.mark.parametrize(
    ("kind", "target", "right", "wrong"),
    [
        ("classes", torch.zeros(3, dtype=torch.int64), (3, 4), (3, 5)),
        ("multilabel", torch.zeros(3, 4), (3, 4), (3,)),
        ("values", torch.zeros(3, 4), (3, 4), (3,)),
        ("next-token", torch.zeros(3, 6, dtype=torch.int64), (3, 6, 4), (3, 4)),
    ],
)
def test_an_output_of_the_wrong_shape_names_the_right_one(kind: str, target: Any, right: Any, wrong: Any) -> None:
    made = task(kind, 4)
    made.check(torch.zeros(right), {"target": target})
    with pytest.raises(UserError, match=str(right).replace("(", r"\(").replace(")", r"\)")):
        made.check(torch.zeros(wrong), {"target": target})


def test_a_task_hands_out_a_fresh_meter_that_knows_its_metric() -> None:
    made = task("values", 1, loss="mae")
    meter = made.meter()
    meter.update(torch.ones(2, 1), {"target": torch.zeros(2, 1)})
    assert meter.compute().metrics["loss"] == 1.0
    assert made.meter().compute().metrics == {}
    assert not math.isnan(meter.compute().metrics[made.metric])
