"""Running text of a person's own: what is read, how it is cut, what it costs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui import UserError
from nntui.builtin.datasets.characters import CharacterPreprocessor
from nntui.builtin.datasets.coders import Coder, Unit, characters_of
from nntui.builtin.datasets.own.running import build, sniff
from nntui.builtin.datasets.params import RunningTextParams
from nntui.builtin.datasets.source import Rows
from nntui.engine.meters import make_meter
from nntui.engine.split import split_rows
from nntui.hooks.data import DataContext
from nntui.spec.model import DataSettings

UNITS: tuple[Unit, ...] = ("char", "byte", "word", "bpe")
BOOK = "".join(
    f"Chapter {n}. The cat sat on the {('mat', 'roof', 'wall')[n % 3]}; it rained — “again”.\n" for n in range(60)
)


def opened(path: Path, test: Path | None = None, **params: Any) -> Rows[Any]:
    return build(RunningTextParams(**params), DataContext(path=str(path), test=None if test is None else str(test)))


def fitted(source: Rows[Any], train: np.ndarray | None = None) -> CharacterPreprocessor:
    return CharacterPreprocessor.fit(source, np.arange(len(source)) if train is None else train, None)


def told(preprocessor: CharacterPreprocessor, target: torch.Tensor) -> str:
    pieces = preprocessor.pieces
    return b"".join(pieces[code] for code in target[target != -1].tolist()).decode()


@pytest.mark.parametrize("unit", UNITS)
def test_every_token_but_the_first_is_told_once_and_in_order(tmp_path: Path, unit: Unit) -> None:
    (tmp_path / "book.txt").write_text(BOOK, encoding="utf-8")
    for overlap in (0, 20):
        source = opened(tmp_path / "book.txt", tokens=unit, context=40, overlap=overlap, vocabulary=300)
        preprocessor = fitted(source)
        encoded = preprocessor.encode(source.rows(np.arange(len(source))))
        said = told(preprocessor, encoded["target"])
        assert BOOK.endswith(said)
        assert len(BOOK) - len(said) <= len("Chapter ")
        asked = encoded["target"] != -1
        assert (encoded["tokens"][asked] > 0).all()
        # What is told at a place is what is read at the next.
        both = asked[:, :-1] & (encoded["tokens"][:, 1:] > 0)
        assert (encoded["target"][:, :-1][both] == encoded["tokens"][:, 1:][both]).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.sampled_from(["byte", "word", "bpe"]))
def test_any_text_comes_back_from_its_codes(texts: list[str], unit: Unit) -> None:
    coder = Coder.fit(["the cat and the hat and the mat"], unit, 300)
    for text, codes in zip(texts, coder.encode(texts), strict=True):
        assert b"".join(coder.pieces[code] for code in codes) == text.encode()
        assert sum(characters_of(coder.pieces[code]) for code in codes) == len(text)
        assert all(2 <= code < coder.size for code in codes)


def test_a_vocabulary_has_no_more_entries_than_were_asked_for_and_no_two_names_alike() -> None:
    for unit in ("word", "bpe"):
        coder = Coder.fit([BOOK], unit, 290)
        assert 258 < coder.size <= 292
        assert len(set(coder.names)) == coder.size


def test_tokens_are_fitted_on_training_rows_alone(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text(BOOK + "zyzzyva qoph " * 40, encoding="utf-8")
    for unit in UNITS:
        source = opened(tmp_path / "book.txt", tokens=unit)
        splits = split_rows(source, DataSettings(test=0.1, validation=0.111))
        assert splits["train"].max() < splits["validation"].min() <= splits["validation"].max() < splits["test"].min()
        state = json.dumps(fitted(source, splits["train"]).to_json())
        other = build_changed(source, splits)
        assert json.dumps(fitted(other, splits["train"]).to_json()) == state
        assert "zyzz" not in state


def build_changed(source: Rows[Any], splits: Any) -> Rows[Any]:
    """The same rows with other texts where they are not for training."""
    train = set(splits["train"].tolist())
    texts = [text if row in train else "§" * len(text) for row, text in enumerate(source.columns["text"])]
    return Rows(columns={**source.columns, "text": texts}, facts=source.facts, fingerprint="", time=source.time)


@pytest.mark.parametrize("unit", UNITS)
def test_a_fitted_preprocessor_lives_on_as_plain_json(tmp_path: Path, unit: Unit) -> None:
    (tmp_path / "book.txt").write_text(BOOK, encoding="utf-8")
    source = opened(tmp_path / "book.txt", tokens=unit)
    one = fitted(source)
    other = CharacterPreprocessor.from_json(json.loads(json.dumps(one.to_json())))
    rows = source.rows(np.arange(3))
    for name, tensor in one.encode(rows).items():
        assert torch.equal(tensor, other.encode(rows)[name])
    assert other.spec == one.spec
    if unit in ("word", "bpe"):
        state = one.to_json()
        state["coder"]["tokenizer"] = {"model": 1}
        with pytest.raises(ValueError, match="not whole"):
            CharacterPreprocessor.from_json(state).encode(rows)


def test_bits_per_character_compare_across_tokens(tmp_path: Path) -> None:
    """A network that knows nothing spends log2(V) bits on a token; the figures differ by the tokens' sizes alone."""
    text = "über den Wolken " * 40
    (tmp_path / "song.txt").write_text(text, encoding="utf-8")
    for unit in UNITS:
        source = opened(tmp_path / "song.txt", tokens=unit, vocabulary=260)
        preprocessor = fitted(source)
        encoded = preprocessor.encode(source.rows(np.arange(len(source))))
        size = preprocessor.spec.target.size
        meter = make_meter(preprocessor.spec, "cross-entropy", torch.device("cpu"))
        for row in range(len(source)):  # batch by batch
            batch = {"target": encoded["target"][row : row + 1]}
            meter.update(torch.zeros(*batch["target"].shape, size), batch)
        metrics = meter.compute().metrics
        said = told(preprocessor, encoded["target"])
        tokens = int((encoded["target"] != -1).sum())
        assert metrics["bits_per_char"] == pytest.approx(math.log2(size) * tokens / len(said))
        if unit != "char":
            assert metrics["bits_per_token"] == pytest.approx(math.log2(size))
            assert metrics["bits_per_byte"] == pytest.approx(math.log2(size) * tokens / len(said.encode()))


