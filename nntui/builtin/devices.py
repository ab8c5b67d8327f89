"""The built-in devices: cpu, cuda, mps, and `auto`, which takes the best that is there. torch comes in when asked.

A device that is absent is an error that says what there is; nothing falls back to the CPU in silence.
"""

from __future__ import annotations

import platform
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nntui import Device, DeviceInfo, NoParams, Params, param
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import torch


class DeviceAbsent(UserError, LookupError):
    """A device was asked for that this machine, or this torch, does not have."""


class CUDAParams(Params):
    index: int = param(0, ge=0, help="Which GPU, counted from 0 (CUDA_VISIBLE_DEVICES decides what is counted)")


def probe_cpu() -> list[DeviceInfo]:
    import psutil

    # bfloat16 works on every CPU; it is faster where the CPU has instructions for it (AVX512-BF16, AMX).
    return [
        DeviceInfo(
            name="cpu",
            title=_cpu_title(),
            memory=int(psutil.virtual_memory().total),
            precisions=("float32", "bfloat16"),
        )
    ]


def _cpu_title() -> str:
    """The processor's name as its maker writes it, or its kind where the system does not tell."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        text = ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name" and value.strip():
            return value.strip()
    return platform.processor() or platform.machine() or "CPU"


def probe_cuda() -> list[DeviceInfo]:
    import torch

    with warnings.catch_warnings():  # an old driver is no news to a person who only looks
        warnings.simplefilter("ignore")
        if not torch.cuda.is_available():
            return []
        try:
            found = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
        except RuntimeError:  # there, but it cannot be used; asking for it by name tells why
            return []
    return [
        DeviceInfo(
            name=f"cuda:{index}",
            title=str(properties.name),
            memory=int(properties.total_memory),
            precisions=("float32", "bfloat16") if properties.major >= 8 else ("float32",),
        )
        for index, properties in enumerate(found)
    ]


def probe_mps() -> list[DeviceInfo]:
    import torch

    if not torch.backends.mps.is_available():
        return []
    return [
        DeviceInfo(
            name="mps",
            title=f"{platform.processor() or 'Apple'} GPU (Metal)",
            memory=int(torch.mps.recommended_max_memory()),
            precisions=("float32", "bfloat16") if torch.backends.mps.is_macos_or_newer(14, 0) else ("float32",),
        )
    ]


def present() -> list[DeviceInfo]:
    """What there is, best first: cuda, mps, cpu."""
    return [info for probe in (probe_cuda, probe_mps, probe_cpu) for info in probe()]


def probe_auto() -> list[DeviceInfo]:
    return present()[:1]


def build_cpu(_: NoParams) -> torch.device:
    import torch

    return torch.device("cpu")


def build_cuda(params: CUDAParams) -> torch.device:
    import torch

    found = probe_cuda()
    if not found:
        raise DeviceAbsent(f"there is no CUDA device to train on: {_why_no_cuda()}", advice=_instead())
    if params.index >= len(found):
        last = f"0 to {len(found) - 1}" if len(found) > 1 else "0"
        raise DeviceAbsent(
            f"there is no CUDA device {params.index} (--device.index): {last} was expected", advice=_instead()
        )
    return torch.device("cuda", params.index)


def _why_no_cuda() -> str:
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        return f"this torch ({torch.__version__}) is built without CUDA"
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    except (RuntimeError, AssertionError) as error:  # the driver's own words
        return " ".join(str(error).split())
    return "the driver shows no GPU (is CUDA_VISIBLE_DEVICES set?)"


def build_mps(_: NoParams) -> torch.device:
    import torch

    if not torch.backends.mps.is_available():
        why = (
            "macOS 14 or newer and a Metal GPU are needed"
            if torch.backends.mps.is_built()
            else f"this torch ({torch.__version__}) is built without MPS, which is Apple's"
        )
        raise DeviceAbsent(f"there is no MPS device to train on: {why}", advice=_instead())
    return torch.device("mps")


def build_auto(_: NoParams) -> torch.device:
    import torch

    return torch.device(present()[0].name)


def _instead() -> str:
    """What there is, and how to ask for it."""
    found = present()
    kinds = list(dict.fromkeys(info.name.partition(":")[0] for info in found))
    here = ", ".join(f"{info.name} ({info.title})" for info in found)
    return f"here is {here}; use --device {' or --device '.join([*kinds, 'auto'])}"


def contributions() -> Iterable[Device]:
    yield Device(
        name="auto",
        summary="The best that is there: cuda, else mps, else cpu",
        probe=probe_auto,
        build=build_auto,
    )
    yield Device(
        name="cpu",
        summary="The processor: there on every machine, and the fastest for small networks",
        probe=probe_cpu,
        build=build_cpu,
    )
    yield Device(
        name="cuda",
        summary="NVIDIA GPUs (and AMD's, through ROCm)",
        params=CUDAParams,
        probe=probe_cuda,
        build=build_cuda,
    )
    yield Device(
        name="mps",
        summary="Apple GPUs, through Metal",
        probe=probe_mps,
        build=build_mps,
    )
