"""The preprocessor of pictures of one size and a few classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.answers import class_predictions, true_answers, true_class
from nntui.builtin.datasets.own.picture_asking import ask_pictures
from nntui.builtin.datasets.pictures import WHITE, Resize, Seen, read_picture
from nntui.builtin.datasets.source import facts_of
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.hooks.data import DataSpec, Example, InputSpec, Prediction, TargetSpec

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from nntui.hooks.data import Asked, Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

CHUNK = 4096
"""Rows looked at together while the statistics are taken."""


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What is known of a set of pictures. Its rows: `image` uint8 (N, C, H, W), `target` int64 (N,)."""

    classes: tuple[str, ...]
    top: int = 255
    """The value of a fully lit pixel."""
    mirror: bool = False
    """Whether a mirror image means the same."""
    resize: Resize = "auto"
    """How pictures of other proportions are made to fit."""
    white: int = WHITE
    """The value of a fully lit pixel in files of more than 8 bits."""


@dataclass(frozen=True, kw_only=True)
class ImagePreprocessor:
    """Pictures stay uint8 (C, H, W); mean and deviation of each channel are those of the training rows."""

    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    top: int
    mirror: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: Resize = "auto"
    white: int = WHITE

    @property
    def _seen(self) -> Seen:
        return Seen(shape=self.shape, top=self.top, resize=self.resize, white=self.white)

    @property
    def spec(self) -> DataSpec:
        image = InputSpec(
            name="image",
            kind="image",
            shape=self.shape,
            dtype="uint8",
            mean=self.mean,
            std=self.std,
            mirror=self.mirror,
        )
        target = TargetSpec(kind="classes", size=len(self.classes), names=self.classes)
        return DataSpec(modality="image", inputs=(image,), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> ImagePreprocessor:  # noqa: ARG003 — nothing to set
        facts = facts_of(source, ImageFacts)
        counts = _value_counts(source, train)
        values = np.arange(counts.shape[1])
        seen = np.maximum(counts.sum(axis=1), 1)
        mean = (counts * values).sum(axis=1) / seen
        variance = (counts * (values - mean[:, None]) ** 2).sum(axis=1) / seen
        image = source.rows(train[:1])["image"]
        return cls(
            classes=facts.classes,
            shape=tuple(image.shape[1:]),
            top=facts.top,
            mirror=facts.mirror,
            mean=tuple(mean.tolist()),
            std=tuple(np.where(variance > 0, np.sqrt(variance), 1.0).tolist()),
            resize=facts.resize,
            white=facts.white,
        )

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        return {"image": torch.from_numpy(np.ascontiguousarray(raw["image"])), **true_answers(raw)}

    def decode(self, output: Tensor) -> list[Prediction]:
        return class_predictions(output, self.classes)

    def read(self, inputs: Sequence[str]) -> Raw:
        """Pictures from files that Pillow reads, brought to the training size (see `read_picture`)."""
        if not inputs:
            raise ValueError("the path of a picture was expected")
        pictures = [read_picture(path, self.shape, self.top, self.resize, self.white) for path in inputs]
        return {"image": np.stack(pictures)}

    def ask(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        """Pictures of files, folders and tables of paths, piece by piece, brought to the training size."""
        return ask_pictures(inputs, size, self._seen)

    def example(self, raw: Raw, row: int) -> Example:
        picture = raw["image"][row].astype(np.uint16) * 255 // self.top
        shown = picture.astype(np.uint8)
        label = true_class(raw, row, self.classes)
        return Example(kind="image", content=shown[0] if len(shown) == 1 else shown.transpose(1, 2, 0), label=label)

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ImagePreprocessor:
        return from_plain(cls, data)


def _value_counts(source: Source, train: Indices) -> npt.NDArray[np.int64]:
    """How often each pixel value occurs in each channel of the training rows, (C, 256); exact, unlike running sums."""
    counts: npt.NDArray[np.int64] | None = None
    for at in range(0, len(train), CHUNK):
        images = source.rows(train[at : at + CHUNK])["image"]
        if counts is None:
            counts = np.zeros((images.shape[1], 256), dtype=np.int64)
        for channel, of_channel in enumerate(counts):
            of_channel += _counted(images[:, channel].ravel())
    if counts is None:
        raise ValueError("no training rows")
    return counts


def _counted(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """How often each byte occurs, (256,). Counted in pairs, of which there are half as many: in half the time."""
    pairs = values[: len(values) // 2 * 2].view(np.uint16)
    of_pairs = np.bincount(pairs, minlength=1 << 16).reshape(256, 256)
    counts: npt.NDArray[np.int64] = of_pairs.sum(axis=0) + of_pairs.sum(axis=1)
    if len(values) % 2:
        counts[values[-1]] += 1
    return counts


if TYPE_CHECKING:
    _: type[Preprocessor] = ImagePreprocessor
