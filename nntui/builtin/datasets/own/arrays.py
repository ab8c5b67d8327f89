"""Reader of a person's arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nntui import Sniff, UserError
from nntui.builtin.datasets.own.array_kinds import KIND, UNKNOWN, Answers, Form, answers, column_answers, form_of
from nntui.builtin.datasets.own.array_layout import Layout, Pair, arrays_at, layout_of, listed, role_of
from nntui.builtin.datasets.own.array_survey import survey
from nntui.builtin.datasets.own.look import look
from nntui.builtin.datasets.own.mapped import gather
from nntui.builtin.datasets.own.table_files import training_for
from nntui.builtin.datasets.source import fingerprint
from nntui.hooks.data import DataReport, Finding

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.own.array_files import Stored
    from nntui.builtin.datasets.own.array_params import ArrayParams
    from nntui.hooks.data import DataContext, Indices, Raw, Split

    Array = npt.NDArray[Any]  # of any dtype


@dataclass(frozen=True, kw_only=True)
class ArrayFacts:
    """What is known of a person's arrays. Rows: `x` (N, *shape) as stored; `target` int64 (N,) or float32 (N, K)."""

    form: Form
    shape: tuple[int, ...]
    """Of one row."""
    pixels: bool
    """Whether a picture's numbers are uint8, and stay so."""
    target: Literal["classes", "multilabel", "values"]
    names: tuple[str, ...]
    """Of the classes, labels or values."""
    column: int | None = None
    """Which column of the stored rows was the answer: one that is asked about may still have it."""
    x: str = "x"
    """Name of the inputs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayRows:
    """A `Source` of arrays, mapped where they are large."""

    parts: Sequence[Array]
    """Inputs of each split, one after another."""
    kept: Indices
    """Which of their rows are rows."""
    answers: Answers
    facts: ArrayFacts
    fingerprint: str
    whereabouts: Callable[[int], str]
    given: Mapping[Split, Indices] = field(default_factory=dict)
    groups: npt.NDArray[np.int64] | None = None
    time: npt.NDArray[np.int64] | None = None
    report: DataReport = field(default_factory=DataReport)

    def __len__(self) -> int:
        return len(self.kept)

    @property
    def on_disk(self) -> bool:
        """Whether rows are mapped, so that they need not be held."""
        return any(isinstance(part, np.memmap) for part in self.parts)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes or labels; none where values are told."""
        return () if self.answers.kind == "values" else self.answers.names

    @property
    def targets(self) -> npt.NDArray[np.int64] | None:
        return None if self.answers.codes is None else self.answers.codes[self.kept]

    def places(self, index: Indices) -> list[str]:
        return [self.whereabouts(i) for i in self.kept[index].tolist()]

    def rows(self, index: Indices) -> Raw:
        numbers = self.kept[index]
        return {"x": self._inputs(numbers), "target": self.answers.told[numbers]}

    def _inputs(self, numbers: Indices) -> Array:
        first = self.parts[0]
        shape = tuple(first.shape[1:])
        made = np.empty((len(numbers), *shape), dtype=np.result_type(*self.parts))
        start = 0
        for part in self.parts:
            here = (numbers >= start) & (numbers < start + len(part))
            if here.any():
                made[here] = gather(part, numbers[here] - start)
            start += len(part)
        made = made.reshape(len(made), -1) if self.facts.form == "features" else made
        return made if self.facts.column is None else np.delete(made, self.facts.column, axis=1)


def sniff(path: Path) -> Sniff | None:
    """Files and folders of arrays."""
    found = look(path)
    if found.main != "array" or (found.folder and found.share("array") < 0.5):
        return None
    try:
        arrays = arrays_at(path)
    except (ValueError, OSError) as error:
        return Sniff(confidence=0.5, reason=f"arrays by its name, but {error}")
    if not arrays:
        return None
    defaults: dict[str, Any] = {}
    inputs = [one for name, one in arrays.items() if role_of(name)[0] == "x" or len(arrays) == 1]
    if inputs:
        try:
            one = inputs[0]
            defaults = _suits(form_of(one.shape, one.dtype, "auto", one.place), one.shape)
        except UserError:
            defaults = {}  # what is wrong is told when it is read
    return Sniff(confidence=0.9, reason=listed(arrays), defaults=defaults)


