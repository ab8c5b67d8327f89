"""Which characters a terminal is given."""

from __future__ import annotations

import pytest

from nntui.tui.draw.charset import CHARSETS, Charset, detect
from nntui.tui.draw.text import width


@pytest.mark.parametrize(
    ("environment", "encoding", "name"),
    [
        ({"LANG": "en_US.UTF-8"}, "utf-8", "braille"),
        ({"LANG": "de_DE.utf8@euro"}, "UTF-8", "braille"),
        ({"LANG": "en_US"}, "utf-8", "braille"),
        ({}, "utf-8", "braille"),
        ({"LANG": "C"}, "utf-8", "ascii"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, "utf-8", "ascii"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "utf-8", "ascii"),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C.UTF-8"}, "utf-8", "braille"),
        ({"LANG": "en_US.UTF-8"}, "iso8859-1", "ascii"),
        ({"LANG": "en_US.ISO-8859-1"}, "utf-8", "ascii"),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, "utf-8", "blocks"),
        ({"LANG": "en_US.UTF-8", "TERM": "vt100"}, "utf-8", "ascii"),
    ],
)
def test_what_the_locale_and_the_terminal_say(environment: dict[str, str], encoding: str, name: str) -> None:
    assert detect(environment, encoding).name == name


@pytest.mark.parametrize("charset", CHARSETS.values(), ids=lambda charset: charset.name)
def test_what_stands_on_one_chart_is_told_apart_by_its_mark_not_by_its_colour_alone(charset: Charset) -> None:
    marks = [charset.command, charset.checkpoint, charset.best, charset.invalid, charset.point, charset.epoch]
    assert len(set(marks)) == len(marks)
    assert all(width(mark) == 1 for mark in marks)
