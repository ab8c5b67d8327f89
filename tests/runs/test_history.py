"""A history of any length is small, true to its points, and never moves its past."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_events import progress

from nntui.runs import history as module
from nntui.runs.events import Progress
from nntui.runs.history import QUANTITIES, History


@pytest.fixture(autouse=True, scope="module")
def few_buckets():
    """Bounds that a test reaches with a few dozen points."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BUCKETS", 16)
        patch.setattr(module, "NEWEST", 4)
        yield


def folded(points: list[Progress]) -> History:
    history = History()
    history.extend(points)
    return history


def columns(history: History) -> list[list[float | None]]:
    shown = [list(column) for name in QUANTITIES for column in vars(history.series(name)).values()]
    shown += [list(history.axis("epoch")), list(history.axis("time"))]
    return [[None if value != value else value for value in column] for column in shown]


values = st.floats(-1e6, 1e6) | st.floats(allow_nan=False, allow_infinity=False) | st.none()
gaps = st.lists(st.tuples(st.integers(1, 3) | st.integers(1, 500), values, values), max_size=120)


def points_of(gaps: list[tuple[int, float | None, float | None]], begin: int = 0) -> list[Progress]:
    points = []
    for gap, loss, norm in gaps:
        begin += gap
        points.append(progress(begin, loss, grad_norm=norm, lr=begin / 7))
    return points


@given(gaps, st.lists(st.integers(0, 120), max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_pieces_in_which_points_come_make_no_difference(gaps, cuts):
    points = points_of(gaps)
    edges = [0, *sorted(min(cut, len(points)) for cut in cuts), len(points)]
    pieces, single = History(), History()
    for begin, end in pairwise(edges):
        pieces.extend(points[begin:end])
    for point in points:
        single.add(point)
    assert columns(folded(points)) == columns(pieces) == columns(single)


@given(gaps)
@settings(max_examples=200, deadline=None)
def test_buckets_tell_the_truth_about_their_points(gaps):
    points = points_of(gaps)
    history = folded(points)
    loss, norm = history.series("loss"), history.series("grad_norm")
    assert len(history.first) <= 16 and len(loss) == len(history)
    assert not any(norm.invalid)
    begins = [*loss.step, math.inf]
    for i, (begin, end) in enumerate(pairwise(begins)):
        inside = [p for p in points if begin <= p.step < end]
        for series, given_ in ((loss, [p.loss for p in inside]), (norm, [p.grad_norm for p in inside])):
            finite = [value for value in given_ if value is not None]
            if finite:
                assert (series.low[i], series.high[i]) == (min(finite), max(finite))
                mean = math.fsum(value / len(finite) for value in finite)
                assert series.mean[i] == pytest.approx(mean, rel=1e-9, abs=1e-12 * max(map(abs, finite)))
                assert series.low[i] <= series.mean[i] <= series.high[i]
            else:
                assert math.isnan(series.low[i]) and math.isnan(series.high[i]) and math.isnan(series.mean[i])
        assert bool(loss.invalid[i]) == any(p.loss is None for p in inside)
        assert inside[0].step == begin and history.axis("epoch")[i] == inside[0].epoch
    assert sum(1 for p in points if p.step >= begins[0]) == len(points)


@given(gaps)
@settings(max_examples=100, deadline=None)
def test_buckets_are_aligned_and_never_move(gaps):
    """Each bucket lies in one aligned stretch of steps, and what was once a bucket's begin can only be merged away."""
    history = History()
    before: list[int] = []
    for point in points_of(gaps):
        history.add(point)
        starts = list(history.series("loss").step)
        stretches = [step >> history.shift for step in history.first]
        assert stretches == sorted(set(stretches))
        assert all(a >> history.shift == b >> history.shift for a, b in zip(history.first, history.last, strict=True))
        assert set(starts) <= {*before, point.step}
        before = starts


@given(gaps, gaps, st.integers(0, 4000))
@settings(max_examples=150, deadline=None)
def test_a_cut_leaves_what_was_before_and_nothing_of_what_came_after(first, again, back):
    points = points_of(first)
    kept = [p for p in points if p.step <= back]
    history = folded(points)
    was_exact = history.exact
    history.cut(back)
    assert history.last_step <= back
    later = points_of(again, begin=back)
    history.extend(later)
    if was_exact and history.exact:
        assert columns(history) == columns(folded([*kept, *later]))
    else:  # one bucket at most is missing
        shown, true = set(history.series("loss").step), {p.step for p in [*kept, *later]}
        assert shown <= true
        missing = {p.step >> history.shift for p in kept} - {step >> history.shift for step in shown}
        assert len(missing) <= 1


def test_a_cut_among_the_newest_points_is_exact_in_a_long_history():
    points = [progress(step, 1 / step) for step in range(1, 1001)]
    history = folded(points)
    assert not history.exact
    history.cut(998)
    assert history.last_step == 998 and history.latest("loss") == 1 / 998
    history.extend(points[998:])
    assert columns(history)[0][-4:] == [997, 998, 999, 1000]


def test_a_rewind_in_the_middle_of_a_piece_takes_the_place_of_what_it_repeats():
    history = folded([progress(step, float(i)) for i, step in enumerate([1, 2, 3, 2, 3, 4, 1])])
    loss = history.series("loss")
    assert list(loss.step) == [1] and list(loss.mean) == [6.0]


def test_values_that_are_not_finite_are_marked_whatever_told_them():
    history = folded([progress(1, math.inf), progress(2, None), progress(3, 0.5)])
    loss = history.series("loss")
    assert list(loss.invalid) == [1, 1, 0] and math.isnan(loss.mean[0]) and loss.mean[2] == 0.5
    assert list(history.series("grad_norm").invalid) == [0, 0, 0]


@given(gaps, gaps)
@settings(max_examples=60, deadline=None)
def test_a_kept_history_goes_on_as_if_it_had_never_been_away(first, again):
    points = points_of(first)
    later = points_of(again, begin=history_end(points))
    kept = History.from_plain(folded(points).to_plain())
    kept.extend(later)
    assert columns(kept) == columns(folded([*points, *later]))


def history_end(points: list[Progress]) -> int:
    return points[-1].step if points else 0


def test_a_damaged_history_is_refused():
    plain = folded([progress(1), progress(2)]).to_plain()
    plain["columns"][-1] = plain["columns"][-1][:8]
    with pytest.raises(ValueError, match="lengths"):
        History.from_plain(plain)


def test_series_may_be_kept_while_the_history_grows():
    history = folded([progress(1)])
    series = history.series("loss")
    history.extend([progress(step) for step in range(2, 100)])
    assert list(series.step) == [1]
