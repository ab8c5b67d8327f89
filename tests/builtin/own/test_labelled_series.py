"""Labelled series: from .ts files, wide and long tables to classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.builtin.datasets.own.labelled import LabelledFacts, LabelledPreprocessor, build, sniff
from nntui.builtin.datasets.own.series_settings import LabelledParams
from nntui.builtin.datasets.source import Rows
from nntui.hooks.data import DataContext
from nntui.hooks.errors import UserError

HEAD = "@problemName Own\n@timestamps false\n@univariate true\n@classLabel true up down\n@data\n"


def curves(count: int = 40, steps: int = 24) -> tuple[np.ndarray, list[str]]:
    random = np.random.default_rng(0)
    labels = ["up", "down"] * (count // 2)
    slope = np.where(np.array(labels) == "up", 1.0, -1.0)
    walk = np.cumsum(random.normal(0, 0.3, (count, steps)) + slope[:, None] * 0.2, axis=1)
    return np.round(walk, 4), labels


def ts(path: Path, rows: list[str], head: str = HEAD) -> Path:
    path.write_text(head + "\n".join(rows) + "\n")
    return path


def as_ts(values: np.ndarray, labels: list[str]) -> list[str]:
    return [f"{','.join(map(str, row))}:{label}" for row, label in zip(values.tolist(), labels, strict=True)]


def opened(path: Path, test: Path | None = None, **params: Any) -> Rows[LabelledFacts]:
    return build(LabelledParams(**params), DataContext(path=str(path), test=None if test is None else str(test)))


def test_one_set_of_series_is_the_same_however_it_is_written(tmp_path: Path) -> None:
    values, labels = curves()
    steps = {f"t{at}": values[:, at] for at in range(values.shape[1])}
    pl.DataFrame({"label": labels, **steps}).write_csv(tmp_path / "first.csv")
    pl.DataFrame({**steps, "kind": labels}).write_parquet(tmp_path / "last.parquet")
    number = [1 if label == "up" else 2 for label in labels]
    pl.DataFrame({"n": number, **steps}).write_csv(tmp_path / "UCR.tsv", separator="\t", include_header=False)
    long = [(f"c{i:02d}", t, values[i, t], labels[i]) for i in range(len(labels)) for t in range(values.shape[1])]
    pl.DataFrame(long, schema=["case", "t", "x", "label"], orient="row").write_csv(tmp_path / "long.csv")
    ts(tmp_path / "own.ts", as_ts(values, labels))
    for name in ("first.csv", "last.parquet", "UCR.tsv", "long.csv", "own.ts"):
        assert sniff(tmp_path / name) is not None, name
        source = opened(tmp_path / name)
        assert np.allclose(np.stack(source.columns["values"])[:, :, 0], values), name
        classes = source.facts.classes
        told = [classes[code] for code in source.columns["target"]]
        assert told == (labels if name != "UCR.tsv" else [str(n) for n in number]), name


def test_train_and_test_files_of_an_archive_are_its_splits(tmp_path: Path) -> None:
    values, labels = curves()
    ts(tmp_path / "Own_TRAIN.ts", as_ts(values[:30], labels[:30]))
    ts(tmp_path / "Own_TEST.ts", as_ts(values[30:], labels[30:]))
    assert sniff(tmp_path) is not None
    source = opened(tmp_path)
    assert source.given["test"].tolist() == list(range(30, 40))
    other = opened(tmp_path / "Own_TRAIN.ts", test=tmp_path / "Own_TEST.ts")
    assert other.fingerprint == source.fingerprint
    assert source.places(np.array([30])) == ["Own_TEST.ts, line 6"]


def test_lengths_that_vary_and_missing_values_are_told_to_the_network(tmp_path: Path) -> None:
    head = HEAD.replace("univariate true", "univariate false")
    rows = ["1,2,?,4:5,6,7,8:up", "1,2,3:4,5,6:down", "1,2:3,4:up", "2,3,4,5,6:1,2,3,4,5:down"]
    source = opened(ts(tmp_path / "own.ts", rows, head))
    assert [len(one) for one in source.columns["values"]] == [4, 3, 2, 5]
    preprocessor = LabelledPreprocessor.fit(source, np.arange(4), LabelledParams())
    spec = preprocessor.spec.inputs[0]
    assert (spec.shape, spec.lengths) == ((None, 3), "lengths")
    encoded = preprocessor.encode(source.rows(np.arange(4)))
    assert encoded["lengths"].tolist() == [4, 3, 2, 5]
    assert encoded["series"][0].tolist() == [[1, 5, 0], [2, 6, 0], [3, 7, 1], [4, 8, 0], [0, 0, 0]]
    again = LabelledPreprocessor.from_json(json.loads(json.dumps(preprocessor.to_json())))
    assert torch.equal(again.encode(source.rows(np.arange(4)))["series"], encoded["series"])


def test_new_series_are_read_without_labels_and_others_are_told(tmp_path: Path) -> None:
    values, labels = curves()
    steps = {f"t{at}": values[:, at] for at in range(values.shape[1])}
    pl.DataFrame({"label": labels, **steps}).write_csv(tmp_path / "own.csv")
    source = opened(tmp_path / "own.csv")
    preprocessor = LabelledPreprocessor.fit(source, np.arange(30), LabelledParams())
    pl.DataFrame(steps)[:7].write_csv(tmp_path / "new.csv")
    pieces = list(preprocessor.ask([str(tmp_path / "new.csv")], 3))
    assert [len(piece.names) for piece in pieces] == [3, 3, 1]
    assert pieces[1].names[0] == "new.csv, row 4"
    pl.DataFrame({name: steps[name] for name in list(steps)[:-1]}).write_csv(tmp_path / "short.csv")
    with pytest.raises(ValueError, match="missing t23"):
        preprocessor.read([str(tmp_path / "short.csv")])
    answers = preprocessor.decode(torch.tensor([[0.25, 0.75]]))
    assert (answers[0].label, answers[0].probabilities) == ("up", {"up": 0.75, "down": 0.25})


def test_long_series_are_thinned_by_the_mean_of_neighbours(tmp_path: Path) -> None:
    rows = [f"{','.join(str(at) for at in range(1200))}:{label}" for label in ("up", "down") * 3]
    source = opened(ts(tmp_path / "own.ts", rows))
    assert "the mean of each 3 steps" in source.report.findings[0].message
    preprocessor = LabelledPreprocessor.fit(source, np.arange(6), LabelledParams())
    assert preprocessor.encode(source.rows(np.arange(1)))["series"][0, :3, 0].tolist() == [1.0, 4.0, 7.0]
    assert preprocessor.spec.inputs[0].shape == (400, 1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1,2,3:up", "4,5,6:up"], "every series is of class up"),
        (["a,b:up", ":down"], "no series is left"),
        ([], "no series is left"),
    ],
)
def test_series_that_cannot_be_learnt_say_why(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        opened(ts(tmp_path / "own.ts", rows))


def test_lines_that_are_no_series_are_skipped_and_listed(tmp_path: Path) -> None:
    source = opened(ts(tmp_path / "own.ts", ["1,2:up", "1,x:down", "3,inf:down", "?,?:up", "5,6:"]))
    assert len(source) == 2
    skipped = {finding.message: finding for finding in source.report.findings if finding.kind == "skipped"}
    assert skipped["lines that are no labelled series"].count == 2
    assert "line 7: 'x' is no number" in skipped["lines that are no labelled series"].places[0]
    assert skipped["series without any value"].places == ("own.ts, line 9",)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="@data:,?.0123456789ab\n -()", max_size=120))
def test_any_ts_file_is_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("own") / "own.ts"
    path.write_text(f"@classLabel true\n@data\n{text}")
    try:
        source = opened(path)
    except UserError as error:
        assert error.message
    else:
        assert len(source.facts.classes) >= 2


def test_tables_of_other_things_are_not_taken_for_series(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    kinds = ["a", "b"] * 50
    noise = {f"feature {at}": random.normal(size=100) * 10**at for at in range(12)}
    pl.DataFrame({**noise, "kind": kinds}).write_csv(tmp_path / "table.csv")
    assert sniff(tmp_path / "table.csv") is None
    row, column = np.mgrid[0:12, 0:12]
    centre = random.uniform(3, 9, (100, 2, 1, 1))
    blobs = np.round(200 * np.exp(-((row - centre[:, 0]) ** 2 + (column - centre[:, 1]) ** 2) / 8)).astype(int)
    pixels = {f"pixel{at}": blobs.reshape(100, -1)[:, at] for at in range(144)}
    pl.DataFrame({"label": kinds, **pixels}).write_csv(tmp_path / "pictures.csv")
    assert sniff(tmp_path / "pictures.csv") is None
    (tmp_path / "code.ts").write_text("export const data: number[] = [1, 2];\n")
    assert sniff(tmp_path / "code.ts") is None


def test_times_that_are_none_cost_their_rows_and_are_told(tmp_path: Path) -> None:
    rows = [(f"c{i}", f"2024-01-{1 + t:02}", float(i + t), "ab"[i % 2]) for i in range(20) for t in range(12)]
    odd = [(name, "soon" if n == 5 else time, x, label) for n, (name, time, x, label) in enumerate(rows)]
    for name, some in (("even.csv", rows), ("odd.csv", odd)):
        pl.DataFrame(some, schema=["case", "time", "x", "label"], orient="row").write_csv(tmp_path / name)
    even, source = opened(tmp_path / "even.csv"), opened(tmp_path / "odd.csv")
    lengths = [len(one) for one in source.columns["values"]]
    assert [len(one) for one in even.columns["values"]] == [12] * 20
    assert lengths == [11] + [12] * 19
    told = [finding for finding in source.report.findings if finding.kind == "skipped"]
    assert [finding.places for finding in told] == [("odd.csv, row 6",)]


def test_a_file_of_a_folder_that_holds_no_series_is_passed_over(tmp_path: Path) -> None:
    values, labels = curves()
    source = opened(ts(tmp_path / "own.ts", as_ts(values, labels)))
    preprocessor = LabelledPreprocessor.fit(source, np.arange(30), LabelledParams())
    new = tmp_path / "new"
    new.mkdir()
    ts(new / "a.ts", ["what is this"])
    ts(new / "b.ts", as_ts(values[:3], labels[:3]))
    pieces = list(preprocessor.ask([str(new)], 100))
    assert [len(piece.names) for piece in pieces] == [0, 3]
    assert pieces[0].findings[0].places == (str(new / "a.ts"),)
