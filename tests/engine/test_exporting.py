"""How far an exported form's answers are from the model's, in the unit of what is told."""

from __future__ import annotations

import numpy as np
import pytest

from nntui.engine.exporting import compare
from nntui.hooks.data import DataSpec, InputSpec, TargetSpec

INPUTS = (InputSpec(name="features", kind="features", shape=(2,), dtype="float32"),)


def spec(**more: object) -> DataSpec:
    target = TargetSpec(kind="values", size=1, **more)  # type: ignore[arg-type]
    return DataSpec(modality="table", inputs=INPUTS, target=target)


def apart(one: float, other: float, **more: object) -> float:
    return compare(spec(std=(0.5,), **more), np.array([[one]]), np.array([[other]]))[0]


def test_values_told_by_their_logarithm_are_compared_with_what_is_added_to_them() -> None:
    assert apart(0.0, 1e-9, log=True, shift=1.0) < 1e-8
    assert apart(1e-9, -1e-9, log=True, shift=1.0) < 1e-8
    assert apart(-0.05, -0.9, log=True, shift=1.0) == pytest.approx(np.log(0.95 / 0.1) / 0.5)
    assert apart(1.0, np.e, log=True) == pytest.approx(2.0)
    assert apart(1.0, 2.0) == pytest.approx(2.0)


def test_answers_of_another_shape_are_endlessly_far() -> None:
    assert compare(spec(), np.zeros((2, 1)), np.zeros((3, 1)))[0] == np.inf
