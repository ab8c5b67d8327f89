"""The card's data and limits: what it was trained on, by what hashes another run knows it, and what it cannot do."""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import TYPE_CHECKING

from nntui.engine.card_results import cell
from nntui.engine.split import rows_hash

if TYPE_CHECKING:
    from nntui.engine.meters import Measured
    from nntui.engine.training import Training
    from nntui.hooks.data import DataReport

FEW = 20
"""Training rows: a class with fewer is told."""
_COLUMNS = 60
"""Columns of a table that are told by name."""
_MOST = 8
"""Classes, warnings and kinds of skipped rows that are told one by one."""


def about_data(training: Training, report: DataReport) -> list[str]:
    """Of a person's own files the name alone is told, not the folders above: cards are published."""
    data, settings = training.data, training.spec.data_settings
    contribution = training.spec.data.contribution
    splits = ", ".join(f"{len(rows):,} {name}" for name, rows in data.splits.items())
    own = f"`{PurePath(settings.path).name or settings.path}`" if settings.path is not None else ""
    taken = " ".join(report.taken_for.split()).rstrip(".")
    said = f"{own}, taken for: {taken}" if own and taken else own or contribution.summary
    lines = ["## Data", "", f"{said}. {splits} rows, split {_how_split(training)}.", ""]
    if own:
        lines.append(f"- reader: {contribution.name} ({contribution.summary})")
    lines.append(f"- fingerprint of the data: `{data.fingerprint}`")
    lines.append(f"- hash of the training rows: `{data.rows_hash}` (split seed {settings.split_seed})")
    if len(data.splits["test"]):
        lines.append(f"- hash of the test rows: `{rows_hash(data.fingerprint, data.splits['test'])}`")
    if contribution.source:
        lines.append(f"- source: {contribution.source}")
    if contribution.licence:
        lines.append(f"- licence: {contribution.licence}")
    lines += _columns(report)
    skipped = [finding for finding in report.findings if finding.kind == "skipped"]
    lines += [f"- left out ({finding.count:,}): {cell(finding.message)}" for finding in skipped[:_MOST]]
    return lines


def _columns(report: DataReport) -> list[str]:
    """What a row must have, and what of the training data is not learnt from."""
    used = [f"{cell(column.name)} ({column.kind})" for column in report.columns if column.role == "feature"]
    out = [
        f"{cell(column.name)} ({column.role.removeprefix('left out: ')})"
        for column in report.columns
        if column.role.startswith("left out")
    ]
    return [*_listed("columns that it needs", used), *_listed("columns left out", out)]


def _listed(what: str, names: list[str]) -> list[str]:
    more = f" and {len(names) - _COLUMNS:,} more" if len(names) > _COLUMNS else ""
    return [f"- {what}: {', '.join(names[:_COLUMNS])}{more}"] if names else []


def _how_split(training: Training) -> str:
    source, settings = training.data.source, training.spec.data_settings
    given = [name for name in ("train", "validation", "test") if len(source.given.get(name, ()))]
    came = f"as they came ({', '.join(given)})" if given else ""
    if len(given) == 3:
        return came
    if source.time is not None:
        how = "by time: the newest rows are the test"
    elif source.groups is not None:
        how = f"by groups{f' of {cell(settings.group)}' if settings.group else ''}, none of which is divided"
    elif source.targets is not None:
        how = "at random within each class"
    else:
        how = "at random"
    return f"{came}, the others {how}" if came else how


def about_limits(training: Training, measured: Measured, split: str, report: DataReport) -> list[str]:
    target = training.data.spec.target
    lines = [
        "It was measured on rows held out of the same data; on data from elsewhere it may be worse, and nothing here "
        "measures how much.",
        "",
    ]
    rows = len(training.data.splits["test" if split == "test" else "validation"])
    accuracy = measured.metrics.get("accuracy")
    if accuracy is not None and rows and target.kind == "classes":
        error = math.sqrt(accuracy * (1 - accuracy) / rows)
        lines.append(f"- Of {rows:,} {split} rows, its accuracy has a standard error of {error:.3f}.")
    if target.kind == "classes":
        lines.append("- It knows its classes alone: what is none of them is told as one of them.")
        lines += _rare(training)
    if target.kind in ("classes", "multilabel"):
        lines.append("- Its probabilities are the network's own, not calibrated.")
    if target.kind == "values":
        lines.append("- It was fitted to the values that the training rows have; far outside them it guesses.")
    if target.kind == "next-token":
        lines.append("- It continues texts like those that it read, whether what it says is true or not.")
    if training.data.source.time is not None:
        lines.append("- What it learnt is as old as its data: what changes with time, it does not see.")
    warnings = [finding for finding in report.findings if finding.kind == "warning"]
    lines += [f"- {cell(finding.message)}" for finding in warnings[:_MOST]]
    return lines if lines[-1] else lines[:-1]


def _rare(training: Training) -> list[str]:
    counts = training.data.class_counts()
    if counts is None:
        return []
    names = training.data.spec.target.names or tuple(map(str, range(len(counts))))
    rare = [(count, name) for count, name in zip(counts, names, strict=True) if count < FEW]
    if not rare:
        return []
    told = ", ".join(f"{cell(name)} ({count})" for count, name in sorted(rare)[:_MOST])
    more = f" and {len(rare) - _MOST} more" if len(rare) > _MOST else ""
    return [f"- Few training rows (under {FEW}) have these classes: {told}{more}."]
