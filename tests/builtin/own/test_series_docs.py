"""The commands of docs/own-data.md on series, from a person's files to answers."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from nntui.cli.main import cli
from nntui.runs.events import Evaluated, Finished
from nntui.runs.folder import RunFolder
from nntui.runs.log import read_events

PAGE = Path(__file__).parents[3] / "docs" / "own-data.md"


def commands(heading: str) -> list[list[str]]:
    """The lines of the shell blocks below a heading."""
    section = re.split(r"^### ", PAGE.read_text().split("## Time series")[1], flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(heading)]
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


def said(words: list[str]) -> str:
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNTUI_RUNS", raising=False)
    return tmp_path


def test_visits_are_forecast_beside_their_baselines(here: Path) -> None:
    days = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
    week = np.array([118, 164, 171, 169, 166, 150, 121])
    visits = week[np.arange(len(days)) % 7] + np.random.default_rng(0).integers(-9, 10, len(days))
    pl.DataFrame({"date": days.astype(str), "visits": visits}).write_csv("visits.csv")
    train, show, evaluate, predict = commands("Forecasting")
    report = said(train)
    assert re.search(r"^\s+network +naive +seasonal-naive$", report, re.MULTILINE)
    assert "beside     naive mae" in said(show)
    assert re.search(r"^metric +network +naive +seasonal-naive$", said(evaluate), re.MULTILINE)
    answer = json.loads(said([*predict, "--json"]))
    assert len(answer[0]["value"]) == 7
    assert np.abs(np.array(answer[0]["value"]) - week[(len(days) + np.arange(7)) % 7]).max() < 20
    events, _ = read_events(RunFolder(here / "runs" / "visits").events)
    tested = next(event for event in events if isinstance(event, Evaluated) and event.split == "test")
    ended = next(event for event in events if isinstance(event, Finished))
    assert tested.baselines == ended.baselines
    assert tested.metrics["mae"] < tested.baselines["seasonal-naive"]["mae"] < tested.baselines["naive"]["mae"]
    card = (here / "runs" / "visits" / "model" / "README.md").read_text()
    assert "| metric | value | naive | seasonal-naive |" in card


def test_beats_are_told_apart(here: Path) -> None:
    random = np.random.default_rng(0)
    kinds = np.array(["fast", "slow"] * 40)
    turns = np.where(kinds == "fast", 4.0, 2.0)[:, None] * np.linspace(0, 2 * np.pi, 60) + random.uniform(0, 6, (80, 1))
    values = np.round(np.sin(turns) + random.normal(0, 0.1, turns.shape), 3)
    steps = {f"t{at}": values[:, at] for at in range(60)}
    pl.DataFrame({"beat": kinds, **steps})[:60].write_csv("beats.csv")
    pl.DataFrame(steps)[60:].write_csv("new-beats.csv")
    train, predict = commands("Labelled series")
    assert "is read by labelled-series" in said([*train, "--epochs", "30"])
    answers = json.loads(said([*predict, "--json"]))
    told = [answer["value"] for answer in answers]
    assert np.mean(np.array(told) == kinds[60:]) > 0.8
