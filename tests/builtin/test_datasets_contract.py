"""What holds for every built-in data set."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from opened import DATASETS, FETCHED, OFFLINE, build, fit, opened, target

import nntui
from nntui.builtin.datasets import shipped
from nntui.hooks.data import DataSpec, InputSpec
from nntui.hooks.errors import UserError
from nntui.spec.model import DataSettings

HEAVY = ("torch", "torchvision", "polars", "PIL", "soundfile")


def test_listing_the_data_sets_imports_nothing_heavy_and_reads_no_data() -> None:
    program = (
        "import sys; from nntui.builtin.datasets import contributions; found = list(contributions());"
        "from nntui.hooks.params import describe; [describe(one.params) for one in found];"
        f"print(sum(one.sniff is None for one in found), [name for name in {HEAVY} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == f"{len(DATASETS)} []"


def test_a_data_set_on_disk_is_built_and_fitted_without_torch_or_torchvision() -> None:
    program = (
        "import sys, numpy as np; from nntui.builtin.datasets.shipped_images import fashion;"
        "from nntui.builtin.datasets.images import ImagePreprocessor;"
        "source = fashion(None, None); ImagePreprocessor.fit(source, np.arange(1500), None);"
        f"print(len(source), [name for name in {HEAVY} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "2000 []"


def test_the_issue_s_data_sets_are_all_there() -> None:
    assert {name for name, dataset in DATASETS.items() if dataset.sniff is None} == {
        *("digits", "fashion", "word-languages", "hamlet", "seattle-weather", "spoken-languages"),
        *("penguins", "titanic", "auto-mpg", "moons", "circles", "spirals", "xor", *FETCHED),
    }


@pytest.mark.parametrize("name", DATASETS)
def test_every_contribution_says_what_it_is(name: str) -> None:
    dataset = DATASETS[name]
    assert dataset.summary
    assert dataset.sniff or (dataset.licence and dataset.source)  # of a reader's files the person knows
    assert dataset.augment in ("none", "light", "standard", "strong")
    assert dataset.defaults["training.epochs"] >= 1
    assert dataset.defaults["training.batch_size"] >= 1
    assert callable(target(str(dataset.build)))
    assert callable(target(str(dataset.preprocessor)).fit)


@pytest.mark.parametrize("name", DATASETS)
def test_params_take_no_name_that_the_engine_reserves(name: str) -> None:
    reserved = {"name", *DataSettings.model_fields}
    assert not reserved & set(DATASETS[name].params.model_fields)


@pytest.mark.parametrize("name", OFFLINE)
def test_rows_are_as_many_as_promised(name: str) -> None:
    assert len(opened(name).source) == DATASETS[name].rows


def _check_input(item: InputSpec, encoded: dict[str, Any], rows: int) -> None:
    tensor = encoded[item.name]
    assert str(tensor.dtype) == f"torch.{item.dtype}"
    assert len(tensor.shape) == 1 + len(item.shape)
    assert tensor.shape[0] == rows
    for size, promised in zip(tensor.shape[1:], item.shape, strict=True):
        assert promised in (None, size)
    assert torch.isfinite(tensor).all()
    if item.kind == "categories":
        assert (tensor >= 0).all()
        assert (tensor < torch.tensor(item.cardinalities)).all()
    elif item.kind == "tokens":
        assert int(tensor.min()) >= 0
        assert int(tensor.max()) < item.vocabulary
    else:
        width = item.shape[0] if item.kind == "image" else item.shape[-1]
        assert len(item.mean) == len(item.std) == width
        assert all(deviation > 0 for deviation in item.std)
    if item.lengths is not None:
        lengths = encoded[item.lengths]
        assert lengths.dtype == torch.int64
        assert int(lengths.min()) >= 1
        assert int(lengths.max()) <= tensor.shape[1]


@pytest.mark.parametrize("name", OFFLINE)
def test_encoded_rows_are_what_the_spec_says(name: str) -> None:
    one = opened(name)
    spec, encoded, rows = one.preprocessor.spec, one.encoded(), len(one.source)
    assert spec.modality == one.dataset.modality
    for item in spec.inputs:
        _check_input(item, encoded, rows)
    told, goal = encoded["target"], spec.target
    if goal.kind == "values":
        assert told.dtype == torch.float32
        assert told.shape == (rows, goal.size)
        assert len(goal.mean) == len(goal.std) == len(goal.names) == goal.size
    else:
        assert told.dtype == torch.int64
        assert len(goal.names) == goal.size
        assert int(told.max()) < goal.size
        assert int(told.min()) >= (-1 if goal.kind == "next-token" else 0)
    if goal.offset is not None:
        assert encoded[goal.offset].shape == told.shape
        assert encoded[goal.offset].dtype == torch.float32


@pytest.mark.parametrize("name", OFFLINE)
def test_training_rows_are_standardised(name: str) -> None:
    one = opened(name)
    encoded = one.preprocessor.encode(one.source.rows(one.train))
    for item in one.preprocessor.spec.inputs:
        if not item.mean:
            continue
        x = encoded[item.name].to(torch.float64)
        if item.kind == "image":
            x = x.movedim(1, -1)
        elif item.lengths is not None:
            x = torch.cat([row[:length] for row, length in zip(x, encoded[item.lengths], strict=True)])
        normal = ((x - torch.tensor(item.mean)) / torch.tensor(item.std)).reshape(-1, len(item.mean))
        fitted = torch.tensor([mean != 0 or std != 1 for mean, std in zip(item.mean, item.std, strict=True)])
        assert normal.mean(0)[fitted].abs().max() < 1e-3
        assert (normal.std(0)[fitted] - 1).abs().max() < 1e-2


@pytest.mark.parametrize("name", OFFLINE)
def test_class_codes_agree_with_the_encoded_target(name: str) -> None:
    one = opened(name)
    if one.preprocessor.spec.target.kind == "classes":
        assert one.source.targets is not None
        assert np.array_equal(one.source.targets, one.encoded()["target"].numpy())
        assert set(one.source.targets.tolist()) == set(range(one.preprocessor.spec.target.size))
    else:
        assert one.source.targets is None


def test_given_splits_divide_the_rows() -> None:
    given = opened("fashion").source.given
    assert {split: len(rows) for split, rows in given.items()} == {"train": 1500, "test": 500}
    assert sorted(np.concatenate(list(given.values())).tolist()) == list(range(2000))


@pytest.mark.parametrize("name", ["hamlet", "seattle-weather"])
def test_what_runs_in_time_is_split_by_time(name: str) -> None:
    time = opened(name).source.time
    assert time is not None
    assert (np.diff(time) > 0).all()


@pytest.mark.parametrize("name", OFFLINE)
def test_the_fingerprint_is_of_the_content_and_stays(name: str) -> None:
    first = opened(name).source.fingerprint
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert build(name).fingerprint == first


def test_no_two_data_sets_share_a_fingerprint() -> None:
    assert len({opened(name).source.fingerprint for name in OFFLINE}) == len(OFFLINE)


def test_another_seed_makes_other_points() -> None:
    for name in ("moons", "circles", "spirals", "xor"):
        assert build(name, seed=1).fingerprint != build(name, seed=0).fingerprint


def _spoiled(column: Any) -> Any:
    """A value of the column's kind that no row has."""
    if isinstance(column, list):
        first = column[0]
        if isinstance(first, str):
            return "Ωж" * len(first)
        if isinstance(first, list):
            return ["Ωж"] * len(first)
        return np.full(len(first) * 3, 0.9, dtype=np.float32)
    if column.dtype == np.uint8:
        return 201
    if np.issubdtype(column.dtype, np.floating):
        return 1e6
    return column[0]


