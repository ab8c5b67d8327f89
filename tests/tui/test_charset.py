"""Which characters a terminal is given."""

from __future__ import annotations

import pytest

from nntui.tui.draw.charset import detect


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
