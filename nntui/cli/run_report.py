"""What `nntui runs show` says of one run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING, Any

from nntui.cli.runs import epoch_text, loss_text, status_text, to_json
from nntui.runs.figures import duration, metric, metrics, number, rate, size
from nntui.runs.lines import layer_lines
from nntui.runs.shell import example_input, near, program, reachable

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder
    from nntui.runs.state import CommandState, RunState
    from nntui.runs.summary import Row

_WARNINGS = 5
_COMMANDS = 10


def report(row: Row, state: RunState, *, now: float) -> Iterator[str]:
    """Lines for a person. `now`: seconds since the epoch."""
    folder, v = row.folder, row.summary.vitals
    yield f"{folder.name}  {status_text(row)}"
    facts = {
        "folder": str(folder.path),
        "data": row.summary.data,
        "network": row.summary.arch + (f", {v.parameters:,} parameters" if v.parameters else ""),
        "begun": _when(v.begun, now) if v.begun else "",
        "trained": f"{duration(v.seconds)} in {len(state.sessions)} process{'es' if len(state.sessions) != 1 else ''}"
        if state.sessions
        else "",
        "epoch": f"{epoch_text(row)}, step {v.step:,}" if v.epochs else "",
        "left": _left(row, state),
        "loss": loss_text(row),
        "lr": rate(v.lr) if v.lr is not None else "",
        "best": _best(state),
        (v.finished.split or "test") if v.finished else "": metrics(v.finished.metrics, v.metric) if v.finished else "",
        "beside": _beside(state),
        "ended": v.finished.reason if v.finished else "",
        "model": near(folder.model) if folder.model.is_dir() else "",
    }
    for name, value in facts.items():
        if value:
            yield f"  {name:<11}{value}"
    yield from _failure(state)
    yield from _layers(state)
    yield from _checkpoints(folder)
    yield from _commands(state)
    yield from _warnings(state)
    yield from _next(row)


def _left(row: Row, state: RunState) -> str:
    left = state.seconds_left() if row.status == "training" else None
    return "" if left is None else f"about {duration(left)}"


def _best(state: RunState) -> str:
    best = state.best
    if best is None or best.value is None:
        return ""
    return f"{metric(state.vitals.metric, best.value)} at step {best.step:,} (epoch {best.epoch:.4g})"


def _beside(state: RunState) -> str:
    """What rules without learning reach on the rows of the result."""
    v = state.vitals
    found = v.finished.baselines if v.finished else {}
    return "  ".join(f"{name} {metric(v.metric, values.get(v.metric))}" for name, values in found.items())


def _failure(state: RunState) -> Iterator[str]:
    failed = state.vitals.failed
    if failed is None:
        return
    yield ""
    yield f"  failed at step {failed.step} ({failed.kind}): {failed.message}"
    if failed.advice:
        yield f"    {failed.advice}"


def _layers(state: RunState) -> Iterator[str]:
    if state.plan is None or not state.plan.layers:
        return
    yield ""
    for line in layer_lines(state.plan.layers):
        yield f"  {line}"


def _checkpoints(folder: RunFolder) -> Iterator[str]:
    from nntui.runs.checkpoints import list_checkpoints, pointer

    found = list_checkpoints(folder)
    if not found:
        return
    pointed = {"last": pointer(folder, "last"), "best": pointer(folder, "best")}
    yield ""
    yield "  checkpoints"
    for info in found:
        marks = [which for which, path in pointed.items() if path == info.path]
        marks += [] if info.readable else ["damaged"]
        yield f"    step {info.step:<10} {size(info.bytes):>9}  {', '.join(marks)}".rstrip()


def _commands(state: RunState) -> Iterator[str]:
    if not state.commands:
        return
    yield ""
    yield "  commands"
    for command in list(state.commands.values())[-_COMMANDS:]:
        yield f"    {command_text(command)}"


def command_text(command: CommandState) -> str:
    """A command and what became of it."""
    wanted = "" if command.wanted is None else f" {command.wanted:g}"
    what = f"lr x{wanted.strip()}" if command.kind == "lr-scale" else f"{command.kind}{wanted}"
    text = f"{what} by {command.by}: "
    if command.result == "asked":
        return text + "asked, not yet applied"
    text += command.result
    if command.result == "applied":
        text += f" at step {command.step}" + ("" if command.value is None else f", now {number(command.value)}")
    return text + (f": {command.why}" if command.why else "")


def _warnings(state: RunState) -> Iterator[str]:
    if not state.warnings:
        return
    yield ""
    yield f"  warnings ({state.vitals.warnings})"
    for warning in state.warnings[-_WARNINGS:]:
        yield f"    {warning.message}"


def _next(row: Row) -> Iterator[str]:
    """What can be done with it now."""
    name = reachable(row.folder)
    advice = {
        "training": f"nntui ctl {name} pause",
        "paused": f"nntui ctl {name} resume",
        "done": f"nntui predict {name} {example_input(row.folder)}",
        "stopped": f"nntui train --resume {name}",
        "failed": f"nntui train --resume {name}",
        "lost": f"nntui train --resume {name}",
        "unknown": f"nntui train --resume {name} --force, once it is certain that nothing trains it",
    }.get(row.status)
    if row.status == "failed" and not row.summary.vitals.step:  # its settings stay as they are on a resume
        advice = f"nntui train {quote(near(row.folder.run_toml))} --SETTING VALUE, or as it is: {advice}"
    if advice:
        yield ""
        yield f"  {advice.replace('nntui', program(), 1)}"


def _when(moment: float, now: float) -> str:
    try:
        text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
    except (ValueError, OverflowError, OSError):
        return "?"  # a time that no calendar has
    ago = now - moment
    return f"{text}, {duration(ago)} ago" if 0 <= ago < 86400 else text


def as_plain_state(folder: RunFolder, state: RunState) -> dict[str, Any]:  # JSON
    """What `--json` says beyond a line of the list."""
    from nntui.runs.checkpoints import list_checkpoints

    plain: dict[str, Any] = to_json(
        {
            "plan": state.plan,
            "evaluations": state.evaluations,
            "commands": list(state.commands.values()),
            "pauses": state.pauses,
            "sessions": state.sessions,
        }
    )
    return {
        **plain,
        "checkpoints": [{"step": i.step, "path": str(i.path), "bytes": i.bytes} for i in list_checkpoints(folder)],
        "messages": [warning.message for warning in state.warnings],
        "model": str(folder.model) if folder.model.is_dir() else None,
    }
