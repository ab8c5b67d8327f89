"""What happens beside the loop: reports, commands, checkpoints, probes, evaluations, signals.

A clock decides when to look and when to write; it never decides anything that a weight depends on. Evaluations,
early stopping and recorded commands go by steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from nntui.engine.evaluation import as_evaluated, measure
from nntui.engine.loop import backward, take_step
from nntui.engine.probes import Probe
from nntui.engine.steering import CHANGES, SIGNALS, Recorded, Refused, change, pending, told
from nntui.engine.training import Best, NonFiniteLoss
from nntui.engine.training_rows import TrainingRows
from nntui.runs.commands import problem
from nntui.runs.events import Evaluated, Paused, Probed, Progress, Resumed

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.engine.examples import FixedExamples
    from nntui.engine.feed import Batch
    from nntui.engine.journal import Journal
    from nntui.engine.keeping import Keeper
    from nntui.engine.meters import Measured
    from nntui.engine.steering import Signals
    from nntui.engine.training import Training
    from nntui.runs.commands import Command, CommandReader
    from nntui.runs.lock import RunLock

LOOK_SECONDS = 0.1
PROBE_SECONDS = 2.0
PROBE_SHARE = 0.01
"""Probing takes at most this share of the time."""
SAMPLE_SECONDS = 1.0
PAUSED_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Ending:
    """Why the loop ended."""

    status: Literal["done", "stopped", "interrupted"]
    reason: str = ""
    code: int = 0


class Watch:
    """Looks after a training from its step boundaries."""

    def __init__(
        self,
        training: Training,
        journal: Journal,
        keeper: Keeper,
        *,
        signals: Signals,
        commands: CommandReader,
        recorded: list[Recorded],
        lock: RunLock,
        examples: FixedExamples | None,
        stop_at: int | None = None,
    ) -> None:
        self.training = training
        self.journal = journal
        self.keeper = keeper
        self.probe_due = False
        self._signals = signals
        self._commands = commands
        self._recorded = recorded
        self._lock = lock
        self._examples = examples
        self._training_rows = TrainingRows(training)
        self._stop_at = stop_at
        now = time.monotonic()
        self._began = self._reported = now
        self._reported_step = training.step
        self._next_look = now + LOOK_SECONDS
        self._next_probe = now + LOOK_SECONDS if training.spec.training.probe else math.inf
        self._next_sample = now
        self._loss_sum, self._loss_steps = 0.0, 0
        """Of the losses read since the last evaluation."""
        self._asked: list[Command] = []
        self._next_step = self._next_recorded()

    # -- the loop's side

    def begin(self) -> Ending | None:
        """Before the first step of this process."""
        if self._recorded or self._stop_at is not None:
            ending = self._replay()
            if ending is not None:
                return ending
        training = self.training
        _, at = training.position
        if at == 0 and training.ended_epoch_at != training.step:
            return self.end_of_epoch()  # the checkpoint was written between the last step and the evaluation
        return self._early_or_done()

    def due(self, step: int) -> bool:
        """Whether to look now: the only thing that the loop asks each step."""
        return time.monotonic() >= self._next_look or step == self._next_step or self._signals.received is not None

    def look(self) -> Ending | None:
        """At a step boundary: signals, commands, a report, a checkpoint."""
        if self._signals.received is not None:
            return self._interrupted()
        ending = self._replay() if self.training.step == self._next_step else None
        ending = ending or self._obey()
        if ending is not None:
            return ending
        now = time.monotonic()
        self._report(now)
        if self.keeper.wants(epoch_end=False):
            self.checkpoint()
        self.keeper.poll()
        if now >= self._next_probe:
            self.probe_due = True
        self._lock.beat()
        self._next_look = time.monotonic() + LOOK_SECONDS
        return None

    def probed_step(self, batches: Iterator[Batch]) -> Tensor:
        """A step like any other, with a look into the layers."""
        training = self.training
        self.probe_due = False
        began = time.monotonic()
        if training.spec.training.compile:  # compiled code runs no hooks
            self._next_probe = math.inf
            return take_step(training, batches)
        training.stepper.zero_grad()
        with Probe(training.model) as probe:
            loss = backward(training, batches)
        probe.gradients()
        probe.before_update()
        training.update()
        layers = probe.after_update()
        self.journal.tell(Probed(step=training.step, epoch=training.epoch, layers=layers, arrays=probe.arrays()))
        now = time.monotonic()
        self._next_probe = now + max(PROBE_SECONDS, (now - began) / PROBE_SHARE)
        return loss

    def end_of_epoch(self) -> Ending | None:
        """After the last step of an epoch: evaluation, the best weights, early stopping, a checkpoint."""
        training = self.training
        ending = self._obey()
        if ending is not None:
            return ending
        self._report(time.monotonic(), last=training.done)
        epoch, _ = training.position
        settings = training.spec.training
        training.ended_epoch_at = training.step  # before the best is held: its checkpoint is of after the evaluation
        if training.done or epoch % settings.evaluate_every == 0:
            self.evaluate()
        kept = settings.keep_every is not None and epoch % settings.keep_every == 0
        if kept or self.keeper.wants(epoch_end=True):
            self.checkpoint()
        return self._early_or_done()

    def _early_or_done(self) -> Ending | None:
        training = self.training
        patience = training.spec.training.early_stopping
        if patience is not None and training.evaluations_since_best >= patience:
            return Ending("done", f"no better {training.task.metric} in {patience} evaluations")
        return Ending("done") if training.done else None

    # -- measuring

    def evaluate(self) -> Measured | None:
        """Measures the validation split and remembers the best. Without one, the last weights are the best.

        Raises NonFiniteLoss for spoilt weights: they might be the best on a metric that counts right answers.
        """
        training = self.training
        self.check_finite()
        if training.validation is None:
            self._remember(float(training.step))
            return None
        with as_evaluated(training.model, training.ema):
            measured = measure(
                training.model, training.arguments, training.validation, training.task, training.autocast
            )
            learnt = self._training_rows.measure()
            self._sample()
        value = measured.metrics[training.task.metric]
        better = self._remember(value if training.task.maximize else -value)
        step, epoch = training.step, training.epoch
        self.journal.tell(Evaluated(step=step, epoch=epoch, split="train", metrics=finite(learnt.metrics)))
        self.journal.tell(
            Evaluated(
                step=step,
                epoch=epoch,
                split="validation",
                metrics=finite(measured.metrics),
                confusion=measured.confusion,
                best=better,
                train_loss=self._loss_sum / self._loss_steps if self._loss_steps else None,
                lr=training.rate.at(max(0, training.step - 1)),
            )
        )
        self._loss_sum, self._loss_steps = 0.0, 0
        return measured

    def _read_losses(self) -> float | None:
        """Mean loss since the last call, remembered for the next evaluation. Raises NonFiniteLoss."""
        steps = len(self.training.losses)
        loss = self.training.read_losses()
        if loss is not None:
            self._loss_sum += loss * steps
            self._loss_steps += steps
        return loss

    def _remember(self, score: float) -> bool:
        """Whether this score (more is better) is the best so far."""
        training = self.training
        if training.best is not None and not score > training.best.value:
            training.evaluations_since_best += 1
            return False
        if math.isnan(score):
            training.evaluations_since_best += 1
            return False
        training.best = Best(score, training.step, training.epoch)
        training.evaluations_since_best = 0
        self.keeper.hold_best(training.snapshot())
        return True

    def _sample(self) -> None:
        now = time.monotonic()
        if self._examples is not None and now >= self._next_sample:
            self._next_sample = now + SAMPLE_SECONDS
            self.journal.tell(self._examples.sampled(self.training))

    def _report(self, now: float, *, last: bool = False) -> None:
        """Progress, at most 4 times a second in the first minute and once a second after, and at the end."""
        every = 0.25 if now - self._began < 60 else 1.0
        if now - self._reported < every and not last:
            return
        training = self.training
        norm = training.stepper.grad_norm()
        loss = self._read_losses()
        if loss is None:
            return
        steps = training.step - self._reported_step
        rows = training.feed.batch_size * training.accumulate
        self.journal.tell(
            Progress(
                step=training.step,
                epoch=training.epoch,
                loss=loss,
                lr=training.rate.at(training.step - 1),
                samples_per_second=steps * rows / max(now - self._reported, 1e-9),
                grad_norm=None if norm is None else finite_or_none(float(norm)),
            )
        )
        self._reported, self._reported_step = now, training.step

    # -- keeping

    def checkpoint(self) -> None:
        """Starts to write a checkpoint of this step, unless the weights are spoilt (NonFiniteLoss)."""
        self.check_finite()
        self.keeper.save(self.training.snapshot())

    @torch.no_grad()
    def check_finite(self) -> None:
        """Nothing that is not finite is ever written: looks at the losses not yet read, and at the weights."""
        training = self.training
        self._read_losses()
        norm = torch.stack(torch._foreach_norm(list[torch.Tensor](training.stepper.params))).sum()
        if not math.isfinite(float(norm)):
            raise NonFiniteLoss(training.step, float(norm), training.rate.at(training.step))

    # -- steering

    def _interrupted(self) -> Ending:
        number = self._signals.received
        assert number is not None  # asked only when there is one
        return Ending("interrupted", f"by {number.name}", SIGNALS[number])

    def _next_recorded(self) -> int | None:
        steps = [r.step for r in self._recorded]
        if self._stop_at is not None:
            steps.append(self._stop_at)
        return min(steps, default=None)

    def _replay(self) -> Ending | None:
        """Applies the recorded commands whose step has come."""
        training = self.training
        for item in pending(self._recorded, training.step):
            self._recorded.remove(item)
            if not item.told:
                self.journal.tell(item.event())
            change(training, item.command, item.value, absolute=True)
            training.met.append(item.id)
        if self._stop_at is not None and training.step >= self._stop_at:
            return Ending("stopped", "where the replayed run was stopped")
        self._next_step = self._next_recorded()
        return None

    def _obey(self) -> Ending | None:
        """Carries out new commands, in order."""
        self._asked.extend(self._commands.poll())
        while self._asked:
            ending = self._carry_out(self._asked.pop(0))
            if ending is not None:
                return ending
        return None

    def _carry_out(self, command: Command) -> Ending | None:
        training = self.training
        wrong = problem(command.kind, command.value, command.version)
        if wrong is not None:
            told(self.journal, command, training.step, "refused", wrong)
        elif command.kind in CHANGES:
            self._change(command)
        elif command.kind == "pause":
            return self._pause(command)
        elif command.kind == "resume":
            told(self.journal, command, training.step, "refused", "the run is not paused")
        else:
            told(self.journal, command, training.step, "applied")
            if command.kind == "stop":
                return Ending("stopped", f"asked by {command.by}")
            if command.kind == "checkpoint":
                self.checkpoint()
            elif command.kind == "probe":
                self.probe_due = True
        return None

    def _change(self, command: Command) -> None:
        """A change is worked out on trial, recorded with its absolute result, then applied."""
        training = self.training
        assert command.value is not None  # `problem` has looked
        segments, epochs = list(training.rate.segments), training.epochs
        try:
            value = change(training, command.kind, command.value, absolute=False)
        except Refused as refused:
            told(self.journal, command, training.step, "refused", str(refused))
            return
        training.rate.segments, training.epochs = segments, epochs
        told(self.journal, command, training.step, "applied", value=value)
        change(training, command.kind, value, absolute=True)
        training.met.append(command.id)

    def _pause(self, command: Command) -> Ending | None:
        """Checkpoints and waits; commands are obeyed while it waits."""
        training = self.training
        told(self.journal, command, training.step, "applied")
        self.checkpoint()
        self.keeper.settle()
        self.journal.tell(Paused(step=training.step), sync=True)
        began = time.monotonic()
        try:
            ending = self._wait()
        finally:
            training.seconds_paused += time.monotonic() - began
        if ending is None:
            self._reported = time.monotonic()
            self.journal.tell(Resumed(step=training.step))
        return ending

    def _wait(self) -> Ending | None:
        """Until `resume` (None), or whatever ends the run. Other commands are carried out."""
        training = self.training
        while True:
            if self._signals.received is not None:
                return self._interrupted()
            if not self._asked:
                self._asked.extend(self._commands.poll())
            while self._asked:
                asked = self._asked.pop(0)
                if asked.kind == "resume":
                    told(self.journal, asked, training.step, "applied")
                    return None
                if asked.kind == "pause":
                    told(self.journal, asked, training.step, "refused", "the run is paused already")
                    continue
                ending = self._carry_out(asked)
                if ending is not None:
                    return ending
            self._lock.beat()
            time.sleep(PAUSED_POLL_SECONDS)


def finite_or_none(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else None


def finite(metrics: dict[str, float]) -> dict[str, float | None]:
    return {name: finite_or_none(value) for name, value in metrics.items()}
