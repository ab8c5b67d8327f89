"""The few modules of the built-in networks that torch.nn does not have.

Each stands alone on `torch` and `nn`: a model card prints the source of those that its network uses. Shapes: N rows,
T time or position, C channels, F features, E size of an embedding, H hidden units.
"""

# Calling a module is typed as Any by torch, and a card shows this source: casts and ignores would be noise in it.
# mypy: disable-error-code="no-any-return, override"

from __future__ import annotations

import torch
from torch import nn


class Residual(nn.Module):
    """What goes in is added to what comes out (He et al. 2015)."""

    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shortcut(x) + self.body(x)


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each position, (N, C, ...)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class SwapAxes(nn.Module):
    """(N, T, F) to (N, F, T), and back."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.transpose(1, 2)


class Rows(nn.Module):
    """The rows of an image as a sequence: (N, C, H, W) to (N, H, C * W)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.transpose(1, 2).flatten(2)


class CategoryEmbeddings(nn.Module):
    """One vector for each category of each column: (N, columns) to (N, columns * E). All columns share one table."""

    first: torch.Tensor  # row of the table where each column begins

    def __init__(self, cardinalities: tuple[int, ...], size: int) -> None:
        super().__init__()
        self.table = nn.Embedding(sum(cardinalities), size)
        first = [sum(cardinalities[:column]) for column in range(len(cardinalities))]
        self.register_buffer("first", torch.tensor(first), persistent=False)

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        return self.table(codes + self.first).flatten(1)


class LastTokens(nn.Module):
    """At each position the vectors of the last `context` tokens, side by side: (N, T, E) to (N, T, context * E)."""

    def __init__(self, context: int) -> None:
        super().__init__()
        self.context = context

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        before = nn.functional.pad(x, (0, 0, self.context - 1, 0))
        return before.unfold(1, self.context, 1).flatten(2)


