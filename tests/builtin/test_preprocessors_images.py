"""A person's pictures, brought to what the network was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from opened import opened
from PIL import Image

from nntui.builtin.datasets.pictures import read_picture

GREY = (1, 28, 28)
COLOUR = (3, 32, 32)


def save(path: Path, pixels: np.ndarray, **options: object) -> str:
    Image.fromarray(pixels).save(path, **options)
    return str(path)


def test_a_picture_of_the_training_set_comes_back_as_it_is(tmp_path: Path) -> None:
    one = opened("fashion")
    raw = one.source.rows(np.arange(3))
    paths = [save(tmp_path / f"{row}.png", raw["image"][row, 0]) for row in range(3)]
    read = one.preprocessor.read(paths)
    assert (read["image"] == raw["image"]).all()
    assert "target" not in one.preprocessor.encode(read)


def test_a_digit_s_bitmap_is_counted_in_blocks_as_the_data_was(tmp_path: Path) -> None:
    """32x32 black and white, 4x4 blocks: a block of 16 lit pixels is 16 (Alpaydin and Kaynak)."""
    rng = np.random.default_rng(0)
    bitmap = rng.random((32, 32)) < 0.4
    counts = bitmap.reshape(8, 4, 8, 4).sum(axis=(1, 3))
    path = save(tmp_path / "digit.png", bitmap.astype(np.uint8) * 255)
    image = opened("digits").preprocessor.read([path])["image"]
    assert image.dtype == np.uint8
    assert np.abs(image[0, 0].astype(int) - counts).max() <= 1  # 255 levels stand between
    assert image.max() <= 16


@pytest.mark.parametrize("size", [(7, 5), (28, 28), (300, 400), (401, 97)])
@pytest.mark.parametrize("shape", [GREY, COLOUR, (1, 8, 8)])
def test_any_size_fits(size: tuple[int, int], shape: tuple[int, int, int], tmp_path: Path) -> None:
    path = save(tmp_path / "any.png", np.full((*size, 3), 200, dtype=np.uint8))
    pixels = read_picture(path, shape, 255)
    assert pixels.shape == shape
    assert pixels.dtype == np.uint8
    assert pixels.max() == 200


def test_a_wide_grey_picture_is_padded_with_black_and_a_colour_one_cropped(tmp_path: Path) -> None:
    path = save(tmp_path / "wide.png", np.full((20, 80, 3), 255, dtype=np.uint8))
    grey, colour = read_picture(path, GREY, 255), read_picture(path, COLOUR, 255)
    assert grey[0, 14].min() == 255
    assert grey[0, 0].max() == grey[0, -1].max() == 0
    assert colour.min() == 255


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "I"])
def test_every_mode_of_a_white_picture_is_white(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "white.tiff"
    if mode in ("I;16", "I"):
        Image.fromarray(np.full((40, 40), 65535, np.uint16 if mode == "I;16" else np.int32)).save(path)
    else:
        Image.new("RGB", (40, 40), "white").convert("RGBA" if mode == "LA" else "RGB").convert(mode).save(path)
    with Image.open(path) as saved:
        assert saved.mode == mode
    assert read_picture(str(path), GREY, 255).min() == 255
    assert read_picture(str(path), COLOUR, 255).min() == 255


def test_transparent_parts_are_black(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (28, 28), (255, 255, 255, 0)).save(path)
    assert read_picture(str(path), GREY, 255).max() == 0


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    pixels = np.zeros((28, 28), dtype=np.uint8)
    pixels[:, :14] = 255  # lit on the left; turned by 90 degrees clockwise: lit at the top
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "turned.png", pixels, exif=exif)
    assert read_picture(path, GREY, 255)[0, :14].min() == 255
    assert read_picture(path, GREY, 255)[0, 14:].max() == 0


def test_files_that_are_no_pictures_are_named(tmp_path: Path) -> None:
    read = opened("fashion").preprocessor.read
    with pytest.raises(ValueError, match="path of a picture was expected"):
        read([])
    with pytest.raises(OSError, match=r"nowhere\.png: there is no such file"):
        read([str(tmp_path / "nowhere.png")])
    (tmp_path / "text.png").write_text("not a picture", encoding="utf-8")
    with pytest.raises(ValueError, match=r"text\.png: not a picture that can be read"):
        read([str(tmp_path / "text.png")])
    whole = save(tmp_path / "cut.png", np.random.default_rng(0).integers(0, 256, (50, 50), dtype=np.uint8))
    Path(whole).write_bytes(Path(whole).read_bytes()[:900])
    with pytest.raises((ValueError, OSError), match=r"cut\.png: "):
        read([whole])
    Image.fromarray(np.zeros((9, 9), dtype=np.float32)).save(tmp_path / "float.tiff")
    with pytest.raises(ValueError, match=r"float\.tiff: .*32-bit floats"):
        read([str(tmp_path / "float.tiff")])


def test_a_picture_of_absurd_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "bomb.png", np.zeros((64, 64), dtype=np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match=r"bomb\.png: .*that are read"):
        read_picture(path, GREY, 255)


def test_an_example_shows_full_ink_as_white() -> None:
    one = opened("digits")
    raw = one.source.rows(np.arange(50))
    shown = np.stack([one.preprocessor.example(raw, row).content for row in range(50)])
    assert shown.shape == (50, 8, 8)
    assert shown.max() == 255
    assert ((shown == 255) == (raw["image"][:, 0] == 16)).all()


def test_mirror_images_mean_the_same_for_clothes_alone() -> None:
    assert opened("fashion").preprocessor.spec.inputs[0].mirror
    assert not opened("digits").preprocessor.spec.inputs[0].mirror


def test_pictures_stay_uint8_and_are_the_rows_themselves() -> None:
    one = opened("digits")
    encoded = one.preprocessor.encode(one.source.rows(np.array([5, 2])))
    assert encoded["image"].dtype == torch.uint8
    assert (encoded["image"].numpy() == one.source.columns["image"][[5, 2]]).all()
