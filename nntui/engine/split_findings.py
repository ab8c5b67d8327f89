"""What a person should know of how their rows were divided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nntui.hooks.data import Finding

if TYPE_CHECKING:
    from nntui.engine.building import OpenedData
    from nntui.spec.model import DataSettings


def split_findings(data: OpenedData, settings: DataSettings) -> list[Finding]:
    """Groups on both sides first, then rows that no split has."""
    return [*_groups_on_both_sides(data), *_in_no_split(data, settings.limit)]


def _groups_on_both_sides(data: OpenedData) -> list[Finding]:
    """Of a test that came with the data: what is cut here divides no group."""
    groups, splits = data.source.groups, data.splits
    if groups is None:
        return []
    learnt = np.concatenate([groups[splits["train"]], groups[splits["validation"]]])
    both = len(np.intersect1d(learnt, groups[splits["test"]]))
    if not both:
        return []
    told = "1 group has" if both == 1 else f"{both:,} groups have"
    message = f"{told} rows in the test and in training: the test says less of new groups than it seems to"
    return [Finding(kind="warning", message=message, count=both)]


def _in_no_split(data: OpenedData, limit: int | None) -> list[Finding]:
    left = len(data.source) - sum(map(len, data.splits.values()))
    if left <= 0:
        return []
    why = (
        f"left out of training by --data.limit {limit}"
        if limit is not None
        else "in no split: it tells of rows on both sides of a border"
        if left == 1
        else "in no split: they tell of rows on both sides of a border"
    )
    return [Finding(kind="note", message=f"{left:,} row{' is' if left == 1 else 's are'} {why}", count=left)]
