"""The built-in optimizers, over torch's functional forms.

Making a `torch.optim.Optimizer` imports `torch._dynamo` (more than a second, 150 MB), and its wrapper is a third of a
tiny network's step; the functional forms are public and cost neither. Each update equals that of the class, state and
all, with the kernels that are named here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

import torch
from torch.optim.adagrad import adagrad
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from nntui.hooks.contributions import OptimizerRule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from nntui.builtin import optimizers as settings

    State = dict[str, list[Tensor]]

FUSED = frozenset({"cpu", "cuda", "mps"})
"""Where sgd, adam and adamw are one kernel. Elsewhere they run parameter list by parameter list (foreach)."""
FUSED_ADAGRAD = frozenset({"cpu"})
"""torch 2.6, the oldest that we take, has no fused adagrad on GPUs."""


def _like(params: Sequence[Tensor], value: float = 0.0) -> list[Tensor]:
    """One tensor for each parameter, in its memory format: the fused kernels go over storage in order."""
    return [torch.full_like(p, value, memory_format=torch.preserve_format) for p in params]


def _steps(params: Sequence[Tensor], fused: frozenset[str]) -> list[Tensor]:
    """Step counters, as torch requires them: beside the parameter for a fused kernel, on the CPU for others."""
    return [torch.zeros((), dtype=torch.float32, device=p.device if p.device.type in fused else "cpu") for p in params]


class SGD(OptimizerRule):
    """Stochastic gradient descent with momentum (Polyak 1964), or Nesterov's (Sutskever et al. 2013)."""

    def __init__(self, params: settings.SGDParams) -> None:
        self.momentum = params.momentum
        self.nesterov = params.nesterov

    def init(self, params: Sequence[Tensor]) -> State:
        # From zeros the first update is that from no buffer at all, since there is no dampening.
        return {"momentum_buffer": _like(params)} if self.momentum else {}

    def update(
        self, params: list[Tensor], grads: list[Tensor], state: State, *, lr: float, weight_decay: float
    ) -> None:
        # The kernel asks for a list as long as the parameters even where it has no use for it.
        buffers = state["momentum_buffer"] if self.momentum else [None] * len(params)
        fused = params[0].device.type in FUSED
        sgd(
            params,
            grads,
            cast("list[Tensor | None]", buffers),
            fused=fused,
            foreach=not fused,
            weight_decay=weight_decay,
            momentum=self.momentum,
            lr=lr,
            dampening=0.0,
            nesterov=self.nesterov,
            maximize=False,
        )


class Adam(OptimizerRule):
    """Adam (Kingma and Ba 2014); weight decay is added to the gradient (L2)."""

    rule: ClassVar[Callable[..., None]] = staticmethod(adam)

    def __init__(self, params: settings.AdamParams) -> None:
        self.beta1 = params.beta1
        self.beta2 = params.beta2
        self.eps = params.eps
        self.amsgrad = params.amsgrad

    def init(self, params: Sequence[Tensor]) -> State:
        state = {"step": _steps(params, FUSED), "exp_avg": _like(params), "exp_avg_sq": _like(params)}
        if self.amsgrad:
            state["max_exp_avg_sq"] = _like(params)
        return state

    def update(
        self, params: list[Tensor], grads: list[Tensor], state: State, *, lr: float, weight_decay: float
    ) -> None:
        fused = params[0].device.type in FUSED
        self.rule(
            params,
            grads,
            state["exp_avg"],
            state["exp_avg_sq"],
            state["max_exp_avg_sq"] if self.amsgrad else [],
            state["step"],
            fused=fused,
            foreach=not fused,
            amsgrad=self.amsgrad,
            beta1=self.beta1,
            beta2=self.beta2,
            lr=lr,
            weight_decay=weight_decay,
            eps=self.eps,
            maximize=False,
        )


class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2017)."""

    rule: ClassVar[Callable[..., None]] = staticmethod(adamw)


class RMSprop(OptimizerRule):
    """RMSprop (Tieleman and Hinton 2012): the gradient over a running root mean square of itself."""

    def __init__(self, params: settings.RMSpropParams) -> None:
        self.alpha = params.alpha
        self.eps = params.eps
        self.momentum = params.momentum
        self.centered = params.centered

    def init(self, params: Sequence[Tensor]) -> State:
        state = {"step": _steps(params, frozenset()), "square_avg": _like(params)}
        if self.momentum:
            state["momentum_buffer"] = _like(params)
        if self.centered:
            state["grad_avg"] = _like(params)
        return state

    def update(
        self, params: list[Tensor], grads: list[Tensor], state: State, *, lr: float, weight_decay: float
    ) -> None:
        rmsprop(
            params,
            grads,
            state["square_avg"],
            state["grad_avg"] if self.centered else [],
            state["momentum_buffer"] if self.momentum else [],
            state["step"],
            foreach=True,  # torch has no fused one; the loop over parameters is then in C++
            lr=lr,
            alpha=self.alpha,
            eps=self.eps,
            weight_decay=weight_decay,
            momentum=self.momentum,
            centered=self.centered,
        )


class Adagrad(OptimizerRule):
    """Adagrad (Duchi et al. 2011): the gradient over the root of the sum of its squares since the start."""

    def __init__(self, params: settings.AdagradParams) -> None:
        self.lr_decay = params.lr_decay
        self.initial = params.initial_accumulator_value
        self.eps = params.eps

    def init(self, params: Sequence[Tensor]) -> State:
        return {"step": _steps(params, FUSED_ADAGRAD), "sum": _like(params, self.initial)}

    def update(
        self, params: list[Tensor], grads: list[Tensor], state: State, *, lr: float, weight_decay: float
    ) -> None:
        fused = params[0].device.type in FUSED_ADAGRAD
        adagrad(
            params,
            grads,
            state["sum"],
            state["step"],
            fused=fused,
            foreach=not fused,
            lr=lr,
            weight_decay=weight_decay,
            lr_decay=self.lr_decay,
            eps=self.eps,
            maximize=False,
        )
