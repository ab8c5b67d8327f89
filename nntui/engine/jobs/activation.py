"""An activation's curve and its derivative, by autograd."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from nntui.engine.building import activation_factory
from nntui.hooks.errors import UserError
from nntui.hooks.registry import registry
from nntui.runs.jobs import ActivationCurve
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said

if TYPE_CHECKING:
    from torch import Tensor

REACH = 5.0
POINTS = 161
"""An odd number: zero, where most activations bend, is one of them."""


def curve(name: str, params: Mapping[str, Any]) -> ActivationCurve:
    """y = f(x) and dy/dx over -5..5, the values that normalised layers give. Raises UserError."""
    chosen = resolve_said(Said(tree={"activation": {"name": name, **params}}), registry()).spec.activation
    contribution = chosen.contribution
    entry = registry().find("activation", chosen.qualified)
    module = activation_factory(chosen)().eval()
    x = torch.linspace(-REACH, REACH, POINTS).requires_grad_()
    with torch.enable_grad():
        y = module(x.unsqueeze(1))
        if tuple(y.shape) != (POINTS, 1):
            raise UserError(
                f"{chosen.name} makes {tuple(y.shape)} of {(POINTS, 1)}: it is no function of one number",
                advice="it may train all the same; only its curve cannot be drawn",
            )
        slope = torch.autograd.grad(y.sum(), x, allow_unused=True)[0] if y.requires_grad else None
    return ActivationCurve(
        name=chosen.name,
        qualified=chosen.qualified,
        summary=entry.summary,
        formula=contribution.formula,
        x=[round(value, 6) for value in x.tolist()],
        y=_plain(y.squeeze(1)),
        dy=_plain(torch.zeros_like(x) if slope is None else slope),
    )


def _plain(values: Tensor) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.detach().float().tolist()]
