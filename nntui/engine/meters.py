"""Metrics of a split, added up batch by batch on the device; the host waits for it once, in `compute`.

Counts are whole numbers and sums are float64 (float32 on devices without it, such as Apple's), so that neither the
size of a batch nor the number of rows changes a figure beyond rounding. Checked against scikit-learn in the tests.

Shapes: N rows, K outputs, T positions, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.hooks.data import DataSpec, TargetSpec

CONFUSION_CLASSES = 100
"""With more classes than this the confusion matrix is neither kept nor shown: memory stays linear in the classes."""

VALUE_LOSSES: Mapping[str, Callable[..., Tensor]] = {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss}
"""Losses of standardised values, by name: (output, target, reduction=...) -> Tensor. Huber's delta is 1."""


@dataclass(frozen=True)
class Measured:
    """What a split was measured to be."""

    metrics: dict[str, float] = field(default_factory=dict)
    """By plain name; empty where there were no rows. NaN where a metric is not defined (R2 of one row)."""
    confusion: list[list[int]] | None = None
    """Rows: true class; columns: predicted. None where there are no classes, or more than a hundred."""
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    """The same metrics of what rules without learning would answer, by their names."""


class Meter(Protocol):
    """Adds up what the metrics need."""

    def update(self, output: Tensor, batch: Mapping[str, Tensor]) -> None:
        """Takes in a network's output and the batch that it was made from; never waits for the device."""
        ...

    def compute(self) -> Measured:
        """The metrics of all rows so far."""
        ...


def directions(target: TargetSpec) -> dict[str, bool]:
    """The metrics of a target by name, the primary one first, and whether more of each is better."""
    match target.kind:
        case "classes":
            top5 = {"top5_accuracy": True} if target.size > 5 else {}
            return {"accuracy": True, **top5, "macro_f1": True, "loss": False}
        case "multilabel":
            return {"micro_f1": True, "macro_f1": True, "accuracy": True, "subset_accuracy": True, "loss": False}
        case "values":
            whole = {"mae": False, "rmse": False, "r2": True}
            each = {f"{m}_{name}": up for name in value_names(target) for m, up in whole.items()}
            return {**whole, **(each if target.size > 1 else {}), "loss": False}
        case "next-token":
            more = {"bits_per_byte": False, "bits_per_token": False} if target.characters else {}
            return {"bits_per_char": False, **more, "perplexity": False, "accuracy": True, "loss": False}


def value_names(target: TargetSpec) -> tuple[str, ...]:
    """The values' names, their numbers where they have none."""
    return target.names or tuple(str(k) for k in range(target.size))


def make_meter(spec: DataSpec, loss_name: str, device: torch.device) -> Meter:
    """An empty meter. `loss_name` is what a meter of values reports as `loss`: mse, mae or huber."""
    match spec.target.kind:
        case "classes":
            return ClassesMeter(spec.target.size, device)
        case "multilabel":
            return MultilabelMeter(spec.target.size, device)
        case "values":
            return ValuesMeter(spec.target, loss_name, device)
        case "next-token":
            return NextTokenMeter(spec.target, device)


def sum_dtype(device: torch.device) -> torch.dtype:
    """What is added up in: float64 where the device has it."""
    return torch.float32 if device.type == "mps" else torch.float64


def _sums(size: int, device: torch.device) -> Tensor:
    """Zeros to add up in."""
    return torch.zeros(size, dtype=sum_dtype(device), device=device)


def _counts(size: int, device: torch.device) -> Tensor:
    return torch.zeros(size, dtype=torch.int64, device=device)


def _ratio(part: float, whole: float) -> float:
    """0 where there is nothing to divide by, as scikit-learn's zero_division=0."""
    return part / whole if whole else 0.0