def test_a_folder_is_read_in_order_and_no_window_reads_from_two_files(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("b" * 150)
    (tmp_path / "a.txt").write_text("a" * 150)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "zip.md").write_bytes(b"PK\x03\x04 and so on")
    source = opened(tmp_path, context=50)
    assert all(len(set(text)) == 1 for text in source.columns["text"])
    assert [text[0] for text in source.columns["text"]] == ["a"] * 3 + ["b"] * 3
    assert source.places(np.array([0, 3])) == ["a.txt, line 1", "b.txt, line 1"]
    skipped = {finding.message: finding.places for finding in source.report.findings if finding.kind == "skipped"}
    assert skipped["a text is empty"] == ("empty.txt",)
    assert skipped["its name is not that of a text"] == ("picture.png",)
    assert {place for places in skipped.values() for place in places} >= {"binary.txt", "zip.md"}


def test_train_and_test_folders_are_the_splits(tmp_path: Path) -> None:
    for split, letter in (("train", "a"), ("test", "b"), ("val", "c")):
        (tmp_path / split).mkdir()
        (tmp_path / split / "one.txt").write_text(letter * 300)
    source = opened(tmp_path, context=100)
    texts = source.columns["text"]
    assert {name: {texts[row][0] for row in rows} for name, rows in source.given.items()} == {
        "train": {"a"},
        "test": {"b"},
        "validation": {"c"},
    }
    other = tmp_path / "later.txt"
    other.write_text("d" * 300)
    source = opened(tmp_path / "train", other, context=100)
    assert {source.columns["text"][row][0] for row in source.given["test"]} == {"d"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_is_the_same_in_any_encoding_and_composition(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "song.txt"
    path.write_bytes(("Größe\r\nwächst über Mühe.\r\n" * 9).encode(encoding))
    one = opened(path)
    path.write_text("Gro\u0308ße\nwa\u0308chst u\u0308ber Mu\u0308he.\n" * 9, encoding="utf-8")
    other = opened(path)
    assert one.columns["text"] == other.columns["text"]
    assert one.fingerprint == other.fingerprint
    assert [f.kind for f in one.report.findings] == (["note"] if encoding in ("cp1252", "utf-16") else [])


def test_emoji_escape_sequences_and_a_few_nuls_are_characters_like_others(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("\x1b[31mfailed\x1b[0m 👩‍🔬 at 10:00\n" * 50 + "\0")
    source = opened(tmp_path / "log.txt")
    names = fitted(source).spec.target.names
    assert {"\x1b", "👩", "\u200d", "\0"} <= set(names)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no text that can be read"),
        (b"too short", "9 characters of text; at least 100"),
        (b"\xff\xd8\xff\xe0" + b"x" * 500, "it is a binary file, whatever its name says"),
        (b"ab\0\0" * 300, "NUL bytes"),
        (b"\x01\x02\x03" * 300, "control characters"),
    ],
)
def test_what_is_no_text_is_said(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "a name\nwith 💥.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=complaint):
        opened(path)


def test_without_a_path_and_with_one_that_is_gone_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none is named") as raised:
        build(RunningTextParams(), DataContext())
    assert "--data PATH" in raised.value.advice
    (tmp_path / "book.txt").write_text(BOOK)
    with pytest.raises(UserError, match=r"--data\.time day: a running text has no columns"):
        build(RunningTextParams(), DataContext(path=str(tmp_path / "book.txt"), time="day"))
    with pytest.raises(UserError, match="there is no such file"):
        opened(tmp_path / "gone.txt")


def test_sniffing_takes_texts_and_leaves_other_things(tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_text(BOOK)
    found = sniff(book)
    assert found is not None
    assert found.confidence == 0.9
    assert "one text" in found.reason
    code = tmp_path / "program.c"
    code.write_text("int main(void) { return 0; }\n")
    assert (found := sniff(code)) is not None
    assert found.confidence < 0.5
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)))
    assert sniff(tmp_path / "noise.bin") is None
    (tmp_path / "nothing.txt").touch()
    assert sniff(tmp_path / "nothing.txt") is not None  # and reading it says that it is empty
    (tmp_path / "empty").mkdir()
    assert sniff(tmp_path / "empty") is None


def test_more_text_is_read_fewer_times(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    epochs = []
    for size in (20_000, 200_000, 5_000_000):
        path.write_bytes(b"word " * (size // 5))
        found = sniff(path)
        assert found is not None
        epochs.append(found.defaults["training.epochs"])
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[-1] == 1
