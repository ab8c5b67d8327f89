"""Decoded pictures are kept on disk, whole or not at all, and read from there as from memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from own_pictures import everything, opened, told, two_classes
from PIL import Image

from nntui.builtin.datasets.own import picture_decoding, picture_store


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(picture_store, "FEW", 10)
    return tmp_path / "cache" / "pictures"


def no_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*args: object) -> None:
        raise AssertionError("a picture was decoded again")

    monkeypatch.setattr(picture_decoding, "read_picture", decode)


def broken(folder: Path) -> Path:
    two_classes(folder)
    (folder / "shirt" / "0-broken.png").write_text("no picture", encoding="utf-8")
    return folder


def test_a_second_reading_decodes_nothing_and_is_the_same(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(broken(tmp_path / "own"))
    assert first.on_disk
    no_decoding(monkeypatch)
    again = opened(tmp_path / "own")
    assert np.array_equal(everything(again), everything(first))
    assert again.report == first.report
    assert "0-broken.png" in told(again, "skipped")
    assert len(list(cache.iterdir())) == 1


def test_kept_pictures_are_those_that_memory_would_hold(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = opened(broken(tmp_path / "own"))
    monkeypatch.setattr(picture_store, "FEW", 1000)
    held = opened(tmp_path / "own")
    assert isinstance(held.images, np.ndarray)
    assert np.array_equal(everything(held), everything(kept))
    monkeypatch.setattr(picture_store, "MAPPED", 5)  # what is mapped is given back all the time
    for rows in (np.array([3, 3, 0]), np.arange(24)[::-1], np.array([], np.int64)):
        assert np.array_equal(kept.rows(rows)["image"], held.rows(rows)["image"])


def test_other_settings_and_other_pictures_are_kept_apart(tmp_path: Path, cache: Path) -> None:
    two_classes(tmp_path / "own")
    assert everything(opened(tmp_path / "own", size=8)).shape[2:] == (8, 8)
    assert everything(opened(tmp_path / "own", size=8, resize="pad")).shape[2:] == (8, 8)
    Image.new("L", (28, 28), 255).save(tmp_path / "own" / "shirt" / "000.png")
    assert everything(opened(tmp_path / "own", size=8))[0].min() == 255
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("damage", [b"", b"nntuipx1", "cut"])
def test_a_damaged_copy_is_made_anew(tmp_path: Path, cache: Path, damage: bytes | str) -> None:
    whole = everything(opened(two_classes(tmp_path / "own")))
    kept = next(cache.iterdir())
    kept.write_bytes(kept.read_bytes()[100:] if isinstance(damage, str) else damage)
    assert np.array_equal(everything(opened(tmp_path / "own")), whole)
    assert np.array_equal(everything(opened(tmp_path / "own")), whole)


def test_where_nothing_can_be_kept_pictures_are_held_or_decoded_each_time(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=100))
    held = opened(broken(tmp_path / "own"))
    assert not held.on_disk
    monkeypatch.setattr(picture_store, "IN_MEMORY", 100)
    decoding = opened(tmp_path / "own")
    assert decoding.on_disk
    assert "cannot be kept" in told(decoding, "warning")
    assert "the disk is full" in told(decoding, "warning")
    assert np.array_equal(everything(decoding), everything(held))
    assert decoding.places(np.arange(24)) == held.places(np.arange(24))
    assert not list(cache.iterdir())


def test_a_disk_that_fills_up_leaves_nothing_half(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    monkeypatch.setattr(picture_store, "IN_MEMORY", 100)
    assert "No space left on device" in told(opened(two_classes(tmp_path / "own")), "warning")
    assert not list(cache.iterdir())


def test_the_longest_unused_go_and_what_a_killed_process_left(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    (cache / ".half.1234").write_bytes(b"half")
    monkeypatch.setattr(picture_store, "OLD", -1)
    opened(two_classes(tmp_path / "own"), size=8)
    assert not (cache / ".half.1234").exists()
    first = next(cache.iterdir())
    monkeypatch.setattr(picture_store, "MOST", first.stat().st_size + 10)
    opened(tmp_path / "own", size=9)
    assert len(list(cache.iterdir())) == 1
    assert not first.exists()


def test_several_processes_may_write_it_at_once(tmp_path: Path, cache: Path) -> None:
    two_classes(tmp_path / "own")
    program = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[2]);"
        "from nntui.builtin.datasets.own import picture_store; picture_store.FEW = 10;"
        "from own_pictures import opened, everything;"
        "from pathlib import Path; print(hashlib.sha256(everything(opened(Path(sys.argv[1])))).hexdigest())"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "own"), str(Path(__file__).parent)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert len({process.communicate()[0] for process in running}) == 1
    assert [process.returncode for process in running] == [0, 0]
    assert len(list(cache.iterdir())) == 1


def test_large_sets_are_known_by_names_sizes_and_times(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nntui.builtin.datasets.own import picture_list

    monkeypatch.setattr(picture_list, "CONTENT", 100)
    first = opened(two_classes(tmp_path / "own"))
    assert opened(tmp_path / "own").fingerprint == first.fingerprint
    path = tmp_path / "own" / "shirt" / "000.png"
    Image.new("L", (28, 28), 255).save(path)
    changed = opened(tmp_path / "own")
    assert changed.fingerprint != first.fingerprint
    assert everything(changed)[0].min() == 255
    assert everything(first)[0].min() < 255


def test_what_could_not_be_read_this_time_is_read_another_time(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = picture_decoding.read_picture

    def wanting(path: str, *more: Any) -> Any:
        if path.endswith("003.png"):
            raise OSError(f"{path}: Too many open files") from OSError(24, "Too many open files")
        return real(path, *more)

    with monkeypatch.context() as patched:
        patched.setattr(picture_decoding, "read_picture", wanting)
        short = opened(two_classes(tmp_path / "own"))
    assert not list(cache.iterdir())
    assert "Too many open files" in told(short, "skipped")
    whole = opened(tmp_path / "own")
    assert len(whole) > len(short)
    assert not told(whole, "skipped")
