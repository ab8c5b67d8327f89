"""Writes a trained model in a format of an exporter's, and holds what was written against the model itself."""

from __future__ import annotations

import copy
import secrets
import shutil
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nntui.engine.assembly import lengths_of, plain_feed
from nntui.engine.building import ContributionFailed, call, open_source
from nntui.engine.evaluation import outputs
from nntui.engine.export_notes import document, facts_beside
from nntui.engine.feed import ResidentStore
from nntui.engine.meters import evened
from nntui.engine.snapshot import put_weights, weights_of
from nntui.engine.split import split_rows
from nntui.engine.whole import LENGTH, fitted, inputs_of, made_up, output_of, whole
from nntui.hooks.contributions import Exporter
from nntui.hooks.errors import UserError
from nntui.hooks.exporting import Exportable, Exported
from nntui.hooks.registry import registry
from nntui.runs.durable import fsync_folder, write_new
from nntui.spec.model import Chosen
from nntui.spec.resolve import resolve_said
from nntui.spec.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from nntui.engine.inference import Model
    from nntui.hooks.data import DataSpec, Raw, Split
    from nntui.hooks.exporting import Array, Runner
    from nntui.runs.folder import RunFolder

CPU = torch.device("cpu")
CHECKED = 64
"""Rows that an export is checked on."""
TOLERANCE = 1e-4
"""Largest difference that is rounding: of probabilities, or of values in standard deviations of the target."""


class Disagrees(UserError):
    """What was written does not answer as the model does; nothing was kept."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """An export that was kept."""

    path: Path
    files: tuple[Path, ...]
    """All that was written, `path` first."""
    difference: float
    """The largest from the model's answers, in `unit`."""
    unit: str
    rows: int
    checked_on: str
    """What the rows were: "test rows"."""
    seconds: float


def choose(name: str, params: Mapping[str, Any]) -> Chosen[Exporter]:
    """The exporter of this name with these settings, checked. Raises UserError."""
    from nntui.hooks.names import nearest
    from nntui.spec.errors import SpecError, SpecErrors
    from nntui.spec.validate import did_you_mean, validated

    loaded = registry().load(Exporter.kind, name)
    contribution = loaded.contribution
    assert isinstance(contribution, Exporter)  # the registry files each kind apart
    lacking = {needs for module, needs in contribution.requires.items() if find_spec(module) is None}
    if lacking:
        missing = ", ".join(module for module in contribution.requires if find_spec(module) is None)
        raise UserError(
            f"exporting to {contribution.name} needs {missing}, not installed here",
            advice=f"pip install {' '.join(repr(needs) if '[' in needs else needs for needs in sorted(lacking))}",
        )
    errors: list[SpecError] = []
    fields = contribution.params.model_fields

    def report(key: str, message: str, suggestion: str) -> None:
        if key and key not in fields:
            known = ", ".join(fields) or "none"
            suggestion = did_you_mean(nearest(key, fields)) or f"The settings of {contribution.name}: {known}."
        errors.append(SpecError(f"--{key.replace('_', '-')}" if key else name, message, suggestion))

    made = validated(contribution.params, params, report)
    if made is None:
        raise SpecErrors(errors)
    entry = loaded.entry
    return Chosen(
        contribution=contribution,
        params=made,
        qualified=entry.qualified,
        distribution=entry.distribution,
        version=entry.version,
    )


def export(
    model: Model, run: RunFolder | None, exporter: Chosen[Exporter], path: Path, *, force: bool = False
) -> Written:
    """Writes the model to `path` and what describes it beside it, all or nothing.

    Raises UserError (Disagrees where the answers differ), ContributionFailed for a fault of the exporter's.
    """
    began = time.monotonic()
    _free(path, force)
    rows, checked_on = _rows(model, run)
    rows = _of_many_lengths(fitted(rows, model.spec), model.spec)
    expected = _answers(model, rows)
    exportable = _exportable(model, run, rows)
    new = path.with_name(f".tmp-export-{secrets.token_hex(4)}")
    try:
        new.mkdir()
        target = new / path.name
        made = call(exporter, exporter.contribution.build, "exporting", exporter.params, exportable, target)
        if not isinstance(made, Exported) or not target.is_file():
            wrong = TypeError(f"expected an nntui.Exported and a file {path.name}, got {type(made).__name__}")
            raise ContributionFailed(exporter.qualified, "exporting", wrong)
        difference, unit = compare(model.spec, expected, _run(exporter, made.run, rows, model.spec))
        if not difference <= TOLERANCE:  # NaN too
            raise Disagrees(
                f"what was written for {exporter.name} differs from the model by {difference:.3g} {unit} on "
                f"{len(expected)} {checked_on}, more than {TOLERANCE:g}; nothing was kept",
                advice=f"this is a fault of the exporter {exporter.qualified}, or of the network's form for it",
            )
        told = Written(
            path=path,
            files=(),
            difference=difference,
            unit=unit,
            rows=len(expected),
            checked_on=checked_on,
            seconds=time.monotonic() - began,
        )
        facts = facts_beside(exportable, made, model)
        write_new(new / f"{path.name}.json", facts)
        write_new(new / f"{path.name}.md", document(exportable, made, exporter, model, told).encode())
        files = _put_in_place(new, path, force)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return Written(**{**vars(told), "files": files})


