"""A registry in memory, with contributions of every kind and of every shape of setting. Nothing is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import nntui
from nntui.hooks.contributions import Contribution
from nntui.hooks.declared import declare
from nntui.hooks.errors import LookupFailed
from nntui.hooks.names import close_to
from nntui.hooks.params import FieldInfo
from nntui.hooks.registry import Entry, Loaded


class FFNParams(nntui.Params):
    hidden: tuple[int, ...] = nntui.param((128, 64), min_length=1, help="Units of each hidden layer")
    dropout: float = nntui.param(0.0, ge=0, lt=1, help="Share of units dropped")


class CNNParams(nntui.Params):
    channels: tuple[int, ...] = nntui.param((32, 64), min_length=1, help="Channels of each stage")
    kernel: Literal[3, 5, 7] = nntui.param(3, help="Kernel size")
    residual: bool = nntui.param(False, help="Residual stages")
    norm: Literal["batch", "group", "none"] | None = nntui.param("batch", help="Normalisation")
    dropout: float | None = nntui.param(None, ge=0, lt=1, help="Share of units dropped")


class RNNParams(nntui.Params):
    cell: Literal["rnn", "lstm", "gru"] = nntui.param("gru", help="Kind of cell")
    hidden: int = nntui.param(128, ge=1, help="Hidden units")
    bidirectional: bool = nntui.param(True, help="Read both ways")


class LeakyParams(nntui.Params):
    slope: float = nntui.param(0.01, help="Slope below zero")


class AdamWParams(nntui.Params):
    lr: float = nntui.param(1e-3, gt=0, help="Learning rate")
    weight_decay: float = nntui.param(0.01, ge=0, help="Decay")
    betas: tuple[float, float] = nntui.param((0.9, 0.999), help="Decay of the two averages")


class SGDParams(nntui.Params):
    lr: float = nntui.param(0.1, gt=0, help="Learning rate")
    momentum: float = nntui.param(0.9, ge=0, lt=1, help="Momentum")


class OneCycleParams(nntui.Params):
    warmup: float = nntui.param(0.3, ge=0, le=1, help="Share of warm-up")


class StepParams(nntui.Params):
    every: int | Literal["auto"] = nntui.param("auto", help="Epochs between drops")
    at: tuple[tuple[int, float], ...] = nntui.param((), help="Drops: epoch and factor")


class CSVParams(nntui.Params):
    target: str | None = nntui.param(None, help="Column to tell")
    separator: str = nntui.param(",", help="Between\ncells")
    columns: tuple[str, ...] = nntui.param((), help="Columns to use")
    kinds: dict[str, str] = nntui.param({}, help="Kind of each column")


class NeedyParams(nntui.Params):
    size: int = nntui.param(ge=1, help="Must be said")


def _sniff_csv(path: Path) -> nntui.Sniff | None:
    if path.suffix not in (".csv", ".both"):
        return None
    return nntui.Sniff(confidence=0.9, reason="it ends in .csv", params={"target": "species"})


def _sniff_text(path: Path) -> nntui.Sniff | None:
    if path.suffix == ".broken":
        raise OSError("the disk is on fire")
    if path.suffix not in (".txt", ".both"):
        return None
    suited = {"arch.name": "rnn", "training.epochs": 3, "rnn:arch.hidden": 7}
    return nntui.Sniff(confidence=0.9, reason="it is text", defaults=suited)


_KINDS = {"name": "x", "summary": "A contribution", "build": "nowhere:build"}


def _data(name: str, modality: str, **more: Any) -> nntui.Dataset:
    return nntui.Dataset(**{**_KINDS, "name": name, "modality": modality, "preprocessor": "nowhere:P", **more})


def built_in() -> list[Contribution]:
    digits = {
        "training.epochs": 20,
        "rnn:training.epochs": 30,
        "optimizer.lr": 3e-3,
        "arch.channels": [16, 32],
        "data.augment": "light",
    }
    images = {"inputs": {"image", "sequence"}}
    reason = {"table": "its columns have no neighbours; use --arch ffn"}
    general: list[Contribution] = [
        _data("digits", "image", defaults=digits),
        _data("titanic", "table", defaults={"optimizer.name": "sgd", "optimizer.lr": 0.05, "activation.slope": 0.2}),
        _data("speech", "audio"),
        _data("csv", "table", params=CSVParams, sniff=_sniff_csv),
        _data("lines", "text", sniff=_sniff_text, defaults={"training.epochs": 9, "training.batch_size": 4}),
        _data("needy", "points", params=NeedyParams),
        nntui.Architecture(**{**_KINDS, "name": "ffn", "params": FFNParams, "inputs": {"image", "features"}}),
        nntui.Architecture(
            **{**_KINDS, "name": "cnn", "params": CNNParams, "refuses": reason, **images},
            defaults={"training.batch_size": 128, "training.epochs": 5, "activation.name": "leaky"},
        ),
        nntui.Architecture(
            **{**_KINDS, "name": "rnn", "params": RNNParams, **images},
            defaults={"arch.hidden": 64, "audio:arch.hidden": 96, "training.clip": 1.0},
        ),
        nntui.Activation(**{**_KINDS, "name": "relu", "formula": "max(0, x)"}),
        nntui.Activation(**{**_KINDS, "name": "leaky", "formula": "max(ax, x)", "params": LeakyParams}),
        nntui.Optimizer(**{**_KINDS, "name": "adamw", "params": AdamWParams}),
        nntui.Optimizer(**{**_KINDS, "name": "sgd", "params": SGDParams}),
        nntui.Schedule(**{**_KINDS, "name": "one-cycle", "params": OneCycleParams}),
        nntui.Schedule(**{**_KINDS, "name": "step", "params": StepParams}),
        nntui.Device(**{**_KINDS, "name": "auto", "probe": "nowhere:probe"}),
        nntui.Device(**{**_KINDS, "name": "cpu", "probe": "nowhere:probe"}),
    ]
    return general


class FakeRegistry:
    """As `nntui.hooks.registry.Registry`: list, find, load."""

    def __init__(self, plugins: Mapping[tuple[str, str, str], list[Contribution]] | None = None) -> None:
        """plugins: (plugin, distribution, version) to what it contributes, beside the built-ins."""
        self._loaded: list[Loaded] = []
        for (plugin, distribution, version), items in {
            ("builtin", "nntui", "0.1.0"): built_in(),
            **(plugins or {}),
        }.items():
            for item in items:
                record = declare(item)
                fields = tuple(FieldInfo(**{**f, "choices": tuple(f["choices"])}) for f in record.pop("fields"))
                entry = Entry(
                    **record,
                    plural=item.plural,
                    plugin=plugin,
                    qualified=f"{plugin}/{item.name}",
                    distribution=distribution,
                    version=version,
                    fields=fields,
                )
                self._loaded.append(Loaded(contribution=item, entry=entry))

    def list(self, kind: str) -> list[Entry]:
        return [item.entry for item in self._loaded if item.entry.kind == kind]

    def find(self, kind: str, name: str, *, distribution: str = "", version: str = "") -> Entry:
        entries = self.list(kind)
        for entry in entries:
            if name in (entry.name, entry.qualified):
                return entry
        if distribution:
            advice = f'pip install "{distribution}=={version}"'
            raise LookupFailed(f"{name!r} came from {distribution}, which is not installed", advice=advice)
        raise LookupFailed(f"no {kind} is called {name!r}", suggestions=close_to(name, [e.name for e in entries]))

    def load(self, kind: str, name: str, *, distribution: str = "", version: str = "") -> Loaded:
        found = self.find(kind, name, distribution=distribution, version=version)
        return next(item for item in self._loaded if item.entry is found)
