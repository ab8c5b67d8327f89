"""Calls what contributions name: data sets, networks, optimizers and so on. A fault is told with its plugin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from nntui.engine.split import rows_hash, split_rows
from nntui.hooks.contributions import ActivationFactory, OptimizerRule
from nntui.hooks.data import DataContext, DataReport, DataSpec
from nntui.hooks.errors import UserError
from nntui.hooks.registry import resolve_target
from nntui.hooks.streams import refuse_stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from nntui.hooks.contributions import Activation, Architecture, Target
    from nntui.hooks.data import Indices, Preprocessor, Source, Split
    from nntui.spec.model import Chosen, RunSpec


class ContributionFailed(Exception):
    """A plugin's code raised while a run used it."""

    def __init__(self, qualified: str, doing: str, error: BaseException) -> None:
        super().__init__(f"{qualified} failed while {doing}: {type(error).__name__}: {error}")
        self.qualified = qualified


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, the host's or the device's."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # torch's allocator for the CPU, and that for MPS, raise a plain RuntimeError
    text = str(error)
    return isinstance(error, RuntimeError) and ("can't allocate memory" in text or "out of memory" in text)


def call(chosen: Chosen[Any], target: Target, doing: str, *args: Any) -> Any:  # targets differ in signature
    """Calls a contribution's target. Raises UserError as it is, anything else as ContributionFailed."""
    try:
        return resolve_target(target)(*args)
    except (UserError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        if out_of_memory(error):
            raise
        raise ContributionFailed(chosen.qualified, doing, error) from error


@dataclass(frozen=True)
class OpenedData:
    """A data set, split, with the preprocessor fitted on its training rows."""

    source: Source
    preprocessor: Preprocessor
    splits: dict[Split, Indices]
    fingerprint: str
    rows_hash: str
    """Of the training rows: another run knows whether it saw the same."""

    @property
    def spec(self) -> DataSpec:
        return self.preprocessor.spec

    def class_counts(self) -> list[int] | None:
        """How many training rows each class has; None where targets are not classes."""
        targets = self.source.targets
        if targets is None or self.spec.target.kind != "classes":
            return None
        counts = [0] * self.spec.target.size
        for code in targets[self.splits["train"]].tolist():
            counts[code] += 1
        return counts


def open_source(spec: RunSpec, *, progress: bool = False, fetch: bool = True) -> Source:
    settings = spec.data_settings
    for given in (settings.path, settings.test):
        if isinstance(given, str):
            refuse_stream(given)
    context = DataContext(
        root=settings.root,
        path=settings.path,
        test=settings.test if isinstance(settings.test, str) else None,
        group=settings.group,
        time=settings.time,
        progress=progress,
        fetch=fetch,
    )
    source: Source = call(spec.data, spec.data.contribution.build, "reading the data", spec.data.params, context)
    _check_honoured(spec, source)
    return source


def _check_honoured(spec: RunSpec, source: Source) -> None:
    """Raises UserError where the data set did not do what was asked of it: rows would be split in another way."""
    settings = spec.data_settings
    asked = (
        ("group", settings.group, source.groups is not None, "has no groups"),
        ("time", settings.time, source.time is not None, "has no times"),
        ("test", isinstance(settings.test, str), "test" in source.given, "takes no test rows from a path"),
    )
    for key, wanted, done, why in asked:
        if wanted and not done:
            raise UserError(f"--data.{key}: {spec.data.name} {why}", advice=f"leave out --data.{key}")


def report_of(source: Source) -> DataReport:
    """What a reader says of a person's data; empty where it says nothing."""
    report = getattr(source, "report", None)
    return report if isinstance(report, DataReport) else DataReport()


def open_data(spec: RunSpec, *, progress: bool = False, fetch: bool = True) -> OpenedData:
    """Reads a data set (downloads it where that is needed and `fetch`), splits it and fits the preprocessor on the
    training rows.

    On one thread: more would add numbers up in another order, and a mean of other bits makes a network of other bits.
    """
    torch.set_num_threads(1)
    source = open_source(spec, progress=progress, fetch=fetch)
    splits = split_rows(source, spec.data_settings)
    chosen = spec.data
    preprocessor: Preprocessor = call(
        chosen,
        _fit(chosen.contribution.preprocessor),
        "fitting the preprocessing",
        source,
        splits["train"],
        chosen.params,
    )
    return OpenedData(source, preprocessor, splits, source.fingerprint, rows_hash(source.fingerprint, splits["train"]))


def _fit(target: Target) -> Callable[..., Any]:
    return lambda *args: resolve_target(target).fit(*args)


def activation_factory(chosen: Chosen[Activation]) -> ActivationFactory:
    def make() -> nn.Module:
        module: nn.Module = call(chosen, chosen.contribution.build, "building the activation", chosen.params)
        return module

    return ActivationFactory(make, chosen.name, chosen.contribution.pool_commutes)


def check_takes(arch: Chosen[Architecture], data: DataSpec, name: str) -> None:
    """Raises UserError where the architecture does not take the data, with the reason and what to use."""
    contribution = arch.contribution
    for item in data.inputs:
        reason = contribution.refuses.get(data.modality) or contribution.refuses.get(item.kind)
        if item.kind not in contribution.inputs or data.modality in contribution.refuses:
            raise UserError(
                f"--arch {arch.name} does not take {name}, whose input {item.name!r} is {item.kind} of modality "
                f"{data.modality}" + (f": {reason}" if reason else ""),
                advice="see which networks take it: nntui architectures",
            )


def build_network(arch: Chosen[Architecture], activation: Chosen[Activation], data: DataSpec, name: str) -> nn.Module:
    """The network, freshly initialised from torch's global generator, on the CPU. `name`: the data's, for errors."""
    check_takes(arch, data, name)
    network: nn.Module = call(
        arch, arch.contribution.build, "building the network", arch.params, data, activation_factory(activation)
    )
    return network


def build_optimizer(spec: RunSpec) -> OptimizerRule:
    rule = call(spec.optimizer, spec.optimizer.contribution.build, "building the optimizer", spec.optimizer.params)
    if not isinstance(rule, OptimizerRule):
        error = TypeError(f"expected a subclass of OptimizerRule, got {type(rule).__name__}")
        raise ContributionFailed(spec.optimizer.qualified, "building the optimizer", error)
    return rule


def build_schedule(spec: RunSpec) -> Callable[[float], float]:
    schedule: Callable[[float], float] = call(
        spec.schedule, spec.schedule.contribution.build, "building the schedule", spec.schedule.params
    )
    return schedule


def build_device(spec: RunSpec) -> torch.device:
    device: torch.device = call(spec.device, spec.device.contribution.build, "choosing the device", spec.device.params)
    return device
