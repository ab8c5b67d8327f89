"""The settings of the reader of arrays."""

from __future__ import annotations

from typing import Literal

from nntui import Params, param


class ArrayParams(Params):
    x: str | None = param(None, help="Name of the array with the inputs; empty: found (x, data, images, ...)")
    y: str | None = param(None, help="Name of the array with the answers; empty: found (y, labels, target, ...)")
    target: int | None = param(None, help="Of a single array: the column with the answers; -1: the last")
    kind: Literal["auto", "features", "image", "sequence"] = param(
        "auto", help="What a row is: numbers, a picture, or steps in time; auto: by its shape"
    )
    task: Literal["auto", "classes", "values"] = param(
        "auto", help="What is told; auto: whole numbers and text are classes, other numbers values"
    )
