"""What a run is asked: commands from commands.jsonl, commands recorded earlier, and signals."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from nntui.runs.commands import MOST_EPOCHS
from nntui.runs.complaints import complain
from nntui.runs.creating import REPLAY, REPLAYED
from nntui.runs.events import Commanded

if TYPE_CHECKING:
    from nntui.engine.journal import Journal
    from nntui.engine.training import Training
    from nntui.runs.commands import Command

CHANGES = REPLAYED
"""Commands that alter what the weights become: they are recorded with their absolute result and can be re-applied."""

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
"""Signals that end a run after a checkpoint, and the exit code of each."""


@dataclass(frozen=True)
class Recorded:
    """A command that was applied before (by a process that was killed, or in the run that is replayed)."""

    step: int
    command: str
    value: float
    id: str
    told: bool = True
    """Whether the run's own events have it: those of a replayed run are another's."""

    def event(self) -> Commanded:
        return Commanded(
            id=self.id, command=self.command, by=REPLAY, step=self.step, result="applied", value=self.value
        )


class Refused(Exception):
    """A command that cannot be carried out, and why."""


def change(training: Training, command: str, value: float, *, absolute: bool) -> float:
    """Carries out a command that alters the weights' future; returns its absolute result.

    lr: the rate from this step on; lr-scale: times the present one; extend: more epochs, or with `absolute` the
    new number of epochs. Raises Refused.
    """
    step = training.step
    if command in ("lr", "lr-scale"):
        lr = value if command == "lr" or absolute else training.rate.at(step) * value
        if not 0 < lr < float("inf"):
            raise Refused(f"a learning rate is a positive number, got {value:g}")
        try:
            training.rate.set(step, lr)
        except ValueError as error:
            raise Refused(str(error)) from None
        return lr
    epochs = int(value) if absolute else training.epochs + int(value)
    if epochs <= training.epochs and not absolute:
        raise Refused(f"extend takes a positive number of epochs, got {value:g}")
    if epochs > MOST_EPOCHS:
        raise Refused(f"a run has at most {MOST_EPOCHS:,} epochs, and this would make {epochs:,}")
    training.rate.extend(step, training.total_steps(epochs))
    training.epochs = epochs
    return float(epochs)


def told(journal: Journal, command: Command, step: int, result: Any, why: str = "", value: float | None = None) -> None:
    """Records what became of a command, before it is applied."""
    journal.tell(
        Commanded(id=command.id, command=command.kind, by=command.by, step=step, result=result, why=why, value=value)
    )


class Interrupted(BaseException):
    """A signal came while there was nothing to checkpoint yet."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(f"interrupted by {number.name}")
        self.number = number


class Signals:
    """SIGINT, SIGTERM and SIGHUP once: finish the step, checkpoint, end. SIGINT twice: quit at once.

    Before training has begun (`patient` is False) the first one raises Interrupted where it arrives.
    """

    def __init__(self, *, ignore_hangup: bool) -> None:
        self.received: signal.Signals | None = None
        self.patient = False
        self._ignore_hangup = ignore_hangup
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        for number in SIGNALS:
            try:
                self._before[number] = signal.getsignal(number)
                hangup_ignored = number == signal.SIGHUP and (
                    self._ignore_hangup or self._before[number] is signal.SIG_IGN  # nohup
                )
                signal.signal(number, signal.SIG_IGN if hangup_ignored else self._on_signal)
            except ValueError:  # not in the main thread (a notebook, a server): signals are the program's own
                self._before.pop(number, None)
                break
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.received is not None and number == signal.SIGINT:
            complain("quit at once, without a checkpoint")
            os._exit(SIGNALS[signal.SIGINT])
        first, self.received = self.received is None, signal.Signals(number)
        if first and not self.patient:
            raise Interrupted(self.received)


def pending(recorded: Sequence[Recorded], step: int) -> list[Recorded]:
    """Recorded commands whose step has come."""
    return [r for r in recorded if r.step <= step]
