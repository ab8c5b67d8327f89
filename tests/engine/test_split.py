"""Splits: who trains, who chooses, who judges."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from subprocess import run
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.engine.split import rows_hash, split_rows
from nntui.hooks.errors import UserError
from nntui.spec.model import DataSettings

SPLITS = ("train", "validation", "test")


@dataclass
class Rows:
    """A source that knows of its rows only what a split needs."""

    count: int
    targets: Any = None
    groups: Any = None
    time: Any = None
    given: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = "f00d"

    def __len__(self) -> int:
        return self.count

    def rows(self, index: Any) -> Any:
        raise AssertionError("a split never reads rows")


def cut(source: Rows, **keys: Any) -> dict[str, np.ndarray]:
    return split_rows(source, DataSettings(**keys))  # type: ignore[arg-type, return-value]


def check_partition(splits: dict[str, np.ndarray], rows: int) -> None:
    assert tuple(splits) == SPLITS
    for index in splits.values():
        assert index.dtype == np.int64
        assert (np.diff(index) > 0).all()
    together = np.concatenate(list(splits.values()))
    assert sorted(together.tolist()) == list(range(rows))


def expected(rows: int, share: float, leave: int) -> int:
    """The nearest whole number of rows, at least one, that leaves each later split one."""
    return 0 if share == 0 else min(max(1, int(rows * share + 0.5)), rows - leave)


shares = st.sampled_from([0.0, 0.05, 0.1, 0.2, 1 / 3, 0.5, 0.8])


@given(rows=st.integers(3, 400), test=shares, validation=shares, seed=st.integers(0, 2**40))
def test_a_random_split_is_disjoint_complete_reproducible_and_as_large_as_asked(
    rows: int, test: float, validation: float, seed: int
) -> None:
    source = Rows(rows)
    splits = cut(source, test=test, validation=validation, split_seed=seed)
    check_partition(splits, rows)
    again = cut(source, test=test, validation=validation, split_seed=seed)
    assert all(np.array_equal(splits[name], again[name]) for name in SPLITS)
    assert len(splits["test"]) == expected(rows, test, leave=1 + (validation > 0))
    assert len(splits["validation"]) == expected(rows - len(splits["test"]), validation, leave=1)
    assert len(splits["train"]) > 0
    assert (len(splits["test"]) > 0) == (test > 0)
    assert (len(splits["validation"]) > 0) == (validation > 0)


@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=12),
    test=shares,
    validation=shares,
    seed=st.integers(0, 99),
)
def test_every_class_with_three_rows_is_in_each_split_and_its_share_is_near_exact(
    counts: list[int], test: float, validation: float, seed: int
) -> None:
    targets = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)) * 7 - 3, counts))
    source = Rows(len(targets), targets=targets)
    if max(counts) < 3 and (test or validation):
        with pytest.raises(UserError):
            cut(source, test=test, validation=validation, split_seed=seed)
        return
    splits = cut(source, test=test, validation=validation, split_seed=seed)
    check_partition(splits, len(targets))
    rare = sum(count for count in counts if count < 3)
    for code, count in zip(np.arange(len(counts)) * 7 - 3, counts, strict=True):
        in_test, in_validation, in_train = (int((targets[splits[n]] == code).sum()) for n in reversed(SPLITS))
        if count < 3:
            assert in_train == count
            continue
        assert in_train > 0
        assert (in_test > 0) == (test > 0)
        assert (in_validation > 0) == (validation > 0)
        if not rare and 2 <= count * test <= count - 3 and len(targets) * test >= 2 * len(counts):
            assert abs(in_test - count * test) < 2


def test_stratified_shares_are_exact_where_they_can_be() -> None:
    targets = np.repeat([0, 1, 2], [500, 300, 200])
    splits = cut(Rows(1000, targets=targets), test=0.2, validation=0.1)
    assert np.bincount(targets[splits["test"]]).tolist() == [100, 60, 40]
    assert np.bincount(targets[splits["validation"]]).tolist() == [40, 24, 16]


@given(
    sizes=st.lists(st.integers(1, 30), min_size=3, max_size=40),
    test=shares,
    validation=shares,
    seed=st.integers(0, 99),
)
def test_a_group_is_never_divided(sizes: list[int], test: float, validation: float, seed: int) -> None:
    groups = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)) * 11, sizes))
    splits = cut(Rows(len(groups), groups=groups), test=test, validation=validation, split_seed=seed)
    check_partition(splits, len(groups))
    owners = [set(groups[index].tolist()) for index in splits.values()]
    assert sum(map(len, owners)) == len(set().union(*owners)) == len(sizes)
    assert owners[0]
    assert (len(owners[1]) > 0, len(owners[2]) > 0) == (validation > 0, test > 0)


def test_many_small_groups_come_near_the_shares() -> None:
    groups = np.arange(1000) // 5
    splits = cut(Rows(1000, groups=groups), test=0.2, validation=0.1)
    assert [len(splits[name]) for name in SPLITS] == [720, 80, 200]


@given(
    times=st.lists(st.integers(-(10**12), 10**12), min_size=3, max_size=200).filter(lambda t: len(set(t)) >= 3),
    test=shares,
    validation=shares,
)
def test_a_chronological_split_tests_on_the_newest_rows(times: list[int], test: float, validation: float) -> None:
    time = np.array(times)
    splits = cut(Rows(len(time), time=time, targets=np.zeros(len(time), np.int64)), test=test, validation=validation)
    check_partition(splits, len(time))
    newest = -(10**13)
    for name in SPLITS:
        if len(splits[name]):
            assert time[splits[name]].min() > newest  # rows of one moment stay together
            newest = int(time[splits[name]].max())
    assert (len(splits["test"]) > 0, len(splits["validation"]) > 0) == (test > 0, validation > 0)
    if len(set(times)) == len(times):
        assert len(splits["test"]) == expected(len(time), test, leave=1 + (validation > 0))


def test_a_given_test_is_kept_and_validation_comes_from_train() -> None:
    targets = np.arange(120) % 3
    test = np.arange(100, 120)
    source = Rows(120, targets=targets, given={"train": np.arange(100)[::-1], "test": test})
    splits = cut(source, test=0.5, validation=0.1)
    check_partition(splits, 120)
    assert np.array_equal(splits["test"], test)
    assert len(splits["validation"]) == 10
    assert np.bincount(targets[splits["validation"]]).min() == 3


def test_given_validation_and_test_leave_the_rest_to_train() -> None:
    source = Rows(10, given={"validation": np.array([1, 2]), "test": np.array([9])})
    splits = cut(source)
    assert {name: index.tolist() for name, index in splits.items()} == {
        "train": [0, 3, 4, 5, 6, 7, 8],
        "validation": [1, 2],
        "test": [9],
    }


def test_rows_that_the_data_gives_to_no_split_are_left_out_and_a_missing_test_is_cut_from_train() -> None:
    splits = cut(Rows(100, given={"train": np.arange(50), "validation": np.arange(50, 60)}), test=0.2)
    assert [len(splits[name]) for name in SPLITS] == [40, 10, 10]
    assert max(splits["test"]) < 50


def test_the_seed_changes_the_split() -> None:
    one, two = (cut(Rows(100), split_seed=seed) for seed in (0, 1))
    assert not np.array_equal(one["test"], two["test"])


@given(limit=st.integers(1, 120), seed=st.integers(0, 20))
def test_a_limit_cuts_training_rows_alone_and_keeps_the_classes_in_proportion(limit: int, seed: int) -> None:
    targets = np.repeat([0, 1, 2], [60, 30, 10])
    source = Rows(100, targets=targets)
    whole, limited = cut(source, split_seed=seed), cut(source, split_seed=seed, limit=limit)
    assert np.array_equal(whole["test"], limited["test"])
    assert np.array_equal(whole["validation"], limited["validation"])
    assert set(limited["train"]) <= set(whole["train"])
    assert len(limited["train"]) == min(limit, len(whole["train"]))
    if 3 <= limit < len(whole["train"]):
        full, part = (np.bincount(targets[s["train"]], minlength=3) for s in (whole, limited))
        assert part.min() >= 1
        assert np.abs(part - full * limit / full.sum()).max() < 2


def test_a_limit_on_chronological_data_keeps_the_newest_training_rows() -> None:
    time = np.arange(100)[::-1]
    splits = cut(Rows(100, time=time), limit=5)
    assert sorted(time[splits["train"]].tolist()) == [67, 68, 69, 70, 71]


@pytest.mark.parametrize(
    ("source", "keys", "says"),
    [
        (Rows(0), {}, "no rows"),
        (Rows(2), {}, "2 rows cannot be divided into 3 splits"),
        (Rows(1), {"test": 0.0}, "1 row cannot be divided into 2 splits"),
        (Rows(6, targets=np.array([0, 0, 1, 1, 2, 2])), {}, "no class has three rows"),
        (Rows(6, groups=np.array([0, 0, 0, 1, 1, 1])), {}, "2 different groups"),
        (Rows(6, time=np.zeros(6, np.int64)), {}, "1 different time;"),
        (Rows(6, given={"train": np.arange(4), "test": np.array([3, 4])}), {}, "row 3"),
        (Rows(6, given={"test": np.array([6])}), {}, "names row 6"),
        (Rows(3, given={"test": np.arange(3)}), {}, "no row is left to train on"),
    ],
)
def test_what_cannot_be_split_is_told_with_what_to_do(source: Rows, keys: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        cut(source, **keys)
    assert caught.value.advice


def test_one_row_trains_where_nothing_else_is_asked() -> None:
    splits = cut(Rows(1), test=0.0, validation=0.0)
    assert [len(splits[name]) for name in SPLITS] == [1, 0, 0]


def test_the_split_of_a_seed_is_fixed_for_all_time() -> None:
    # These numbers must never change: every stored run depends on them.
    assert cut(Rows(20))["test"].tolist() == [6, 11, 14, 17]
    assert cut(Rows(20, targets=np.arange(20) % 2), split_seed=7)["test"].tolist() == [1, 5, 6, 8]


def test_the_hash_of_rows_depends_on_the_data_and_on_each_row() -> None:
    index = np.array([1, 2, 3])
    assert rows_hash("a", index) == rows_hash("a", index.astype(np.int32))
    assert len({rows_hash("a", index), rows_hash("b", index), rows_hash("a", index[:2]), rows_hash("a1", index)}) == 4
    assert rows_hash("a", np.array([], np.int64)) == (
        "ffe9aaeaa2a2d5048174df0b80599ef0197ec024c4b051bc9860cff58ef7f9f3"
    )


@settings(max_examples=30)
@given(st.integers(1, 50), st.integers(2, 2000))
def test_ten_thousand_classes_of_few_rows_are_divided_quickly(classes: int, rows: int) -> None:
    targets = np.arange(rows) % classes
    if rows >= 3 * classes:
        check_partition(cut(Rows(rows, targets=targets)), rows)


def test_splitting_imports_no_torch() -> None:
    code = "import sys, nntui.engine.split; print('torch' in sys.modules)"
    assert run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
