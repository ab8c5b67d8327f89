"""A trained network as one function from encoded rows to answers, as it is exported: nothing before or behind it but
what a preprocessor does.

Shapes: N rows, T steps.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from nntui.hooks.exporting import ExportTensor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nntui.engine.tasks import Task
    from nntui.hooks.data import DataSpec, InputSpec

LENGTH = "length"
"""Name of the tensor that says where each prompt ends, where the data has none of its own."""


class Whole(nn.Module):
    """Normalises, runs the network and takes the last step: what `Feed`, the network and `Task.predict` do."""

    def __init__(self, network: nn.Module, spec: DataSpec, task: Task) -> None:
        super().__init__()
        self.network = network
        self.names = tuple(tensor.name for tensor in inputs_of(spec))
        self.arguments = spec.arguments()
        self._task = task
        self._floats: dict[str, tuple[Tensor | None, Tensor | None]] = {}
        for item in spec.inputs:
            if item.kind not in ("categories", "tokens"):
                view = (-1, 1, 1) if item.kind == "image" else (-1,)
                mean = torch.tensor(item.mean).view(view) if item.mean else None
                inverse = torch.tensor(item.std).reciprocal().view(view) if item.std else None
                self._floats[item.name] = mean, inverse

    def forward(self, *tensors: Tensor) -> Tensor:
        batch = dict(zip(self.names, tensors, strict=True))
        for name, (mean, inverse) in self._floats.items():
            x = batch[name].to(torch.float32)
            if mean is not None:
                x = x - mean
            batch[name] = x if inverse is None else x * inverse
        return self._task.predict(self.network(*(batch[name] for name in self.arguments)), batch)


def whole(network: nn.Module, spec: DataSpec, task: Task) -> Whole:
    """A copy of the network, whole, for others to trace."""
    made = Whole(copy.deepcopy(network), spec, task).eval()
    return made.requires_grad_(False)


def inputs_of(spec: DataSpec) -> tuple[ExportTensor, ...]:
    """The tensors that it takes, in order: the network's arguments, then what only the last step needs."""
    prompts = spec.target.kind == "next-token"
    tensors: list[ExportTensor] = []
    for item in spec.inputs:
        shape = (None, *(item.shape if not prompts else (None,)))
        tensors.append(ExportTensor(name=item.name, dtype=item.dtype, shape=shape, meaning=_meaning(item)))
        if item.lengths is not None:
            said = f"how many steps of `{item.name}` are real; what lies behind them is padding"
            tensors.append(ExportTensor(name=item.lengths, dtype="int64", shape=(None,), meaning=said))
    names = {tensor.name for tensor in tensors}
    if prompts and not any(item.lengths for item in spec.inputs):
        said = "how many tokens of each row are real: the answer is the token after the last of them"
        tensors.append(ExportTensor(name=LENGTH, dtype="int64", shape=(None,), meaning=said))
    offset = spec.target.offset
    if offset is not None and offset not in names:
        said = "what the answer starts from, in the values' own unit"
        tensors.append(ExportTensor(name=offset, dtype="float32", shape=(None, spec.target.size), meaning=said))
    return tuple(tensors)


def _meaning(item: InputSpec) -> str:
    if item.kind == "image":
        if item.dtype == "uint8":
            return "pixels from 0 to 255, channels first (C, H, W)"
        return "pixels, channels first (C, H, W)"
    if item.kind == "categories":
        counts = ", ".join(map(str, item.cardinalities[:16])) + (", ..." if len(item.cardinalities) > 16 else "")
        return f"a code for each column, 0 for missing or unseen; columns have {counts} codes"
    if item.kind == "tokens":
        return f"codes from 0 to {item.vocabulary - 1}; 0 is padding, behind what is real"
    what = "numbers in their own unit" if item.mean or item.std else "numbers"
    return f"{what}, a row for each step" if item.kind == "sequence" else what


def output_of(spec: DataSpec) -> ExportTensor:
    """What it gives."""
    target = spec.target
    name, dtype, said = {
        "classes": ("probabilities", "float32", "of each class; they sum to 1"),
        "multilabel": ("probabilities", "float32", "of each label by itself; 0.5 or more means that it applies"),
        "values": ("values", "float64", f"in their own unit{f' ({target.unit})' if target.unit else ''}"),
        "next-token": ("probabilities", "float32", "of each token to come next; they sum to 1"),
    }[target.kind]
    return ExportTensor(name=name, dtype=dtype, shape=(None, target.size), meaning=said)


def made_up(spec: DataSpec, rows: int, steps: int = 7) -> dict[str, Tensor]:
    """Encoded rows of the right form that nobody has seen, the same ones each time; `steps` where lengths vary."""
    generator = torch.Generator().manual_seed(0)
    batch: dict[str, Tensor] = {}
    for tensor in inputs_of(spec):
        shape = [rows, *(steps if size is None else size for size in tensor.shape[1:])]
        item = next((item for item in spec.inputs if item.name == tensor.name), None)
        if item is None:  # lengths, or an offset
            longest = next((batch[i.name].shape[1] for i in spec.inputs if i.lengths == tensor.name), steps)
            counts = longest - torch.arange(rows) % longest
            batch[tensor.name] = counts if tensor.dtype == "int64" else torch.zeros(shape)
        elif item.kind == "categories":
            limits = torch.tensor(item.cardinalities)
            batch[item.name] = (torch.rand(shape, generator=generator) * limits).long()
        elif item.kind == "tokens":
            batch[item.name] = torch.randint(1, max(2, item.vocabulary), shape, generator=generator)
        else:
            batch[item.name] = _numbers(item, shape, generator)
    return batch


def _numbers(item: InputSpec, shape: list[int], generator: torch.Generator) -> Tensor:
    if item.dtype == "uint8":
        return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    view: Any = (-1, 1, 1) if item.kind == "image" else (-1,)
    std = torch.tensor(item.std).view(view) if item.std else torch.ones(1)
    mean = torch.tensor(item.mean).view(view) if item.mean else torch.zeros(1)
    return torch.randn(shape, generator=generator) * std + mean


def fitted(rows: Mapping[str, Tensor], spec: DataSpec) -> dict[str, Tensor]:
    """Encoded rows as `Whole` takes them: with `length` where prompts have none."""
    names = [tensor.name for tensor in inputs_of(spec)]
    batch = {name: rows[name] for name in names if name in rows}
    if LENGTH in names and LENGTH not in batch:
        tokens = batch[names[0]]
        batch[LENGTH] = torch.full((len(tokens),), tokens.shape[1], dtype=torch.int64)
    return batch
