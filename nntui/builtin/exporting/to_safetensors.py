"""The weights as safetensors, what made them in the metadata, and the network as plain PyTorch beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nntui import Exportable, Exported

if TYPE_CHECKING:
    from nntui.builtin.exporters import SafetensorsParams
    from nntui.hooks.exporting import Array


def build(params: SafetensorsParams, model: Exportable, path: Path) -> Exported:
    from safetensors.torch import load_file, save_file

    metadata = {
        "format": "pt",
        "nntui": json.dumps(model.facts["model"], ensure_ascii=False, sort_keys=True),
        **{f"tied:{name}": other for name, other in model.ties.items()},
    }
    save_file({name: weight.contiguous() for name, weight in model.weights.items()}, path, metadata)
    notes = ["These are the weights alone, under the module's own names: what goes in and comes out is the network's."]
    if params.source and model.source is not None:
        code = path.with_name(f"{path.stem}_network.py")
        code.write_text(model.source, encoding="utf-8")
        notes.append(f"`{code.name}` binds the network to `model`, from torch.nn alone.")

    def run(given: Mapping[str, Array]) -> Array:
        return model.restore(load_file(path))(given)

    return Exported(run=run, notes=tuple(notes))
