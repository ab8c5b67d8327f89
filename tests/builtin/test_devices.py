"""Devices: probing is quiet, asking for one that is absent says what there is, nothing falls back in silence."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from nntui.builtin import devices
from nntui.hooks.errors import UserError
from nntui.hooks.params import NoParams

ALL = {item.name: item for item in devices.contributions()}
GPU = [SimpleNamespace(name="NVIDIA L4", total_memory=24 * 2**30, major=8), SimpleNamespace(
    name="Tesla T4", total_memory=16 * 2**30, major=7)]  # fmt: skip


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a machine without GPUs lacks."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(GPU))
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda i: GPU[i])


@pytest.fixture
def apple(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a machine that is no Mac lacks."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda major, minor: major <= 14)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 12 * 2**30)


def test_the_cpu_is_always_there_and_tells_its_memory() -> None:
    (cpu,) = devices.probe_cpu()
    assert cpu.name == "cpu"
    assert cpu.title
    assert cpu.memory is not None and cpu.memory > 2**28
    assert "float32" in cpu.precisions
    assert devices.build_cpu(NoParams()) == torch.device("cpu")


def test_probing_every_device_is_quiet() -> None:
    code = (
        "from nntui.builtin import devices\n"
        "for item in devices.contributions():\n"
        "    for info in item.probe():\n"
        "        assert info.name and info.title\n"
    )
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_probing_the_cpu_needs_no_torch() -> None:
    code = "import sys\nfrom nntui.builtin.devices import probe_cpu\nprobe_cpu()\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_asking_for_an_absent_device_says_what_there_is(name: str) -> None:
    assert ALL[name].probe() == []  # type: ignore[operator]
    with pytest.raises(LookupError, match=f"no {name.upper()} device") as caught:
        ALL[name].build(ALL[name].params())  # type: ignore[operator]
    assert isinstance(caught.value, UserError)
    assert "--device cpu" in caught.value.render()
    assert "--device auto" in caught.value.render()


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_is_named_as_torch_names_it_with_what_it_can() -> None:
    first, second = devices.probe_cuda()
    assert (first.name, first.title, first.memory) == ("cuda:0", "NVIDIA L4", 24 * 2**30)
    assert first.precisions == ("float32", "bfloat16")
    assert second.precisions == ("float32",)
    assert devices.build_cuda(devices.CUDAParams(index=1)) == torch.device("cuda:1")


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_index_that_is_too_large_says_which_there_are() -> None:
    with pytest.raises(LookupError, match=r"no CUDA device 2 \(--device.index\): 0 to 1 was expected") as caught:
        devices.build_cuda(devices.CUDAParams(index=2))
    assert "Tesla T4" in str(getattr(caught.value, "advice", ""))


def test_a_driver_that_fails_is_absent_when_probed(two_gpus: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(index: int) -> None:
        raise RuntimeError("CUDA driver error")

    monkeypatch.setattr(torch.cuda, "get_device_properties", broken)
    assert devices.probe_cuda() == []


def test_auto_takes_cuda_before_mps_before_cpu(two_gpus: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert devices.build_auto(NoParams()) == torch.device("cuda:0")
    assert [info.name for info in devices.probe_auto()] == ["cuda:0"]


@pytest.mark.usefixtures("apple")
def test_auto_takes_mps_where_there_is_no_cuda() -> None:
    assert devices.build_auto(NoParams()) == torch.device("mps")
    (info,) = devices.probe_mps()
    assert info.memory == 12 * 2**30
    assert info.precisions == ("float32", "bfloat16")


@pytest.mark.usefixtures("no_gpu")
def test_auto_takes_the_cpu_where_there_is_nothing_else() -> None:
    assert devices.build_auto(NoParams()) == torch.device("cpu")
