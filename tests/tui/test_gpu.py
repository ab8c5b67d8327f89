"""What NVIDIA's library says of a process, by a library that says what it is told: there is no GPU where tests run."""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from nntui.runs.folder import RunFolder
from nntui.runs.lock import host
from nntui.tui.gpu import Gpus, Used
from nntui.tui.process import Meter

ME = os.getpid()


class Failed(Exception):
    pass


class Library(ModuleType):
    """pynvml, as far as it is asked. Each GPU: its load in percent, and the bytes that each process holds."""

    NVMLError = Failed

    def __init__(self, *gpus: tuple[int, dict[int, int | None]], driver: bool = True) -> None:
        super().__init__("pynvml")
        self.gpus, self.driver = gpus, driver
        self.lost: set[int] = set()

    def nvmlInit(self) -> None:
        if not self.driver:
            raise Failed

    def nvmlDeviceGetCount(self) -> int:
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[Any]:
        if handle in self.lost:
            raise Failed
        return [SimpleNamespace(pid=pid, usedGpuMemory=held) for pid, held in self.gpus[handle][1].items()]

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:
        return SimpleNamespace(gpu=self.gpus[handle][0])


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Any:
    def with_library(library: Library) -> Library:
        monkeypatch.setitem(sys.modules, "pynvml", library)
        return library

    return with_library


def test_a_process_is_told_by_what_it_holds_on_each_gpu(install: Any) -> None:
    install(Library((97, {1: 5}), (40, {ME: 3 << 30, 7: 1}), (80, {ME: 1 << 30})))
    assert Gpus().used(ME) == Used(80.0, 4 << 30)
    assert Gpus().used(99) is None


def test_memory_that_the_driver_does_not_tell_is_none_of_it(install: Any) -> None:
    install(Library((12, {ME: None})))
    assert Gpus().used(ME) == Used(12.0, 0)


def test_without_a_driver_there_are_no_figures(install: Any) -> None:
    install(Library((12, {ME: 1}), driver=False))
    assert Gpus().used(ME) is None


def test_a_gpu_that_is_lost_takes_no_other_along(install: Any) -> None:
    library = install(Library((12, {ME: 1}), (34, {ME: 2})))
    gpus = Gpus()
    assert gpus.used(ME) == Used(34.0, 3)
    library.lost.add(1)
    assert gpus.used(ME) == Used(12.0, 1)


def test_a_run_on_the_processor_does_not_ask(install: Any, tmp_path: Any) -> None:
    install(Library((12, {ME: 1 << 30})))
    meter = Meter(RunFolder(tmp_path))
    assert meter.figures(ME, host(), live=True, device="cpu").gpu is None
    asked = meter.figures(ME, host(), live=True, device="cuda:0")
    assert (asked.gpu, asked.gpu_memory) == (12.0, 1 << 30)
    assert meter.figures(ME, host(), live=False, device="cuda:0").gpu is None
    assert meter.figures(ME, "elsewhere", live=True, device="cuda:0").gpu is None