class ClassesMeter:
    """accuracy, top5_accuracy (more than 5 classes), macro_f1, loss; the confusion matrix up to 100 classes.

    `loss` is the plain cross-entropy in nats, without label smoothing or class weights, so that runs compare.
    `macro_f1` averages over the classes that occur in truth or prediction. A score that ties with the fifth is no
    top-5 hit, unless it is the prediction itself.
    """

    def __init__(self, size: int, device: torch.device) -> None:
        self._size = size
        self._rows = 0
        self._matrix = _counts(size * size, device) if size <= CONFUSION_CLASSES else None
        self._true, self._predicted, self._right = (_counts(size, device) for _ in range(3))
        self._top5 = _counts(1, device)
        self._loss = _sums(1, device)
        self._one = torch.ones(1, dtype=torch.int64, device=device)

    def update(self, output: Tensor, batch: Mapping[str, Tensor]) -> None:
        logits, target = output.detach().float(), batch["target"]
        rows = len(target)
        self._rows += rows
        predicted = logits.argmax(1)
        right = predicted == target
        # index_add_ of integers: exact in any order, and unlike bincount it does not ask the device for a maximum.
        if self._matrix is not None:
            self._matrix.index_add_(0, target * self._size + predicted, self._one.expand(rows))
        else:
            self._true.index_add_(0, target, self._one.expand(rows))
            self._predicted.index_add_(0, predicted, self._one.expand(rows))
            self._right.index_add_(0, target, right.long())
        if self._size > 5:
            score = logits.gather(1, target.unsqueeze(1))
            not_below = (logits < score).logical_not_().sum(1)  # itself among them; with NaN, all
            self._top5 += ((not_below <= 5) | right).sum()
        self._loss += F.cross_entropy(logits.to(self._loss.dtype), target, reduction="sum")

    def compute(self) -> Measured:
        if not self._rows:
            return Measured()
        confusion = None
        if self._matrix is None:
            true, predicted, right = self._true.cpu(), self._predicted.cpu(), self._right.cpu()
        else:
            matrix = self._matrix.view(self._size, self._size).cpu()
            confusion = matrix.tolist()
            true, predicted, right = matrix.sum(1), matrix.sum(0), matrix.diagonal()
        metrics = {"accuracy": int(right.sum()) / self._rows}
        if self._size > 5:
            metrics["top5_accuracy"] = int(self._top5) / self._rows
        occurring = (true + predicted) > 0
        metrics["macro_f1"] = float((2.0 * right.double() / (true + predicted))[occurring].mean())
        metrics["loss"] = float(self._loss) / self._rows
        return Measured(metrics, confusion)


class MultilabelMeter:
    """micro_f1 and macro_f1 (over all labels), accuracy (share of single labels that are right), subset_accuracy
    (share of rows with every label right), loss (mean binary cross-entropy in nats). A label is predicted from a
    probability above one half."""

    def __init__(self, size: int, device: torch.device) -> None:
        self._size = size
        self._rows = 0
        self._true, self._predicted, self._both = (_counts(size, device) for _ in range(3))
        self._right = _counts(2, device)  # labels, rows
        self._loss = _sums(1, device)

    def update(self, output: Tensor, batch: Mapping[str, Tensor]) -> None:
        logits, target = output.detach().float(), batch["target"]
        self._rows += len(target)
        predicted, true = logits > 0, target > 0.5
        self._true += true.sum(0)
        self._predicted += predicted.sum(0)
        self._both += (true & predicted).sum(0)
        right = true == predicted
        self._right[0] += right.sum()
        self._right[1] += right.all(1).sum()
        wide = self._loss.dtype
        self._loss += F.binary_cross_entropy_with_logits(logits.to(wide), target.to(wide), reduction="sum")

    def compute(self) -> Measured:
        if not self._rows:
            return Measured()
        both, either = self._both.cpu().double(), (self._true + self._predicted).cpu().double()
        labels, rows = self._right.tolist()
        each = torch.where(either > 0, 2 * both / either.clamp(min=1), 0.0)
        return Measured(
            {
                "micro_f1": _ratio(2 * float(both.sum()), float(either.sum())),
                "macro_f1": float(each.mean()),
                "accuracy": labels / (self._rows * self._size),
                "subset_accuracy": rows / self._rows,
                "loss": float(self._loss) / (self._rows * self._size),
            }
        )


class ValuesMeter:
    """mae, rmse, r2 in the values' own units, each the mean over the values; with several values also of each, as
    mae_<name> and so on; loss (mse, mae or huber of standardised values).

    R2 is 1 - residual / total sum of squares. The total is merged batch by batch from means and squared deviations
    (Chan, Golub, LeVeque 1983), so that a large mean costs no digits. As in scikit-learn, a constant truth has R2 1
    where it is met exactly and 0 else; R2 of fewer than two rows is NaN.
    """

    def __init__(self, target: TargetSpec, loss_name: str, device: torch.device) -> None:
        self._target = target
        self._scale = Standard(target, device, sum_dtype(device))
        self._element_loss = VALUE_LOSSES[loss_name]
        self._rows = 0
        size = target.size
        self._absolute, self._squared, self._mean, self._deviation = (_sums(size, device) for _ in range(4))
        self._loss = _sums(1, device)

    def update(self, output: Tensor, batch: Mapping[str, Tensor]) -> None:
        rows = len(output)
        if rows == 0:
            return
        wide = self._absolute.dtype
        output, truth = output.detach().to(wide), batch["target"].to(wide)
        error = self._scale.own_unit(output, batch) - truth
        self._absolute += error.abs().sum(0)
        self._squared += error.square().sum(0)
        mean = truth.mean(0)
        share = rows / (self._rows + rows)
        apart = mean - self._mean
        self._deviation += (truth - mean).square().sum(0) + apart.square() * (self._rows * share)
        self._mean += apart * share
        self._rows += rows
        self._loss += self._element_loss(output, self._scale.standardised(truth, batch), reduction="sum")

    def compute(self) -> Measured:
        if not self._rows:
            return Measured()
        absolute, squared, deviation = torch.stack((self._absolute, self._squared, self._deviation)).tolist()
        each = {
            "mae": [value / self._rows for value in absolute],
            "rmse": [math.sqrt(value / self._rows) for value in squared],
            "r2": [self._r2(*pair) for pair in zip(squared, deviation, strict=True)],
        }
        size = self._target.size
        metrics = {name: math.fsum(values) / size for name, values in each.items()}
        if size > 1:
            for k, value_name in enumerate(value_names(self._target)):
                metrics |= {f"{name}_{value_name}": values[k] for name, values in each.items()}
        metrics["loss"] = float(self._loss) / (self._rows * size)
        return Measured(metrics)

    def _r2(self, residual: float, total: float) -> float:
        if self._rows < 2:
            return math.nan
        if total == 0.0:
            return 1.0 if residual == 0.0 else 0.0
        return 1.0 - residual / total


