"""Columns that tell the target by themselves: what they know would be missing where the network is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.own.table_reading import Coded
from nntui.hooks.data import Finding

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.own.table_target import Told

LOOKED_AT = 20_000
"""Rows that are looked at."""
LEAST = 50
"""Rows below which nothing is said."""
PURE = 0.999
"""Share of rows whose class a column's value tells, or of the target's variance, beyond which it is too good."""


def leaks(features: Mapping[str, Any], goal: Told, target: Sequence[str]) -> list[Finding]:
    """A warning for each feature that tells the target nearly by itself."""
    rows = len(goal.values)
    if rows < LEAST or goal.kind == "multilabel":
        return []
    index = np.unique(np.linspace(0, rows - 1, min(rows, LOOKED_AT)).astype(np.int64))
    truth = goal.values[index]
    found = []
    for name, column in features.items():
        if isinstance(column, Coded):
            values: npt.NDArray[Any] = column.codes[index]
        elif isinstance(column, np.ndarray):
            values = np.nan_to_num(column[index].astype(np.float64), nan=-1e300)
        else:
            continue
        tells = _tells_class(values, truth) if goal.kind == "classes" else _tells_value(values, truth[:, 0])
        if tells:
            found.append(
                Finding(
                    kind="warning",
                    message=f"{name!r} tells {', '.join(target)!r} nearly by itself: if it is only known afterwards, "
                    f"leave it out with --data.drop {name}",
                    places=(name,),
                )
            )
    return found


def _tells_class(values: npt.NDArray[Any], truth: npt.NDArray[np.int64]) -> bool:
    """Whether nearly each value has one class, of far fewer values than rows; or the order of values divides them."""
    classes = int(truth.max()) + 1
    if np.bincount(truth).max() > 0.98 * len(truth):
        return False
    distinct, code = np.unique(values, return_inverse=True)
    if len(distinct) <= len(truth) / 5:
        table = np.bincount(code * classes + truth, minlength=len(distinct) * classes).reshape(-1, classes)
        return bool(table.max(axis=1).sum() >= PURE * len(truth))
    if values.dtype == np.float64 and classes <= len(truth) / 20:
        ordered = truth[np.argsort(values, kind="stable")]
        return int((np.diff(ordered) != 0).sum()) + 1 <= len(np.unique(truth))
    return False


def _tells_value(values: npt.NDArray[Any], truth: npt.NDArray[np.float32]) -> bool:
    """Whether the target is a function of the values, or rises or falls with them without exception."""
    wide = truth.astype(np.float64)
    total = float(((wide - wide.mean()) ** 2).sum())
    distinct, code, counts = np.unique(values, return_inverse=True, return_counts=True)
    if total <= 0 or len(distinct) < 2:
        return False
    if len(distinct) <= len(truth) / 5:
        means = np.bincount(code, wide) / counts
        return float(((wide - means[code]) ** 2).sum()) <= (1 - PURE) * total
    if values.dtype != np.float64:
        return False
    ordered = wide[np.argsort(values, kind="stable")]
    steps = np.diff(ordered)
    return float(np.mean(steps >= 0)) >= PURE or float(np.mean(steps <= 0)) >= PURE