def _free(path: Path, force: bool) -> None:
    if path.is_dir():
        raise UserError(f"{path} is a folder", advice=f"name a file: --out {path / 'model.onnx'}")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent}", advice="make it, or give another --out")
    for file in (path, path.with_name(f"{path.name}.md"), path.with_name(f"{path.name}.json")):
        _not_there(file, force)


def _not_there(file: Path, force: bool) -> None:
    if file.exists() and not force:
        raise UserError(f"there is a file {file} already", advice="--force writes over it; --out names another")


def _put_in_place(new: Path, path: Path, force: bool) -> tuple[Path, ...]:
    """Moves what was written beside each other to where it belongs, the file itself last."""
    written = sorted(new.iterdir(), key=lambda file: (file.name == path.name, file.name))
    for file in written:
        _not_there(path.with_name(file.name), force)
    for file in written:
        file.replace(path.with_name(file.name))
    fsync_folder(path.parent)
    return tuple(path.with_name(file.name) for file in reversed(written))


def _exportable(model: Model, run: RunFolder | None, rows: Mapping[str, Tensor]) -> Exportable:
    form = model.arch.contribution.export_form
    network = copy.deepcopy(model.network)
    if form is not None:
        network = call(model.arch, form, "making its form for exporters", network)
    weights, ties = weights_of(model.network)
    own = whole(model.network, model.spec, model.task)

    def restore(read: Mapping[str, Tensor]) -> Runner:
        try:
            put_weights(own.network, dict(read), ties)
        except UserError as error:
            raise RuntimeError(error.message) from None
        return lambda given: _run_network(own, given)

    varies = any(None in item.shape for item in model.spec.inputs) or model.spec.target.kind == "next-token"
    longest = 0
    if varies:
        fixed = [size for item in model.spec.inputs for size in item.shape[:1] if size is not None]
        longest = max([rows[model.spec.inputs[0].name].shape[1], *fixed])
    return Exportable(
        name=run.name if run is not None else model.folder.parent.name,
        network=whole(network, model.spec, model.task),
        inputs=inputs_of(model.spec),
        output=output_of(model.spec),
        rows=_to_trace(rows, model.spec),
        longest=longest,
        data=model.spec,
        weights=weights,
        ties=ties,
        restore=restore,
        facts={"model": model.config, "preprocessing": model.preprocessing},
        source=model.source(),
    )


def _to_trace(batch: Mapping[str, Tensor], spec: DataSpec) -> dict[str, Tensor]:
    """Three of the rows: repeated where there are fewer, and filled up to two steps, for what is one is taken as
    always one."""
    traced: dict[str, Tensor] = {}
    time = {item.name for item in spec.inputs if item.kind in ("tokens", "sequence")}
    for name, tensor in batch.items():
        three = tensor[torch.arange(3) % len(tensor)]
        if name in time and three.shape[1] < 2:
            three = torch.cat([three, torch.zeros_like(three)], dim=1)
        traced[name] = three.contiguous()
    return traced


# what it is checked on


def _rows(model: Model, run: RunFolder | None) -> tuple[dict[str, Tensor], str]:
    """Encoded rows, and what they are: of the run's data, its examples where that is gone, else made-up ones."""
    if run is not None and run.run_toml.is_file():
        try:
            raw, what = _of_the_data(run)
            return model.preprocessor.encode(raw), what
        except (UserError, ContributionFailed, OSError):  # gone, changed, or its plugin is: there are other rows
            pass
        pictures = sorted(run.examples.glob("example-*.png"))
        typed = [str(path) for path in pictures] or _typed_examples(run)
        try:
            if typed:
                return model.preprocessor.encode(model.preprocessor.read(typed)), "examples of the run"
        except (ValueError, OSError, KeyError, TypeError):
            pass  # its examples are not what it reads: a curve, a sound
    return made_up(model.spec, 8), "made-up rows (the run's data is not there)"


