"""A table as series: numbers and categories in order of time, on an even grid, gaps filled and marked.

A segment is a stretch of one series without a large gap. No window reaches from one into another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.own.steps import Step, step_of
from nntui.hooks.data import Finding

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.own.series_table import SeriesTable

    Floats = npt.NDArray[np.float64]
    Marks = npt.NDArray[np.bool_]
    Ints = npt.NDArray[np.int64]

SMALL_GAP = 4
"""So many missing steps in a row are filled; a series ends before more of them, and begins anew."""
LARGEST = 20_000_000
"""Steps of all series, filled ones included."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """S steps of all series, one after another."""

    numbers: Floats
    """(S, n); gaps filled forward, NaN before the first value of a segment."""
    missing: Marks
    """(S, n): where a value was filled."""
    categories: npt.NDArray[np.object_]
    """(S, c) text; "" where it is not known."""
    moments: Ints | None
    """(S,)"""
    series: Ints
    """(S,) code of the series."""
    row: Ints
    """(S,) row of the table; -1 of a step that was missing."""
    segments: tuple[tuple[int, int], ...]
    """Begin and end of each."""
    step: Step
    findings: tuple[Finding, ...] = ()


def timeline(table: SeriesTable, step: Step | None = None) -> Timeline:
    """The series of a table. `step`: how far apart rows are, where that is known from the training data.

    Raises ValueError where times repeat, so that there must be several series.
    """
    order, findings = _in_order(table)
    moments = None if table.moments is None else table.moments[order]
    series = table.series[order]
    ends = np.flatnonzero(np.diff(series)) + 1
    blocks = [(int(b), int(e)) for b, e in zip([0, *ends], [*ends, len(order)], strict=True) if e > b]
    if moments is not None and step is None:
        step = step_of([moments[b:e] for b, e in blocks]) if table.clock else Step(kind="rows", size=0)
    step = step or Step(kind="rows", size=0)
    pieces: list[tuple[Ints, Ints]] = []  # rows and positions of each segment
    filled = lost = 0
    for begin, end in blocks:
        positions = np.arange(end - begin) if moments is None else step.positions(moments[begin:end])
        apart = np.diff(positions)
        cuts = [*(np.flatnonzero((apart > SMALL_GAP + 1) | (apart < 1)) + 1)]
        lost += sum(1 for cut in cuts if positions[cut] - positions[cut - 1] > 1)
        for b, e in zip([0, *cuts], [*cuts, end - begin], strict=True):
            at = positions[b:e] - positions[b]
            filled += int(at[-1]) + 1 - int(e - b)
            pieces.append((order[begin + b : begin + e], at))
    if sum(int(at[-1]) + 1 for _, at in pieces) > LARGEST:
        raise ValueError(f"more than {LARGEST:,} steps")
    if filled:
        are = "1 step of the time is" if filled == 1 else f"{filled:,} steps of the time are"
        note = f"{are} missing and filled with the values before (gaps of up to {SMALL_GAP})"
        findings.append(Finding(kind="note", message=note, count=filled))
    if lost:
        note = f"{lost:,} gap{'' if lost == 1 else 's'} of more than {SMALL_GAP} steps: no window reaches across"
        findings.append(Finding(kind="note", message=note, count=lost))
    if moments is not None and step.kind == "rows" and table.clock and len(moments) > 2:
        note = "the times are not evenly spaced: a row is taken for a step"
        findings.append(Finding(kind="note", message=note))
    return _laid_out(table, pieces, step, tuple(findings))


def _in_order(table: SeriesTable) -> tuple[Ints, list[Finding]]:
    """Rows by series and time, of one time the first alone."""
    rows = np.arange(len(table.series))
    if table.moments is None:
        return np.lexsort((rows, table.series)), []
    order = np.lexsort((rows, table.moments, table.series))
    findings: list[Finding] = []
    same_series = np.diff(table.series[order]) == 0
    if bool((np.diff(table.moments)[np.diff(table.series) == 0] < 0).any()):
        findings.append(Finding(kind="note", message="the rows were not in order of time, and were sorted"))
    again = np.concatenate(([False], same_series & (np.diff(table.moments[order]) == 0)))
    if not again.any():
        return order, findings
    share = again.mean()
    if share > 0.2:
        raise ValueError(
            f"{share:.0%} of the times of {table.time} are there more than once: name the column that tells the series "
            "apart with --data.series"
        )
    places = tuple(table.place(int(i)) for i in np.sort(order[again])[:5])
    message = "rows whose time was there before: the first one is kept"
    findings.append(Finding(kind="skipped", message=message, count=int(again.sum()), places=places))
    return order[~again], findings


def _laid_out(
    table: SeriesTable, pieces: list[tuple[Ints, Ints]], step: Step, findings: tuple[Finding, ...]
) -> Timeline:
    sizes = [int(at[-1]) + 1 for _, at in pieces]
    bounds = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    total = int(bounds[-1])
    row = np.full(total, -1, dtype=np.int64)
    for (rows, at), begin in zip(pieces, bounds[:-1].tolist(), strict=True):
        row[begin + at] = rows
    segments = tuple(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
    seen = row >= 0
    values = np.full((total, table.numbers.shape[1]), np.nan)
    values[seen] = table.numbers[row[seen]]
    missing = ~np.isfinite(values)
    last = _last_seen(missing, segments)
    numbers = np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=0), np.nan)
    before = _last_seen(~seen[:, None], segments)[:, 0]  # a segment begins with a row
    categories = table.categories[row[before]] if total else table.categories[:0]
    moments = None
    if table.moments is not None:
        moments = table.moments[row[before]]
        for begin, end in segments:
            for at in (np.flatnonzero(~seen[begin:end]) + begin).tolist():
                moments[at] = step.after(int(moments[at]), at - int(before[at]))
    return Timeline(
        numbers=numbers,
        missing=missing,
        categories=categories,
        moments=moments,
        series=table.series[row[before]],
        row=row,
        segments=segments,
        step=step,
        findings=findings,
    )


def _last_seen(missing: Marks, segments: tuple[tuple[int, int], ...]) -> Ints:
    """(S, n): the step at or before each whose value is there; -1 where there is none in its segment."""
    at = np.where(missing, -1, np.arange(len(missing))[:, None])
    last = np.maximum.accumulate(at, axis=0)
    begins = np.zeros(len(missing), dtype=np.int64)
    for begin, end in segments:
        begins[begin:end] = begin
    result: Ints = np.where(last >= begins[:, None], last, -1)
    return result
