"""What is learnt: the task owns the loss, what a prediction is, and how it is measured, so that one loop serves all.

The task follows from the target's kind. Its loss is on the hot path of every step, so it is one call of
`torch.nn.functional` with what was decided beforehand.

Shapes: N rows, K outputs, T positions, V vocabulary.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from nntui.engine.meters import VALUE_LOSSES, Standard, directions, make_meter, sum_dtype
from nntui.hooks.errors import UserError
from nntui.hooks.names import close_to

if TYPE_CHECKING:
    from nntui.engine.meters import Meter
    from nntui.hooks.data import DataSpec
    from nntui.spec.model import TrainingSettings

Batch = Mapping[str, Tensor]

_HALF = frozenset((torch.bfloat16, torch.float16))


class Task(ABC):
    """One kind of learning on one kind of data."""

    metric: str
    """The metric that chooses the best checkpoint."""
    maximize: bool
    """Whether more of it is better."""
    headline: str
    """The metric that the data is spoken of by, where the loss chooses; else empty."""
    headline_maximize: bool
    loss_name: str
    initial_loss: float | None
    """Training loss to be expected from a network that knows nothing; None where that depends on the data."""

    def __init__(self, spec: DataSpec, settings: TrainingSettings, device: torch.device) -> None:
        self.spec = spec
        self._device = device
        self.metric, self.maximize = _primary(spec, settings.metric)
        usual = next(((name, more) for name, more in directions(spec.target).items() if name != "loss"), ("", False))
        self.headline, self.headline_maximize = usual if self.metric == "loss" else ("", False)

    @abstractmethod
    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """The mean training loss of a batch, a scalar with its graph.

        A batch of mixup also has `target_mixed`, and `mix` (a scalar or (N,)): the loss is then
        mix * loss(target) + (1 - mix) * loss(target_mixed) (Zhang et al. 2018).
        """

    @abstractmethod
    def predict(self, output: Tensor, batch: Batch) -> Tensor:
        """What `Preprocessor.decode` takes: probabilities (N, K), values (N, K) in their own units (float64 where the
        device has it), or probabilities of the token after the last one (N, V). float32 else."""

    @abstractmethod
    def expected_shape(self, batch: Batch) -> tuple[int, ...]:
        """The shape that a network's output must have for this batch."""

    def check(self, output: Tensor, batch: Batch) -> None:
        """Raises UserError where the output has not the shape that the target asks for; called once, not each step."""
        expected = self.expected_shape(batch)
        if tuple(output.shape) != expected:
            raise UserError(
                f"the network's output has shape {tuple(output.shape)}; a target of {self.spec.target.kind} with "
                f"{self.spec.target.size} outputs asks for {expected}",
                advice="this is a fault of the architecture: its last layer must give what DataSpec.target says",
            )

    def meter(self) -> Meter:
        """An empty meter of this task's metrics."""
        return make_meter(self.spec, self.loss_name, self._device)


def make_task(
    spec: DataSpec, training: TrainingSettings, class_counts: Sequence[int] | None, device: torch.device
) -> Task:
    """The task of a data set under some settings.

    `class_counts`: training rows of each class, for `class_weights = "balanced"`. Raises UserError for settings that
    the target does not admit, naming those that it does.
    """
    kind = spec.target.kind
    if training.class_weights == "balanced" and kind != "classes":
        raise UserError(
            f"training.class_weights 'balanced' needs classes; this target is of kind {kind}",
            advice="leave it out, or set --training.class_weights none",
        )
    if training.label_smoothing and kind == "values":
        raise UserError(
            "training.label_smoothing needs classes, labels or tokens; this target has values",
            advice="leave it out, or use --training.loss huber against outliers",
        )
    if training.mixup:
        _check_mixup(spec)
    match kind:
        case "classes":
            return ClassesTask(spec, training, class_counts, device)
        case "multilabel":
            return MultilabelTask(spec, training, device)
        case "values":
            return ValuesTask(spec, training, device)
        case "next-token":
            return NextTokenTask(spec, training, device)


def plain_task(spec: DataSpec, training: TrainingSettings) -> Task:
    """The task as it measures, on the CPU, without what training alone needs."""
    return make_task(spec, training.model_copy(update={"class_weights": "none"}), None, torch.device("cpu"))


