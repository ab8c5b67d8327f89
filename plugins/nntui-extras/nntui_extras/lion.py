"""Lion, EvoLved Sign Momentum (Chen et al. 2023, https://arxiv.org/abs/2302.06675, algorithm 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

import nntui

if TYPE_CHECKING:
    from torch import Tensor

    from nntui_extras.plugin import LionParams


class Lion(nntui.OptimizerRule):
    """param -= lr * (sign(beta1 * m + (1 - beta1) * grad) + weight_decay * param); then m follows grad with beta2."""

    elementwise = True

    def __init__(self, params: LionParams) -> None:
        self.beta1, self.beta2 = params.beta1, params.beta2

    def init(self, params: Sequence[Tensor]) -> dict[str, list[Tensor]]:
        return {"momentum": [torch.zeros_like(p, memory_format=torch.preserve_format) for p in params]}

    def update(
        self,
        params: list[Tensor],
        grads: list[Tensor],
        state: dict[str, list[Tensor]],
        *,
        lr: float,
        weight_decay: float,
    ) -> None:
        momentum = state["momentum"]
        # lerp(m, g, 1 - beta) is beta * m + (1 - beta) * g, for all tensors in one call
        update = torch._foreach_lerp(momentum, grads, 1 - self.beta1)
        torch._foreach_sign_(update)
        if weight_decay:
            torch._foreach_mul_(params, 1 - lr * weight_decay)
        torch._foreach_add_(params, update, alpha=-lr)
        torch._foreach_lerp_(momentum, grads, 1 - self.beta2)
