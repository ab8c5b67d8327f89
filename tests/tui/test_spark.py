"""Sparklines."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntui.tui.draw import spark
from nntui.tui.draw.charset import ASCII, BLOCKS, BRAILLE, Charset
from nntui.tui.draw.text import width

CHARSETS = [BRAILLE, BLOCKS, ASCII]


def test_levels_rise_with_values() -> None:
    assert spark.bars(range(8), 8, BRAILLE) == "▁▂▃▄▅▆▇█"
    assert spark.bars(range(6), 6, ASCII) == "_.-=*#"


def test_the_newest_values_are_shown() -> None:
    assert spark.bars([9, 9, 9, 0, 1], 2, BRAILLE) == "▁█"


def test_bounds_can_be_fixed() -> None:
    assert spark.bars([0.5, 0.5], 4, BRAILLE, low=0, high=1) == "▅▅"


def test_a_log_scale_shows_factors() -> None:
    assert spark.bars([1e-4, 1e-3, 1e-2, 1e-1], 4, BRAILLE, log=True) == "▁▃▆█"
    assert spark.bars([1e-4, 0.0, 1e-1], 4, BRAILLE, log=True) == "▁×█"


def test_what_is_not_finite_is_marked() -> None:
    assert spark.bars([1.0, None, 2.0, math.nan], 4, BRAILLE) == "▁×█×"
    assert spark.curve([3.0, 2.0, None], 5, BRAILLE)[-1] == BRAILLE.invalid
    assert spark.curve([None, None], 5, BRAILLE).strip() == BRAILLE.invalid


def test_a_curve_falls_from_left_to_right() -> None:
    assert spark.curve([4.0, 3.0, 2.0, 1.0, 0.0], 5, BRAILLE) == "⠙⠲⠦⠤⣄"
    assert spark.curve([4.0, 3.0, 2.0, 1.0, 0.0], 5, ASCII) == "'--.."


@pytest.mark.parametrize("charset", CHARSETS)
@given(values=st.lists(st.one_of(st.none(), st.floats()), max_size=300), cells=st.integers(-1, 40), log=st.booleans())
def test_any_values_fit(charset: Charset, values: list[float | None], cells: int, log: bool) -> None:
    assert width(spark.bars(values, cells, charset, log=log)) == min(max(cells, 0), len(values))
    assert width(spark.curve(values, cells, charset, log=log)) == max(cells, 0)
