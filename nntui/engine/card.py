"""The model card: what the model is, how it was made, how good it is, and the lines that load it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nntui._version import __version__
from nntui.engine.building import report_of
from nntui.engine.card_data import about_data, about_limits
from nntui.engine.card_results import about_results, cell
from nntui.engine.examples import choose_rows
from nntui.hooks.targets import resolve_target
from nntui.runs.cleaning import clean

if TYPE_CHECKING:
    from nntui.engine.meters import Measured
    from nntui.engine.training import Training
    from nntui.hooks.contributions import Activation, Architecture
    from nntui.hooks.data import DataSpec, InputSpec, TargetSpec
    from nntui.runs.folder import RunFolder
    from nntui.spec.model import Chosen

MOST_NUMBERS = 16
"""Longest list of means or deviations that is written out in the card."""


def model_card(folder: RunFolder, training: Training, measured: Measured, split: str) -> str:
    """README.md of model/, with the front matter that Hugging Face reads."""
    spec = training.spec
    best = training.best
    parameters = sum(p.numel() for p in training.model.parameters())
    sections = [
        "---",
        "library_name: nntui",
        "tags: [pytorch, safetensors, nntui]",
        "---",
        "",
        f"# {folder.name}: {spec.arch.name} on {spec.data.name}",
        "",
        f"{spec.arch.contribution.summary}. {parameters:,} parameters, activation {spec.activation.name}. "
        f"Trained with nntui {__version__}.",
        "",
        *about_results(measured, split, training.data.spec.target),
        "",
        *_chosen_by(training, best.step if best else training.step),
        "",
        *about_data(training, report_of(training.data.source)),
        "",
        "## Settings",
        "",
        *_settings(training),
        "",
        "## Limits",
        "",
        *about_limits(training, measured, split, report_of(training.data.source)),
        "",
        "## Loading it",
        "",
        "In this folder:",
        "",
        "```python",
        *_loading(typed_input(training)),
        "```",
        "",
        *_plain(training),
    ]
    return clean("\n".join(sections).rstrip(), lines=True) + "\n"


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


_PICTURE = "../examples/example-0.png"
"""The run's own, written when it is planned."""
_TYPED = {"text": "a text", "points": "0.5,-0.3"}


def typed_input(training: Training) -> str:
    """An input as a person would type it; "" where nothing but a file of theirs is taken.

    A row of a person's own data is never shown: cards are published.
    """
    data = training.data
    example = data.preprocessor.example(data.source.rows(choose_rows(data)[:1]), 0)
    if example.kind == "image" and data.spec.modality == "image":
        return _PICTURE
    try:
        if training.spec.data_settings.path is None:
            content = example.content
            typed = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        elif hasattr(data.preprocessor, "typical"):
            typed = str(data.preprocessor.typical())
        else:
            typed = _TYPED.get(data.spec.modality, "")
        if typed:
            data.preprocessor.read([typed])
        return typed
    except Exception:  # noqa: BLE001 - it takes files alone; and a plugin's fault must not cost the result
        return ""


def _loading(typed: str) -> list[str]:
    """The lines that load a model and ask it: of files named behind the script, where it takes nothing else."""
    if typed:
        return ["import nntui", "", 'model = nntui.load(".")', f"print(model.predict([{typed!r}]))"]
    return ["import sys", "", "import nntui", "", 'model = nntui.load(".")', "print(model.predict(sys.argv[1:]))"]


def _plain(training: Training) -> list[str]:
    spec = training.spec
    source = plain_source(spec.arch, spec.activation, training.data.spec)
    if source is None:
        return []
    data = training.data.spec
    takes = "; ".join(input_in_words(i) for i in data.inputs)
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
        f"It gives {output_in_words(data.target)}.",
        "",
    ]


def output_in_words(target: TargetSpec) -> str:
    names = (
        ", ".join(map(cell, target.names))
        if len(target.names) <= MOST_NUMBERS
        else "named in config.json, in that order"
    )
    if target.kind == "next-token":
        return f"logits of the next token after each, batch x length x {target.size}; the tokens are {names}"
    if target.kind != "values":
        return f"logits, batch x {target.size}, of: {names}"
    offset = f", plus `{target.offset}`" if target.offset else ""
    if not target.mean and not target.std:
        return f"values, batch x {target.size}{offset}: {names}"
    own = f"y * {list(target.std)} + {list(target.mean)}{offset}"
    return (
        f"standardised values, batch x {target.size}: {names}. In their own unit they are "
        f"{f'exp({own})' if target.log else own}"
    )


def input_in_words(item: InputSpec) -> str:
    text = f"`{item.name}`: {_normalising(item)}"
    return text if item.lengths is None else f"{text}; `{item.lengths}`: its true lengths, int64"


def _normalising(item: InputSpec) -> str:
    shape = " x ".join("any length" if n is None else str(n) for n in item.shape)
    what = f"{item.kind} of shape batch x {shape}"
    if not item.mean and not item.std:
        return what
    if max(len(item.mean), len(item.std)) > MOST_NUMBERS:
        return f"{what}, normalised by the mean and std in config.json"
    return f"{what}, after (x - {list(item.mean)}) / {list(item.std)}"


def plain_source(arch: Chosen[Architecture], chosen: Chosen[Activation], data: DataSpec) -> str | None:
    """Python that builds the network from torch.nn alone, where the architecture can tell it."""
    target = arch.contribution.source
    if target is None:
        return None
    activation = activation_source(chosen)
    if activation is None:
        return None
    expression, definition = activation
    source: str = resolve_target(target)(arch.params, data, expression)
    return f"{definition}\n\n{source}" if definition else source


def activation_source(chosen: Chosen[Activation]) -> tuple[str, str] | None:
    """An expression that makes the activation, and what must be defined before it; None where it cannot be told."""
    module = resolve_target(chosen.contribution.build)(chosen.params)
    expression = repr(module)
    if "\n" in expression:
        return None
    if type(module).__module__.startswith("torch.nn."):
        return f"nn.{expression}", ""
    if chosen.contribution.source is None:
        return None
    return expression, chosen.contribution.source
