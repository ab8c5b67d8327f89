"""A trained model, from model/ alone: predicts raw inputs, and is measured on a split of its data."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import torch

from nntui.engine.asking import asked, rows_of
from nntui.engine.assembly import lengths_of, plain_feed
from nntui.engine.building import build_network
from nntui.engine.card import plain_source
from nntui.engine.evaluation import EVALUATION_BATCH, outputs
from nntui.engine.feed import ResidentStore
from nntui.engine.reporting.measuring import measured_rows, report_rows
from nntui.engine.reporting.rows import other_rows, own_rows
from nntui.engine.snapshot import put_weights, read_tensors, ties_in
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
    from nntui.engine.reporting.report import Report
    from nntui.engine.reporting.rows import Judged
    from nntui.hooks.data import Asked, Prediction, Preprocessor, Raw, Split
    from nntui.runs.folder import RunFolder
    from nntui.spec.model import RunSpec

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


class Answered(NamedTuple):
    """Some rows that were asked about, and the answers."""

    asked: Asked
    predictions: list[Prediction]


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
        """Answers for what a person gives: paths of files or folders, or literal values. Raises UserError."""
        answers: list[Prediction] = []
        for piece in asked(self.preprocessor, inputs, strict=True):
            for finding in piece.findings:
                if finding.kind != "note":
                    warnings.warn(finding.in_words(), stacklevel=3)
            answers += self.predict_raw(piece.raw)
        return answers

    def predict_held(self, rows: Any) -> list[Prediction]:
        """Answers for rows that a program holds: an array, a tensor, a frame. Raises UserError."""
        from nntui.engine.in_memory import as_array, as_frame

        frame, given = as_frame(rows), getattr(self.preprocessor, "given", None)
        try:
            if given is not None:
                return list(self.predict_raw(given(as_array(rows, "the array"))))
            if frame is not None:
                with tempfile.TemporaryDirectory() as scratch:
                    path = Path(scratch) / "frame.parquet"
                    frame.write_parquet(path)
                    return self.predict([str(path)])
        except (ValueError, OSError) as error:
            raise UserError(str(error)) from None
        raise UserError(
            f"{self.folder} does not answer a {type(rows).__name__}",
            advice="give paths of files of the kind that it was trained on",
        )

    def answers(self, inputs: Sequence[str]) -> Iterator[Answered]:
        """The same piece by piece, in constant memory; what cannot be read is passed over and told. Raises UserError
        where reading fails half way."""
        for piece in asked(self.preprocessor, inputs):
            yield Answered(piece, list(self.predict_raw(piece.raw)))

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
        if not rows_of(raw):
            return
        store = ResidentStore(self.preprocessor.encode(raw), lengths_of(self.spec), CPU)
        feed = plain_feed(store, self.spec, EVALUATION_BATCH)
        for output, batch in outputs(self.network, self.spec.arguments(), feed):
            yield from self.preprocessor.decode(self.task.predict(output, batch))

    def source(self) -> str | None:
        """Python that builds the bare network from torch.nn alone, where the architecture can tell it."""
        return plain_source(self.arch, self.activation, self.spec)

    def evaluate(self, folder: RunFolder, split: Split | None = None, data: str | None = None) -> Measured:
        """Measures the model on a split of the data that its run names (test), or on other data. Raises UserError."""
        spec, judged = self._rows(folder, split, data)
        return measured_rows(self, spec, judged)

    def report(
        self, folder: RunFolder, split: Split | None = None, data: str | None = None, mistakes: int = 20
    ) -> Report:
        """The same in full: scores, calibration, errors, the worst mistakes. Raises UserError."""
        spec, judged = self._rows(folder, split, data)
        return report_rows(self, spec, judged, folder.name, mistakes)

    def _rows(self, folder: RunFolder, split: Split | None, data: str | None) -> tuple[RunSpec, Judged]:
        spec = resolve_said(read_toml(folder.run_toml), registry()).spec
        if data is None:
            return spec, own_rows(folder, spec, split or "test")
        judged = other_rows(folder, spec, data, split, self.spec.target)
        try:
            self.preprocessor.encode(judged.raw(slice(0, 2)))
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise UserError(
                f"{data} has not the form of the data that {folder.name} was trained on: {error}",
                advice="nntui data shows what it is taken for",
            ) from None
        return spec, judged
