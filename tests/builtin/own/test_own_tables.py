"""A person's own table: what columns are taken for, what is told, and what is said of what is odd."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.builtin.datasets.own.kinds import as_text, guess
from nntui.builtin.datasets.own.mixed import MixedPreprocessor, raw_key
from nntui.builtin.datasets.own.table_files import sniff
from nntui.builtin.datasets.own.table_params import TableParams
from nntui.builtin.datasets.own.tables import build
from nntui.builtin.datasets.source import Rows
from nntui.engine.split import split_rows
from nntui.hooks.data import DataContext
from nntui.hooks.errors import UserError
from nntui.spec.model import DataSettings

TITANIC = Path(__file__).parents[3] / "datasets" / "titanic" / "titanic.csv"


def opened(
    path: Path, *, test: str | None = None, group: str | None = None, time: str | None = None, **params: Any
) -> Rows[Any]:
    context = DataContext(path=str(path), test=test, group=group, time=time)
    return build(TableParams(**params), context)


def fitted(source: Rows[Any], train: np.ndarray | None = None) -> MixedPreprocessor:
    return MixedPreprocessor.fit(source, np.arange(len(source)) if train is None else train, None)


def table(folder: Path, name: str = "t.csv", rows: int = 60, **columns: Any) -> Path:
    path = folder / name
    made = {key: [value(i) for i in range(rows)] if callable(value) else value for key, value in columns.items()}
    frame = pl.DataFrame(made)
    frame.write_csv(path) if name.endswith(".csv") else frame.write_parquet(path)
    return path


def kinds(**columns: list[Any]) -> dict[str, str]:
    frame = as_text(pl.DataFrame({k: [str(c) for c in v] for k, v in columns.items()}))
    return {name: column.kind for name, column in guess(frame, {}).items()}


def messages(source: Rows[Any], kind: str | None = None) -> str:
    return "\n".join(f.in_words() for f in source.report.findings if kind in (None, f.kind))


def test_columns_are_taken_for_what_their_cells_are() -> None:
    n = 40
    found = kinds(
        age=[20 + i % 7 for i in range(n)],
        price=[f"${1 + i % 5},{100 + i}.50" for i in range(n)],
        share=[f"{i}%" for i in range(n)],
        town=["Rome", "Oslo"] * (n // 2),
        when=[f"2024-01-{1 + i % 28:02}" for i in range(n)],
        us=[f"{1 + i % 12}/{1 + i % 28}/2024" for i in range(n)],
        stamp=[f"2024-01-01T10:{i:02}:00Z" for i in range(n)],
        ok=["yes", "No"] * (n // 2),
        note=[f"the {i} time that it was {i * 7} here" for i in range(n)],
        code=[f"A{i * 37 % 1009}X" for i in range(n)],
        customer_id=[1000 + i * 3 for i in range(n)],
        row=list(range(n)),
        gap=[""] * n,
    )
    assert found == {
        "age": "number", "price": "number", "share": "number", "town": "category", "when": "date", "us": "date",
        "stamp": "date", "ok": "yes/no", "note": "text", "code": "identifier", "customer_id": "identifier",
        "row": "identifier", "gap": "empty",
    }  # fmt: skip


def test_digits_with_zeros_in_front_are_names_and_numbers_of_customers_identify_them() -> None:
    rows = range(60)
    assert kinds(
        postcode=[("01067", "80331", "20095")[i % 3] for i in rows],
        month=[f"{1 + i % 12:02}" for i in rows],
        Kundennr=[str(10_001 + i) for i in rows],
        customerNumber=[str(7 * i) for i in rows],
        humid=[str(3 * i) for i in rows],
    ) == {
        "postcode": "category",
        "month": "number",
        "Kundennr": "identifier",
        "customerNumber": "identifier",
        "humid": "number",
    }


def test_titanic_is_read_and_its_columns_told() -> None:
    source = opened(TITANIC)
    roles = {c.name: (c.kind, c.role) for c in source.report.columns}
    assert roles["survived"] == ("number", "target")
    assert roles["name"] == ("text", "feature")
    assert roles["class"] == ("category", "feature")
    assert source.facts.names == ("0", "1")
    assert "--data.target NAME chooses another" in messages(source)
    assert source.places(np.array([0, 7])) == ["titanic.csv, line 2", "titanic.csv, line 9"]
    assert opened(TITANIC).fingerprint == source.fingerprint


def test_the_same_table_is_the_same_in_every_format(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "a": [1.5, None, 3.25] * 10, "town": ["Rome", "Oslo", None] * 10, "ok": [True, False, True] * 10,
            "y": ["p", "q", "p"] * 10,
        }
    )  # fmt: skip
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ipc(tmp_path / "t.arrow")
    frame.write_ndjson(tmp_path / "t.jsonl")
    (tmp_path / "t.json").write_text(json.dumps(frame.to_dicts()))
    (tmp_path / "de.csv").write_text(
        "\n".join(
            ";".join(str(c).replace(".", ",") if c is not None else "" for c in row)
            for row in [frame.columns, *frame.rows()]
        )
    )
    encoded, hashes = [], set()
    for name in ("t.csv", "t.parquet", "t.arrow", "t.jsonl", "t.json", "de.csv"):
        source = opened(tmp_path / name)
        hashes.add(source.fingerprint)
        encoded.append(fitted(source).encode(source.rows(np.arange(30))))
    for other in encoded[1:]:
        assert other.keys() == encoded[0].keys()
        assert all(torch.equal(other[key], encoded[0][key]) for key in other)
    assert len(hashes) == 1  # another run knows the same rows, whatever file they stand in
    frame.with_columns(pl.col("a").fill_null(2.0)).write_csv(tmp_path / "other.csv")
    assert opened(tmp_path / "other.csv").fingerprint not in hashes


def test_durations_are_seconds_in_every_door(tmp_path: Path) -> None:
    took = [dt.timedelta(seconds=1.5 * i) for i in range(60)]
    path = table(tmp_path, "t.parquet", took=took, at=[dt.time(i % 24) for i in range(60)], y=lambda i: "ab"[i % 2])
    source = opened(path)
    assert {column.name: column.kind for column in source.report.columns}["took"] == "number"
    asked = next(iter(fitted(source).ask([str(path)], 100)))
    assert asked.raw[raw_key("took")].tolist() == [1.5 * i for i in range(60)]


def test_text_in_a_typed_table_is_read_with_the_commas_of_the_training_file(tmp_path: Path) -> None:
    rows = [
        f"{i % 7 + 0.5};{1000 + i * 1.25:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".") for i in range(60)
    ]
    (tmp_path / "de.csv").write_text("\n".join(["size;price", *rows]))
    preprocessor = fitted(opened(tmp_path / "de.csv", target=("size",)))
    pl.DataFrame({"price": ["1.001,25", "38,38", "38.38"]}).write_parquet(tmp_path / "new.parquet")
    (asked,) = preprocessor.ask([str(tmp_path / "new.parquet")], 10)
    assert asked.raw[raw_key("price")].tolist() == pytest.approx([1001.25, 38.38, 38.38])
    assert not asked.findings


def test_a_typical_row_is_one_that_can_be_asked_about(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        age=lambda i: i * 0.5,
        town=lambda i: ("São Tomé", "Oslo")[i % 2],
        when=lambda i: f"2024-01-{1 + i % 28:02}",
        ok=lambda i: ("yes", "no")[i % 2],
        y=lambda i: i % 2,
    )
    preprocessor = fitted(opened(path))
    typical = json.loads(preprocessor.typical())
    assert typical == {"age": 14.75, "town": "oslo", "when": "2024-01-13", "ok": "yes"}
    (asked,) = preprocessor.ask([preprocessor.typical()], 10)
    assert not asked.findings
    assert torch.isfinite(preprocessor.encode(asked.raw)["features"]).all()


def test_kinds_are_told_from_what_stands_behind_an_open_quote_too(tmp_path: Path) -> None:
    rows = [f"{i},{'ab'[i % 2]},{i % 2}" for i in range(400)]
    rows[3] = '"3,a,1'
    (tmp_path / "t.csv").write_text("\n".join(["id,town,y", *rows]) + "\n")
    source = opened(tmp_path / "t.csv")
    (column,) = (column for column in source.report.columns if column.name == "id")
    assert (column.kind, column.distinct) == ("identifier", len(source))
    assert len(source) > 390


def test_nothing_to_tell_from_says_what_became_of_each_column(tmp_path: Path) -> None:
    path = table(tmp_path, same=lambda i: 1, empty=lambda i: "", y=lambda i: i % 2)
    with pytest.raises(UserError, match="no column is left to tell y from") as caught:
        opened(path)
    assert "same: always the same" in caught.value.advice
    assert "empty: always missing" in caught.value.advice


def test_an_empty_last_column_is_not_the_target(tmp_path: Path) -> None:
    source = opened(table(tmp_path, a=lambda i: i * 0.5, y=lambda i: "no" if i % 3 else "yes", notes=lambda i: ""))
    assert source.facts.target == ("y",)


def test_what_a_person_says_goes_before_what_was_found_out(tmp_path: Path) -> None:
    path = table(tmp_path, zip=lambda i: 10_000 + i % 5, a=lambda i: i * 0.5, b=lambda i: i % 3, y=lambda i: i % 2)
    source = opened(path, target=("b",), features=("zip", "a"), **{"as": ("zip=category", "b=number")})
    assert {c.name: (c.kind, c.role) for c in source.report.columns} == {
        "zip": ("category", "feature"), "a": ("number", "feature"), "b": ("number", "target"),
        "y": ("number", "left out: not among --data.features"),
    }  # fmt: skip
    assert source.facts.kind == "values"
    assert opened(path, drop=("zip",)).facts.features[0].name == "a"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"target": ("nope",)}, "--data.target: there is no column 'nope'"),
        ({"drop": ("nope",)}, "--data.drop: there is no column 'nope'"),
        ({"as": ("nope=number",)}, "--data.as: there is no column 'nope'"),
        ({"target": ("same",)}, "the target 'same' is 7 in every row"),
        ({"target": ("word",)}, "the target 'word' has 60 classes in 60 rows"),
        ({"target": ("gap",)}, "the target 'gap' is missing in every row"),
        ({"target": ("town", "y")}, "town holds words"),
        ({"as": ("town=date",)}, "its dates are in no format"),
        ({"drop": ("a", "word", "town"), "target": ("y",)}, "no column is left"),
    ],
)
def test_what_cannot_be_is_told_as_a_person_s_mistake(tmp_path: Path, params: dict[str, Any], told: str) -> None:
    path = table(tmp_path, a=lambda i: i * 0.5, same=lambda i: 7, word=lambda i: f"w{i}x", gap=lambda i: "",
                 town=lambda i: "ab"[i % 2],
                 y=lambda i: i % 2)  # fmt: skip
    with pytest.raises(UserError, match=told.replace("(", r"\(")):
        opened(path, **params)


def test_a_target_that_cannot_be_known_lists_the_columns(tmp_path: Path) -> None:
    path = table(tmp_path, a=lambda i: i * 0.5, note=lambda i: f"it was {i} and then {i * i} again")
    with pytest.raises(UserError, match="cannot be known") as caught:
        opened(path)
    assert "a (number), note (text)" in caught.value.advice


def test_rows_without_target_are_skipped_and_listed(tmp_path: Path) -> None:
    path = table(tmp_path, a=lambda i: i * 0.5, y=lambda i: None if i in (3, 9) else "ab"[i % 2])
    source = opened(path)
    assert len(source) == 58
    assert "2 rows miss the target, and are skipped (t.csv, line 5, t.csv, line 11)" in messages(source, "skipped")


def test_several_labels_of_a_cell_and_of_columns(tmp_path: Path) -> None:
    cells = ["a;b", "b", "a;c", "c", "a;b;c"]
    source = opened(table(tmp_path, x=lambda i: i * 1.5, tags=lambda i: cells[i % 5]))
    assert (source.facts.kind, source.facts.names) == ("multilabel", ("a", "b", "c"))
    assert source.columns["target"][2].tolist() == [1, 0, 1]
    preprocessor = fitted(source)
    (prediction,) = preprocessor.decode(torch.tensor([[0.9, 0.2, 0.7]]))
    assert (prediction.label, prediction.value) == ("a;c", ["a", "c"])
    assert preprocessor.example(source.rows(np.array([2])), 0).label == "a;c"
    path = table(tmp_path, "u.csv", x=lambda i: i * 1.5, wet=lambda i: i % 2, cold=lambda i: int(i % 3 == 0))
    both = opened(path, target=("wet", "cold"))
    assert (both.facts.kind, both.facts.names) == ("multilabel", ("wet", "cold"))
    numbers = opened(
        table(tmp_path, "v.csv", x=lambda i: i % 9, u=lambda i: i * 1.5, v=lambda i: -i), target=("u", "v")
    )
    assert (numbers.facts.kind, numbers.columns["target"].shape) == ("values", (60, 2))


def test_groups_times_splits_and_test_rows_come_with_the_data(tmp_path: Path) -> None:
    path = table(tmp_path, who=lambda i: f"p{i // 6}", day=lambda i: f"2024-{1 + i % 12:02}-01",
                 part=lambda i: ["train", "val", "test"][i % 3],
                 x=lambda i: i * 0.5, y=lambda i: i % 2)  # fmt: skip
    grouped = opened(path, group="who")
    assert grouped.groups is not None
    assert len(set(grouped.groups.tolist())) == 10
    timed = opened(path, time="day")
    assert timed.time is not None
    assert timed.time[0] < timed.time[1]
    split = opened(path, split="part")
    assert {name: len(rows) for name, rows in split.given.items()} == {"train": 20, "validation": 20, "test": 20}
    assert all(
        "who" not in c.name and "day" not in c.name
        for s, n in ((grouped, "who"), (timed, "day"))
        for c in s.facts.features
        if c.name == n
    )
    more = table(tmp_path, "more.csv", rows=10, x=lambda i: i * 0.5, y=lambda i: i % 2)
    tested = opened(path, test=str(more))
    assert tested.given["test"].tolist() == list(range(60, 70))
    assert tested.places(np.array([60])) == ["more.csv, line 2"]
    with pytest.raises(UserError, match=r"--data\.time y.*|--data.split y"):
        opened(path, split="y", target=("x",))


def test_a_folder_of_train_and_test_tables_is_one_table(tmp_path: Path) -> None:
    table(tmp_path, "train.csv", x=lambda i: i * 0.5, y=lambda i: "ab"[i % 2])
    table(tmp_path, "test.csv", rows=12, x=lambda i: i * 0.5, y=lambda i: "ba"[i % 2])
    source = opened(tmp_path)
    assert {name: len(rows) for name, rows in source.given.items()} == {"train": 60, "test": 12}
    assert source.columns["target"][60] == 1
    seen = sniff(tmp_path)
    assert seen is not None
    assert seen.confidence == 0.5


def test_leaks_are_warned_of(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(size=200)
    path = table(tmp_path, rows=200, x=lambda i: float(noise[i]), copy=lambda i: "uv"[i % 2], y=lambda i: "ab"[i % 2])
    assert "'copy' tells 'y' nearly by itself" in messages(opened(path), "warning")
    assert "'x' tells" not in messages(opened(path))
    money = table(
        tmp_path,
        "m.csv",
        rows=200,
        x=lambda i: i % 13,
        log=lambda i: math.log(2 + noise[i] ** 2),
        y=lambda i: 2 + noise[i] ** 2,
    )
    assert "'log' tells 'y'" in messages(opened(money), "warning")


def test_odd_and_infinite_cells_become_gaps_and_are_told(tmp_path: Path) -> None:
    path = table(tmp_path, rows=300, x=lambda i: "abc" if i == 7 else "inf" if i == 8 else str(i / 2),
                 gone=lambda i: None, same=lambda i: 3,
                 y=lambda i: i % 2)  # fmt: skip
    source = opened(path)
    told = messages(source)
    assert "1 cells are not of their column's kind, and are taken for missing (t.csv, line 9: x is 'abc')" in told
    assert "1 cells are infinite" in told
    assert "'gone' is left out: always missing" in told
    assert "'same' is left out: always the same" in told
    encoded = fitted(source).encode(source.rows(np.arange(300)))["features"]
    assert torch.isfinite(encoded).all()
    assert encoded[7, -1] == encoded[8, -1] == 1
    assert encoded[9, -1] == 0


@pytest.mark.parametrize("size", [1.7e308, 1e40, 5e-324])
def test_numbers_of_any_size_become_finite_features(tmp_path: Path, size: float) -> None:
    path = tmp_path / "t.csv"
    sizes = [size, -size, size / 2, 0.0, 3.0]
    path.write_text("x,y\n" + "".join(f"{sizes[i % 5]!r},{'pq'[i % 2]}\n" for i in range(60)))
    source = opened(path)
    preprocessor = fitted(source)
    json.dumps(preprocessor.to_json(), allow_nan=False)
    assert torch.isfinite(preprocessor.encode(source.rows(np.arange(60)))["features"]).all()


def test_a_rare_class_and_very_skewed_ones_are_warned_of(tmp_path: Path) -> None:
    path = table(tmp_path, rows=200, x=lambda i: i * 0.5, y=lambda i: "rare" if i == 5 else "common")
    told = messages(opened(path), "warning")
    assert "1 classes have one row each" in told
    assert "99.5% of the rows are 'common'" in told


def test_nothing_is_learnt_from_rows_that_do_not_train(tmp_path: Path) -> None:
    path = table(tmp_path, x=lambda i: i * 0.5 if i < 40 else 1e6, town=lambda i: "ab"[i % 2] if i < 40 else "secret",
                 y=lambda i: i % 2,
                 note=lambda i: f"so it was {i} again" if i < 40 else f"so hidden word {i} once")  # fmt: skip
    source = opened(path, target=("y",))
    train = np.arange(40)
    first = fitted(source, train)
    assert "secret" not in json.dumps(first.to_json())
    assert "hidden" not in json.dumps(first.to_json())
    changed = table(tmp_path, "u.csv", x=lambda i: i * 0.5 if i < 40 else -5, town=lambda i: "ab"[i % 2],
                    y=lambda i: i % 2,
                    note=lambda i: f"so it was {i} again")  # fmt: skip
    assert fitted(opened(changed, target=("y",)), train) == first


def test_skewed_values_are_told_by_their_logarithm_zero_among_them(tmp_path: Path) -> None:
    values = np.exp(np.random.default_rng(0).normal(size=300) * 2).round(1)
    values[:5] = 0
    source = opened(table(tmp_path, rows=300, x=lambda i: i % 50, y=lambda i: float(values[i])))
    target = fitted(source).spec.target
    assert (target.log, target.shift) == (True, 1.0)
    from nntui.engine.meters import Standard

    scale = Standard(target, torch.device("cpu"), torch.float64)
    truth = torch.tensor([[0.0], [3.5], [900.0]], dtype=torch.float64)
    assert torch.allclose(scale.own_unit(scale.standardised(truth, {}), {}), truth, atol=1e-9)


def test_rows_are_asked_in_pieces_and_by_hand(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        age=lambda i: i * 0.5,
        town=lambda i: "ab"[i % 2],
        when=lambda i: f"2024-01-{1 + i % 28:02}",
        y=lambda i: i % 2,
    )
    source = opened(path)
    preprocessor = MixedPreprocessor.from_json(json.loads(json.dumps(fitted(source).to_json())))
    extra = table(
        tmp_path,
        "new.csv",
        rows=7,
        extra=lambda i: i,
        town=lambda i: "ab"[i % 2],
        age=lambda i: i * 0.5,
        when=lambda i: f"2024-01-{1 + i % 28:02}",
    )
    asked = list(preprocessor.ask([str(extra)], 3))
    assert [len(a.names) for a in asked] == [3, 3, 1]
    assert asked[1].names[0] == "new.csv, line 5"
    whole = preprocessor.encode(preprocessor.read([str(extra)]))
    truth = preprocessor.encode(source.rows(np.arange(7)))
    assert all(torch.equal(whole[key], truth[key]) for key in whole)
    typed = preprocessor.read(
        ["age=1.5,town=b,when=2024-01-04", '{"age": 1.5, "town": "b", "when": "2024-01-04", "other": 1}']
    )
    assert all(torch.equal(row, truth["features"][3]) for row in preprocessor.encode(typed)["features"])
    lacking = next(preprocessor.ask(["age=3"], 10))
    assert "2 columns were not given" in lacking.findings[0].message
    (tmp_path / "bare.csv").write_text("age,home town\n1,2\n")
    assert (
        "town, perhaps its 'home town'" in next(preprocessor.ask([str(tmp_path / "bare.csv")], 10)).findings[0].places
    )
    unseen = list(preprocessor.ask([f"age=3,town={town},when=2024-01-01" for town in ("aa", "b", "z", "aa")], 10))
    assert [(f.message.split(" that")[0], f.places) for f in unseen[-1].findings] == [
        ("town: 3 rows have values", ("aa, perhaps a", "z"))
    ]
    for wrong, told in (
        ("age=old,town=a,when=2024-01-01", "not of their column's kind"),
        ("hello", "expected a table, JSON, or age=NUMBER"),
        ("nowhere.csv", "there is no such file"),
        ("{", "begins like JSON"),
        ("[]", "a JSON object"),
        ("zzz=1", "names none of the columns"),
    ):
        with pytest.raises((ValueError, OSError), match=told):
            list(preprocessor.ask([wrong], 10))


def test_a_file_is_read_in_its_own_way_whatever_the_training_file_was(tmp_path: Path) -> None:
    (tmp_path / "de.csv").write_text(
        "a;day;y\n" + "".join(f"{i},5;{1 + i % 28:02}.01.2024;{'pq'[i % 2]}\n" for i in range(60))
    )
    preprocessor = fitted(opened(tmp_path / "de.csv"))
    frame = pl.DataFrame({"a": [7.5], "day": ["2024-01-08"]}).with_columns(pl.col("day").str.to_datetime("%Y-%m-%d"))
    frame.write_parquet(tmp_path / "new.parquet")
    frame.write_csv(tmp_path / "new.csv")
    given = [
        str(tmp_path / "new.parquet"),
        str(tmp_path / "new.csv"),
        '{"a": 7.5, "day": "08.01.2024"}',
        '{"a": "7,5", "day": "08.01.2024"}',
    ]
    features = preprocessor.encode(preprocessor.read(given))["features"]
    truth = preprocessor.encode(preprocessor.read([str(tmp_path / "de.csv")]))["features"][7]
    assert all(torch.equal(row, truth) for row in features)


def test_a_column_called_target_that_is_none_and_odd_names_are_no_trouble(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        **{
            "target": lambda i: i * 0.5,
            "a\nb": lambda i: i % 7,
            "😀 \x1b[31m": lambda i: i % 5,
            "y": lambda i: "pq"[i % 2],
        },
    )
    source = opened(path, target=("y",))
    assert [c.name for c in source.facts.features] == ["target", "a\nb", "😀 \x1b[31m"]
    encoded = fitted(source).encode(source.rows(np.arange(60)))
    assert encoded["target"].dtype == torch.int64


CELLS = (
    st.none()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
    | st.integers(-5, 5)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=8, max_size=40))
def test_whatever_the_cells_are_features_are_finite_and_live_on_as_json(rows: list[tuple[Any, Any]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.jsonl"
        path.write_text(
            "\n".join(json.dumps({"a": a, "b": b, "c": i % 7, "y": "pq"[i % 2]}) for i, (a, b) in enumerate(rows))
        )
        source = opened(path, target=("y",))
        preprocessor = fitted(source)
        again = MixedPreprocessor.from_json(json.loads(json.dumps(preprocessor.to_json(), allow_nan=False)))
        assert again == preprocessor
        encoded = again.encode(source.rows(np.arange(len(source))))
        assert all(torch.isfinite(tensor.double()).all() for tensor in encoded.values())


def test_a_thousand_columns_are_no_trouble(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=(30, 1000)).round(3)
    path = tmp_path / "wide.csv"
    head = ",".join([*(f"x{i}" for i in range(1000)), "y"])
    path.write_text("\n".join([head, *(",".join([*map(str, row), "pq"[i % 2]]) for i, row in enumerate(numbers))]))
    source = opened(path)
    assert len(source.facts.features) == 1000
    assert fitted(source).encode(source.rows(np.arange(30)))["features"].shape[0] == 30


def test_a_table_of_a_folder_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    source = opened(table(tmp_path, age=lambda i: i * 0.5, town=lambda i: "ab"[i % 2], y=lambda i: i % 2))
    new = tmp_path / "new"
    new.mkdir()
    (new / "a.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    table(new, "b.csv", rows=4, age=lambda i: i * 0.5, town=lambda i: "ab"[i % 2])
    preprocessor = fitted(source)
    pieces = list(preprocessor.ask([str(new)], 100))
    assert [len(piece.names) for piece in pieces] == [0, 4]
    assert (pieces[0].findings[0].kind, pieces[0].findings[0].places) == ("skipped", (str(new / "a.csv"),))
    with pytest.raises(ValueError, match=r"a\.csv"):
        preprocessor.read([str(new)])


def test_test_rows_without_a_target_are_a_clear_error(tmp_path: Path) -> None:
    path = table(tmp_path, age=lambda i: i * 0.5, y=lambda i: i % 2)
    other = table(tmp_path, "test.csv", rows=5, age=lambda i: i * 0.5, y=[""] * 5)
    with pytest.raises(UserError, match=r"test\.csv: no row of it says y"):
        opened(path, test=str(other), target=("y",))


def test_rows_that_a_column_calls_test_are_left_out_for_another_test(tmp_path: Path) -> None:
    columns = {"age": lambda i: i * 0.5, "y": lambda i: i % 2}
    path = table(tmp_path, **columns, part=["train"] * 40 + ["test"] * 20)
    other = table(tmp_path, "later.csv", rows=7, **columns, part=[""] * 6 + ["train"])
    source = opened(path, test=str(other), split="part", target=("y",))
    splits = split_rows(source, DataSettings(test=str(other)))
    assert splits["test"].tolist() == list(range(60, 67))
    assert set(splits["train"]) | set(splits["validation"]) == set(range(40))
