"""`nntui evaluate`: reports of every kind of data, of other data too, in the terminal, as JSON and as a page."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_wine
from tiny import KINDS, Tiny

import nntui
from nntui.cli.main import run
from nntui.cli.report_text import report_lines
from nntui.page.report import page

EACH = pytest.mark.parametrize(("data", "arch"), list(KINDS.items()))
WINES = ("barolo", "grignolino", "barbera")


class Page(HTMLParser):
    """Checks that a page is closed in order and asks for nothing; keeps its text and its pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.told: list[str] = []
        self.pictures = 0
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe", "object", "base")
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("href", "src") or (value or "").startswith("data:image/png;base64,")
        self.pictures += tag == "img"
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.told.append(data)


def write_wine(path: Path, rows: list[int], *, strange: bool = False) -> None:
    wine = load_wine()
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", *wine.feature_names, "wine"])
        for n, i in enumerate(rows):
            out.writerow([f"w{i}", *wine.data[i], "chianti" if strange and n == 0 else WINES[wine.target[i]]])


def write_pictures(folder: Path, names: list[str], rows: range) -> None:
    digits = load_digits()
    for i in rows:
        if digits.target[i] < len(names):
            path = folder / names[digits.target[i]] / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((digits.images[i] * 15).astype(np.uint8)).resize((24, 24)).save(path)


@pytest.fixture(scope="module")
def wines(house: Path, tmp_path_factory: pytest.TempPathFactory) -> nntui.LoadedRun:
    folder = tmp_path_factory.mktemp("wines")
    order = np.random.default_rng(0).permutation(178).tolist()
    write_wine(folder / "wine.csv", order[:140])
    write_wine(folder / "later.csv", order[140:], strange=True)
    settings: dict[str, Any] = {"data.path": str(folder / "wine.csv"), "data.reader": "table", "data.target": ["wine"]}
    network = {"name": "ffn", "hidden": [16]}
    return nntui.train(data={"name": "table"}, arch=network, epochs=8, runs=folder, name="wines", **settings)


@pytest.fixture(scope="module")
def pets(house: Path, tmp_path_factory: pytest.TempPathFactory) -> nntui.LoadedRun:
    folder = tmp_path_factory.mktemp("pets")
    write_pictures(folder / "pets", ["cat", "dog", "owl"], range(200))
    write_pictures(folder / "new", ["Cat", "dog", "owl", "<b>wolf"], range(200, 300))
    (folder / "new" / "dog" / "broken.png").write_bytes(b"nonsense")
    network = {"name": "cnn", "channels": [8]}
    path = {"data.path": str(folder / "pets")}
    return nntui.train(data={"name": "images"}, arch=network, epochs=2, runs=folder / "runs", name="pets", **path)


# every kind of data


