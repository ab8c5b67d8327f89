"""Tables and prose, as a terminal and a pipe get them."""

from __future__ import annotations

import pytest

from nntui.cli.output import folded, table


def test_numbers_stand_to_the_right_and_words_to_the_left(capsys: pytest.CaptureFixture[str]) -> None:
    table(["name", "rows", "share", "what"], [["a", "1,797", "9.5%", "x1"], ["long", "70", "", "y"]])
    assert capsys.readouterr().out.splitlines() == [
        "name   rows  share  what",
        "a     1,797   9.5%  x1",
        "long     70         y",
    ]


def test_prose_is_folded_between_words_and_a_command_that_stands_alone_is_not() -> None:
    text = "error: the well-known loss ran away\n  nntui train --resume quick-otter-7 --force\n  try a smaller lr value"
    assert folded(text, 24).splitlines() == [
        "error: the well-known",
        "  loss ran away",
        "  nntui train --resume quick-otter-7 --force",
        "  try a smaller lr value",
    ]
    assert folded(text, 200) == text
    assert folded("takes          features, image, sequence", 30, 15).splitlines() == [
        "takes          features,",
        "               image, sequence",
    ]
