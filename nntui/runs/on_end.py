"""A person's own command, run when a run ends. It comes from their settings: a run folder names no code."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nntui.runs.complaints import complain
from nntui.runs.events import Failed, Finished

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder

PATIENCE = 30.0
"""Seconds that are waited for the command, to tell how it failed; it may take longer by itself."""


def run_on_end(
    command: Sequence[str], folder: RunFolder, event: Finished | Failed, *, patience: float = PATIENCE
) -> None:
    """Runs `command` once for a run that has ended with `event`; does nothing where there is no command.

    In a session of its own, without input, its output in the run's log.txt. Whatever goes wrong is told there and
    nowhere else: never raises.
    """
    if not command:
        return
    try:
        with folder.log.open("ab") as log:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment(folder, event)},
                start_new_session=True,
            )
    except (OSError, ValueError) as error:  # ValueError: a null byte in a word
        _log(folder, f"on_end: {' '.join(command)} cannot be run: {getattr(error, 'strerror', None) or error}")
        return
    try:
        code = process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        process.returncode = 0  # it goes on by itself: nobody waits for it any more
        _log(folder, f"on_end: {command[0]} still runs after {patience:g} s, and is left to itself")
        return
    if code:
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        _log(folder, f"on_end: {command[0]} ended with {how}")


def environment(folder: RunFolder, event: Finished | Failed) -> dict[str, str]:
    """What the command is told, as environment variables; "" for what there is none of.

    NNTUI_RUN the folder, NNTUI_NAME the run, NNTUI_STATUS done | stopped | interrupted | failed, NNTUI_MESSAGE why,
    NNTUI_STEP, NNTUI_SECONDS of training, NNTUI_METRIC the name of the metric and NNTUI_VALUE its value on
    NNTUI_SPLIT.
    """
    told = {
        "NNTUI_RUN": str(folder.path.absolute()),
        "NNTUI_NAME": folder.name,
        "NNTUI_STATUS": status(event),
        "NNTUI_STEP": str(event.step),
        "NNTUI_MESSAGE": event.message if isinstance(event, Failed) else event.reason,
        "NNTUI_SECONDS": "",
        "NNTUI_METRIC": "",
        "NNTUI_VALUE": "",
        "NNTUI_SPLIT": "",
    }
    if isinstance(event, Finished):
        metric = _metric(folder, event.metrics)
        value = event.metrics.get(metric)
        told |= {
            "NNTUI_SECONDS": f"{event.seconds:g}",
            "NNTUI_METRIC": metric,
            "NNTUI_VALUE": "" if value is None else f"{value:g}",
            "NNTUI_SPLIT": event.split,
        }
    return {name: value.replace("\0", "") for name, value in told.items()}


def status(event: Finished | Failed) -> str:
    """done | stopped | interrupted | failed"""
    if isinstance(event, Failed):
        return "interrupted" if event.kind == "interrupted" else "failed"
    return event.status


def _metric(folder: RunFolder, metrics: Mapping[str, float | None]) -> str:
    """The run's primary metric, as the engine resolved it."""
    try:
        with folder.run_toml.open("rb") as file:
            name = tomllib.load(file).get("resolved", {}).get("metric", "")
    except (OSError, ValueError):
        name = ""
    return str(name) if name in metrics else next(iter(metrics), "")


def _log(folder: RunFolder, line: str) -> None:
    try:
        with folder.log.open("a", encoding="utf-8", errors="replace") as log:
            log.write(f"{line}\n")
    except OSError as error:
        complain(f"{line} ({folder.log}: {error.strerror or error})")
