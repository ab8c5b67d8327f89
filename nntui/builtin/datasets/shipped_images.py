"""digits and fashion: the pictures that ship with nntui."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.images import ImageFacts
from nntui.builtin.datasets.labels import DIGITS, FASHION
from nntui.builtin.datasets.mnist import from_idx
from nntui.builtin.datasets.shipped import shipped
from nntui.builtin.datasets.source import Rows, fingerprint

if TYPE_CHECKING:
    from nntui.hooks.data import DataContext
    from nntui.hooks.params import Params


def digits(params: Params, context: DataContext) -> Rows[ImageFacts]:  # noqa: ARG001 — nothing to set
    """1,797 hand-written digits, `image` (1797, 1, 8, 8) with values 0..16."""
    text = gzip.decompress(shipped("digits", "digits.csv.gz").read_bytes()).decode("ascii")
    table = np.array([line.split(",") for line in text.split()], dtype=np.uint8)
    images, labels = table[:, :-1].reshape(-1, 1, 8, 8), table[:, -1].astype(np.int64)
    return Rows(
        columns={"image": np.ascontiguousarray(images), "target": labels},
        facts=ImageFacts(classes=DIGITS, top=16),
        fingerprint=fingerprint([table.tobytes()]),
        targets=labels,
    )


def fashion(params: Params, context: DataContext) -> Rows[ImageFacts]:  # noqa: ARG001 — nothing to set
    """1,500 + 500 pictures of clothes, `image` (2000, 1, 28, 28)."""
    return from_idx(shipped("fashion"), ImageFacts(classes=FASHION, mirror=True))
