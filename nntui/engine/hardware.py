"""What the engine chooses about the machine, written into [resolved]: the same choices give the same bits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from nntui._version import __version__

if TYPE_CHECKING:
    from torch import nn

    from nntui.spec.model import RunSpec

MACS_FOR_TWO_THREADS = 400_000_000
"""Multiply-accumulates of one forward pass over a batch from which a second thread pays for its synchronisation.
Measured on 2 idle cores, milliseconds a step with one thread and with two: 5 M 2.6 and 10 (threads that sleep at
once), 69 M 8 and 9, 219 M 31 and 28, 286 M 37 and 41, 960 M 155 and 73."""


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """Device, threads, precision and memory format of a run."""

    device: torch.device
    threads: int
    precision: str
    channels_last: bool
    chosen: tuple[tuple[str, str, str], ...]
    """(what, value, why) of each choice, for the plan."""

    def autocast(self) -> torch.autocast | None:
        """bfloat16 autocast, or None for float32: entering a context costs some microseconds each step."""
        if self.precision != "bfloat16":
            return None
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def resolved(self) -> dict[str, Any]:  # plain TOML values
        return {
            "nntui": __version__,
            "torch": torch.__version__,
            "device": str(self.device),
            "device_title": device_title(self.device),
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "threads": self.threads,
            "precision": self.precision,
            "channels_last": self.channels_last,
        }


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def device_title(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return device.type


def choose_hardware(spec: RunSpec, device: torch.device, *, step_macs: int, images: bool, live_runs: int) -> Hardware:
    """Fills in what the spec leaves open; what an earlier start resolved is kept.

    `step_macs`: multiply-accumulates of one batch forward; `live_runs`: other runs that train on this machine now.
    """
    past = spec.resolved
    chosen: list[tuple[str, str, str]] = []
    threads, why = _threads(spec, device, step_macs, live_runs)
    chosen.append(("threads", str(threads), why))
    precision = spec.training.precision if spec.training.precision != "auto" else str(past.get("precision", "auto"))
    if precision == "auto":
        able = device.type == "cuda" and torch.cuda.is_bf16_supported()
        precision = "bfloat16" if able else "float32"
        chosen.append(("precision", precision, "this GPU has bfloat16" if able else f"full precision on {device.type}"))
    if spec.training.channels_last != "auto":
        channels_last = spec.training.channels_last == "on"
    elif "channels_last" in past:
        channels_last = bool(past["channels_last"])
    else:
        channels_last = images
        if images:
            chosen.append(("memory format", "channels_last", "measured faster for convolutions over images"))
    return Hardware(
        device=device, threads=threads, precision=precision, channels_last=channels_last, chosen=tuple(chosen)
    )


def _threads(spec: RunSpec, device: torch.device, step_macs: int, live_runs: int) -> tuple[int, str]:
    if spec.device_settings.threads is not None:
        return spec.device_settings.threads, "as asked"
    if "threads" in spec.resolved:
        return int(spec.resolved["threads"]), "as this run began"
    share = max(1, cores() // (1 + live_runs))
    if live_runs and share < cores():
        return share, f"{cores()} cores shared with {live_runs} other live run{'s' if live_runs > 1 else ''}"
    if device.type != "cpu":
        return share, "the network is not on the CPU"
    if step_macs < MACS_FOR_TWO_THREADS:
        return 1, f"a step is small ({step_macs / 1e6:.1f} M multiply-adds a batch), threads would wait for each other"
    return share, f"a step is large ({step_macs / 1e6:.0f} M multiply-adds a batch)"


def differences(past: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What of [resolved] cannot be honoured here, each in a sentence."""
    return [
        f"{key} was {past[key]!r} when this run was resolved and is {value!r} now: bits may differ"
        for key, value in now.items()
        if key in past and past[key] != value and key != "nntui"
    ]


def prepare(hardware: Hardware) -> None:
    """Sets threads and determinism for this process."""
    torch.set_num_threads(hardware.threads)
    if hardware.device.type == "cuda":
        # cuBLAS needs a fixed workspace to be deterministic; read when its handle is made.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True, warn_only=True)


@contextmanager
def as_resolved(model: nn.Module, resolved: Mapping[str, Any]) -> Iterator[bool]:
    """A model on the CPU, computed as the run that trained it did: both change the last digits of what comes out.

    Yields whether pictures are given channels last. Afterwards threads and memory format are as they were.
    """
    threads, channels_last = torch.get_num_threads(), bool(resolved.get("channels_last", False))
    torch.set_num_threads(int(resolved.get("threads", threads)))
    if channels_last:
        model.to(memory_format=torch.channels_last)
    try:
        yield channels_last
    finally:
        torch.set_num_threads(threads)
        if channels_last:
            model.to(memory_format=torch.contiguous_format)
