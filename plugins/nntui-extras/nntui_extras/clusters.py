"""Gaussian clusters in the plane: their source of rows, and what makes tensors of them.

NumPy's PCG64 gives the same points for the same settings on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import nntui

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from nntui_extras.plugin import ClustersParams

    Indices = npt.NDArray[np.int64]


class Clusters:
    """A nntui.Source of points (float32, N x 2), each with its cluster's number."""

    groups = None
    time = None

    def __init__(self, params: ClustersParams) -> None:
        random = np.random.default_rng(params.seed)
        self.names = tuple(f"cluster {number + 1}" for number in range(params.clusters))
        self.targets: npt.NDArray[np.int64] = np.arange(params.n, dtype=np.int64) % params.clusters
        angle = 2 * np.pi * self.targets / params.clusters
        centres = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points = centres + random.normal(0.0, params.spread, centres.shape)
        # a cosine's last bit differs between machines; the fingerprint must not
        self.points: npt.NDArray[np.float32] = np.round(points, 5).astype(np.float32)
        self.given: dict[Any, Indices] = {}  # no split of its own: nntui makes one

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.points.tobytes() + self.targets.tobytes()).hexdigest()

    def __len__(self) -> int:
        return len(self.points)

    def rows(self, index: Indices) -> nntui.Raw:
        return {"point": self.points[index], "target": self.targets[index]}


class Preprocessor:
    """A nntui.Preprocessor: the point as two features, standardised by the training rows' mean and deviation."""

    def __init__(self, names: tuple[str, ...], mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        self._names, self._mean, self._std = names, mean, std
        self.spec = nntui.DataSpec(
            modality="points",
            inputs=(nntui.InputSpec(name="point", kind="features", shape=(2,), dtype="float32", mean=mean, std=std),),
            target=nntui.TargetSpec(kind="classes", size=len(names), names=names),
        )

    @classmethod
    def fit(cls, source: Clusters, train: Indices, params: ClustersParams) -> Preprocessor:  # noqa: ARG003 - nothing to set
        points = source.points[train].astype(np.float64)
        return cls(source.names, tuple(points.mean(0).tolist()), tuple(np.maximum(points.std(0), 1e-6).tolist()))

    def encode(self, raw: nntui.Raw) -> dict[str, Tensor]:
        import torch

        tensors = {"point": torch.from_numpy(np.ascontiguousarray(raw["point"], dtype=np.float32))}
        if "target" in raw:
            tensors["target"] = torch.from_numpy(np.ascontiguousarray(raw["target"], dtype=np.int64))
        return tensors

    def decode(self, output: Tensor) -> list[nntui.Prediction]:
        """Probabilities (N, K) -> the likeliest cluster of each."""
        told = []
        for row in output.tolist():
            ranked = sorted(zip(self._names, row, strict=True), key=lambda pair: -pair[1])
            told.append(nntui.Prediction(label=ranked[0][0], value=ranked[0][0], probabilities=dict(ranked)))
        return told

    def read(self, inputs: Sequence[str]) -> nntui.Raw:
        """Points as they are typed: "0.5,-1". Raises ValueError."""
        points = []
        for text in inputs:
            try:
                x, y = map(float, text.split(","))
            except ValueError:
                raise ValueError(f"{text!r} is not a point: two numbers were expected, such as 0.5,-1") from None
            points.append((x, y))
        return {"point": np.array(points, dtype=np.float32).reshape(-1, 2)}

    def example(self, raw: nntui.Raw, row: int) -> nntui.Example:
        x, y = raw["point"][row].tolist()
        label = self._names[int(raw["target"][row])] if "target" in raw else ""
        return nntui.Example(kind="json", content={"x": x, "y": y}, label=label)

    def to_json(self) -> dict[str, Any]:
        return {"names": list(self._names), "mean": list(self._mean), "std": list(self._std)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preprocessor:
        return cls(tuple(data["names"]), tuple(data["mean"]), tuple(data["std"]))


def build(params: ClustersParams, context: nntui.DataContext) -> Clusters:  # noqa: ARG001 - made, not read
    return Clusters(params)