@pytest.mark.parametrize("name", OFFLINE)
def test_nothing_is_fitted_on_rows_outside_training(name: str) -> None:
    one = opened(name)
    others = np.setdiff1d(np.arange(len(one.source)), one.train)
    columns: dict[str, Any] = {}
    for key, column in one.source.columns.items():
        changed = list(column) if isinstance(column, list) else column.copy()
        for row in others:
            changed[row] = _spoiled(column)
        columns[key] = changed
    spoiled = dataclasses.replace(one.source, columns=columns)
    assert fit(name, spoiled, one.train).to_json() == one.preprocessor.to_json()
    assert fit(name, spoiled, np.arange(len(spoiled))).to_json() != one.preprocessor.to_json()


@pytest.mark.parametrize("name", OFFLINE)
def test_a_preprocessor_lives_on_as_plain_json(name: str) -> None:
    one = opened(name)
    stored = json.loads(json.dumps(one.preprocessor.to_json(), allow_nan=False))
    again = type(one.preprocessor).from_json(stored)
    assert again == one.preprocessor
    assert again.spec == one.preprocessor.spec
    assert DataSpec.from_json(json.loads(json.dumps(again.spec.to_json()))) == again.spec
    raw = one.source.rows(np.arange(5))
    before, after = one.preprocessor.encode(raw), again.encode(raw)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize("name", OFFLINE)
