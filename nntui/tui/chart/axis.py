"""The edges of a chart: labels of values at the left, epochs or steps and markers below."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from nntui.tui.chart.curves import Mark
from nntui.tui.chart.plot import spans
from nntui.tui.chart.scale import nice_step, step_ticks, whole
from nntui.tui.chart.unit import STEPS, Unit
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, plain, width

_ROOM = 4
"""Cells of an epoch at least: its label and some of the axis."""
_STRIDES = (1, 2, 5)
_FINEST = 0.01
"""Of an epoch: what is closer is told in steps."""


@dataclass(frozen=True)
class Ticks:
    """`labels`: (column, text), all in `unit`, which is said where there is room; `lines`: columns of the epochs that
    have ended, as many as have labels."""

    labels: Sequence[tuple[int, str]]
    unit: str
    lines: Sequence[int]


def gutter(ticks: Sequence[tuple[int, str]], rows: int, cells: int, charset: Charset, *, axis: bool) -> list[Line]:
    """The left edge, `cells` wide: a label and a tick at the rows given, the corner below where there is an axis."""
    labels = dict(reversed(ticks))
    out: list[Line] = []
    for y in range(rows + axis):
        label = labels.get(y, "")
        if y == rows:
            sign = charset.corner
        else:
            sign = charset.tick if label else charset.vertical
        text = label.rjust(cells - 1)
        out.append([(text, "muted"), (sign, "axis")] if text else [(sign, "axis")])
    return out


def epochs_shown(marks: Sequence[Mark], cell: Callable[[int], int], cells: int) -> list[tuple[int, str]]:
    """(column, label) of the epochs that have room: each, each second, fifth, tenth and so on."""
    epochs = sorted((m for m in marks if m.kind == "epoch"), key=attrgetter("step"))
    inside = epochs[bisect_left(epochs, 0, key=_place(cell)) : bisect_left(epochs, cells, key=_place(cell))]
    if not inside:
        return []
    labels = [m.label for m in inside]
    room = max(_ROOM, _widest(labels) + 2)
    first, last = cell(inside[0].step), cell(inside[-1].step)
    mean = max((last - first) / (len(inside) - 1), 1e-9) if len(inside) > 1 else cells
    stride = 1
    if mean < room or any(cell(b.step) - cell(a.step) < room for a, b in pairwise(inside)):
        stride = _stride(mean, room)
    numbers = [int(label) if label.isdecimal() and len(label) < 12 else i for i, label in enumerate(labels, 1)]
    return [(cell(m.step), plain(m.label)) for m, number in zip(inside, numbers, strict=True) if number % stride == 0]


def _stride(apart: float, room: int) -> int:
    """1, 2, 5, 10 and so on: how many that are `apart` cells make `room`."""
    scales: list[int] = [10**power for power in range(12)]
    return next(n * scale for scale in scales for n in _STRIDES if n * scale * apart >= room)


def _place(cell: Callable[[int], int]) -> Callable[[Mark], int]:
    return lambda mark: cell(mark.step)


def _widest(labels: Sequence[str]) -> int:
    """Cells of the widest. A run has hundreds of epochs, whose labels are digits."""
    if "".join(labels).isascii():
        return max(map(len, labels))
    return max(width(plain(label)) for label in labels)


def ticks(
    marks: Sequence[Mark],
    size: int,
    steps: tuple[int, int],
    cell: Callable[[int], int],
    cells: int,
    unit: Unit = STEPS,
) -> Ticks:
    """The labels of the axis, all of one unit: epochs of `size` steps, also those to come; parts of them where fewer
    than two are in view; steps where an epoch is too long for that, or not known (`size` 0 and no marks). `unit`: what
    the axis is of, where its positions are no steps."""
    if unit != STEPS:
        named = "" if unit.suffix else unit.name
        return Ticks([(cell(at), label) for at, label in unit.ticks(*steps, cells)], named, [])
    if size <= 0:
        return _marked(marks, steps, cell, cells)
    first, last = steps
    low, high = -(-max(first, 1) // size), last // size
    stride = _stride(cells * size / max(last - first, 1), max(_ROOM, len(str(high)) + 2))
    numbers = range(-(-low // stride) * stride, high + 1, stride)
    reached = max((mark.step for mark in marks if mark.kind == "epoch"), default=0)
    lines = [cell(n * size) for n in numbers if n * size <= reached]
    if len(numbers) > 1:
        return Ticks([(cell(n * size), str(n)) for n in numbers], "epoch", lines)
    return _parts(size, steps, cell, cells, lines)


def _marked(marks: Sequence[Mark], steps: tuple[int, int], cell: Callable[[int], int], cells: int) -> Ticks:
    epochs = epochs_shown(marks, cell, cells)
    if epochs:
        labels = epochs if len(epochs) > 1 else [(x, f"epoch {label}") for x, label in epochs]
        return Ticks(labels, "", [x for x, _ in epochs])
    shown = [s for s in step_ticks(*steps, max(cells // 14, 1)) if s > steps[0]]
    return Ticks([(cell(s), whole(s)) for s in shown], "", [])


def _parts(size: int, steps: tuple[int, int], cell: Callable[[int], int], cells: int, lines: list[int]) -> Ticks:
    """Parts of an epoch: 0.2, 0.4; steps where hundredths cannot tell them apart."""
    first, last = steps
    part = nice_step((last - first) / size, max(cells // 7, 1))
    if part < _FINEST:
        shown = [s for s in step_ticks(first, last, max(cells // 14, 1)) if s > first]
        return Ticks([(cell(s), f"{s:,}") for s in shown], "step", lines)
    count = range(int(first / size / part + 1e-9) + 1, int(last / size / part + 1e-9) + 1)
    return Ticks([(cell(round(i * part * size)), f"{i * part:.6g}") for i in count], "epoch", lines)


def below(
    marks: Sequence[Mark],
    ticks: Ticks,
    cell: Callable[[int], int],
    cells: int,
    charset: Charset,
    crosshair: int | None = None,
) -> Line:
    """The axis of steps: labels and markers. The unit is said before the first label that leaves room for it."""
    characters, styles = [charset.horizontal] * cells, ["axis"] * cells
    taken = [False] * (cells + 2)
    if crosshair is not None and 0 <= crosshair < cells:
        _write(characters, styles, taken, crosshair, charset.up, "accent")
    for mark in marks:
        if mark.kind == "command" and 0 <= (x := cell(mark.step)) < cells and not taken[x]:
            _write(characters, styles, taken, x, charset.command, "command")
    unit = f"{ticks.unit} " if ticks.unit else ""
    for x, label in ticks.labels:
        if width(label) != len(label):
            continue
        start = max(0, min(x - (len(label) - 1) // 2, cells - len(label)))
        end = start + len(label)
        if end > cells or any(taken[max(start - 1, 0) : end + 1]):
            continue
        before = start - len(unit)
        if unit and before >= 0 and not any(taken[max(before - 1, 0) : start]):
            label, start, unit = f"{unit}{label}", before, ""
        _write(characters, styles, taken, start, label, "muted")
    beside = 0 if charset.unicode else 1  # letters and digits must not touch
    for mark in marks:
        if mark.kind != "checkpoint" or not 0 <= (x := cell(mark.step)) < cells:
            continue
        if not any(taken[max(x - beside, 0) : x + beside + 1]):
            characters[x], styles[x] = charset.checkpoint, "axis"
    return spans(characters, styles)


def _write(characters: list[str], styles: list[str], taken: list[bool], x: int, text: str, style: str) -> None:
    for i, character in enumerate(text, x):
        characters[i], styles[i], taken[i] = character, style, True
