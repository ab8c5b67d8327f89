"""What tests of run folders share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nntui.runs.folder import RunFolder, create_run


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A new run."""
    return create_run(tmp_path / "runs", "quick-otter-7")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB. Mounting takes root; where that is not given, what it would show is not shown."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small tmpfs cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)
