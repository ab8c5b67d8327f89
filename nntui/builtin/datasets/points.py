"""Two-dimensional toys, made from a seed: a network's decision boundary can be seen whole.

NumPy's PCG64 generator gives the same points for the same params on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.source import Rows, fingerprint
from nntui.builtin.datasets.tables import TableFacts

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.params import CirclesParams, MoonsParams, SpiralsParams, XorParams
    from nntui.hooks.data import DataContext

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]


def moons(params: MoonsParams, context: DataContext) -> Rows[TableFacts]:  # noqa: ARG001 — made, not read
    """Two interleaving half circles of radius 1."""
    upper, lower = _halves(params.n)
    a, b = np.linspace(0, np.pi, upper), np.linspace(0, np.pi, lower)
    points = np.concatenate([_plane(np.cos(a), np.sin(a)), _plane(1 - np.cos(b), 0.5 - np.sin(b))])
    return _source(points, _codes(upper, lower), ("upper", "lower"), params.noise, params.seed)


def circles(params: CirclesParams, context: DataContext) -> Rows[TableFacts]:  # noqa: ARG001 — made, not read
    """A circle of radius 1 and one of radius `factor` within it."""
    outer, inner = _halves(params.n)
    a, b = (np.linspace(0, 2 * np.pi, count, endpoint=False) for count in (outer, inner))
    points = np.concatenate([_plane(np.cos(a), np.sin(a)), params.factor * _plane(np.cos(b), np.sin(b))])
    return _source(points, _codes(outer, inner), ("outer", "inner"), params.noise, params.seed)


def spirals(params: SpiralsParams, context: DataContext) -> Rows[TableFacts]:  # noqa: ARG001 — made, not read
    """`arms` Archimedean spirals (r proportional to the angle) of `turns` turns, reaching radius 1."""
    counts = [params.n // params.arms + (arm < params.n % params.arms) for arm in range(params.arms)]
    arms = []
    for arm, count in enumerate(counts):
        radius = np.sqrt(np.linspace(0.0025, 1, count))  # even along the arm, and not all in the centre
        angle = 2 * np.pi * (params.turns * radius + arm / params.arms)
        arms.append(_plane(radius * np.cos(angle), radius * np.sin(angle)))
    names = tuple(f"arm {arm + 1}" for arm in range(params.arms))
    return _source(np.concatenate(arms), _codes(*counts), names, params.noise, params.seed)


def xor(params: XorParams, context: DataContext) -> Rows[TableFacts]:  # noqa: ARG001 — made, not read
    """Points of the square from -1 to 1, by whether their coordinates have the same sign (before the noise)."""
    points = np.random.default_rng((params.seed, 1)).uniform(-1, 1, (params.n, 2))
    codes = (points[:, 0] * points[:, 1] > 0).astype(np.int64)
    return _source(points, codes, ("different", "same"), params.noise, params.seed)


def _halves(n: int) -> tuple[int, int]:
    return n - n // 2, n // 2


def _plane(x: Floats, y: Floats) -> Floats:
    return np.stack([x, y], axis=1)


def _codes(*counts: int) -> Codes:
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def _source(points: Floats, codes: Codes, classes: tuple[str, ...], noise: float, seed: int) -> Rows[TableFacts]:
    points = points + np.random.default_rng((seed, 0)).normal(0.0, noise, points.shape)
    points = np.round(points, 6)  # a cosine's last bit differs between machines; the fingerprint must not
    return Rows(
        columns={"x": points[:, 0].copy(), "y": points[:, 1].copy(), "target": codes},
        facts=TableFacts(numbers=("x", "y"), target="class", classes=classes, modality="points"),
        fingerprint=fingerprint([np.ascontiguousarray(points).data, codes.data]),
        targets=codes,
    )
