"""What a headless run shows while it trains: made from its events alone.

In a terminal a line that moves, and a lasting line an epoch; without one a line an epoch and at most one every ten
seconds within it; with `--json` the events themselves.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TextIO

import msgspec

from nntui.cli.output import clean, folded
from nntui.cli.report import KEY, plan_lines
from nntui.runs.events import (
    AnyEvent,
    Commanded,
    Evaluated,
    Paused,
    Planned,
    Progress,
    Queued,
    Resumed,
    Warned,
)
from nntui.runs.figures import draws, duration, metric, number, per_second, rate, steady

if TYPE_CHECKING:
    from rich.live import Live

Clock = Callable[[], float]

_GAP = "  "
_QUIET_SECONDS = 10.0
_MOVING_SECONDS = 0.25


class Display(Protocol):
    """Shows events as they come."""

    def show(self, event: AnyEvent) -> None: ...

    def close(self) -> None:
        """Leave the terminal as it was. May be called more than once."""
        ...


def choose_display(json: bool, stream: TextIO, *, name: str = "", clock: Clock = time.monotonic) -> Display:
    """The display for `stream`. `name` is the run's; `clock` gives seconds."""
    if json:
        return JsonDisplay(stream)
    if stream.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown"):
        return RichDisplay(stream, name=name, clock=clock)
    return LineDisplay(stream, clock=clock)


class JsonDisplay:
    """The events, one JSON object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: AnyEvent) -> None:
        self._stream.write(msgspec.json.encode(event).decode() + "\n")
        self._stream.flush()

    def close(self) -> None:
        self._stream.flush()


class Tracker:
    """Where a run is: what both displays need of its events."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.epochs = 0
        self.metric = ""
        self.progress: Progress | None = None
        self.value: float | None = None
        """The primary metric on validation, newest."""
        self.evaluated = False
        self._since: tuple[float, float] | None = None
        """Clock and epoch from which the speed is told."""
        self._first: float | None = None
        self._told = 0
        """Epochs that have had their line."""

    def follow(self, event: AnyEvent) -> list[str]:
        """Take an event in; the lasting lines that it gives rise to, uncleaned."""
        if isinstance(event, Planned):
            self.epochs, self.metric = event.epochs, event.metric
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
        return _GAP.join(part for part in parts if part).rstrip()

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
            self._stream.write("".join(f"{clean(line)}\n" for line in lines))
            self._stream.flush()

    def close(self) -> None:
        self._stream.flush()


class RichDisplay:
    """A line that moves at the foot of the terminal, lasting lines above it.

    Drawn when an event comes and at most four times a second: no thread of its own takes time from training.
    """

    def __init__(
        self, stream: TextIO, *, name: str = "", clock: Clock = time.monotonic, width: int | None = None
    ) -> None:
        from rich.console import Console

        self._console = Console(file=stream, highlight=False, width=width)  # honours NO_COLOR
        self._name = clean(name)
        self._clock = clock
        self._tracker = Tracker(clock)
        self._live: Live | None = None
        self._drawn = -math.inf

    def show(self, event: AnyEvent) -> None:
        from rich.text import Text

        for line in self._tracker.follow(event):
            text = clean(line)
            if isinstance(event, (Evaluated, Progress)):
                text = _fitted(text, self._console.width)
            elif isinstance(event, Planned):
                text = folded(text, self._console.width, KEY)
            warns, best = isinstance(event, Warned), isinstance(event, Evaluated) and event.best
            self._console.print(Text(text, style="yellow" if warns else "bold" if best else ""), soft_wrap=True)
        if isinstance(event, (Progress, Evaluated, Commanded)):
            self._draw(always=not isinstance(event, Progress))

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()  # transient: the moving line goes, the lasting ones stay
            self._live = None

    def _draw(self, *, always: bool) -> None:
        now = self._clock()
        if self._tracker.progress is None or not (always or now - self._drawn >= _MOVING_SECONDS):
            return
        self._drawn = now
        # Three columns stay free: the terminal writes ^C there, and a wrapped line could not be taken back.
        line = moving_line(
            self._tracker, self._name, self._console.width - 3, ascii_only=not draws("█░", self._console.encoding)
        )
        from rich.live import Live
        from rich.text import Text

        text = Text(line, no_wrap=True, overflow="crop")
        if self._live is None:
            self._live = Live(text, console=self._console, auto_refresh=False, transient=True, redirect_stdout=False)
            self._live.start(refresh=True)
        else:
            self._live.update(text, refresh=True)


def _fitted(line: str, width: int) -> str:
    """`line` without the parts at its end that do not fit."""
    while len(line) > width and _GAP in line:
        line = line.rpartition(_GAP)[0].rstrip()
    return line


def moving_line(tracker: Tracker, name: str, width: int, *, ascii_only: bool = False) -> str:
    """Name, bar, epoch, loss, metric, rate, speed and time left, in at most `width` columns.

    What matters least is left out first; the bar takes what remains.
    """
    progress = tracker.progress
    if progress is None:
        return name[:width]
    left = tracker.left()
    value = metric(tracker.metric, tracker.value) if tracker.evaluated and tracker.metric else ""
    # Text and how gladly it is left out: higher goes first, 0 stays.
    parts = [
        (name, 3),
        (f"{min(progress.epoch, tracker.epochs or progress.epoch):.1f}/{tracker.epochs}", 0),
        (f"loss {number(progress.loss)}", 0),
        (value, 1),
        (f"lr {rate(progress.lr)}", 5),
        (per_second(progress.samples_per_second), 4),
        (f"eta {duration(left)}" if left is not None else "", 2),
    ]
    kept = [(text, order) for text, order in parts if text]
    bar_least = 5

    def length() -> int:
        return sum(len(text) + 1 for text, _ in kept) + bar_least

    while length() > width and max(order for _, order in kept) > 0:
        kept.remove(max(kept, key=lambda part: part[1]))
    room = max(0, min(30, width - length() + bar_least))
    share = min(1.0, progress.epoch / tracker.epochs) if tracker.epochs else 0.0
    done = round(share * room)
    full, empty = ("#", "-") if ascii_only else ("█", "░")
    texts = [text for text, _ in kept]
    at = 1 if name and texts[0] == name else 0
    texts.insert(at, full * done + empty * (room - done))
    return " ".join(texts)[:width]
