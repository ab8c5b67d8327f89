"""The reader of labelled series: which class is each one?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui import Sniff
from nntui.builtin.datasets.answers import class_predictions, true_answers, true_class
from nntui.builtin.datasets.own.labelled_files import Labelled, Layout, archive_parts, is_ts, layout_of, read_layout
from nntui.builtin.datasets.own.look import files_below, kind_of, look
from nntui.builtin.datasets.own.series_table import read_tables
from nntui.builtin.datasets.own.several_files import of_each, raws
from nntui.builtin.datasets.source import Rows, facts_of, fingerprint
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.hooks.data import Asked, DataReport, DataSpec, Example, Finding, InputSpec, Prediction, TargetSpec
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from nntui.builtin.datasets.own.series_settings import LabelledParams
    from nntui.hooks.data import DataContext, Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

    Floats = npt.NDArray[np.float64]

LONGEST = 512
"""Steps; longer series are thinned to no more, by means of neighbours."""
STEPS = 1500
"""Steps of training that a few series need."""


@dataclass(frozen=True, kw_only=True)
class LabelledFacts:
    """What a preprocessor must know of labelled series besides their rows: `values`, a list of (T, C) float64."""

    layout: Layout
    classes: tuple[str, ...]
    channels: int
    names: tuple[str, ...]
    longest: int
    """Steps, as the files have them."""
    thinned: int
    """Steps that are averaged into one; 1: none."""
    varies: bool


def sniff(path: Path) -> Sniff | None:
    """A .ts file, a pair NAME_TRAIN and NAME_TEST, a table of a series a row, or one with an id, steps and a label."""
    if path.is_file() and is_ts(path):
        return Sniff(confidence=0.91, reason="a .ts file of the UEA archive: labelled series", defaults=_pace(path))
    if path.is_dir():
        parts = [file for file, _ in archive_parts(path)]
        if parts and (is_ts(parts[0]) or _layout(parts[0]) is not None):
            reason = f"{' and '.join(file.name for file in parts)}: labelled series of the UCR archive"
            return Sniff(confidence=0.91, reason=reason, defaults=_pace(parts[0]))
        return None
    seen = look(path)
    if seen.frame is None or seen.frame.width < 3 or seen.frame.height < 4:
        return None
    found = layout_of(seen.frame, None, None, None)
    if found is None:
        return None
    if found.kind == "wide":
        reason = f"a series of {len(found.columns)} steps a row, with the label {found.label}"
        return Sniff(confidence=0.83, reason=reason, defaults=_pace(path))
    reason = f"steps of several series by {found.series}, each with one {found.label}"
    return Sniff(confidence=0.79, reason=reason)


def _pace(path: Path) -> dict[str, Any]:
    """Epochs that give few series enough steps of training, and many no more than they need: by the lines of a file."""
    with path.open("rb") as file:
        begin = file.read(1 << 20)
    lines = max(begin.count(b"\n"), 1)
    rows = lines * path.stat().st_size / max(len(begin), 1)
    return {"training.epochs": int(np.clip(round(STEPS * 16 / max(rows * 0.7, 1)), 12, 200))}


def _layout(path: Path) -> Layout | None:
    try:
        frames, _ = read_tables([path])
    except UserError:
        return None
    return layout_of(frames[0].head(500), None, None, None)


def build(params: LabelledParams, context: DataContext) -> Rows[LabelledFacts]:
    """The series at a path. Raises UserError for what is none, or has one class."""
    if context.path is None:
        raise UserError("the reader labelled-series needs files", advice="say --data PATH: a .ts file or a table")
    if context.group is not None:
        raise UserError("--data.group: labelled series have no groups", advice="leave out --data.group")
    path = Path(context.path)
    parts: list[tuple[Path, str]] = [(path, "")]
    if path.is_dir():
        parts = [(file, part) for file, part in archive_parts(path)]
    if not parts:
        raise UserError(f"{path} holds no files NAME_TRAIN and NAME_TEST", advice="name the file itself")
    if context.test is not None:
        parts = [(file, "" if part == "train" else part) for file, part in parts if part != "test"]
        parts.append((Path(context.test), "test"))
    layout = _layout_asked(parts[0][0], params, context)
    read = [read_layout(file, layout) for file, _ in parts]
    findings = [finding for one in read for finding in one.findings]
    values, labels, places, split = _joined(read, [part for _, part in parts], findings)
    classes = _ordered(sorted(set(labels)))
    if len(classes) < 2:
        raise UserError(
            f"{path}: {f'every series is of class {classes[0]}' if classes else 'no series has a label'}: "
            "two classes at least are needed",
            advice="name the column with the label by --data.target",
        )
    code = {name: at for at, name in enumerate(classes)}
    targets = np.array([code[label] for label in labels], dtype=np.int64)
    lengths = sorted({len(one) for one in values})
    longest = params.length or LONGEST
    thinned = max(-(-lengths[-1] // longest), 1)
    if thinned > 1:
        message = f"the mean of each {thinned} steps is taken; --data.length {lengths[-1]} takes all"
        findings.append(Finding(kind="note", message=message))
    facts = LabelledFacts(
        layout=layout,
        classes=classes,
        channels=values[0].shape[1],
        names=read[0].names or tuple(f"channel {at + 1}" for at in range(values[0].shape[1])),
        longest=lengths[-1],
        thinned=thinned,
        varies=len(lengths) > 1,
    )
    test = np.flatnonzero(np.array(split) == "test").astype(np.int64)
    return Rows(
        columns={"values": values, "target": targets},
        facts=facts,
        fingerprint=fingerprint([*(one.tobytes() for one in values), targets.tobytes(), "\0".join(classes).encode()]),
        given={"test": test} if len(test) else {},
        targets=targets,
        report=DataReport(taken_for=_taken_for(facts, targets, lengths), findings=tuple(findings)),
        whereabouts=places,
    )


def _layout_asked(path: Path, params: LabelledParams, context: DataContext) -> Layout:
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    if is_ts(path):
        return Layout(kind="ts")
    frames, _ = read_tables([path])
    found = layout_of(frames[0].head(2000), params.target, params.series, context.time)
    if found is None:
        raise UserError(
            f"{path}: no column was found that labels series",
            advice="name it with --data.target (and, where a row is a step, the series' column with --data.series)",
        )
    return found


def _ordered(names: list[str]) -> tuple[str, ...]:
    """Numbers by size, words by letters."""
    try:
        return tuple(sorted(names, key=float))
    except ValueError:
        return tuple(names)


def _joined(
    read: Sequence[Labelled], parts: Sequence[str], findings: list[Finding]
) -> tuple[list[Floats], list[str], list[str], list[str]]:
    """Series of all files that can be learnt from. Raises UserError where none is left."""
    values: list[Floats] = []
    labels: list[str] = []
    places: list[str] = []
    split: list[str] = []
    odd: dict[str, list[str]] = {}
    channels = next((one.values[0].shape[1] for one in read if one.values), 0)
    for one, part in zip(read, parts, strict=True):
        for value, label, place in zip(one.values, one.labels, one.places, strict=True):
            if label is None:
                odd.setdefault("series without a label", []).append(place)
            elif value.shape[1] != channels:
                odd.setdefault(f"series of another number of channels than {channels}", []).append(place)
            elif not np.isfinite(value).any():
                odd.setdefault("series without any value", []).append(place)
            else:
                values.append(value)
                labels.append(label)
                places.append(place)
                split.append(part)
    for message, where in odd.items():
        findings.append(Finding(kind="skipped", message=message, count=len(where), places=tuple(where[:5])))
    if not values:
        told = "; ".join(finding.in_words() for finding in findings[:3])
        raise UserError(f"no series is left to learn from: {told or 'the file has none'}")
    return values, labels, places, split


def _taken_for(facts: LabelledFacts, targets: npt.NDArray[np.int64], lengths: list[int]) -> str:
    steps = f"{lengths[0]}" if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
    numbers = f" of {facts.channels} numbers" if facts.channels > 1 else ""
    return f"{len(targets):,} labelled series of {steps} steps{numbers}, in {len(facts.classes)} classes"


@dataclass(frozen=True, kw_only=True)
class LabelledPreprocessor:
    """`series` float32 (N, T, F): the channels, and marks of missing values where there are some; `lengths` int64 (N,)
    where they vary, padding 0."""

    facts: LabelledFacts
    marked: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def steps(self) -> int:
        return -(-self.facts.longest // self.facts.thinned)

    @property
    def spec(self) -> DataSpec:
        series = InputSpec(
            name="series",
            kind="sequence",
            shape=(None if self.facts.varies else self.steps, len(self.mean)),
            dtype="float32",
            mean=self.mean,
            std=self.std,
            lengths="lengths" if self.facts.varies else None,
            time_axis=0,
        )
        target = TargetSpec(kind="classes", size=len(self.facts.classes), names=self.facts.classes)
        return DataSpec(modality="series", inputs=(series,), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> LabelledPreprocessor:  # noqa: ARG003 — in the facts
        facts = facts_of(source, LabelledFacts)
        values = source.rows(train)["values"]
        every = np.concatenate(values)
        with np.errstate(all="ignore"):
            mean, std = np.nanmean(every, axis=0), np.nanstd(every, axis=0)
        mean = np.where(np.isfinite(mean), mean, 0.0)
        std = np.where(np.isfinite(std) & (std > 1e-12 * np.abs(mean)), std, 1.0)
        marked = bool(np.isnan(every).any())
        return cls(
            facts=facts,
            marked=marked,
            mean=(*mean.tolist(), *[0.0] * marked),
            std=(*std.tolist(), *[1.0] * marked),
        )

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        mean = np.array(self.mean[: self.facts.channels])
        rows = [_filled(np.asarray(one, dtype=np.float64), mean) for one in raw["values"]]

        if self.marked:
            marks = [np.isnan(one).any(axis=1, keepdims=True).astype(np.float64) for one in raw["values"]]
            rows = [np.concatenate(pair, axis=1) for pair in zip(rows, marks, strict=True)]
        rows = [_thinned(row, self.facts.thinned) for row in rows]
        longest = max((len(row) for row in rows), default=1) if self.facts.varies else self.steps
        series = np.zeros((len(rows), longest, len(self.mean)), dtype=np.float32)
        for at, row in enumerate(rows):
            series[at, : len(row)] = row
        encoded = {"series": torch.from_numpy(series)}
        if self.facts.varies:
            encoded["lengths"] = torch.tensor([len(row) for row in rows], dtype=torch.int64)
        return {**encoded, **true_answers(raw)}

    def decode(self, output: Tensor) -> list[Prediction]:
        return class_predictions(output, self.facts.classes)

    def read(self, inputs: Sequence[str]) -> Raw:
        """Every series of the files. Raises ValueError or OSError."""
        asked = raws(self.ask(inputs, 1 << 30))
        if not asked:
            raise ValueError("a file of series was expected, written as the training data were")
        return {"values": [one for piece in asked for one in piece["values"]]}

    def ask(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        """The series of files and folders, about `size` at a time; their labels are not looked at."""
        for given in inputs:
            path = Path(given)
            if not path.exists():
                raise FileNotFoundError(f"{given}: there is no such file or folder")
            files = [path] if path.is_file() else [f for f in files_below(path) if is_ts(f) or kind_of(f) == "table"]
            if not files:
                raise ValueError(f"{given} holds no series")
            yield from of_each(files, lambda file: self._asked(file, size))

    def _asked(self, file: Path, size: int) -> Iterator[Asked]:
        try:
            read = read_layout(file, self.facts.layout, labels=False)
        except UserError as error:
            raise ValueError(f"{error.message}; {error.advice}" if error.advice else error.message) from error
        findings = list(read.findings)
        kept = []
        for at, (value, place) in enumerate(zip(read.values, read.places, strict=True)):
            why = self._unfit(value)
            if why:
                findings.append(Finding(kind="skipped", message=f"{place}: {why}"))
            else:
                kept.append(at)
        if not kept:
            raise ValueError("; ".join(finding.in_words() for finding in findings[:3]) or f"{file} has no series")
        for begin in range(0, len(kept), size):
            piece = kept[begin : begin + size]
            yield Asked(
                raw={"values": [read.values[at] for at in piece]},
                names=[read.places[at] for at in piece],
                findings=tuple(findings) if begin == 0 else (),
            )

    def _unfit(self, value: Floats) -> str:
        """Why a series cannot be told; "" where it can."""
        facts = self.facts
        if value.shape[1] != facts.channels:
            return f"it has {value.shape[1]} channels, {facts.channels} were expected"
        if not facts.varies and len(value) != facts.longest:
            return f"it has {len(value)} steps, {facts.longest} were expected"
        return "" if np.isfinite(value).any() else "every value is missing"

    def example(self, raw: Raw, row: int) -> Example:
        values = np.asarray(raw["values"][row])
        shown: dict[str, Any] = {}  # lists of numbers
        for at, name in enumerate(self.facts.names[:8]):
            channel = values[:, at]
            shown[name if self.facts.channels > 1 else "series"] = [float(v) for v in channel[np.isfinite(channel)]]
        return Example(kind="json", content=shown, label=true_class(raw, row, self.facts.classes))

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LabelledPreprocessor:
        return from_plain(cls, data)


def _filled(values: Floats, mean: Floats) -> Floats:
    """(T, C) with gaps filled along a straight line; a channel without any value is its mean."""
    missing = ~np.isfinite(values)
    if not missing.any():
        return values
    filled = values.copy()
    steps = np.arange(len(values))
    for at in np.flatnonzero(missing.any(axis=0)).tolist():
        there = ~missing[:, at]
        filled[:, at] = np.interp(steps, steps[there], values[there, at]) if there.any() else mean[at]
    return filled


def _thinned(values: Floats, factor: int) -> Floats:
    """(T / factor, F): the mean of each `factor` steps, of what is left at the end too."""
    if factor == 1:
        return values
    begins = np.arange(0, len(values), factor)
    sizes = np.diff([*begins, len(values)])
    sums: Floats = np.add.reduceat(values, begins, axis=0)
    return sums / sizes[:, None]


if TYPE_CHECKING:
    _: type[Preprocessor] = LabelledPreprocessor