def _primary(spec: DataSpec, chosen: str | None) -> tuple[str, bool]:
    known = directions(spec.target)
    name = next(iter(known)) if chosen is None else chosen
    if name not in known:
        raise UserError(
            f"training.metric {name!r} is no metric of this data; its metrics are {', '.join(known)}",
            advice=f"choose one of them, or leave it empty for {next(iter(known))}",
            suggestions=close_to(name, known),
        )
    return name, known[name]


def _loss_name(spec: DataSpec, chosen: str, own: Sequence[str], auto: str) -> str:
    if chosen != "auto" and chosen not in own:
        raise UserError(
            f"training.loss {chosen!r} does not fit a target of kind {spec.target.kind}, which takes {', '.join(own)}",
            advice=f"choose one of them, or auto for {auto}",
        )
    return auto if chosen == "auto" else chosen


def _check_mixup(spec: DataSpec) -> None:
    """Mixup needs inputs that can be averaged."""
    reason = ""
    if spec.target.kind == "next-token":
        reason = "its target is the next token"
    elif spec.target.offset is not None:
        reason = "its values are told relative to an offset"
    for item in spec.inputs:
        if item.kind in ("categories", "tokens"):
            reason = f"its input {item.name!r} holds codes ({item.kind}), which have no mean"
    if reason:
        raise UserError(
            f"training.mixup cannot be used on this data: {reason}",
            advice="set --training.mixup 0; --training.label_smoothing regularises classes in a similar way",
        )


def _wide(output: Tensor) -> Tensor:
    """bf16 and half outputs in float32: a loss of eight bits would be too coarse."""
    return output.float() if output.dtype in _HALF else output


class ClassesTask(Task):
    """One of K classes: cross-entropy."""

    def __init__(
        self, spec: DataSpec, settings: TrainingSettings, counts: Sequence[int] | None, device: torch.device
    ) -> None:
        super().__init__(spec, settings, device)
        self.loss_name = _loss_name(spec, settings.loss, ("cross-entropy",), "cross-entropy")
        self._smoothing = settings.label_smoothing
        self._weight: Tensor | None = None
        self.initial_loss = math.log(spec.target.size)
        if settings.class_weights == "balanced":
            if counts is None or len(counts) != spec.target.size:
                raise UserError(
                    "training.class_weights 'balanced' needs to know the class of each row, which this data set does "
                    "not tell beforehand",
                    advice="set --training.class_weights none",
                )
            weight = _balanced(counts)
            self._weight = torch.tensor(weight, dtype=torch.float32, device=device)
            # The target's part of the loss is weighted to a mean of 1; what smoothing spreads weighs all classes.
            spread = math.fsum(weight) / len(weight)
            self.initial_loss *= 1 - self._smoothing + self._smoothing * spread

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        if "target_mixed" in batch:
            return self._mixed_loss(_wide(output), batch)
        return F.cross_entropy(_wide(output), batch["target"], self._weight, label_smoothing=self._smoothing)

    def _mixed_loss(self, output: Tensor, batch: Batch) -> Tensor:
        mix, smoothing, weight = batch["mix"], self._smoothing, self._weight
        targets = batch["target"], batch["target_mixed"]
        if mix.dim() == 0:
            one, other = (F.cross_entropy(output, t, weight, label_smoothing=smoothing) for t in targets)
            return mix * one + (1 - mix) * other
        one, other = (F.cross_entropy(output, t, weight, reduction="none", label_smoothing=smoothing) for t in targets)
        total = mix * one + (1 - mix) * other
        if weight is None:
            return total.mean()
        # As the plain weighted mean: the weights of what is aimed at sum up in the denominator.
        return total.sum() / (mix * weight[targets[0]] + (1 - mix) * weight[targets[1]]).sum()

    def predict(self, output: Tensor, batch: Batch) -> Tensor:  # noqa: ARG002 - other tasks need the batch
        return output.float().softmax(1)

    def expected_shape(self, batch: Batch) -> tuple[int, ...]:
        return (len(batch["target"]), self.spec.target.size)


def _balanced(counts: Sequence[int]) -> list[float]:
    """Weights rows / (classes * count), as scikit-learn's: of mean 1 over the rows; 1 for a class without rows."""
    rows, present = sum(counts), sum(count > 0 for count in counts)
    return [rows / (present * count) if count else 1.0 for count in counts]


