"""The state of a training: what the loop moves forward, and how it is snapshotted and put back."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from nntui.engine.snapshot import Snapshot, copied, part, put_random_state, put_weights, random_state, weights_of
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    from nntui.engine.building import OpenedData
    from nntui.engine.feed import Batch, Feed
    from nntui.engine.hardware import Hardware
    from nntui.engine.rate import Rate
    from nntui.engine.stepping import MovingAverage, Stepper
    from nntui.engine.tasks import Task
    from nntui.spec.model import RunSpec


@dataclass
class Best:
    """The best evaluation so far."""

    value: float
    step: int
    epoch: float


class NonFiniteLoss(Exception):
    """The loss of an update was NaN or infinite."""

    def __init__(self, step: int, value: float, lr: float) -> None:
        super().__init__(f"the loss became {value} at step {step} (learning rate {lr:.3g})")
        self.step = step


@dataclass
class Training:
    """A network in training. `step` counts optimizer steps taken; everything else follows from it and the data."""

    spec: RunSpec
    data: OpenedData
    model: nn.Module
    task: Task
    feed: Feed
    validation: Feed | None
    hardware: Hardware
    stepper: Stepper
    ema: MovingAverage | None
    rate: Rate
    arguments: tuple[str, ...]
    """Names of the tensors that the network takes, in order."""
    steps_per_epoch: int
    epochs: int
    step: int = 0
    base_step: int = 0
    base_epoch: int = 0
    """Where the counting of epochs begins: not at 0 only in a fork with another batch size."""
    best: Best | None = None
    evaluations_since_best: int = 0
    ended_epoch_at: int = 0
    """Step of the last end of an epoch that was seen to (evaluated)."""
    met: list[str] = field(default_factory=list)
    """Ids of the commands whose effect is in the weights and the schedule."""
    losses: list[Tensor] = field(default_factory=list)
    """Losses on the device since the last look, not yet read by the host."""
    seconds_before: float = 0.0
    seconds_paused: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.forward = torch.compile(self.model) if self.spec.training.compile else self.model
        self.autocast = self.hardware.autocast()
        self.accumulate = min(self.spec.training.accumulate, self.feed.batches)

    # -- where it stands

    @property
    def position(self) -> tuple[int, int]:
        """Epoch and step within it."""
        epoch, at = divmod(self.step - self.base_step, self.steps_per_epoch)
        return self.base_epoch + epoch, at

    @property
    def epoch(self) -> float:
        """Epochs done, with a fraction."""
        return self.base_epoch + (self.step - self.base_step) / self.steps_per_epoch

    @property
    def lineage(self) -> str | None:
        """Tells a fork's own checkpoints from the one that it began with."""
        origin = self.spec.origin
        return None if origin is None or origin.weights_only or not origin.step else f"{origin.parent}@{origin.step}"

    @property
    def done(self) -> bool:
        return self.step >= self.rate.total

    @property
    def seconds(self) -> float:
        """Seconds of training, in this and earlier processes."""
        return self.seconds_before + time.monotonic() - self.began - self.seconds_paused

    def total_steps(self, epochs: int) -> int:
        return self.base_step + (epochs - self.base_epoch) * self.steps_per_epoch

    # -- one step

    def loss(self, batch: Batch) -> Tensor:
        """The loss of one batch, with its graph."""
        inputs = [batch[name] for name in self.arguments]
        if self.autocast is None:
            return self.task.loss(self.forward(*inputs), batch)
        with self.autocast:
            output = self.forward(*inputs)
        return self.task.loss(output.float(), batch)

    def update(self) -> None:
        """Moves the weights along the gradients, and counts."""
        self.stepper.step(self.rate.at(self.step))
        self.step += 1
        if self.ema is not None:
            self.ema.update(self.step)

    def read_losses(self) -> float | None:
        """Mean loss since the last call, or None. The host waits for the device here, and nowhere else in the loop.

        Raises NonFiniteLoss naming the first step whose loss was not finite.
        """
        if not self.losses:
            return None
        losses = torch.stack(self.losses)
        self.losses.clear()
        mean = float(losses.mean())
        if mean - mean != 0.0:  # NaN or infinite
            values = losses.tolist()
            first = next(i for i, v in enumerate(values) if v - v != 0.0)
            step = self.step - len(values) + first
            raise NonFiniteLoss(step, values[first], self.rate.at(step))
        return mean

    # -- out and in

    def snapshot(self) -> Snapshot:
        """A copy of everything, at this step. Nothing that is drawn from a generator or a clock is touched."""
        weights, ties = weights_of(self.model)
        tensors = {f"optimizer/{k}": copied(v) for k, v in self.stepper.state_dict().items()}
        if self.ema is not None:
            tensors |= {f"ema/{k}": copied(v) for k, v in self.ema.state_dict().items()}
        return Snapshot(self.step, weights, ties, tensors | random_state(), self._facts())

    def _facts(self) -> dict[str, Any]:  # plain JSON
        best = self.best
        return {
            "segments": self.rate.to_json(),
            "epochs": self.epochs,
            "steps_per_epoch": self.steps_per_epoch,
            "base_step": self.base_step,
            "base_epoch": self.base_epoch,
            "best": None if best is None else [best.value, best.step, best.epoch],
            "evaluations_since_best": self.evaluations_since_best,
            "ended_epoch_at": self.ended_epoch_at,
            "met": list(self.met),
            "lineage": self.lineage,
            "seconds": self.seconds,
            "optimizer": self.spec.optimizer.qualified,
            "metric": self.task.metric,
            "data": self.data.fingerprint,
            "rows": self.data.rows_hash,
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Goes on exactly from a snapshot of this run. Raises UserError where data or network are not the same."""
        facts = snapshot.facts
        if facts["data"] != self.data.fingerprint or facts["rows"] != self.data.rows_hash:
            raise UserError(
                f"the data is not what this run was trained on: its fingerprint was {facts['data'][:12]}, "
                f"rows {facts['rows'][:12]}, and is {self.data.fingerprint[:12]}, rows {self.data.rows_hash[:12]}",
                advice="put the data back as it was, or start afresh from the weights with --init-from",
            )
        put_weights(self.model, snapshot.weights, snapshot.ties)
        self.stepper.load_state_dict(part(snapshot.tensors, "optimizer/"))
        if self.ema is not None:
            self.ema.load_state_dict(part(snapshot.tensors, "ema/"))
        put_random_state(snapshot.tensors)
        self.rate = type(self.rate).from_json(self.rate.schedule, facts["segments"])
        self.step, self.epochs = snapshot.step, facts["epochs"]
        self.base_step, self.base_epoch = facts["base_step"], facts["base_epoch"]
        self.best = None if facts["best"] is None else Best(*facts["best"])
        self.evaluations_since_best = facts["evaluations_since_best"]
        self.ended_epoch_at = facts["ended_epoch_at"]
        self.met = list(facts["met"])
        self.seconds_before = facts["seconds"]

    def branch(self, snapshot: Snapshot) -> None:
        """Goes on from a checkpoint of another run, under this run's own settings (a fork).

        The counter goes on; optimizer state is kept unless the optimizer, or what it keeps, changed; what was best is
        the parent's.
        With the same steps an epoch the order goes on within the epoch, else with the next whole epoch.
        """
        facts = snapshot.facts
        try:
            put_weights(self.model, snapshot.weights, snapshot.ties)
        except UserError as error:
            raise UserError(
                f"a fork keeps the shape of its parent's network, and here {error.message}",
                advice="leave the network as it was, or begin a new run with the weights that fit: --init-from RUN",
            ) from None
        state = part(snapshot.tensors, "optimizer/")
        if facts["optimizer"] == self.spec.optimizer.qualified and state.keys() >= self.stepper.state_dict().keys():
            self.stepper.load_state_dict(state)
        averages = part(snapshot.tensors, "ema/")
        if self.ema is not None:
            self.ema.load_state_dict(averages or snapshot.weights)
        put_random_state(snapshot.tensors)
        self.step = self.ended_epoch_at = snapshot.step
        if facts["steps_per_epoch"] == self.steps_per_epoch:
            self.base_step, self.base_epoch = facts["base_step"], facts["base_epoch"]
        else:
            done = facts["base_epoch"] + (snapshot.step - facts["base_step"]) / facts["steps_per_epoch"]
            self.base_step, self.base_epoch = snapshot.step, -int(-done // 1)
        self._branch_rate(facts)

    def _branch_rate(self, facts: dict[str, Any]) -> None:
        """The parent's rate where nothing of it was changed; else this run's schedule from where it stands."""
        fresh = self.rate
        total = self.total_steps(self.epochs)
        if self.step >= total:
            raise UserError(
                f"nothing is left to train: the checkpoint is at epoch {self.epoch:.1f} and the fork ends at "
                f"{self.epochs}",
                advice=f"give it more, for example --epochs {int(self.epoch) + self.epochs}",
            )
        segments = facts["segments"]
        changed = self.spec.origin is not None and self.spec.origin.rate_changed
        if changed or facts["steps_per_epoch"] != self.steps_per_epoch:
            self.rate = type(fresh).fresh(fresh.schedule, self.spec.optimizer.params.lr, total, self.step)  # type: ignore[attr-defined]
        else:
            self.rate = type(fresh).from_json(fresh.schedule, segments)
            if self.rate.total != total:
                self.rate.extend(self.step, total)
