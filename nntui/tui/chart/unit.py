"""What a chart runs over: steps, or something else that rises with them, in whole parts of what is told."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

from nntui.runs.figures import duration
from nntui.tui.chart.scale import nice_step

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_CLOCK = (1, 2, 5, 10, 15, 30, *(_MINUTE * n for n in (1, 2, 5, 10, 15, 30)), *(_HOUR * n for n in (1, 2, 3, 6, 12)))
"""Seconds between the labels of a clock, up to a day."""
_MOST_DECIMALS = 5


@dataclass(frozen=True)
class Unit:
    """`parts`: how many positions make one of what is told. Series and windows hold positions, which are whole."""

    name: str
    parts: int = 1
    suffix: str = ""
    clock: bool = False
    """It is told as hours, minutes and seconds, in which `parts` are those of a second."""

    @property
    def shortest(self) -> int:
        """Positions of the closest zoom."""
        return max(self.parts // 1000, 4)

    def text(self, position: int, stride: int) -> str:
        """A position, as exactly as `stride` positions a cell can tell."""
        if self.parts == 1:
            return f"{position:,}"
        decimals = min(max(-floor(log10(max(stride, 1) / self.parts)), 0), _MOST_DECIMALS)
        if not self.clock:
            return f"{position / self.parts:,.{decimals}f}{self.suffix}"
        whole, rest = divmod(position, self.parts)
        return duration(whole) + (f"{rest / self.parts:.{_MOST_DECIMALS}f}"[1 : decimals + 2] if decimals else "")

    def ticks(self, first: int, last: int, cells: int) -> list[tuple[int, str]]:
        """(position, label) at nice places, with room between the labels."""
        length = max(last - first, 1) / self.parts
        apart = self._apart(length, max(cells // 10, 1)) if self.clock else nice_step(length, max(cells // 7, 1))
        numbers = range(int(first / self.parts / apart + 1e-9) + 1, int(last / self.parts / apart + 1e-9) + 1)
        places = [(round(n * apart * self.parts), n * apart) for n in numbers]
        if self.clock:
            return [(place, self.text(place, min(round(apart * self.parts), self.parts * 2))) for place, _ in places]
        return [(place, f"{value:.6g}{self.suffix}") for place, value in places]

    @staticmethod
    def _apart(length: float, parts: int) -> float:
        """Seconds, minutes or hours that a clock has marks at; whole days beyond."""
        if length < parts:
            return nice_step(length, parts)
        found = next((seconds for seconds in _CLOCK if seconds * parts >= length), None)
        return found or max(nice_step(length / _DAY, parts), 1.0) * _DAY


STEPS = Unit("step")
