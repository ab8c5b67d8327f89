"""Trained networks in a form that torch.export and ONNX take: the same answers from other operations, the same weights.

Shapes: N rows, T steps, E size of an embedding or state.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nntui.builtin.networks.blocks import Padded, PaddedRecurrent

# Calling a module is typed as Any by torch.
# mypy: disable-error-code="no-any-return"


def recurrent(model: nn.Module) -> nn.Module:
    """A network that packs its sequences, with a gather in place of the packing; any other as it is."""
    if isinstance(model, PaddedRecurrent) and model.rnn.bidirectional:
        return BothWays(model).eval()
    return model


def feed_forward(model: nn.Module) -> nn.Module:
    """With plain lookups in place of bags, which fix the number of rows."""
    bags = [name for name, module in model.named_modules() if isinstance(module, nn.EmbeddingBag)]
    for name in bags:
        parent, _, own = name.rpartition(".")
        module = model.get_submodule(name)
        assert isinstance(module, nn.EmbeddingBag)
        setattr(model.get_submodule(parent), own, MeanOfTokens(module).eval())
    return model


def convolutional(model: nn.Module) -> nn.Module:
    """With the halving of a varying time done by pairs: torch's pooling that rounds up fixes the number of steps."""
    halvings = 0
    for layers in [module for module in model.modules() if isinstance(module, Padded)]:
        for number, layer in enumerate(layers):
            if isinstance(layer, nn.MaxPool1d | nn.MaxPool2d):
                layers[number] = HalvingMax(_axes(layer.kernel_size, layer))
            elif isinstance(layer, nn.AvgPool1d | nn.AvgPool2d):
                layers[number] = HalvingMean(_axes(layer.kernel_size, layer))
        halvings += sum(isinstance(layer, HalvingMax | HalvingMean) or _strides(layer) for layer in layers)
    return WithRoom(model, 2 ** (halvings + 1)) if halvings else model


class WithRoom(nn.Module):
    """Rows (N, T) or (N, T, F) with more padding behind them, which changes no answer of a network that is `Padded`:
    torch.export takes a size that is 1 somewhere as always 1, and so none is, however short the rows are."""

    def __init__(self, network: nn.Module, steps: int) -> None:
        super().__init__()
        self.network = network
        self.steps = steps

    def forward(self, x: Tensor, *lengths: Tensor) -> Tensor:
        return self.network(nn.functional.pad(x, [0, 0] * (x.dim() - 2) + [0, self.steps]), *lengths)


def _strides(layer: nn.Module) -> bool:
    return any(isinstance(part, nn.Conv1d | nn.Conv2d) and part.stride[0] > 1 for part in layer.modules())


def _axes(kernel: int | tuple[int, ...], layer: nn.Module) -> tuple[int, ...]:
    """The axes of (N, C, T) or (N, C, T, F) that a pooling layer halves, rounded up."""
    sizes = kernel if isinstance(kernel, tuple) else (kernel,) * (2 if isinstance(layer, _TWO) else 1)
    return tuple(axis for axis, size in enumerate(sizes, start=2) if size == 2)


_TWO = (nn.MaxPool2d, nn.AvgPool2d)


class HalvingMax(nn.MaxPool1d):
    """The larger of each pair along some axes; a last one without a partner stays. A max-pooling to `Padded`."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        super().__init__(2, ceil_mode=True)
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        for axis in self.axes:
            x = _pairs(x, axis, -torch.inf).amax(axis + 1)
        return x


class HalvingMean(nn.AvgPool1d):
    """The mean of each pair along some axes, of a last one and zero where it has no partner: `Padded` divides by the
    same mean of ones. An average-pooling to it."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        super().__init__(2, ceil_mode=True)
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        for axis in self.axes:
            x = _pairs(x, axis, 0.0).mean(axis + 1)
        return x


def _pairs(x: Tensor, axis: int, filled: float) -> Tensor:
    """An axis of n as two of (n + 1) // 2 and 2, `filled` behind the last where n is odd."""
    behind = x.shape[axis] % 2
    x = nn.functional.pad(x, [0, 0] * (x.dim() - 1 - axis) + [0, behind], value=filled)
    return x.reshape(*x.shape[:axis], x.shape[axis] // 2, 2, *x.shape[axis + 1 :])


class MeanOfTokens(nn.Module):
    """An nn.EmbeddingBag of means over (N, T) tokens, its padding left out."""

    def __init__(self, bag: nn.EmbeddingBag) -> None:
        super().__init__()
        self.weight = bag.weight
        self.padding = -1 if bag.padding_idx is None else bag.padding_idx  # no token is -1

    def forward(self, tokens: Tensor) -> Tensor:
        real = tokens.ne(self.padding)[:, :, None]
        total = nn.functional.embedding(tokens, self.weight).masked_fill(~real, 0.0).sum(1)
        return total / real.sum(1).clamp(min=1)


class BothWays(nn.Module):
    """A `PaddedRecurrent` that reads both ways, without packing.

    Backwards, each row is turned round within its own length: the padding then comes last, as forwards, and is never
    looked at. A layer of nn.LSTM (GRU, RNN) with two directions becomes two with one.
    """

    def __init__(self, model: PaddedRecurrent) -> None:
        super().__init__()
        self.entry = model.entry
        self.head = model.head
        self.pooling = model.pooling
        layers = range(model.rnn.num_layers)
        self.forwards = nn.ModuleList(_one_way(model.rnn, number, "") for number in layers)
        self.backwards = nn.ModuleList(_one_way(model.rnn, number, "_reverse") for number in layers)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        if lengths is None:
            lengths = (x != 0).sum(1)
        steps = torch.arange(x.shape[1], device=x.device)
        last = lengths.clamp(1, x.shape[1])[:, None] - 1
        behind = steps > last
        if x.is_floating_point():
            x = x.masked_fill(behind[:, :, None], 0.0)
        x = self.entry(x)
        turned = torch.where(behind, steps, last - steps)  # (N, T): turning twice changes nothing
        forth = back = x
        for one, other in zip(self.forwards, self.backwards, strict=True):
            forth, _ = one(x)
            back, _ = other(_taken(x, turned))
            x = torch.cat([forth, _taken(back, turned)], dim=2)
        if self.pooling == "last":
            return self.head(torch.cat([_taken(forth, last)[:, 0], _taken(back, last)[:, 0]], dim=1))
        if self.pooling == "max":
            return self.head(x.masked_fill(behind[:, :, None], -torch.inf).amax(1))
        return self.head(x.masked_fill(behind[:, :, None], 0.0).sum(1) / (last + 1))


def _taken(x: Tensor, steps: Tensor) -> Tensor:
    """Of each row of (N, T, E) the steps (N, S) named: (N, S, E)."""
    return x.gather(1, steps[:, :, None].expand(-1, -1, x.shape[2]))


def _one_way(rnn: nn.RNNBase, number: int, end: str) -> nn.RNNBase:
    """One layer and direction of a recurrent network as a network of its own, with the same weights."""
    width = rnn.input_size if number == 0 else rnn.hidden_size * (2 if rnn.bidirectional else 1)
    options = {"nonlinearity": rnn.nonlinearity} if isinstance(rnn, nn.RNN) else {}
    kind: Any = type(rnn)  # nn.LSTM, nn.GRU or nn.RNN, whose arguments are not nn.RNNBase's
    made: nn.RNNBase = kind(width, rnn.hidden_size, bias=rnn.bias, batch_first=True, **options)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            weight.copy_(getattr(rnn, name.removesuffix("_l0") + f"_l{number}{end}"))
    return made.eval()
