"""What a chart is made of: curves over steps (or positions of another unit), and marks at steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import plain, width


class Series(Protocol):
    """Values over steps, `step` rising; all of equal length. `low` and `high` are the least and the greatest value of
    a point that stands for several steps; `invalid` counts the values of a point that were not finite (it may be
    empty). A value itself may be NaN or infinite too."""

    @property
    def step(self) -> Sequence[int]: ...
    @property
    def mean(self) -> Sequence[float]: ...
    @property
    def low(self) -> Sequence[float]: ...
    @property
    def high(self) -> Sequence[float]: ...
    @property
    def invalid(self) -> Sequence[int]: ...


@dataclass(frozen=True)
class Points:
    """A `Series` of plain values, each at one step."""

    step: Sequence[int]
    mean: Sequence[float]
    invalid: Sequence[int] = ()

    @property
    def low(self) -> Sequence[float]:
        return self.mean

    @property
    def high(self) -> Sequence[float]:
        return self.mean


@dataclass(frozen=True)
class Placed:
    """A `Series` whose points stand elsewhere: at `step`, one for each of them, never falling."""

    step: Sequence[int]
    of: Series

    @property
    def mean(self) -> Sequence[float]:
        return self.of.mean

    @property
    def low(self) -> Sequence[float]:
        return self.of.low

    @property
    def high(self) -> Sequence[float]:
        return self.of.high

    @property
    def invalid(self) -> Sequence[int]:
        return self.of.invalid


def points(pairs: Iterable[tuple[int, float | None]]) -> Points:
    """(step, value) in rising steps as a series; None is what is not finite. Of equal steps the last counts."""
    values: dict[int, float] = {}
    for step, value in pairs:
        values.pop(step, None)
        values[step] = float("nan") if value is None else float(value)
    steps = sorted(values)
    return Points(steps, [values[step] for step in steps])


@dataclass(frozen=True)
class Curve:
    """One curve. `kind`: a line of dots, or points (`mark`, thinly joined). `mark` tells curves apart without colours:
    the character of a point (charset.point where left out), or one set along a line (none where left out)."""

    name: str
    style: str
    series: Series
    kind: Literal["line", "points"] = "line"
    mark: str = ""

    @property
    def marked(self) -> bool:
        """Whether it has a mark that fits in a cell."""
        return width(plain(self.mark)[:1]) == 1

    def sign(self, charset: Charset) -> str:
        """What stands for it in a legend."""
        if self.marked:
            return plain(self.mark)[:1]
        if self.kind == "points":
            return charset.point
        return {"braille": "⣀", "blocks": "▄", "ascii": "-"}[charset.name]


@dataclass(frozen=True)
class Mark:
    """Something at a step: an epoch's end (`label` its number), a command, a checkpoint, or the best point (`value`
    where it is known, else that of a curve of points at this step; `label` is shown in the title)."""

    step: int
    kind: Literal["epoch", "command", "checkpoint", "best"]
    label: str = ""
    value: float | None = None