def _suits(form: Form, shape: tuple[int, ...]) -> dict[str, Any]:
    """What suits rows of a form: passes over the rows by how many there are, convolutions for pictures."""
    epochs = max(5, min(40, 60_000 // max(1, shape[0])))
    if KIND[form] == "image":
        small = min(shape[1:]) < 8 and form == "HW"
        return {"arch.name": "ffn" if small else "cnn", "training.epochs": max(5, min(30, epochs))}
    if KIND[form] == "sequence":
        return {"arch.name": "cnn", "training.epochs": epochs, "cnn:arch.global_pool": "avg"}
    like_tables = {"ffn:arch.norm": "none", "ffn:arch.skip": True, "ffn:activation.name": "gelu", "training.ema": 0.99}
    return {"arch.name": "ffn", **like_tables, **training_for(shape[0])}


def build(params: ArrayParams, context: DataContext) -> ArrayRows:
    """Raises UserError."""
    if context.path is None:
        raise UserError(
            "the arrays are not named", advice="--data PATH names a .npy, .npz or .safetensors, or a folder"
        )
    layout = layout_of(Path(context.path), params)
    pairs = list(layout.pairs.items())
    dropped = 0
    if context.test is not None:
        # Its own test is left out, not learnt from.
        dropped = sum(pair.x.shape[0] for split, pair in pairs if split == "test")
        pairs = [(split or "train", pair) for split, pair in pairs if split != "test"]
        pairs += [("test", pair) for pair in layout_of(Path(context.test), params).pairs.values()]
    try:
        found = _rows(pairs, layout, params, context)
    except (ValueError, OSError) as error:
        raise UserError(str(error), advice="save the arrays again, or leave out what is not whole") from None
    if not dropped:
        return found
    note = Finding(kind="note", message=f"{dropped:,} rows of its own test are left out for --data.test", count=dropped)
    return replace(found, report=replace(found.report, findings=(*found.report.findings, note)))


def _rows(
    pairs: Sequence[tuple[Split | None, Pair]], layout: Layout, params: ArrayParams, context: DataContext
) -> ArrayRows:
    first = pairs[0][1].x
    loaded = _loaded([pair for _, pair in pairs])
    form = form_of(first.shape, first.dtype, params.kind, first.place)
    column = _column(params, loaded[0], first)
    told = [_answers_of(pair, array, column) for (_, pair), array in zip(pairs, loaded, strict=True)]
    place = first.place if pairs[0][1].y is None else pairs[0][1].y.place
    names = None if layout.classes is None else np.asarray(layout.classes.load())
    known = answers(told, names, params.task, place)
    kept, findings = _kept(known, place)
    digests, seen = _surveyed(pairs, loaded)
    findings += seen
    if known.note:
        findings.append(Finding(kind="note", message=known.note))
    if known.codes is not None and len(np.unique(known.codes[kept])) < 2:
        raise UserError(f"{place} holds one class alone: there is nothing to tell apart", advice="give rows of others")
    facts = _facts(form, loaded, known, column, first.name)
    taken = f"{len(kept):,} rows of {_in_words(facts)}, {known.kind} from {place}; inputs from {first.place}"
    return ArrayRows(
        parts=loaded,
        kept=kept,
        answers=known,
        facts=facts,
        fingerprint=fingerprint([*digests, np.ascontiguousarray(known.told).tobytes()]),
        whereabouts=_whereabouts([pair.x for _, pair in pairs]),
        given=_given([split for split, _ in pairs], [len(array) for array in loaded], kept),
        groups=_codes(layout, context.group, "group", kept),
        time=_codes(layout, context.time, "time", kept),
        report=DataReport(taken_for=taken, findings=tuple(findings)),
    )


def _loaded(pairs: Sequence[Pair]) -> list[Array]:
    """The inputs of each split. Raises UserError where their rows differ in shape."""
    loaded = [pair.x.load() for pair in pairs]
    for pair, array in zip(pairs, loaded, strict=True):
        if array.shape[1:] != loaded[0].shape[1:]:
            raise UserError(
                f"{pair.x.place} has rows of shape {array.shape[1:]}, {pairs[0].x.place} of {loaded[0].shape[1:]}",
                advice="save the splits alike",
            )
    return loaded


def _facts(form: Form, loaded: Sequence[Array], known: Answers, column: int | None, name: str) -> ArrayFacts:
    shape = tuple(loaded[0].shape[1:])
    return ArrayFacts(
        form=form,
        shape=(int(np.prod(shape)) - (column is not None),) if form == "features" else shape,
        pixels=all(array.dtype in (np.uint8, np.bool_) for array in loaded) and KIND[form] == "image",
        target=known.kind,
        names=known.names,
        column=column,
        x=name,
    )


def _in_words(facts: ArrayFacts) -> str:
    shape = facts.shape
    if KIND[facts.form] == "features":
        return f"{shape[0]:,} numbers"
    if KIND[facts.form] == "sequence":
        return f"{shape[0]:,} steps of {shape[1] if len(shape) > 1 else 1:,} numbers"
    height, width = {"HW": shape[:2], "HWC": shape[:2], "CHW": shape[1:]}[facts.form]
    return f"pictures of {height}x{width}"


def _column(params: ArrayParams, array: Array, one: Stored) -> int | None:
    if params.target is None:
        return None
    if array.ndim != 2:
        raise UserError(f"{one.place} has shape {array.shape}: it has no columns", advice="leave out --data.target")
    if not -array.shape[1] <= params.target < array.shape[1]:
        raise UserError(
            f"{one.place} has columns 0 to {array.shape[1] - 1}, not {params.target}",
            advice="--data.target -1: the last",
        )
    return params.target % int(array.shape[1])


def _answers_of(pair: Pair, array: Array, column: int | None) -> Array:
    if column is not None:
        return column_answers(array, column)
    assert pair.y is not None  # else there is a column
    told = pair.y.load()
    if told.ndim == 0 or len(told) != len(array):
        raise UserError(
            f"{pair.x.place} has {len(array):,} rows, {pair.y.place} {len(told) if told.ndim else 1:,} answers",
            advice="they must be as many",
        )
    return told


def _kept(known: Answers, place: str) -> tuple[Indices, list[Finding]]:
    """Rows that have an answer."""
    count = len(known.told)
    fine = known.told != UNKNOWN if known.values is None else np.isfinite(known.values).all(axis=1)
    if fine.all():
        return np.arange(count, dtype=np.int64), []
    without = np.flatnonzero(~fine)
    if not fine.any():
        raise UserError(f"no answer in {place} is a finite number", advice="name other answers: --data.y NAME")
    message = f"{len(without):,} rows whose answer is NaN or infinite are left out"
    places = tuple(f"{place}, row {row}" for row in without[:20].tolist())
    return np.flatnonzero(fine), [Finding(kind="skipped", message=message, count=len(without), places=places)]


def _surveyed(pairs: Sequence[tuple[Split | None, Pair]], loaded: Sequence[Array]) -> tuple[list[bytes], list[Finding]]:
    digests, findings = [], []
    for (_, pair), array in zip(pairs, loaded, strict=True):
        seen = survey(pair.x, array)
        digests.append(seen.digest.encode())
        if seen.odd == array.size:
            raise UserError(
                f"{pair.x.place}: every number in it is NaN or infinite", advice="name other arrays: --data.x NAME"
            )
        if seen.odd:
            message = (
                f"{seen.odd:,} numbers in {seen.odd_rows:,} rows are NaN or infinite: taken for missing, and filled"
            )
            places = tuple(f"{pair.x.place}, row {row}" for row in seen.first)
            findings.append(Finding(kind="warning", message=message, count=seen.odd_rows, places=places))
    return digests, findings


def _whereabouts(inputs: Sequence[Stored]) -> Callable[[int], str]:
    def where(row: int) -> str:
        for one in inputs:
            if row < one.shape[0]:
                break
            row -= one.shape[0]
        return f"{one.place}, row {row}"

    return where


def _given(splits: Sequence[Split | None], sizes: Sequence[int], kept: Indices) -> dict[Split, Indices]:
    """The splits that the rows came in; none where there are training rows alone."""
    found: dict[Split, list[Indices]] = {}
    start = 0
    for split, size in zip(splits, sizes, strict=True):
        if split is not None:
            rows = np.flatnonzero((kept >= start) & (kept < start + size)).astype(np.int64)
            found.setdefault(split, []).append(rows)
        start += size
    if set(found) == {"train"} and None not in splits:
        return {}
    return {split: np.concatenate(rows) for split, rows in found.items()}


def _codes(layout: Layout, name: str | None, what: str, kept: Indices) -> npt.NDArray[np.int64] | None:
    """The array that --data.group or --data.time names, as codes in its own order."""
    if name is None:
        return None
    if name not in layout.arrays:
        raise UserError(f"--data.{what}: there is no array {name!r}", advice=f"there are {listed(layout.arrays)}")
    array = np.asarray(layout.arrays[name].load())
    if array.ndim != 1 or len(array) <= kept.max(initial=-1):
        raise UserError(f"--data.{what}: {name} has shape {array.shape}; one for each row was expected", advice="")
    _, codes = np.unique(array[kept], return_inverse=True)
    return codes.astype(np.int64)
