"""nntui: train PyTorch networks from a terminal.

The names below are all that a plugin or a script needs. They are looked up on first use, so that importing
`nntui` costs nothing and never imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nntui._version import __version__

if TYPE_CHECKING:
    from nntui.api import LoadedRun, TrainingFailed, load, train
    from nntui.hooks.contributions import (
        Activation,
        ActivationFactory,
        Architecture,
        Dataset,
        Device,
        DeviceInfo,
        Exporter,
        Optimizer,
        OptimizerRule,
        Panel,
        Schedule,
        Sniff,
        Space,
    )
    from nntui.hooks.data import (
        Asked,
        ColumnReport,
        DataContext,
        DataReport,
        DataSpec,
        Example,
        Finding,
        InputSpec,
        Prediction,
        Preprocessor,
        Raw,
        Source,
        TargetSpec,
    )
    from nntui.hooks.errors import UserError
    from nntui.hooks.exporting import Exportable, Exported, ExportTensor
    from nntui.hooks.params import NoParams, Params, param
    from nntui.hooks.specs import hookimpl
    from nntui.runs.state import RunState

__all__ = [
    "__version__",
    # writing a plugin
    "hookimpl", "Params", "NoParams", "param",
    "Architecture", "Activation", "ActivationFactory", "Dataset", "Device", "DeviceInfo", "Optimizer",
    "OptimizerRule", "Schedule", "Exporter", "Exportable", "Exported", "ExportTensor", "Sniff", "UserError", "Panel",
    "Space", "RunState",
    "DataContext", "DataSpec", "InputSpec", "TargetSpec", "Raw", "Source", "Preprocessor", "Prediction", "Example",
    "Asked", "DataReport", "ColumnReport", "Finding",
    # training from Python
    "train", "load", "LoadedRun", "TrainingFailed",
]  # fmt: skip

_HOMES = {
    "hookimpl": "nntui.hooks.specs",
    **dict.fromkeys(("Params", "NoParams", "param"), "nntui.hooks.params"),
    **dict.fromkeys(
        (
            *("Architecture", "Activation", "ActivationFactory", "Dataset", "Device", "DeviceInfo"),
            *("Exporter", "Optimizer", "OptimizerRule", "Panel", "Schedule", "Sniff", "Space"),
        ),
        "nntui.hooks.contributions",
    ),
    **dict.fromkeys(
        (
            *("DataContext", "DataSpec", "InputSpec", "TargetSpec"),
            *("Raw", "Source", "Preprocessor", "Prediction", "Example"),
            *("Asked", "DataReport", "ColumnReport", "Finding"),
        ),
        "nntui.hooks.data",
    ),
    "UserError": "nntui.hooks.errors",
    **dict.fromkeys(("Exportable", "Exported", "ExportTensor"), "nntui.hooks.exporting"),
    "RunState": "nntui.runs.state",
    **dict.fromkeys(("train", "load", "LoadedRun", "TrainingFailed"), "nntui.api"),
}


def __getattr__(name: str) -> Any:  # a module's attribute may be anything
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'nntui' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
