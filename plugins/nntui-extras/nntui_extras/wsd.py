"""Warm-up, stable, decay (Hu et al. 2024, MiniCPM, https://arxiv.org/abs/2404.06395), with a linear decay.

A linear fall to zero is what Haegele et al. 2024 (https://arxiv.org/abs/2405.18392) found good, beside 1 - sqrt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import nntui

if TYPE_CHECKING:
    from nntui_extras.plugin import WSDParams


def build(params: WSDParams) -> Callable[[float], float]:
    """progress in 0..1 -> factor in 0..1. Raises nntui.UserError where warm-up and decay overlap."""
    if params.warmup + params.decay > 1 + 1e-9:
        raise nntui.UserError(
            f"schedule.warmup {params.warmup:g} and schedule.decay {params.decay:g} together are more than the whole "
            "of training",
            advice="let them add up to 1 at most: --schedule.warmup 0.05 --schedule.decay 0.2",
        )

    def factor(progress: float) -> float:
        left = 1 - progress
        if progress < params.warmup:
            return progress / params.warmup
        if left < params.decay:
            return params.final + (1 - params.final) * max(0.0, left) / params.decay
        return 1.0

    return factor
