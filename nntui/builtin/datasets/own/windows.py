"""Windows of series: so many steps that are looked back on, and the steps after them that are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.own.series_table import Roles
from nntui.builtin.datasets.own.steps import Step
from nntui.hooks.data import DataReport

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.own.series_table import SeriesTable
    from nntui.builtin.datasets.own.timeline import Timeline
    from nntui.hooks.data import Indices, Raw, Split

    Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ForecastFacts:
    """What a preprocessor must know of series besides their rows."""

    roles: Roles
    step: Step
    targets: tuple[str, ...]
    known: tuple[str, ...]
    window: int
    horizon: int
    season: int
    """Steps; 0 where there is none, or the window is shorter."""
    calendar: tuple[str, ...]

    @property
    def length(self) -> int:
        """Steps that a raw row has: the horizon too where something is known of it."""
        return self.window + (self.horizon if self.known else 0)

    @property
    def answers(self) -> tuple[str, ...]:
        """Names of the values told: first step first, within it the targets in order."""
        if self.horizon == 1:
            return self.targets
        return tuple(f"{name} +{step}" for step in range(1, self.horizon + 1) for name in self.targets)


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """A `Source` that cuts windows when they are asked for.

    Its raw rows: `numbers` float64 (N, T, n), `missing` bool of the same shape, `categories` text (N, T, c), `moments`
    int64 (N, T) where there is a time; T is the window, and the horizon besides where something is known ahead: what
    is not is NaN there. `target` float32 (N, K).
    """

    line: Timeline
    table: SeriesTable
    facts: ForecastFacts
    fingerprint: str
    starts: Ints
    """(N,) the step that each window begins with."""
    time: Ints
    """(N,) the first moment that is told."""
    until: Ints
    """(N,) the last one."""
    given: Mapping[Split, Indices] = field(default_factory=dict)
    report: DataReport = field(default_factory=DataReport)
    targets: None = None
    groups: None = None

    def __len__(self) -> int:
        return len(self.starts)

    def rows(self, index: Indices) -> Raw:
        starts = self.starts[index]
        facts = self.facts
        ahead = starts[:, None] + facts.window + np.arange(facts.horizon)
        at = [facts.roles.numbers.index(name) for name in facts.targets]
        target = self.line.numbers[ahead][:, :, at].reshape(len(starts), -1)
        return {**cut(self.line, facts, starts), "target": target.astype(np.float32)}

    def places(self, index: Indices) -> list[str]:
        """The row after the window: the first that is told."""
        rows = self.line.row[self.starts[index] + self.facts.window]
        return [self.table.place(int(row)) for row in rows]


def cut(line: Timeline, facts: ForecastFacts, starts: Ints) -> dict[str, Any]:  # columns of several dtypes
    """Raw rows without a target."""
    steps = starts[:, None] + np.arange(facts.length)
    numbers, missing = line.numbers[steps], line.missing[steps]
    if facts.known:
        hidden = [at for at, name in enumerate(facts.roles.numbers) if name not in facts.known]
        numbers[:, facts.window :, hidden] = np.nan
        missing[:, facts.window :, hidden] = False
    categories = line.categories[steps]
    for at, name in enumerate(facts.roles.categories):
        if name not in facts.known:
            categories[:, facts.window :, at] = ""
    raw: dict[str, Any] = {"numbers": numbers, "missing": missing, "categories": categories}
    if line.moments is not None:
        raw["moments"] = line.moments[steps]
    return raw


def window_starts(line: Timeline, facts: ForecastFacts) -> tuple[Ints, int]:
    """Where windows begin whose targets are all there in the horizon, and were seen at least once in the window; and
    how many are left out for it."""
    whole = facts.window + facts.horizon
    at = [facts.roles.numbers.index(name) for name in facts.targets]
    gaps = line.missing[:, at].any(axis=1)
    known = [facts.roles.numbers.index(name) for name in facts.known if name in facts.roles.numbers]
    gaps |= np.isnan(line.numbers[:, known]).any(axis=1)
    before = np.concatenate(([0], np.cumsum(gaps)))
    found = [np.arange(begin, end - whole + 1) for begin, end in line.segments if end - begin >= whole]
    starts = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
    clean = before[starts + whole] == before[starts + facts.window]
    clean &= np.isfinite(line.numbers[starts + facts.window - 1][:, at]).all(axis=1)
    return starts[clean].astype(np.int64), int((~clean).sum())
