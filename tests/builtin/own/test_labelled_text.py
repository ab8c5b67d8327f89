"""Texts of a person's own and their classes: columns found, splits kept, what is left out."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui import UserError
from nntui.builtin.datasets.own.labelled_text import build, sniff
from nntui.builtin.datasets.own.textcolumns import columns_of, label_column, text_column, unit_of
from nntui.builtin.datasets.params import LabelledTextParams
from nntui.builtin.datasets.source import Rows
from nntui.builtin.datasets.texts import TextPreprocessor
from nntui.hooks.data import DataContext

GOOD = ["what a fine and moving film", "the actors were a joy to watch", "I laughed and I cried, superb"]
BAD = ["a dull and pointless mess of a film", "the plot made no sense at all", "two hours of my life are gone"]
REVIEWS = [
    (f"{text} {n}", label) for n in range(10) for texts, label in ((GOOD, "good"), (BAD, "bad")) for text in texts
]


def opened(path: Path, context: dict[str, Any] | None = None, **params: Any) -> Rows[Any]:
    return build(LabelledTextParams(**params), DataContext(path=str(path), **(context or {})))


def fitted(source: Rows[Any]) -> TextPreprocessor:
    return TextPreprocessor.fit(source, np.arange(len(source)), None)


def table(path: Path, rows: list[tuple[Any, ...]], names: tuple[str, ...], separator: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(names)
        writer.writerows(rows)
    return path


def skipped(source: Rows[Any]) -> dict[str, int]:
    return {finding.message: finding.count for finding in source.report.findings if finding.kind == "skipped"}


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_a_table_of_texts_is_known_by_its_content(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"reviews.{kind}"
    rows = [(n, text, label) for n, (text, label) in enumerate(REVIEWS)]
    if kind in ("csv", "tsv"):
        table(path, rows, ("id", "what was said", "verdict"), "\t" if kind == "tsv" else ",")
    else:
        frame = pl.DataFrame(rows, schema=["id", "what was said", "verdict"], orient="row")
        frame.write_parquet(path) if kind == "parquet" else frame.write_ndjson(path)
    found = sniff(path)
    assert found is not None
    assert found.params == {"text": "what was said", "target": "verdict", "tokens": "word"}
    source = opened(path)
    assert source.facts.classes == ("bad", "good")
    assert source.columns["text"][0] == "what a fine and moving film 0"
    place = {"csv": "line 5", "tsv": "line 5", "jsonl": "line 4"}.get(kind, "row 4")
    assert source.places(np.array([3])) == [f"reviews.{kind}, {place}"]
    assert not skipped(source)


def test_columns_can_be_named_and_wrong_names_are_said(tmp_path: Path) -> None:
    rows = [(text, text[::-1], label, "x" if n % 2 else "y") for n, (text, label) in enumerate(REVIEWS)]
    path = table(tmp_path / "r.csv", rows, ("one", "other", "first", "second"))
    with pytest.raises(UserError, match="cannot be known") as raised:
        opened(path, text="one")
    assert "first (2 different values); second (2 different values)" in raised.value.advice
    source = opened(path, text="other", target="second")
    assert source.facts.classes == ("x", "y")
    assert source.columns["text"][0] == REVIEWS[0][0][::-1]
    for params, complaint in (
        ({"text": "none"}, "--data.text none: r.csv has no such column"),
        ({"target": "none"}, "--data.target none"),
        ({"text": "one", "target": "one"}, "holds the texts"),
    ):
        with pytest.raises(UserError, match=complaint):
            opened(path, **params)


def test_a_text_among_other_columns_is_one_column_of_a_table(tmp_path: Path) -> None:
    words = ["sunny", "large", "quiet", "old", "new", "garden", "near", "station", "with", "view"]
    lines = [f"{' '.join(words[i % 9 :] + words[: i % 7])},{i % 6},{i % 6 * 40_000 + i * 17 % 9973}" for i in range(90)]
    path = tmp_path / "houses.csv"
    path.write_text("\n".join(["description,rooms,price", *lines]))
    told = sniff(path)
    assert told is not None and told.confidence < 0.5 and "'price' would be left out" in told.reason
    path.write_text("\n".join(["description,label,price", *lines]))
    assert (named := sniff(path)) is not None and named.confidence > 0.5
    path.write_text(
        "\n".join(["number,description,rooms", *(f"{i},{a.rpartition(',')[0]}" for i, a in enumerate(lines))])
    )
    assert (counted := sniff(path)) is not None and counted.confidence > 0.5 and "left out" not in counted.reason


def test_a_table_of_measures_is_not_taken_for_texts(tmp_path: Path) -> None:
    rows = [(f"Mr. A{n} B", n, n * 1.5, "yes" if n % 2 else "no") for n in range(40)]
    assert sniff(table(tmp_path / "t.csv", rows, ("name", "age", "fare", "survived"))) is None
    numbers = [(n, n * 2, n % 2) for n in range(40)]
    assert sniff(table(tmp_path / "n.csv", numbers, ("a", "b", "label"))) is None


def test_words_are_read_letter_by_letter_and_text_without_spaces_in_pieces() -> None:
    assert unit_of(["hund", "katze", "maus"]) == "char"
    assert unit_of(["今日はとても良い天気ですね、散歩に行きましょう。" * 2]) == "bpe"
    assert unit_of([text for text, _ in REVIEWS]) == "word"


def test_folders_by_class_are_classes_and_split_folders_are_splits(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for n, (text, label) in enumerate(REVIEWS[: 12 if split == "train" else 6]):
            folder = tmp_path / split / label
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{n:02}.txt").write_text(text)
    (tmp_path / "train" / "good" / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "train" / "good" / "nothing.txt").write_text("\n")
    (tmp_path / "train" / "bad" / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "train" / "bad" / "loop").symlink_to(tmp_path)
    found = sniff(tmp_path)
    assert found is not None
    assert (found.confidence, found.params) == (0.9, {"tokens": "word"})
    source = opened(tmp_path)
    assert source.facts.classes == ("bad", "good")
    assert (len(source.given["train"]), len(source.given["test"])) == (12, 6)
    assert source.places(source.given["test"][:1]) == ["test/bad/03.txt"]
    assert skipped(source) == {
        "its name is not that of a text": 1,
        "it is a binary file, whatever its name says": 1,
        "a text is empty": 1,
    }


def test_rows_without_text_or_label_are_counted_and_long_ones_cut(tmp_path: Path) -> None:
    rows = [*REVIEWS, ("", "good"), ("   ", "bad"), ("a film without a verdict", ""), ("long " * 5000, "bad")]
    source = opened(table(tmp_path / "r.csv", rows, ("text", "label")))
    assert len(source) == len(REVIEWS) + 1
    assert skipped(source) == {"a text is empty": 2, "a text has no label": 1}
    (note,) = (f for f in source.report.findings if f.kind == "note")
    assert "first 10,000 characters" in note.message
    assert note.places == (f"r.csv, line {len(rows) + 1}",)
    assert len(source.columns["text"][-1]) == 10_000


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([(text, "good") for text, _ in REVIEWS], "all 60 texts are of one class, 'good'"),
        ([(text, f"label {n}") for n, (text, _) in enumerate(REVIEWS)], "60 different values in 60 rows"),
        ([("", "good"), ("", "bad")], "no text with a label is left"),
    ],
)
def test_labels_that_tell_nothing_apart_are_refused(tmp_path: Path, rows: list[Any], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        opened(table(tmp_path / "r.csv", rows, ("text", "label")), text="text", target="label")


def test_a_split_column_groups_and_times_are_honoured(tmp_path: Path) -> None:
    rows = [
        (text, label, "test" if n % 5 == 0 else "train", f"film {n % 7}", f"2020-01-{n % 28 + 1:02}")
        for n, (text, label) in enumerate(REVIEWS)
    ]
    path = table(tmp_path / "r.csv", rows, ("text", "label", "split", "film", "day"))
    source = opened(path)
    assert source.given["test"].tolist() == list(range(0, 60, 5))
    source = opened(path, {"group": "film", "time": "day"})
    assert source.groups is not None
    assert len(set(source.groups.tolist())) == 7
    assert source.time is not None
    assert source.time.tolist() == [n % 28 for n in range(60)]
    with pytest.raises(UserError, match=r"--data\.group actor"):
        opened(path, {"group": "actor"})


def test_test_rows_from_a_path_are_the_test(tmp_path: Path) -> None:
    path = table(tmp_path / "r.csv", REVIEWS, ("text", "label"))
    later = table(tmp_path / "later.csv", REVIEWS[:6], ("text", "label"))
    source = opened(path, {"test": str(later)})
    assert source.given["test"].tolist() == list(range(60, 66))
    assert source.places(source.given["test"])[0] == "later.csv, line 2"


def test_train_and_test_tables_of_a_folder_are_its_splits(tmp_path: Path) -> None:
    table(tmp_path / "train.csv", REVIEWS, ("text", "label"))
    table(tmp_path / "test.csv", REVIEWS[:6], ("text", "label"))
    found = sniff(tmp_path)
    assert found is not None
    assert found.params["target"] == "label"
    assert {name: len(rows) for name, rows in opened(tmp_path).given.items()} == {"train": 60, "test": 6}


def test_classes_that_are_numbers_are_in_their_order(tmp_path: Path) -> None:
    rows = [(text, n % 11) for n, (text, _) in enumerate(REVIEWS)]
    assert opened(table(tmp_path / "r.csv", rows, ("review", "stars"))).facts.classes == tuple(map(str, range(11)))


@pytest.mark.parametrize("unit", ["char", "word", "bpe"])
def test_a_preprocessor_is_plain_json_and_takes_new_texts(tmp_path: Path, unit: str) -> None:
    source = opened(table(tmp_path / "r.csv", REVIEWS, ("text", "label")), tokens=unit)
    one = fitted(source)
    other = TextPreprocessor.from_json(json.loads(json.dumps(one.to_json())))
    for text in ("A FINE film!", "zyzzyva", "💥", "\x1b[31m\0", "", "…"):
        codes = one.encode({"text": [text]})
        assert codes["tokens"].tolist() == other.encode({"text": [text]})["tokens"].tolist()
        assert int(codes["length"][0]) >= 1
        assert 0 < int(codes["tokens"].min()) <= int(codes["tokens"].max()) < one.spec.inputs[0].vocabulary


def test_a_word_that_training_lacks_is_unknown_and_case_does_not_matter(tmp_path: Path) -> None:
    one = fitted(opened(table(tmp_path / "r.csv", REVIEWS, ("text", "label"))))
    codes = one.encode({"text": ["film FILM zyzzyva"]})["tokens"][0].tolist()
    assert codes[0] == codes[1] > 1
    assert codes[2] == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=5), st.text(max_size=5)), min_size=1, max_size=12))
def test_any_table_has_text_and_label_columns_that_differ_or_none(rows: list[tuple[str, str, str]]) -> None:
    columns = columns_of(pl.DataFrame(rows, schema=["a", "b", "c"], orient="row"))
    text = text_column(columns)
    if text is not None:
        label = label_column(columns, text.name)
        assert label is None or label.name != text.name


def test_texts_are_asked_about_from_tables_folders_and_files_a_few_at_a_time(tmp_path: Path) -> None:
    one = fitted(opened(table(tmp_path / "r.csv", REVIEWS, ("text", "label"))))
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "a.txt").write_bytes("schön und gut".encode("latin-1"))
    (folder / "b.txt").write_text("")
    (folder / "c.png").write_bytes(b"\x89PNG")
    new = table(tmp_path / "new.csv", [("one",), ("",), ("three",)], ("text",))
    parts = list(one.ask(["typed", str(new), str(folder)], 2))
    assert [text for part in parts for text in part.raw["text"]] == ["typed", "one", "three", "schön und gut"]
    assert [name for part in parts for name in part.names] == [
        "typed",
        f"{new}, line 2",
        f"{new}, line 4",
        str(folder / "a.txt"),
    ]
    assert all(len(part.names) <= 2 for part in parts)
    assert sum(f.count for part in parts for f in part.findings if f.kind == "skipped") == 3
    with pytest.raises(ValueError, match="no text to ask about"):
        list(one.ask([str(folder / "b.txt")], 10))
    with pytest.raises(FileNotFoundError, match="no such file"):
        list(one.ask([str(folder / "gone.txt")], 10))


def test_a_table_of_a_folder_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    preprocessor = fitted(opened(table(tmp_path / "r.csv", REVIEWS, ("text", "label"))))
    table(tmp_path / "new.csv", [(text, "") for text in GOOD], ("text", "label"))
    (tmp_path / "bad.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (asked,) = preprocessor.ask([str(tmp_path / "bad.csv"), str(tmp_path / "new.csv")], 100)
    assert list(asked.raw["text"]) == GOOD
    (finding,) = [finding for finding in asked.findings if finding.kind == "skipped"]
    assert finding.places == (str(tmp_path / "bad.csv"),)
