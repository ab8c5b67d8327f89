"""How long a run had trained: pauses, and the time between its processes, are none of it."""

from __future__ import annotations

from nntui.runs.elapsed import Elapsed
from nntui.runs.events import Event, Paused, Planned, Progress, Resumed, Started
from nntui.runs.state import fold_all

NOON = 1_000_000.0


def started(at: float) -> Started:
    return Started(nntui="0.1.0", host="h", boot_id="b", pid=1, time=NOON + at)


def planned(at: float) -> Planned:
    return Planned(layers=[], parameters=1, splits={}, epochs=4, steps_per_epoch=10,
                   metric="accuracy", maximize=True, time=NOON + at)  # fmt: skip


def point(step: int, at: float) -> Progress:
    return Progress(step=step, epoch=step / 10, loss=1.0, lr=0.1, samples_per_second=1.0, time=NOON + at)


def elapsed(events: list[Event], *times: float) -> list[float]:
    clock = Elapsed(fold_all(events))
    return [clock.at(NOON + time) for time in times]


def test_it_begins_with_the_plan_and_leaves_out_what_was_before() -> None:
    assert elapsed([started(0), planned(5), point(1, 6), point(2, 9)], 0, 5, 6, 9) == [0, 0, 1, 4]


def test_a_pause_is_left_out() -> None:
    events = [started(0), planned(0), point(1, 10), Paused(step=1, time=NOON + 20), Resumed(step=1, time=NOON + 120),
              point(2, 130)]  # fmt: skip
    assert elapsed(events, 10, 20, 70, 120, 130) == [10, 20, 20, 20, 30]


def test_the_time_between_two_processes_is_left_out_and_what_the_second_took_back() -> None:
    events = [started(0), planned(0), point(1, 10), point(2, 20), point(3, 30), started(1000), planned(1005),
              Resumed(step=2, checkpoint="step-2", time=NOON + 1010), point(3, 1020), point(4, 1030)]  # fmt: skip
    assert elapsed(events, 20, 1020, 1030) == [20, 30, 40]


def test_a_run_that_was_killed_in_a_pause_has_one_gap() -> None:
    events = [started(0), planned(0), point(1, 10), Paused(step=1, time=NOON + 11), started(100), planned(101),
              Resumed(step=1, checkpoint="step-1", time=NOON + 102), point(2, 112)]  # fmt: skip
    assert elapsed(events, 10, 112) == [10, 20]


def test_a_run_that_has_told_nothing_has_trained_no_time() -> None:
    assert elapsed([started(0)], 0) == [0]
