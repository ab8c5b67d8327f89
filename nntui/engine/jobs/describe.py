"""A data set as a person sees it before training on it: sizes, splits, classes, a few rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.engine.assembly import augmentation
from nntui.engine.building import open_data, report_of
from nntui.engine.examples import choose_rows
from nntui.engine.split_findings import split_findings
from nntui.hooks.registry import registry
from nntui.runs.jobs import ClassCount, ColumnSeen, Described, FindingSeen, Picture, Shown
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.toml import from_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from nntui.engine.building import OpenedData
    from nntui.hooks.data import ColumnReport, DataSpec, Example, Finding, InputSpec, TargetSpec
    from nntui.spec.model import RunSpec

MOST_CLASSES = 100
MOST_COLUMNS = 200
MOST_FINDINGS = 50
MOST_PLACES = 20
MOST_NAME = 80
MOST_TEXT = 600
MOST_ITEMS = 64
SIDE = 64
"""Pixels of a picture's longer side."""


def describe(toml: str, know: Callable[[RunSpec], None] = lambda _: None) -> Described:
    """What the table [data] of a spec names. Reads what is on this machine, downloads nothing. Raises UserError.

    `know` is told the spec as soon as it is valid.
    """
    tree = from_toml(toml).tree
    alone = {key: tree[key] for key in ("version", "data", "plugins") if key in tree}
    # The data alone: a network that does not take it is told by the plan.
    resolution = resolve_said(Said(tree=alone), registry())
    spec = resolution.spec
    know(spec)
    data = open_data(spec, fetch=False)
    chosen = spec.data
    classes = _classes(data)
    report = report_of(data.source)
    return Described(
        name=chosen.name,
        qualified=chosen.qualified,
        summary=chosen.contribution.summary,
        licence=chosen.contribution.licence,
        source=chosen.contribution.source,
        path=spec.data_settings.path or "",
        modality=data.spec.modality,
        shape=shape_in_words(data.spec),
        target=target_in_words(data.spec.target),
        kind=data.spec.target.kind,
        rows=len(data.source),
        splits={name: len(rows) for name, rows in data.splits.items()},
        classes=classes[:MOST_CLASSES],
        more_classes=max(0, len(classes) - MOST_CLASSES),
        augment=augmentation(spec, data.source),
        fingerprint=data.fingerprint,
        examples=_examples(data),
        notes=list(resolution.notes),
        taken_for=_cut(report.taken_for, MOST_TEXT),
        columns=[_column(column) for column in report.columns[:MOST_COLUMNS]],
        more_columns=max(0, len(report.columns) - MOST_COLUMNS),
        findings=[
            _finding(finding)
            for finding in [*split_findings(data, spec.data_settings), *report.findings][:MOST_FINDINGS]
        ],
        training_rows=data.rows_hash,
    )


def _column(column: ColumnReport) -> ColumnSeen:
    return ColumnSeen(
        name=_cut(column.name, MOST_NAME),
        kind=column.kind,
        role=_cut(column.role, MOST_NAME),
        missing=column.missing,
        distinct=column.distinct,
        examples=[_cut(example, MOST_NAME) for example in column.examples[:4]],
    )


def _finding(finding: Finding) -> FindingSeen:
    places = [_cut(place, MOST_TEXT) for place in finding.places[:MOST_PLACES]]
    message, count = _cut(finding.message, MOST_TEXT), int(finding.count)
    return FindingSeen(kind=finding.kind, message=message, count=count, places=places)


def shape_in_words(spec: DataSpec) -> str:
    """One sample's inputs: "28 x 28 grey", "7 steps of 6 numbers"."""
    return " and ".join(_input_in_words(item) for item in spec.inputs)


def _input_in_words(item: InputSpec) -> str:
    shape = item.shape
    match item.kind:
        case "image":
            channels, height, width = shape
            colour = {1: "grey", 3: "colour"}.get(channels or 0, f"in {channels} channels")
            return f"{height} x {width} {colour}"
        case "sequence":
            long = "a sequence" if shape[0] is None else f"{shape[0]} steps"
            return f"{long} of {_count(shape[1], 'number')}"
        case "tokens":
            long = "text" if shape[0] is None else f"{shape[0]} tokens"
            return f"{long} of {_count(item.vocabulary, 'different token')}"
        case "categories":
            return _count(shape[0], "category", "categories")
        case _:
            return _count(shape[0], "number")


