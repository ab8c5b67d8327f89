"""Rasters: dots finer than a cell, as braille (2 by 4), quarter blocks (2 by 2) or ASCII (1 by 3).

A raster holds a mask of dots for each cell, of one curve. Where curves meet in a cell their dots are merged.
"""

from __future__ import annotations

from dataclasses import dataclass

from nntui.tui.draw.charset import Charset


@dataclass(frozen=True)
class Grain:
    """How fine a charset draws: dots across and down a cell, and the character of each mask. Bit `x * down + y` is the
    dot in column x, row y from the top."""

    across: int
    down: int
    glyphs: str


def _braille() -> str:
    # Unicode numbers the dots 1-3 and 7 down the left column, 4-6 and 8 down the right one.
    bits = (0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80)
    return " " + "".join(
        chr(0x2800 + sum(bit for i, bit in enumerate(bits) if mask >> i & 1)) for mask in range(1, 256)
    )


_GRAINS = {
    "braille": Grain(2, 4, _braille()),
    # bit 0 upper left, 1 lower left, 2 upper right, 3 lower right
    "blocks": Grain(2, 2, " ▘▖▌▝▀▞▛▗▚▄▙▐▜▟█"),
    # bit 0 high, 1 middle, 2 low
    "ascii": Grain(1, 3, " '-|.|||"),
}


def grain(charset: Charset) -> Grain:
    return _GRAINS[charset.name]


class Raster:
    """`width` by `height` cells of dots."""

    def __init__(self, width: int, height: int, grain: Grain) -> None:
        self.width, self.height, self.grain = width, height, grain
        self.masks = [bytearray(width) for _ in range(height)]
        self.columns, self.rows = width * grain.across, height * grain.down
        """Of dots."""
        self._down, self._across, self._whole = grain.down, grain.across, (1 << grain.down) - 1

    def copy(self) -> Raster:
        other = Raster(0, 0, self.grain)
        other.width, other.height, other.columns, other.rows = self.width, self.height, self.columns, self.rows
        other.masks = [row[:] for row in self.masks]
        return other

    def run(self, column: int, top: int, bottom: int) -> None:
        """Set the dots of a column from row `top` to row `bottom`, both in."""
        if top < 0:
            top = 0
        if bottom >= self.rows:
            bottom = self.rows - 1
        if top > bottom or not 0 <= column < self.columns:
            return
        down, across = self._down, self._across
        x = column // across
        shift = column % across * down
        whole = self._whole << shift
        a, b = top // down, bottom // down
        masks = self.masks
        first = whole << top % down & whole
        final = whole >> down - 1 - bottom % down & whole
        if a == b:
            masks[a][x] |= first & final
            return
        masks[a][x] |= first
        masks[b][x] |= final
        for y in range(a + 1, b):
            masks[y][x] |= whole
