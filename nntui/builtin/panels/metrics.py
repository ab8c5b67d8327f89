"""The panel `metrics`: a table of all evaluations, the newest first. Lines of spans, drawn without Rich."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntui import RunState, Space

    Span = tuple[str, str]
    Line = list[Span]

TRAIN_LOSS = "train loss"
SPLITS = ("train", "validation", "test")
_GAP = 2
_MOST_ROWS = 400
"""Evaluations that are shown."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One metric on one split."""

    split: str
    name: str
    values: Mapping[int, float | None]
    """By step."""
    best: int | None
    """The step of its best value; None where there is none, and for a split that was measured once."""

    @property
    def title(self) -> str:
        return self.name.removesuffix("_accuracy").replace("_", " ").removeprefix("train ")

    def text(self, step: int) -> str:
        """The value of a step: "" where it was not measured."""
        return number(self.values[step]) if step in self.values else ""

    @property
    def width(self) -> int:
        return max(len(self.title), *(len(self.text(step)) for step in self.values)) + 1  # the mark of the best


def draw(state: RunState) -> Callable[[Space], list[Line]] | str:
    """A row for each evaluated epoch; the columns follow the run's own metrics, the one that decides first."""
    columns = columns_of(state)
    if not columns:
        return ""
    epochs = {e.step: e.epoch for split in SPLITS for e in state.evaluations.get(split, [])}
    best = state.vitals.best.step if state.vitals.best else None
    return partial(_table, columns, epochs, best, baselines_of(state))


def baselines_of(state: RunState) -> str:
    """What rules without learning reach on the rows of the result, by the primary metric; "" where nothing is known."""
    finished, name = state.vitals.finished, state.vitals.metric
    if finished is None or not finished.baselines:
        return ""
    found = {"the result": finished.metrics, **finished.baselines}
    told = ", ".join(f"{who} {number(values.get(name))}" for who, values in found.items())
    return f"{name.replace('_', ' ')} on {finished.split}: {told}"


def columns_of(state: RunState) -> list[Column]:
    """All that was measured: the training loss, then validation, then test."""
    columns = []
    for split in SPLITS:
        evaluations = state.evaluations.get(split, [])
        names = dict.fromkeys(name for evaluation in evaluations for name in evaluation.metrics)
        for name in sorted(names, key=lambda name: (name != state.vitals.metric, name != "loss")):
            values = {e.step: e.metrics[name] for e in evaluations if name in e.metrics}
            columns.append(_column(split, name, values, maximize=_rises(name, state)))
    losses = {e.step: e.train_loss for e in state.evaluations.get("validation", []) if e.train_loss is not None}
    if losses:
        columns.insert(0, _column("train", TRAIN_LOSS, losses, maximize=False))
    return columns


_RISING = ("accuracy", "f1", "precision", "recall", "r2", "auc")


def _rises(name: str, state: RunState) -> bool:
    if name == state.vitals.metric:
        return state.vitals.maximize
    return any(part in name for part in _RISING)


def _column(split: str, name: str, values: Mapping[int, float | None], *, maximize: bool) -> Column:
    known = {step: v for step, v in values.items() if v is not None and math.isfinite(v)}
    best = (max if maximize else min)(known, key=known.__getitem__) if len(values) > 1 and known else None
    return Column(split=split, name=name, values=values, best=best)


def number(value: float | None) -> str:
    """At most eight columns, and as many digits in each row."""
    if value is None or not math.isfinite(value):
        return "nan"
    if value and abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.4g}"


def _table(
    columns: list[Column], epochs: Mapping[int, float], chosen: int | None, beside: str, space: Space
) -> list[Line]:
    """`beside`; the best epoch, then all from the newest on; below, the columns for which there is no room."""
    star = "*" if space.charset == "ascii" else "★"
    shown, left = [], space.width - _EPOCH
    for column in columns:
        left -= column.width + _GAP
        if left < 0:
            break
        shown.append(column)
    steps = sorted(epochs, reverse=True)[:_MOST_ROWS]
    if chosen is not None and chosen in epochs and chosen != steps[0]:
        steps.insert(0, chosen)  # what the run keeps is seen at once, also where its epoch is long ago
    lines: list[Line] = [[(beside, "strong test")]] if beside else []
    lines += [_splits(shown), _titles(shown)]
    lines += [_row(step, epochs[step], shown, chosen, star) for step in steps]
    missing = [f"{column.split} {column.title}" for column in columns[len(shown) :]]
    if missing:
        lines.append([(f"no room for {', '.join(missing)}", "muted")])
    return lines


_EPOCH = 8


def _splits(columns: Iterable[Column]) -> Line:
    """Each split's name above its columns."""
    line: Line = [(" " * _EPOCH, "")]
    for split, group in groupby(columns, key=lambda column: column.split):
        cells = sum(column.width + _GAP for column in group) - _GAP
        line.append((" " * _GAP + split[:cells].ljust(cells), f"strong {split}"))
    return line


def _titles(columns: Iterable[Column]) -> Line:
    line: Line = [("epoch".rjust(_EPOCH - 1) + " ", "muted")]
    line += [(" " * _GAP + column.title.rjust(column.width - 1) + " ", "muted") for column in columns]
    return line


def _row(step: int, epoch: float, columns: Iterable[Column], chosen: int | None, star: str) -> Line:
    """One evaluation; the star at the epoch is the run's own best, one behind a value that column's."""
    mark = star if step == chosen else " "
    line: Line = [(f"{epoch:g}"[: _EPOCH - 1].rjust(_EPOCH - 1), "strong" if step == chosen else ""), (mark, "best")]
    for column in columns:
        best = step == column.best
        text = column.text(step).rjust(column.width - 1)
        line += [(" " * _GAP + text, "strong best" if best else column.split), (star if best else " ", "best")]
    return line
