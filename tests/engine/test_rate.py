"""The learning rate is a pure function of the step over segments."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntui.engine.rate import Rate


def cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * progress))


def test_a_fresh_rate_follows_the_schedule_from_start_to_end():
    rate = Rate.fresh(cosine, 0.1, 100)
    assert rate.at(0) == pytest.approx(0.1)
    assert rate.at(50) == pytest.approx(0.05)
    assert rate.at(100) == pytest.approx(0.0)


def test_a_rate_that_is_set_holds_at_that_step_and_keeps_the_shape():
    rate = Rate.fresh(cosine, 0.1, 100)
    rate.set(50, 0.2)
    assert rate.at(49) == pytest.approx(0.1 * cosine(0.49))
    assert rate.at(50) == pytest.approx(0.2)
    assert rate.at(75) == pytest.approx(0.4 * cosine(0.75))


def test_extending_continues_the_shape_over_what_remains():
    rate = Rate.fresh(cosine, 0.1, 100)
    rate.extend(50, 200)
    assert rate.at(50) == pytest.approx(0.05)
    assert rate.progress(125) == pytest.approx(0.75)
    assert rate.at(200) == pytest.approx(0.0)
    assert rate.total == 200


def test_a_run_that_is_extended_at_its_end_goes_on_at_the_share_that_is_done_and_not_at_the_zero_of_the_end():
    rate = Rate.fresh(cosine, 0.1, 100)
    rate.extend(100, 200)
    assert rate.at(100) == pytest.approx(0.05)
    assert rate.progress(150) == pytest.approx(0.75)
    assert rate.at(200) == pytest.approx(0.0)


def test_no_rate_can_be_set_where_the_schedule_is_at_zero():
    rate = Rate.fresh(lambda _progress: 0.0, 0.1, 100)
    with pytest.raises(ValueError, match="come down to zero"):
        rate.set(100, 0.1)


changes = st.lists(
    st.tuples(st.integers(0, 400), st.one_of(st.floats(1e-6, 1.0), st.integers(1, 500))), max_size=6
).map(lambda items: sorted(items, key=lambda item: item[0]))


def changed(moves: list[tuple[int, float | int]]) -> Rate:
    rate = Rate.fresh(lambda p: 1.0 - 0.5 * p, 0.01, 100)
    for step, value in moves:
        if isinstance(value, int):
            rate.extend(step, max(rate.total, step) + value)
        else:
            rate.set(step, value)
    return rate


@given(changes)
def test_a_rate_survives_json_to_the_bit(moves):
    rate = changed(moves)
    again = Rate.from_json(rate.schedule, rate.to_json())
    assert [again.at(s) for s in range(0, 600, 7)] == [rate.at(s) for s in range(0, 600, 7)]


@given(changes)
def test_progress_stays_within_the_run_and_never_goes_back_before_its_end(moves):
    rate = changed(moves)
    assert all(0 <= rate.progress(s) <= 1 for s in range(rate.total + 1))
    underway = changed([move for move in moves if move[0] < 100])  # the total is 100 at first, and only grows
    progress = [underway.progress(s) for s in range(underway.total + 1)]
    assert all(later >= earlier - 1e-12 for earlier, later in itertools.pairwise(progress))


@given(changes, st.integers(0, 400))
def test_a_change_leaves_earlier_steps_as_they_were(moves, step):
    rate = changed([m for m in moves if m[0] <= step])
    before = [rate.at(s) for s in range(step)]
    rate.set(step, 0.5)
    rate.extend(step, max(rate.total, step) + 10)
    assert [rate.at(s) for s in range(step)] == before
