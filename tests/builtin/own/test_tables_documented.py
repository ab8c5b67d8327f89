"""What docs/own-data.md says of tables works, from a person's file to predictions; and bad tables end in a sentence."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from nntui.cli.main import run as nntui

REPOSITORY = Path(__file__).parents[3]
SHORT = ["--epochs", "2", "--arch.hidden", "16", "--no-ui", "--training.probe=false"]


@pytest.fixture
def passengers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNTUI_RUNS", raising=False)
    lines = (REPOSITORY / "datasets" / "titanic" / "titanic.csv").read_text().splitlines()
    Path("passengers.csv").write_text("\n".join(lines))
    Path("new.csv").write_text("\n".join(lines[:20]))
    return tmp_path


def typed(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    code = nntui(words)
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return code, said.out + said.err


@pytest.mark.slow
def test_what_the_document_says_to_type_works(passengers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    section = (REPOSITORY / "docs" / "own-data.md").read_text().split("\n## Tables\n")[1].split("\n## ")[0]
    for block in re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)[1:]
            code, said = typed(words + SHORT if words[0] == "train" else words, capsys)
            assert code == 0, f"{line}\n{said}"
            if words[0] == "predict" and "new.csv" in words:
                assert len(re.findall(r"^.*\b[01]\b.*%", said, re.MULTILINE)) == 19
    config = json.loads((passengers / "runs" / "age" / "model" / "config.json").read_text())
    assert config["io"]["target"]["kind"] == "values"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "it is empty"),
        ("a,b\n", "no rows"),
        ("a,b\n1,x\n2,x\n3,x\n", "'x' in every row"),
        ("a,b\n" + "".join(f"{i},w{i}\n" for i in range(40)), "cannot be known|classes in 40 rows"),
        ("a,b\n" + "".join(f",{i % 2}\n" for i in range(40)), "no column is left"),
        ("a,b,c\n" + "1,2,3,4,5\n" * 9, "no rows|no row"),
        ("\x89PNG\r\n\x1a\n", "PNG"),
    ],
    ids=["empty", "no rows", "one value", "all distinct", "all missing", "all ragged", "a picture"],
)
def test_a_table_that_nothing_can_be_learnt_from_ends_in_a_sentence(
    passengers: Path, capsys: pytest.CaptureFixture[str], content: str, told: str
) -> None:
    Path("bad.csv").write_bytes(content.encode("latin-1"))
    code, said = typed(["train", "--data", "./bad.csv", *SHORT], capsys)
    assert code != 0
    assert re.search(told, said), said


def test_odd_names_are_read(passengers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("a b\n😀\x1b[31m.csv")
    path.write_text("x,y\n" + "".join(f"{i % 13},{'pq'[i % 2]}\n" for i in range(60)))
    code, said = typed(["train", "--data", f"./{path}", "--name", "odd", *SHORT], capsys)
    assert code == 0, said
    assert "\x1b[31m" not in said
