"""The built-in plugin. A light module, like every plugin's: what is built is imported when a run uses it."""

from __future__ import annotations

from collections.abc import Iterable

import nntui
from nntui.builtin import activations, architectures, datasets, devices, exporters, optimizers, panels, schedules


@nntui.hookimpl
def register_architectures() -> Iterable[nntui.Architecture]:
    yield from architectures.contributions()


@nntui.hookimpl
def register_activations() -> Iterable[nntui.Activation]:
    yield from activations.contributions()


@nntui.hookimpl
def register_datasets() -> Iterable[nntui.Dataset]:
    yield from datasets.contributions()


@nntui.hookimpl
def register_devices() -> Iterable[nntui.Device]:
    yield from devices.contributions()


@nntui.hookimpl
def register_optimizers() -> Iterable[nntui.Optimizer]:
    yield from optimizers.contributions()


@nntui.hookimpl
def register_schedules() -> Iterable[nntui.Schedule]:
    yield from schedules.contributions()


@nntui.hookimpl
def register_exporters() -> Iterable[nntui.Exporter]:
    yield from exporters.contributions()


@nntui.hookimpl
def register_panels() -> Iterable[nntui.Panel]:
    yield from panels.contributions()
