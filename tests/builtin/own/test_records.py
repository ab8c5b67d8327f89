"""Tables of text: whatever csv.writer writes is read back the same, and a line that does not fit is told."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nntui.builtin.datasets.own.frames import MISSING, Dialect, Pieces, dialect_of, read_frame
from nntui.builtin.datasets.own.records import LONGEST

# A carriage return alone, without quotes around it, ends a line for the csv module, with which it is compared.
CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=6) | st.sampled_from(
    ["", "NA", "1.5", 'a"b', '"', '""', "a,b", "x;y", "two\nlines", "\r\n", "é", "😀", " a ", "'", "a\tb"]
)
TABLES = st.integers(2, 4).flatmap(lambda k: st.lists(st.lists(CELL, min_size=k, max_size=k), min_size=1, max_size=12))
DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "quotechar": st.sampled_from("\"'"),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
    }
)


def written(rows: list[list[str]], folder: str, **dialect: object) -> Path:
    path = Path(folder) / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, **dialect).writerows(rows)
    return path


def as_read(rows: list[list[str]]) -> list[tuple[str | None, ...]]:
    return [tuple(None if cell in MISSING else cell for cell in row) for row in rows]


@settings(max_examples=150, deadline=None)
@given(TABLES, DIALECTS, st.integers(1, 64))
@example([["a", '"'], ['"', "b\nc"]], {"delimiter": ",", "quotechar": '"', "quoting": 0, "lineterminator": "\n"}, 3)
def test_what_csv_writer_writes_is_read_back_in_pieces_of_any_size(rows, dialect, size) -> None:
    if (
        dialect["quoting"] == csv.QUOTE_MINIMAL
    ):  # csv.writer leaves it bare, and no reader can tell it from a line's end
        rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = written(rows, folder, **dialect)
        said = Dialect(separator=dialect["delimiter"], quote=dialect["quotechar"], header=False)
        table = Pieces(path, dialect=said, size=size)
        pieces = list(table)
        assert [row for piece in pieces for row in piece.frame.rows()] == as_read(rows)
        assert not table.findings
        lines = [line for piece in pieces for line in piece.lines.tolist()]
        assert lines == starts(path.read_bytes().decode(), dialect)


def starts(text: str, dialect: dict[str, object]) -> list[int]:
    """The line on which each row begins, as the csv module counts."""
    pieces = (line + "\n" for line in text.split("\n")[:-1])
    reader = csv.reader(pieces, delimiter=dialect["delimiter"], quotechar=dialect["quotechar"])
    found, at = [], 0
    for _ in reader:
        found.append(at + 1)
        at = reader.line_num
    return found


@settings(max_examples=60, deadline=None)
@given(TABLES, st.sampled_from(",;\t|"))
def test_an_escaped_table_is_read_back(rows, delimiter) -> None:
    odd = str.maketrans({"\n": " ", "\r": " ", "\1": " "})  # \1 is the quote, which nothing is quoted by
    rows = [[cell.translate(odd) for cell in row] for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = written(rows, folder, delimiter=delimiter, quoting=csv.QUOTE_NONE, escapechar="\\", quotechar=None)
        said = Dialect(separator=delimiter, escape="\\", quote="\x01", header=False)
        assert read_frame(path, dialect=said).frame.rows() == as_read(rows)


WORD = st.text(st.sampled_from("abcdefgh öß,;|'\"\n"), min_size=1, max_size=8).filter(
    lambda w: w.strip() == w and w.strip("'") and w not in MISSING
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(WORD, st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), st.integers(0, 99)), min_size=5, max_size=30
    ),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_plain_table_s_dialect_is_found_out(rows, delimiter, quoting, encoding) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows([("word", "size", "count"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        frame, dialect, findings, *_ = read_frame(path)
        assert dialect is not None
        assert (dialect.separator, dialect.header) == (delimiter, True)
        assert frame.columns == ["word", "size", "count"]
        assert frame.rows() == [(word, str(size), str(count)) for word, size, count in rows]
        assert not findings


def test_ragged_lines_are_skipped_counted_and_listed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = ["a,b,c", *["1,2,3"] * 30]
    lines[5], lines[9], lines[20] = "1,2", "1,2,3,4", ""
    path.write_text("\n".join(lines))
    frame, _, findings, *_ = read_frame(path)
    assert len(frame) == 27
    (finding,) = findings
    assert finding.kind == "skipped"
    assert finding.count == 2
    assert finding.places == ("t.csv, line 6 (2 fields)", "t.csv, line 10 (4 fields)")


def test_a_lone_quote_costs_its_own_line_at_most(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = ["name,size", *[f"n{i},{i}" for i in range(400)]]
    lines[3] = 'a 5" pipe,7'
    lines[8] = '"never closed,8'
    lines[300] = 'also 6" wide,9'
    path.write_text("\n".join(lines) + "\n")
    frame, _, findings, *_ = read_frame(path)
    assert frame.filter(pl.col("size") == "7")["name"].to_list() == ['a 5" pipe']
    assert len(frame) == 399
    assert [f.places for f in findings] == [("t.csv, line 9 (a quote is not closed)",)]


def test_bytes_of_another_encoding_later_in_the_file_are_read_and_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    body = b"".join(b"x%d,%d\n" % (i, i) for i in range(50_000))
    path.write_bytes(b"name,size\n" + body + "café,7\n".encode("cp1252") + "naïve,8\n".encode())
    frame, _, (finding,), *_ = read_frame(path)
    assert frame["name"].to_list()[-2:] == ["café", "naïve"]
    assert finding.kind == "warning"
    assert finding.places == ("t.csv, line 50,002",)


def test_nul_bytes_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 100 + b"3\0,4\n")
    frame, _, (finding,), *_ = read_frame(path)
    assert frame.row(-1) == ("3", "4")
    assert finding.places == ("t.csv, line 102",)


def test_a_line_that_is_too_long_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n1,2\n" * 1 + b"x" * (LONGEST + (9 << 20)) + b",3\n5,6\n")
    frame, _, findings, *_ = read_frame(path)
    assert frame.rows() == [("1", "2"), ("5", "6")]
    assert [(f.kind, f.count, f.places) for f in findings] == [("skipped", 1, ("t.csv, line 3",))]


def test_names_are_each_there_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("size,,size,size_2,word\n1,2,3,4,a\n5,6,7,8,b\n")
    frame, _, (finding,), *_ = read_frame(path)
    assert frame.columns == ["size", "column_2", "size_3", "size_2", "word"]
    assert finding.count == 2


def test_what_r_writes_before_a_row_is_a_column(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("size,word\nr1,2,a\nr2,3,b\nr3,4,c\n")
    frame, _, _, *_ = read_frame(path)
    assert frame.columns == ["column_1", "size", "word"]
    assert frame["size"].to_list() == ["2", "3", "4"]


def test_an_old_macintosh_s_lines_and_ten_thousand_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mac.csv"
    path.write_bytes(b"a,b\r1,2\r3,4\r")
    assert read_frame(path).frame.rows() == [("1", "2"), ("3", "4")]
    wide = tmp_path / "wide.csv"
    names = [f"a rather long name of column {i}" for i in range(10_000)]
    wide.write_text("\n".join([",".join(names), *[",".join(["1.5"] * 10_000)] * 3]))
    frame = read_frame(wide).frame
    assert frame.shape == (3, 10_000)
    assert dialect_of(wide).header


def test_some_wrong_bytes_do_not_change_how_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = [f"Köln,{i},Łódź\n".encode() for i in range(50)]
    lines[20] = b"K\xff\xfe\x80ln,20,x\n"
    path.write_bytes(b"town,n,other\n" + b"".join(lines))
    assert dialect_of(path).encoding == "utf-8"
    read = read_frame(path)
    assert read.frame["town"].value_counts(sort=True)["town"][0] == "Köln"
    assert [finding.places for finding in read.findings] == [("t.csv, line 22",)]
    latin = tmp_path / "latin.csv"
    latin.write_bytes("".join(f"Köln,{i},Zürich\n" for i in range(50)).encode("cp1252"))
    assert read_frame(latin).frame.row(0)[0] == "Köln"


def test_escape_sequences_are_cells(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\x1b[31mred,n\n" + "".join(f"\x1b[2J{i},{i}\n" for i in range(9)))
    assert read_frame(path).frame.shape == (9, 2)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04" + b"\1\2\3" * 50, "a spreadsheet"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (bytes(range(256)) * 9, "holds no text"),
        (b"", "it is empty"),
        (b"\n\n \n", "it is empty"),
    ],
)
def test_a_file_without_text_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=told):
        read_frame(path)


def test_zst_is_read_in_pieces_and_a_cut_one_is_told(tmp_path: Path) -> None:
    import zstandard

    whole = zstandard.compress(b"a,b\n" + b"".join(b"%d,x\n" % i for i in range(100_000)))
    path = tmp_path / "t.csv.zst"
    path.write_bytes(whole)
    assert read_frame(path).frame["a"].to_list()[-1] == "99999"
    for name, data in (
        ("cut.csv.gz", __import__("gzip").compress(whole)[:-20]),
        ("no.csv.bz2", b"no"),
        ("no.csv.xz", b"no"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match=name):
            read_frame(tmp_path / name)


def test_a_line_that_is_no_json_is_skipped_and_told(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "b": "x"}\nnot json\n[1]\n\n{"a": 2.5, "c": null}\n')
    frame, _, (finding,), *_ = read_frame(path)
    assert frame["a"].to_list() == [1, 2.5]
    assert finding.places == ("t.jsonl, line 2", "t.jsonl, line 3")
