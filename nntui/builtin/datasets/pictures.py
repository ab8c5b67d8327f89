"""A person's picture, brought to what a network is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    from PIL import Image

Resize = Literal["auto", "crop", "pad", "stretch"]
"""How a picture of other proportions is made to fit: cropped at its longer sides, padded with black, or stretched;
auto: grey ones padded, colour ones cropped."""

SIXTEEN_BIT = ("I", "I;16", "I;16L", "I;16B", "I;16N")
"""Pillow's modes of pictures with more than 8 bits a pixel."""
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "PPM")
"""What is read, whatever a file is called. Pillow would run Ghostscript for others."""
ORIENTATION = 0x0112
"""EXIF's tag for how a camera was held; 5 and above: on its side."""
NO_PICTURE = "not a picture that can be read (JPEG, PNG, WebP, BMP, TIFF, GIF ...)"


WHITE = 65535
"""The value of a fully lit pixel of more than 8 bits."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What pictures are brought to: what `read_picture` takes besides their paths."""

    shape: tuple[int, int, int]
    """(C, H, W)"""
    top: int = 255
    resize: Resize = "auto"
    white: int = WHITE


def white_of(brightest: int) -> int:
    """The value of a fully lit pixel where the brightest of many, in files of more than 8 bits, has this one: cameras
    and scanners of 10, 12 or 14 bits write files of 16."""
    if brightest <= 255:  # there are none, or they hold 8 bits
        return WHITE
    return next(((1 << bits) - 1 for bits in (10, 12, 14) if brightest < 1 << bits), WHITE)


def read_picture(
    path: str | Path, shape: tuple[int, int, int], top: int, resize: Resize = "auto", white: int = WHITE
) -> npt.NDArray[np.uint8]:
    """A picture of any size and mode as uint8 (C, H, W) with values 0..`top`; `white` is the brightest that a pixel of
    more than 8 bits can be.

    Turned upright as its EXIF data says; transparent parts become black; made grey or RGB as C says; of an animation
    the first frame. Light on dark stays light on dark: digits and Fashion-MNIST are light on black, so a dark drawing
    on paper must be inverted before. Raises ValueError or OSError, naming the file.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    channels, height, width = shape
    if resize == "auto":
        resize = "pad" if channels == 1 else "crop"
    mode = "L" if channels == 1 else "RGB"
    try:
        with Image.open(path, formats=FORMATS) as opened:
            _shrunk_while_read(opened, mode, height, width, resize)
            check_area(opened)
            upright = ImageOps.exif_transpose(opened) if _turned(opened) else opened
            picture = _in_mode(upright, mode, white)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: there is no such file; the path of a picture was expected") from error
    except UnidentifiedImageError as error:
        raise ValueError(f"{path}: {NO_PICTURE}") from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path}: {too_large()}") from error
    except OSError as error:  # truncated data, no permission: the message alone names no file
        raise OSError(f"{path}: {error.strerror or error}") from error
    except Exception as error:
        raise ValueError(f"{path}: {str(error) or type(error).__name__}") from error

    pixels = np.asarray(_fitted(picture, width, height, resize), dtype=np.uint8)
    if top != 255:
        pixels = np.rint(pixels * (top / 255)).astype(np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _shrunk_while_read(picture: Image.Image, mode: str, height: int, width: int, resize: Resize) -> None:
    """Lets a JPEG be decoded at an eighth to the whole of its size, no smaller than what is needed."""
    if picture.format not in ("JPEG", "MPO"):
        return
    if _turned(picture):
        height, width = width, height
    down, right = height / picture.height, width / picture.width
    scale = min(down, right) if resize == "pad" else max(down, right)
    wanted = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture.draft(mode if picture.mode in ("L", "RGB", "YCbCr") else None, wanted)


def too_large(what: str = "its pixels are") -> str:
    from PIL import Image

    return f"{what} more than the {Image.MAX_IMAGE_PIXELS or 0:,} that are read: make it smaller"


def check_area(picture: Image.Image) -> None:
    """Half of what Pillow refuses by itself: it would take up to a gigabyte."""
    from PIL import Image

    most = Image.MAX_IMAGE_PIXELS
    if most is not None and picture.width * picture.height > most:
        raise ValueError(too_large(f"{picture.width:,} x {picture.height:,} pixels are"))


def _turned(picture: Image.Image) -> bool:
    return bool(picture.getexif().get(ORIENTATION, 1) != 1)


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Height and width as a person sees it; no pixel is read."""
    on_its_side = picture.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8)
    return (picture.width, picture.height) if on_its_side else (picture.height, picture.width)


def _fitted(picture: Image.Image, width: int, height: int, resize: Resize) -> Image.Image:
    from PIL import Image, ImageOps

    if picture.size == (width, height):
        return picture
    smaller = picture.width >= width and picture.height >= height
    resampling = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR  # BOX: the mean of the covered area
    if resize == "stretch":
        return picture.resize((width, height), resampling)
    if resize == "pad":
        return ImageOps.pad(picture, (width, height), method=resampling)
    return ImageOps.fit(picture, (width, height), method=resampling)


def _in_mode(picture: Image.Image, mode: str, white: int) -> Image.Image:
    from PIL import Image

    if picture.mode in SIXTEEN_BIT:
        values = np.asarray(picture)
        if values.max(initial=0) > 255:
            values = (values.astype(np.int64) * 255 + white // 2) // white  # convert() would clip everything above 255
        picture = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    elif picture.mode == "F":
        raise ValueError("its pixels are 32-bit floats of unknown range; save it with 8 or 16 bits a channel")
    elif picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", whole.size, (0, 0, 0, 255)), whole)
    return picture.convert(mode)
