"""`RunState`: all that an interface shows of a run, folded from its events. Pure: no disk, no clock, no process."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from math import inf
from typing import Any, Literal, Protocol, TypeVar, cast

import msgspec

from nntui.runs.commands import Command
from nntui.runs.events import (
    AnyEvent,
    Checkpointed,
    Commanded,
    Evaluated,
    LayerProbe,
    Paused,
    Planned,
    Probed,
    Progress,
    Resumed,
    Sampled,
    Started,
    Warned,
)
from nntui.runs.history import History
from nntui.runs.lock import Liveness
from nntui.runs.vitals import Point, Status, Vitals, fold_progress, fold_vitals, status_of

LAYER_HISTORY = 64
"""Probes kept of each layer."""
SAMPLE_HISTORY = 16
CONFUSION_HISTORY = 8
WARNING_HISTORY = 1000
CHECKPOINT_HISTORY = 1000
EVALUATION_HISTORY = 4096
"""Evaluations kept of each split: beyond that the older ones are thinned out."""


class _Stepped(Protocol):
    @property
    def step(self) -> int: ...


S = TypeVar("S", bound=_Stepped)


@dataclass(frozen=True)
class LayerPoint:
    """One look into a layer."""

    step: int
    epoch: float
    probe: LayerProbe


@dataclass(frozen=True)
class Confusion:
    step: int
    matrix: list[list[int]]
    """Rows: true class; columns: predicted."""


@dataclass(frozen=True)
class Arrays:
    """Named small arrays that an architecture offers, nested lists."""

    step: int
    arrays: dict[str, Any]  # plain JSON, shaped as the architecture likes


@dataclass
class CommandState:
    """One command, from asked to met."""

    id: str
    kind: str
    by: str
    asked: float | None = None
    """When, by the asker's clock; None where only its outcome is known."""
    wanted: float | None = None
    """The value that was asked for."""
    result: Literal["asked", "applied", "refused", "expired"] = "asked"
    why: str = ""
    step: int | None = None
    """The step at which it was met."""
    met: float | None = None
    """When."""
    value: float | None = None
    """The absolute result: the new learning rate, the new number of epochs."""


@dataclass
class Pause:
    step: int
    begin: float
    end: float | None = None


@dataclass
class RunState:
    """A run as its events tell it. Owned by whoever folds: `fold` changes it in place."""

    vitals: Vitals = field(default_factory=Vitals)
    """Phase, step, epoch, latest figures, best, how it ended."""
    plan: Planned | None = None
    history: History = field(default_factory=History)
    evaluations: dict[str, list[Evaluated]] = field(default_factory=dict)
    """By split, by rising step; their confusion matrices are in `confusions`. Of very many, the last in each of a few
    thousand equal stretches, or the last best in it."""
    confusions: dict[str, list[Confusion]] = field(default_factory=dict)
    """By split: the last few."""
    layers: dict[str, list[LayerPoint]] = field(default_factory=dict)
    """By layer: the last few looks into it."""
    arrays: list[Arrays] = field(default_factory=list)
    """The last, or none."""
    samples: list[Sampled] = field(default_factory=list)
    """The last few."""
    checkpoints: list[Checkpointed] = field(default_factory=list)
    """The last ones, as written; which of them are retained, the disk says."""
    commands: dict[str, CommandState] = field(default_factory=dict)
    """By id, in the order in which they became known."""
    pauses: list[Pause] = field(default_factory=list)
    sessions: list[Started] = field(default_factory=list)
    """One for each process that trained it."""
    resumes: list[Resumed] = field(default_factory=list)
    """From checkpoints, not from pauses."""
    warnings: list[Warned] = field(default_factory=list)

    @property
    def best(self) -> Point | None:
        return self.vitals.best

    @property
    def epochs(self) -> int:
        """Planned, and extended by commands."""
        return self.vitals.epochs

    @property
    def pending(self) -> list[CommandState]:
        """Asked, not yet met."""
        return [command for command in self.commands.values() if command.result == "asked"]

    def epochs_per_second(self) -> float | None:
        """Of the last points in this process; None where there are too few."""
        times, epochs = self.history.newest.time, self.history.newest.epoch
        first = max(len(times) - 20, bisect_right(times, self.vitals.session))
        if len(times) - first < 2:
            return None
        trained = times[-1] - times[first] - self._paused(times[first], times[-1])
        return (epochs[-1] - epochs[first]) / trained if trained > 0 else None

    def _paused(self, begin: float, end: float) -> float:
        """Seconds of pauses between two times."""
        seconds = 0.0
        for pause in reversed(self.pauses):
            over = end if pause.end is None else min(pause.end, end)
            if over <= begin:
                break
            seconds += max(over - max(pause.begin, begin), 0.0)
        return seconds

    def seconds_left(self) -> float | None:
        """At the present pace; None where that is not known."""
        pace = self.epochs_per_second()
        if pace is None or pace <= 0 or self.vitals.epochs <= 0:
            return None
        return max(self.vitals.epochs - self.vitals.epoch, 0.0) / pace


