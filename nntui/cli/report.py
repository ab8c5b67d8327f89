"""What is said before a run trains and when it has ended: the plan, the metrics, the model, what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING

from nntui.cli.output import clean
from nntui.runs.events import Failed, Finished
from nntui.runs.figures import duration, figure, label

if TYPE_CHECKING:
    from pathlib import Path

    from nntui.runs.folder import RunFolder
    from nntui.spec.model import RunSpec

_INPUTS = {
    "image": "PICTURE.png",
    "audio": "SOUND.wav",
    "text": "'some text'",
    "table": "ROWS.csv",
    "series": "DAYS.csv",
    "points": "0.5,-0.3",
}
"""What a person gives to `nntui predict`, by the data's modality."""

_TYPED = 160
"""Characters of an example that a person might still type."""


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


def near(path: Path) -> str:
    """A path as a person would type it: relative where it lies below the current folder."""
    from pathlib import Path

    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, or a folder that is gone
        return str(path)


def program() -> str:
    """What a person types for nntui: its name, or where it is while a virtual environment is not on their path."""
    import sys
    from pathlib import Path
    from shutil import which

    own = Path(sys.executable).with_name("nntui")
    return "nntui" if which("nntui") or not own.exists() else quote(near(own))


def reachable(folder: RunFolder) -> str:
    """What a command calls the run: its name where the command looks for runs, else its path."""
    from nntui.runs.folder import runs_root

    try:
        if runs_root(None).resolve() == folder.path.resolve().parent:
            return quote(folder.name)
    except OSError:
        pass  # a folder that cannot be looked at: its path says where it is
    return quote(near(folder.path))


def example_input(folder: RunFolder) -> str:
    """What to give to `nntui predict`, quoted: one of the run's own examples where it can be typed."""
    try:
        first = json.loads((folder.examples / "index.json").read_text(encoding="utf-8"))["examples"][0]
        typed = near(folder.examples / first["file"]) if "file" in first else _typed(first["content"])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        typed = ""
    return quote(typed) if typed else _INPUTS.get(_modality(folder), "INPUT")


def _typed(content: object) -> str:
    """An example as a person would type it; "" for what nobody would."""
    text = ""
    if isinstance(content, str):
        text = " ".join(content.split())[:40]
    elif isinstance(content, dict) and all(isinstance(value, str | int | float | None) for value in content.values()):
        text = ",".join(f"{name}={'' if value is None else value}" for name, value in content.items())
        if text.count(",") != len(content) - 1:
            text = ""  # a value with a comma of its own
    return text if len(text) <= _TYPED else ""


def _modality(folder: RunFolder) -> str:
    """The modality of the data, from what the model carries; "" where that cannot be read."""
    try:
        stored = json.loads((folder.model / "config.json").read_text(encoding="utf-8"))
        return str(stored["io"]["modality"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
