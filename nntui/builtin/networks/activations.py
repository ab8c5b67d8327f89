"""Makes the built-in activations. None works in place: what a probe looks at must still be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from nntui.builtin import activations as settings
    from nntui.hooks.params import Params


class ReLUSquared(nn.Module):
    """relu(x)^2 (So et al. 2021, "Primer")."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x).square()


class Sine(nn.Module):
    """sin(omega x) (Sitzmann et al. 2020, "SIREN")."""

    def __init__(self, omega: float = 1.0) -> None:
        super().__init__()
        self.omega = omega

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sin(self.omega * x)

    def extra_repr(self) -> str:
        return f"omega={self.omega}"


def relu(_: Params) -> nn.Module:
    return nn.ReLU()


def relu6(_: Params) -> nn.Module:
    return nn.ReLU6()


def leaky_relu(params: settings.LeakyReLUParams) -> nn.Module:
    return nn.LeakyReLU(params.negative_slope)


def prelu(params: settings.PReLUParams) -> nn.Module:
    return nn.PReLU(init=params.init)


def elu(params: settings.ELUParams) -> nn.Module:
    return nn.ELU(params.alpha)


def selu(_: Params) -> nn.Module:
    return nn.SELU()


def gelu(params: settings.GELUParams) -> nn.Module:
    return nn.GELU(params.approximate)


def silu(_: Params) -> nn.Module:
    return nn.SiLU()


def mish(_: Params) -> nn.Module:
    return nn.Mish()


def tanh(_: Params) -> nn.Module:
    return nn.Tanh()


def sigmoid(_: Params) -> nn.Module:
    return nn.Sigmoid()


def softplus(params: settings.SoftplusParams) -> nn.Module:
    return nn.Softplus(params.beta)


def hardswish(_: Params) -> nn.Module:
    return nn.Hardswish()


def hardtanh(params: settings.HardtanhParams) -> nn.Module:
    return nn.Hardtanh(params.low, params.high)


def relu_squared(_: Params) -> nn.Module:
    return ReLUSquared()


def sine(params: settings.SineParams) -> nn.Module:
    return Sine(params.omega)


def identity(_: Params) -> nn.Module:
    return nn.Identity()