class NextTokenMeter:
    """bits_per_char, perplexity, accuracy and loss (nats) over all positions whose target is not -1.

    Where a token is not a character, bits are told for the characters, the bytes and the tokens that were to be told:
    the first two compare with those of other tokens. Perplexity, accuracy and loss are of tokens.
    """

    def __init__(self, target: TargetSpec, device: torch.device) -> None:
        self._loss = _sums(1, device)
        self._counts = _counts(4, device)  # positions, right, characters, bytes
        self._sizes = None
        if target.characters:  # a column more, of zeros, which a target of -1 finds
            sizes = [(*target.characters, 0), (*(target.octets or target.characters), 0)]
            self._sizes = torch.tensor(sizes, dtype=torch.int64, device=device)

    def update(self, output: Tensor, batch: Mapping[str, Tensor]) -> None:
        logits, target = output.detach().float().flatten(0, 1), batch["target"].flatten()
        self._loss += F.cross_entropy(logits.to(self._loss.dtype), target, ignore_index=-1, reduction="sum")
        self._counts[0] += (target != -1).sum()
        self._counts[1] += (logits.argmax(1) == target).sum()  # a prediction is never -1
        if self._sizes is not None:
            self._counts[2:] += self._sizes[:, target].sum(1)

    def compute(self) -> Measured:
        positions, right, characters, octets = self._counts.tolist()
        if not positions:
            return Measured()
        loss = float(self._loss) / positions
        bits = loss / math.log(2)
        metrics = {"bits_per_char": bits}
        if self._sizes is not None:
            metrics = {
                "bits_per_char": bits * positions / characters if characters else math.nan,
                "bits_per_byte": bits * positions / octets if octets else math.nan,
                "bits_per_token": bits,
            }
        return Measured(
            {
                **metrics,
                "perplexity": math.exp(loss) if loss < 700 else math.inf,
                "accuracy": right / positions,
                "loss": loss,
            }
        )


SMALLEST = 1e-12
"""A value that is said to be above zero and is not counts as this, where its logarithm is taken."""


def evened(values: npt.NDArray[np.float64], target: TargetSpec) -> npt.NDArray[np.float64]:
    """Values as a network tells them, but for mean and deviation: their logarithm where the target says so."""
    return np.log(np.maximum(values + target.shift, SMALLEST)) if target.log else values


class Standard:
    """Between a network's values (standardised, relative to an offset) and the values' own units."""

    def __init__(self, target: TargetSpec, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        self._mean = torch.tensor(target.mean, dtype=dtype, device=device) if target.mean else None
        self._std = torch.tensor(target.std, dtype=dtype, device=device) if target.std else None
        self._offset = target.offset
        self._log = target.log
        self._shift = target.shift

    def standardised(self, truth: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """(truth - offset - mean) / std, of the truth's logarithm where the target says so."""
        if self._log:
            truth = (truth + self._shift if self._shift else truth).clamp(min=SMALLEST).log()
        if self._offset is not None:
            truth = truth - batch[self._offset]
        if self._mean is not None:
            truth = truth - self._mean
        return truth if self._std is None else truth / self._std

    def own_unit(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """output * std + mean + offset; exp(output * std + mean) where the target says so."""
        if self._std is not None:
            output = output * self._std
        if self._mean is not None:
            output = output + self._mean
        if self._log:
            output = output.exp() - self._shift if self._shift else output.exp()
        return output if self._offset is None else output + batch[self._offset]
