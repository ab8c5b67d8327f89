"""MNIST and its relatives: where they are looked for, and what is said when they cannot be had."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gzip
import hashlib
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from opened import build, opened
from test_datasets_idx import idx

from nntui.builtin.datasets import mnist
from nntui.builtin.datasets.fetch import Remote, fetch
from nntui.hooks.data import DataContext
from nntui.hooks.errors import UserError

FIRST = mnist.MNIST.first_labels
CLOSED = "http://127.0.0.1:9/"
"""Nobody listens on the discard port: refused at once."""


def write_set(folder: Path, *, gzipped: bool = False, labels: tuple[int, ...] = FIRST, seed: int = 0) -> Path:
    """A small set in MNIST's format."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for part, count in (("train", len(labels)), ("t10k", 4)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        codes = np.array(labels[:count], dtype=np.uint8)
        for kind, values in (("images-idx3", images), ("labels-idx1", codes)):
            content = idx(values)
            path = folder / f"{part}-{kind}-ubyte{'.gz' if gzipped else ''}"
            path.write_bytes(gzip.compress(content) if gzipped else content)
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever is not on disk cannot be fetched; the cache is empty."""
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NNTUI_DATA", raising=False)
    for name in ("MNIST", "FASHION_MNIST", "KMNIST"):
        monkeypatch.setattr(mnist, name, dataclasses.replace(getattr(mnist, name), mirrors=(CLOSED,), system=()))
    monkeypatch.setattr(mnist, "RELATIVES", (mnist.MNIST, mnist.FASHION_MNIST, mnist.KMNIST))


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("place", [".", "raw", "mnist", "mnist/raw", "MNIST", "MNIST/raw"])
def test_a_set_is_found_wherever_people_keep_it(place: str, gzipped: bool, tmp_path: Path) -> None:
    write_set(tmp_path / "root" / place, gzipped=gzipped)
    source = build("mnist", root=str(tmp_path / "root"))
    assert len(source) == len(FIRST) + 4
    assert source.columns["image"].shape == (len(FIRST) + 4, 1, 28, 28)
    assert source.columns["target"][: len(FIRST)].tolist() == list(FIRST)
    assert {split: len(rows) for split, rows in source.given.items()} == {"train": len(FIRST), "test": 4}


def test_the_environment_and_the_cache_are_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_set(tmp_path / "cache" / "datasets" / "mnist", seed=1)
    in_cache = build("mnist").fingerprint
    write_set(tmp_path / "shared" / "mnist", seed=2)
    monkeypatch.setenv("NNTUI_DATA", str(tmp_path / "shared"))
    in_environment = build("mnist").fingerprint
    write_set(tmp_path / "named" / "mnist", seed=3)
    named = build("mnist", root=str(tmp_path / "named")).fingerprint
    assert len({in_cache, in_environment, named}) == 3


def test_dotted_names_are_known_too(tmp_path: Path) -> None:
    for path in list(write_set(tmp_path / "mnist").iterdir()):
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    assert len(build("mnist", root=str(tmp_path))) == len(FIRST) + 4


def test_plain_and_gzipped_files_are_the_same_data(tmp_path: Path) -> None:
    write_set(tmp_path / "plain" / "mnist")
    write_set(tmp_path / "zipped" / "mnist", gzipped=True)
    plain, zipped = (build("mnist", root=str(tmp_path / kind)) for kind in ("plain", "zipped"))
    assert plain.fingerprint == zipped.fingerprint
    assert opened("fashion").source.fingerprint != plain.fingerprint


def test_a_set_of_the_family_under_another_s_name_is_an_error(tmp_path: Path) -> None:
    write_set(tmp_path, labels=mnist.FASHION_MNIST.first_labels)
    with pytest.raises(UserError, match="holds fashion-mnist, not mnist") as caught:
        build("mnist", root=str(tmp_path))
    assert "--data fashion-mnist" in caught.value.advice
    with pytest.raises(UserError, match="holds fashion-mnist, not kmnist"):
        build("kmnist", root=str(tmp_path))
    assert len(build("fashion-mnist", root=str(tmp_path))) == 14


def test_a_small_set_of_one_s_own_may_take_the_place(tmp_path: Path) -> None:
    write_set(tmp_path / "mnist", labels=(1, 2, 3, 4, 5))
    assert len(build("mnist", root=str(tmp_path))) == 9


def test_debian_s_fashion_mnist_is_used_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system = write_set(tmp_path / "usr-share", gzipped=True, labels=mnist.FASHION_MNIST.first_labels)
    monkeypatch.setattr(mnist, "FASHION_MNIST", dataclasses.replace(mnist.FASHION_MNIST, system=(system,)))
    monkeypatch.setattr(mnist, "RELATIVES", (mnist.MNIST, mnist.FASHION_MNIST))
    assert len(build("fashion-mnist")) == 14
    with pytest.raises(UserError, match="could not be fetched"):
        build("mnist")


def test_a_set_on_disk_needs_neither_torch_nor_torchvision(tmp_path: Path) -> None:
    write_set(tmp_path / "mnist", gzipped=True)
    program = (
        "import sys; from nntui.builtin.datasets.mnist import mnist; from nntui.hooks.data import DataContext;"
        f"source = mnist(None, DataContext(root={str(tmp_path)!r}));"
        "print(len(source), 'torch' in sys.modules, 'torchvision' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(len(FIRST) + 4), "False", "False"]


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist"])
def test_without_a_network_it_says_what_to_put_where(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{name} is not on this disk and could not be fetched: .*refused") as caught:
        build(name, root=str(tmp_path / "data"))
    advice = caught.value.advice
    assert "train-images-idx3-ubyte.gz" in advice
    assert CLOSED in advice
    assert str(tmp_path / "data" / name) in advice
    assert "--data.root" in advice
    assert "NNTUI_DATA" in advice
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_folder_that_lacks_a_file_is_not_taken(tmp_path: Path) -> None:
    (write_set(tmp_path / "mnist") / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match="not on this disk"):
        build("mnist", root=str(tmp_path))


def test_a_truncated_file_on_disk_is_an_error_and_not_a_download(tmp_path: Path) -> None:
    path = write_set(tmp_path / "mnist") / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte: its header promises 7,840 values, it holds only"):
        build("mnist", root=str(tmp_path))


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        (np.arange(9), "holds 10 pictures, train-labels-idx1-ubyte 9 labels"),
        (np.full(10, 77), "label 77; labels 0 to 9"),
    ],
)
def test_labels_that_do_not_fit_are_an_error(labels: np.ndarray, complaint: str, tmp_path: Path) -> None:
    (write_set(tmp_path / "mnist") / "train-labels-idx1-ubyte").write_bytes(idx(labels.astype(np.uint8)))
    with pytest.raises(UserError, match=complaint):
        build("mnist", root=str(tmp_path))


def test_pictures_of_two_sizes_are_an_error(tmp_path: Path) -> None:
    (write_set(tmp_path / "mnist") / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((4, 8, 8), np.uint8)))
    with pytest.raises(UserError, match="pictures of one size were expected"):
        build("mnist", root=str(tmp_path))


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a real server of the files in `folder`."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def test_a_set_is_fetched_once_with_a_progress_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    theirs = write_set(tmp_path / "theirs", gzipped=True)
    sums = tuple(md5(theirs / f"{name}.gz") for name in mnist.FILES)
    with served(theirs) as address:
        there = dataclasses.replace(mnist.MNIST, mirrors=(CLOSED, address), md5=sums)
        monkeypatch.setattr(mnist, "MNIST", there)
        monkeypatch.setattr(mnist, "RELATIVES", (there,))
        fetched = mnist.mnist(None, DataContext(root=str(tmp_path / "mine"), progress=True))
    assert "100" in capfd.readouterr().err
    assert {path.name for path in (tmp_path / "mine" / "mnist").iterdir()} == {f"{name}.gz" for name in mnist.FILES}
    again = mnist.mnist(None, DataContext(root=str(tmp_path / "mine")))  # the server is gone
    assert again.fingerprint == fetched.fingerprint


def test_without_leave_a_download_draws_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_bytes(b"content")
    with served(tmp_path / "theirs") as address:
        remote = Remote("file", md5(tmp_path / "theirs" / "file"), (f"{address}file",))
        fetch("it", [remote], tmp_path / "mine", progress=False, advice="")
    assert (tmp_path / "mine" / "file").read_bytes() == b"content"
    told = capfd.readouterr()
    assert told.out == told.err == ""


def test_a_wrong_checksum_leaves_no_file_behind(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_bytes(b"tampered with")
    with served(tmp_path / "theirs") as address:
        remote = Remote("file", "0" * 32, (f"{address}file",))
        with pytest.raises(UserError, match=r"corrupted.*MD5 0{32} was expected") as caught:
            fetch("it", [remote], tmp_path / "mine", progress=False, advice="put it there")
    assert caught.value.advice == "put it there"
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_missing_page_is_told_with_its_address(tmp_path: Path) -> None:
    with served(tmp_path) as address:
        remote = Remote("file", "0" * 32, (f"{address}file",))
        with pytest.raises(UserError, match=rf"{address}file: .*[Nn]ot [Ff]ound"):
            fetch("it", [remote], tmp_path / "mine", progress=False, advice="")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(UserError, match=r"it cannot be written to .*file"):
        fetch("it", [Remote("a", "", (CLOSED,))], tmp_path / "file", progress=False, advice="")


def test_the_whole_of_fashion_mnist_where_this_machine_has_it() -> None:
    system = Path("/usr/share/datasets/fashion-mnist")
    if not (system / "train-images-idx3-ubyte.gz").exists():
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    source = build("fashion-mnist", root=str(system))
    assert source.columns["image"].shape == (70_000, 1, 28, 28)
    assert np.bincount(source.columns["target"]).tolist() == [7000] * 10
