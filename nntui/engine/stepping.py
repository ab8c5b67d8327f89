"""One optimizer step over a network's parameters, and the state that makes it resumable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    from nntui.hooks.contributions import OptimizerRule


class Stepper:
    """Applies an optimizer's rule to the parameters of a model.

    Two groups: matrices and kernels, which are decayed, and biases and normalisation (one dimension), which are not.
    Frozen parameters are in neither. State is kept by parameter name.
    """

    def __init__(self, model: nn.Module, rule: OptimizerRule, weight_decay: float, clip: float | None) -> None:
        self.rule = rule
        self.clip = clip
        named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        self.params = [p for _, p in named]
        wanted = [
            (weight_decay, [(n, p) for n, p in named if p.ndim > 1]),
            (0.0, [(n, p) for n, p in named if p.ndim <= 1]),
        ]
        if weight_decay == 0.0:  # one group is one kernel call instead of two
            wanted = [(0.0, named)]
        self._groups = [
            _Group(decay, [n for n, _ in members], [p for _, p in members], rule)
            for decay, members in wanted
            if members
        ]

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Updates in place from the gradients; a parameter that got none is left alone."""
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.params, self.clip)
        for group in self._groups:
            grads = [g for p in group.params if (g := p.grad) is not None]
            if len(grads) < len(group.params):
                group.update_some(lr)
            else:
                self.rule.update(group.params, grads, group.state, lr=lr, weight_decay=group.decay)

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def grad_norm(self) -> torch.Tensor | None:
        """Norm of the whole gradient, on the device: reading it is the caller's."""
        grads = [p.grad for p in self.params if p.grad is not None]
        if not grads:
            return None
        norm: torch.Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(grads)))
        return norm

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The optimizer's state: "slot/parameter name" to tensor (the live ones, not copies)."""
        return {
            f"{slot}/{name}": tensor
            for group in self._groups
            for slot, tensors in group.state.items()
            for name, tensor in zip(group.names, tensors, strict=True)
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Copies into the live tensors. Raises UserError where state is missing or of another shape."""
        for key, live in self.state_dict().items():
            saved = state.get(key)
            if saved is None or saved.shape != live.shape:
                raise UserError(f"the checkpoint has no optimizer state {key!r} of shape {tuple(live.shape)}")
            live.copy_(saved)


class _Group:
    """Parameters that are decayed alike, and their slots."""

    def __init__(self, decay: float, names: list[str], params: list[torch.Tensor], rule: OptimizerRule) -> None:
        self.decay = decay
        self.names = names
        self.params = params
        self.rule = rule
        self.state = rule.init(params)

    def update_some(self, lr: float) -> None:
        """The update where some parameters took no part in this step."""
        at = [i for i, p in enumerate(self.params) if p.grad is not None]
        if not at:
            return
        some = {slot: [tensors[i] for i in at] for slot, tensors in self.state.items()}
        grads = [g for i in at if (g := self.params[i].grad) is not None]
        self.rule.update([self.params[i] for i in at], grads, some, lr=lr, weight_decay=self.decay)


class MovingAverage:
    """An exponential moving average of the weights, and of the buffers that are numbers (batch statistics).

    The decay is warmed up, min(decay, (1 + step) / (10 + step)), so that the first steps do not weigh for long
    (as in TensorFlow's ExponentialMovingAverage).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        kept = model.state_dict().keys()  # a buffer that is not kept (a table of positions) is the module's own to make
        self._live = [
            *((n, p.data) for n, p in model.named_parameters()),
            *((n, b) for n, b in model.named_buffers() if b.is_floating_point() and n in kept),
        ]
        self._model = model
        self._mean = [t.detach().clone() for _, t in self._live]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes in the weights after the update that led to `step`."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._mean, [t for _, t in self._live], 1.0 - decay)

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {name: mean for (name, _), mean in zip(self._live, self._mean, strict=True)}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        for name, mean in self.state_dict().items():
            mean.copy_(state[name])

    @torch.no_grad()
    def reset(self) -> None:
        """Begins anew from the live weights."""
        for (_, live), mean in zip(self._live, self._mean, strict=True):
            mean.copy_(live)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchanges the averaged numbers with the live ones; called twice it changes nothing."""
        for (_, live), mean in zip(self._live, self._mean, strict=True):
            held = live.clone()
            live.copy_(mean)
            mean.copy_(held)
