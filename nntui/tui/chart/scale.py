"""Scales: ranges that rarely change, ticks at nice numbers, and short labels.

A range that follows each new value would move every cell with every point. So steps run to a nice number past the last
one (or to the known total), and values between nice bounds that are left only when the values leave them, or use
less than half of them.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_SHORT = 1000
"""Steps within which a first point says nothing of where a run began."""
HUGE = 1e300
"""Values beyond are drawn at the edge: a range must have a finite width."""
TINY = 1e-290
"""A range narrower than this is a constant."""
LABEL = 6
"""Cells of the longest label of a value."""

_GROWTH = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class Scales:
    """The ranges of a frame. `low` and `high` are values (also where `log` is set)."""

    first: int
    last: int
    low: float
    high: float
    log: bool = False
    ticks: tuple[float, ...] = ()

    def rows(self, rows: int) -> Callable[[float], int]:
        """The row of a finite value, counted from the top, of `rows` that span the range. Made once a frame: what is
        in it is paid for each column of each curve."""
        low, high, last = self.low, self.high, rows - 1
        if self.log:
            top = math.log10(high)
            share = rows / (top - math.log10(low))

            def log_row(value: float, log10: Callable[[float], float] = math.log10) -> int:
                if value >= high:
                    return 0
                if value <= low:
                    return last
                row = int((top - log10(value)) * share + 1e-9)
                return row if row < last else last

            return log_row
        per_row = (high - low) / rows

        def row(value: float) -> int:
            if value >= high:
                return 0
            if value <= low:
                return last
            row = int((high - value) / per_row + 1e-9)
            return row if row < last else last

        return row

    def share(self, value: float) -> float:
        """How far up a value is: 0 at the bottom, 1 at the top."""
        if self.log:
            low = math.log10(self.low)
            return (math.log10(max(value, 5e-324)) - low) / (math.log10(self.high) - low)
        return (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)


def step_range(first: int, last: int, total: int | None = None) -> tuple[int, int]:
    """The steps of a whole chart: from 0 (or a nice number, where the data begins late) to the total, where known and
    not passed, or the next nice number."""
    start = 0
    if first > 0.3 * max(last, total or _SHORT):
        unit = max(int(10 ** math.floor(math.log10(max(last - first, 1)))), 1)
        start = first // unit * unit
    if total is not None and total >= last and total > start:
        return start, total
    length = max(last - start, 1)
    power = 10.0 ** math.floor(math.log10(length))
    for nice in _GROWTH:
        end = math.ceil(nice * power - 1e-9)
        if end >= length:
            return start, start + end
    return start, start + length


def nice_step(length: float, parts: int) -> float:
    """The least of 1, 2, 5 times a power of ten that takes at most `parts` steps over `length`."""
    rough = max(length / max(parts, 1), TINY / 10)
    exponent = math.floor(math.log10(rough))
    power = 10.0**exponent
    for nice in (1.0, 2.0, 5.0, 10.0):
        if nice * power >= rough * (1 - 1e-9):
            return nice * power
    return 10.0 * power


def value_range(
    low: float, high: float, rows: int, *, log: bool = False, before: Scales | None = None, cap: float | None = None
) -> tuple[float, float, tuple[float, ...]]:
    """Bounds and ticks for values from `low` to `high` (finite; above zero where `log`), on `rows` rows of cells.
    The bounds of `before` stay while the values fill half of them. `cap`: no bound above it (1 for a share)."""
    low, high = (max(-HUGE, min(bound, HUGE)) for bound in (low, high))
    if log:
        return _log_range(low, high, rows, before)
    if before is not None and not before.log and before.low <= low and high <= before.high:
        used = high / 2 - low / 2
        whole = before.high / 2 - before.low / 2
        if used >= 0.45 * whole or (low == high and before.low < low and high < before.high):
            return before.low, before.high, linear_ticks(before.low, before.high, rows)
    if high / 2 - low / 2 <= max(abs(low), abs(high)) * 1e-12 + TINY:
        low, high = _around(low)
    parts = max(5, min(rows, 10))
    step = nice_step(high / 2 - low / 2, parts) * 2 if high - low == math.inf else nice_step(high - low, parts)
    bottom = math.floor(low / step + 1e-9) * step
    top = math.ceil(high / step - 1e-9) * step
    if cap is not None and top > cap >= high:
        top = cap
    if not bottom < top:
        bottom, top = low, high
    return bottom, top, linear_ticks(bottom, top, rows)


def _around(value: float) -> tuple[float, float]:
    """A range for a constant: half of it to each side."""
    if abs(value) < TINY * 1e3:
        return 0.0, 1.0
    return value - abs(value) / 2, value + abs(value) / 2


def linear_ticks(low: float, high: float, rows: int) -> tuple[float, ...]:
    """Nice numbers from `low` to `high`, at least two rows apart; a row and a half on few rows."""
    length = high - low if high - low < math.inf else HUGE
    step = nice_step(length, max(1, min(rows // 2, 8) if rows >= 8 else int(rows / 1.5)))
    first = math.ceil(low / step - 1e-9)
    count = int(math.floor(high / step + 1e-9) - first) + 1
    return tuple((first + i) * step + 0.0 for i in range(max(0, min(count, rows + 1))))


def _log_range(low: float, high: float, rows: int, before: Scales | None) -> tuple[float, float, tuple[float, ...]]:
    low, high = max(low, 1 / HUGE), max(high, 1 / HUGE)
    if before is not None and before.log and before.low <= low and high <= before.high:
        used = math.log10(high / low) if high / low < math.inf else 600.0
        if used >= 0.45 * (math.log10(before.high) - math.log10(before.low)):
            return before.low, before.high, log_ticks(before.low, before.high, rows)
    bottom, top = _log_floor(low), _log_ceiling(high)
    if not bottom < top:
        bottom, top = bottom / 2, top * 2
    return bottom, top, log_ticks(bottom, top, rows)


def _power(mantissa: int, exponent: int) -> float:
    return float(f"{mantissa}e{exponent}")


def _log_floor(value: float) -> float:
    exponent = math.floor(math.log10(value))
    choices = [_power(m, exponent) for m in (1, 2, 5)]
    return choices[max(bisect_right(choices, value * (1 + 1e-9)) - 1, 0)]


def _log_ceiling(value: float) -> float:
    exponent = math.floor(math.log10(value))
    choices = [*(_power(m, exponent) for m in (1, 2, 5)), _power(1, exponent + 1)]
    return choices[min(bisect_left(choices, value * (1 - 1e-9)), 3)]


def log_ticks(low: float, high: float, rows: int) -> tuple[float, ...]:
    """Powers of ten from `low` to `high`; 2 and 5 between them where there is room, each third power where there is
    not."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    decades = max(math.log10(high) - math.log10(low), 1e-9)
    room = rows / decades
    mantissas = (1, 2, 5) if room >= 4 else (1,)
    stride = 1
    while stride * room < 1.9 and stride < 1000:
        stride += 1
    ticks = [
        value
        for exponent in range(first, last + 1)
        if exponent % stride == 0
        for value in (_power(m, exponent) for m in mantissas if -307 <= exponent <= 307)
        if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)
    ]
    apart = 10 ** min(1.5 / max(room, 1e-9), 300)
    if not ticks or ticks[0] / apart >= low:
        ticks.insert(0, low)
    if ticks[-1] * apart <= high:
        ticks.append(high)
    return tuple(ticks)


