"""The preprocessor of a person's arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.answers import class_predictions, true_answers, value_predictions
from nntui.builtin.datasets.own.array_files import Stored
from nntui.builtin.datasets.own.array_kinds import KIND
from nntui.builtin.datasets.own.array_layout import SUFFIXES, arrays_at, listed, role_of
from nntui.builtin.datasets.own.arrays import ArrayFacts
from nntui.builtin.datasets.own.look import files_below, kind_of
from nntui.builtin.datasets.pictures import read_picture
from nntui.builtin.datasets.source import facts_of
from nntui.builtin.datasets.state import from_plain, to_plain
from nntui.hooks.data import Asked, DataSpec, Example, InputSpec, Modality, Prediction, TargetSpec

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from nntui.hooks.data import Indices, Preprocessor, Raw, Source
    from nntui.hooks.params import Params

    Array = npt.NDArray[Any]  # of any dtype

CHUNK = 16 << 20
"""Bytes of rows that are looked at together."""
FOR_MEDIANS = 20_000
"""Training rows, evenly chosen, from which medians are taken where numbers are missing."""
MODALITY: dict[str, Modality] = {"features": "table", "image": "image", "sequence": "series"}
YES = 0.5
"""Probability from which a label is told as present."""


@dataclass(frozen=True, kw_only=True)
class ArrayPreprocessor:
    """One input. `features` float32 (N, F), a 0/1 column behind them for each that had gaps; `image` uint8 or float32
    (N, C, H, W); `sequence` float32 (N, T, F). What is NaN or infinite is filled: features with the median of the
    training rows, others with the mean of their channel."""

    facts: ArrayFacts
    mean: tuple[float, ...]
    std: tuple[float, ...]
    medians: tuple[float, ...] = ()
    """Of features; empty where no training row has a gap."""
    flagged: tuple[int, ...] = ()
    """Features that had gaps in training rows."""
    low: float = 0.0
    high: float = 1.0
    """Of a picture's numbers: what is shown black, and what white."""
    target_mean: tuple[float, ...] = ()
    target_std: tuple[float, ...] = ()

    takes = f"arrays ({', '.join(SUFFIXES)}), or a folder of them"

    @property
    def kind(self) -> str:
        return KIND[self.facts.form]

    @property
    def spec(self) -> DataSpec:
        shape = _laid(self.facts)
        if self.kind == "features":
            shape = (shape[0] + len(self.flagged),)
        item = InputSpec(
            name=self.kind,
            kind=KIND[self.facts.form],
            shape=shape,
            dtype="uint8" if self.facts.pixels else "float32",
            mean=self.mean,
            std=self.std,
            time_axis=0 if self.kind == "sequence" else None,
        )
        target = TargetSpec(
            kind=self.facts.target,
            size=len(self.facts.names),
            names=self.facts.names,
            mean=self.target_mean,
            std=self.target_std,
        )
        return DataSpec(modality=MODALITY[self.kind], inputs=(item,), target=target)

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> ArrayPreprocessor:  # noqa: ARG003 — in the facts
        facts = facts_of(source, ArrayFacts)
        sums = _Sums()
        targets: list[Array] = []
        for rows in _pieces(source, train, facts):
            sums.add(_by_channel(_floats(rows["x"], facts), facts))
            if facts.target == "values":
                targets.append(rows["target"])
        mean, std = sums.moments()
        medians, flagged = _gaps(source, train, sums.missing) if facts.form == "features" else ((), ())
        told = np.concatenate(targets).astype(np.float64) if targets else np.zeros((1, 0))
        deviation = told.std(axis=0)
        return cls(
            facts=facts,
            # Flags stay 0 and 1, as in tables.
            mean=(*mean.tolist(), *(0.0 for _ in flagged)),
            std=(*std.tolist(), *(1.0 for _ in flagged)),
            medians=medians,
            flagged=flagged,
            low=sums.low,
            high=sums.high if sums.high > sums.low else sums.low + 1.0,
            target_mean=tuple(told.mean(axis=0).tolist()),
            target_std=tuple(np.where(deviation > 0, deviation, 1.0).tolist()),
        )

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        import torch

        x = self._checked(raw["x"])
        if self.facts.pixels:
            made = np.ascontiguousarray(_arranged(np.asarray(x, dtype=np.uint8), self.facts))
        else:
            made = self._filled(x)
        return {self.kind: torch.from_numpy(made), **true_answers(raw)}

    def _filled(self, x: Array) -> Array:
        floats = _floats(x, self.facts)
        gaps = ~np.isfinite(floats)
        if self.kind == "features":
            if gaps.any():
                instead = np.asarray(self.medians or self.mean[: floats.shape[1]])
                floats = np.where(gaps, instead, floats)
            flags = gaps[:, list(self.flagged)]
            return np.concatenate([floats, flags], axis=1).astype(np.float32)
        arranged = _arranged(floats, self.facts)
        if gaps.any():
            mean = np.asarray(self.mean)
            instead = mean[:, None, None] if self.kind == "image" else mean
            arranged = np.where(np.isfinite(arranged), arranged, instead)
        return np.ascontiguousarray(arranged, dtype=np.float32)

    def decode(self, output: Tensor) -> list[Prediction]:
        names = self.facts.names
        if self.facts.target == "classes":
            return class_predictions(output, names)
        if self.facts.target == "values":
            return value_predictions(output, names, ("",) * len(names))
        predictions = []
        for row in output.tolist():
            present = [name for name, share in zip(names, row, strict=True) if share >= YES]
            ranked = sorted(range(len(row)), key=lambda i: (-row[i], i))
            shares = {names[i]: row[i] for i in ranked}
            predictions.append(Prediction(label=", ".join(present) or "none", value=present, probabilities=shares))
        return predictions

    def read(self, inputs: Sequence[str]) -> Raw:
        """Rows of arrays in files and folders; of features also the numbers themselves, "1.5,0,3"."""
        asked = list(self.ask(inputs, 1 << 30))
        return {"x": np.concatenate([one.raw["x"] for one in asked])}

    def ask(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        """As `read`, about `size` rows at a time."""
        if not inputs:
            raise ValueError("the path of arrays (.npy, .npz, .safetensors) was expected")
        for text in inputs:
            path = Path(text).expanduser()
            if self.kind == "features" and (typed := _typed(text)) is not None:
                yield Asked(raw={"x": self._checked(typed[None], text)}, names=[text])
                continue
            if self.kind == "image" and kind_of(path) == "image" and path.exists():
                yield Asked(raw={"x": self._read_picture(path)}, names=[text])
                continue
            for one in _inputs_of(path, self.facts):
                array = one.load()
                if array.shape == self.facts.shape and array.ndim:
                    array = array[None]  # a single row
                for at in range(0, len(array), size):
                    part = array[at : at + size]
                    names = [f"{one.place}, row {row}" for row in range(at, at + len(part))]
                    yield Asked(raw={"x": self._checked(part, one.place)}, names=names)

    def _read_picture(self, path: Path) -> Array:
        """A picture from a file, as a row (1, ...) of the size and the range of the training's."""
        shape = _laid(self.facts)
        if shape[0] not in (1, 3):
            raise ValueError(
                f"{path}: pictures of {shape[0]} channels cannot be had from a file; an array was expected"
            )
        picture = read_picture(path, (shape[0], shape[1], shape[2]), 255)
        laid = picture.transpose(1, 2, 0) if self.facts.form == "HWC" else picture.reshape(self.facts.shape)
        if self.facts.pixels:
            return np.asarray(laid[None])
        return np.asarray(laid[None] / 255 * (self.high - self.low) + self.low)

    def given(self, array: Array) -> Raw:
        """Rows that a program holds. Raises ValueError where they are not as in training."""
        return {"x": self._checked(array, "the array")}

    def _checked(self, array: Array, place: str = "the array") -> Array:
        """Rows as they were in training, of an array (N, ...) or of one row. Raises ValueError where they are not."""
        facts = self.facts
        array = np.asarray(array)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{place} holds {array.dtype}; numbers were expected")
        if array.shape == facts.shape:
            array = array[None]
        if facts.form == "features":
            array = array.reshape(len(array), -1) if array.ndim else array
            if facts.column is not None and array.ndim == 2 and array.shape[1] == facts.shape[0] + 1:
                array = np.delete(array, facts.column, axis=1)
        if array.shape[1:] != facts.shape or not array.ndim:
            expected = ", ".join(["N", *map(str, facts.shape)])
            raise ValueError(f"{place} has shape {array.shape}; ({expected}) was expected, as in training")
        if facts.pixels and array.dtype not in (np.uint8, np.bool_):
            raise ValueError(f"{place} holds {array.dtype}; pictures of uint8, 0 to 255, were expected, as in training")
        return array

    def example(self, raw: Raw, row: int) -> Example:
        """A picture; the numbers of a row; or the curves of a sequence."""
        x = np.asarray(raw["x"][row])
        label = _label(raw, row, self.facts)
        if self.kind == "image":
            return Example(kind="image", content=self._picture(x), label=label)
        values = np.nan_to_num(x.astype(np.float64), posinf=0.0, neginf=0.0)
        if self.kind == "sequence":
            curves = values[:, None] if values.ndim == 1 else values
            shown = {
                str(i): [float(f"{v:.4g}") for v in curves[:200, i].tolist()] for i in range(min(4, curves.shape[1]))
            }
            return Example(kind="json", content=shown, label=label)
        flat = values.ravel()[:30].tolist()
        return Example(kind="json", content={str(i): float(f"{v:.6g}") for i, v in enumerate(flat)}, label=label)

    def _picture(self, x: Array) -> Array:
        """uint8 (H, W) or (H, W, 3)."""
        shown = _arranged(x[None], self.facts)[0].astype(np.float64)
        if self.facts.pixels and x.dtype != np.bool_:
            shown = np.clip(shown, 0, 255).astype(np.uint8)
        else:
            scaled = np.nan_to_num((shown - self.low) / (self.high - self.low)) * 255
            shown = np.clip(scaled, 0, 255).astype(np.uint8)
        picture: Array = shown[:3].transpose(1, 2, 0) if len(shown) >= 3 else shown[0]
        return picture

    def to_json(self) -> dict[str, Any]:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ArrayPreprocessor:
        return from_plain(cls, data)


class _Sums:
    """Mean and deviation of each channel of finite numbers, in pieces (Chan et al. 1979), which loses no digits."""

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf
        self._count: Array = np.zeros(1)
        self._mean: Array = np.zeros(1)
        self._apart: Array = np.zeros(1)
        self.missing: Array = np.zeros(1, np.bool_)

    def add(self, rows: Array) -> None:
        """rows: (M, channels), float64."""
        fine = np.isfinite(rows)
        count = fine.sum(axis=0)
        filled = np.where(fine, rows, 0.0)
        mean = filled.sum(axis=0) / np.maximum(count, 1)
        apart = np.where(fine, np.square(rows - mean, where=fine, out=np.zeros_like(rows)), 0.0).sum(axis=0)
        total = np.maximum(self._count + count, 1)
        shift = mean - self._mean
        self._apart = self._apart + apart + np.square(shift) * self._count * count / total
        self._mean = self._mean + shift * count / total
        self._count = self._count + count
        self.missing = self.missing | ~fine.all(axis=0)
        if fine.any():
            self.low = min(self.low, float(rows[fine].min()))
            self.high = max(self.high, float(rows[fine].max()))

    def moments(self) -> tuple[Array, Array]:
        if not np.isfinite(self.low):
            self.low, self.high = 0.0, 1.0
        std = np.sqrt(self._apart / np.maximum(self._count, 1))
        return self._mean, np.where(std > 0, std, 1.0)


def _pieces(source: Source, train: Indices, facts: ArrayFacts) -> Iterator[Raw]:
    size = max(1, CHUNK // (8 * int(np.prod(facts.shape))))
    for at in range(0, len(train), size):
        yield source.rows(train[at : at + size])


def _gaps(source: Source, train: Indices, missing: Array) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Medians of features, and which have gaps; both empty where none has."""
    if not missing.any():
        return (), ()
    some = train[np.linspace(0, len(train) - 1, min(len(train), FOR_MEDIANS)).astype(np.int64)]
    floats = np.asarray(source.rows(some)["x"], dtype=np.float64)
    medians = []
    for column in floats.T:
        fine = column[np.isfinite(column)]
        medians.append(float(np.median(fine)) if len(fine) else 0.0)
    return tuple(medians), tuple(np.flatnonzero(missing).tolist())


def _floats(x: Array, facts: ArrayFacts) -> Array:
    floats = np.asarray(x, dtype=np.float64)
    return floats.reshape(len(floats), -1) if facts.form == "features" else floats


def _laid(facts: ArrayFacts) -> tuple[int, ...]:
    """The shape of one row as a network takes it."""
    shape = facts.shape
    if facts.form == "HW":
        return (1, *shape)
    if facts.form == "HWC":
        return (shape[2], shape[0], shape[1])
    if facts.form == "steps" and len(shape) == 1:
        return (shape[0], 1)
    return shape


def _arranged(x: Array, facts: ArrayFacts) -> Array:
    """Rows (N, ...) as a network takes them: channels first, a last axis for what is told at each step."""
    if facts.form == "HWC":
        return x.transpose(0, 3, 1, 2)
    return x.reshape(len(x), *_laid(facts))


def _by_channel(x: Array, facts: ArrayFacts) -> Array:
    """(M, channels): what shares a mean."""
    if facts.form == "features":
        return x
    arranged = _arranged(x, facts)
    if KIND[facts.form] == "image":
        arranged = np.moveaxis(arranged, 1, -1)
    return arranged.reshape(-1, arranged.shape[-1])


def _label(raw: Raw, row: int, facts: ArrayFacts) -> str:
    if "target" not in raw:
        return ""
    told = raw["target"][row]
    if facts.target == "classes":
        return facts.names[int(told)]
    if facts.target == "values":
        return ", ".join(f"{float(value):.4g}" for value in told)
    return ", ".join(name for name, value in zip(facts.names, told, strict=True) if value > YES) or "none"


def _typed(text: str) -> Array | None:
    """Numbers as they are typed, "1.5,0,3" or "0=1.5,1=0,2=3"; a gap is a missing one."""
    try:
        return np.array([float(part.rpartition("=")[2] or "nan") for part in text.split(",")])
    except ValueError:
        return None


def _inputs_of(path: Path, facts: ArrayFacts) -> list[Stored]:
    """The inputs in a file, or in every file of a folder and below it. Raises ValueError or OSError."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file; arrays (.npy, .npz, .safetensors) were expected")
    files = [path]
    if path.is_dir():
        files = [file for file in files_below(path) if file.suffix.lower() in SUFFIXES]
        files = [
            file for file in files if file.suffix.lower() != ".npy" or role_of(file.stem)[0] not in ("y", "classes")
        ]
    found = []
    for file in files:
        arrays = arrays_at(file)
        fitting = [one for name, one in arrays.items() if name == facts.x or role_of(name)[0] == "x"]
        if len(arrays) == 1:
            fitting = list(arrays.values())
        if not fitting:
            raise ValueError(f"{file} has no inputs: it has {listed(arrays)}; {facts.x} was expected")
        found += fitting
    if not found:
        raise ValueError(f"{path} holds no arrays (.npy, .npz, .safetensors)")
    return found


if TYPE_CHECKING:
    _: type[Preprocessor] = ArrayPreprocessor
