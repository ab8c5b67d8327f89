"""The few figures of a run that a list shows, folded from its events; and the run's status."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add, sub
from typing import Any, Literal, TypeAlias

import msgspec

from nntui.runs.events import (
    EVENTS_VERSION,
    AnyEvent,
    Commanded,
    Evaluated,
    Failed,
    Finished,
    Paused,
    Planned,
    Progress,
    Queued,
    Resumed,
    Started,
    Warned,
)
from nntui.runs.lock import Dead, Live, Liveness

Phase: TypeAlias = Literal["new", "queued", "starting", "training", "paused", "done", "stopped", "failed"]
"""What the events alone say: "training" may be of an engine that was killed since."""

Status: TypeAlias = Literal["starting", "queued", "training", "paused", "stopped", "done", "failed", "lost", "unknown"]

ENDED: frozenset[str] = frozenset({"done", "stopped", "failed"})

BIRTH_SECONDS = 60.0
"""How long a run without events and without an engine is taken for one that is just being started."""

_CLOCK_SET = 30 * 86400.0
"""A longer time between two events of a process than this was no time: its clock was set."""

_BESTS = 32
"""Bests kept: the last, and those to go back to when a resume supersedes it."""


class Point(msgspec.Struct, frozen=True):
    """The metric that the run is spoken of by, once evaluated."""

    step: int
    epoch: float
    value: float | None


class Vitals(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Where a run stands. Times in seconds since the epoch. Mutable: `fold_vitals` owns it."""

    phase: Phase = "new"
    needs: str = ""
    """The nntui that wrote events in a later format than this one reads; "" where none did."""

    begun: float = 0.0
    """Time of the first `started`."""
    session: float = 0.0
    """Time of the last `started`."""
    last: float = 0.0
    """Time of the last event."""
    seconds: float = 0.0
    """Time spent training, pauses and the gaps between processes left out."""

    nntui: str = ""
    host: str = ""
    pid: int = 0
    threads: int = 0
    after: str = ""
    """The run that a queued one waits for."""

    step: int = 0
    epoch: float = 0.0
    epochs: int = 0
    """As planned and extended; 0 before the plan."""
    extended: int = 0
    """What the last `extend` made of it: a plan written by a later process knows the spec's own number alone."""
    steps_per_epoch: int = 0
    parameters: int = 0
    metric: str = ""
    """That the run is spoken of by; see `spoken_of`."""
    maximize: bool = False

    loss: float | None = None
    lr: float | None = None
    samples_per_second: float = 0.0
    latest: Point | None = None
    """The metric when last evaluated on validation."""
    bests: list[Point] = []
    """Each was the best when it was evaluated, by the primary metric; the last one still is."""

    warnings: int = 0
    finished: Finished | None = None
    failed: Failed | None = None

    @property
    def best(self) -> Point | None:
        return self.bests[-1] if self.bests else None

    @property
    def fraction(self) -> float | None:
        """Share of the training that is done, 0..1; None before the plan."""
        return min(max(self.epoch, 0.0) / self.epochs, 1.0) if self.epochs > 0 else None


def spoken_of(plan: Planned) -> tuple[str, bool]:
    """The metric that people compare runs of this kind by, and whether more of it is better. The weights may be chosen
    by another: of little data the loss says more."""
    return (plan.headline, plan.headline_maximize) if plan.headline else (plan.metric, plan.maximize)


def _fold_started(v: Vitals, event: Started) -> None:
    if event.version > EVENTS_VERSION:
        v.needs = event.nntui or "of a later version"
    v.begun = v.begun or event.time
    v.session = event.time
    v.nntui, v.host, v.pid, v.threads = event.nntui, event.host, event.pid, event.threads
    v.phase = "starting"
    v.finished = v.failed = None
    v.after = ""


def _fold_planned(v: Vitals, event: Planned) -> None:
    v.phase = "training"
    v.epochs = max(event.epochs, v.extended)
    v.steps_per_epoch, v.parameters = event.steps_per_epoch, event.parameters
    v.metric, v.maximize = spoken_of(event)


def _fold_progress(v: Vitals, event: Progress) -> None:
    v.phase = "training"
    v.step = event.step
    v.epoch = event.epoch
    v.loss = event.loss
    v.lr = event.lr
    v.samples_per_second = event.samples_per_second


