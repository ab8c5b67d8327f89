"""Why a run failed, in a person's words: what ended it, whose fault it was, what to try."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from nntui.engine.building import ContributionFailed, out_of_memory
from nntui.engine.training import NonFiniteLoss
from nntui.hooks.errors import UserError
from nntui.runs.lock import FolderGone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nntui.spec.model import RunSpec


class Failure(NamedTuple):
    """What a `failed` event says."""

    kind: str
    message: str
    advice: str


def explain(error: BaseException, spec: RunSpec) -> Failure:
    """Kind, message and advice of what ended a run."""
    if isinstance(error, NonFiniteLoss):
        return Failure("non-finite", str(error), _calmer(spec))
    if out_of_memory(error):
        batch = spec.training.batch_size
        smaller = f"a smaller batch, --batch-size {batch // 2} --training.accumulate 2, or " if batch > 1 else ""
        return Failure(
            "out-of-memory", f"out of memory on {spec.device.name}: {error}", f"try {smaller}a smaller network"
        )
    if isinstance(error, ContributionFailed):
        return Failure("plugin", str(error), "the traceback is in log.txt; tell the plugin's author")
    if isinstance(error, FolderGone):
        advice = "where the folder is now, it goes on from its newest checkpoint: nntui train --resume PATH"
        return Failure("disk", f"{error.strerror} ({error.filename})", advice)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        advice = "make room or mend the folder, then nntui train --resume"
        return Failure("disk", f"{error.strerror or error}{where}", advice)
    if isinstance(error, KeyboardInterrupt):
        return Failure("interrupted", "interrupted before training began", "")
    culprit = _culprit(error, spec)
    told = f"{type(error).__name__}: {error}"
    if culprit is not None:
        return Failure("plugin", f"{culprit} raised {told}", "the traceback is in log.txt; tell the plugin's author")
    return Failure("internal", told, "the traceback is in log.txt: a fault of nntui, please report it")


def as_mistake(error: BaseException, spec: RunSpec) -> UserError | None:
    """The error that a person can put right, where torch tells of one in its own words."""
    if isinstance(error, ValueError) and str(error).startswith("Expected more than 1 value per channel"):
        return UserError(
            f"batch normalisation needs more than one row in a step, and --batch-size is {spec.training.batch_size}",
            advice="try --batch-size 2 or more (and as many training rows), or --arch.norm layer or none",
        )
    return None


def _culprit(error: BaseException, spec: RunSpec) -> str | None:
    """The plugin whose code raised, or that had called what raised; the network's where that cannot be told."""
    suspects = {
        chosen.qualified: set(_packages(chosen.contribution))
        for chosen in (spec.arch, spec.activation, spec.data, spec.optimizer, spec.schedule, spec.device)
        if not chosen.qualified.startswith("builtin/")
    }
    trace = error.__traceback__
    packages: list[str] = []
    while trace is not None:
        packages.append(str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0])
        trace = trace.tb_next
    for package in reversed(packages):
        for name, own in suspects.items():
            if package in own:
                return name
    return spec.arch.qualified if spec.arch.qualified in suspects else None


def _packages(contribution: object) -> Iterator[str]:
    """The top-level packages that a contribution's targets are in."""
    for field in ("build", "preprocessor"):
        target = getattr(contribution, field, None)
        if target is not None:
            module = target if isinstance(target, str) else str(getattr(target, "__module__", ""))
            yield module.partition(":")[0].partition(".")[0]


def _calmer(spec: RunSpec) -> str:
    """What to try against a loss that runs away."""
    lr = getattr(spec.optimizer.params, "lr", None)
    tries = [f"--lr {lr / 10:.3g}"] if isinstance(lr, float) and math.isfinite(lr) and lr / 10 > 0 else []
    if spec.training.clip_grad is None:
        tries.append("--training.clip-grad 1")
    if getattr(spec.schedule.params, "warmup", 1) == 0:
        tries.append("--schedule.warmup 0.05")
    return "try " + " or ".join(tries) if tries else "try a lower learning rate"
