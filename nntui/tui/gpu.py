"""What NVIDIA's GPUs say of a process: how busy they are, and the memory it holds there (NVML, as nvitop does)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple


class Used(NamedTuple):
    busy: float
    """Share of the last moment in which the GPU computed, in percent; of the busiest where a process has several."""
    memory: int
    """Bytes that the process holds there, over all of them."""


class Gpus:
    """The GPUs of this machine; none where there is no driver. Looked for when first asked."""

    def __init__(self) -> None:
        self._nvml: Any = None  # pynvml has no types
        self._handles: list[Any] | None = None

    def used(self, pid: int) -> Used | None:
        """What the process `pid` uses; None where it uses none, or nobody can tell."""
        found = [used for handle in self._found() if (used := self._of(handle, pid)) is not None]
        if not found:
            return None
        return Used(max(used.busy for used in found), sum(used.memory for used in found))

    def _found(self) -> list[Any]:
        if self._handles is None:
            self._handles = []
            with suppress(Exception):  # no library, no driver, no permission: no figures
                import pynvml  # here: 30 ms, for who trains on a GPU

                pynvml.nvmlInit()
                self._nvml = pynvml
                self._handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return self._handles

    def _of(self, handle: Any, pid: int) -> Used | None:
        try:
            there = self._nvml.nvmlDeviceGetComputeRunningProcesses(handle)
            held = [process.usedGpuMemory or 0 for process in there if process.pid == pid]
            if not held:
                return None
            return Used(float(self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu), sum(held))
        except self._nvml.NVMLError:  # it fell off the bus, or does not count its processes
            return None
