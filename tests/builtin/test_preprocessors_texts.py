"""Words, running text, and prompts."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from opened import build, fit, opened

from nntui.builtin.datasets.characters import CharacterPreprocessor, windows
from nntui.builtin.datasets.shipped import shipped


def spelt(preprocessor: CharacterPreprocessor, codes: torch.Tensor) -> str:
    return "".join(preprocessor.spec.target.names[code] for code in codes.tolist())


def test_a_word_is_its_letters_between_spaces() -> None:
    preprocessor = opened("word-languages").preprocessor
    encoded = preprocessor.encode({"text": ["ab", "a"]})
    assert encoded["length"].tolist() == [4, 3]
    first, second = encoded["tokens"].tolist()
    assert first[0] == first[3] == second[0] == second[2]
    assert first[1] == second[1]
    assert second[3] == 0


def test_case_and_composition_do_not_matter() -> None:
    preprocessor = opened("word-languages").preprocessor
    word = "Äiti"
    encoded = preprocessor.encode({"text": [word, word.lower(), unicodedata.normalize("NFD", word)]})
    assert (encoded["tokens"] == encoded["tokens"][0]).all()


def test_a_letter_that_no_training_word_has_is_unknown() -> None:
    preprocessor = opened("word-languages").preprocessor
    assert preprocessor.encode({"text": ["ж"]})["tokens"].tolist()[0][1] == 1
    vocabulary = preprocessor.spec.inputs[0].vocabulary
    every = preprocessor.encode(opened("word-languages").source.rows(np.arange(3200)))["tokens"]
    assert int(every.max()) == vocabulary - 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_any_text_can_be_encoded(texts: list[str]) -> None:
    preprocessor = opened("word-languages").preprocessor
    encoded = preprocessor.encode({"text": texts})
    assert encoded["tokens"].shape[1] == int(encoded["length"].max())
    for row, length in zip(encoded["tokens"], encoded["length"].tolist(), strict=True):
        assert length >= 2
        assert (row[:length] > 0).all()
        assert (row[length:] == 0).all()


def test_texts_are_typed_or_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "word.txt"
    path.write_text("smörgåsbord\n", encoding="utf-8")
    raw = opened("word-languages").preprocessor.read(["hello", str(path)])
    assert raw["text"] == ["hello", "smörgåsbord"]


@pytest.mark.parametrize("name", ["word-languages", "hamlet"])
def test_texts_that_cannot_be_read_are_said(name: str, tmp_path: Path) -> None:
    read = opened(name).preprocessor.read
    (tmp_path / "latin.txt").write_bytes("é".encode("latin-1"))
    for inputs, complaint in (
        ([], "a text was expected"),
        (["  "], "is empty"),
        ([str(tmp_path / "none.txt")], r"none\.txt: there is no such file"),
        ([str(tmp_path / "latin.txt")], r"latin\.txt: byte 0 is not UTF-8"),
        (["x" * 10_001], "10,001 characters; at most 10,000"),
    ):
        with pytest.raises((ValueError, OSError), match=complaint):
            read(inputs)


@settings(max_examples=150, deadline=None)
@given(st.text("abc \n", min_size=2, max_size=60), st.integers(2, 12), st.integers(0, 15))
def test_each_character_but_the_first_is_told_exactly_once_and_in_order(text: str, context: int, overlap: int) -> None:
    source = windows(text, context, overlap)
    rows = np.arange(len(source))
    preprocessor = CharacterPreprocessor.fit(source, rows, None)
    encoded = preprocessor.encode(source.rows(rows))
    tokens, target = encoded["tokens"], encoded["target"]
    assert tokens.shape == target.shape == (len(source), context + overlap)
    asked = target != -1
    assert spelt(preprocessor, target[asked]) == text[1:]
    assert (tokens[asked] > 0).all()
    # Within a row, what is told at a place is what is read at the next.
    both = asked[:, :-1] & (tokens[:, 1:] > 0)
    assert (target[:, :-1][both] == tokens[:, 1:][both]).all()


def test_an_overlap_is_read_and_not_told() -> None:
    source = windows("abcdefghij", 3, 2)
    assert source.columns["text"] == ["abcd", "bcdefg", "efghij"]
    assert source.columns["read_only"].tolist() == [1, 3, 3]
    preprocessor = CharacterPreprocessor.fit(source, np.arange(3), None)
    target = preprocessor.encode(source.rows(np.arange(3)))["target"]
    assert (target == -1).tolist() == [[False] * 3 + [True] * 2, [True] * 2 + [False] * 3, [True] * 2 + [False] * 3]


def test_hamlet_is_whole_in_its_windows() -> None:
    text = shipped("hamlet", "hamlet.txt").read_bytes().decode("utf-8")
    one = opened("hamlet")
    told = zip(one.source.columns["text"], one.source.columns["read_only"].tolist(), strict=True)
    assert "".join(window[start:] for window, start in told) == text[1:]
    encoded = one.encoded()
    assert int((encoded["target"] != -1).sum()) == len(text) - 1 == 175_131


def test_a_character_that_training_lacks_is_asked_for_as_unknown() -> None:
    source = windows("aaaaaaaaZb", 4, 0)
    preprocessor = CharacterPreprocessor.fit(source, np.arange(2), None)
    target = preprocessor.encode(source.rows(np.arange(3)))["target"]
    assert preprocessor.coder.vocabulary == "Za"  # the last character that the second window tells is Z
    assert target[2].tolist() == [1, -1, -1, -1]


def test_prompts_carry_their_lengths_and_no_target() -> None:
    preprocessor = opened("hamlet").preprocessor
    encoded = preprocessor.encode(preprocessor.read(["To be, or not to", "Oh"]))
    assert "target" not in encoded
    assert encoded["length"].tolist() == [16, 2]
    assert encoded["tokens"].shape == (2, 16)
    assert spelt(preprocessor, encoded["tokens"][1, :2]) == "Oh"


def test_of_a_long_prompt_the_last_characters_are_kept() -> None:
    source = build("hamlet", context=16, overlap=4)
    preprocessor = fit("hamlet", source, np.arange(100), context=16, overlap=4)
    assert preprocessor.spec.inputs[0].shape == (20,)
    assert preprocessor.read(["x" * 30 + "end"])["text"] == ["x" * 17 + "end"]


def test_a_prediction_names_the_ten_likeliest_characters() -> None:
    preprocessor = opened("hamlet").preprocessor
    size = preprocessor.spec.target.size
    assert preprocessor.spec.inputs[0].vocabulary == size
    (told,) = preprocessor.decode(torch.softmax(torch.arange(size, dtype=torch.float32), 0)[None])
    assert len(told.probabilities) == 10
