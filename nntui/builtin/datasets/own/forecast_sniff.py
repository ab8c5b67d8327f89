"""What makes a table a series: rows that follow each other in time, at even distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nntui import Sniff
from nntui.builtin.datasets.own.look import look
from nntui.builtin.datasets.own.series_table import Wanted, read_tables, roles_of
from nntui.builtin.datasets.own.times import read_times
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

SURE = 0.77
EVEN = 0.6
"""Share of steps that must be the commonest one, for a table to be a series."""


def sniff(path: Path) -> Sniff | None:
    """A table, or a folder of tables, of rows in order of time; one column of numbers alone too."""
    seen = look(path)
    frame = seen.frame
    many = ""
    if frame is None and seen.folder and len(seen.tables) > 1 and seen.share("table") == 1 and not seen.classes:
        try:
            frame = read_tables(seen.tables[:1])[0][0].head(500)
        except UserError:
            return None
        many = f"{len(seen.tables)} tables, the first of them "
    if frame is None or frame.height < 8 or frame.width > 2000:
        return None
    try:
        roles, targets, _, _ = roles_of(frame, Wanted())
    except UserError:
        return None
    if roles.time is None or not roles.clock:
        if frame.width == 1 and len(roles.numbers) == 1 and not many:
            return Sniff(confidence=0.6, reason=f"one column of numbers, {targets[0]}, in the order of its rows")
        return None
    even = _even(frame, roles.time, roles.series)
    if even < EVEN:
        return None
    return Sniff(
        confidence=SURE,
        reason=f"{many}rows in order of {roles.time}, {even:.0%} of them evenly spaced"
        + (f", several series by {roles.series}" if roles.series else ""),
        guesses={"target": f"{', '.join(targets)} is forecast, unless --data.target names another"},
    )


def _even(frame: pl.DataFrame, time: str, series: str | None) -> float:
    """Share of steps between rows that are the commonest one, in each series."""
    import polars as pl

    times = read_times(frame[time])
    if times is None:
        return 0.0
    moments = times.moments[times.known]
    codes = np.zeros(len(moments), dtype=np.int64)
    if series is not None:
        codes = frame[series].cast(pl.String).fill_null("").rank("dense").to_numpy().astype(np.int64)[times.known]
    order = np.lexsort((moments, codes))
    steps = np.diff(moments[order])[np.diff(codes[order]) == 0]
    if len(steps) < 6 or (steps == 0).mean() > 0.2:
        return 0.0
    months = np.diff(moments[order].astype("datetime64[us]").astype("datetime64[M]").astype(np.int64))
    months = months[np.diff(codes[order]) == 0]
    return max(_commonest(steps), _commonest(months) if (months > 0).all() else 0.0)


def _commonest(steps: np.ndarray) -> float:
    _, counts = np.unique(steps, return_counts=True)
    return float(counts.max() / len(steps))
