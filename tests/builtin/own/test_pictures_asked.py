"""What a trained network is asked about: files, folders and tables of pictures; and broken files of every kind."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_pictures import SHIRT, clothes, huge_png, opened, two_classes, write
from PIL import Image

import nntui
from nntui.builtin.datasets.images import ImagePreprocessor
from nntui.builtin.datasets.pictures import read_picture
from nntui.hooks.params import NoParams


@pytest.fixture
def fitted(tmp_path: Path) -> ImagePreprocessor:
    source = opened(two_classes(tmp_path / "own"))
    return ImagePreprocessor.fit(source, np.arange(len(source)), NoParams())


def test_folders_files_and_tables_are_read_piece_by_piece(fitted: ImagePreprocessor, tmp_path: Path) -> None:
    new = tmp_path / "new"
    write(new / "deep", SHIRT, 3, 20)
    write(new, SHIRT, 2, 30)
    (new / "notes.txt").touch()
    (new / "broken.png").write_text("no picture", encoding="utf-8")
    (new / "list.csv").write_text("file,x\ndeep/020.png,1\nnone.png,2\n", encoding="utf-8")
    pieces = list(fitted.ask([str(new), str(new / "030.png"), str(new / "list.csv")], 3))
    names = [name for piece in pieces for name in piece.names]
    assert [str(Path(name).relative_to(new)) for name in names] == [
        "030.png", "031.png", "deep/020.png", "deep/021.png", "deep/022.png", "030.png", "deep/020.png",
    ]  # fmt: skip
    assert all(len(piece.raw["image"]) == len(piece.names) <= 3 for piece in pieces)
    images = np.concatenate([piece.raw["image"] for piece in pieces])
    assert np.array_equal(images[[0, 2], 0], clothes(SHIRT)[[30, 20]])
    told = "\n".join(finding.in_words() for piece in pieces for finding in piece.findings)
    for lost in ("notes.txt", "broken.png", "none.png"):
        assert lost in told


def test_nothing_to_ask_about_is_said(fitted: ImagePreprocessor, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no picture"):
        list(fitted.ask([str(tmp_path / "empty")], 10))
    with pytest.raises(ValueError, match="path of a picture"):
        list(fitted.ask([], 10))
    nowhere = list(fitted.ask([str(tmp_path / "nowhere.png"), "\0", "x" * 5000], 10))
    assert [len(piece.names) for piece in nowhere] == [0]
    assert len(nowhere[0].findings) == 3


def test_prediction_sees_what_training_saw(tmp_path: Path) -> None:
    """Photographs, JPEG, another shape: the same bytes in training and in prediction."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(3):
            noise = rng.integers(0, 256, (9, 12 + number, 3), np.uint8)
            Image.fromarray(noise).resize((400 + 40 * number, 300)).save(tmp_path / name / f"{number}.jpg")
    for resize in ("crop", "pad", "stretch"):
        source = opened(tmp_path, size="24x32", resize=resize)
        fitted = ImagePreprocessor.fit(source, np.arange(6), NoParams())
        again = ImagePreprocessor.from_json(fitted.to_json())
        read = again.read([str(tmp_path / name) for name in source.names])
        assert np.array_equal(read["image"], source.rows(np.arange(6))["image"])


@pytest.mark.parametrize("feed", ["resident", "streaming"])
def test_a_run_on_kept_pictures_gives_the_same_weights_however_it_is_fed(
    feed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nntui.builtin.datasets.own import picture_store

    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    two_classes(tmp_path / "own", 40)
    settings = {"data": {"path": str(tmp_path / "own")}, "arch": {"name": "cnn", "channels": [4]}}
    in_memory = nntui.train({**settings, "training": {"epochs": 2}}, runs=tmp_path, name="memory")
    monkeypatch.setattr(picture_store, "FEW", 1)
    other = nntui.train({**settings, "training": {"epochs": 2, "feed": feed}}, runs=tmp_path, name=feed)
    weights = [(run.path / "model" / "model.safetensors").read_bytes() for run in (in_memory, other)]
    assert weights[0] == weights[1]
    assert other.metrics == in_memory.metrics
    assert len(list((tmp_path / "cache" / "pictures").iterdir())) == 1


def _files() -> list[bytes]:
    found = []
    for form, mode in (("PNG", "L"), ("JPEG", "RGB"), ("GIF", "P"), ("BMP", "RGB"), ("TIFF", "L"), ("WEBP", "RGB")):
        buffer = io.BytesIO()
        Image.fromarray(clothes(SHIRT)[0]).convert(mode).save(buffer, form)
        found.append(buffer.getvalue())
    return found


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of odd metadata
@settings(max_examples=150, deadline=None)
@given(
    file=st.sampled_from(_files()),
    keep=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), max_size=4),
)
def test_a_broken_file_is_a_picture_or_an_error_that_is_told(
    tmp_path_factory: pytest.TempPathFactory, file: bytes, keep: float, changes: list[tuple[float, bytes]]
) -> None:
    content = bytearray(file[: round(keep * len(file))])
    for place, new in changes:
        at = int(place * len(content))
        content[at : at + len(new)] = new
    path = tmp_path_factory.getbasetemp() / "broken.png"
    path.write_bytes(content)
    try:
        pixels = read_picture(path, (3, 16, 16), 255)
    except (ValueError, OSError) as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert pixels.shape == (3, 16, 16)


def test_a_picture_of_absurd_size_takes_no_memory(fitted: ImagePreprocessor, tmp_path: Path) -> None:
    huge_png(tmp_path / "huge.png")
    (piece,) = fitted.ask([str(tmp_path / "huge.png")], 10)
    assert not piece.names
    assert "that are read" in piece.findings[0].message
