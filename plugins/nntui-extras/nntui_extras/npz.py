"""The weights as a compressed NumPy archive: an array for each, and what made them as JSON under `nntui`.

What opens it needs neither torch nor safetensors; nothing in it is pickled.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

import nntui

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nntui_extras.plugin import NpzParams

FACTS = "nntui"
"""Name of the array (of no dimension) that holds the JSON text."""


def build(params: NpzParams, model: nntui.Exportable, path: Path) -> nntui.Exported:
    """Raises nntui.UserError for weights that NumPy has no type for (bfloat16)."""
    if FACTS in model.weights:
        raise nntui.UserError(f"a weight of this network is called {FACTS!r}", advice="--to safetensors takes any name")
    arrays: dict[str, Any] = {FACTS: np.array(json.dumps(model.facts["model"]))}
    for name, weight in model.weights.items():
        try:
            array = weight.numpy()
        except TypeError:
            raise nntui.UserError(
                f"NumPy has no numbers of type {weight.dtype}, which {name} has", advice="--to safetensors takes them"
            ) from None
        arrays[name] = array.astype(np.float16) if params.half and array.dtype == np.float32 else array
    with path.open("wb") as file:  # savez would write to another name where the suffix is another
        np.savez_compressed(file, **arrays)

    def run(given: Mapping[str, Any]) -> Any:
        import torch

        with np.load(path, allow_pickle=False) as opened:
            read = {name: torch.from_numpy(opened[name]) for name in opened.files if name != FACTS}
        return model.restore(read)(given)

    return nntui.Exported(run=run, notes=("These are the weights alone, under the module's own names.",))