def test_preprocessing_of_another_format_is_refused(name: str) -> None:
    stored = opened(name).preprocessor.to_json()
    kind = type(opened(name).preprocessor)
    with pytest.raises(ValueError, match="format 1 was expected, got 2"):
        kind.from_json({**stored, "format": 2})
    lost = dict(list(stored.items())[:-1])
    with pytest.raises(ValueError, match="not whole"):
        kind.from_json({**lost, "facts": None, "classes": None, "vocabulary": None})


@pytest.mark.parametrize("name", OFFLINE)
def test_an_example_is_something_to_show(name: str) -> None:
    one = opened(name)
    example = one.preprocessor.example(one.source.rows(np.array([3, 4])), 1)
    assert example.label
    if example.kind == "image":
        assert example.content.dtype == np.uint8
        assert example.content.ndim == 2
    elif example.kind == "text":
        assert isinstance(example.content, str)
    else:
        json.dumps(example.content, allow_nan=False)


@pytest.mark.parametrize("name", OFFLINE)
def test_probabilities_are_told_most_likely_first(name: str) -> None:
    one = opened(name)
    goal = one.preprocessor.spec.target
    if goal.kind == "values":
        value = torch.arange(goal.size, dtype=torch.float32)[None] + 1.25
        (told,) = one.preprocessor.decode(value)
        assert told.label.startswith("1.25")
        assert told.value == pytest.approx(1.25)
        assert not told.probabilities
    else:
        output = torch.softmax(torch.arange(goal.size, dtype=torch.float32), 0)
        (told,) = one.preprocessor.decode(output[None])
        assert told.label == told.value == goal.names[-1]
        shares = list(told.probabilities.values())
        assert shares == sorted(shares, reverse=True)
        assert next(iter(told.probabilities)) == told.label


def test_a_preprocessor_of_another_kind_is_refused() -> None:
    tables = target(str(DATASETS["penguins"].preprocessor))
    with pytest.raises(TypeError, match="TableFacts was expected"):
        tables.fit(opened("digits").source, np.arange(10), None)


def test_columns_of_different_lengths_are_no_rows() -> None:
    source = opened("moons").source
    with pytest.raises(ValueError, match="one length"):
        dataclasses.replace(source, columns={"x": np.zeros(3), "y": np.zeros(2)})


@pytest.mark.parametrize(
    "name", sorted(path.parent.name for path in (Path(nntui.__file__).parents[1] / "datasets").glob("*/README.md"))
)
def test_each_folder_of_data_has_a_card_and_what_its_licence_asks_for(name: str) -> None:
    folder = Path(nntui.__file__).parents[1] / "datasets" / name
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"# {name}" in card
    for row in ("| source |", "| licence |", "| splits |", "| network's input |"):
        assert row in card
    licence = DATASETS[name].licence
    assert licence.split(" (")[0] in card.replace("not under copyright", "public domain")
    if licence.startswith(("MIT", "BSD", "CC BY")):
        assert (folder / "LICENSE").stat().st_size > 500


def test_every_set_that_ships_has_a_folder_of_its_own() -> None:
    folders = {path.parent.name for path in (Path(nntui.__file__).parents[1] / "datasets").glob("*/README.md")}
    assert folders == set(OFFLINE) - {"moons", "circles", "spirals", "xor"}


def test_data_is_found_inside_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "nntui"
    (package / "datasets" / "hamlet").mkdir(parents=True)
    (package / "datasets" / "hamlet" / "hamlet.txt").write_text("words, words, words", encoding="utf-8")
    monkeypatch.setattr(nntui, "__file__", str(package / "__init__.py"))
    assert shipped.shipped("hamlet", "hamlet.txt").read_text(encoding="utf-8") == "words, words, words"
    with pytest.raises(UserError, match=r"digits/digits\.csv\.gz.*is not in .*site-packages") as caught:
        shipped.shipped("digits", "digits.csv.gz")
    assert "install" in caught.value.advice