def _fold_evaluated(v: Vitals, event: Evaluated) -> None:
    if v.phase in ("starting", "queued"):
        v.phase = "training"
    if event.split != "validation":
        return
    v.latest = Point(event.step, event.epoch, event.metrics.get(v.metric))
    if event.best:
        earlier = [point for point in v.bests if point.step < event.step]
        v.bests = [*earlier[1 - _BESTS :], v.latest]


def _fold_commanded(v: Vitals, event: Commanded) -> None:
    epochs = event.value if event.command == "extend" and event.result == "applied" else None
    if epochs is not None and math.isfinite(epochs) and epochs >= 1:
        v.epochs = v.extended = int(epochs)
    rate = event.value if event.command in ("lr", "lr-scale") and event.result == "applied" else None
    if rate is not None and math.isfinite(rate):
        v.lr = rate  # a paused run makes no progress that would tell it


def _fold_resumed(v: Vitals, event: Resumed) -> None:
    v.phase = "training"
    if v.steps_per_epoch > 0:  # back from where it was; a fork begins at its parent's step
        back = (v.step - event.step) / v.steps_per_epoch
        v.epoch = max(v.epoch - back, 0.0)
    v.step = event.step
    v.bests = [point for point in v.bests if point.step <= event.step]
    if v.latest is not None and v.latest.step > event.step:
        v.latest = None


def _fold_queued(v: Vitals, event: Queued) -> None:
    v.phase, v.after = "queued", event.after


def _fold_paused(v: Vitals, event: Paused) -> None:
    v.phase = "paused"
    v.step = event.step


def _fold_finished(v: Vitals, event: Finished) -> None:
    v.phase, v.step, v.finished = event.status, event.step, event
    v.seconds = event.seconds or v.seconds


def _fold_failed(v: Vitals, event: Failed) -> None:
    v.phase, v.step, v.failed = "failed", event.step, event


def _fold_warned(v: Vitals, _: Warned) -> None:
    v.warnings += 1


# Any: each function takes the type that is its key.
_HANDLERS: dict[type, Callable[[Vitals, Any], None]] = {
    Progress: _fold_progress,
    Started: _fold_started,
    Queued: _fold_queued,
    Planned: _fold_planned,
    Evaluated: _fold_evaluated,
    Commanded: _fold_commanded,
    Paused: _fold_paused,
    Resumed: _fold_resumed,
    Finished: _fold_finished,
    Failed: _fold_failed,
    Warned: _fold_warned,
}


def fold_vitals(v: Vitals, event: AnyEvent) -> Vitals:
    """`v` after `event`, changed in place. Never raises, whatever the order of the events."""
    passed = event.time - v.last
    if v.phase == "training" and v.last > 0 and 0 < passed < _CLOCK_SET and type(event) is not Started:
        v.seconds += passed
    v.last = event.time or v.last
    handler = _HANDLERS.get(type(event))
    if handler is not None:
        handler(v, event)
    return v


def fold_progress(v: Vitals, events: Sequence[Progress]) -> Vitals:
    """The same as `fold_vitals` of each (there is at least one), a tenth of the time."""
    times = [event.time for event in events]
    if v.phase == "training" and v.last > 0:
        times.insert(0, v.last)
    passed = list(map(sub, times[1:], times))
    if times[0] > 0 and min(passed, default=1.0) > 0 and max(passed, default=1.0) < _CLOCK_SET:
        v.seconds = reduce(add, passed, v.seconds)
        v.last = times[-1]
        _fold_progress(v, events[-1])
        return v
    for event in events:
        fold_vitals(v, event)
    return v


def status_of(v: Vitals, lock: Liveness, *, age: float = math.inf) -> Status:
    """What a person is told. `age`: seconds since the folder was made; counts only before the first event.

    An ended run is ended whoever holds its lock: an engine that has just taken it to resume will soon say so.
    """
    if v.phase == "done" or v.phase == "stopped" or v.phase == "failed":
        return v.phase
    match lock:
        case Live():
            return "starting" if v.phase == "new" else v.phase
        case Dead():
            return "starting" if v.phase == "new" and age < BIRTH_SECONDS else "lost"
        case _:
            return "unknown"
