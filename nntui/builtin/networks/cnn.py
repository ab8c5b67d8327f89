"""The convolutional network: stages of convolutions over images, sounds, series and texts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nntui.builtin.networks import blueprint
from nntui.builtin.networks.blueprint import ACTIVATION, Layer, layer, sequence
from nntui.builtin.networks.inputs import features_of, known, only_input, refuse

if TYPE_CHECKING:
    from torch import nn

    from nntui.builtin.architectures import CNNParams
    from nntui.hooks.contributions import ActivationFactory
    from nntui.hooks.data import DataSpec, InputSpec

GROUPS = 8
"""Groups of group normalisation, where they divide the channels."""


def build(params: CNNParams, data: DataSpec, activation: ActivationFactory) -> nn.Module:
    """Raises UserError for data without neighbours, and for settings that do not fit the data."""
    from nntui.builtin.networks.initialisation import initialise

    model = blueprint.build(plan(params, data, pool_first=activation.pool_commutes), activation)
    initialise(model, activation.name)
    return model


def source(params: CNNParams, data: DataSpec, activation: str) -> str:
    return blueprint.source(plan(params, data), activation)


def plan(params: CNNParams, data: DataSpec, *, pool_first: bool = False) -> Layer:
    """`pool_first`: max-pool before the activation, which then has a quarter of the work, where that is the same."""
    item = only_input("cnn", data)
    if data.target.kind == "next-token":
        return _causal(params, item, data.target.size)
    if item.kind == "image" and params.global_pool == "statistics":
        raise refuse("cnn", "statistics are taken along the time, and a picture has none", "use --arch.global_pool avg")
    varies = item.lengths is not None or item.kind == "tokens"
    entry, channels, sizes = _entry(params, data, item, varies)
    conv = Convolutions(params, len(sizes), _norm(params, varies), varies)
    layers, channels, sizes = conv.stages(channels, sizes, pool_first)
    pooling = params.global_pool
    if pooling == "auto":
        pooling = "max" if item.kind == "tokens" else "avg"
    if varies:
        if pooling == "flatten":
            raise refuse(
                "cnn",
                f"the length of {item.name!r} varies: it cannot be flattened",
                "use --arch.global_pool avg or max",
            )
        padded = Layer("Padded", tuple(layers), {"pooling": pooling})
        width = 2 * channels * math.prod(sizes[1:]) if pooling == "statistics" else channels
        return layer("PaddedConvolutions", sequence(entry), padded, _head(params, width, data.target.size))
    if pooling == "statistics":
        head = _head(params, 2 * channels * math.prod(sizes[1:]), data.target.size)
        return sequence([*entry, *layers, layer("TimeStatistics"), *head.args])
    if pooling != "flatten":
        layers.append(layer(f"nn.Adaptive{pooling.title()}Pool{len(sizes)}d", 1))
        sizes = [1]
    head = _head(params, channels * math.prod(sizes), data.target.size)
    return sequence([*entry, *layers, layer("nn.Flatten"), *head.args])


def _entry(params: CNNParams, data: DataSpec, item: InputSpec, varies: bool) -> tuple[list[Layer], int, list[int]]:
    """Layers that bring an input into channels, how many those are, and the sizes along which filters move.

    A time that varies counts as endless. Sound is a picture of time and pitch, with one channel, or as asked a series
    with a channel for each band.
    """
    if item.kind == "image":
        channels, *sizes = known("cnn", item)
        return [], channels, sizes
    if item.kind == "tokens":
        embedding = layer("nn.Embedding", item.vocabulary, params.embedding, padding_idx=0)
        return [embedding, layer("SwapAxes")], params.embedding, [2**30]
    features = features_of("cnn", item)
    steps = 2**30 if varies else known("cnn", item)[0]
    if data.modality == "audio" and params.sound == "picture":
        return [layer("nn.Unflatten", 1, (1, -1))], 1, [steps, features]
    return [layer("SwapAxes")], features, [steps]


def _norm(params: CNNParams, varies: bool) -> str:
    if params.norm == "group" and varies:
        raise refuse(
            "cnn",
            "group normalisation looks along the whole time, padding and all, where lengths vary",
            "use --arch.norm layer or batch",
        )
    if params.norm == "auto":
        return "layer" if varies else "batch"
    return params.norm


def _head(params: CNNParams, width: int, outputs: int) -> Layer:
    layers = [layer("nn.Dropout", params.dropout)] if params.dropout else []
    if params.head:
        layers += [layer("nn.Linear", width, params.head), ACTIVATION]
        width = params.head
    return sequence([*layers, layer("nn.Linear", width, outputs)])


def _causal(params: CNNParams, item: InputSpec, outputs: int) -> Layer:
    """Convolutions that look back alone, each twice as far apart as the one before (Bai et al. 2018).

    Nothing is pooled: each position tells its next token.
    """
    if params.norm in ("batch", "group"):
        raise refuse(
            "cnn",
            f"{params.norm} normalisation mixes positions, so that later tokens tell of themselves",
            "use --arch.norm layer for the next token",
        )
    conv = Convolutions(params, 1, "layer" if params.norm == "auto" else params.norm, varies=True)
    layers = [layer("nn.Embedding", item.vocabulary, params.embedding, padding_idx=0), layer("SwapAxes")]
    channels, dilation = params.embedding, 1
    for wide in params.channels:
        for _ in range(params.blocks):
            layers += conv.unit(channels, wide, dilation=dilation, causal=True)
            channels, dilation = wide, dilation * 2
    return sequence([*layers, layer("SwapAxes"), *_head(params, channels, outputs).args])


@dataclass(frozen=True)
class Convolutions:
    """Makes convolutions along `axes` axes (1 or 2)."""

    params: CNNParams
    axes: int
    norm: str
    varies: bool
    """Whether layers lie in `Padded`, which takes a convolution and all that belongs to it as one layer."""

    def stages(self, channels: int, sizes: list[int], pool_first: bool) -> tuple[list[Layer], int, list[int]]:
        """All stages; with the channels and sizes that come out.

        Each stage but the last halves the sizes (the last too, where all positions go to the output), but no size
        below 1: small images just keep theirs.
        """
        params = self.params
        layers: list[Layer] = []
        count = len(params.channels)
        last_halves = params.global_pool == "flatten" and params.pooling in ("max", "avg")
        for stage, wide in enumerate(params.channels):
            halve = [2 if size >= 2 else 1 for size in sizes]
            strided = params.pooling == "stride" and stage > 0
            pooled = params.pooling in ("max", "avg") and (stage < count - 1 or last_halves) and max(halve) > 1
            for block in range(params.blocks):
                stride = halve if strided and block == 0 else [1] * self.axes
                pool = self._pool(halve) if pooled and block == params.blocks - 1 else None
                layers += self.unit(channels, wide, stride=stride, pool=pool, pool_first=pool_first)
                channels = wide
            if strided:
                sizes = [-(-size // by) for size, by in zip(sizes, halve, strict=True)]
            elif pooled:
                rounded_up = self.varies
                sizes = [-(-s // by) if rounded_up else s // by for s, by in zip(sizes, halve, strict=True)]
        return layers, channels, sizes

    def unit(
        self,
        channels: int,
        wide: int,
        *,
        stride: list[int] | None = None,
        dilation: int = 1,
        causal: bool = False,
        pool: Layer | None = None,
        pool_first: bool = False,
    ) -> list[Layer]:
        """Convolution, norm, activation, then pooling; residual where that is set."""
        step = self._each(stride or [1] * self.axes)
        body = self._convolution(channels, wide, step, dilation, causal)
        if self.norm != "none":
            body.append(self._normalisation(wide))
        after = [pool] if pool else []
        if not self.params.residual:
            if self.varies and not causal:
                return [sequence([*body, ACTIVATION]), *after]
            first = pool_first and self.params.pooling == "max"
            return [*body, *after, ACTIVATION] if first else [*body, ACTIVATION, *after]
        if channels == wide and step == 1:
            shortcut = layer("nn.Identity")
        else:
            options = {} if step == 1 else {"stride": step}
            shortcut = layer(f"nn.Conv{self.axes}d", channels, wide, 1, **options)
        return [layer("Residual", sequence([*body, ACTIVATION]), shortcut), *after]

    def _convolution(
        self, channels: int, wide: int, step: int | tuple[int, ...], dilation: int, causal: bool
    ) -> list[Layer]:
        kernel = self.params.kernel
        reach = dilation * (kernel - 1)
        options: dict[str, object] = {}
        if step != 1:
            options["stride"] = step
        if reach and not causal:
            options["padding"] = reach // 2
        if dilation > 1:
            options["dilation"] = dilation
        if self.norm == "batch":  # takes the mean away, and a bias with it
            options["bias"] = False
        convolution = layer(f"nn.Conv{self.axes}d", channels, wide, kernel, **options)
        before = [layer("nn.ConstantPad1d", (reach, 0), 0.0)] if causal and reach else []
        return [*before, convolution]

    def _normalisation(self, channels: int) -> Layer:
        if self.norm == "batch":
            return layer(f"nn.BatchNorm{self.axes}d", channels)
        if self.norm == "group":
            return layer("nn.GroupNorm", math.gcd(GROUPS, channels), channels)
        return layer("ChannelNorm", channels)

    def _pool(self, halve: list[int]) -> Layer:
        # Where lengths vary, an odd last step is kept: padding must not decide whether it counts.
        options = {"ceil_mode": True} if self.varies else {}
        return layer(f"nn.{self.params.pooling.title()}Pool{self.axes}d", self._each(halve), **options)

    def _each(self, numbers: list[int]) -> int | tuple[int, ...]:
        """One number where it is the same along every axis."""
        return numbers[0] if len(set(numbers)) == 1 else tuple(numbers)
