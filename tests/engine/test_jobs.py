"""What the fork server's jobs tell: data sets in words, plans with figures that can be checked, curves."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.engine.jobs.activation import curve
from nntui.engine.jobs.describe import MOST_ITEMS, MOST_TEXT, SIDE, describe, picture, shown
from nntui.engine.jobs.plan import plan
from nntui.hooks.data import Example
from nntui.hooks.errors import UserError
from nntui.hooks.registry import registry
from nntui.runs.jobs import PlanResult, encode, read_answer

WEATHER = Path(__file__).parents[2] / "datasets/seattle-weather/seattle-weather.csv"


def planned(toml: str) -> PlanResult:
    return list(plan(toml, ""))[-1]


@pytest.mark.parametrize(
    ("name", "shape", "target"),
    [
        ("digits", "8 x 8 grey", "one of 10 classes"),
        ("penguins", "8 numbers and 2 categories", "one of 3 classes"),
        ("moons", "2 numbers", "one of 2 classes"),
        ("hamlet", "128 tokens of 67 different tokens", "the next of 67 tokens"),
    ],
)
def test_a_data_set_in_words(name: str, shape: str, target: str) -> None:
    told = describe(f'[data]\nname = "{name}"\n')
    assert (told.shape, told.target) == (shape, target)
    assert sum(told.splits.values()) <= told.rows
    assert told.licence and told.source and told.summary


def test_every_shipped_data_set_is_described_and_its_answer_is_small() -> None:
    for entry in registry().list("data"):
        toml = f'[data]\nname = "{entry.name}"\nroot = "/nowhere"\n'
        try:
            told = describe(toml)
        except UserError as error:
            assert "not on this machine" in error.message or entry.meta.get("rows") is None, error.message
            continue
        line = encode(told)
        assert len(line) < 200_000
        assert read_answer(line) == told
        assert told.examples


def test_classes_are_counted_over_all_rows() -> None:
    told = describe('[data]\nname = "penguins"\n')
    assert {count.name: count.rows for count in told.classes} == {"Adelie": 152, "Chinstrap": 68, "Gentoo": 124}


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (f'path = "{WEATHER}"', "in no split: they tell of rows on both sides of a border"),
        ('name = "penguins"\nlimit = 50', "left out of training by --data.limit 50"),
    ],
)
def test_rows_that_are_in_no_split_are_counted_and_explained(table: str, why: str) -> None:
    told = describe(f"[data]\n{table}\n")
    left = told.rows - sum(told.splits.values())
    assert left > 1
    assert [(f.message, f.count) for f in told.findings if why in f.message] == [(f"{left:,} rows are {why}", left)]


def test_groups_in_training_and_in_a_test_from_elsewhere_are_warned_of(tmp_path: Path) -> None:
    for name, groups in (("own.csv", "abcdef"), ("later.csv", "efgh")):
        rows = [f"{group},{i % 7 * 1.5},{'uv'[i % 2]}" for group in groups for i in range(20)]
        (tmp_path / name).write_text("\n".join(["who,x,y", *rows]))
    table = f'[data]\npath = "{tmp_path / "own.csv"}"\ngroup = "who"\n'
    alone, beside = describe(table), describe(f'{table}test = "{tmp_path / "later.csv"}"\n')
    assert not [f for f in alone.findings if "in the test and in training" in f.message]
    assert [f.count for f in beside.findings if "in the test and in training" in f.message] == [2]


def test_a_data_set_is_described_whatever_network_is_asked_for() -> None:
    assert describe('data = "penguins"\narch = "cnn"\n').name == "penguins"


@pytest.mark.parametrize("shape", [(200, 100), (100, 200, 3), (64, 64), (1, 1000), (65, 64)])
def test_a_large_picture_is_brought_down_to_the_mean_of_its_parts(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    small = picture(image)
    assert max(small.width, small.height) <= SIDE
    pixels = np.frombuffer(small.pixels, np.uint8).reshape(small.height, small.width, small.channels)
    assert abs(pixels.mean() - image.mean()) < 4
    assert small.at(0, 0)[0] == pixels[0, 0, 0]


def test_a_small_picture_stays_as_it_is() -> None:
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    small = picture(image)
    assert small.pixels == image.tobytes()
    assert small.at(1, 2) == tuple(image[1, 2])


def test_examples_are_bounded() -> None:
    text = shown(Example(kind="text", content="x" * 100_000, label="\udcff" * 500))
    assert len(text.text) == MOST_TEXT and len(text.label) <= 80
    curve_of = shown(Example(kind="json", content={"low": list(range(1000)), "nan": math.nan}))
    assert len(curve_of.content["low"]) == MOST_ITEMS
    assert (curve_of.content["low"][0], curve_of.content["low"][-1]) == (0, 999)
    assert curve_of.content["nan"] is None
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    json.loads(encode(shown(Example(kind="json", content=deep))))


def test_memory_is_what_the_network_and_its_optimizer_hold() -> None:
    ffn = '[data]\nname = "digits"\n[arch]\nname = "ffn"\nhidden = [32]\nnorm = "none"\n[optimizer]\nname = "{}"\n'
    adam = planned(ffn.format("adamw"))
    weights = 64 * 32 + 32 + 32 * 10 + 10
    assert adam.parameters == weights
    assert adam.memory.parameters == adam.memory.gradients == 4 * weights
    assert 8 * weights <= adam.memory.optimizer <= 8 * weights + 64
    batch = adam.batch_size
    assert adam.memory.batch == batch * (64 * 4 + 8)
    assert adam.memory.data == (adam.splits["train"] + adam.splits["validation"]) * (64 + 8)
    # what relu and cross-entropy keep: the hidden layer (before or after, at least once) and the log-probabilities
    assert batch * (32 + 10) * 4 <= adam.memory.activations <= batch * 4 * (64 + 4 * 32 + 4 * 10)
    assert adam.memory.total > 4 * 4 * weights


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('data = "digits"\n', math.log(10)),
        ('data = "hamlet"\narch = "rnn"\n', math.log(67)),
        ('data = "auto-mpg"\n[training]\nloss = "mse"\n', 1.0),
    ],
)
def test_the_first_loss_stands_beside_that_of_a_network_that_knows_nothing(toml: str, expected: float) -> None:
    result = next(iter(plan(toml, "")))
    assert result.expected_loss == pytest.approx(expected)
    assert result.expected_why
    assert result.loss is not None and result.loss == pytest.approx(expected, rel=0.6)


def test_a_plan_says_what_a_run_would_be() -> None:
    result = planned('data = "digits"\narch = "cnn"\n[training]\nepochs = 7\nbatch_size = 100\n')
    assert (result.epochs, result.batch_size) == (7, 100)
    assert result.steps_per_epoch == result.splits["train"] // 100
    assert result.step_seconds is not None and 0 < result.step_seconds < 10
    assert result.seconds == pytest.approx(result.step_seconds * result.steps_per_epoch * 7)
    assert "step" in result.timed and "thread" in result.timed


def test_every_built_in_activation_has_a_curve_whose_derivative_is_its_slope() -> None:
    for entry in registry().list("activation"):
        told = curve(entry.qualified, {})
        y, slope = np.array(told.y, float), np.array(told.dy, float)
        step = told.x[1] - told.x[0]
        numeric = (y[2:] - y[:-2]) / (2 * step)
        smooth = np.abs(np.diff(slope))[1:] + np.abs(np.diff(slope))[:-1] < 0.3  # not where it bends
        assert np.allclose(numeric[smooth], slope[1:-1][smooth], atol=0.05), entry.name
        assert told.formula
