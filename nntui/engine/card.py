"""The model card: what the model is, how it was made, how good it is, and the lines that load it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui._version import __version__
from nntui.hooks.targets import resolve_target

if TYPE_CHECKING:
    from nntui.engine.training import Training
    from nntui.hooks.data import InputSpec
    from nntui.runs.folder import RunFolder

MOST_NUMBERS = 16
"""Longest list of means or deviations that is written out in the card."""


def model_card(folder: RunFolder, training: Training, metrics: dict[str, float], split: str) -> str:
    """README.md of model/, with the front matter that Hugging Face reads."""
    spec, data = training.spec, training.data
    best = training.best
    parameters = sum(p.numel() for p in training.model.parameters())
    splits = ", ".join(f"{len(rows):,} {name}" for name, rows in data.splits.items())
    sections = [
        "---",
        "library_name: nntui",
        "tags: [pytorch, safetensors, nntui]",
        "---",
        "",
        f"# {folder.name}: {spec.arch.name} on {spec.data.name}",
        "",
        f"{spec.arch.contribution.summary} {parameters:,} parameters, activation {spec.activation.name}. "
        f"Trained with nntui {__version__}.",
        "",
        f"## Results on {split}",
        "",
        "| metric | value |",
        "| --- | --- |",
        *(f"| {name} | {value:.6g} |" for name, value in metrics.items()),
        "",
        *_chosen_by(training, best.step if best else training.step),
        "",
        "## Data",
        "",
        f"{spec.data.contribution.summary} {splits} rows.",
        "",
        f"- fingerprint of the data: `{data.fingerprint}`",
        f"- hash of the training rows: `{data.rows_hash}` (split seed {spec.data_settings.split_seed})",
        *([f"- source: {spec.data.contribution.source}"] if spec.data.contribution.source else []),
        *([f"- licence: {spec.data.contribution.licence}"] if spec.data.contribution.licence else []),
        "",
        "## Settings",
        "",
        *_settings(training),
        "",
        "## Limits",
        "",
        "It was measured on rows held out of the same data; on data from elsewhere it may be worse, and nothing here "
        "measures how much.",
        "",
        "## Loading it",
        "",
        "```python",
        "import nntui",
        "",
        f'model = nntui.load("{folder.path}")  # the run\'s folder, or this one',
        'print(model.predict(["..."]))  # what it takes: nntui predict --help',
        "```",
        "",
        *_plain(training),
    ]
    return "\n".join(sections).rstrip() + "\n"


def _chosen_by(training: Training, step: int) -> list[str]:
    if training.validation is None:
        return [f"These are the weights of the last step, {step}: no rows were kept for validation."]
    more = "highest" if training.task.maximize else "lowest"
    return [f"The weights are those of step {step}, with the {more} {training.task.metric} on validation."]


def _settings(training: Training) -> list[str]:
    spec = training.spec
    tables = [
        ("arch", spec.arch.name, spec.arch.params),
        ("activation", spec.activation.name, spec.activation.params),
        ("optimizer", spec.optimizer.name, spec.optimizer.params),
        ("schedule", spec.schedule.name, spec.schedule.params),
    ]
    lines = [
        f"- {table}: {name} ({', '.join(f'{k} {v}' for k, v in params.model_dump(mode='json').items())})"
        if params.model_dump()
        else f"- {table}: {name}"
        for table, name, params in tables
    ]
    t = spec.training
    lines.append(
        f"- {training.epochs} epochs of batches of {t.batch_size}, seed {t.seed}, {training.hardware.precision}"
    )
    return lines


def _plain(training: Training) -> list[str]:
    source = plain_source(training)
    if source is None:
        return []
    data = training.data.spec
    takes = "; ".join(f"`{i.name}`: {_normalising(i)}" for i in data.inputs)
    return [
        "Without nntui, from plain torch.nn:",
        "",
        "```python",
        *source.strip().splitlines(),
        "",
        "from safetensors.torch import load_file",
        "",
        'model.load_state_dict(load_file("model.safetensors"))',
        "model.eval()",
        "```",
        "",
        f"It takes {takes}. preprocessing.json says how raw data becomes these numbers.",
        "",
    ]


def _normalising(item: InputSpec) -> str:
    shape = " x ".join("any length" if n is None else str(n) for n in item.shape)
    what = f"{item.kind} of shape batch x {shape}"
    if not item.mean and not item.std:
        return what
    if max(len(item.mean), len(item.std)) > MOST_NUMBERS:
        return f"{what}, normalised by the mean and std in config.json"
    return f"{what}, after (x - {list(item.mean)}) / {list(item.std)}"


def plain_source(training: Training) -> str | None:
    """Python that builds the network from torch.nn alone, where the architecture can tell it."""
    spec = training.spec
    target = spec.arch.contribution.source
    if target is None:
        return None
    activation = activation_source(training)
    if activation is None:
        return None
    expression, definition = activation
    source: str = resolve_target(target)(spec.arch.params, training.data.spec, expression)
    return f"{definition}\n\n{source}" if definition else source


def activation_source(training: Training) -> tuple[str, str] | None:
    """An expression that makes the activation, and what must be defined before it; None where it cannot be told."""
    chosen = training.spec.activation
    module = resolve_target(chosen.contribution.build)(chosen.params)
    expression = repr(module)
    if "\n" in expression:
        return None
    if type(module).__module__.startswith("torch.nn."):
        return f"nn.{expression}", ""
    if chosen.contribution.source is None:
        return None
    return expression, chosen.contribution.source
