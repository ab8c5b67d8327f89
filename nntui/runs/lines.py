"""What happens in a run, as lines for a log, a pipe or a screen reader: made from its events alone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from shutil import get_terminal_size
from typing import TextIO

import msgspec

from nntui.runs.cleaning import clean
from nntui.runs.events import (
    AnyEvent,
    Commanded,
    Evaluated,
    Failed,
    Finished,
    LayerPlan,
    Paused,
    Planned,
    Progress,
    Queued,
    Resumed,
    Warned,
)
from nntui.runs.figures import duration, label, metric, number, per_second, rate, steady
from nntui.runs.vitals import spoken_of

Clock = Callable[[], float]

GAP = "  "
_QUIET_SECONDS = 10.0

_LAYERS = 40
"""Lines of layers; what is more is summed up."""

KEY = 15
"""Columns of the word that begins a line of facts."""


class Tracker:
    """Where a run is: what both displays need of its events."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.epochs = 0
        self.metric = ""
        self.progress: Progress | None = None
        self.value: float | None = None
        """The metric that the run is spoken of by, on validation, newest."""
        self.evaluated = False
        self._since: tuple[float, float] | None = None
        """Clock and epoch from which the speed is told."""
        self._first: float | None = None
        self._told = 0
        """Epochs that have had their line."""

    def follow(self, event: AnyEvent) -> list[str]:
        """Take an event in; the lasting lines that it gives rise to, uncleaned."""
        if isinstance(event, Planned):
            self.epochs, (self.metric, _) = event.epochs, spoken_of(event)
            if self._first is None:
                self._first = self._clock()
            return plan_lines(event)
        if isinstance(event, Progress):
            return self._progressed(event)
        if isinstance(event, Evaluated):
            return self._evaluated(event)
        if isinstance(event, Commanded):
            return self._commanded(event)
        if isinstance(event, Paused):
            return [f"paused at step {event.step}"]
        if isinstance(event, Resumed):
            self._since = None
            self._told = min(self._told, math.floor(self.progress.epoch)) if self.progress is not None else self._told
            return [
                f"goes on from step {event.step}" + (f", checkpoint {event.checkpoint}" if event.checkpoint else "")
            ]
        if isinstance(event, Queued):
            return [f"waits for {event.after} to end"]
        if isinstance(event, Warned):
            return [f"warning: {event.message}"]
        return []

    def _progressed(self, event: Progress) -> list[str]:
        now = self._clock()
        if self._first is None:
            self._first = now
        if self._since is None or event.epoch < self._since[1]:
            self._since = (now, event.epoch)
            self._told = math.floor(event.epoch)
        lines: list[str] = []
        before = self.progress
        ended = math.ceil(event.epoch) - 1  # epochs that lie wholly behind this event
        if before is not None and ended > self._told and before.epoch < event.epoch:
            # An epoch went by without an evaluation.
            self._told = ended
            lines.append(self.line(before, f"{ended}"))
        self.progress = event
        return lines

    def _evaluated(self, event: Evaluated) -> list[str]:
        if event.split != "validation":
            return []
        self.value = event.metrics.get(self.metric)
        self.evaluated = True
        epoch = event.epoch
        if self.progress is not None and epoch > self.progress.epoch:  # progress is told only now and then
            self.progress = msgspec.structs.replace(self.progress, epoch=epoch, step=event.step)
        self._told = max(self._told, math.floor(epoch + 1e-9))
        shown = f"{round(epoch)}" if math.isclose(epoch, round(epoch), abs_tol=1e-6) else f"{epoch:.1f}"
        loss = event.metrics.get("loss")
        parts = [f"val {steady(loss):<7}"] if loss is not None else []
        if self.metric and self.metric != "loss":
            parts.append(metric(self.metric, self.value, aligned=True))
        parts.append("best" if event.best else "    ")
        return [self.line(self._as_told(event), shown, *parts)]

    def _as_told(self, event: Evaluated) -> Progress | None:
        """Progress with the loss and the rate of the evaluation: a short epoch may have no progress of its own."""
        progress = self.progress
        if event.train_loss is None and event.lr is None:
            return progress
        if progress is None:
            progress = Progress(step=event.step, epoch=event.epoch, loss=None, lr=0.0, samples_per_second=0.0)
        loss = progress.loss if event.train_loss is None else event.train_loss
        return msgspec.structs.replace(progress, loss=loss, lr=progress.lr if event.lr is None else event.lr)

    def _commanded(self, event: Commanded) -> list[str]:
        if event.command in ("extend", "epochs") and event.result == "applied" and event.value is not None:
            self.epochs = round(event.value)
        value = "" if event.value is None else f" {number(event.value)}"
        why = f": {event.why}" if event.why else ""
        return [f"{event.command}{value} by {event.by}: {event.result} at step {event.step}{why}"]

    def line(self, progress: Progress | None, epoch: str, *measured: str) -> str:
        """A lasting line: where training is, the loss, what was measured, the rate, time and speed; what matters least
        stands last."""
        total = f"/{self.epochs}" if self.epochs else ""
        parts = [f"epoch {epoch:>{len(str(self.epochs))}}{total}"]
        if progress is not None:
            parts.append(f"loss {steady(progress.loss):<7}")
        parts += measured
        if progress is not None:
            parts.append(f"lr {rate(progress.lr)}")
        if self._first is not None:
            parts.append(duration(self._clock() - self._first))
        if progress is not None:
            parts.append(per_second(progress.samples_per_second))
        return GAP.join(part for part in parts if part).rstrip()

    def left(self) -> float | None:
        """Seconds to the end at the speed so far; None where that cannot be told yet."""
        if self.progress is None or self._since is None or not self.epochs:
            return None
        began, epoch = self._since
        done, spent = self.progress.epoch - epoch, self._clock() - began
        return (self.epochs - self.progress.epoch) / done * spent if done > 0 and spent > 0 else None


