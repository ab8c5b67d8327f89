"""Snake (Ziyin, Hartwig and Ueda 2020, https://arxiv.org/abs/2006.08195): x + sin(alpha x)^2 / alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

    from nntui_extras.plugin import SnakeParams


class Snake(nn.Module):
    """Any shape in, the same out. Monotonic: its slope is 1 + sin(2 alpha x), never negative."""

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.sin(self.alpha * x).square() / self.alpha

    def extra_repr(self) -> str:
        return f"alpha={self.alpha:g}"


def build(params: SnakeParams) -> nn.Module:
    return Snake(params.alpha)
