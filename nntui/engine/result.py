"""The result of a run: model/, in Hugging Face's layout."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import save

from nntui._version import __version__
from nntui.engine.card import model_card
from nntui.engine.snapshot import steady_header, weights_of
from nntui.runs.durable import fsync_folder, write_new

if TYPE_CHECKING:
    from nntui.engine.meters import Measured
    from nntui.engine.training import Training
    from nntui.runs.folder import RunFolder
    from nntui.spec.model import Chosen

MODEL_VERSION = 1


def provenance(chosen: Chosen[Any]) -> dict[str, Any]:
    """Where a contribution came from, and its settings: plain JSON."""
    return {
        "name": chosen.qualified,
        "distribution": chosen.distribution,
        "version": chosen.version,
        "params": chosen.params.model_dump(mode="json"),
    }


def config_of(training: Training) -> dict[str, Any]:
    """config.json: what is needed to build the network again."""
    spec = training.spec
    return {
        "format": "nntui",
        "version": MODEL_VERSION,
        "nntui": __version__,
        "architecture": provenance(spec.arch),
        "activation": provenance(spec.activation),
        "data": provenance(spec.data),
        "io": asdict(training.data.spec),
        "training": spec.training.model_dump(mode="json"),
    }


def write_model(folder: RunFolder, training: Training, measured: Measured, split: str) -> Path:
    """Writes model/ from the weights that the model now has, whole or not at all. Raises OSError."""
    weights, ties = weights_of(training.model)
    config = config_of(training)
    metadata = {
        "format": "pt",
        "nntui": json.dumps({k: config[k] for k in ("nntui", "architecture", "activation")}, sort_keys=True),
        **{f"tied:{name}": other for name, other in ties.items()},
    }
    preprocessing = {"version": MODEL_VERSION, "data": config["data"], "state": training.data.preprocessor.to_json()}
    files = {
        "model.safetensors": steady_header(save({n: t.contiguous() for n, t in weights.items()}, metadata)),
        "config.json": _json(config),
        "preprocessing.json": _json(preprocessing),
        "README.md": model_card(folder, training, measured, split).encode(),
    }
    return _replace_folder(folder.model, files)


def _json(data: dict[str, Any]) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _replace_folder(target: Path, files: dict[str, bytes]) -> Path:
    """A folder with these files, put in the place of the one before."""
    new = target.with_name(f".tmp-{target.name}-{secrets.token_hex(4)}")
    old = new.with_name(f"{new.name}-old")
    try:
        new.mkdir()
        for name, data in files.items():
            write_new(new / name, data)
        fsync_folder(new)
        if target.exists():
            os.rename(target, old)  # noqa: PTH104 - the same as Path.rename
        try:
            os.rename(new, target)  # noqa: PTH104
        except OSError:
            if old.exists():
                os.rename(old, target)  # noqa: PTH104
            raise
        fsync_folder(target.parent)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return target
