"""What is meant as a path, and what lies there that no reader may be asked about."""

import os
from pathlib import Path

import pytest

from nntui.engine.building import open_source
from nntui.hooks.errors import UserError
from nntui.hooks.registry import registry
from nntui.spec.datapath import is_path, sniffed
from nntui.spec.resolve import resolve


@pytest.mark.parametrize("text", ["sales.csv", "./pets", "~/pets", "archive.tar.gz", "book.txt"])
def test_what_has_the_form_of_a_file_is_a_path(text: str) -> None:
    assert is_path(text)


@pytest.mark.parametrize("text", ["digits", "mnist-784", "v1.2", "."])
def test_a_word_is_a_name_unless_a_file_is_called_so(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_path(text) == (text == ".")
    Path(text).touch() if text != "." else None
    assert is_path(text)


def test_a_path_with_a_slip_in_it_names_the_file_that_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "customers.csv").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no file is called") as caught:
        sniffed("./custmers.csv", registry())
    assert caught.value.suggestions[0] == "./customers.csv"


def test_a_pipe_is_refused_before_anyone_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rows.csv")
    with pytest.raises(UserError, match="pipe"):
        sniffed(str(tmp_path / "rows.csv"), registry())


def test_a_pipe_for_the_test_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    os.mkfifo(tmp_path / "later.csv")
    spec = resolve({"data": {"path": str(tmp_path / "rows.csv"), "test": str(tmp_path / "later.csv")}}, registry())
    with pytest.raises(UserError, match=r"later\.csv: it is a pipe"):
        open_source(spec)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Kunden.XLSX", "XLSX cannot be read: save the sheet as CSV"),
        ("memo.m4a", "M4A cannot be read: save as WAV"),
        ("photo.heic", "HEIC cannot be read: export as JPEG"),
        ("scan.pdf", "PDF cannot be read: save as plain text"),
    ],
)
def test_a_file_that_nobody_reads_says_what_to_do_with_it(name: str, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\0\1\2\3" * 99)
    with pytest.raises(UserError, match="no reader takes") as caught:
        sniffed(str(tmp_path / name), registry())
    assert told in caught.value.advice
