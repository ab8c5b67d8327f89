"""nntui data: what data is taken for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nntui.cli.main import run


def test_a_data_set_is_shown_with_its_rows_splits_and_classes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "penguins"]) == 0
    text = capsys.readouterr().out
    for words in ("344 rows", "train 234", "Adelie", "8 numbers and 2 categories"):
        assert words in text
    assert "\x1b" not in text


def test_flags_say_how_it_is_split(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "penguins", "--data.test", "0.5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["splits"]["test"] == 172
    assert sum(found["splits"].values()) == found["rows"] == 344
    assert len(found["training_rows"]) == 64, "another run knows by it whether it saw the same rows"
    assert found["examples"] and "picture" not in found["examples"][0]


def test_pictures_are_drawn_in_characters_where_there_are_no_colours(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "digits"]) == 0
    text = capsys.readouterr().out
    assert "8 x 8 grey" in text
    assert any(shade in text for shade in "▒▓█#@")
    assert "▀" not in text


def test_what_stands_in_a_folder_is_a_path_though_a_data_set_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert run(["data", "./digits"]) == 2
    assert "digits" in (error := capsys.readouterr().err) and "1,797" not in error


@pytest.mark.parametrize("words", [["./nowhere"], ["digitz"], ["digits", "--data.testt", "3"], ["--data.test", "2"]])
def test_a_mistake_is_told_with_a_way_out(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) >= 1
