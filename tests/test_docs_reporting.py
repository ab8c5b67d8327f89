"""The section "Predicting and reporting" of docs/own-data.md is run as it stands, on a real table."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import polars as pl
import pytest
from distributions import REPOSITORY
from test_docs import Reader

SECTION = re.compile(r"^## Predicting and reporting\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def tables(folder: Path) -> None:
    """The penguins as a person would have them: to learn from, to ask about, and later ones."""
    with (REPOSITORY / "datasets" / "penguins" / "penguins.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    rows = [[str(number), *row] for number, row in enumerate(rows)]
    target = header.index("species") + 1

    def write(name: str, some: list[list[str]], *, known: bool = True) -> None:
        columns = ["rowid", *header]
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows(
                [cell for at, cell in enumerate(row) if known or at != target] for row in (columns, *some)
            )

    write("birds.csv", [row for n, row in enumerate(rows) if n % 5])
    write("later.csv", rows[::5])
    write("new.csv", rows[::5], known=False)


@pytest.mark.slow
def test_predicting_and_reporting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNTUI_RUNS", raising=False)
    tables(tmp_path)
    section = SECTION.search((REPOSITORY / "docs" / "own-data.md").read_text())
    assert section
    reader = Reader(capsys, monkeypatch)
    for language, block in re.findall(r"^```(sh|python)\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL):
        reader.follow(language, block)
    told = pl.read_csv("told.csv")
    assert told.columns == ["input", "rowid", "answer", "p_Adelie", "p_Chinstrap", "p_Gentoo"]
    assert told["input"][0] == "new.csv, line 2" and told["rowid"].to_list() == list(range(0, 344, 5))
    assert pl.read_parquet("told.parquet")["answer"].to_list() == told["answer"].to_list()
    assert [row["label"] for row in json.loads(Path("told.json").read_text())] == told["answer"].to_list()
    report = json.loads(Path("report.json").read_text())
    assert 0.5 < report["metrics"]["accuracy"] <= 1 and len(report["confusion"]) == 3
    for page in ("report.html", "later.html"):
        assert "<svg" in Path(page).read_text()
