"""A run's two charts: the loss, and the metric that chooses the best weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nntui.runs.figures import label
from nntui.tui.chart import Curve, Mark, Series, points

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


def loss_chart(state: RunState, window: History | None = None) -> Charted:
    """Training loss (of a zoomed `window`, where its exact points were read) and loss on validation."""
    series: Series = (window or state.history).series("loss")
    curves = [Curve("train", "train", series)]
    for split, style in (("validation", "validation"), ("test", "test")):
        found = _evaluated(state, split, "loss")
        if found is not None:
            name = "val" if split == "validation" else split
            curves.append(Curve(name, style, found, kind="points", mark="" if split == "validation" else "x"))
    return Charted("loss", curves, [*_epochs(state), *_commands(state)])


def metric_chart(state: RunState) -> Charted:
    """The primary metric of each split that it was measured on, the best marked."""
    name = state.vitals.metric or "metric"
    percent = name in _SHARES
    curves = []
    for split, style, mark in (("train", "train", "+"), ("validation", "validation", ""), ("test", "test", "x")):
        found = _evaluated(state, split, name)
        if found is not None:
            short = "val" if split == "validation" else split
            curves.append(Curve(short, style, found, kind="points", mark=mark))
    marks = [*_epochs(state), *_commands(state)]
    best = state.best
    if best is not None:
        marks.append(Mark(best.step, "best", f"best@{best.epoch:g}", best.value))
    return Charted(metric_title(name), curves, marks, percent)


def _evaluated(state: RunState, split: str, name: str) -> Series | None:
    evaluations: Sequence[Evaluated] = state.evaluations.get(split, ())
    found = [(event.step, event.metrics[name]) for event in evaluations if name in event.metrics]
    return points(found) if found else None


def _epochs(state: RunState) -> list[Mark]:
    """The end of each epoch so far."""
    vitals = state.vitals
    size = vitals.steps_per_epoch
    if size <= 0:
        return []
    count = vitals.step // size
    stride = max(-(-count // _EPOCHS), 1)
    return [Mark(epoch * size, "epoch", str(epoch)) for epoch in range(stride, count + 1, stride)]


def _commands(state: RunState) -> list[Mark]:
    """Checkpoints, and commands that were applied."""
    marks = [Mark(event.step, "checkpoint") for event in state.checkpoints]
    for command in state.commands.values():
        if command.result == "applied" and command.step is not None and command.kind != "checkpoint":
            marks.append(Mark(command.step, "command", command.kind))
    return marks
