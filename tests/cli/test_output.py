"""Tables and prose, as a terminal and a pipe get them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntui.cli.main import run
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


def test_an_input_may_begin_with_a_minus_but_a_misspelt_option_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path)
    assert run(["predict", "absent", "-0.5,0.3", "--runs", folder]) == 2
    assert "there is no run named 'absent'" in capsys.readouterr().err  # so the input was taken as one
    assert run(["predict", "absent", "1,2", "--tpo", "3", "--runs", folder]) == 2
    assert "No such option '--tpo'" in capsys.readouterr().err
    assert run(["predict", "absent", " ", "--runs", folder]) == 2
    assert "an input is empty" in capsys.readouterr().err


def test_a_fork_asks_which_run_it_goes_on_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fork", "--at", "best"]) == 2
    assert "Missing argument 'RUN'" in capsys.readouterr().err
