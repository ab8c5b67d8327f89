"""Pictures as a person has them: real ones of clothes, written as files."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nntui.builtin.datasets.own.picture_params import PictureParams
from nntui.builtin.datasets.own.picture_source import PictureRows, build
from nntui.builtin.datasets.shipped_images import fashion
from nntui.hooks.data import DataContext
from nntui.hooks.params import NoParams

SNEAKER, SHIRT = 7, 6


@cache
def clothes(code: int) -> np.ndarray:
    """uint8 (n, 28, 28)."""
    source = fashion(NoParams(), DataContext())
    assert source.targets is not None
    return np.asarray(source.rows(np.flatnonzero(source.targets == code))["image"][:, 0])


def write(folder: Path, code: int, count: int, start: int = 0, ending: str = "png", colour: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(clothes(code)[start : start + count], start):
        picture = Image.fromarray(pixels)
        (picture.convert("RGB") if colour else picture).save(folder / f"{number:03}.{ending}")


def two_classes(folder: Path, count: int = 12, start: int = 0) -> Path:
    write(folder / "sneaker", SNEAKER, count, start)
    write(folder / "shirt", SHIRT, count, start)
    return folder


def opened(path: Path, test: Path | None = None, group: str | None = None, **params: Any) -> PictureRows:
    context = DataContext(path=str(path), test=None if test is None else str(test), group=group)
    return build(PictureParams(**params), context)


def everything(source: PictureRows) -> np.ndarray:
    return np.asarray(source.rows(np.arange(len(source)))["image"])


def told(source: PictureRows, kind: str) -> str:
    return "\n".join(finding.in_words() for finding in source.report.findings if finding.kind == kind)


def huge_png(path: Path, side: int = 50_000) -> None:
    """A picture of 50,000 x 50,000 pixels in some hundred bytes: its header is whole, of its pixels the first are."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(100_000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
