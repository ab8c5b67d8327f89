"""A run's two charts: the loss, and the metric that chooses the best weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import nan
from typing import TYPE_CHECKING

from nntui.runs.figures import label
from nntui.tui.chart.curves import Curve, Mark, Points, Series

if TYPE_CHECKING:
    from nntui.runs.events import Evaluated
    from nntui.runs.history import History
    from nntui.runs.state import RunState

_SHARES = frozenset({"accuracy", "top5_accuracy", "subset_accuracy", "macro_f1", "micro_f1"})
"""Metrics between 0 and 1, shown as a percentage."""

_SHORT = {"accuracy": "acc", "top5_accuracy": "top-5", "subset_accuracy": "subset acc"}

_EPOCHS = 400
"""Lines of epochs that are handed on; the chart draws those that have room."""


@dataclass(frozen=True)
class Charted:
    """What one chart shows."""

    title: str
    curves: Sequence[Curve]
    marks: Sequence[Mark]
    percent: bool = False


class Evaluations:
    """A run's evaluations as columns, taken in as they come: a run of many epochs is not gone through at each frame."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], _Column] = {}

    def series(self, state: RunState, split: str, name: str) -> Series | None:
        """A metric on a split over the steps; None where it was never measured."""
        column = self._columns.setdefault((split, name), _Column(name))
        column.follow(state.evaluations.get(split, ()))
        return Points(column.steps, column.values) if column.steps else None


class _Column:
    def __init__(self, name: str) -> None:
        self._name = name
        self.steps: list[int] = []
        self.values: list[float] = []
        self._taken = 0
        self._last: Evaluated | None = None

    def follow(self, evaluations: Sequence[Evaluated]) -> None:
        """Take in what is new, or all where what was taken in was superseded."""
        taken = self._taken
        if taken > len(evaluations) or (taken and evaluations[taken - 1] is not self._last):
            self.steps, self.values, taken = [], [], 0
        for event in evaluations[taken:]:
            if self._name in event.metrics:
                value = event.metrics[self._name]
                self.steps.append(event.step)
                self.values.append(nan if value is None else value)
        self._taken, self._last = len(evaluations), evaluations[-1] if evaluations else None


def metric_title(name: str) -> str:
    """Its name in few letters."""
    return _SHORT.get(name, label(name))


def total_steps(state: RunState) -> int | None:
    """How many steps there will be, as far as that is known."""
    vitals = state.vitals
    planned = vitals.epochs * vitals.steps_per_epoch
    if vitals.finished is not None:
        return max(vitals.step, 1)
    return planned if planned >= vitals.step and planned > 0 else None


def loss_chart(state: RunState, evaluations: Evaluations, window: History | None = None) -> Charted:
    """Training loss (of a zoomed `window`, where its exact points were read) and loss on validation."""
    series: Series = (window or state.history).series("loss")
    curves = [Curve("train", "train", series)]
    for split, style in (("validation", "validation"), ("test", "test")):
        found = evaluations.series(state, split, "loss")
        if found is not None:
            name = "val" if split == "validation" else split
            curves.append(Curve(name, style, found, kind="points", mark="" if split == "validation" else "x"))
    return Charted("loss", curves, [*_epochs(state), *_commands(state)])


def metric_chart(state: RunState, evaluations: Evaluations) -> Charted:
    """The primary metric of each split that it was measured on, the best marked."""
    name = state.vitals.metric or "metric"
    percent = name in _SHARES
    curves = []
    for split, style, mark in (("train", "train", "+"), ("validation", "validation", ""), ("test", "test", "x")):
        found = evaluations.series(state, split, name)
        if found is not None:
            short = "val" if split == "validation" else split
            curves.append(Curve(short, style, found, kind="points", mark=mark))
    marks = [*_epochs(state), *_commands(state)]
    best = state.best
    if best is not None:
        marks.append(Mark(best.step, "best", f"best@{best.epoch:g}", best.value))
    return Charted(metric_title(name), curves, marks, percent)


def _epochs(state: RunState) -> tuple[Mark, ...]:
    """The end of each epoch so far."""
    size = state.vitals.steps_per_epoch
    return _ends(size, state.vitals.step // size) if size > 0 else ()


@lru_cache(maxsize=8)
def _ends(size: int, count: int) -> tuple[Mark, ...]:
    """The ends of `count` epochs of `size` steps: both charts ask for the same, time and again."""
    stride = max(-(-count // _EPOCHS), 1)
    return tuple(Mark(epoch * size, "epoch", str(epoch)) for epoch in range(stride, count + 1, stride))


def _commands(state: RunState) -> list[Mark]:
    """Checkpoints, and commands that were applied."""
    marks = [Mark(event.step, "checkpoint") for event in state.checkpoints]
    for command in state.commands.values():
        if command.result == "applied" and command.step is not None and command.kind != "checkpoint":
            marks.append(Mark(command.step, "command", command.kind))
    return marks
