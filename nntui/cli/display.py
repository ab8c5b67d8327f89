"""What a headless run shows while it trains: made from its events alone.

In a terminal a line that moves, and a lasting line an epoch; without one a line an epoch and at most one every ten
seconds within it; with `--json` the events themselves.
"""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, Protocol, TextIO

import msgspec

from nntui.cli.output import folded
from nntui.runs.cleaning import clean
from nntui.runs.events import (
    AnyEvent,
    Commanded,
    Evaluated,
    Planned,
    Progress,
    Warned,
)
from nntui.runs.figures import draws, duration, metric, number, per_second, rate
from nntui.runs.lines import KEY, Clock, LineDisplay, Tracker, fitted

if TYPE_CHECKING:
    from rich.live import Live


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
                text = fitted(text, self._console.width)
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