def _put(points: list[S], point: S, limit: int | None = None) -> None:
    """Append by rising step; what is not below the new step was superseded. The newest `limit` stay."""
    while points and points[-1].step >= point.step:
        points.pop()
    points.append(point)
    if limit is not None and len(points) > limit:
        del points[0]


def _cut(points: list[S], step: int) -> None:
    if any(point.step > step for point in points):  # not the last alone: see `_probed`
        points[:] = [point for point in points if point.step <= step]


def _cut_each(grouped: dict[str, list[S]], step: int) -> None:
    for name in list(grouped):
        _cut(grouped[name], step)
        if not grouped[name]:
            del grouped[name]


def _step_of(point: _Stepped) -> int:
    return point.step


def _planned(state: RunState, event: Planned) -> None:
    state.plan = event


def _progress(state: RunState, event: Progress) -> None:
    state.history.add(event)
    _end_pause(state, event.time)


def _progressed(state: RunState, events: list[Progress]) -> None:
    """Folds one progress after the other: what a long run consists of, so it has a way of its own."""
    fold_progress(state.vitals, events)
    state.history.extend(events)
    _end_pause(state, events[0].time)


def _evaluated(state: RunState, event: Evaluated) -> None:
    if event.confusion is not None:
        _put(state.confusions.setdefault(event.split, []), Confusion(event.step, event.confusion), CONFUSION_HISTORY)
        event = msgspec.structs.replace(event, confusion=None)
    evaluations = state.evaluations.setdefault(event.split, [])
    _put(evaluations, event)
    if len(evaluations) > EVALUATION_HISTORY:
        _thin(evaluations, EVALUATION_HISTORY // 2)


def _thin(evaluations: list[Evaluated], most: int) -> None:
    """Leaves one in each stretch of steps: the last that was the best then, else the last."""
    shift = 0
    while len({e.step >> shift for e in evaluations}) > most:
        shift += 1
    kept: dict[int, Evaluated] = {}
    for evaluation in evaluations:
        stretch = evaluation.step >> shift
        if evaluation.best or stretch not in kept or not kept[stretch].best:
            kept[stretch] = evaluation
    evaluations[:] = kept.values()


def _probed(state: RunState, event: Probed) -> None:
    """The last look of a run is at its result, whose weights may be of an earlier step than the looks before: they
    stay, since they tell how the layers fared."""
    for probe in event.layers:
        points = state.layers.setdefault(probe.name, [])
        point = LayerPoint(event.step, event.epoch, probe)
        if points and points[-1].step == event.step:
            points.pop()
        points.append(point)
        del points[:-LAYER_HISTORY]
    if event.arrays:
        _put(state.arrays, Arrays(event.step, event.arrays), 1)


def _sampled(state: RunState, event: Sampled) -> None:
    _put(state.samples, event, SAMPLE_HISTORY)


def _checkpointed(state: RunState, event: Checkpointed) -> None:
    """Told when it is on the disk, the best of an earlier step perhaps after the last of a later one."""
    at = bisect_left(state.checkpoints, event.step, key=_step_of)
    same = at < len(state.checkpoints) and state.checkpoints[at].step == event.step
    state.checkpoints[at : at + same] = [event]
    if len(state.checkpoints) > CHECKPOINT_HISTORY:
        del state.checkpoints[0]


def _commanded(state: RunState, event: Commanded) -> None:
    command = state.commands.get(event.id)
    if command is None:
        command = state.commands[event.id] = CommandState(event.id, event.command, event.by)
    command.result, command.why, command.value = event.result, event.why, event.value
    command.step, command.met = event.step, event.time


def _paused(state: RunState, event: Paused) -> None:
    _end_pause(state, event.time)
    state.pauses.append(Pause(event.step, event.time))


def _end_pause(state: RunState, time: float) -> None:
    if state.pauses and state.pauses[-1].end is None:
        state.pauses[-1].end = time


def _started(state: RunState, event: Started) -> None:
    _end_pause(state, event.time)
    state.sessions.append(event)


def _resumed(state: RunState, event: Resumed) -> None:
    """What came after the checkpoint never was. Commands stay: they are applied again at their recorded steps."""
    _end_pause(state, event.time)
    if event.checkpoint:
        state.resumes.append(event)
    state.history.cut(event.step)
    _cut_each(state.evaluations, event.step)
    _cut_each(state.confusions, event.step)
    _cut_each(state.layers, event.step)
    _cut(state.arrays, event.step)
    _cut(state.samples, event.step)
    _cut(state.checkpoints, event.step)
    loss, lr = state.history.latest("loss"), state.history.latest("lr")
    state.vitals.loss = loss if loss == loss else None
    state.vitals.lr = lr if lr == lr else None
    validation = state.evaluations.get("validation")
    if validation and state.vitals.latest is None:
        newest = validation[-1]
        state.vitals.latest = Point(newest.step, newest.epoch, newest.metrics.get(state.vitals.metric))


def _warned(state: RunState, event: Warned) -> None:
    state.warnings.append(event)
    if len(state.warnings) > WARNING_HISTORY:
        del state.warnings[0]


# One entry for each event with more to it than its vitals. Any: each function takes the type that is its key.
_HANDLERS: dict[type, Callable[[RunState, Any], None]] = {
    Progress: _progress,
    Planned: _planned,
    Evaluated: _evaluated,
    Probed: _probed,
    Sampled: _sampled,
    Checkpointed: _checkpointed,
    Commanded: _commanded,
    Paused: _paused,
    Started: _started,
    Resumed: _resumed,
    Warned: _warned,
}


def fold(state: RunState, event: AnyEvent) -> RunState:
    """`state` after `event`: a function of the two alone. The state is changed in place and returned, so that a
    million events take seconds; its caller owns it. Never raises, whatever the order of the events."""
    fold_vitals(state.vitals, event)
    handler = _HANDLERS.get(type(event))
    if handler is not None:
        handler(state, event)
    return state


def fold_all(events: Iterable[AnyEvent], state: RunState | None = None) -> RunState:
    """`state` (a new one where none is given) after all of `events`."""
    state = RunState() if state is None else state
    for kind, alike in groupby(events, type):
        if kind is Progress:
            _progressed(state, cast(list[Progress], list(alike)))
        else:
            for event in alike:
                fold(state, event)
    return state


def fold_command(state: RunState, command: Command) -> RunState:
    """`state` once it is known that `command` was asked; before or after its outcome."""
    known = state.commands.get(command.id)
    if known is None:
        known = state.commands[command.id] = CommandState(command.id, command.kind, command.by)
    known.asked, known.wanted = command.time, command.value
    return state


def status(state: RunState | Vitals, lock: Liveness, *, age: float = inf) -> Status:
    """See `nntui.runs.vitals.status_of`."""
    return status_of(state if isinstance(state, Vitals) else state.vitals, lock, age=age)