def target_in_words(target: TargetSpec) -> str:
    match target.kind:
        case "classes":
            return f"one of {target.size} classes"
        case "multilabel":
            return f"any of {target.size} labels"
        case "next-token":
            return f"the next of {target.size} tokens"
        case _:
            names = ", ".join(target.names[:3]) if 0 < len(target.names) <= 3 else ""
            unit = f" in {target.unit}" if target.unit else ""
            return _count(target.size, "value") + unit + (f": {names}" if names else "")


def _count(number: int | None, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _classes(data: OpenedData) -> list[ClassCount]:
    target = data.spec.target
    if target.kind != "classes" or data.source.targets is None:
        return []
    counts = np.bincount(data.source.targets, minlength=target.size).tolist()
    names = [*target.names, *map(str, range(len(target.names), target.size))]
    return [ClassCount(name=_cut(name, MOST_NAME), rows=rows) for name, rows in zip(names, counts, strict=False)]


def _examples(data: OpenedData) -> list[Shown]:
    """Those that a run shows too: validation rows, never test rows."""
    rows = choose_rows(data)
    raw = data.source.rows(rows)
    return [shown(data.preprocessor.example(raw, number)) for number in range(len(rows))]


def shown(example: Example) -> Shown:
    """An example, bounded: a picture made small, a text and lists cut."""
    label = _cut(example.label, MOST_NAME)
    if example.kind == "image":
        return Shown(kind="image", label=label, picture=picture(np.asarray(example.content)))
    if example.kind == "text":
        return Shown(kind="text", label=label, text=_cut(str(example.content), MOST_TEXT))
    return Shown(kind="json", label=label, content=_bounded(example.content))


def picture(image: npt.NDArray[np.uint8]) -> Picture:
    """`image` (H, W) or (H, W, 3), brought to at most 64 on its longer side by the mean of each box."""
    height, width = image.shape[:2]
    channels = 1 if image.ndim == 2 else image.shape[2]
    pixels = image.reshape(height, width, channels).astype(np.float64)
    scale = max(1.0, max(height, width) / SIDE)
    tall, wide = max(1, round(height / scale)), max(1, round(width / scale))
    small = _boxes(_boxes(pixels, tall, 0), wide, 1)
    if channels not in (1, 3):
        small, channels = small[..., :1], 1
    return Picture(
        width=wide, height=tall, channels=channels, pixels=np.rint(small).clip(0, 255).astype(np.uint8).tobytes()
    )


def _boxes(pixels: npt.NDArray[np.float64], size: int, axis: int) -> npt.NDArray[np.float64]:
    """Means of `size` boxes along an axis, each whole pixels."""
    length = pixels.shape[axis]
    if size == length:
        return pixels
    edges = np.linspace(0, length, size + 1).astype(np.int64)
    sums = np.add.reduceat(pixels, edges[:-1], axis=axis)
    view = [1] * pixels.ndim
    view[axis] = size
    means: npt.NDArray[np.float64] = sums / np.diff(edges).reshape(view)
    return means


def _bounded(value: Any, depth: int = 4) -> Any:  # plain JSON of any shape
    if isinstance(value, dict):
        items = list(value.items())[:MOST_ITEMS]
        return {_cut(str(key), MOST_NAME): _bounded(item, depth - 1) for key, item in items} if depth else "…"
    if isinstance(value, list | tuple):
        return [_bounded(item, depth - 1) for item in _spread(value)] if depth else "…"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return _cut(str(value), MOST_TEXT)


def _spread(values: Sequence[Any]) -> list[Any]:
    """At most so many of them, evenly: the form of a curve stays."""
    if len(values) <= MOST_ITEMS:
        return list(values)
    return [values[int(at)] for at in np.linspace(0, len(values) - 1, MOST_ITEMS)]


def _cut(text: str, most: int) -> str:
    text = text.encode(errors="replace").decode()  # lone surrogates, from names that are not UTF-8
    return text if len(text) <= most else f"{text[: most - 1]}…"
