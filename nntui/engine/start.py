"""Where a training begins: afresh, from a checkpoint of its own, from another run's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from nntui.engine.snapshot import part, put_weights, read_snapshot, read_tensors, ties_in, weights_of
from nntui.engine.steering import CHANGES, Recorded
from nntui.hooks.errors import UserError
from nntui.runs import checkpoints
from nntui.runs.commands import read_commands
from nntui.runs.events import Commanded, Resumed, Warned
from nntui.runs.folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from nntui.engine.journal import Journal
    from nntui.engine.snapshot import Snapshot
    from nntui.engine.training import Training
    from nntui.runs.events import AnyEvent
    from nntui.spec.model import Origin


def expire(folder: RunFolder, journal: Journal, past: Sequence[AnyEvent], length: int) -> None:
    """Tells of commands that no process met: a stale stop never ends a resumed run."""
    met = {e.id for e in past if isinstance(e, Commanded)}
    for command in read_commands(folder.commands, length):
        if command.id not in met:
            why = "asked before this process began"
            journal.tell(
                Commanded(id=command.id, command=command.kind, by=command.by, step=0, result="expired", why=why)
            )


def begin(training: Training, folder: RunFolder, journal: Journal) -> int | None:
    """Puts the training where it goes on; returns the step of the checkpoint that it goes on from, if any.

    Raises UserError where a checkpoint belongs to other data or another network.
    """
    checkpoints.clean_stale(folder)
    found, warnings = checkpoints.newest_valid(folder)
    for warning in warnings:
        journal.tell(Warned(message=warning))
    origin = training.spec.origin
    if found is None:
        if origin is not None and origin.weights_only:
            _warm_start(training, origin, journal)
        elif origin is not None and origin.step:
            raise UserError(
                f"{folder.name} has no whole checkpoint to go on from",
                advice=f"fork it anew: nntui fork {origin.parent} --at {origin.step}",
            )
        return None
    snapshot = read_snapshot(found.path)
    if snapshot.facts["lineage"] == training.lineage:
        training.restore(snapshot)
        if training.best is not None:
            checkpoints.point_best(folder, training.best.step)
        checkpoints.discard_after(folder, snapshot.step)
    else:
        training.branch(snapshot)
    journal.tell(Resumed(step=snapshot.step, checkpoint=found.name), sync=True)
    return snapshot.step


def recorded(training: Training, past: Sequence[AnyEvent]) -> list[Recorded]:
    """Commands that were applied from this step on, by an earlier process or in the run that is replayed."""
    origin = training.spec.origin
    replayed = [] if origin is None else origin.commands
    known = [
        Recorded(e.step, e.command, e.value, e.id)
        for e in past
        if isinstance(e, Commanded) and e.result == "applied" and e.command in CHANGES and e.value is not None
    ]
    told = {r.id for r in known}
    ids = [f"replay-{n}" for n in range(len(replayed))]
    known += [
        Recorded(step, kind, value, name, told=False)
        for name, (step, kind, value) in zip(ids, replayed, strict=True)
        if name not in told
    ]
    ahead = [r for r in known if r.step >= training.step and r.id not in training.met]
    return sorted(ahead, key=lambda r: r.step)


def _warm_start(training: Training, origin: Origin, journal: Journal) -> None:
    """The weights of another run, where they fit; what does not fit stays as initialised, and is named."""
    weights = weights_from(RunFolder(Path(origin.parent)), origin.at)
    own, ties = weights_of(training.model)
    fits = {name: weights[name] for name, mine in own.items() if name in weights and weights[name].shape == mine.shape}
    if not any(name in fits for name, _ in training.model.named_parameters()):  # a counter that fits is no weight
        raise UserError(
            f"no weight of {origin.parent} fits this network",
            advice="--init-from takes a run of the same architecture, with the same sizes",
        )
    put_weights(training.model, own | fits, ties)
    if training.ema is not None:
        training.ema.reset()
    fresh = [name for name in own if name not in fits]
    if fresh:
        journal.tell(
            Warned(message=f"initialised afresh, as the weights of {origin.parent} do not fit: {', '.join(fresh)}")
        )


def weights_from(folder: RunFolder, where: str) -> dict[str, Tensor]:
    """The weights of a run as they are judged (averaged where there is an average), ties resolved.

    `where`: best (the result, model/, where there is one), last or a step. Raises UserError.
    """
    result = folder.model / "model.safetensors"
    if where == "best" and result.exists():
        weights, metadata = read_tensors(result)
        return weights | {name: weights[other] for name, other in ties_in(metadata).items()}
    return _judged(read_snapshot(checkpoints.at(folder, where).path))


def _judged(snapshot: Snapshot) -> dict[str, Tensor]:
    weights = snapshot.weights | part(snapshot.tensors, "ema/")
    return weights | {name: weights[other] for name, other in snapshot.ties.items()}


@torch.no_grad()
def judge_best(training: Training, folder: RunFolder, journal: Journal) -> None:
    """Leaves the best weights in the model, as they are judged: averaged where there is an average."""
    best = training.best
    if best is None or best.step == training.step:
        if training.ema is not None:
            training.ema.swap()
        return
    try:
        weights = _judged(read_snapshot(checkpoints.at(folder, "best").path))
    except UserError as error:
        journal.tell(Warned(message=f"the best weights cannot be read, the last are the result: {error.message}"))
        if training.ema is not None:
            training.ema.swap()
        return
    put_weights(training.model, weights, {})
