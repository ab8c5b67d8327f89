"""What data sets suggest for other settings, and where their parts are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HERE = "nntui.builtin.datasets"
IMAGES = f"{HERE}.images:ImagePreprocessor"


def training(
    epochs: int,
    batch_size: int,
    *,
    other: Mapping[str, Any] | None = None,
    **data: float,
) -> Mapping[str, Any]:  # settings differ in type
    """Suggestions for other settings; `other` by dotted name, for one network with its name before a colon."""
    return {
        "training.epochs": epochs,
        "training.batch_size": batch_size,
        **{f"data.{key}": value for key, value in data.items()},
        **(other or {}),
    }
