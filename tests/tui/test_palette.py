"""What a few words of style become, with colours and without."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from nntui.tui.colourless import Colourless
from nntui.tui.palette import MEANINGS, THEMES, Palette


@pytest.mark.parametrize("theme", THEMES, ids=[theme.name for theme in THEMES])
def test_without_colours_no_meaning_has_one_and_what_is_chosen_is_reversed(theme) -> None:
    palette = Palette.of(theme, colourless=True)
    for meaning in (*MEANINGS, "strong bad", "reverse strong accent", "#aabbcc on #112233"):
        shown = Colourless().apply([Segment("x", palette.style(meaning))], Color(0, 0, 0))[0].style
        assert shown is None or (shown.color is None and shown.bgcolor is None)
    assert palette.style("cursor muted").reverse and palette.style("reverse accent").reverse
    assert palette.style("muted").dim and palette.style("key").bold and not palette.style("strong muted").dim


def test_what_a_click_means_and_attributes_stay() -> None:
    style = Style(color="red", bgcolor="blue", bold=True, underline=True, meta={"at": 3})
    (segment,) = Colourless().apply([Segment("x", style)], Color(0, 0, 0))
    assert segment.style == Style(bold=True, underline=True, meta={"at": 3}) and segment.style.meta == {"at": 3}
    assert Colourless().apply([Segment("x")], Color(0, 0, 0)) == [Segment("x")]
