"""MLP-Mixer (Tolstikhin et al. 2021, https://arxiv.org/abs/2105.01601), for images and for sequences of one length.

Shapes: N rows, P positions (patches of an image, steps of a sequence), D width of a position's vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

import nntui

if TYPE_CHECKING:
    from torch import Tensor

    from nntui_extras.plugin import MixerParams


class Block(nn.Module):
    """Mixes positions, then channels; each in a residual branch behind a normalisation. (N, P, D) -> (N, P, D)"""

    def __init__(self, positions: int, params: MixerParams, activation: nntui.ActivationFactory) -> None:
        super().__init__()

        def mlp(width: int, hidden: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Linear(width, hidden), activation(), nn.Dropout(params.dropout), nn.Linear(hidden, width)
            )

        self.norm1 = nn.LayerNorm(params.dim)
        self.positions = mlp(positions, params.token_hidden)
        self.norm2 = nn.LayerNorm(params.dim)
        self.channels = mlp(params.dim, params.channel_hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.positions(self.norm1(x).mT).mT
        mixed: Tensor = x + self.channels(self.norm2(x))
        return mixed


class Mixer(nn.Module):
    """`embed` makes (N, P, D) of one input; the mean over positions goes to a linear head. -> (N, outputs)"""

    def __init__(
        self, embed: nn.Module, positions: int, outputs: int, params: MixerParams, activation: nntui.ActivationFactory
    ) -> None:
        super().__init__()
        self.embed = embed
        self.blocks = nn.Sequential(*(Block(positions, params, activation) for _ in range(params.depth)))
        self.norm = nn.LayerNorm(params.dim)
        self.head = nn.Linear(params.dim, outputs)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(self.blocks(self.embed(x))).mean(1))
        return logits


class Patches(nn.Module):
    """Cuts an image into square patches and projects each. (N, C, H, W) -> (N, P, D)

    What is left of the last patch at the right and the bottom is filled with zeros.
    """

    def __init__(self, channels: int, height: int, width: int, patch: int, dim: int) -> None:
        super().__init__()
        self.count = -(-height // patch) * -(-width // patch)
        self.fill = nn.ZeroPad2d((0, -width % patch, 0, -height % patch))
        self.project = nn.Conv2d(channels, dim, patch, stride=patch)

    def forward(self, x: Tensor) -> Tensor:
        projected: Tensor = self.project(self.fill(x)).flatten(2).mT
        return projected


def build(params: MixerParams, data: nntui.DataSpec, activation: nntui.ActivationFactory) -> nn.Module:
    """The network for `data`. Raises nntui.UserError where its one input has no fixed shape."""
    if len(data.inputs) != 1:
        names = ", ".join(item.name for item in data.inputs)
        raise nntui.UserError(f"mixer takes one input, and the data has {len(data.inputs)}: {names}", advice="use ffn")
    (item,) = data.inputs
    if None in item.shape or item.lengths is not None:
        raise nntui.UserError(
            f"mixer needs one length, and that of the input {item.name!r} varies",
            advice="use rnn or cnn, or a setting of the data that fixes its length",
        )
    shape = [int(size or 0) for size in item.shape]
    if item.kind == "image":
        channels, height, width = shape
        patches = Patches(channels, height, width, params.patch, params.dim)
        return Mixer(patches, patches.count, data.target.size, params, activation)
    steps, features = shape
    return Mixer(nn.Linear(features, params.dim), steps, data.target.size, params, activation)
