"""Tables of any dialect, and one look at a path."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import polars as pl
import pytest

from nntui.builtin.datasets.own.frames import read_frame
from nntui.builtin.datasets.own.look import columns_naming, files_below, look

ROWS = [("Zoë", 1.5, "red"), ("Ali", 2.25, "blue"), ("Bo", -3.0, "red")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(("separator", "comma"), [(",", False), (";", True), ("\t", False), ("|", True)])
def test_a_table_is_read_whatever_its_dialect(tmp_path: Path, encoding: str, separator: str, comma: bool) -> None:
    lines = [separator.join(("name", "size", "colour"))]
    lines += [separator.join((n, f"{s}".replace(".", "," if comma else "."), c)) for n, s, c in ROWS]
    path = tmp_path / "own.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    frame, dialect, findings, *_ = read_frame(path)
    assert dialect is not None
    assert (dialect.separator, dialect.decimal_comma, dialect.header) == (separator, comma, True)
    assert frame.columns == ["name", "size", "colour"]
    assert frame["name"].to_list() == ["Zoë", "Ali", "Bo"]
    assert not findings


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz"])
def test_a_packed_table_is_the_same_table(tmp_path: Path, ending: str) -> None:
    pack = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}[ending]
    path = tmp_path / f"own.csv{ending}"
    path.write_bytes(pack(b"a,b\n1,2\n3,4\n"))
    assert read_frame(path).frame["b"].to_list() == ["2", "4"]


def test_typed_formats_keep_their_types(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ipc(tmp_path / "t.arrow")
    frame.write_ndjson(tmp_path / "t.jsonl")
    for name in ("t.parquet", "t.arrow", "t.jsonl"):
        assert read_frame(tmp_path / name).frame.equals(frame), name


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow", "t.jsonl", "t.csv.gz"])
def test_a_file_that_is_not_what_its_name_says_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"" if name == "t.csv" else b"\x89PNG\r\n\x1a\n\0\0")
    with pytest.raises(ValueError, match=name):
        read_frame(path)


def test_a_look_sees_classes_below_splits_and_ends_in_a_circle_of_links(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for name in ("cat", "dog"):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            (folder / "1.jpg").touch()
    (tmp_path / "train" / "cat" / "loop").symlink_to(tmp_path)
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere")
    seen = look(tmp_path)
    assert seen.splits == ("train", "validation")
    assert seen.classes == ("cat", "dog")
    assert seen.main == "image"
    assert len(list(files_below(tmp_path))) == 4


def test_a_look_is_not_remembered_when_files_come_or_a_table_changes(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.jpg").touch()
    (tmp_path / "list.csv").write_text("path,label\ncat/1.jpg,cat\n")
    first = look(tmp_path)
    (tmp_path / "cat" / "2.jpg").touch()
    second = look(tmp_path)
    assert second.kinds["image"] == first.kinds["image"] + 1
    (tmp_path / "list.csv").write_text("path,label,split\ncat/1.jpg,cat,train\n")
    assert look(tmp_path) is not second


def test_a_name_that_is_there_twice_above_numbers_is_a_header_still(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("age,fare,fare,survived\n" + "".join(f"{20 + i},{i}.5,{i * 2},{i % 2}\n" for i in range(30)))
    frame, dialect, _, *_ = read_frame(path)
    assert dialect is not None
    assert dialect.header
    assert (frame.height, frame.columns[0], frame.columns[-1]) == (30, "age", "survived")


def test_the_first_rows_of_a_very_wide_table_are_in_one_piece(tmp_path: Path) -> None:
    columns = 3000
    row = ",".join(["0.125"] * columns)
    (tmp_path / "wide.csv").write_text("\n".join([",".join(f"c{n}" for n in range(columns)), *[row] * 400]))
    frame = read_frame(tmp_path / "wide.csv", rows=300).frame
    assert frame.shape == (300, columns)
    assert frame.n_chunks() == 1  # what is asked of each column is asked of each of its chunks


def test_columns_that_name_files_are_found_among_columns_of_every_kind() -> None:
    frame = pl.DataFrame(
        {
            "^x$": ["a.WAV ", None, "b"],
            "picture": ["p/1.png", "2.JPEG", "3.tif"],
            "number": [1.5, 2.5, 3.5],
            "nested": [[1], [2], [3]],
            "ends": ["a.wavy", ".wav/x", "wav"],
        }
    )
    assert columns_naming(frame, "sound") == ["^x$"]
    assert columns_naming(frame, "image") == ["picture"]
    assert columns_naming(pl.DataFrame({"bytes": [b"\xff.wav"]}), "sound") == ["bytes"]  # it is asked closely then