def labels(values: Sequence[float], *, percent: bool = False) -> list[str]:
    """The labels of ticks, at most six cells each and alike in decimals. Where six cells cannot tell them apart, they
    are what is above the first ("+0.1"), and the first is itself."""
    shown = [value * 100 if percent else value for value in values]
    out = _alike(shown)
    if len(set(out)) < len(out):
        base = shown[0]
        rest = _alike([value - base for value in shown[1:]])
        out = [brief(base), *(label if label.startswith("-") else f"+{label}"[:LABEL] for label in rest)]
    return out


def _alike(values: Sequence[float]) -> list[str]:
    """Labels of one look: fixed decimals where they fit, else thousands, else powers of ten."""
    finite = [abs(value) for value in values if value]
    if not finite:
        return ["0" for _ in values]
    biggest, smallest = max(finite), min(finite)
    if biggest < 1e4 and smallest >= 1e-3:
        for decimals in range(4):
            out = [f"{value:.{decimals}f}" for value in values]
            off = max(abs(float(text) - value) for text, value in zip(out, values, strict=True))
            if off <= biggest * 1e-6 and max(map(len, out)) <= LABEL:
                return out
    return [brief(value) for value in values]


def log_labels(values: Iterable[float]) -> list[str]:
    """Labels of powers of ten and their 2 and 5: each as short as it can be."""
    return [brief(value) for value in values]


def brief(value: float) -> str:
    """A number in at most six cells: 0.25, 1.5k, 12M, 3e-5."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return "nan" if value != value else "inf" if value > 0 else "-inf"
    size = abs(value)
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if limit * 0.9995 <= size < 999.5 * limit:
            return f"{value / limit:.3g}{unit}"
    if 1e-3 <= size < 1e3:
        text = f"{value:.4g}" if size >= 1 else f"{value:.3g}"
        return text if len(text) <= LABEL else f"{value:.2g}"
    return _scientific(value)


def _scientific(value: float) -> str:
    for digits in (2, 1, 0):
        mantissa, exponent = f"{value:.{digits}e}".split("e")
        if "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        text = f"{mantissa}e{int(exponent)}"
        if len(text) <= LABEL:
            return text
    return text[:LABEL]


def reading(value: float, *, percent: bool = False) -> str:
    """A value as the title shows it, in at most six cells and of steady width: .312, 2.31, 88.9, 1.2e-5."""
    if not math.isfinite(value):
        return brief(value)
    if percent:
        return f"{value * 100:.1f}" if abs(value) < 100 else brief(value * 100)
    size = abs(value)
    if 0.01 <= size < 0.9995:
        return f"{value:.3f}".replace("0.", ".", 1)
    if 0.9995 <= size < 9.995:
        return f"{value:.2f}"
    if 9.995 <= size < 99.95:
        return f"{value:.1f}"
    return brief(value) if size < 0.01 or size >= 999.5 else f"{value:.0f}"


def whole(step: int) -> str:
    """A step on the axis: 500, 1k, 1.5k, 12M; exact where it would not be told from its neighbours otherwise."""
    size = abs(step)
    for limit, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if size >= limit:
            text = f"{step / limit:.10g}"
            return f"{text}{unit}" if len(text) <= 5 else str(step)
    return str(step)


def step_ticks(first: int, last: int, count: int) -> list[int]:
    """Nice steps between `first` and `last`, at most about `count`."""
    step = max(int(nice_step(max(last - first, 1), max(count, 1))), 1)
    start = -(-first // step) * step
    return list(range(start, last + 1, step))[: count + 2]
