"""Ranges that hold still, nice ticks, short labels, smoothing as TensorBoard draws it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntui.tui.chart.scale import (
    LABEL,
    Scales,
    brief,
    labels,
    linear_ticks,
    log_labels,
    log_ticks,
    reading,
    step_range,
    step_ticks,
    value_range,
    whole,
)
from nntui.tui.chart.smooth import Smoother, smooth

finite = st.floats(allow_nan=False, allow_infinity=False)


def test_steps_run_to_the_known_total() -> None:
    assert step_range(1, 40, 1000) == (0, 1000)


def test_steps_beyond_the_total_run_to_a_nice_number() -> None:
    assert step_range(1, 1040, 1000) == (0, 1250)


def test_the_range_of_steps_of_a_growing_run_rarely_changes() -> None:
    ranges = {step_range(1, last) for last in range(1, 100_001)}
    assert len(ranges) <= 10 * 5 + 1
    assert all(step_range(1, last)[1] >= last for last in (1, 7, 99, 101, 12_345))


def test_a_run_that_goes_on_from_a_late_step_is_not_drawn_in_the_last_corner() -> None:
    first, last = step_range(50_000, 52_000)
    assert 40_000 < first <= 50_000
    assert last >= 52_000


@pytest.mark.parametrize(("low", "high"), [(0.21, 2.3), (88.2, 89.9), (-3, 7), (0, 1), (1e-7, 3e-7), (1e6, 1e6 + 1)])
def test_bounds_are_nice_and_hold_the_values(low: float, high: float) -> None:
    bottom, top, ticks = value_range(low, high, 10)
    assert bottom <= low + (high - low) * 1e-6
    assert top >= high - (high - low) * 1e-6
    assert top - bottom <= 2 * (high - low), "half of the rows at least are used"
    assert len(ticks) >= 2


def test_bounds_stay_while_values_move_within_them() -> None:
    bottom, top, ticks = value_range(0.2, 2.3, 10)
    before = Scales(0, 100, bottom, top, False, ticks)
    assert value_range(0.1, 1.9, 10, before=before)[:2] == (bottom, top)
    assert value_range(0.1, 1.4, 10, before=before)[:2] == (bottom, top)


def test_bounds_grow_at_once_and_shrink_when_less_than_half_is_used() -> None:
    before = Scales(0, 100, 0.0, 2.5, False, (0.0, 1.0, 2.0))
    assert value_range(0.1, 9.0, 10, before=before)[1] >= 9.0
    assert value_range(0.1, 0.9, 10, before=before)[1] < 2.5


def test_a_share_has_no_bound_above_one() -> None:
    assert value_range(0.02, 0.987, 6, cap=1.0)[1] == 1.0


def test_log_ticks_are_powers_of_ten_with_2_and_5_where_there_is_room() -> None:
    assert log_ticks(1e-6, 1.0, 6) == pytest.approx((1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)[::2])
    assert log_ticks(0.1, 10.0, 20) == pytest.approx((0.1, 0.2, 0.5, 1, 2, 5, 10))
    assert log_labels((1e-6, 0.01, 1, 1000)) == ["1e-6", "0.01", "1", "1k"]


@given(finite, finite, st.integers(1, 60), st.booleans())
def test_any_values_have_a_range_and_short_labels(a: float, b: float, rows: int, log: bool) -> None:
    low, high = min(a, b), max(a, b)
    if log:
        low, high = max(abs(low), 5e-324), max(abs(high), 5e-324)
        low, high = min(low, high), max(low, high)
    bottom, top, ticks = value_range(low, high, rows, log=log)
    assert bottom < top
    scales = Scales(0, 10, bottom, top, log, ticks)
    row = scales.rows(rows * 4)
    assert 0 <= row(low) < rows * 4
    assert row(high) <= row(low)
    texts = log_labels(ticks) if log else labels(ticks)
    assert all(0 < len(text) <= LABEL for text in texts)
    assert len(ticks) <= 2 * rows + 3


@given(finite, st.booleans())
def test_any_value_is_read_in_six_cells(value: float, percent: bool) -> None:
    assert len(reading(value, percent=percent)) <= LABEL
    assert len(brief(value)) <= LABEL


def test_labels_of_close_values_are_told_apart() -> None:
    texts = labels((1e6, 1e6 + 0.5, 1e6 + 1))
    assert texts == ["1M", "+0.5", "+1.0"]


def test_ticks_are_multiples_of_their_step_and_alike_in_decimals() -> None:
    assert labels(linear_ticks(0.0, 2.5, 12)) == ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]
    assert labels((0.0, 0.5, 1.0), percent=True) == ["0", "50", "100"]


def test_readings_are_short_and_steady() -> None:
    assert [reading(v) for v in (0.312, 2.3149, 88.91, 412.3, 0.00012, 15_000)] == [
        ".312", "2.31", "88.9", "412", "1.2e-4", "15k",
    ]  # fmt: skip
    assert reading(0.8934, percent=True) == "89.3"
    assert [reading(math.nan), reading(math.inf), reading(-math.inf)] == ["nan", "inf", "-inf"]


def test_steps_on_the_axis() -> None:
    assert [whole(s) for s in (500, 1000, 1500, 12_345, 2_000_000)] == ["500", "1k", "1.5k", "12345", "2M"]
    assert step_ticks(0, 1000, 5) == [0, 200, 400, 600, 800, 1000]


def tensorboard(values: list[float], weight: float) -> list[float]:
    """The formula of TensorBoard's line chart (vz_line_chart2/line-chart.ts, resmoothDataset)."""
    last, count, out = 0.0, 0, []
    for value in values:
        if not math.isfinite(value):
            out.append(value)
            continue
        last = last * weight + (1 - weight) * value
        count += 1
        out.append(last / (1 - weight**count))
    return out


@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.sampled_from([0.3, 0.6, 0.9, 0.99]))
def test_smoothing_is_tensorboards(values: list[float], weight: float) -> None:
    steps = [7 * i for i in range(len(values))]
    assert smooth(steps, values, weight) == pytest.approx(tensorboard(values, weight), rel=1e-6, abs=1e-4)


def test_what_is_not_finite_counts_for_nothing() -> None:
    out = smooth([1, 2, 3, 4], [1.0, math.nan, math.inf, 1.0], 0.9)
    assert out[0] == out[3] == 1.0
    assert math.isnan(out[1])
    assert out[2] == math.inf


def test_smoothing_looks_alike_however_finely_a_curve_was_recorded() -> None:
    def level(step: float) -> float:
        return 2.0 if step < 500 else 1.0

    fine = smooth(range(1000), [level(s) for s in range(1000)], 0.9, unit=10)
    coarse = smooth(range(0, 1000, 5), [level(s) for s in range(0, 1000, 5)], 0.9, unit=10)
    assert fine[600] == pytest.approx(coarse[120], abs=0.03)


def test_a_smoother_that_goes_on_gives_what_one_from_the_start_gives() -> None:
    values = [math.sin(i / 9) + i % 7 for i in range(400)]
    steps = list(range(400))
    smoother = Smoother(0.9, 3.0)
    for count in (10, 150, 151, 400):
        grown = list(smoother.follow(steps[:count], values[:count], settled=count // 2))
        assert grown == smooth(steps[:count], values[:count], 0.9, 3.0)
