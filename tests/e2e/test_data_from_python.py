"""`nntui.train(data=...)` with what a program holds: the run is a run like any other, and answers the same objects."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import nntui
from nntui.engine.in_memory import is_in_memory, write

RANDOM = np.random.default_rng(0)
Y = np.arange(60) % 2
X = RANDOM.normal(Y[:, None] * 3.0, 0.5, (60, 4))
NAMES = np.array(["near", "far"])


def frame() -> pl.DataFrame:
    columns = {f"c{n}": X[:, n] for n in range(4)}
    return pl.DataFrame({**columns, "kind": NAMES[Y]})


def test_a_frame_is_read_by_the_reader_that_the_spec_names(tmp_path: Path) -> None:
    days = pd.date_range("2023-01-01", periods=200)
    visits = 100 + 20 * np.sin(np.arange(200) * 2 * np.pi / 7)
    table = pd.DataFrame({"day": days, "visits": visits})
    spec = {"data": {"reader": "series"}, "training": {"epochs": 1}}
    run = nntui.train(spec, data=table, target="visits", runs=tmp_path)
    assert run.model.spec.modality == "series"
    (answer,) = run.predict(table)
    assert len(answer.value) == 7  # the days ahead, a season


class Squares(Dataset[Any]):
    """Pictures of a bright left or right half."""

    classes = ("left", "right")

    def __len__(self) -> int:
        return 40

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        picture = torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(row)) * 0.2
        picture[:, :, slice(0, 4) if row % 2 == 0 else slice(4, 8)] += 0.8
        return picture, row % 2


def test_arrays_and_tensors_train_a_run_that_outlives_the_program(tmp_path: Path) -> None:
    run = nntui.train(data=(X, Y), runs=tmp_path)
    again = nntui.load(run.path)
    assert again.evaluate("test") == pytest.approx(run.metrics)
    labels = [answer.label for answer in again.predict(X[:6])]
    assert labels == [answer.label for answer in again.predict(torch.tensor(X[:6]))]
    assert labels == ["0", "1"] * 3
    assert again.predict(X[1])[0] == again.predict(X[:2])[1]  # a single row


def test_equal_data_is_written_once_whatever_it_came_as(tmp_path: Path) -> None:
    places = [
        write(data, None, tmp_path).path
        for data in ((X, Y), (torch.tensor(X), torch.tensor(Y)), {"x": X, "y": Y}, [X, list(Y)])
    ]
    assert len(set(places)) == 1
    assert sorted(file.name for file in places[0].iterdir()) == ["x.npy", "y.npy"]
    frames = [write(one, "kind", tmp_path).path for one in (frame(), frame().lazy(), as_pandas())]
    assert len(set(frames)) == 1
    assert len(list(tmp_path.iterdir())) == 2


def as_pandas() -> pd.DataFrame:
    return pd.DataFrame({name: frame()[name].to_numpy() for name in frame().columns})


def test_frames_of_both_kinds_train_and_are_answered(tmp_path: Path) -> None:
    run = nntui.train(data=as_pandas(), target="kind", runs=tmp_path)
    answers = run.predict(frame().drop("kind").head(6))
    assert [answer.label for answer in answers] == ["near", "far"] * 3
    assert run.predict(as_pandas().drop(columns="kind").head(6)) == answers


def test_what_pandas_holds_comes_out_as_polars_would_have_it(tmp_path: Path) -> None:
    there = pd.DataFrame(
        {
            "number": [1.5, None, 3.0],
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "yes": [True, False, True],
            "text": ["a", None, "c"],
            "category": pd.Categorical(["u", "v", "u"]),
            "when": pd.to_datetime(["2024-01-01", None, "2024-03-01"]),
            "mixed": [1, "two", None],
        }
    )
    written = write(there, "yes", tmp_path)
    assert (written.reader, written.settings) == ("table", {"target": ["yes"]})
    read = pl.read_parquet(written.path)
    assert read["number"].to_list() == [1.5, None, 3.0]
    assert read["whole"].to_list() == [1, None, 3]
    assert read["text"].to_list() == ["a", None, "c"]
    assert read["category"].to_list() == ["u", "v", "u"]
    assert read["when"].null_count() == 1
    assert read["mixed"].to_list() == ["1", "two", None]


def test_a_frame_and_a_series_are_one_table(tmp_path: Path) -> None:
    there = as_pandas()
    written = write((there.drop(columns="kind"), there["kind"]), None, tmp_path)
    assert written.settings == {"target": ["kind"]}
    assert pl.read_parquet(written.path).equals(frame())


def test_a_dataset_is_gone_through_once_and_keeps_the_names_of_its_classes(tmp_path: Path) -> None:
    run = nntui.train(data=Squares(), epochs=3, runs=tmp_path)
    pictures = torch.stack([Squares()[row][0] for row in range(4)])
    assert [answer.label for answer in run.predict(pictures)] == ["left", "right"] * 2
    plain = write(TensorDataset(torch.tensor(X), torch.tensor(Y)), None, tmp_path)
    assert np.array_equal(np.load(plain.path / "x.npy"), X)
    assert np.array_equal(np.load(plain.path / "y.npy"), Y)


def test_splits_and_settings_stand_beside_the_data(tmp_path: Path) -> None:
    data = {"x_train": X[:40], "y_train": Y[:40], "x_test": X[40:], "y_test": Y[40:]}
    run = nntui.train(data=data, runs=tmp_path, **{"data.validation": 0.25})
    report = run.report("test")
    assert report.rows == 20
    single = nntui.train(data=np.column_stack([X, Y]), target=-1, runs=tmp_path)
    assert single.metrics["accuracy"] > 0.9


class Ragged(Dataset[Any]):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        return torch.zeros(row + 1), 0


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return iter(zip(X.astype(np.float32), Y, strict=True))


class Counted(Stream):
    def __len__(self) -> int:
        return len(Y)


@pytest.mark.parametrize("data", [Stream(), Counted(), zip(X.astype(np.float32), Y, strict=True)])
def test_what_can_only_be_iterated_over_is_gone_through_once(tmp_path: Path, data: Any) -> None:
    written = write(data, None, tmp_path / "it")
    indexed = write(TensorDataset(torch.from_numpy(X.astype(np.float32)), torch.from_numpy(Y)), None, tmp_path / "it")
    assert written.path == indexed.path  # the same rows are the same files
    x = np.load(written.path / "x.npy", mmap_mode="r")
    assert x.dtype == np.float32 and (x == X.astype(np.float32)).all()
    assert (np.load(written.path / "y.npy") == Y).all()


@pytest.mark.parametrize(
    ("data", "target", "told"),
    [
        (object(), None, "data is a object"),
        (X, None, "no answers"),
        ((X, Y), "kind", "says it again"),
        (np.array([{}, []], dtype=object), -1, "Python objects"),
        ([X, [[1], [1, 2]]], None, "is no array"),
        (Ragged(), None, "row 1 of the Dataset has shape"),
        (iter(()), None, "the Dataset is empty"),
        (DataLoader(TensorDataset(torch.zeros(4, 2), torch.zeros(4))), None, "a DataLoader gives batches"),
        ([X[0]] * 3, None, "data is a list"),
        (pl.DataFrame({"a": [1]}), "b", "no column 'b'"),
        (pl.DataFrame(), None, "no rows"),
        ({"x": X, "y": np.float64(1)}, None, "single value"),
    ],
)
def test_what_cannot_be_taken_is_a_clear_error_and_leaves_nothing(
    tmp_path: Path, data: Any, target: Any, told: str
) -> None:
    with pytest.raises(nntui.UserError, match=told) as raised:
        nntui.train(data=data, target=target, runs=tmp_path)
    assert raised.value.advice
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_network_says_what_it_answers(tmp_path: Path) -> None:
    run = nntui.train(data=(X, Y), runs=tmp_path)
    with pytest.raises(nntui.UserError, match=r"\(N, 4\) was expected"):
        run.predict(X[:, :2])
    with pytest.raises(nntui.UserError, match="does not answer a ndarray"):
        nntui.train(data=frame(), target="kind", runs=tmp_path).predict(X)


def test_pandas_and_polars_are_imported_for_their_own_objects_alone(tmp_path: Path) -> None:
    program = (
        "import sys, numpy as np; from pathlib import Path; from nntui.engine.in_memory import write;"
        f"write((np.zeros((4, 2)), np.arange(4)), None, Path({str(tmp_path)!r}));"
        "print([name for name in ('pandas', 'polars') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_numbers_of_numpy_s_in_a_table_of_settings_are_settings() -> None:
    assert not is_in_memory({"target": "a", "bins": np.int64(4)})
    assert is_in_memory({"x": np.zeros((4, 2)), "y": np.zeros(4)})
