"""Tables of pictures: paths, classes, splits, groups and times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from own_pictures import SHIRT, SNEAKER, opened, told, write

from nntui.builtin.datasets.own.picture_source import sniff
from nntui.hooks.data import DataContext
from nntui.hooks.errors import UserError


def pictures(folder: Path, count: int = 4) -> list[tuple[str, str]]:
    """Pictures in two folders that are no classes, and (path from `folder`, class) of each."""
    write(folder / "one", SHIRT, count)
    write(folder / "two", SNEAKER, count)
    return [(f"{name}/{n:03}.png", kind) for name, kind in (("one", "shirt"), ("two", "shoe")) for n in range(count)]


def table(folder: Path, rows: list[dict[str, object]], name: str = "labels.csv", separator: str = ",") -> Path:
    frame = pl.DataFrame(rows)
    path = folder / name
    frame.write_parquet(path) if name.endswith("parquet") else frame.write_csv(path, separator=separator)
    return path


@pytest.mark.parametrize("name", ["labels.csv", "labels.tsv", "labels.parquet"])
def test_a_table_of_paths_and_classes_is_read(tmp_path: Path, name: str) -> None:
    rows = [{"file": path, "label": kind, "note": f"n{n}"} for n, (path, kind) in enumerate(pictures(tmp_path))]
    path = table(tmp_path, rows, name, "\t" if name.endswith("tsv") else ",")
    source = opened(path)
    assert source.facts.classes == ("shirt", "shoe")
    assert source.targets.tolist() == [0] * 4 + [1] * 4
    assert source.places(np.array([5])) == ["two/001.png"]
    found = sniff(path)
    assert found is not None
    assert found.confidence == 0.9
    assert f"column file of {name} names pictures that are there" in found.reason


def test_a_folder_with_one_table_is_read_by_it_unless_folders_tell_the_same(tmp_path: Path) -> None:
    rows = pictures(tmp_path)
    table(tmp_path, [{"file": path, "label": kind} for path, kind in rows])
    assert opened(tmp_path).facts.classes == ("shirt", "shoe")
    found = sniff(tmp_path)
    assert found is not None
    assert "column file of labels.csv" in found.reason
    table(tmp_path, [{"file": path, "label": path[:3]} for path, _ in rows])
    assert opened(tmp_path).report.taken_for.startswith("8 pictures of 2 classes (a folder for each class)")


def test_the_column_of_classes_is_found_or_asked_for(tmp_path: Path) -> None:
    rows = [{"a": path, "kind": kind, "size": n} for n, (path, kind) in enumerate(pictures(tmp_path))]
    path = table(tmp_path, rows)
    with pytest.raises(UserError, match="which column tells the class") as refused:
        opened(path)
    assert "--data.target COLUMN" in refused.value.advice
    assert opened(path, target="kind").facts.classes == ("shirt", "shoe")
    with pytest.raises(UserError, match="no such column") as refused:
        opened(path, target="weight")
    assert "it has kind, size" in refused.value.advice
    with pytest.raises(UserError, match="these are no classes"):
        opened(path, target="size")
    with pytest.raises(UserError, match="no column b"):
        opened(path, target="kind", column="b")


def test_numbers_are_classes_in_their_order(tmp_path: Path) -> None:
    rows = [{"file": path, "label": [2, 10][kind == "shirt"]} for path, kind in pictures(tmp_path)]
    source = opened(table(tmp_path, rows))
    assert source.facts.classes == ("2", "10")
    assert not source.facts.mirror


def test_a_column_of_splits_splits(tmp_path: Path) -> None:
    words = ["train", "Train", "valid", "test"] * 2
    rows = pictures(tmp_path)
    path = table(tmp_path, [{"f": f, "label": k, "set": s} for (f, k), s in zip(rows, words, strict=True)])
    assert {split: index.tolist() for split, index in opened(path).given.items()} == {
        "train": [0, 1, 4, 5], "validation": [2, 6], "test": [3, 7],
    }  # fmt: skip


def test_what_is_missing_is_skipped_counted_and_listed(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"file": path, "label": kind} for path, kind in pictures(tmp_path)]
    rows += [
        {"file": "one/none.png", "label": "shirt"},
        {"file": None, "label": "shirt"},
        {"file": "one", "label": "x"},
    ]
    rows[0]["label"] = None
    source = opened(table(tmp_path, rows))
    assert len(source) == 7
    assert source.facts.classes == ("shirt", "shoe")
    assert "3 rows whose picture is not there (one/none.png (labels.csv, row 9)" in told(source, "skipped")
    assert "1 picture without a label (one/000.png)" in told(source, "skipped")


def test_names_alone_and_other_systems_paths_are_found(tmp_path: Path) -> None:
    write(tmp_path / "images", SHIRT, 4)
    write(tmp_path / "images", SNEAKER, 4, 10)
    kinds = ["shirt"] * 4 + ["shoe"] * 4
    numbers = [*range(4), *range(10, 14)]
    ids = table(tmp_path, [{"image_id": f"{n:03}", "breed": k} for n, k in zip(numbers, kinds, strict=True)])
    assert len(opened(ids)) == 8
    assert sniff(ids) is not None
    other = [{"f": f"images\\{n:03}.png", "label": k} for n, k in zip(numbers, kinds, strict=True)]
    assert len(opened(table(tmp_path, other))) == 8
    bare = [{"f": f"{n:03}.png", "label": k} for n, k in zip(numbers, kinds, strict=True)]
    assert len(opened(table(tmp_path, bare))) == 8


def test_groups_and_times_of_columns(tmp_path: Path) -> None:
    rows = [
        {"file": path, "label": kind, "who": f"p{n // 2}", "day": f"2024-05-{20 - n:02}"}
        for n, (path, kind) in enumerate(pictures(tmp_path))
    ]
    path = table(tmp_path, rows)
    source = opened(path, group="who")
    assert source.groups is not None
    assert source.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    with pytest.raises(UserError, match=r"--data\.group which: the table has no such column"):
        opened(path, group="which")
    from nntui.builtin.datasets.own.picture_params import PictureParams
    from nntui.builtin.datasets.own.picture_source import build

    timed = build(PictureParams(), DataContext(path=str(path), time="day"))
    assert timed.time is not None
    assert np.argsort(timed.time).tolist() == [7, 6, 5, 4, 3, 2, 1, 0]
    with pytest.raises(UserError, match=r"--data\.time who: 8 of its values are no times"):
        build(PictureParams(), DataContext(path=str(path), time="who"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("file,label\n", "no column of picture files|no rows"),
        ("file,label\nx.png,a\ny.png,b\n", "none of the 2 pictures .* is there, such as 'x.png'"),
        ("a,b\n1,2\n3,4\n", "no column of picture files: it has a, b"),
    ],
)
def test_a_table_without_pictures_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        opened(path)
