"""Rows of a table, fitted and as people type them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from opened import build, fit, opened

from nntui.builtin.datasets.answers import value_predictions
from nntui.builtin.datasets.derived import Derived, fuel, maker, title
from nntui.builtin.datasets.source import Rows
from nntui.builtin.datasets.tables import RARE, TableFacts, TablePreprocessor
from nntui.builtin.datasets.typed_rows import read_csv, read_rows

PENGUIN = "island=Dream,sex=male,bill_length_mm=50,bill_depth_mm=18.5,flipper_length_mm=200,body_mass_g=3900"


def table(age: list[float], port: list[str]) -> Rows[TableFacts]:
    codes = np.arange(len(age), dtype=np.int64) % 2
    facts = TableFacts(numbers=("age",), categories=("port",), target="t", classes=("no", "yes"))
    return Rows(
        columns={"age": np.array(age), "port": port, "target": codes}, facts=facts, fingerprint="", targets=codes
    )


def fitted(source: Rows[TableFacts]) -> TablePreprocessor:
    return TablePreprocessor.fit(source, np.arange(len(source)), None)


def test_gaps_are_filled_with_the_training_median_and_flagged() -> None:
    source = table([1, 2, math.nan, 9, math.nan], [""] * 5)
    preprocessor = fitted(source)
    features = preprocessor.encode(source.rows(np.arange(5)))["features"]
    assert features.tolist() == [[1, 0], [2, 0], [2, 1], [9, 0], [2, 1]]
    spec = preprocessor.spec.inputs[0]
    assert spec.mean == pytest.approx((3.2, 0))
    assert spec.std[1] == 1


def test_a_column_without_gaps_in_training_has_no_flag_but_takes_a_gap() -> None:
    preprocessor = fitted(table([1, 2, 3], [""] * 3))
    raw = preprocessor.read(["age=,port="])
    assert preprocessor.encode(raw)["features"].tolist() == [[2]]


def test_a_column_that_is_never_known_or_constant_stays_finite() -> None:
    never = fitted(table([math.nan] * 4, [""] * 4))
    assert never.spec.inputs[0].std == (1, 1)
    constant = fitted(table([7.0] * 4, [""] * 4))
    assert constant.spec.inputs[0].std == (1,)


def test_missing_unseen_and_rare_categories_share_code_0() -> None:
    source = table([1.0] * 8, ["Cork", "cork", "CORK", "Bristol", "Bristol", "Bristol", "Deal", ""])
    preprocessor = fitted(source)
    assert preprocessor.levels == (("Bristol", "CORK"),)
    assert RARE == 3
    assert preprocessor.spec.inputs[1].cardinalities == (3,)
    raw = preprocessor.read(
        ["age=1,port=bristol", "age=1,port=Cork", "age=1,port=Deal", "age=1,port=Rome", "age=1,port="]
    )
    assert preprocessor.encode(raw)["categories"].tolist() == [[1], [2], [0], [0], [0]]


def test_titanic_s_names_become_titles() -> None:
    assert title("Allison, Mrs Hudson JC (Bessie Waldo Daniels)") == "Mrs"
    assert title("Jacobsohn Mr Samuel") == "Mr"
    assert title("Sagesser, Mlle Emma") == "Miss"
    assert title("Rothes, the Countess of (Noel Lucy Martha Dyer-Edwardes)") == "other"
    assert title("Moss, Albert Johan") == "other"
    columns = build("titanic").columns
    assert "name" not in columns
    assert set(columns["title"]) == {"Mr", "Mrs", "Miss", "Master", "other"}
    assert set(columns["class"]) == {"1st", "2nd", "3rd", ""}


def test_a_car_s_name_becomes_its_maker() -> None:
    assert maker("vw rabbit custom") == maker("vokswagen rabbit") == "volkswagen"
    assert maker("Ford pinto") == "ford"
    assert maker("") == ""
    assert fuel("VW Dasher (Diesel)") == "diesel"
    assert fuel("ford pinto") == "petrol"


def test_values_are_told_in_their_own_unit() -> None:
    one = opened("auto-mpg")
    goal = one.preprocessor.spec.target
    told = one.source.columns["target"][one.train]
    assert goal.log  # few cars go far: the logarithm is more even
    assert goal.mean == pytest.approx(np.log(told).mean(axis=0), rel=1e-5)
    assert goal.std == pytest.approx(np.log(told).std(axis=0), rel=1e-5)
    (prediction,) = one.preprocessor.decode(torch.tensor([[23.456]]))
    assert prediction.label == "23.46 mpg"
    assert one.preprocessor.example(one.source.rows(np.array([0])), 0).label == "18 mpg"


def test_a_row_reads_alike_however_it_is_given(tmp_path: Path) -> None:
    preprocessor = opened("penguins").preprocessor
    row = dict(pair.split("=") for pair in PENGUIN.split(","))
    path = tmp_path / "birds.csv"
    path.write_text(f"extra,{','.join(row)}\nx,{','.join(row.values())}\n", encoding="utf-8")
    numbers = {k: v if k in ("island", "sex") else float(v) for k, v in row.items()}
    raw = preprocessor.read([PENGUIN, json.dumps(row), json.dumps([numbers]), str(path)])
    encoded = preprocessor.encode(raw)
    assert "target" not in encoded
    for tensor in encoded.values():
        assert len(tensor) == 4
        assert (tensor == tensor[0]).all()
    assert encoded["categories"][0].min() > 0


def test_a_derived_column_is_given_itself_or_by_what_it_is_made_of() -> None:
    preprocessor = opened("titanic").preprocessor
    whole = "age=22,class=3rd,sex=male,name=Braund, Mr Owen Harris"
    raw = preprocessor.read([whole, "age=22,class=3rd,sex=male,title=Mr"])
    assert raw["title"] == ["Mr", "Mr"]
    assert preprocessor.example(raw, 0).content == {"age": 22.0, "class": "3rd", "sex": "male", "title": "Mr"}


def test_a_point_may_be_typed_without_names() -> None:
    preprocessor = opened("moons").preprocessor
    raw = preprocessor.read(["0.5,-1", "x=0.5,y=-1"])
    assert raw["x"].tolist() == [0.5, 0.5]
    assert raw["y"].tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("", "expected a .csv file, JSON, or bill_length_mm=NUMBER"),
        ("hello", "expected a .csv file"),
        ("island=Dream", "missing bill_length_mm, bill_depth_mm.*sex; give what is not known an empty value"),
        (f"{PENGUIN},wings=2", "there is no column 'wings'"),
        (PENGUIN.replace("sex", "sexe"), "there is no column 'sexe', did you mean 'sex'"),
        (PENGUIN.replace("=50", "=long"), "bill_length_mm: 'long' is no number"),
        (PENGUIN.replace("=50", "=inf"), "bill_length_mm: 'inf' is no number"),
        (f"{PENGUIN},sex=female", "a column is given twice"),
        ("Dream,sex=male", "'Dream' has no column name"),
        ('{"island": ', "begins like JSON, but is none"),
        ("[]", "a JSON object, or a list of them"),
        ('{"island": ["Dream"]}', r"island: \[\"Dream\"\] is neither text nor a number"),
        ("nowhere.csv", "nowhere.csv: there is no such file"),
    ],
)
def test_what_cannot_be_read_is_said(given: str, complaint: str) -> None:
    with pytest.raises((ValueError, OSError), match=complaint):
        opened("penguins").preprocessor.read([given])


def test_no_row_at_all_is_said() -> None:
    with pytest.raises(ValueError, match="a row was expected"):
        opened("penguins").preprocessor.read([])


def test_a_derived_column_that_is_missing_names_both_ways() -> None:
    with pytest.raises(ValueError, match=r"missing title \(or name\)"):
        opened("titanic").preprocessor.read(["age=1,class=1st,sex=male"])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "a line of column names and at least one row"),
        (b"a,b\n", "a line of column names and at least one row"),
        (b"a,b\n1,2\n1\n", "line 3: 1 values under 2 column names"),
        (b"a,b\n1,2,3\n", "line 2: 3 values under 2 column names"),
        (b"a,b\n\xff,2\n", "byte 4 is not UTF-8"),
        (b'a,b\n"1,2\n', "line 2: "),
    ],
)
def test_a_broken_csv_is_named_with_its_line(content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_bytes(content)
    with pytest.raises(ValueError, match=rf"broken\.csv.*{complaint}"):
        read_csv(tmp_path / "broken.csv")


def test_a_csv_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_bytes(b"\xef\xbb\xbfa, b\r\n1,x\r\n2, y \r\n")
    assert read_csv(tmp_path / "sheet.csv") == [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]


def test_a_fault_in_a_csv_names_its_row(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("x,y\n1,2\n3,abc\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"points\.csv, row 2: y: 'abc' is no number"):
        opened("xor").preprocessor.read([str(tmp_path / "points.csv")])


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=",="), max_size=8).map(str.strip)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NUMBERS | st.none(), WORDS), min_size=1, max_size=5))
def test_typed_rows_come_back_as_they_were(rows: list[tuple[float | None, str]]) -> None:
    pairs = [f"n={'' if number is None else repr(number)},w={word}" for number, word in rows]
    objects = [json.dumps({"n": number, "w": word}) for number, word in rows]
    for inputs in (pairs, objects):
        raw = read_rows(inputs, ("n",), ("w",), (Derived("w", "name", "title"),))
        expected = [math.nan if number is None else number for number, _ in rows]
        assert np.array_equal(raw["n"], np.array(expected, dtype=np.float64), equal_nan=True)
        known = ["" if word.casefold() in {"na", "n/a", "nan", "null", "none", "?"} else word for _, word in rows]
        assert raw["w"] == known


@settings(max_examples=40, deadline=None)
@given(st.lists(NUMBERS | st.just(math.nan), min_size=2, max_size=20), st.data())
def test_every_fitted_table_lives_on_as_json(ages: list[float], data: st.DataObject) -> None:
    ports = [data.draw(WORDS) for _ in ages]
    source = table(ages, ports)
    preprocessor = fitted(source)
    again = TablePreprocessor.from_json(json.loads(json.dumps(preprocessor.to_json(), allow_nan=False)))
    assert again == preprocessor
    raw = source.rows(np.arange(len(source)))
    before, after = preprocessor.encode(raw), again.encode(raw)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.isfinite(before["features"]).all()


@pytest.mark.parametrize("name", ["moons", "circles", "spirals", "xor"])
def test_points_have_balanced_classes_and_lie_near_their_shape(name: str) -> None:
    source = build(name, n=1001, noise=0.0)
    counts = np.bincount(source.targets)
    assert counts.min() > 0.4 * len(source)
    points = np.stack([source.columns["x"], source.columns["y"]], axis=1)
    assert np.abs(points).max() <= 2
    if name == "circles":
        radius = np.hypot(points[:, 0], points[:, 1])
        assert np.allclose(radius, np.where(source.targets == 0, 1.0, 0.5), atol=1e-5)
    if name == "xor":
        assert ((points[:, 0] * points[:, 1] > 0) == (source.targets == 1)).all()


def test_spirals_have_as_many_arms_as_asked_for() -> None:
    source = build("spirals", n=100, arms=3)
    assert np.bincount(source.targets).tolist() == [34, 33, 33]
    assert fit("spirals", source, np.arange(100)).spec.target.names == ("arm 1", "arm 2", "arm 3")


def test_a_number_has_seven_digits_and_bits_that_a_rows_place_moves_are_not_told() -> None:
    values = torch.tensor(
        [[18.841463004608396], [18.841463456317307], [123456789.0], [-0.000123456789], [math.inf]], dtype=torch.float64
    )
    told = [prediction.value for prediction in value_predictions(values, ["mpg"], ["mpg"])]
    assert told == [18.84146, 18.84146, 123456800.0, -0.0001234568, math.inf]