class LineDisplay:
    """Lines for a log or a pipe: one an epoch, and at most one every ten seconds within it."""

    def __init__(self, stream: TextIO, *, clock: Clock = time.monotonic) -> None:
        self._stream = stream
        self._width = get_terminal_size().columns if stream.isatty() else None
        self._clock = clock
        self._tracker = Tracker(clock)
        self._last: float | None = None

    def show(self, event: AnyEvent) -> None:
        lines = self._tracker.follow(event)
        now = self._clock()
        if self._last is None:
            self._last = now
        if not lines and isinstance(event, Progress) and now - self._last >= _QUIET_SECONDS:
            left = self._tracker.left()
            lines = [self._tracker.line(event, f"{event.epoch:.2f}") + (f"  eta {duration(left)}" if left else "")]
        if lines:
            self._last = now
            lines = [clean(line) for line in lines]
            if self._width is not None and isinstance(event, (Evaluated, Progress)):
                lines = [fitted(line, self._width) for line in lines]
            self._stream.write("".join(f"{line}\n" for line in lines))
            self._stream.flush()

    def close(self) -> None:
        self._stream.flush()


def fitted(line: str, width: int) -> str:
    """`line` without the parts at its end that do not fit."""
    while len(line) > width and GAP in line:
        line = line.rpartition(GAP)[0].rstrip()
    return line


def plan_lines(plan: Planned) -> list[str]:
    """The network layer by layer, the rows of each split, and what was chosen and why. Not cleaned."""
    rows = ", ".join(f"{count:,} {split}" for split, count in plan.splits.items() if count)
    epochs = f"{plan.epochs} epoch{'s' if plan.epochs != 1 else ''} of {plan.steps_per_epoch:,} steps"
    facts = [("parameters", f"{plan.parameters:,}"), ("rows", rows), ("training", epochs)]
    if plan.metric:
        which = "highest" if plan.maximize else "lowest"
        rest = " on validation" if plan.splits.get("validation") else ""
        facts.append(("best", f"the weights with the {which} {label(plan.metric)}{rest}"))
    facts += [(choice.what, f"{choice.value}: {choice.why}") for choice in plan.chosen]
    return [*layer_lines(plan.layers), "", *(fact(*pair) for pair in facts), ""]


def fact(word: str, text: str) -> str:
    """A word and what is said of it, below others of their kind."""
    return f"{word:<{KEY - 1}} {text}"


def layer_lines(layers: Sequence[LayerPlan]) -> Iterator[str]:
    """The network as a table: name, kind, shape of the output, parameters. Not cleaned."""
    if not layers:
        return
    shown = layers if len(layers) <= _LAYERS else layers[: _LAYERS - 1]
    rows = [
        (layer.name, layer.kind, shape(layer.out), f"{layer.parameters:,}" if layer.parameters else "-")
        for layer in shown
    ]
    rows.insert(0, ("layer", "kind", "out", "params"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, kind, out, count in rows:
        yield f"{name:<{widths[0]}}  {kind:<{widths[1]}}  {out:<{widths[2]}}  {count:>{widths[3]}}"
    rest = layers[len(shown) :]
    if rest:
        yield f"... and {len(rest)} more layers with {sum(layer.parameters for layer in rest):,} parameters"


def shape(out: Sequence[int]) -> str:
    """32x28x28; ? where an axis varies."""
    return "x".join("?" if size < 0 else str(size) for size in out) or "1"


def end_lines(event: Finished | Failed) -> list[str]:
    """How a run ended."""
    if isinstance(event, Failed):
        what = "was interrupted" if event.kind == "interrupted" else "failed"
        return [f"{what} at step {event.step:,}: {event.message}", *(f"  {line}" for line in event.advice.splitlines())]
    reason = f": {event.reason}" if event.reason else ""
    told = [f"{event.status} after {duration(event.seconds)} and {event.step:,} steps{reason}"]
    if event.split:
        told.append(f"on {event.split}: " + ", ".join(metric(n, v) for n, v in event.metrics.items()))
    return told