def _typed_examples(run: RunFolder) -> list[str]:
    import json

    try:
        told = json.loads((run.examples / "index.json").read_text(encoding="utf-8"))["examples"]
        contents = [entry["content"] for entry in told]
        return [c if isinstance(c, str) else json.dumps(c, ensure_ascii=False) for c in contents]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _of_the_data(run: RunFolder) -> tuple[Raw, str]:
    spec = resolve_said(read_toml(run.run_toml), registry()).spec
    source = open_source(spec, fetch=False)
    if source.fingerprint != spec.resolved.get("data_fingerprint", source.fingerprint):
        raise UserError("the data has changed")
    splits = split_rows(source, spec.data_settings)
    order: tuple[Split, ...] = ("test", "validation", "train")
    name = next(name for name in order if len(splits[name]))
    index = splits[name]
    at = np.unique(np.linspace(0, len(index) - 1, min(CHECKED, len(index))).astype(np.int64))
    return source.rows(index[at]), f"{name} rows"


def _of_many_lengths(rows: dict[str, Tensor], spec: DataSpec) -> dict[str, Tensor]:
    """Windows of a text as prompts of different lengths, so that those are checked too."""
    if spec.target.kind == "next-token" and LENGTH in rows:
        steps, count = rows[spec.inputs[0].name].shape[1], len(rows[LENGTH])
        rows[LENGTH] = steps - torch.arange(count) * 7 % steps
        rows[LENGTH][0] = max(1, steps // 2)
    return rows


@torch.no_grad()
def _answers(model: Model, rows: Mapping[str, Tensor]) -> Array:
    """What `nntui predict` answers, before it is put in words: (N, K)."""
    feed = plain_feed(ResidentStore(dict(rows), lengths_of(model.spec), CPU), model.spec, CHECKED)
    told = [model.task.predict(output, batch) for output, batch in outputs(model.network, model.spec.arguments(), feed)]
    answers: Array = torch.cat(told).numpy()
    return answers


@torch.no_grad()
def _run_network(network: torch.nn.Module, given: Mapping[str, Array]) -> Array:
    answers: Array = network(*(torch.from_numpy(np.ascontiguousarray(x)) for x in given.values())).numpy()
    return answers


def _run(exporter: Chosen[Exporter], run: Runner, rows: Mapping[str, Tensor], spec: DataSpec) -> Array:
    """What was written answers: once for one row alone, without its padding, so that what is free is seen to be."""
    count = len(next(iter(rows.values())))
    parts = [(0, 1), (1, count)] if count > 1 else [(0, 1)]
    told: list[Array] = []
    for begin, end in parts:
        given = {name: tensor[begin:end] for name, tensor in rows.items()}
        if end == 1:
            given |= _without_padding(given, spec)
        arrays = {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in given.items()}
        told.append(call(exporter, run, "running what it wrote", arrays))
    return np.concatenate(told)


def _without_padding(row: Mapping[str, Tensor], spec: DataSpec) -> dict[str, Tensor]:
    """The inputs of one row whose length is free, cut to its own."""
    prompts = spec.target.kind == "next-token"
    lengths = {item.name: item.lengths or (LENGTH if prompts else None) for item in spec.inputs}
    free = {item.name for item in spec.inputs if item.shape[0] is None or prompts}
    return {
        name: row[name][:, : max(1, int(row[of].max()))]
        for name, of in lengths.items()
        if of is not None and name in free
    }


def compare(spec: DataSpec, expected: Array, told: Array) -> tuple[float, str]:
    """The largest difference, and what it is measured in. Infinite where the shapes differ."""
    one, other = np.asarray(expected, dtype=np.float64), np.asarray(told, dtype=np.float64)
    target = spec.target
    unit = "of a probability" if target.kind != "values" else "standard deviations of the target"
    if one.shape != other.shape:
        return float("inf"), unit
    if target.kind == "values":
        one, other = evened(one, target), evened(other, target)
        scale = np.asarray(target.std) if target.std else np.maximum(1.0, np.abs(one))
        return float(np.max(np.abs(one - other) / scale, initial=0.0)), unit
    return float(np.max(np.abs(one - other), initial=0.0)), unit
