"""Whatever a panel returns becomes lines that fit and hold no control character, or is refused in a sentence."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, ConsoleOptions, RenderResult
from rich.panel import Panel
from rich.segment import ControlType, Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from nntui.hooks.contributions import Space
from nntui.hooks.isolation import PluginFailure
from nntui.tui.draw.charset import ASCII, BRAILLE
from nntui.tui.draw.meanings import MEANINGS
from nntui.tui.draw.text import Line, text_of, width
from nntui.tui.palette import DARK, Palette
from nntui.tui.plugin_panels.drawing import Undrawable, drawn
from nntui.tui.plugin_panels.telling import View, heard, rows_and_foot
from nntui.tui.plugin_panels.wire import MOST_LINES, Drawn, Failure, Staged

SPACE = Space(width=40, height=10)


def texts(lines: list[Line]) -> list[str]:
    return [text_of(line) for line in lines]


def unsafe(lines: list[Line]) -> set[str]:
    return {c for text in texts(lines) for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


# what a panel may return


def test_text_is_drawn_line_by_line() -> None:
    assert texts(drawn("one\ntwo [bold]x[/bold]\n", SPACE)) == ["one", "two [bold]x[/bold]"]


def test_lines_are_spans_of_text_and_style() -> None:
    lines = [[("loss ", "muted"), ("0.1", "strong bad")], "plain", ["also ", ("#", "#010203 on #a0b0c0")]]
    assert drawn(lines, SPACE) == [
        [("loss ", "muted"), ("0.1", "strong bad")],
        [("plain", "")],
        [("also ", ""), ("#", "#010203 on #a0b0c0")],
    ]


def test_lines_may_be_yielded() -> None:
    def endless() -> Iterator[str]:
        while True:
            yield "again"

    assert texts(drawn(endless(), SPACE)) == ["again"] * MOST_LINES


def test_a_function_is_given_the_room() -> None:
    assert texts(drawn(lambda space: f"{space.width}x{space.height}", SPACE)) == ["40x10"]


def test_nothing_is_drawn_for_none() -> None:
    assert drawn(None, SPACE) == []


def test_a_table_of_rich_fits_the_room() -> None:
    table = Table("name", "value")
    table.add_row("a long name " * 10, "[not markup]")
    lines = drawn(table, SPACE)
    assert max(map(width, lines)) <= 40
    assert "[not markup]" in " ".join(" ".join(texts(lines)).split())


def test_borders_are_ascii_where_the_terminal_draws_no_more() -> None:
    framed = Panel(Table("a", "b"))
    assert not "".join(texts(drawn(framed, SPACE))).isascii()
    assert "".join(texts(drawn(framed, Space(width=40, height=10, charset="ascii")))).isascii()


def test_a_renderable_is_told_the_height() -> None:
    class Tall:
        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            yield f"{options.max_height} of {options.max_width}"

    assert texts(drawn(Tall(), SPACE)) == ["10 of 40"]


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("red", "bad"),
        ("bold bright_green", "strong good"),
        ("dim", "muted"),
        ("reverse underline", "reverse underline"),
        ("#010203 on #0a0b0c", "#010203 on #0a0b0c"),
        ("color(196)", "#ff0000"),
        ("white on blue", "on key"),
        ("italic link https://example.com blink", ""),
    ],
)
def test_styles_of_rich_become_words_of_the_theme(style: str, words: str) -> None:
    ((span,),) = drawn(Text("x", style=style), SPACE)
    assert span == ("x", words)
    Palette.of(DARK).style(words)


# what it may not


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "returned int: a Rich renderable, text, or a list of lines was expected"),
        (b"bytes", "returned bytes"),
        ({"a": 1}, "returned dict"),
        (Table, "returned type"),
        (lambda space: lambda space: "x", "returned function"),
        ([3], "returned int for line 1"),
        (["fine", [("a", "b", "c")]], "returned ('a', 'b', 'c') in line 2"),
        ([[("a", 3)]], "has the style 3"),
        ([[("a", "strong blue")]], "has a style with 'blue', which means nothing; there are strong"),
        ([[("a", "#12345")]], "has a style with '#12345'"),
        ("x" * 300_000, "returned 300,000 characters: at most 200,000"),
        (["x" * 300_000], "returned 300,000 characters"),
        (Text("x" * 300_000), "returned 300,000 characters"),
    ],
)
def test_what_is_no_drawing_is_refused_in_a_sentence(value: object, said: str) -> None:
    with pytest.raises(Undrawable) as refused:
        drawn(value, SPACE)
    assert said in refused.value.message
    assert isinstance(refused.value, PluginFailure)


def test_escapes_links_and_control_codes_do_not_get_through() -> None:
    class Hostile:
        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            yield Segment("title\x1b]0;gone\x07", Style(link="https://example.com"))
            yield Segment("\x1b[2J", None, [(ControlType.CLEAR,)])
            yield Segment("\u202egnp\r\x9b31m\ntwo")

    for value in (Hostile(), "\x1b[31mred\x07\u202e", [[("\x1b[31mred", "bad")]]):
        lines = drawn(value, SPACE)
        assert unsafe(lines) == set() and all(style in ("", "bad") for line in lines for _, style in line)
    assert "clear" not in "".join(texts(drawn(Hostile(), SPACE))).lower()


@given(st.text(), st.integers(1, 30))
def test_any_text_fits_and_is_safe(text: str, cells: int) -> None:
    space = Space(width=cells, height=5)
    for value in (text, [text], [[(text, "bad")]], Text(text)):
        lines = drawn(value, space)
        assert unsafe(lines) == set()
        assert all(width(line) <= cells for line in lines)


def test_every_meaning_is_a_style_of_every_theme() -> None:
    for meaning in MEANINGS:
        assert drawn([[("x", meaning)]], SPACE) == [[("x", meaning)]]
        Palette.of(DARK).style(meaning)


# what the panel shows


def view(**changes: Any) -> View:
    return View(panel="odd/loss", **changes)


def shown(view: View, height: int = 8, cells: int = 60) -> list[str]:
    rows, foot = rows_and_foot(view, cells, height, BRAILLE)
    assert len(foot) < height and all(width(line) <= cells for line in rows + foot)
    assert view.failure is None or len(rows) <= height
    return texts(rows + foot)


def test_it_says_what_it_waits_for() -> None:
    assert shown(view()) == ["odd/loss is being imported …"]
    assert shown(heard(view(), Staged("reading"))) == ["odd/loss reads the run …"]
    assert shown(heard(view(), Drawn(lines=[]))) == ["odd/loss has nothing to show yet"]
    assert texts(rows_and_foot(view(), 60, 8, ASCII)[0]) == ["odd/loss is being imported ~"]


def test_a_failure_says_whose_it_is_and_what_to_do() -> None:
    trace = "Traceback (most recent call last):\n" + "".join(f"  frame {n}\n" for n in range(20)) + "ValueError: no"
    failed = heard(
        view(), Failure(message="raised ValueError: no \x1b[1m", advice="try\nmore", trace=trace, ended=True)
    )
    lines = shown(failed, height=8)
    assert lines[0] == "odd/loss raised ValueError: no ?[1m"
    assert lines[1:4] == ["  frame 18", "  frame 19", "ValueError: no"]
    assert lines[4:] == ["try", "more", "nntui plugins disable odd", "enter starts it again"]
    for height in range(1, 12):
        for cells in (5, 20, 60):
            shown(failed, height, cells)
    assert "nntui plugins disable odd" in shown(failed, height=4)


def test_nntuis_own_panel_is_not_to_be_disabled() -> None:
    failed = View(panel="builtin/metrics", failure=Failure(message="raised"))
    assert not any("disable" in line for line in shown(failed))


def test_a_drawing_takes_the_place_of_a_failure() -> None:
    failed = heard(view(), Failure(message="raised"))
    assert shown(heard(failed, Drawn(lines=[[("well", "")]], printed="hello"))) == ["well", "printed: hello"]


def test_what_comes_from_the_process_is_trusted_no_more_than_the_plugin() -> None:
    evil = heard(view(), Drawn(lines=[[("\x1b[2J", "")]], printed="\x1b[2J"))
    assert [unsafe(lines) for lines in rows_and_foot(evil, 40, 5, BRAILLE)] == [set(), set()]
