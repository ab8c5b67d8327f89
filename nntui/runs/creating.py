"""New runs: afresh, forked from another's checkpoint, or a replay of another."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.hooks.errors import UserError
from nntui.runs import checkpoints
from nntui.runs.durable import write_atomic
from nntui.runs.events import Checkpointed, Commanded, Finished, Progress, Resumed
from nntui.runs.folder import RunFolder, create_run, remove_run
from nntui.runs.log import read_events
from nntui.spec.model import Origin
from nntui.spec.toml import to_toml

if TYPE_CHECKING:
    from nntui.spec.model import RunSpec

REPLAYED = frozenset({"lr", "lr-scale", "extend"})
"""Commands that alter the weights' future, and so are repeated in a replay."""

REPLAY = "replay"
"""Who asked, in the events of a replay, for what it repeats."""


def new_run(spec: RunSpec, root: Path, name: str | None) -> RunFolder:
    """A run folder with its run.toml, and, for a fork, the checkpoint that it goes on from.

    Raises UserError where it cannot be made, or where the checkpoint is gone.
    """
    return make_run(to_toml(spec), spec.origin, root, name)


def make_run(toml: str, origin: Origin | None, root: Path, name: str | None) -> RunFolder:
    """As `new_run`, of a spec that was written elsewhere (`spec.toml.to_toml`); `origin` is what its table says."""
    found = None
    if origin is not None and origin.step and not origin.weights_only:
        found = checkpoints.at(RunFolder(Path(origin.parent)), origin.step)
    folder = create_run(root, name)
    try:
        write_atomic(folder.run_toml, toml.encode())
        if found is not None:
            files = {path.name: path.read_bytes() for path in found.path.iterdir() if path.name != checkpoints.MANIFEST}
            checkpoints.write_checkpoint(folder, found.step, files)
    except OSError as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise UserError(
            f"{folder.name} cannot be made: {error.filename or folder.path}: {error.strerror or error}",
            advice="make room, or say another --runs DIR",
        ) from None
    return folder


def discard_untrained(folder: RunFolder) -> None:
    """Removes a run that a person's mistake kept from its first step; one that has trained is left as it is."""
    events, _ = read_events(folder.events)
    if not any(isinstance(event, Progress | Checkpointed | Finished) for event in events):
        remove_run(folder)


def fork_run(
    spec: RunSpec, parent: RunFolder, where: str, root: Path, name: str | None, *, rate_changed: bool
) -> RunFolder:
    """A run that goes on from a checkpoint of `parent`, which it holds a copy of. Raises UserError."""
    origin = fork_origin(parent, where, rate_changed=rate_changed)
    return new_run(replace(spec, origin=origin), root, name)


def fork_origin(parent: RunFolder, where: str, *, rate_changed: bool) -> Origin:
    """What a fork from a checkpoint of `parent` says of where it comes from. Raises UserError where that is gone."""
    found = checkpoints.at(parent, where)
    return Origin(parent=str(parent.path.resolve()), at=where, step=found.step, rate_changed=rate_changed)


def replay_origin(parent: RunFolder, spec: RunSpec) -> Origin:
    """What a replay of `parent`, a run of `spec`, repeats.

    It begins where that run began; the commands that were applied come at their steps, and it ends where that was
    stopped. Raises UserError where it has not begun.
    """
    events, _ = read_events(parent.events)
    if not events:
        raise UserError(
            f"{parent.name} has not begun: there is nothing to replay",
            advice=f"train it: nntui train --resume {parent.name}",
        )
    began = spec.origin or Origin(parent=str(parent.path.resolve()), at="start")
    commands = list(began.commands)
    stopped: int | None = None
    for event in events:
        if isinstance(event, Commanded) and event.result == "applied" and event.command in REPLAYED:
            if event.value is not None and event.by != REPLAY:
                commands.append((event.step, event.command, event.value))
        elif isinstance(event, Finished):
            stopped = event.step if event.status == "stopped" else None
        elif isinstance(event, Resumed):
            stopped = None
    return replace(began, commands=tuple(sorted(commands, key=lambda command: command[0])), stop_at=stopped)
