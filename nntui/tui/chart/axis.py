"""The edges of a chart: labels of values at the left, epochs or steps and markers below."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import attrgetter

from nntui.tui.chart.curves import Mark
from nntui.tui.chart.plot import spans
from nntui.tui.chart.scale import step_ticks, whole
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, plain, width

_ROOM = 4
"""Cells of an epoch at least: its label and some of the axis."""
_STRIDES = (1, 2, 5)


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
        stride = next(n * 10**power for power in range(12) for n in _STRIDES if n * 10**power * mean >= room)
    numbers = [int(label) if label.isdecimal() and len(label) < 12 else i for i, label in enumerate(labels, 1)]
    return [(cell(m.step), plain(m.label)) for m, number in zip(inside, numbers, strict=True) if number % stride == 0]


def _place(cell: Callable[[int], int]) -> Callable[[Mark], int]:
    return lambda mark: cell(mark.step)


def _widest(labels: Sequence[str]) -> int:
    """Cells of the widest. A run has hundreds of epochs, whose labels are digits."""
    if "".join(labels).isascii():
        return max(map(len, labels))
    return max(width(plain(label)) for label in labels)


def below(
    marks: Sequence[Mark],
    epochs: Sequence[tuple[int, str]],
    steps: tuple[int, int],
    cell: Callable[[int], int],
    cells: int,
    charset: Charset,
    crosshair: int | None = None,
) -> Line:
    """The axis of steps: labels of epochs (of steps too, where fewer than two epochs are shown) and markers."""
    characters, styles = [charset.horizontal] * cells, ["axis"] * cells
    taken = [False] * (cells + 2)
    if crosshair is not None and 0 <= crosshair < cells:
        _write(characters, styles, taken, crosshair, charset.up, "accent")
    for mark in marks:
        if mark.kind == "command" and 0 <= (x := cell(mark.step)) < cells and not taken[x]:
            _write(characters, styles, taken, x, charset.command, "command")
    ticks = list(epochs)
    if len(ticks) < 2:
        ticks = [(x, f"epoch {label}") for x, label in ticks]
        ticks += [(cell(s), whole(s)) for s in step_ticks(*steps, max(cells // 14, 1)) if s > steps[0]]
    for x, label in ticks:
        start = max(0, min(x - (width(label) - 1) // 2, cells - width(label)))
        end = start + len(label)
        if width(label) == len(label) and not any(taken[max(start - 1, 0) : end + 1]) and end <= cells:
            _write(characters, styles, taken, start, label, "muted")
    for mark in marks:
        if mark.kind == "checkpoint" and 0 <= (x := cell(mark.step)) < cells and not taken[x]:
            characters[x], styles[x] = charset.command, "axis"
    return spans(characters, styles)


def _write(characters: list[str], styles: list[str], taken: list[bool], x: int, text: str, style: str) -> None:
    for i, character in enumerate(text, x):
        characters[i], styles[i], taken[i] = character, style, True