@EACH
def test_a_report_in_pieces_measures_what_training_did_to_the_last_digit(
    data: str, arch: str, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nntui.engine.reporting.measuring.PIECE_BYTES", 1)  # a batch is a piece
    trained = tiny(data, arch)
    report = trained.report()
    assert report.metrics == trained.metrics
    assert sorted(report.to_json()["metrics"]) == sorted(trained.metrics)
    assert report.rows == (
        report.classes.weighted.support if report.kind == "classes" and report.classes else report.rows
    )


@EACH
def test_a_report_is_told_in_eighty_columns_and_drawn_on_a_page(data: str, arch: str, tiny: Tiny) -> None:
    report = tiny(data, arch).report(mistakes=4)
    assert len(report.mistakes) == 4 and all(m.place for m in report.mistakes)
    for blocks in (True, False):
        lines = list(report_lines(report, blocks=blocks))
        assert max(map(len, lines)) <= 80, max(lines, key=len)
    assert all(line.isascii() for line in lines if data not in ("seattle-weather", "hamlet", "word-languages"))
    drawn = Page(page(report))
    assert drawn.pictures == (4 if data == "digits" else 0)
    told = " ".join(drawn.told)
    assert report.mistakes[0].place in told and f"{report.rows:,} rows" in told
    json.dumps(report.to_json(), allow_nan=False)


def test_the_worst_mistakes_are_wrong_and_the_surest_first(tiny: Tiny) -> None:
    report = tiny("word-languages", "rnn").report(mistakes=1000)
    assert report.wrong == len(report.mistakes) == round((1 - report.metrics["accuracy"]) * report.rows)
    assert all(m.truth != m.answer for m in report.mistakes)
    losses = [m.badness for m in report.mistakes]
    assert losses == sorted(losses, reverse=True)


# other data


def test_other_rows_of_a_table_are_read_as_the_training_rows_were(
    wines: nntui.LoadedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    later = wines.path.parent / "later.csv"
    report = wines.report(data=later, mistakes=50)
    assert report.rows == 37 and report.split == "all"
    assert any("chianti" in f.message and f.places == ("later.csv, line 2",) for f in report.findings)
    answers = {
        name: a.label for p in wines.answers(later) for name, a in zip(p.asked.names, p.predictions, strict=True)
    }
    with later.open(newline="") as file:
        truth = {f"later.csv, line {n}": row["wine"] for n, row in enumerate(csv.DictReader(file), start=2)}
    known = [name for name in truth if truth[name] != "chianti"]
    assert report.metrics["accuracy"] == sum(answers[name] == truth[name] for name in known) / 37
    assert {m.place for m in report.mistakes} == {name for name in known if answers[name] != truth[name]}
    assert wines.evaluate(data=later) == report.metrics
    assert run(["evaluate", str(wines.path), "--data", str(later), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["rows"] == 37 and "chianti" in said.err


def test_nothing_is_fitted_on_other_data(wines: nntui.LoadedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*_: object) -> None:
        raise AssertionError("something was fitted")

    monkeypatch.setattr("nntui.builtin.datasets.own.mixed.MixedPreprocessor.fit", fit)
    assert wines.evaluate(data=wines.path.parent / "later.csv")


def test_a_table_is_measured_when_the_training_data_is_gone(wines: nntui.LoadedRun) -> None:
    path, away = wines.path.parent / "wine.csv", wines.path.parent / "away.csv"
    expected = wines.evaluate(data=wines.path.parent / "later.csv")
    path.rename(away)
    try:
        assert wines.evaluate(data=wines.path.parent / "later.csv") == expected
    finally:
        away.rename(path)


def test_other_pictures_are_known_by_the_names_of_their_folders(
    pets: nntui.LoadedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new, html = pets.path.parents[1] / "new", tmp_path / "report.html"
    report = pets.report(data=new, mistakes=100, html=str(html))
    per_class = {score.name: score.support for score in report.classes.scores} if report.classes else {}
    assert per_class == {name: len(list((new / folder).glob("[0-9]*.png"))) for name, folder in
                         (("cat", "Cat"), ("dog", "dog"), ("owl", "owl"))}  # fmt: skip
    assert all((new / m.place).is_file() for m in report.mistakes)
    told = " ".join(f.in_words() for f in report.findings)
    assert "wolf" in told and "broken.png" in told
    drawn = Page(html.read_text())
    assert drawn.pictures == len(report.mistakes) and "<b>wolf" in " ".join(drawn.told)
    assert run(["evaluate", str(pets.path), "--data", str(new), "--split", "test"]) == 2
    assert "has no test rows of its own" in capsys.readouterr().err


def test_other_data_that_does_not_fit_is_told(
    pets: nntui.LoadedRun, wines: nntui.LoadedRun, tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pictures(tmp_path / "others", ["ant", "bee"], range(60))
    (tmp_path / "colours.csv").write_text("colour,size\n" + "red,3\nblue,4\n" * 20)
    cases = (
        (pets.path, tmp_path / "others", "none of the run's classes cat, dog, owl"),
        (pets.path, tmp_path / "nowhere", "there is nothing at"),
        (tiny("digits", "cnn").path, tmp_path / "others", "reads no other files"),
        (wines.path, tmp_path / "colours.csv", "colours.csv"),
    )
    for path, data, message in cases:
        assert run(["evaluate", str(path), "--data", str(data)]) == 2
        assert message in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_told(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(tiny("moons", "ffn").path), "--html", "/nowhere/page.html"]) == 2
    assert "cannot be written" in capsys.readouterr().err
