"""The preprocessor of daily series: a window of days in, the days after it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.answers import true_answers, value_predictions
from nntui.builtin.datasets.source import Rows, facts_of, fingerprint
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.builtin.datasets.typed_rows import number, read_csv
from nntui.hooks.data import DataSpec, Example, InputSpec, Prediction, TargetSpec

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from nntui.builtin.datasets.source import Column
    from nntui.hooks.data import Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

    Floats = npt.NDArray[np.float64]

YEAR = 365.25
WEEK = 7
"""Days."""


@dataclass(frozen=True, kw_only=True)
class SeriesFacts:
    """What is known of a daily series. Its rows: each of `numbers` float64 (N, window), `date` datetime64[D]
    (N, window), the category a list of N lists of text; `target` float32 (N, K), first day first."""

    numbers: tuple[str, ...]
    units: tuple[str, ...]
    logged: tuple[str, ...]
    """Numbers of which log(1 + x) is taken: never negative, mostly 0, seldom large."""
    category: str
    window: int
    horizon: int
    targets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Days:
    """A daily series without gaps."""

    date: npt.NDArray[np.datetime64]
    numbers: dict[str, Floats]
    category: list[str]


def read_days(path: Path, facts: SeriesFacts) -> Days:
    """Every day of a CSV file. Raises ValueError or OSError: a column, a value or a day is missing, or is no number."""
    rows = read_csv(path)
    wanted = ("date", *facts.numbers, facts.category)
    missing = [name for name in wanted if name not in rows[0]]
    if missing:
        raise ValueError(f"{path}: missing {', '.join(missing)}; the columns {', '.join(wanted)} are needed")
    numbers: dict[str, Floats] = {name: np.empty(len(rows)) for name in facts.numbers}
    dates = np.empty(len(rows), dtype="datetime64[D]")
    for at, row in enumerate(rows):
        place = f"{path}, row {at + 1}"
        try:
            dates[at] = np.datetime64(row["date"], "D")
        except ValueError as error:
            raise ValueError(f"{place}: date: {row['date']!r} is no date such as 2015-12-31") from error
        if at and dates[at] - dates[at - 1] != np.timedelta64(1, "D"):
            raise ValueError(f"{place}: {dates[at]} follows {dates[at - 1]}; each day was expected, once, in order")
        for name, column in numbers.items():
            try:
                column[at] = number(row[name], name)
            except ValueError as error:
                raise ValueError(f"{place}: {error}") from error
            if np.isnan(column[at]):
                raise ValueError(f"{place}: {name} is missing; a window needs every value")
            if name in facts.logged and column[at] < 0:
                raise ValueError(f"{place}: {name}: {row[name]} is negative")
    return Days(date=dates, numbers=numbers, category=[row[facts.category] for row in rows])


def day_windows(path: Path, facts: SeriesFacts) -> Rows[SeriesFacts]:
    """Every window of the series that has its `horizon` days after it; the rows' time is the window's last day."""
    days = read_days(path, facts)
    count = len(days.date) - facts.window - facts.horizon + 1
    if count < 1:
        raise ValueError(f"{path}: {len(days.date)} days; windows of {facts.window} and {facts.horizon} are longer")
    starts = np.arange(count)
    ahead = starts[:, None] + facts.window + np.arange(facts.horizon)
    target = np.stack([days.numbers[name][ahead] for name in facts.targets], axis=2)  # (N, horizon, targets)
    columns = _cut(days, facts, starts)
    columns["target"] = target.reshape(count, -1).astype(np.float32)
    time = days.date[starts + facts.window - 1].astype(np.int64)
    return Rows(columns=columns, facts=facts, fingerprint=fingerprint([path.read_bytes()]), time=time)


def _cut(days: Days, facts: SeriesFacts, starts: npt.NDArray[np.int64]) -> dict[str, Column]:
    index = starts[:, None] + np.arange(facts.window)
    columns: dict[str, Column] = {"date": days.date[index]}
    for name, values in days.numbers.items():
        columns[name] = values[index]
    columns[facts.category] = [days.category[at : at + facts.window] for at in starts.tolist()]
    return columns


@dataclass(frozen=True, kw_only=True)
class SeriesPreprocessor:
    """`days` float32 (N, window, F): the numbers, the category one-hot, sine and cosine of the day of the year;
    `last` float32 (N, K): the targets' values on the window's last day, from which a prediction starts."""

    facts: SeriesFacts
    levels: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    target_mean: tuple[float, ...]
    target_std: tuple[float, ...]

    @property
    def _names(self) -> tuple[str, ...]:
        if self.facts.horizon == 1:
            return self.facts.targets
        return tuple(f"{name} +{day}" for day in range(1, self.facts.horizon + 1) for name in self.facts.targets)

    @property
    def _units(self) -> tuple[str, ...]:
        unit = dict(zip(self.facts.numbers, self.facts.units, strict=True))
        return tuple(unit[name] for name in self.facts.targets) * self.facts.horizon

    @property
    def spec(self) -> DataSpec:
        days = InputSpec(
            name="days",
            kind="sequence",
            shape=(self.facts.window, len(self.mean)),
            dtype="float32",
            mean=self.mean,
            std=self.std,
            time_axis=0,
        )
        units = set(self._units)
        target = TargetSpec(
            kind="values",
            size=len(self._names),
            names=self._names,
            mean=self.target_mean,
            std=self.target_std,
            offset="last",
            unit=units.pop() if len(units) == 1 else "",
        )
        return DataSpec(modality="series", inputs=(days,), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> SeriesPreprocessor:  # noqa: ARG003 — in the facts
        facts = facts_of(source, SeriesFacts)
        raw = source.rows(train)
        numbers = _numbers(raw, facts)
        std = numbers.std(axis=(0, 1))
        change = np.asarray(raw["target"], dtype=np.float64) - _last(raw, facts)
        change_std = change.std(axis=0)
        levels = tuple(sorted({value for window in raw[facts.category] for value in window}))
        plain = len(levels) + 2  # one-hot and the calendar are of order 1 as they are
        return cls(
            facts=facts,
            levels=levels,
            mean=(*numbers.mean(axis=(0, 1)).tolist(), *[0.0] * plain),
            std=(*np.where(std > 0, std, 1.0).tolist(), *[1.0] * plain),
            target_mean=tuple(change.mean(axis=0).tolist()),
            target_std=tuple(np.where(change_std > 0, change_std, 1.0).tolist()),
        )

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        code = {level: at for at, level in enumerate(self.levels)}
        rows = raw[self.facts.category]
        one_hot = np.zeros((len(rows), self.facts.window, len(self.levels)))
        for row, window in zip(one_hot, rows, strict=True):
            for day, value in zip(row, window, strict=True):
                if value in code:
                    day[code[value]] = 1.0
        date = np.asarray(raw["date"], dtype="datetime64[D]")
        angle = 2 * np.pi * (date - date.astype("datetime64[Y]")).astype(np.float64) / YEAR
        calendar = np.stack([np.sin(angle), np.cos(angle)], axis=2)
        days = np.concatenate([_numbers(raw, self.facts), one_hot, calendar], axis=2)
        encoded = {
            "days": torch.from_numpy(days.astype(np.float32)),
            "last": torch.from_numpy(_last(raw, self.facts).astype(np.float32)),
        }
        return {**encoded, **true_answers(raw)}

    def baselines(self, raw: Raw) -> Mapping[str, Floats]:
        """What the last day, and the day a week before, would answer: (N, K)."""
        found = {"naive": _last(raw, self.facts)}
        if self.facts.window >= WEEK:
            days = np.stack([np.asarray(raw[name], dtype=np.float64) for name in self.facts.targets], axis=2)
            before = days[:, self.facts.window - WEEK + np.arange(self.facts.horizon) % WEEK]
            found["seasonal-naive"] = before.reshape(len(days), -1)
        return found

    def decode(self, output: Tensor) -> list[Prediction]:
        return value_predictions(output, self._names, self._units)

    def read(self, inputs: Sequence[str]) -> Raw:
        """The last window of each CSV file, which has the columns of the training data (see `read_days`)."""
        if not inputs:
            raise ValueError(f"a CSV file of at least {self.facts.window} days was expected")
        cut = []
        for given in inputs:
            days = read_days(Path(given), self.facts)
            if len(days.date) < self.facts.window:
                raise ValueError(f"{given}: {len(days.date)} days; at least {self.facts.window} are needed")
            cut.append(_cut(days, self.facts, np.array([len(days.date) - self.facts.window])))
        return {
            name: [row for columns in cut for row in columns[name]]
            if name == self.facts.category
            else np.concatenate([columns[name] for columns in cut])
            for name in cut[0]
        }

    def example(self, raw: Raw, row: int) -> Example:
        shown: dict[str, Any] = {"date": [str(day) for day in raw["date"][row]]}  # lists of text and numbers
        for name in self.facts.numbers:
            shown[name] = [float(value) for value in raw[name][row]]
        shown[self.facts.category] = list(raw[self.facts.category][row])
        label = ""
        if "target" in raw:
            told = zip(self._names, raw["target"][row].tolist(), self._units, strict=True)
            label = ", ".join(f"{name} {value:.4g} {unit}".rstrip() for name, value, unit in told)
        return Example(kind="json", content=shown, label=label)

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SeriesPreprocessor:
        return from_plain(cls, data)


def _numbers(raw: Raw, facts: SeriesFacts) -> Floats:
    """(N, window, numbers)"""
    return np.stack([np.log1p(raw[name]) if name in facts.logged else raw[name] for name in facts.numbers], axis=2)


def _last(raw: Raw, facts: SeriesFacts) -> Floats:
    """(N, K): the last known value of each target, repeated for each day ahead."""
    last = np.stack([np.asarray(raw[name], dtype=np.float64)[:, -1] for name in facts.targets], axis=1)
    return np.tile(last, (1, facts.horizon))


if TYPE_CHECKING:
    _: type[Preprocessor] = SeriesPreprocessor