class BagOfTokens(nn.Module):
    """The sum of the tokens' vectors over the root of their number, padding (code 0) left out: as long for a sentence
    as for a page, where their mean would fade. The lengths say nothing more."""

    def __init__(self, embedding: nn.EmbeddingBag, body: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding
        self.body = body

    def forward(self, tokens: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        number = (tokens != 0).sum(1, keepdim=True).clamp(min=1)
        return self.body(self.embedding(tokens) * number.rsqrt())


class FixedWindow(nn.Module):
    """A sequence (N, T, F), brought to `steps` by zeros behind its true length, as (N, steps * F)."""

    def __init__(self, steps: int, body: nn.Module) -> None:
        super().__init__()
        self.steps = steps
        self.body = body

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        x = nn.functional.pad(x, (0, 0, 0, self.steps - x.shape[1]))
        real = torch.arange(self.steps, device=x.device) < lengths.to(x.device)[:, None]
        return self.body(x.masked_fill(~real[:, :, None], 0.0).flatten(1))


class Joined(nn.Module):
    """Several inputs, each through an encoder of its own, side by side into the body."""

    def __init__(self, encoders: list[nn.Module], body: nn.Module) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.body = body

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.body(torch.cat([encoder(x) for encoder, x in zip(self.encoders, inputs, strict=True)], dim=1))


class Beside(nn.Module):
    """Two ways from the same input to the output, added up: layers, and a straight line beside them."""

    def __init__(self, body: nn.Module, straight: nn.Linear) -> None:
        super().__init__()
        self.body = body
        self.straight = straight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x) + self.straight(x)


class TimeStatistics(nn.Module):
    """Mean and deviation along the time of each channel (in each band): (N, C, T) or (N, C, T, F) to (N, 2 * C * F)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        deviation = torch.sqrt(x.var(2, unbiased=False) + 1e-5)
        return torch.cat((x.mean(2).flatten(1), deviation.flatten(1)), dim=1)


class Padded(nn.Sequential):
    """Layers over sequences of different lengths, (N, C, T) or (N, C, T, F) to (N, C); to (N, 2 * C * F), the mean and
    the deviation along the time of each channel in each band, where `pooling` is "statistics".

    What lies behind a sequence's end is zero before each layer, and no pooling counts it: the output does not depend
    on how much padding there is. A layer that shortens T halves it, rounded up.
    """

    def __init__(self, *layers: nn.Module, pooling: str) -> None:
        super().__init__(*layers)
        self.pooling = pooling

    def behind(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        end = torch.arange(x.shape[2], device=x.device) >= lengths[:, None]
        return end.view(x.shape[0], 1, x.shape[2], *[1] * (x.dim() - 3))

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        lengths = lengths.to(x.device).clamp(1, x.shape[2])
        for layer in self:
            steps, behind = x.shape[2], self.behind(x, lengths)
            if isinstance(layer, (nn.MaxPool1d, nn.MaxPool2d)):
                x = layer(x.masked_fill(behind, -torch.inf))
            elif isinstance(layer, (nn.AvgPool1d, nn.AvgPool2d)):
                real = (~behind).to(x.dtype).expand_as(x)
                x = layer(x.masked_fill(behind, 0.0)) / layer(real).clamp(min=1e-6)
            else:
                x = layer(x.masked_fill(behind, 0.0))
            if x.shape[2] < steps:
                lengths = (lengths + 1) // 2
        behind = self.behind(x, lengths)
        if self.pooling == "max":
            return x.masked_fill(behind, -torch.inf).flatten(2).amax(2)
        count = lengths.view(x.shape[0], *[1] * (x.dim() - 2))
        total = x.masked_fill(behind, 0.0).sum(2) / count
        if self.pooling == "statistics":
            apart = (x - total.unsqueeze(2)).masked_fill(behind, 0.0)
            deviation = torch.sqrt(apart.square().sum(2) / count + 1e-5)
            return torch.cat((total.flatten(1), deviation.flatten(1)), dim=1)
        return total.flatten(2).mean(2) if total.dim() > 2 else total


class PaddedConvolutions(nn.Module):
    """Sequences of different lengths through `entry` (into channels), padded layers and a head.

    Without lengths, x must be tokens, whose code 0 is padding.
    """

    def __init__(self, entry: nn.Module, layers: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.entry = entry
        self.layers = layers
        self.head = head

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        if lengths is None:
            lengths = (x != 0).sum(1)
        return self.head(self.layers(self.entry(x), lengths))


class Recurrent(nn.Module):
    """Sequences of one length (N, T, F) through a recurrent network, as one vector each, into a head."""

    def __init__(self, entry: nn.Module, rnn: nn.RNNBase, head: nn.Module, pooling: str) -> None:
        super().__init__()
        self.entry = entry
        self.rnn = rnn
        self.head = head
        self.pooling = pooling

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states, last = self.rnn(self.entry(x))
        if self.pooling == "mean":
            return self.head(states.mean(1))
        if self.pooling == "max":
            return self.head(states.amax(1))
        last = last[0] if isinstance(last, tuple) else last  # of an LSTM: (h, c)
        return self.head(torch.cat(tuple(last[-2:]), dim=1) if self.rnn.bidirectional else last[-1])


class PaddedRecurrent(nn.Module):
    """Sequences of different lengths (N, T, F) through a recurrent network, as one vector each, into a head.

    Forwards, the states up to a sequence's end know nothing of what lies behind it, and picking them is faster than
    packing; backwards the padding would come first, so the sequences are packed. Without lengths, x must be tokens,
    whose code 0 is padding.
    """

    def __init__(self, entry: nn.Module, rnn: nn.RNNBase, head: nn.Module, pooling: str) -> None:
        super().__init__()
        self.entry = entry
        self.rnn = rnn
        self.head = head
        self.pooling = pooling

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        if lengths is None:
            lengths = (x != 0).sum(1)
        lengths = lengths.clamp(1, x.shape[1])
        if x.is_floating_point():  # a convolution in the entry must not see what lies behind the end
            end = torch.arange(x.shape[1], device=x.device) >= lengths.to(x.device)[:, None]
            x = x.masked_fill(end[:, :, None], 0.0)
        x = self.entry(x)
        if self.rnn.bidirectional:
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            states, last = self.rnn(packed)
            if self.pooling == "last":
                last = last[0] if isinstance(last, tuple) else last  # of an LSTM: (h, c)
                return self.head(torch.cat(tuple(last[-2:]), dim=1))
            states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
        else:
            states, _ = self.rnn(x)
        lengths = lengths.to(x.device)
        if self.pooling == "last":
            return self.head(states[torch.arange(states.shape[0], device=x.device), lengths - 1])
        behind = (torch.arange(states.shape[1], device=x.device) >= lengths[:, None])[:, :, None]
        if self.pooling == "max":
            return self.head(states.masked_fill(behind, -torch.inf).amax(1))
        return self.head(states.masked_fill(behind, 0.0).sum(1) / lengths[:, None])


class Neighbours(nn.Sequential):
    """A convolution over each step and its neighbours, (N, T, F) to (N, T, C), and layers for each step alone.

    `causal`: only neighbours before it, where the network is to tell what comes next.
    """

    def __init__(self, convolution: nn.Conv1d, *layers: nn.Module, causal: bool = False) -> None:
        super().__init__(convolution, *layers)
        reach = convolution.kernel_size[0] - 1
        self.pads = (reach, 0) if causal else (reach // 2, reach - reach // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        convolution, *layers = self
        x = convolution(nn.functional.pad(x.transpose(1, 2), self.pads)).transpose(1, 2)
        for layer in layers:
            x = layer(x)
        return x


class EveryState(nn.Module):
    """The head at each step of a recurrent network: (N, T) tokens to (N, T, V) logits of the next."""

    def __init__(self, entry: nn.Module, rnn: nn.RNNBase, head: nn.Module) -> None:
        super().__init__()
        self.steps = isinstance(entry, nn.Embedding)  # a convolution would need the tokens before, too
        self.entry = entry
        self.rnn = rnn
        self.head = head

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.step(x)[0]

    def step(self, x: torch.Tensor, state: object = None) -> tuple[torch.Tensor, object]:
        """The logits of some tokens, going on from the state that those before them left, and the state after them."""
        states, state = self.rnn(self.entry(x), state)
        return self.head(states), state
