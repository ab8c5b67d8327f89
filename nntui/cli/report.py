"""What is said before a run trains and when it has ended: the plan, the metrics, the model, what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nntui.cli.output import clean
from nntui.runs.events import Failed, Finished
from nntui.runs.figures import duration, figure, label
from nntui.runs.shell import example_input, near, program, reachable

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder
    from nntui.spec.model import RunSpec


def beginning(folder: RunFolder, spec: RunSpec) -> str:
    """The first line about a run: what it is called, what trains on what, where it is kept. Cleaned."""
    data = str(spec.data_settings.path or spec.data.name)
    return clean(f"{folder.name}: {spec.arch.name} on {data}, kept in {near(folder.path)}")


def ending(folder: RunFolder, event: Finished | Failed) -> str:
    """The last words about a run, cleaned; several lines."""
    lines = list(_failed(folder, event) if isinstance(event, Failed) else _finished(folder, event))
    return "\n".join(clean(line) for line in lines)


def _finished(folder: RunFolder, event: Finished) -> Iterator[str]:
    reason = f": {event.reason}" if event.reason else ""
    reason = reason.replace("by SIGINT", "by Ctrl-C (SIGINT)")
    yield ""
    yield f"{folder.name} is {event.status} after {duration(event.seconds)} and {event.step:,} steps{reason}"
    if event.split:
        whose = "" if event.best_step is None else f", with the weights of step {event.best_step:,}"
        yield f"on {event.split}{whose}:"
    yield from _measured(event)
    name = reachable(folder)
    if (folder.model / "model.safetensors").exists():
        yield f"model    {near(folder.model)}"
        yield f"predict  {program()} predict {name} {example_input(folder)}"
    if event.status == "stopped":
        yield f"go on    {program()} train --resume {name}"


def _measured(event: Finished) -> Iterator[str]:
    """A line for each metric; what rules without learning reach beside it, in columns of their own."""
    columns = {"": event.metrics, **event.baselines}
    named = {label(name): [figure(name, values.get(name)) for values in columns.values()] for name in event.metrics}
    if event.baselines:
        named = {"": ["network", *event.baselines], **named}
    wide = max(map(len, named), default=0)
    long = [max(map(len, column)) for column in zip(*named.values(), strict=True)]
    for name, values in named.items():
        figures = [f"{value:>{size}}" for value, size in zip(values, long, strict=True)]
        yield "  ".join(["", f"{name:<{wide}}", *figures])


def _failed(folder: RunFolder, event: Failed) -> Iterator[str]:
    what = "was interrupted" if event.kind == "interrupted" else "failed"
    yield ""
    yield f"{folder.name} {what} at step {event.step:,}: {event.message}"
    for line in event.advice.splitlines():
        yield f"  {line}"
    if event.kind in ("internal", "plugin") and folder.log.exists():
        yield f"log      {near(folder.log)}"
    if event.kind != "interrupted" and not _has_checkpoint(folder):
        return
    yield f"go on    {program()} train --resume {reachable(folder)}"


def _has_checkpoint(folder: RunFolder) -> bool:
    try:
        return any(folder.checkpoints.glob("step-*"))
    except OSError:
        return False
