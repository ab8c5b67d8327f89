"""How long a run had trained at a time: its pauses, and the gaps between its processes, left out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntui.runs.state import RunState


class Elapsed:
    """The clock of what a run is made of: work that a resume took back is not in it. Times in seconds since 1970."""

    def __init__(self, state: RunState) -> None:
        times = state.history.axis("time")
        self.begun = _begun(state, times)
        pauses = [(pause.begin, pause.end) for pause in state.pauses if pause.end is not None]
        idle = _apart([*pauses, *_gaps(state, times, self.begun)])
        self._begin = [begin for begin, _ in idle]
        self._end = [end for _, end in idle]
        self._before = [0.0, *accumulate(end - begin for begin, end in idle)]
        """Idle seconds before each of them."""

    def at(self, time: float) -> float:
        """Seconds of training up to a time; 0 before the first."""
        i = bisect_right(self._begin, time)
        idle = self._before[i]
        if i and time < self._end[i - 1]:
            idle -= self._end[i - 1] - time
        return max(time - self.begun - idle, 0.0)


def _begun(state: RunState, times: Sequence[float]) -> float:
    """When it began to train. The plan that is known is that of the last process."""
    first = times[0] if times else inf
    if len(state.sessions) == 1 and state.plan is not None and state.plan.time <= first:
        return state.plan.time
    began = state.sessions[0].time if state.sessions else first
    return min(began, first) if began < inf else 0.0


def _gaps(state: RunState, times: Sequence[float], begun: float) -> Iterable[tuple[float, float]]:
    """From the last point that was kept of a process to where the next one goes on."""
    for i, session in enumerate(state.sessions[1:], 1):
        before = bisect_left(times, session.time)
        following = state.sessions[i + 1].time if i + 1 < len(state.sessions) else inf
        on = (resumed.time for resumed in state.resumes if session.time <= resumed.time < following)
        yield times[before - 1] if before else begun, next(on, session.time)


def _apart(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same time in spans that do not overlap, in order."""
    out: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        elif end > begin:
            out.append((begin, end))
    return out
