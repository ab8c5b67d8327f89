"""The hooks. Each takes no argument and yields contributions, described in `nntui.hooks.contributions`.

A plugin is a module (or a package) named by an entry point of the group `nntui`:

    [project.entry-points.nntui]
    gru = "nntui_gru.plugin"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nntui.hooks.contributions import (
        Activation,
        Architecture,
        Dataset,
        Device,
        Exporter,
        Optimizer,
        Panel,
        Schedule,
    )

GROUP = "nntui"
"""The entry-point group, and the name under which pluggy marks our hooks."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def register_architectures() -> Iterable[Architecture]:  # type: ignore[empty-body]
    """Networks.

    >>> @nntui.hookimpl
    ... def register_architectures():
    ...     yield nntui.Architecture(
    ...         name="gru",
    ...         summary="Gated recurrent network",
    ...         inputs={"sequence", "tokens"},
    ...         params=GRUParams,
    ...         build="nntui_gru.model:build",
    ...     )
    """


@hookspec
def register_activations() -> Iterable[Activation]:  # type: ignore[empty-body]
    """Activation functions.

    >>> @nntui.hookimpl
    ... def register_activations():
    ...     yield nntui.Activation(
    ...         name="squareplus",
    ...         summary="A smooth ReLU without exponentials",
    ...         formula="(x + sqrt(x^2 + b)) / 2",
    ...         params=SquareplusParams,
    ...         build="nntui_gru.model:squareplus",
    ...     )
    """


@hookspec
def register_datasets() -> Iterable[Dataset]:  # type: ignore[empty-body]
    """Data sets, and readers of a person's own files.

    >>> @nntui.hookimpl
    ... def register_datasets():
    ...     yield nntui.Dataset(
    ...         name="clusters",
    ...         summary="Three Gaussian clusters in the plane",
    ...         modality="points",
    ...         params=ClustersParams,
    ...         build="nntui_clusters.data:build",
    ...         preprocessor="nntui_clusters.data:Preprocessor",
    ...     )
    """


@hookspec
def register_devices() -> Iterable[Device]:  # type: ignore[empty-body]
    """Kinds of device that a network can train on.

    >>> @nntui.hookimpl
    ... def register_devices():
    ...     yield nntui.Device(name="xpu", summary="Intel GPUs", probe="nntui_xpu:probe", build="nntui_xpu:build")
    """


@hookspec
def register_optimizers() -> Iterable[Optimizer]:  # type: ignore[empty-body]
    """Optimizers.

    >>> @nntui.hookimpl
    ... def register_optimizers():
    ...     yield nntui.Optimizer(
    ...         name="lion", summary="Sign of momentum", params=LionParams, build="nntui_lion.lion:Lion"
    ...     )
    """


@hookspec
def register_schedules() -> Iterable[Schedule]:  # type: ignore[empty-body]
    """Learning-rate schedules: pure functions of progress.

    >>> @nntui.hookimpl
    ... def register_schedules():
    ...     yield nntui.Schedule(
    ...         name="wsd", summary="Warm-up, stable, decay", params=WSDParams, build="nntui_wsd:build"
    ...     )
    """


@hookspec
def register_exporters() -> Iterable[Exporter]:  # type: ignore[empty-body]
    """Formats that a trained model is written in.

    >>> @nntui.hookimpl
    ... def register_exporters():
    ...     yield nntui.Exporter(
    ...         name="npz", summary="The weights as NumPy arrays", suffix=".npz", build="nntui_npz.npz:build"
    ...     )
    """


@hookspec
def register_panels() -> Iterable[Panel]:  # type: ignore[empty-body]
    """Panels of the run screen: something to draw of a run's state.

    >>> @nntui.hookimpl
    ... def register_panels():
    ...     yield nntui.Panel(
    ...         name="gap", summary="Validation loss less training loss, by epoch", build="nntui_gap.panel:draw"
    ...     )
    """
