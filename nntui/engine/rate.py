"""The learning rate: a pure function of the step over segments. A command opens a new segment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

Schedule = Callable[[float], float]
"""progress in 0..1 -> factor"""


@dataclass(frozen=True)
class Segment:
    """From `step` on: the schedule's progress there, the base rate, and the step at which progress reaches 1."""

    step: int
    progress: float
    base: float
    total: int


class Rate:
    """The learning rate of every step of a run."""

    def __init__(self, schedule: Schedule, segments: Sequence[Segment]) -> None:
        self.schedule = schedule
        self.segments = list(segments)

    @classmethod
    def fresh(cls, schedule: Schedule, base: float, total: int, step: int = 0) -> Rate:
        """A schedule from its beginning. After a fork at `step` it goes on at the share that has been done."""
        return cls(schedule, [Segment(step, step / total if total else 0.0, base, total)])

    @property
    def total(self) -> int:
        """Steps of the whole run."""
        return self.segments[-1].total

    def progress(self, step: int) -> float:
        segment = next(s for s in reversed(self.segments) if s.step <= step or s is self.segments[0])
        span = segment.total - segment.step
        if span <= 0:
            return 1.0
        return min(1.0, segment.progress + (1.0 - segment.progress) * (step - segment.step) / span)

    def factor(self, step: int) -> float:
        return float(self.schedule(self.progress(step)))

    def at(self, step: int) -> float:
        """The learning rate of the update that leads from `step` to `step + 1`."""
        segment = self.segments[-1]
        if step < segment.step:
            segment = next(s for s in reversed(self.segments) if s.step <= step or s is self.segments[0])
        return segment.base * self.factor(step)

    def set(self, step: int, lr: float) -> float:
        """From `step` on the rate is `lr` there, and keeps the schedule's shape. Returns the new base rate.

        Raises ValueError where the schedule is at zero, or so near to it that no finite base can give `lr`.
        """
        factor = self.factor(step)
        if factor <= 0 or not isfinite(lr / factor):
            raise ValueError("the schedule has come down to zero here: no learning rate can be set any more")
        self._open(replace(self.segments[-1], step=step, progress=self.progress(step), base=lr / factor))
        return lr / factor

    def extend(self, step: int, total: int) -> None:
        """The run ends at `total` steps instead: the schedule's shape is stretched over what remains.

        Where nothing of the shape remains (the run has come to its end, and many schedules to zero), it goes on at
        the share of the new total that has been done: else the run would train on at that zero.
        """
        progress = self.progress(step)
        if progress >= 1.0 and total > step:
            progress = step / total
        self._open(replace(self.segments[-1], step=step, progress=progress, total=total))

    def _open(self, segment: Segment) -> None:
        self.segments = [s for s in self.segments if s.step < segment.step] + [segment]

    def to_json(self) -> list[list[Any]]:  # numbers, as JSON has them
        return [[s.step, s.progress, s.base, s.total] for s in self.segments]

    @classmethod
    def from_json(cls, schedule: Schedule, data: Sequence[Sequence[Any]]) -> Rate:
        return cls(schedule, [Segment(int(s), float(p), float(b), int(t)) for s, p, b, t in data])
