"""A trained model, from model/ alone: predicts raw inputs, and is measured on a split of its data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from nntui.engine.assembly import lengths_of, plain_feed
from nntui.engine.baselines import measure_baselines
from nntui.engine.building import build_network, open_source
from nntui.engine.card import plain_source
from nntui.engine.evaluation import EVALUATION_BATCH, measure, outputs
from nntui.engine.feed import ResidentStore
from nntui.engine.hardware import as_resolved
from nntui.engine.snapshot import put_weights, read_tensors, ties_in
from nntui.engine.split import split_rows
from nntui.engine.tasks import plain_task
from nntui.hooks.contributions import Activation, Architecture, Contribution, Dataset
from nntui.hooks.data import DataSpec
from nntui.hooks.errors import UserError
from nntui.hooks.registry import registry
from nntui.hooks.targets import resolve_target
from nntui.spec.model import Chosen, TrainingSettings
from nntui.spec.resolve import resolve_said
from nntui.spec.toml import read_toml

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.engine.meters import Measured
    from nntui.hooks.data import Prediction, Preprocessor, Raw, Split
    from nntui.runs.folder import RunFolder

C = TypeVar("C", bound=Contribution)
CPU = torch.device("cpu")


def model_folder(path: Path) -> Path:
    """The folder with the model: `path`, or model/ below it. Raises UserError."""
    for folder in (path / "model", path):
        if (folder / "config.json").is_file() and (folder / "model.safetensors").is_file():
            return folder
    raise UserError(
        f"{path} has no model yet",
        advice="a run has one when it has ended: nntui train --resume goes on, nntui ctl RUN stop ends it in order",
    )


def _json(path: Path, *keys: str) -> dict[str, Any]:
    """A file of the model that holds an object with these keys. Raises UserError."""
    again = "take the model from its run again"
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))  # whatever the file holds
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}", advice=again) from None
    held: dict[str, Any] = data if isinstance(data, dict) else {}
    missing = [key for key in keys if key not in held]
    if missing:
        raise UserError(f"{path} is not what nntui writes: it has no {', '.join(missing)}", advice=again)
    return held


def _chosen(kind: type[C], said: dict[str, Any]) -> Chosen[C]:
    """A contribution that a model names, looked up in the registry and nowhere else."""
    loaded = registry().load(kind.kind, said["name"], distribution=said["distribution"], version=said["version"])
    contribution = loaded.contribution
    assert isinstance(contribution, kind)  # the registry files each kind apart
    return Chosen(
        contribution=contribution,
        params=contribution.params.model_validate(said["params"]),
        qualified=loaded.entry.qualified,
        distribution=loaded.entry.distribution,
        version=loaded.entry.version,
    )


class Model:
    """A trained network with its preprocessing, on the CPU, in evaluation mode."""

    def __init__(self, path: Path) -> None:
        self.folder = model_folder(path)
        config = _json(self.folder / "config.json", "io", "architecture", "activation", "training")
        preprocessing = _json(self.folder / "preprocessing.json", "data", "state")
        if config.get("version", 0) > 1:
            raise UserError(f"{self.folder} was written by nntui {config.get('nntui')}", advice="upgrade nntui")
        self.config = config
        self.spec = DataSpec.from_json(config["io"])
        data: Chosen[Dataset] = _chosen(Dataset, preprocessing["data"])
        self.preprocessor: Preprocessor = resolve_target(data.contribution.preprocessor).from_json(
            preprocessing["state"]
        )
        self.preprocessing = preprocessing
        self.arch: Chosen[Architecture] = _chosen(Architecture, config["architecture"])
        self.activation: Chosen[Activation] = _chosen(Activation, config["activation"])
        self.network = build_network(self.arch, self.activation, self.spec, data.name).eval()
        weights, metadata = read_tensors(self.folder / "model.safetensors")
        put_weights(self.network, weights, ties_in(metadata))
        self.settings = TrainingSettings.model_validate(config["training"])
        self.task = plain_task(self.spec, self.settings)

    def predict(self, inputs: Sequence[str]) -> list[Prediction]:
        """Answers for what a person types: paths of files or literal values. Raises UserError."""
        return list(self.predict_raw(self._read(inputs)))

    def encode(self, inputs: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        """What an exported model takes, by name. Raises UserError."""
        from nntui.engine.whole import fitted

        return {name: t.numpy() for name, t in fitted(self.preprocessor.encode(self._read(inputs)), self.spec).items()}

    def _read(self, inputs: Sequence[str]) -> Raw:
        try:
            return self.preprocessor.read(inputs)
        except (ValueError, OSError) as error:
            raise UserError(str(error)) from None

    @torch.no_grad()
    def predict_raw(self, raw: Raw) -> Iterator[Prediction]:
        """Answers for raw rows as a data set gives them."""
        store = ResidentStore(self.preprocessor.encode(raw), lengths_of(self.spec), CPU)
        feed = plain_feed(store, self.spec, EVALUATION_BATCH)
        for output, batch in outputs(self.network, self.spec.arguments(), feed):
            yield from self.preprocessor.decode(self.task.predict(output, batch))

    def source(self) -> str | None:
        """Python that builds the bare network from torch.nn alone, where the architecture can tell it."""
        return plain_source(self.arch, self.activation, self.spec)

    def evaluate(self, folder: RunFolder, split: Split) -> Measured:
        """Measures the model on a split of the data that its run names. Raises UserError."""
        spec = resolve_said(read_toml(folder.run_toml), registry()).spec
        source = open_source(spec)
        expected = spec.resolved.get("data_fingerprint")
        if expected is not None and source.fingerprint != expected:
            raise UserError(
                f"the data of {folder.name} has changed since it was trained: its fingerprint was {expected[:12]} and "
                f"is {source.fingerprint[:12]}",
                advice="put the data back as it was",
            )
        rows = split_rows(source, spec.data_settings)[split]
        if not len(rows):
            raise UserError(f"{folder.name} has no {split} rows", advice="see its splits: nntui runs show")
        store = ResidentStore(self.preprocessor.encode(source.rows(rows)), lengths_of(self.spec), CPU)
        batch = max(EVALUATION_BATCH, spec.training.batch_size)
        with torch.no_grad(), as_resolved(self.network, spec.resolved) as channels_last:
            feed = plain_feed(store, self.spec, batch, CPU, channels_last)
            measured = measure(self.network, self.spec.arguments(), feed, self.task)
        return replace(measured, baselines=measure_baselines(source, self.preprocessor, rows, self.task))
