"""The built-in optimizers and their settings. Light: the rules are in `networks.optimizers`."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import model_validator

from nntui import Optimizer, Params, param

HERE = "nntui.builtin.networks.optimizers"


class SGDParams(Params):
    lr: float = param(0.05, ge=0, help="Learning rate")
    momentum: float = param(0.9, ge=0, lt=1, help="Share of the last update that is kept")
    nesterov: bool = param(False, help="Look at the gradient one momentum step ahead")
    weight_decay: float = param(1e-4, ge=0, help="Pull of the weights to zero, added to the gradient (L2)")

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> SGDParams:
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0, such as 0.9")
        return self


class AdamParams(Params):
    lr: float = param(1e-3, ge=0, help="Learning rate")
    beta1: float = param(0.9, ge=0, lt=1, help="Decay of the running mean of the gradient")
    beta2: float = param(0.999, ge=0, lt=1, help="Decay of the running mean of its square")
    eps: float = param(1e-8, gt=0, help="Added to the root of the latter", advanced=True)
    weight_decay: float = param(0.0, ge=0, help="Pull of the weights to zero, added to the gradient (L2)")
    amsgrad: bool = param(
        False, help="Divide by the largest mean square so far, not the latest (Reddi et al. 2018)", advanced=True
    )


class AdamWParams(AdamParams):
    weight_decay: float = param(0.01, ge=0, help="Pull of the weights to zero, apart from the gradient, times lr")


class RMSpropParams(Params):
    lr: float = param(1e-3, ge=0, help="Learning rate")
    alpha: float = param(0.99, ge=0, lt=1, help="Decay of the running mean of the squared gradient")
    eps: float = param(1e-8, gt=0, help="Added to its root", advanced=True)
    momentum: float = param(0.0, ge=0, lt=1, help="Share of the last update that is kept")
    centered: bool = param(False, help="Take the variance of the gradient, not its mean square")
    weight_decay: float = param(0.0, ge=0, help="Pull of the weights to zero, added to the gradient (L2)")


class AdagradParams(Params):
    lr: float = param(0.01, ge=0, help="Learning rate")
    lr_decay: float = param(0.0, ge=0, help="The rate is divided by 1 + step * lr_decay, beside the schedule")
    initial_accumulator_value: float = param(
        0.0, ge=0, help="Where the sum of squared gradients starts; above 0 the first steps are smaller"
    )
    eps: float = param(1e-10, gt=0, help="Added to its root", advanced=True)
    weight_decay: float = param(0.0, ge=0, help="Pull of the weights to zero, added to the gradient (L2)")


def contributions() -> Iterable[Optimizer]:
    yield Optimizer(
        name="sgd",
        summary="Stochastic gradient descent with momentum or Nesterov's (Polyak 1964, Sutskever et al. 2013)",
        params=SGDParams,
        build=f"{HERE}:SGD",
    )
    yield Optimizer(
        name="adam",
        summary="A step for each weight by the running mean and size of its gradient (Kingma and Ba 2014)",
        params=AdamParams,
        build=f"{HERE}:Adam",
    )
    yield Optimizer(
        name="adamw",
        summary="Adam with weight decay apart from the gradient (Loshchilov and Hutter 2017)",
        params=AdamWParams,
        build=f"{HERE}:AdamW",
    )
    yield Optimizer(
        name="rmsprop",
        summary="The gradient over a running root mean square of itself (Tieleman and Hinton 2012)",
        params=RMSpropParams,
        build=f"{HERE}:RMSprop",
    )
    yield Optimizer(
        name="adagrad",
        summary="The gradient over all that it has been so far, for rare features (Duchi et al. 2011)",
        params=AdagradParams,
        build=f"{HERE}:Adagrad",
    )
