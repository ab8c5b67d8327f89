"""The panel `gap`: validation loss less training loss, epoch by epoch. Drawn with Rich."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from nntui import RunState

_LONGEST = 60
"""Cells of a bar."""
_ROWS_BESIDE = 2
"""Lines that are no epoch: the sentence and the headings."""


@dataclass(frozen=True)
class Epoch:
    """An evaluation of both."""

    epoch: float
    train: float
    validation: float

    @property
    def gap(self) -> float:
        return self.validation - self.train


def epochs(state: RunState) -> list[Epoch]:
    """Every epoch whose two losses are known and finite."""
    told = []
    for evaluation in state.evaluations.get("validation", []):
        train, validation = evaluation.train_loss, evaluation.metrics.get("loss")
        if train is not None and validation is not None and math.isfinite(train) and math.isfinite(validation):
            told.append(Epoch(evaluation.epoch, train, validation))
    return told


def verdict(told: Sequence[Epoch]) -> tuple[str, str]:
    """What the gap says, in a sentence, with a colour.

    A network overfits where it goes on getting better at what it trains on and no better at anything else.
    """
    best = min(told, key=lambda e: e.validation)
    newest = told[-1]
    since = [e for e in told if e.epoch > best.epoch]
    if len(since) >= 2 and newest.train < best.train and newest.validation > best.validation * 1.02:
        return f"overfits since epoch {best.epoch:g}: training loss falls, validation loss does not", "red"
    if newest.gap > 0.5 * newest.train and newest.validation > best.validation * 1.02:
        return f"validation loss was lowest at epoch {best.epoch:g}", "yellow"
    if newest.gap <= 0:
        return "no gap: dropout and augmentation make training harder than validation, or it has just begun", "green"
    return "validation loss follows training loss", "green"


@dataclass(frozen=True)
class Gap:
    """A Rich renderable: the newest epochs that fit the panel."""

    told: Sequence[Epoch]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = max(options.max_height - _ROWS_BESIDE, 3)
        shown = self.told[-rows:]
        widest = max((abs(e.gap) for e in shown), default=0.0) or 1.0
        room = max(min(options.max_width - 40, _LONGEST), 4)
        mark = "#" if options.ascii_only else "█"
        sentence, colour = verdict(self.told)
        yield Text(sentence, style=colour, no_wrap=True, overflow="ellipsis")
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bright_black")
        for heading in ("epoch", "train", "validation", "gap"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        for e in shown:
            bar = mark * round(abs(e.gap) / widest * room)
            table.add_row(
                f"{e.epoch:g}",
                f"{e.train:.4f}",
                f"{e.validation:.4f}",
                f"{e.gap:+.4f}",
                Text(bar, style="yellow" if e.gap > 0 else "green"),
            )
        yield table


def draw(state: RunState) -> Gap | None:
    told = epochs(state)
    return Gap(told) if told else None
