"""Schedules: pure functions of progress that stay between 0 and 1."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nntui.builtin import schedules

ALL = {item.name: item for item in schedules.contributions()}
SMOOTH = [name for name in ALL if name != "step"]
progresses = st.floats(0, 1)
shares = st.floats(0, 1)
warmups = st.floats(0.001, 0.9)


def factor(name: str, **settings: Any) -> Callable[[float], float]:
    item = ALL[name]
    assert callable(item.build)
    return item.build(item.params(**settings))


def settings_of(name: str, warmup: float, final: float) -> dict[str, float]:
    given = {"warmup": warmup, "final": final}
    if name == "step":
        given["warmup"] = warmup / 2  # below the first milestone
    return {key: value for key, value in given.items() if key in ALL[name].params.model_fields}


def test_the_schedules_that_a_person_expects_are_there() -> None:
    assert set(ALL) == {"constant", "linear", "cosine", "one-cycle", "step"}
    assert all("warmup" in item.params.model_fields for item in ALL.values())


@pytest.mark.parametrize("name", list(ALL))
@given(warmup=warmups, final=shares, progress=progresses)
def test_a_factor_is_finite_and_between_0_and_1(name: str, warmup: float, final: float, progress: float) -> None:
    f = factor(name, **settings_of(name, warmup, final))
    value = f(progress)
    assert isinstance(value, float)
    assert math.isfinite(value)
    assert 0.0 <= value <= 1.0
    assert f(progress) == value


@pytest.mark.parametrize("name", list(ALL))
@given(warmup=warmups, final=shares)
def test_a_warm_up_starts_small_above_zero_and_rises_to_the_peak(name: str, warmup: float, final: float) -> None:
    settings = settings_of(name, warmup, final)
    f, end = factor(name, **settings), settings["warmup"]
    assert 0.0 < f(0.0) <= 0.05
    rising = [f(end * i / 20) for i in range(20)]
    assert rising == sorted(rising)
    assert f(end) == pytest.approx(1.0)


@pytest.mark.parametrize("name", SMOOTH)
@given(warmup=st.floats(0.05, 0.9), final=shares, progress=progresses)
def test_a_schedule_without_milestones_has_no_jumps(name: str, warmup: float, final: float, progress: float) -> None:
    f = factor(name, **settings_of(name, warmup, final))
    # No slope is steeper than half a cosine over the shorter of its two parts.
    steepest = math.pi / 2 / min(warmup, 1 - warmup)
    assert abs(f(min(1.0, progress + 1e-6)) - f(progress)) <= steepest * 1.1e-6 + 1e-9


@pytest.mark.parametrize("name", ["linear", "cosine", "one-cycle"])
@given(warmup=warmups, final=shares)
def test_a_decay_ends_at_its_final_share(name: str, warmup: float, final: float) -> None:
    f = factor(name, warmup=warmup, final=final)
    assert f(1.0) == pytest.approx(final, abs=1e-12)
    falling = [f(warmup + (1 - warmup) * i / 20) for i in range(21)]
    assert all(a >= b - 1e-12 for a, b in itertools.pairwise(falling))


@pytest.mark.parametrize("name", list(ALL))
def test_progress_outside_its_range_is_taken_for_the_nearer_end(name: str) -> None:
    f = factor(name)
    assert f(-0.5) == f(0.0)
    assert f(1.5) == f(1.0)


def test_without_warm_up_a_schedule_begins_at_the_full_rate() -> None:
    for name in ("constant", "linear", "cosine", "step"):
        assert factor(name, warmup=0.0)(0.0) == 1.0


def test_known_points_of_each_shape() -> None:
    assert factor("linear", warmup=0.0, final=0.0)(0.25) == pytest.approx(0.75)
    assert factor("cosine", warmup=0.0, final=0.0)(0.5) == pytest.approx(0.5)
    assert factor("cosine", warmup=0.2, final=0.5)(0.6) == pytest.approx(0.75)
    assert factor("one-cycle", warmup=0.3, initial=0.04)(0.0) == pytest.approx(0.04)
    assert factor("one-cycle", warmup=0.3)(0.3) == 1.0
    assert factor("constant", warmup=0.5)(0.25) == pytest.approx((0.01 + 1.0) / 2)


def test_a_step_schedule_drops_at_its_milestones_and_nowhere_else() -> None:
    f = factor("step", milestones=(0.5, 0.75), gamma=0.1)
    assert [f(p) for p in (0.0, 0.4999, 0.5, 0.7499, 0.75, 1.0)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


@pytest.mark.parametrize("milestones", [(), (0.5, 0.5), (0.7, 0.3), (0.5, 1.0), (0.0, 0.5)])
def test_milestones_that_make_no_sense_are_refused(milestones: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        schedules.StepParams(milestones=milestones)
    with pytest.raises(ValidationError, match="milestones must rise"):
        schedules.StepParams(warmup=0.6, milestones=(0.5, 0.75))
