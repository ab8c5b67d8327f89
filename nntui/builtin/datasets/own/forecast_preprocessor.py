"""The preprocessor of series that are forecast: a window in, the steps after it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.answers import true_answers, value_predictions
from nntui.builtin.datasets.own.beginnings import Beginning, choose_beginning, last_value, seasonal_value
from nntui.builtin.datasets.own.series_rows import table_of
from nntui.builtin.datasets.own.series_table import read_tables, table_files
from nntui.builtin.datasets.own.several_files import of_each, raws
from nntui.builtin.datasets.own.steps import calendar
from nntui.builtin.datasets.own.timeline import timeline
from nntui.builtin.datasets.own.windows import ForecastFacts, Windows, cut
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.hooks.data import Asked, DataSpec, Example, Finding, InputSpec, Prediction, TargetSpec
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from nntui.hooks.data import Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

    Floats = npt.NDArray[np.float64]

FITTED_ON = 20_000
"""Windows that what is fitted is fitted on, evenly spread where there are more."""


@dataclass(frozen=True, kw_only=True)
class ForecastPreprocessor:
    """`steps` float32 (N, T, F): numbers, marks of missing ones, categories one-hot, calendar, and a mark of the
    horizon where something is known of it; `begin` float32 (N, K): what a prediction starts from."""

    facts: ForecastFacts
    levels: tuple[tuple[str, ...], ...]
    marked: tuple[int, ...]
    """Numbers of which a mark tells where they are missing."""
    beginning: Beginning
    mean: tuple[float, ...]
    std: tuple[float, ...]
    target_mean: tuple[float, ...]
    target_std: tuple[float, ...]

    @property
    def spec(self) -> DataSpec:
        steps = InputSpec(
            name="steps",
            kind="sequence",
            shape=(self.facts.length, len(self.mean)),
            dtype="float32",
            mean=self.mean,
            std=self.std,
            time_axis=0,
        )
        names = self.facts.answers
        target = TargetSpec(
            kind="values", size=len(names), names=names, mean=self.target_mean, std=self.target_std, offset="begin"
        )
        return DataSpec(modality="series", inputs=(steps,), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> ForecastPreprocessor:  # noqa: ARG003 — in the facts
        if not isinstance(source, Windows):
            raise TypeError(f"windows of series were expected, got {type(source).__name__}")
        facts = source.facts
        some = train if len(train) <= FITTED_ON else train[np.linspace(0, len(train) - 1, FITTED_ON).astype(np.int64)]
        some = some[np.argsort(source.time[some], kind="stable")]
        raw = source.rows(some)
        levels = tuple(
            tuple(sorted({str(value) for value in np.unique(raw["categories"][:, :, at])} - {""}))
            for at in range(len(facts.roles.categories))
        )
        marked = tuple(np.flatnonzero(raw["missing"].any(axis=(0, 1))).tolist())
        beginning = choose_beginning(raw, facts, source.time[some], source.until[some])
        numbers = _numbers(raw, facts, beginning.relative)
        with np.errstate(all="ignore"):
            mean, std = np.nanmean(numbers, axis=(0, 1)), np.nanstd(numbers, axis=(0, 1))
        mean = np.where(np.isfinite(mean), mean, 0.0)
        std = np.where(np.isfinite(std) & (std > 1e-12 * np.abs(mean)), std, 1.0)
        change = np.asarray(raw["target"], dtype=np.float64) - beginning.of(raw, facts)
        spread = change.std(axis=0)
        plain = len(marked) + sum(map(len, levels)) + 2 * len(facts.calendar) + bool(facts.known)
        return cls(
            facts=facts,
            levels=levels,
            marked=marked,
            beginning=beginning,
            mean=(*mean.tolist(), *[0.0] * plain),
            std=(*std.tolist(), *[1.0] * plain),
            target_mean=tuple(change.mean(axis=0).tolist()),
            target_std=tuple(np.where(spread > 0, spread, 1.0).tolist()),
        )

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        numbers = _numbers(raw, self.facts, self.beginning.relative)
        count = numbers.shape[2]
        parts = [np.where(np.isnan(numbers), np.array(self.mean[:count]), numbers)]
        parts.append(raw["missing"][:, :, list(self.marked)].astype(np.float64))
        for at, levels in enumerate(self.levels):
            values = raw["categories"][:, :, at]
            parts += [(values == level).astype(np.float64)[:, :, None] for level in levels]
        if self.facts.calendar:
            parts.append(calendar(raw["moments"], self.facts.calendar))
        if self.facts.known:
            ahead = np.arange(self.facts.length) >= self.facts.window
            parts.append(np.broadcast_to(ahead.astype(np.float64)[None, :, None], (len(numbers), len(ahead), 1)))
        steps = np.concatenate(parts, axis=2)
        begin = self.beginning.of(raw, self.facts)
        encoded = {
            "steps": torch.from_numpy(steps.astype(np.float32)),
            "begin": torch.from_numpy(begin.astype(np.float32)),
        }
        return {**encoded, **true_answers(raw)}

    def baselines(self, raw: Raw) -> Mapping[str, Floats]:
        """What the last value, and the value a season before, would answer: (N, K)."""
        found = {"naive": last_value(raw, self.facts)}
        if self.facts.season:
            found["seasonal-naive"] = seasonal_value(raw, self.facts)
        return found

    def decode(self, output: Tensor) -> list[Prediction]:
        names = self.facts.answers
        told = value_predictions(output, names, [""] * len(names))
        return [replace(one, label=self._label(one.value)) for one in told] if len(names) > 1 else told

    def _label(self, values: Sequence[float]) -> str:
        """Step by step; the target's name before each value where there are several."""
        if len(self.facts.targets) == 1:
            return ", ".join(f"{value:.4g}" for value in values)
        return ", ".join(f"{name} {value:.4g}" for name, value in zip(self.facts.answers, values, strict=True))

    def read(self, inputs: Sequence[str]) -> Raw:
        """The last window of each series in the files and folders. Raises ValueError or OSError."""
        found = raws(self.ask(inputs, 1 << 30))
        if not found:
            raise ValueError(f"a CSV or Parquet file with at least {self.facts.window} rows was expected")
        return {name: np.concatenate([raw[name] for raw in found]) for name in found[0]}

    def ask(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        """The last window of each series of each file, of about `size` files' series at a time; where columns are known
        ahead, the last steps of a file are those of the horizon. Raises ValueError or OSError."""
        for given in inputs:
            try:
                files = table_files(Path(given))
            except UserError as error:
                raise ValueError(_told(error)) from error
            for begin in range(0, len(files), max(size, 1)):
                yield from self._some(files[begin : begin + max(size, 1)], Path(given), alone=len(files) == 1)

    def _some(self, files: Sequence[Path], root: Path, *, alone: bool) -> Iterator[Asked]:
        """Several files at once, whose series may go on in one another; one by one where one of them fails."""
        try:
            yield self._asked(files, root)
        except (ValueError, OSError):
            if alone:
                raise
            yield from of_each(files, lambda file: iter([self._asked([file], root)]))

    def _asked(self, files: Sequence[Path], root: Path) -> Asked:
        facts = self.facts
        try:
            frames, findings = read_tables(files)
            table = table_of(frames, files, facts.roles, root if root.is_dir() else None)
            line = timeline(table, facts.step)
        except UserError as error:
            raise ValueError(_told(error)) from error
        findings += [*table.findings, *(f for f in line.findings if f.kind != "note")]
        at = [facts.roles.numbers.index(name) for name in facts.targets]
        last: dict[int, tuple[int, int]] = {}
        for begin, end in line.segments:
            last[int(line.series[begin])] = (begin, end)
        starts, names = [], []
        for code, (begin, end) in sorted(last.items()):
            label = table.series_names[code]
            name = f"{files[0].name} {label}".strip() if len(files) == 1 else label
            if end - begin < facts.length:
                message = f"{name} has {end - begin} steps since its last gap; at least {facts.length} are needed"
                findings.append(Finding(kind="skipped", message=message))
            elif not np.isfinite(line.numbers[end - facts.length + facts.window - 1][at]).all():
                findings.append(Finding(kind="skipped", message=f"{name}: {', '.join(facts.targets)} is missing"))
            else:
                starts.append(end - facts.length)
                names.append(f"{name}{self._when(line.moments, end - facts.length + facts.window - 1)}")
        if not starts:
            raise ValueError("; ".join(finding.in_words() for finding in findings) or f"{root}: there are no rows")
        return Asked(raw=cut(line, facts, np.array(starts)), names=names, findings=tuple(findings))

    def _when(self, moments: npt.NDArray[np.int64] | None, end: int) -> str:
        """ ", 2016-01-01 to 2016-01-07": what is told."""
        facts = self.facts
        if moments is None or not facts.roles.clock or not facts.step.size or facts.step.kind == "rows":
            return ""
        first, last = (facts.step.after(int(moments[end]), steps) for steps in (1, facts.horizon))
        return f", {moment_text(first)}" + (f" to {moment_text(last)}" if facts.horizon > 1 else "")

    def example(self, raw: Raw, row: int) -> Example:
        facts = self.facts
        shown: dict[str, Any] = {}  # text, numbers and lists of numbers
        if "moments" in raw and facts.roles.clock:
            shown["until"] = moment_text(int(raw["moments"][row][facts.window - 1]))
        for at, name in enumerate(facts.roles.numbers):
            values = raw["numbers"][row][:, at]
            shown[name] = [float(value) for value in values[np.isfinite(values)]]
        for at, name in enumerate(facts.roles.categories):
            shown[name] = str(raw["categories"][row][facts.window - 1, at])
        label = self._label(raw["target"][row].tolist()) if "target" in raw else ""
        return Example(kind="json", content=shown, label=label)

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ForecastPreprocessor:
        return from_plain(cls, data)


def moment_text(moment: int) -> str:
    """ "2016-01-01", "2016-01-01 13:00"."""
    text = str(np.datetime64(moment, "us").astype("datetime64[s]")).replace("T", " ")
    return text.removesuffix(" 00:00:00").removesuffix(":00") if text.endswith(":00") else text


def _told(error: UserError) -> str:
    return f"{error.message}; {error.advice}" if error.advice else error.message


def _numbers(raw: Raw, facts: ForecastFacts, relative: Sequence[int]) -> Floats:
    """(N, T, n); the numbers at `relative` less their last value in the window."""
    numbers = np.array(raw["numbers"], dtype=np.float64)
    for at in relative:
        numbers[:, :, at] -= numbers[:, facts.window - 1, at][:, None]
    return numbers


if TYPE_CHECKING:
    _: type[Preprocessor] = ForecastPreprocessor
