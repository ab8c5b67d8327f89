"""Pictures as text: two pixels a cell in colours, or one cell of a grey ramp where there are none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line

Colour = tuple[int, int, int]

_RAMP = " .:-=+*#%@"
_SHADES = " ░▒▓█"


class Picture(Protocol):
    """`nntui.runs.jobs.Picture` is one."""

    def __hash__(self) -> int: ...

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    def at(self, row: int, column: int, /) -> Colour:
        """Red, green and blue, 0..255."""
        ...


@dataclass(frozen=True)
class Pixels:
    """A picture of plain values, row by row."""

    rows: tuple[tuple[Colour, ...], ...]

    @property
    def width(self) -> int:
        return len(self.rows[0]) if self.rows else 0

    @property
    def height(self) -> int:
        return len(self.rows)

    def at(self, row: int, column: int, /) -> Colour:
        return self.rows[row][column]


def fitted(picture: Picture, cells: int, lines: int, *, larger: bool = False) -> tuple[int, int]:
    """Pixels across and down of a picture that keeps its shape within `cells` by `lines` cells (two pixels each, one
    above the other). `larger`: a small one is made larger, by whole numbers alone, so that its pixels stay alike."""
    if picture.width < 1 or picture.height < 1 or cells < 1 or lines < 1:
        return 0, 0
    factor = min(cells / picture.width, lines * 2 / picture.height)
    if factor >= 1:
        factor = int(factor) if larger else 1
    return max(round(picture.width * factor), 1), max(round(picture.height * factor), 1)


def scaled(picture: Picture, across: int, down: int) -> Pixels:
    """`picture` in other pixels: each is the mean of those that it covers."""
    rows: list[tuple[Colour, ...]] = []
    for y in range(down):
        top, bottom = _covered(y, down, picture.height)
        row: list[Colour] = []
        for x in range(across):
            left, right = _covered(x, across, picture.width)
            pixels = [picture.at(j, i) for j in range(top, bottom) for i in range(left, right)]
            row.append(pixels[0] if len(pixels) == 1 else _mean(pixels))
        rows.append(tuple(row))
    return Pixels(tuple(rows))


def _covered(at: int, count: int, size: int) -> tuple[int, int]:
    first = at * size // count
    return first, max((at + 1) * size // count, first + 1)


def _mean(pixels: list[Colour]) -> Colour:
    count = len(pixels)
    return sum(p[0] for p in pixels) // count, sum(p[1] for p in pixels) // count, sum(p[2] for p in pixels) // count


def picture_lines(
    picture: Picture, cells: int, lines: int, charset: Charset, *, colours: bool = True, larger: bool = False
) -> list[Line]:
    """`picture` in at most `cells` by `lines` cells. `colours` is false under NO_COLOR."""
    return [list(line) for line in _drawn(picture, cells, lines, charset, colours, larger)]


@lru_cache(maxsize=256)  # examples are drawn each time that what is said of them changes
def _drawn(picture: Picture, cells: int, lines: int, charset: Charset, colours: bool, larger: bool) -> list[Line]:
    across, down = fitted(picture, cells, lines, larger=larger)
    if not across or not down:
        return []
    pixels = scaled(picture, across, down)
    if colours and charset.unicode:
        return [_halves(pixels, row) for row in range(0, down, 2)]
    ramp = _SHADES if charset.unicode else _RAMP
    return [_greys(pixels, row, ramp) for row in range(0, down, 2)]


def _halves(pixels: Pixels, row: int) -> Line:
    """Two rows of pixels: the upper one in the foreground's colour, the lower one in the background's."""
    above = pixels.rows[row]
    below = pixels.rows[row + 1] if row + 1 < pixels.height else None
    line: Line = []
    for x, colour in enumerate(above):
        style = f"{_hex(colour)} on {_hex(below[x])}" if below is not None else _hex(colour)
        if line and line[-1][1] == style:
            line[-1] = (line[-1][0] + "▀", style)
        else:
            line.append(("▀", style))
    return line


def _hex(colour: Colour) -> str:
    """In sixteen levels a channel, which the eye hardly tells apart here: neighbours that are alike are one span."""
    r, g, b = ((value + 8) // 17 * 17 for value in colour)
    return f"#{r:02x}{g:02x}{b:02x}"


def _greys(pixels: Pixels, row: int, ramp: str) -> Line:
    pairs = zip(pixels.rows[row], pixels.rows[min(row + 1, pixels.height - 1)], strict=True)
    text = "".join(ramp[min(int((_grey(a) + _grey(b)) / 2 / 256 * len(ramp)), len(ramp) - 1)] for a, b in pairs)
    return [(text, "")]


def _grey(colour: Colour) -> float:
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
