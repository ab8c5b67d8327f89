"""The confusion panel: which class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, cut, fit, plain, width

WORST = 12
_BESIDE = 18
"""Cells that the list of mistakes takes beside the matrix."""
_SHADES = " ░▒▓█"
_ROW = 36
"""Cells of a mistake below the matrix, where two stand beside each other."""


@dataclass(frozen=True)
class Tint:
    """The colours that a matrix is shaded with: "#rrggbb". Where there are none, characters shade it."""

    background: str
    right: str
    wrong: str

    def mixed(self, share: float, right: bool) -> str:
        """The background of a cell, and the text on it."""
        low, high = _rgb(self.background), _rgb(self.right if right else self.wrong)
        weight = min(sqrt(max(share, 0.0)) * (0.75 if right else 0.95), 1.0)
        colour = tuple(round((a + (b - a) * weight) / 12) * 12 for a, b in zip(low, high, strict=True))
        clear = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 120
        text = "#000000" if clear else "#e4e4e4"
        return f"{text} on #{min(colour[0], 255):02x}{min(colour[1], 255):02x}{min(colour[2], 255):02x}"


def _rgb(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


@dataclass(frozen=True)
class Mistake:
    """One class taken for another. `share`: of the rows of the true class."""

    true: str
    said: str
    count: int
    share: float


def class_names(count: int, classes: Sequence[str]) -> list[str]:
    """A name for each class; its number where the plan has none."""
    return [plain(classes[i]) if i < len(classes) else str(i) for i in range(count)]


def worst(matrix: Sequence[Sequence[int]], names: Sequence[str], limit: int = WORST) -> list[Mistake]:
    """The most frequent mistakes, the most frequent first."""
    found = [
        Mistake(names[i], names[j], count, count / max(sum(row), 1))
        for i, row in enumerate(matrix)
        for j, count in enumerate(row)
        if i != j and count > 0
    ]
    return sorted(found, key=lambda mistake: (-mistake.count, -mistake.share))[:limit]


CORNER = "true"
"""Above the names of the true classes, as long as they may be."""


@dataclass(frozen=True)
class Grid:
    """Where things are in a matrix: cells of the names, of a column, and how many columns fit."""

    names: int
    cell: int
    columns: int
    list: int
    """Cells of the list of mistakes at its right; 0 where it stands below."""


def grid(matrix: Sequence[Sequence[int]], names: Sequence[str], cells: int) -> Grid:
    """What fits in `cells` cells."""
    count = len(matrix)
    digits = max((len(str(value)) for row in matrix for value in row), default=1)
    cell = max(digits, 3) + 1
    longest = max((width(name) for name in names), default=1)
    label = max(min(longest, 14, max(cells // 4, 4)), len(CORNER)) + 1
    whole = label + count * cell + 6
    beside = cells - whole - 3
    if beside >= _BESIDE:
        wider = min(max(beside - 30, 0) // max(count, 1), 3)
        return Grid(label, cell + wider, count, cells - whole - count * wider - 3)
    columns = max((cells - label - 6) // cell, 1)
    return Grid(label, cell, min(columns, count), 0)


def matrix_head(names: Sequence[str], at: Grid, first: int, charset: Charset) -> Line:
    """Names of the predicted classes, from column `first` on."""
    corner = CORNER if at.names < 10 else f"{CORNER} \\ said"
    line: Line = [(fit(corner, at.names), "muted")]
    for name in names[first : first + at.columns]:
        line.append((fit(name[: at.cell - 1], at.cell, align="right", ellipsis=charset.ellipsis), "muted"))
    line.append((fit("right", 6, align="right"), "muted"))
    return line


def matrix_lines(
    matrix: Sequence[Sequence[int]], names: Sequence[str], at: Grid, first: int, charset: Charset, tint: Tint | None
) -> list[Line]:
    """A line for each true class."""
    lines: list[Line] = []
    for i, row in enumerate(matrix):
        total = max(sum(row), 1)
        line: Line = [(fit(names[i], at.names - 1, ellipsis=charset.ellipsis), ""), (" ", "")]
        for j in range(first, min(first + at.columns, len(row))):
            line.append(_shaded(row[j], row[j] / total, i == j, at.cell, charset, tint))
        right = row[i] / total if i < len(row) else 0.0
        line.append((f"{right:6.0%}", "good" if right >= 0.9 else "warning" if right < 0.5 else ""))
        lines.append(line)
    return lines


def _shaded(count: int, share: float, right: bool, cells: int, charset: Charset, tint: Tint | None) -> tuple[str, str]:
    text = str(count) if count else charset.dot
    if tint is not None:
        return fit(text, cells, align="right"), tint.mixed(share, right) if count else "axis"
    style = "axis" if not count else "good" if right else "bad" if share >= 0.05 else "warning"
    if not charset.unicode:  # a sign before digits would be read as one of them: ".1", "#13"
        return fit(text, cells, align="right"), style
    shade = _SHADES[min(int(sqrt(share) * len(_SHADES)), len(_SHADES) - 1)] if count else " "
    return fit(f"{shade}{text}" if len(text) < cells else text, cells, align="right"), style


def told_of(split: str, step: int, cells: int) -> str:
    """What was measured when, in words that fit: the step is told whole or, where there is hardly any room, not."""
    short = {"validation": "val"}.get(split, split)
    told = (f"{split}, step {step:,}", f"{short}, step {step:,}", f"{short} @{step:,}", f"@{step:,}", short)
    return next((text for text in told if width(text) <= cells), "")


def names_cut(mistakes: Sequence[Mistake], cells: int, charset: Charset) -> bool:
    """Whether a name of the mistakes has no room in `cells` cells."""
    room = min(cells, 44) - (10 if cells >= 26 else 5) - width(charset.arrow) - 2
    return any(width(mistake.true) + width(mistake.said) > room for mistake in mistakes)


def mistakes_lines(mistakes: Sequence[Mistake], cells: int, charset: Charset) -> list[Line]:
    """The worst ones: who was taken for whom, how often."""
    if not mistakes:
        return [[("no mistakes", "good")]]
    return [[("worst mistakes", "muted")], *mistake_rows(mistakes, cells, charset)]


def mistake_rows(mistakes: Sequence[Mistake], cells: int, charset: Charset) -> list[Line]:
    """A line for each mistake."""
    lines: list[Line] = []
    cells = min(cells, 44)
    for mistake in mistakes:
        figures = f" {mistake.count:>4}" + (f" {mistake.share:>4.0%}" if cells >= 26 else "")
        room = max(cells - len(figures), 8)
        arrow = f" {charset.arrow} "
        part = max((room - len(arrow)) // 2, room - len(arrow) - width(mistake.said), 2)
        true = fit(mistake.true, min(width(mistake.true), part), ellipsis=charset.ellipsis)
        said = fit(mistake.said, min(width(mistake.said), room - len(arrow) - width(true)), ellipsis=charset.ellipsis)
        named: Line = [(true, ""), (arrow, "muted"), (said, "bad")]
        lines.append(cut([*named, (" " * (room - width(named)), ""), (figures, "muted")], cells))
    return lines


def mistakes_below(mistakes: Sequence[Mistake], cells: int, rows: int, charset: Charset) -> list[Line]:
    """So many lines of mistakes, in two columns where these have room."""
    gap = 3
    columns = 2 if cells >= 2 * _ROW + gap else 1
    lines = mistake_rows(mistakes[: columns * rows], (cells - gap * (columns - 1)) // columns, charset)
    half = -(-len(lines) // columns)
    return beside(lines[:half], lines[half:], gap) if columns > 1 else lines


def beside(left: Sequence[Line], right: Sequence[Line], gap: int = 3) -> list[Line]:
    """Two columns of lines; those at the left are of one width."""
    cells = max((width(line) for line in left), default=0)
    out: list[Line] = []
    for i in range(max(len(left), len(right))):
        here = list(left[i]) if i < len(left) else []
        if i < len(right):
            here.append((" " * (cells - width(here) + gap), ""))
            here += right[i]
        out.append(here)
    return out
