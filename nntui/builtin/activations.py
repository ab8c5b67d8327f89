"""The built-in activation functions, with their formulas. Light: the modules are made in `networks.activations`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import model_validator

from nntui import Activation, Params, param

HERE = "nntui.builtin.networks.activations"


class LeakyReLUParams(Params):
    negative_slope: float = param(0.01, ge=0, lt=1, help="Slope for x < 0")


class PReLUParams(Params):
    init: float = param(0.25, ge=0, lt=1, help="Slope for x < 0 at the start; one is learned for each layer")


class ELUParams(Params):
    alpha: float = param(1.0, gt=0, help="Minus the value that it goes to for very negative x")


class GELUParams(Params):
    approximate: Literal["none", "tanh"] = param("none", help="none: the exact one; tanh: by a tanh, as in GPT-2")


class SoftplusParams(Params):
    beta: float = param(1.0, gt=0, help="Sharpness: the larger, the closer to relu")


class HardtanhParams(Params):
    low: float = param(-1.0, help="Smallest output")
    high: float = param(1.0, help="Largest output")

    @model_validator(mode="after")
    def _in_order(self) -> HardtanhParams:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be less than high ({self.high})")
        return self


class SineParams(Params):
    omega: float = param(1.0, gt=0, help="Frequency; SIREN takes 30 where the input is a coordinate in -1..1")


RELU_SQUARED_SOURCE = '''\
import torch
from torch import nn


class ReLUSquared(nn.Module):
    """relu(x)^2 (So et al. 2021, "Primer")."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x).square()
'''

SINE_SOURCE = '''\
import torch
from torch import nn


class Sine(nn.Module):
    """sin(omega x) (Sitzmann et al. 2020, "SIREN")."""

    def __init__(self, omega: float = 1.0) -> None:
        super().__init__()
        self.omega = omega

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sin(self.omega * x)

    def extra_repr(self) -> str:
        return f"omega={self.omega}"
'''


def contributions() -> Iterable[Activation]:
    yield from _rectifiers()
    yield from _smooth()
    yield from _bounded()
    yield from _others()


def _rectifiers() -> Iterable[Activation]:
    yield Activation(
        name="relu",
        summary="Zero below zero, unchanged above: cheap, the usual first choice (Nair and Hinton 2010)",
        formula="max(0, x)",
        pool_commutes=True,
        build=f"{HERE}:relu",
    )
    yield Activation(
        name="relu6",
        summary="ReLU that ends at 6, made for low-precision inference (Krizhevsky 2010)",
        formula="min(max(0, x), 6)",
        pool_commutes=True,
        build=f"{HERE}:relu6",
    )
    yield Activation(
        name="leaky-relu",
        summary="ReLU with a small slope below zero, so that no unit dies (Maas et al. 2013)",
        formula="max(0, x) + negative_slope * min(0, x)",
        params=LeakyReLUParams,
        build=f"{HERE}:leaky_relu",
    )
    yield Activation(
        name="prelu",
        summary="Leaky ReLU whose slope below zero is learned (He et al. 2015)",
        formula="max(0, x) + a * min(0, x), a learned from init on",
        params=PReLUParams,
        build=f"{HERE}:prelu",
    )
    yield Activation(
        name="relu-squared",
        summary="The square of ReLU, found by a search over language models (So et al. 2021, Primer)",
        formula="max(0, x)^2",
        build=f"{HERE}:relu_squared",
        source=RELU_SQUARED_SOURCE,
    )


def _smooth() -> Iterable[Activation]:
    yield Activation(
        name="elu",
        summary="ReLU that bends to -alpha, which brings the mean output near zero (Clevert et al. 2015)",
        formula="x if x > 0 else alpha * (exp(x) - 1)",
        params=ELUParams,
        build=f"{HERE}:elu",
    )
    yield Activation(
        name="selu",
        summary="ELU scaled so that deep plain networks keep mean 0 and variance 1 (Klambauer et al. 2017)",
        formula="1.0507 * (x if x > 0 else 1.6733 * (exp(x) - 1))",
        build=f"{HERE}:selu",
    )
    yield Activation(
        name="gelu",
        summary="x times the chance that a normal variable is below it: the transformers' choice (Hendrycks and Gimpel "
        "2016)",
        formula="x * Phi(x), Phi(x) = (1 + erf(x / sqrt(2))) / 2",
        params=GELUParams,
        build=f"{HERE}:gelu",
    )
    yield Activation(
        name="silu",
        summary="x times its sigmoid, also called swish (Elfwing et al. 2017, Ramachandran et al. 2017)",
        formula="x / (1 + exp(-x))",
        build=f"{HERE}:silu",
    )
    yield Activation(
        name="mish",
        summary="x times the tanh of its softplus: smooth, a little below zero for small negative x (Misra 2019)",
        formula="x * tanh(log(1 + exp(x)))",
        build=f"{HERE}:mish",
    )
    yield Activation(
        name="softplus",
        summary="A smooth ReLU whose slope is the sigmoid (Dugas et al. 2000)",
        formula="log(1 + exp(beta * x)) / beta",
        params=SoftplusParams,
        build=f"{HERE}:softplus",
    )
    yield Activation(
        name="hardswish",
        summary="SiLU made of straight pieces, cheap on small devices (Howard et al. 2019, MobileNetV3)",
        formula="x * min(max(0, x + 3), 6) / 6",
        build=f"{HERE}:hardswish",
    )


def _bounded() -> Iterable[Activation]:
    yield Activation(
        name="tanh",
        summary="From -1 to 1 through zero; flat, and so slow to learn, far from it (LeCun et al. 1998)",
        formula="(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
        build=f"{HERE}:tanh",
    )
    yield Activation(
        name="sigmoid",
        summary="From 0 to 1: the classic; its slope is at most 1/4, so deep networks learn slowly (Rumelhart et al. "
        "1986)",
        formula="1 / (1 + exp(-x))",
        build=f"{HERE}:sigmoid",
    )
    yield Activation(
        name="hardtanh",
        summary="Unchanged between two bounds and flat outside: tanh made of straight pieces (Collobert 2004)",
        formula="min(max(low, x), high)",
        params=HardtanhParams,
        build=f"{HERE}:hardtanh",
    )


def _others() -> Iterable[Activation]:
    yield Activation(
        name="sine",
        summary="A periodic activation that fits fine detail in functions of coordinates (Sitzmann et al. 2020, SIREN)",
        formula="sin(omega * x)",
        params=SineParams,
        build=f"{HERE}:sine",
        source=SINE_SOURCE,
    )
    yield Activation(
        name="identity",
        summary="None: the network stays linear in its input, a baseline that shows what the others add",
        formula="x",
        build=f"{HERE}:identity",
    )
