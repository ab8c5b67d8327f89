"""The card's results: the metrics, and where there are few classes those of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntui.engine.meters import Measured
    from nntui.hooks.data import TargetSpec

MOST_CLASSES = 20
"""With more, a table of them says less than the figures above it."""


def about_results(measured: Measured, split: str, target: TargetSpec) -> list[str]:
    if not measured.metrics:
        return ["## Results", "", "It was not measured: no rows were kept for that."]
    others = measured.baselines
    rows = [
        " | ".join([f"| {cell(name)}", f"{value:.6g}", *(f"{other[name]:.6g}" for other in others.values())]) + " |"
        for name, value in measured.metrics.items()
    ]
    head = " | ".join(["| metric", "value", *map(cell, others)]) + " |"
    told = f"{' and '.join(others)}: what rules without learning reach on the same rows."
    table = [f"## Results on {split}", "", head, "| --- " * (2 + len(others)) + "|", *rows]
    return [*table, *(["", told] if others else []), *_each_class(measured.confusion, target)]


def _each_class(confusion: list[list[int]] | None, target: TargetSpec) -> list[str]:
    """Precision, recall and F1 of each class; a dash where there is nothing to divide by."""
    if confusion is None or not 2 <= len(confusion) <= MOST_CLASSES:
        return []
    names = target.names or tuple(map(str, range(target.size)))
    lines = ["", "| class | precision | recall | F1 | rows |", "| --- | --- | --- | --- | --- |"]
    for code, name in enumerate(names):
        right, true = confusion[code][code], sum(confusion[code])
        told = sum(row[code] for row in confusion)
        figures = [_share(right, told), _share(right, true), _share(2 * right, true + told)]
        lines.append(f"| {cell(name)} | {' | '.join(figures)} | {true:,} |")
    return lines


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def cell(text: str) -> str:
    """Text of a person's data as a cell of a table, or within a sentence: one line, without what Markdown takes as
    its own."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;") or "(empty)"