class MultilabelTask(Task):
    """Any of K labels: binary cross-entropy of each. Smoothing moves a target towards one half."""

    def __init__(self, spec: DataSpec, settings: TrainingSettings, device: torch.device) -> None:
        super().__init__(spec, settings, device)
        _loss_name(spec, settings.loss, ("cross-entropy",), "cross-entropy")
        self.loss_name = "binary-cross-entropy"
        self.initial_loss = math.log(2)
        self._smoothing = settings.label_smoothing

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        target = batch["target"]
        if "target_mixed" in batch:  # the loss is linear in the target: mixing targets mixes losses
            target = _lerp(target, batch["target_mixed"], batch["mix"])
        if self._smoothing:
            target = target * (1 - self._smoothing) + 0.5 * self._smoothing
        return F.binary_cross_entropy_with_logits(_wide(output), target)

    def predict(self, output: Tensor, batch: Batch) -> Tensor:  # noqa: ARG002 - other tasks need the batch
        return output.float().sigmoid()

    def expected_shape(self, batch: Batch) -> tuple[int, ...]:
        return tuple(batch["target"].shape)


def _lerp(target: Tensor, mixed: Tensor, mix: Tensor) -> Tensor:
    mix = mix if mix.dim() == 0 else mix.unsqueeze(1)
    return mix * target + (1 - mix) * mixed


class ValuesTask(Task):
    """K values: mse, mae or Huber's loss of standardised residuals.

    "auto" is huber (delta 1): within one standard deviation it is the squared error, whose gradient fades as the
    residual does; beyond, it is the absolute error, so that one outlier cannot rule a batch, which also suits MAE,
    the metric that chooses the best checkpoint.
    """

    def __init__(self, spec: DataSpec, settings: TrainingSettings, device: torch.device) -> None:
        super().__init__(spec, settings, device)
        self.loss_name = _loss_name(spec, settings.loss, tuple(VALUE_LOSSES), "huber")
        self.initial_loss = 1.0 if self.loss_name == "mse" and spec.target.std else None  # a variance of 1
        self._function = VALUE_LOSSES[self.loss_name]
        self._scale = Standard(spec.target, device)
        self._told = Standard(spec.target, device, sum_dtype(device))

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        output = _wide(output)
        if "target_mixed" in batch:
            return self._mixed_loss(output, batch)
        return self._function(output, self._scale.standardised(batch["target"], batch))

    def _mixed_loss(self, output: Tensor, batch: Batch) -> Tensor:
        mix = batch["mix"]
        one, other = (
            self._function(output, self._scale.standardised(batch[name], batch), reduction="none").mean(1)
            for name in ("target", "target_mixed")
        )
        return (mix * one + (1 - mix) * other).mean()

    def predict(self, output: Tensor, batch: Batch) -> Tensor:
        return self._told.own_unit(output.to(sum_dtype(output.device)), batch)

    def expected_shape(self, batch: Batch) -> tuple[int, ...]:
        return tuple(batch["target"].shape)


class NextTokenTask(Task):
    """The token after each position: cross-entropy over the vocabulary; a target of -1 is ignored."""

    def __init__(self, spec: DataSpec, settings: TrainingSettings, device: torch.device) -> None:
        super().__init__(spec, settings, device)
        self.loss_name = _loss_name(spec, settings.loss, ("cross-entropy",), "cross-entropy")
        self.initial_loss = math.log(spec.target.size)
        self._smoothing = settings.label_smoothing
        self._lengths = next((item.lengths for item in spec.inputs if item.kind == "tokens"), None)

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(
            _wide(output).flatten(0, 1),
            batch["target"].flatten(),
            ignore_index=-1,
            label_smoothing=self._smoothing,
        )

    def predict(self, output: Tensor, batch: Batch) -> Tensor:
        # Prompts may be of different lengths where windows are not: their encoding then says `length` by itself.
        name = self._lengths or "length"
        if name not in batch:
            return output[:, -1].float().softmax(1)
        last = batch[name].to(output.device).clamp(min=1) - 1
        return output[torch.arange(output.shape[0], device=output.device), last].float().softmax(1)

    def expected_shape(self, batch: Batch) -> tuple[int, ...]:
        return (*batch["target"].shape, self.spec.target.size)
