"""Large gzipped files are kept unpacked, and what is read back is what the file holds."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from nntui.builtin.datasets import unpacked
from nntui.builtin.datasets.idx import read_idx


def idx(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, np.ndarray]:
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(unpacked, "SMALLEST", 100)
    values = np.random.default_rng(0).integers(0, 256, (50, 28, 28)).astype(np.uint8)
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx(values), 1))
    return path, values


def kept(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "cache" / "unpacked"
    return list(folder.iterdir()) if folder.exists() else []


def test_the_second_reading_is_of_what_the_first_one_kept(packed: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    path, values = packed
    assert (read_idx(path, axes=3) == values).all()
    (copy,) = kept(tmp_path)
    before = copy.stat().st_mtime_ns
    os.utime(copy, ns=(1, 1))
    assert (read_idx(path, axes=3) == values).all()
    assert copy.stat().st_mtime_ns >= before, "it was read, and so will be kept longer"


@pytest.mark.parametrize("damage", [b"\0", b""])
def test_a_damaged_copy_is_not_believed(packed: tuple[Path, np.ndarray], tmp_path: Path, damage: bytes) -> None:
    path, values = packed
    read_idx(path, axes=3)
    (copy,) = kept(tmp_path)
    content = copy.read_bytes()
    copy.write_bytes(content[:-1] + damage)
    assert (read_idx(path, axes=3) == values).all()
    assert copy.read_bytes() == content


def test_another_content_at_the_same_place_is_read_anew(packed: tuple[Path, np.ndarray]) -> None:
    path, values = packed
    read_idx(path, axes=3)
    status = path.stat()
    path.write_bytes(gzip.compress(idx(255 - values), 1))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (read_idx(path, axes=3) == 255 - values).all()


def test_small_files_are_not_kept_and_the_oldest_go(
    packed: tuple[Path, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, values = packed
    monkeypatch.setattr(unpacked, "MOST", 3 * values.size)
    for number in range(5):
        other = tmp_path / f"{number}.gz"
        other.write_bytes(path.read_bytes())
        read_idx(other, axes=3)
    assert len(kept(tmp_path)) == 2
    monkeypatch.setattr(unpacked, "SMALLEST", 1 << 20)
    small = tmp_path / "small.gz"
    small.write_bytes(path.read_bytes())
    read_idx(small, axes=3)
    assert len(kept(tmp_path)) == 2


def test_a_cache_that_cannot_be_written_costs_no_answer(
    packed: tuple[Path, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "file"))
    path, values = packed
    assert (read_idx(path, axes=3) == values).all()
