"""Trained networks in a form that torch.export and ONNX take: the same answers from other operations, the same weights.

Shapes: N rows, T steps, E size of an embedding or state.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nntui.builtin.networks.blocks import PaddedRecurrent

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
