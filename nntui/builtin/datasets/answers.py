"""True answers for a network, and its own in a person's terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nntui.hooks.data import Prediction

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.hooks.data import Raw


def true_answers(raw: Raw) -> dict[str, Tensor]:
    """The encoded `target` of rows that have one; nothing of rows that are to be predicted."""
    import torch

    return {"target": torch.from_numpy(np.ascontiguousarray(raw["target"]))} if "target" in raw else {}


def true_class(raw: Raw, row: int, names: Sequence[str]) -> str:
    """The name of a row's class; "" where it is not known."""
    return names[int(raw["target"][row])] if "target" in raw else ""


def class_predictions(output: Tensor, names: Sequence[str], *, most: int | None = None) -> list[Prediction]:
    """The likeliest class of each row of probabilities (N, K); with the `most` likeliest (all where None)."""
    predictions = []
    for row in output.tolist():
        ranked = sorted(range(len(row)), key=lambda code: (-row[code], code))
        predictions.append(
            Prediction(
                label=names[ranked[0]],
                value=names[ranked[0]],
                probabilities={names[code]: row[code] for code in ranked[:most]},
            )
        )
    return predictions


def label_predictions(output: Tensor, names: Sequence[str], *, separator: str = ", ") -> list[Prediction]:
    """The labels of each row whose probability (N, K) is above one half; all probabilities, most likely first."""
    predictions = []
    for row in output.tolist():
        ranked = sorted(range(len(row)), key=lambda code: (-row[code], code))
        found = [name for name, share in zip(names, row, strict=True) if share > 0.5]
        predictions.append(
            Prediction(
                label=separator.join(found) or "none",
                value=found,
                probabilities={names[code]: row[code] for code in ranked},
            )
        )
    return predictions


def value_predictions(output: Tensor, names: Sequence[str], units: Sequence[str]) -> list[Prediction]:
    """Values (N, K) with their units; a number where there is one, a list where there are several.

    To seven digits, which float32 holds: those below depend on a row's place in its batch. The label has four.
    """
    predictions = []
    for exact in output.tolist():
        row = [float(f"{value:.7g}") for value in exact]
        told = [f"{value:.4g} {unit}".rstrip() for value, unit in zip(row, units, strict=True)]
        if len(row) == 1:
            predictions.append(Prediction(label=told[0], value=row[0]))
        else:
            label = ", ".join(f"{name} {value}" for name, value in zip(names, told, strict=True))
            predictions.append(Prediction(label=label, value=row))
    return predictions
