"""What the curves of a comparison run over: steps, or what brings runs of different lengths beside each other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from nntui.runs.elapsed import Elapsed
from nntui.tui.chart.curves import Placed, Points, Series, points
from nntui.tui.chart.unit import STEPS, Unit

if TYPE_CHECKING:
    from nntui.runs.events import Evaluated
    from nntui.runs.history import History, Quantity
    from nntui.runs.state import RunState

Axis = Literal["step", "epoch", "time", "share"]

AXES: tuple[Axis, ...] = ("step", "epoch", "time", "share")
UNITS: Mapping[Axis, Unit] = {
    "step": STEPS,
    "epoch": Unit("epoch", 1_000_000),
    "time": Unit("time", 1000, clock=True),
    "share": Unit("share", 10_000, "%"),
}
TITLES: Mapping[Axis, str] = {
    "step": "by step", "epoch": "by epoch", "time": "by time trained", "share": "by share of the run",
}  # fmt: skip
WHOLE: Mapping[Axis, int] = {"share": 100 * 10_000}
"""Where an axis ends, if that is known."""


def lacks(axis: Axis, state: RunState) -> str:
    """What a run that has values does not tell, without which it is not on this axis; "" where it is."""
    history = state.history
    if not len(history):
        return ""
    if axis == "time":
        return "" if history.axis("time")[-1] > 0 else "times"
    if axis == "step" or (history.axis("epoch")[-1] > 0 and (axis == "epoch" or state.epochs > 0)):
        return ""
    return "epochs" if axis == "epoch" else "planned epochs"


def next_axis(axis: Axis, states: Sequence[RunState]) -> Axis:
    """The next one that at least one of the runs is on."""
    at = AXES.index(axis)
    turned = (*AXES[at + 1 :], *AXES[:at])
    return next((a for a in turned if any(len(s.history) and not lacks(a, s) for s in states)), "step")


def line(axis: Axis, state: RunState, history: History, quantity: Quantity) -> Series:
    """One quantity of a run; `history` is its own, or the exact points of a part of it."""
    series = history.series(quantity)
    return series if axis == "step" else Placed(positions(axis, state, history), series)


def evaluated(axis: Axis, state: RunState, evaluations: Sequence[Evaluated], name: str) -> Points:
    """One metric, where it was measured."""
    at = _placed(
        axis, state, [e.step for e in evaluations], [e.epoch for e in evaluations], [e.time for e in evaluations]
    )
    return points(zip(at, [e.metrics.get(name) for e in evaluations], strict=True))


def positions(axis: Axis, state: RunState, history: History) -> Sequence[int]:
    """Where the points of a history are; never falling."""
    return _placed(axis, state, history.series("loss").step, history.axis("epoch"), history.axis("time"))


def steps_between(axis: Axis, state: RunState, first: int, last: int) -> tuple[int, int] | None:
    """The steps of a run that lie between two positions, and the points around them; None where there are none."""
    if axis == "step":
        return first, last
    at, steps = positions(axis, state, state.history), state.history.series("loss").step
    begin, end = max(bisect_left(at, first) - 1, 0), min(bisect_right(at, last), len(at) - 1)
    return (steps[begin], steps[end]) if begin < end and not lacks(axis, state) else None


def _placed(
    axis: Axis, state: RunState, steps: Sequence[int], epochs: Sequence[float], times: Sequence[float]
) -> Sequence[int]:
    if axis == "step":
        return steps
    if axis == "time":
        clock = Elapsed(state)
        values = [clock.at(time) for time in times]
    else:
        whole = 1.0 if axis == "epoch" else max(state.epochs, 1) / 100
        values = [epoch / whole for epoch in epochs]
    parts = UNITS[axis].parts
    return list(accumulate((round(value * parts) for value in values), max))
