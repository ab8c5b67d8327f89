"""Recurrent layers of torch's as the operators LSTM, GRU and RNN of ONNX's, which take any number of steps.

Shapes: N rows, T steps, F features, H hidden units, D directions, G gates.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN": (0,)}
"""Where torch's gates (i f g o; r z n) stand in ONNX's order (i o f c; z r h)."""


class OnnxRecurrence(nn.Module):
    """Stands for an nn.LSTM, nn.GRU or nn.RNN with `batch_first` while a graph is followed; it computes nothing.

    Called as they are, without a first state: returns the states (N, T, D * H) and the last ones of each layer and
    direction (layers * D, N, H), for an LSTM with its cells.
    """

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.operator = {"LSTM": "LSTM", "GRU": "GRU"}.get(layer.mode, "RNN")
        self.bidirectional = layer.bidirectional
        self.hidden_size = layer.hidden_size
        self.num_layers = layer.num_layers
        self.attributes: dict[str, Any] = {"hidden_size": layer.hidden_size}
        directions = ["", "_reverse"] if layer.bidirectional else [""]
        if layer.bidirectional:
            self.attributes["direction"] = "bidirectional"
        if self.operator == "GRU":
            self.attributes["linear_before_reset"] = 1  # torch's
        if layer.mode == "RNN_RELU":
            self.attributes["activations"] = ["Relu"] * len(directions)
        for number in range(layer.num_layers):
            ends = [f"_l{number}{direction}" for direction in directions]
            self._keep(f"w{number}", [self._ordered(getattr(layer, f"weight_ih{end}")) for end in ends])
            self._keep(f"r{number}", [self._ordered(getattr(layer, f"weight_hh{end}")) for end in ends])
            biases = [self._biases(layer, end) for end in ends]
            self._keep(f"b{number}", biases)

    def _keep(self, name: str, parts: list[Tensor]) -> None:
        self.register_buffer(name, torch.stack([part.detach() for part in parts]))

    def _ordered(self, weight: Tensor) -> Tensor:
        """(G * H, ...) with the gates in ONNX's order."""
        parts = weight.chunk(len(_GATES[self.operator]))
        return torch.cat([parts[gate] for gate in _GATES[self.operator]])

    def _biases(self, layer: nn.RNNBase, end: str) -> Tensor:
        if not layer.bias:
            return torch.zeros(2 * len(_GATES[self.operator]) * layer.hidden_size)
        return torch.cat([self._ordered(getattr(layer, f"bias_{of}{end}")) for of in ("ih", "hh")])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | tuple[Tensor, Tensor]]:
        directions = 2 if self.bidirectional else 1
        rows, steps = x.shape[0], x.shape[1]
        shape = [directions, rows, self.hidden_size]
        shapes = [[steps, *shape], shape] + ([shape] if self.operator == "LSTM" else [])
        last: list[list[Tensor]] = []
        for number in range(self.num_layers):
            weights = [getattr(self, f"{of}{number}") for of in "wrb"]
            states, *ends = torch.onnx.ops.symbolic_multi_out(
                self.operator,
                (x.transpose(0, 1), *weights),
                self.attributes,
                dtypes=[x.dtype] * len(shapes),
                shapes=shapes,
            )
            last.append(list(ends))
            x = states.permute(2, 0, 1, 3).flatten(2)  # (T, D, N, H) to (N, T, D * H)
        told = [torch.cat(parts) for parts in zip(*last, strict=True)]
        return x, (told[0], told[1]) if self.operator == "LSTM" else told[0]
