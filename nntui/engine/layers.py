"""What a network is made of: its layers in the order in which they work, their shapes, parameters and cost.

A layer is a module that does something itself: one without children, or with parameters of its own beside them.
Some modules of torch have children that they never call; they are one layer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized
from torch.nn.utils.rnn import PackedSequence

from nntui.runs.events import LayerPlan


@dataclass(frozen=True)
class Layer:
    """A module of a network."""

    name: str
    """As in `named_modules`; the class in lower case where the network itself is the layer."""
    module: nn.Module
    parameters: tuple[nn.Parameter, ...]
    """Those that no earlier layer has: shared ones count once."""


def layers_of(model: nn.Module) -> list[Layer]:
    """The layers of a network, in the order of `named_modules`."""
    layers: list[Layer] = []
    seen: set[int] = set()

    def own(module: nn.Module, recurse: bool) -> tuple[nn.Parameter, ...]:
        fresh = tuple(p for p in module.parameters(recurse=recurse) if id(p) not in seen)
        seen.update(map(id, fresh))
        return fresh

    def visit(name: str, module: nn.Module) -> None:
        if id(module) in seen:
            return
        seen.add(id(module))
        title = name or type(module).__name__.lower()
        whole = isinstance(module, nn.MultiheadAttention) or is_parametrized(module)
        if whole or next(module.children(), None) is None:
            layers.append(Layer(title, module, own(module, recurse=True)))
            return
        if next(module.parameters(recurse=False), None) is not None:
            layers.append(Layer(title, module, own(module, recurse=False)))
        for child_name, child in module.named_children():
            visit(f"{name}.{child_name}" if name else child_name, child)

    visit("", model)
    return layers


def plan_layers(model: nn.Module, batch_inputs: tuple[Tensor, ...]) -> list[LayerPlan]:
    """The layers in the order in which one forward pass over `batch_inputs` (first axis N) meets them.

    A layer that is called several times has one line: the shape of its first output, the cost of all calls. Layers
    that the pass never calls come last if they have parameters, without a shape. The network's mode, weights,
    buffers and the global generators are left as they were.
    """
    rows = len(batch_inputs[0])
    shapes: dict[int, list[int]] = {}  # by id of the module, in the order of the first call
    macs: dict[int, int] = {}

    def note(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:  # whatever a module takes and gives
        shapes.setdefault(id(module), _sample_shape(module, output, rows))
        macs[id(module)] = macs.get(id(module), 0) + _macs(module, inputs, output)

    layers = layers_of(model)
    handles = [layer.module.register_forward_hook(note) for layer in layers]
    try:
        with _looking_on(model, batch_inputs[0].device):
            model(*batch_inputs)
    finally:
        for handle in handles:
            handle.remove()
    by_id = {id(layer.module): layer for layer in layers}
    plans = [_plan(by_id[key], shape, macs[key] // rows) for key, shape in shapes.items()]
    idle = [layer for layer in layers if id(layer.module) not in shapes and layer.parameters]
    return plans + [_plan(layer, [], 0) for layer in idle]


def step_macs(layers: Sequence[LayerPlan], batch: int = 1) -> int:
    """Multiply-accumulates of a forward pass over `batch` rows; the backward pass costs about twice as much again."""
    return batch * sum(layer.macs for layer in layers)


def first_tensor(output: Any) -> Tensor | None:
    """The tensor that stands for what a module gave: of a tuple or a dict the first, of a packed sequence its data."""
    if isinstance(output, Tensor):
        return output
    if isinstance(output, PackedSequence):
        return output.data
    if isinstance(output, dict):
        output = list(output.values())
    if isinstance(output, (tuple, list)):
        return next((found for item in output if (found := first_tensor(item)) is not None), None)
    return None


def _plan(layer: Layer, shape: list[int], macs: int) -> LayerPlan:
    return LayerPlan(
        name=layer.name,
        kind=type(layer.module).__name__,
        out=shape,
        parameters=sum(p.numel() for p in layer.parameters),
        macs=macs,
    )


@contextmanager
def _looking_on(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Evaluation mode without gradients, the modes and the global generators put back afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    own = [] if device.type == "cpu" else [device.index or 0]
    kind = "cuda" if device.type == "cpu" else device.type
    try:
        model.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=own, device_type=kind):
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def _sample_shape(module: nn.Module, output: Any, rows: int) -> list[int]:
    """Shape of one sample's output, without the batch axis; -1 for an axis that differs from sample to sample."""
    if isinstance(output, tuple) and not isinstance(output, PackedSequence) and output:
        output = output[0]  # a recurrent layer gives (output, state)
    tensor = first_tensor(output)
    if tensor is None or tensor.dim() == 0:
        return []
    first, *rest = tensor.shape
    if isinstance(output, PackedSequence):
        return [-1, *rest]
    if isinstance(module, nn.RNNBase) and not module.batch_first and rest:
        return [first, *rest[1:]]
    if first == rows:
        return rest
    return [first // rows if first % rows == 0 else -1, *rest]  # samples laid end to end


def _macs(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> int:
    """Multiply-accumulates of one call, of all samples together: those of matrix products and convolutions, one an
    element for normalisation, 0 for what has none (activations, pooling, look-ups) or is not known."""
    given, made = first_tensor(inputs), first_tensor(output)
    if given is None or made is None:
        return 0
    match module:
        case nn.Linear():
            return made.numel() * module.in_features
        case nn.Bilinear():
            return made.numel() * module.in1_features * module.in2_features
        case nn.ConvTranspose1d() | nn.ConvTranspose2d() | nn.ConvTranspose3d():
            return given.numel() * module.out_channels // module.groups * math.prod(module.kernel_size)
        case nn.Conv1d() | nn.Conv2d() | nn.Conv3d():
            return made.numel() * module.in_channels // module.groups * math.prod(module.kernel_size)
        case nn.RNNBase():
            steps = given.numel() // module.input_size  # of all samples
            return steps * _step_macs_of_recurrence(module)
        case nn.RNNCell() | nn.LSTMCell() | nn.GRUCell():
            samples = given.numel() // module.input_size
            return samples * int(module.weight_ih.shape[0]) * (module.input_size + module.hidden_size)
        case nn.MultiheadAttention():
            return _attention_macs(module, inputs)
        case _ if "Norm" in type(module).__name__:
            return made.numel()
    return 0


def _step_macs_of_recurrence(module: nn.RNNBase) -> int:
    """One step of one sample through all layers and directions: the sizes of the matrices."""
    matrices = [weight for layer in module.all_weights for weight in layer if weight.dim() == 2]
    return sum(int(weight.numel()) for weight in matrices)


def _attention_macs(module: nn.MultiheadAttention, inputs: tuple[Any, ...]) -> int:
    """Projections of query, key, value and result, and the two products with the attention weights."""
    query: Tensor = inputs[0]
    key: Tensor = inputs[1] if len(inputs) > 1 else query
    size: int = module.embed_dim
    queries, keys = query.numel() // query.shape[-1], key.numel() // key.shape[-1]
    time = 1 if module.batch_first else 0
    attended: int = keys if key.dim() == 2 else key.shape[time]
    values: int = module.vdim or size
    projections: int = queries * size * size * 2 + keys * (module.kdim or size) * size + keys * values * size
    return projections + 2 * queries * attended * size
