"""How pictures are to be seen: their size, grey or colour, whether a mirror image means the same. From a sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntui.builtin.datasets.own.picture_params import PictureParams

SAMPLE = 96
"""Pictures that are looked at."""
KEPT = 64
"""Pictures of one size up to this stay as they are."""
TINT = 4
"""Levels by which the colours of a grey picture may differ, since a JPEG rounds."""

_LAST = re.compile(r"(?:\d+|[^\W\d_])")
_SIDES = re.compile(r"\b(left|right|clockwise|counterclockwise|anticlockwise)\b", re.IGNORECASE)
_NUMBERS = frozenset(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How pictures are to be seen."""

    height: int
    width: int
    channels: int
    mirror: bool
    mirror_why: str
    seen: str
    """Of what size most are, in words."""
    white: int
    """The value of a fully lit pixel, in files of more than 8 bits."""

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width


def largest_side(rows: int) -> int:
    """The side that pictures are shrunk to by default, so that the default network reads them for long enough within a
    minute on two cores: it sees about 40 million pixels in that time."""
    return 64 if rows <= 300 else 48 if rows <= 1000 else 32


def epochs_for(rows: int) -> int:
    """Passes over the pictures in that time."""
    return int(np.clip(38_000_000 // (max(rows, 1) * largest_side(rows) ** 2), 5, 40))


def plan_for(paths: Sequence[str], classes: Sequence[str], params: PictureParams) -> Plan | None:
    """From a sample, spread evenly; None where not one of it can be read."""
    from nntui.builtin.datasets.own.picture_decoding import on_all_cores
    from nntui.builtin.datasets.pictures import white_of

    at = np.unique(np.linspace(0, len(paths) - 1, min(SAMPLE, len(paths))).astype(np.int64)).tolist()
    looks = [look for look in on_all_cores(_look, [paths[i] for i in at]) if look is not None]
    if not looks:
        return None
    sizes = np.array([(height, width) for height, width, *_ in looks])
    height, width = params.sides() or _sides(sizes, largest_side(len(paths)))
    grey = all(grey for _, _, grey, _ in looks) if params.colour == "auto" else params.colour == "grey"
    mirror, why = _mirror(classes, params)
    common = np.median(sizes, axis=0).astype(int).tolist()
    alike = "all" if (sizes == sizes[0]).all() else "about"
    return Plan(
        height=height,
        width=width,
        channels=1 if grey else 3,
        mirror=mirror,
        mirror_why=why,
        seen=f"{alike} {common[0]} x {common[1]}",
        white=white_of(max(brightest for *_, brightest in looks)),
    )


def _look(path: str) -> tuple[int, int, bool, int] | None:
    """Height and width, whether it is grey, and its brightest value where it has more than 8 bits, else the brightest
    that there is; None where it cannot be read."""
    from PIL import Image

    from nntui.builtin.datasets.pictures import FORMATS, SIXTEEN_BIT, check_area, read_picture, upright_size

    try:
        with Image.open(path, formats=FORMATS) as picture:
            size = upright_size(picture)
            if picture.mode in SIXTEEN_BIT:
                check_area(picture)
                return *size, True, int(np.asarray(picture).max(initial=0))
            if picture.mode in ("1", "L", "LA", "F"):
                return *size, True, 0
        colours = read_picture(path, (3, 64, 64), 255, "stretch").astype(np.int16)
    except Exception:  # noqa: BLE001 - told with all that cannot be read, when they all are
        return None
    return *size, int(np.ptp(colours, axis=0).max()) <= TINT, 0


def _sides(sizes: np.ndarray, largest: int) -> tuple[int, int]:
    """As they are where they are small and alike; else of the proportions that most have, the longer side `largest`."""
    if (sizes == sizes[0]).all() and sizes[0].max() <= KEPT and (sizes[0].max() <= 32 or sizes[0].max() <= largest):
        return int(sizes[0][0]), int(sizes[0][1])
    longest = float(min(largest, np.median(sizes.max(axis=1))))
    ratios = sizes[:, 0] / sizes[:, 1]
    ratio = float(np.median(ratios))
    alike = np.mean(np.abs(ratios / ratio - 1) < 0.15) > 0.8
    ratio = float(np.clip(ratio, 1 / 3, 3)) if alike else 1.0
    return _whole(longest * min(1.0, ratio)), _whole(longest * min(1.0, 1 / ratio))


def _whole(side: float) -> int:
    """A multiple of 4, which halves twice."""
    return max(8, round(side / 4) * 4)


def _mirror(classes: Sequence[str], params: PictureParams) -> tuple[bool, str]:
    """Whether a mirror image means the same, judged by the names of the classes."""
    if params.mirror != "auto":
        return params.mirror == "yes", "as asked"
    if any(_SIDES.search(re.sub(r"[_\W]+", " ", name)) for name in classes):
        return False, "a class is called left or right"
    common = len(_common_start(classes))
    ends = [name[common:].strip(" _-") or name for name in classes]
    if all(_LAST.fullmatch(end) or end.lower() in _NUMBERS for end in ends) or all(
        name.lower() in _NUMBERS for name in classes
    ):
        return False, "the classes are called like digits or letters"
    return True, "the classes are not called like digits or letters"


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return re.sub(r"\d+$", "", first[:length])
