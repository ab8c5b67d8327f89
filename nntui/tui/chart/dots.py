"""Rasters: dots finer than a cell, as braille (2 by 4), quarter blocks (2 by 2) or ASCII (1 by 3).

A raster holds a mask of dots for each cell and who drew there last. Dots of several curves in one cell are merged; the
later curve gives the style.
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
        self.owners = [bytearray(width) for _ in range(height)]
        """Who drew last in a cell, from 1; 0 for nobody."""

    @property
    def rows(self) -> int:
        """Rows of dots."""
        return self.height * self.grain.down

    @property
    def columns(self) -> int:
        return self.width * self.grain.across

    def run(self, column: int, top: int, bottom: int, owner: int) -> None:
        """Set the dots of a column from row `top` to row `bottom`, both in."""
        down = self.grain.down
        x, side = divmod(column, self.grain.across)
        top, bottom = max(top, 0), min(bottom, self.rows - 1)
        if top > bottom or not 0 <= x < self.width:
            return
        shift = side * down
        whole = ((1 << down) - 1) << shift
        a, b = top // down, bottom // down
        for y in range(a, b + 1):
            mask = whole
            if y == a:
                mask &= whole << (top % down)
            if y == b:
                mask &= whole >> (down - 1 - bottom % down)
            self.masks[y][x] |= mask & whole
            self.owners[y][x] = owner

    def dot(self, column: int, row: int, owner: int) -> None:
        self.run(column, row, row, owner)
