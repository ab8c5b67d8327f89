"""The built-in learning-rate schedules: pure functions of progress, without torch.

Each gives a factor of the learning rate, 0 to 1, for progress 0 to 1 (what lies outside is taken for the nearer end).
The warm-up is part of the shape: it takes its share of the training, and the rest of the shape what remains.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Iterable

from pydantic import model_validator

from nntui import Params, Schedule, param

Factor = Callable[[float], float]

START = 0.01
"""The factor at which a warm-up begins: small, but the first step learns."""

WARMUP_HELP = "Share of the training in which the rate rises to its full height"
FINAL_HELP = "Share of the rate that is left at the end"


class ConstantParams(Params):
    warmup: float = param(0.0, ge=0, lt=1, help=WARMUP_HELP)


class DecayParams(Params):
    warmup: float = param(0.05, ge=0, lt=1, help=WARMUP_HELP)
    final: float = param(0.0, ge=0, le=1, help=FINAL_HELP)


class OneCycleParams(Params):
    warmup: float = param(0.3, gt=0, lt=1, help="Share of the training until the peak")
    initial: float = param(0.04, gt=0, le=1, help="Share of the rate at the start")
    final: float = param(0.0, ge=0, le=1, help=FINAL_HELP)


class StepParams(Params):
    warmup: float = param(0.0, ge=0, lt=1, help=WARMUP_HELP)
    milestones: tuple[float, ...] = param(
        (0.5, 0.75), min_length=1, help="Shares of the training, in order, at which the rate drops"
    )
    gamma: float = param(0.1, gt=0, le=1, help="What it is multiplied by at each")

    @model_validator(mode="after")
    def _milestones_in_order(self) -> StepParams:
        rising = all(a < b for a, b in itertools.pairwise(self.milestones))
        if not rising or not all(self.warmup < m < 1 for m in self.milestones):
            raise ValueError(
                f"milestones must rise, and lie between the warm-up's end ({self.warmup:g}) and 1: 0.5,0.75 for example"
            )
        return self


def constant(params: ConstantParams) -> Factor:
    """1, after the warm-up."""
    return warmed(params.warmup, lambda _: 1.0)


def linear(params: DecayParams) -> Factor:
    """A straight line from 1 to `final`."""
    return warmed(params.warmup, lambda rest: between(1.0, params.final, rest))


def cosine(params: DecayParams) -> Factor:
    """Half a cosine from 1 to `final` (Loshchilov and Hutter 2016, without restarts)."""
    return warmed(params.warmup, lambda rest: between(1.0, params.final, half_cosine(rest)))


def one_cycle(params: OneCycleParams) -> Factor:
    """Half a cosine up from `initial` to 1, and one down to `final` (Smith and Topin 2017, "Super-convergence").

    Momentum is left as it is.
    """
    peak = params.warmup

    def factor(progress: float) -> float:
        progress = clamp(progress)
        if progress < peak:
            return between(params.initial, 1.0, half_cosine(progress / peak))
        return between(1.0, params.final, half_cosine((progress - peak) / (1.0 - peak)))

    return factor


def step(params: StepParams) -> Factor:
    """1, times `gamma` from each milestone on (as in He et al. 2015)."""

    def factor(progress: float) -> float:
        progress = clamp(progress)
        if progress < params.warmup:
            return between(START, 1.0, progress / params.warmup)
        return float(params.gamma ** bisect.bisect_right(params.milestones, progress))

    return factor


def warmed(warmup: float, shape: Factor) -> Factor:
    """A straight warm-up from `START` to 1, then `shape` over what remains, from 0 to 1."""

    def factor(progress: float) -> float:
        progress = clamp(progress)
        if progress < warmup:
            return between(START, 1.0, progress / warmup)
        return shape((progress - warmup) / (1.0 - warmup))

    return factor


def clamp(progress: float) -> float:
    return min(max(progress, 0.0), 1.0)


def between(first: float, last: float, share: float) -> float:
    """From `first` (share 0) to `last` (share 1); never outside, whatever rounding does."""
    value = first + (last - first) * share
    return min(max(value, min(first, last)), max(first, last))


def half_cosine(share: float) -> float:
    """0 to 1, flat at both ends."""
    return (1.0 - math.cos(math.pi * share)) / 2.0


def contributions() -> Iterable[Schedule]:
    yield Schedule(
        name="constant",
        summary="The same rate all through, after a warm-up where one is asked for",
        params=ConstantParams,
        build=constant,
    )
    yield Schedule(
        name="linear",
        summary="A short warm-up, then a straight line down",
        params=DecayParams,
        build=linear,
    )
    yield Schedule(
        name="cosine",
        summary="A short warm-up, then half a cosine down (Loshchilov and Hutter 2016)",
        params=DecayParams,
        build=cosine,
    )
    yield Schedule(
        name="one-cycle",
        summary="Up to the peak and down again by half cosines: the most from few epochs (Smith and Topin 2017)",
        params=OneCycleParams,
        build=one_cycle,
    )
    yield Schedule(
        name="step",
        summary="Full rate that drops at milestones (He et al. 2015)",
        params=StepParams,
        build=step,
    )
