"""`nntui predict`: folders, whole tables and standard input, to every kind of table; what is left out is told."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tiny import Tiny

import nntui
from nntui.cli.main import run

HEADER = "id,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,island,sex"
ROWS = ("a,39.5,17.4,186,,Biscoe,MALE", "b,49.5,15.0,216,5000,Biscoe,", "c,46.0,17.9,195,3500,Dream,FEMALE")
OBJECT = json.dumps(dict(zip(HEADER.split(",")[1:], ROWS[0].split(",")[1:], strict=True)))


@pytest.fixture
def birds(tiny: Tiny) -> str:
    return str(tiny("penguins", "ffn").path)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "new.csv"
    path.write_text("\n".join((HEADER, *ROWS)) + "\n")
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert run(["predict", *arguments]) == code
    return capsys.readouterr()


def picture(path: Path, value: int = 200) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = np.zeros((8, 8), np.uint8)
    content[1:7, 3:5] = value
    Image.fromarray(content).save(path)


# forms


def test_csv_json_and_parquet_say_the_same_with_all_probabilities(
    birds: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    as_csv = list(csv.reader(io.StringIO(said(capsys, birds, str(table), "--csv", "--keep", "id,sex")[0])))
    assert as_csv[0] == ["input", "id", "sex", "answer", "p_Adelie", "p_Chinstrap", "p_Gentoo"]
    assert [row[:3] for row in as_csv[1:]] == [
        [f"{table}, line 2", "a", "MALE"], [f"{table}, line 3", "b", ""], [f"{table}, line 4", "c", "FEMALE"],
    ]  # fmt: skip
    objects = json.loads(said(capsys, birds, str(table), "--json", "--keep", "id")[0])
    written = tmp_path / "told.parquet"
    out, _ = said(capsys, birds, str(table), "--parquet", str(written), "--keep", "id,sex")
    assert "3 answers" in out
    frame = pl.read_parquet(written)
    assert frame.columns == as_csv[0]
    for line, told, row in zip(as_csv[1:], objects, frame.rows(named=True), strict=True):
        assert told["kept"] == {"id": line[1]} and told["input"] == line[0] == row["input"]
        assert told["label"] == line[3] == row["answer"]
        for name, share in told["probabilities"].items():
            assert float(line[4 + ["Adelie", "Chinstrap", "Gentoo"].index(name)]) == share == row[f"p_{name}"]


@pytest.mark.parametrize("name", ["told.csv", "told.json", "told.parquet", "told.txt", "told"])
def test_a_file_is_written_as_its_name_says(
    name: str, birds: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out" / name
    path.parent.mkdir()
    said(capsys, birds, str(table), "--out", str(path))
    if path.suffix == ".parquet":
        assert len(pl.read_parquet(path)) == 3
    elif path.suffix == ".json":
        assert len(json.loads(path.read_text())) == 3
    else:
        lines = path.read_text().splitlines()
        assert len(lines) == 4 and lines[0].startswith("input,answer" if path.suffix != ".txt" else "input  ")
    assert [p.name for p in path.parent.iterdir()] == [name]  # nothing half done is left beside it


def test_numbers_and_tokens_have_columns_of_their_own(
    tiny: Tiny, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cars = tiny("auto-mpg", "ffn")
    row = "cyl=4,displ=120,hp=90,weight=2500,accel=15,yr=76,origin=1,maker=ford,fuel=petrol"
    header, line = csv.reader(io.StringIO(said(capsys, str(cars.path), row, "--csv")[0]))
    assert header == ["input", "answer"] and line == [row, str(cars.predict(row)[0].value)]
    header, line = csv.reader(io.StringIO(said(capsys, str(tiny("hamlet", "rnn").path), "To be", "--csv")[0]))
    assert header == ["input", "answer", "probability"] and 0 < float(line[2]) < 1


def test_two_forms_at_once_are_refused(birds: str, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "say one of them" in said(capsys, birds, str(table), "--csv", "--json", code=2)[1]
    assert "say one of them" in said(capsys, birds, str(table), "--parquet", "a", "--out", "b", code=2)[1]


def test_a_file_that_cannot_be_written_is_told(birds: str, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be written" in said(capsys, birds, str(table), "--out", "/nowhere/told.csv", code=2)[1]


def test_an_unknown_column_to_keep_is_told_with_those_that_there_are(
    birds: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = said(capsys, birds, str(table), "--keep", "idd", code=2)[1]
    assert "--keep idd" in error and "did you mean id?" in error


# what is left out


def test_rows_that_cannot_be_read_are_left_out_counted_and_listed(
    birds: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_text("\n".join((HEADER, ROWS[0], "x,wide,1,1,1,Biscoe,MALE", "short,1", ROWS[1])))
    out, err = said(capsys, birds, str(table), str(table.parent / "gone.csv"), "--csv")
    assert [line.split(",")[1] for line in out.splitlines()[1:]] == [' line 2"', ' line 5"']
    assert "left out 3" in err and "'wide' is no number" in err and "line 4" in err and "gone.csv" in err


def test_a_folder_is_gone_through_and_what_is_no_picture_is_told(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "pictures"
    odd = "new\nline \x1b[31mred 🐧.png"
    for name in ("b.png", "deep/er/a.png", odd, ".hidden.png"):
        picture(folder / name)
    (folder / "deep" / "broken.png").write_bytes(b"\x89PNG nonsense")
    (folder / "notes.xyz").write_text("not a picture")
    (folder / "deep" / "circle").symlink_to(folder, target_is_directory=True)
    out, err = said(capsys, str(tiny("digits", "cnn").path), str(folder), "--csv")
    names = [row[0] for row in csv.reader(io.StringIO(out))][1:]
    assert {str(folder / name) for name in ("b.png", "deep/er/a.png", odd)} == set(names)
    assert "left out" in err and "broken.png" in err
    out, _ = said(capsys, str(tiny("digits", "cnn").path), str(folder))
    assert "\x1b" not in out and len(out.splitlines()) == 4


def test_a_pipe_is_left_out_before_anyone_waits_for_it(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of_digits = str(tiny("digits", "cnn").path)
    os.mkfifo(tmp_path / "pipe.png")
    picture(tmp_path / "one.png")
    out, err = said(capsys, run_of_digits, str(tmp_path / "pipe.png"), str(tmp_path / "one.png"), "--csv")
    assert len(out.splitlines()) == 2
    assert "left out 1:" in err and "it is a pipe or a device" in err and "pipe.png" in err
    _, err = said(capsys, run_of_digits, str(tmp_path / "pipe.png"), code=2)
    assert "it is a pipe or a device" in err


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_name_that_is_not_utf_8_is_written_out_in_every_form(
    form: str, tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(tmp_path / "a" / os.fsdecode(b"lat\xe9.png"))
    told = tmp_path / f"told.{form}"
    said(capsys, str(tiny("digits", "cnn").path), str(tmp_path / "a"), "--out", str(told))
    text = pl.read_parquet(told)["input"][0] if form == "parquet" else told.read_bytes().decode("utf-8")
    assert "lat\\xe9.png" in text.replace("\\\\", "\\")


def test_nothing_that_can_be_read_is_an_error(tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    digits = str(tiny("digits", "cnn").path)
    out, err = said(capsys, digits, str(tmp_path / "gone.png"), code=2)
    assert not out and "gone.png" in err and "there is no such file" in err
    out, err = said(capsys, digits, str(tmp_path / "empty"), "--csv", code=2)
    assert not out and err.startswith("error: ")


def test_an_input_may_begin_with_a_dash_behind_two(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / "--half.png")
    digits = str(tiny("digits", "cnn").path)
    assert "--half.png" in said(capsys, digits, "--", "--half.png")[0]
    assert "No such option" in said(capsys, digits, "--half.png", code=2)[1]


# standard input


class Bytes:
    """Standard input as a pipe gives it."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.mark.parametrize(
    ("data", "arch", "content", "answers"),
    [
        ("penguins", "ffn", ("\n" + "\n".join((HEADER, *ROWS))).encode(), 3),
        ("penguins", "ffn", b"\xef\xbb\xbf" + "\n".join((HEADER, *ROWS)).encode(), 3),
        (
            "penguins",
            "ffn",
            json.dumps(dict(zip(HEADER.split(",")[1:], ROWS[0].split(",")[1:], strict=True))).encode(),
            1,
        ),
        ("moons", "ffn", b"0.5,-0.3\n\n1,1\n", 2),
        ("moons", "ffn", b"x=0.5,y=-0.3\n", 1),
        ("word-languages", "rnn", "häuser\nbonjour\r\n".encode(), 2),
    ],
)
def test_standard_input_is_lines_or_a_table(
    data: str, arch: str, content: bytes, answers: int, tiny: Tiny,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin", Bytes(content))
    told = json.loads(said(capsys, str(tiny(data, arch).path), "-", "--json")[0])
    assert len(told) == answers
    assert "/tmp" not in json.dumps([row["input"] for row in told])


def test_a_picture_comes_through_a_pipe(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(tmp_path / "one.png")
    monkeypatch.setattr("sys.stdin", Bytes((tmp_path / "one.png").read_bytes()))
    trained = tiny("digits", "cnn")
    (told,) = json.loads(said(capsys, str(trained.path), "-", "--json")[0])
    assert told["label"] == trained.predict(tmp_path / "one.png")[0].label
    assert told["input"] == "standard input.png"


def test_empty_standard_input_is_an_error(
    birds: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Bytes(b"\n\n"))
    assert "nothing to ask about" in said(capsys, birds, "-", code=2)[1]


# length


def test_a_long_table_is_answered_piece_by_piece(
    birds: str, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "long.csv"
    path.write_text("\n".join((HEADER, *(ROWS * 400))))
    monkeypatch.setattr("nntui.engine.asking.PIECE", {"table": 100})
    monkeypatch.setattr("nntui.cli.answers.PART", 250)
    sizes = [len(piece.predictions) for piece in tiny("penguins", "ffn").answers(path)]
    assert sizes == [100] * 12
    said(capsys, birds, str(path), "--parquet", str(tmp_path / "told.parquet"), "--keep", "id")
    frame = pl.read_parquet(tmp_path / "told.parquet")
    assert frame["id"].to_list() == ["a", "b", "c"] * 400 and frame["input"][-1].endswith("line 1201")
    assert frame["answer"].to_list()[:3] * 400 == frame["answer"].to_list()
    out, _ = said(capsys, birds, str(path))
    assert len(out.splitlines()) == 1201
    assert len(json.loads(said(capsys, birds, str(path), "--json")[0])) == 1200


@pytest.mark.slow
def test_a_reader_who_has_had_enough_ends_it_quietly(birds: str, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("\n".join((HEADER, *(ROWS * 4000))))
    command = [sys.executable, "-m", "nntui", "predict", birds, str(path), "--csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


# from Python


def test_python_takes_paths_folders_and_values_and_loses_none(tiny: Tiny, tmp_path: Path) -> None:
    trained = tiny("digits", "cnn")
    for name in ("a.png", "b.png"):
        picture(tmp_path / "some" / name)
    assert trained.predict(tmp_path / "some") == trained.predict(
        [tmp_path / "some" / "a.png", tmp_path / "some" / "b.png"]
    )
    (tmp_path / "some" / "broken.png").write_bytes(b"nonsense")
    with pytest.raises(nntui.UserError, match=r"broken\.png"):
        trained.predict(tmp_path / "some")
    pieces = list(trained.answers(tmp_path / "some"))
    assert sum(len(piece.predictions) for piece in pieces) == 2
    told = [finding for piece in pieces for finding in piece.asked.findings]
    assert [finding.kind for finding in told] == ["skipped"] and "broken.png" in told[0].in_words()
    shutil.rmtree(tmp_path / "some")
    with pytest.raises(nntui.UserError):
        trained.predict(tmp_path / "some")
