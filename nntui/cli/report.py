"""What is said before a run trains and when it has ended: the plan, the metrics, the model, what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nntui.cli.figures import duration, label, metric
from nntui.cli.output import clean
from nntui.runs.events import Failed, Finished, LayerPlan, Planned

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder

_LAYERS = 40
"""Lines of layers; what is more is summed up."""

_INPUTS = {
    "image": "picture.png",
    "audio": "sound.wav",
    "text": "'some text'",
    "table": "rows.csv",
    "series": "series.csv",
    "points": "0.5,-0.3",
}
"""What a person gives to `nntui predict`, by the data's modality."""


def plan_lines(plan: Planned) -> list[str]:
    """The network layer by layer, the rows of each split, and what was chosen and why. Not cleaned."""
    lines = list(_layers(plan.layers))
    rows = ", ".join(f"{count:,} {split}" for split, count in plan.splits.items() if count)
    lines.append(f"{plan.parameters:,} parameters; rows: {rows}")
    steps = f"{plan.epochs} epoch{'s' if plan.epochs != 1 else ''} of {plan.steps_per_epoch:,} steps"
    if plan.metric:
        steps += (
            f"; the best checkpoint is the one with the {'highest' if plan.maximize else 'lowest'} {label(plan.metric)}"
        )
    lines.append(steps)
    lines += [f"{choice.what}: {choice.value} ({choice.why})" for choice in plan.chosen]
    return lines


def _layers(layers: Sequence[LayerPlan]) -> Iterator[str]:
    if not layers:
        return
    shown = layers if len(layers) <= _LAYERS else layers[: _LAYERS - 1]
    rows = [
        (layer.name, layer.kind, shape(layer.out), f"{layer.parameters:,}" if layer.parameters else "-")
        for layer in shown
    ]
    rows.insert(0, ("layer", "kind", "out", "params"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, kind, out, count in rows:
        yield f"{name:<{widths[0]}}  {kind:<{widths[1]}}  {out:<{widths[2]}}  {count:>{widths[3]}}"
    rest = layers[len(shown) :]
    if rest:
        yield f"... and {len(rest)} more layers with {sum(layer.parameters for layer in rest):,} parameters"


def shape(out: Sequence[int]) -> str:
    """32x28x28; ? where an axis varies."""
    return "x".join("?" if size < 0 else str(size) for size in out) or "1"


def ending(folder: RunFolder, event: Finished | Failed) -> str:
    """The last words about a run, cleaned; several lines."""
    lines = list(_failed(folder, event) if isinstance(event, Failed) else _finished(folder, event))
    return "\n".join(clean(line) for line in lines)


def _finished(folder: RunFolder, event: Finished) -> Iterator[str]:
    reason = f": {event.reason}" if event.reason else ""
    yield f"{folder.name} is {event.status} after {duration(event.seconds)} and {event.step:,} steps{reason}"
    width = max((len(label(name)) for name in event.metrics), default=0)
    for name, value in event.metrics.items():
        yield f"  {label(name):<{width}}  {metric(name, value).removeprefix(label(name)).strip()}"
    name = _reachable(folder)
    if (folder.model / "model.safetensors").exists():
        yield f"model    {folder.model}"
        yield f"predict  nntui predict {name} {_INPUTS.get(_modality(folder), 'INPUT')}"
    if event.status == "stopped":
        yield f"go on    nntui train --resume {name}"


def _failed(folder: RunFolder, event: Failed) -> Iterator[str]:
    what = "was interrupted" if event.kind == "interrupted" else "failed"
    yield f"{folder.name} {what} at step {event.step:,}: {event.message}"
    for line in event.advice.splitlines():
        yield f"  {line}"
    if event.kind in ("internal", "plugin") and folder.log.exists():
        yield f"log      {folder.log}"
    if event.kind != "interrupted" and not _has_checkpoint(folder):
        return
    yield f"go on    nntui train --resume {_reachable(folder)}"


def _has_checkpoint(folder: RunFolder) -> bool:
    try:
        return any(folder.checkpoints.glob("step-*"))
    except OSError:
        return False


def _reachable(folder: RunFolder) -> str:
    """What a command calls the run: its name where the command looks for runs, else its path."""
    from shlex import quote

    from nntui.runs.folder import runs_root

    try:
        if runs_root(None).resolve() == folder.path.resolve().parent:
            return quote(folder.name)
    except OSError:
        pass  # a folder that cannot be looked at: its path says where it is
    return quote(str(folder.path))


def _modality(folder: RunFolder) -> str:
    """The modality of the data, from what the model carries; "" where that cannot be read."""
    try:
        stored = json.loads((folder.model / "config.json").read_text(encoding="utf-8"))
        return str(stored["io"]["modality"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
