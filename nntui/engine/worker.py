"""What a reading process of a streaming feed does first: it opens the data by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch

from nntui.engine.building import open_source
from nntui.hooks.registry import registry
from nntui.hooks.targets import resolve_target
from nntui.spec.resolve import resolve_said
from nntui.spec.toml import from_toml

if TYPE_CHECKING:
    from nntui.hooks.data import Preprocessor, Source


def open_rows(run_toml: str, preprocessing: str) -> tuple[Source, Preprocessor]:
    """The source that a run.toml names, and the preprocessor as it was fitted."""
    torch.set_num_threads(1)  # the cores are the training's and the other workers'
    spec = resolve_said(from_toml(run_toml), registry()).spec
    preprocessor: Preprocessor = resolve_target(spec.data.contribution.preprocessor).from_json(
        json.loads(preprocessing)
    )
    return open_source(spec), preprocessor
