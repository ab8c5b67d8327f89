"""Several numbers that were told, beside those that are true: two curves on one scale, and how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from statistics import fmean

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.spark import bars
from nntui.tui.draw.text import Line, cut, width

FEWEST = 3
"""Numbers below which they are read more easily than a curve."""
_WIDEST = 40
_NARROWEST = 4


def numbers_in(label: str) -> list[float]:
    """The numbers of "21.2, 20.8, 21.0"; empty where it is another text."""
    try:
        found = [float(part) for part in label.split(", ")]
    except ValueError:
        return []
    return found if len(found) >= FEWEST and all(map(isfinite, found)) else []


def forecast_line(truth: Sequence[float], told: Sequence[float], cells: int, charset: Charset) -> Line:
    """ "true ▂▃▅ 20.8  told ▂▃▄ 20.1  off by 0.4": the last number behind each curve, and the mean distance."""
    off = fmean(abs(a - b) for a, b in zip(truth, told, strict=True))
    ends = f" {truth[-1]:.4g}", f" {told[-1]:.4g}"
    words: list[Line] = [[("true ", "muted")], [("  told ", "muted")], [(f"  off by {off:.3g}", "muted")]]
    taken = sum(map(width, words)) + sum(map(len, ends))
    size = min(max((cells - taken) // 2, _NARROWEST), _WIDEST, len(truth))
    low, high = min(*truth, *told), max(*truth, *told)
    drawn = [bars(_spread(values, size), size, charset, low=low, high=high) for values in (truth, told)]
    return cut(
        [*words[0], (drawn[0], "validation"), (ends[0], ""), *words[1], (drawn[1], "best"), (ends[1], ""), *words[2]],
        cells,
    )


def _spread(values: Sequence[float], cells: int) -> list[float]:
    """At most `cells` of them, evenly, the last one among them."""
    count = len(values)
    return list(values) if count <= cells else [values[(at + 1) * count // cells - 1] for at in range(cells)]
