"""Run folders and warm processes for the end-to-end tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import Warm
from tiny import Tiny

from nntui.engine.keeping import Keeper
from nntui.hooks.registry import registry
from nntui.runs.creating import new_run
from nntui.runs.folder import RunFolder
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.tables import from_keywords


@pytest.fixture(scope="session")
def warm(house: Path) -> Iterator[Warm]:
    process = Warm()
    yield process
    process.close()


@pytest.fixture(scope="session")
def tiny(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """`tiny("digits", "cnn")` is a trained run; tests leave it as it is."""
    return Tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def run_of(tmp_path: Path) -> Callable[..., RunFolder]:
    """Makes a run folder from keywords, as `nntui.train` takes them."""

    def make(name: str, **settings: Any) -> RunFolder:
        spec = resolve_said(Said(tree=from_keywords(settings)), registry()).spec
        return new_run(spec, tmp_path / "runs", name)

    return make


@pytest.fixture
def every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint at the end of every epoch of this process's runs, however slow the disk is."""

    def wants(self: Keeper, *, epoch_end: bool) -> bool:
        self.settle()
        return epoch_end

    monkeypatch.setattr(Keeper, "wants", wants)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 KiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
