"""CIFAR in its binary release, on small files made here."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opened import build, fit

from nntui.builtin.datasets import cifar
from nntui.hooks.errors import UserError

CLOSED = "http://127.0.0.1:9/"
RELEASES = {"cifar10": cifar.RELEASE_10, "cifar100": cifar.RELEASE_100}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NNTUI_DATA", raising=False)
    monkeypatch.setattr(cifar, "ADDRESS", CLOSED)


def records(labels: list[list[int]], seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    return b"".join(bytes(label) + rng.integers(0, 256, cifar.PIXELS, dtype=np.uint8).tobytes() for label in labels)


def write_release(name: str, folder: Path, *, each: int = 3) -> dict[str, bytes]:
    release = RELEASES[name]
    folder.mkdir(parents=True, exist_ok=True)
    contents = {}
    for number, file in enumerate((*release.train, *release.test)):
        rows = [[7] * (release.labels - 1) + [(number + row) % len(release.classes)] for row in range(each)]
        contents[file] = records(rows, seed=number)
        (folder / file).write_bytes(contents[file])
    return contents


def pack(name: str, contents: dict[str, bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for file, content in contents.items():
            member = tarfile.TarInfo(f"{RELEASES[name].folder}/{file}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(("name", "place"), [
    ("cifar10", "."), ("cifar10", "cifar10"), ("cifar10", "cifar-10-batches-bin"),
    ("cifar10", "cifar10/cifar-10-batches-bin"), ("cifar100", "cifar-100-binary"), ("cifar100", "cifar100"),
])  # fmt: skip
def test_the_extracted_release_is_found_and_read(name: str, place: str, tmp_path: Path) -> None:
    release = RELEASES[name]
    contents = write_release(name, tmp_path / place)
    source = build(name, root=str(tmp_path))
    train, test = 3 * len(release.train), 3 * len(release.test)
    assert source.columns["image"].shape == (train + test, 3, 32, 32)
    assert {split: len(rows) for split, rows in source.given.items()} == {"train": train, "test": test}
    first = contents[release.train[0]][release.labels : release.labels + cifar.PIXELS]
    assert source.columns["image"][0].tobytes() == first
    assert source.columns["target"][:3].tolist() == [0, 1, 2]
    spec = fit(name, source, source.given["train"]).spec
    assert spec.inputs[0].shape == (3, 32, 32)
    assert spec.inputs[0].mirror
    assert spec.target.names == release.classes


@pytest.mark.parametrize("name", RELEASES)
def test_the_archive_and_what_it_holds_are_the_same_data(name: str, tmp_path: Path) -> None:
    contents = write_release(name, tmp_path / "extracted" / name)
    pack(name, contents, tmp_path / "packed" / RELEASES[name].archive)
    extracted = build(name, root=str(tmp_path / "extracted"))
    packed = build(name, root=str(tmp_path / "packed"))
    assert packed.fingerprint == extracted.fingerprint
    assert (packed.columns["image"] == extracted.columns["image"]).all()


def test_a_damaged_archive_is_an_error(tmp_path: Path) -> None:
    contents = write_release("cifar10", tmp_path / "made")
    path = tmp_path / "root" / "cifar-10-binary.tar.gz"
    pack("cifar10", contents, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=r"cifar-10-binary\.tar\.gz is damaged"):
        build("cifar10", root=str(path.parent))
    path.write_bytes(b"no archive at all")
    with pytest.raises(UserError, match=r"cifar-10-binary\.tar\.gz is damaged"):
        build("cifar10", root=str(path.parent))


def test_an_archive_without_a_batch_is_an_error(tmp_path: Path) -> None:
    contents = write_release("cifar10", tmp_path / "made")
    del contents["data_batch_3.bin"]
    pack("cifar10", contents, tmp_path / "root" / "cifar-10-binary.tar.gz")
    with pytest.raises(UserError, match=r"lacks data_batch_3\.bin"):
        build("cifar10", root=str(tmp_path / "root"))


def test_the_pickled_release_is_named_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(UserError, match="not on this disk") as caught:
        build("cifar10", root=str(tmp_path))
    assert "a pickle, which nntui does not read" in caught.value.advice
    assert "cifar-10-binary.tar.gz" in caught.value.advice
    assert str(tmp_path / "cifar10") in caught.value.advice


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 99), min_size=1, max_size=4),
    st.integers(1, cifar.PIXELS + 1),
)
def test_records_are_read_whole_or_not_at_all(labels: list[int], cut: int) -> None:
    data = records([[3, label] for label in labels])
    codes, pictures = cifar.parse_records("train.bin", data, 2, 100)
    assert codes.tolist() == labels
    assert pictures.shape == (len(labels), 3, 32, 32)
    with pytest.raises(UserError, match=r"train\.bin: [\d,]+ bytes; whole records of 3,074"):
        cifar.parse_records("train.bin", data[:-cut], 2, 100)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_garbage_is_an_error(garbage: bytes) -> None:
    with pytest.raises(UserError, match=r"test_batch\.bin"):
        cifar.parse_records("test_batch.bin", garbage, 1, 10)


def test_a_label_beyond_the_classes_is_an_error() -> None:
    with pytest.raises(UserError, match="label 10; labels 0 to 9"):
        cifar.parse_records("test_batch.bin", records([[10]]), 1, 10)


def test_the_class_names_are_in_the_order_of_their_codes() -> None:
    assert len(cifar.CIFAR10) == 10
    assert len(set(cifar.CIFAR100)) == 100
    assert list(cifar.CIFAR100) == sorted(cifar.CIFAR100)  # as in fine_label_names.txt
    assert cifar.RELEASE_100.classes[11] == "boy"
