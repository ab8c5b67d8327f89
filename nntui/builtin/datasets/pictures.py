"""A person's picture, brought to what a network was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

SIXTEEN_BIT = ("I", "I;16", "I;16L", "I;16B", "I;16N")
"""Pillow's modes of pictures with more than 8 bits a pixel."""


def read_picture(path: str, shape: tuple[int, int, int], top: int) -> npt.NDArray[np.uint8]:
    """A picture of any size and mode as uint8 (C, H, W) with values 0..`top`.

    Turned upright as its EXIF data says; transparent parts become black; made grey or RGB as C says. Its proportions
    are kept: a grey picture is padded with black, a colour one cropped at its longer sides. Light on dark stays light
    on dark: digits and Fashion-MNIST are light on black, so a dark drawing on paper must be inverted before.
    Raises ValueError or OSError, naming the file.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    channels, height, width = shape
    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            picture = _in_mode(upright, "L" if channels == 1 else "RGB")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: there is no such file; the path of a picture was expected") from error
    except UnidentifiedImageError as error:
        raise ValueError(f"{path}: not a picture that can be read (PNG, JPEG, WebP, BMP, TIFF, GIF ...)") from error
    except (Image.DecompressionBombError, SyntaxError, ValueError) as error:  # Pillow: SyntaxError for a broken PNG
        raise ValueError(f"{path}: {error}") from error
    except OSError as error:  # truncated data, no permission: the message alone names no file
        raise OSError(f"{path}: {error.strerror or error}") from error

    smaller = picture.width >= width and picture.height >= height
    resampling = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR  # BOX: the mean of the covered area
    fitted = ImageOps.pad if channels == 1 else ImageOps.fit
    pixels = np.asarray(fitted(picture, (width, height), method=resampling), dtype=np.uint8)
    if top != 255:
        pixels = np.rint(pixels * (top / 255)).astype(np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _in_mode(picture: Image.Image, mode: str) -> Image.Image:
    from PIL import Image

    if picture.mode in SIXTEEN_BIT:
        values = np.asarray(picture, dtype=np.int64)
        if values.max(initial=0) > 255:
            values = values // 257  # 65535 is white; convert() would clip everything above 255
        picture = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    elif picture.mode == "F":
        raise ValueError("its pixels are 32-bit floats of unknown range; save it with 8 or 16 bits a channel")
    elif picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", whole.size, (0, 0, 0, 255)), whole)
    return picture.convert(mode)
