"""What nntui finds: names, settings and where the code is. No torch here."""

from __future__ import annotations

from collections.abc import Iterable

import nntui


class MixerParams(nntui.Params):
    patch: int = nntui.param(4, ge=1, help="Side of a square patch of an image")
    dim: int = nntui.param(64, ge=1, help="Width of each patch's or step's vector")
    depth: int = nntui.param(4, ge=1, help="Mixer blocks")
    token_hidden: int = nntui.param(64, ge=1, help="Hidden units of the network that mixes patches")
    channel_hidden: int = nntui.param(256, ge=1, help="Hidden units of the network that mixes channels")
    dropout: float = nntui.param(0.0, ge=0, lt=1, help="Share of hidden units dropped")


class SnakeParams(nntui.Params):
    alpha: float = nntui.param(1.0, gt=0, help="Frequency of the ripple")


class ClustersParams(nntui.Params):
    n: int = nntui.param(600, ge=10, help="How many points")
    clusters: int = nntui.param(3, ge=2, le=20, help="How many clusters, each a class")
    spread: float = nntui.param(0.35, gt=0, help="Standard deviation of each cluster; centres are on the unit circle")
    seed: int = nntui.param(0, ge=0, help="Seed of the points")


class LionParams(nntui.Params):
    lr: float = nntui.param(3e-4, gt=0, help="Learning rate; a third to a tenth of Adam's")
    weight_decay: float = nntui.param(0.0, ge=0, help="Decoupled decay; three to ten times AdamW's")
    beta1: float = nntui.param(0.9, ge=0, lt=1, help="Share of the momentum in the update")
    beta2: float = nntui.param(0.99, ge=0, lt=1, help="Decay of the momentum")


class WSDParams(nntui.Params):
    warmup: float = nntui.param(0.05, ge=0, le=1, help="Share of training in which the rate rises from zero")
    decay: float = nntui.param(0.2, ge=0, le=1, help="Share of training in which it falls, at the end")
    final: float = nntui.param(0.0, ge=0, le=1, help="What it falls to, as a share of the learning rate")


class NpzParams(nntui.Params):
    half: bool = nntui.param(False, help="Write weights of float32 as float16: half the size, about three digits")


_SNAKE = """class Snake(nn.Module):
    def __init__(self, alpha=1.0):
        super().__init__()
        self.alpha = alpha

    def forward(self, x):
        return x + torch.sin(self.alpha * x).square() / self.alpha
"""


@nntui.hookimpl
def register_architectures() -> Iterable[nntui.Architecture]:
    no_order = "it mixes positions, and the columns of a table have none: use ffn"
    yield nntui.Architecture(
        name="mixer",
        summary="MLP-Mixer: patches and channels mixed in turn, without convolution or attention",
        inputs={"image", "sequence"},
        refuses={
            "features": no_order,
            "categories": no_order,
            "tokens": "its weights are for one length, and texts have many: use rnn or cnn",
        },
        params=MixerParams,
        build="nntui_extras.mixer:build",
    )


@nntui.hookimpl
def register_activations() -> Iterable[nntui.Activation]:
    yield nntui.Activation(
        name="snake",
        summary="A ripple on the identity: learns what repeats, and goes on repeating it beyond the data",
        formula="x + sin(alpha x)^2 / alpha",
        params=SnakeParams,
        build="nntui_extras.snake:build",
        source=_SNAKE,
    )


@nntui.hookimpl
def register_datasets() -> Iterable[nntui.Dataset]:
    yield nntui.Dataset(
        name="clusters",
        summary="Gaussian clusters in the plane, around the unit circle",
        modality="points",
        params=ClustersParams,
        build="nntui_extras.clusters:build",
        preprocessor="nntui_extras.clusters:Preprocessor",
        source="made from a seed",
        licence="none needed",
        defaults={"arch.name": "ffn"},
    )


@nntui.hookimpl
def register_optimizers() -> Iterable[nntui.Optimizer]:
    yield nntui.Optimizer(
        name="lion",
        summary="The sign of a momentum: half the state of Adam",
        params=LionParams,
        build="nntui_extras.lion:Lion",
    )


@nntui.hookimpl
def register_schedules() -> Iterable[nntui.Schedule]:
    yield nntui.Schedule(
        name="wsd",
        summary="Warm-up, stable, decay: flat for most of training, so that it can be prolonged",
        params=WSDParams,
        build="nntui_extras.wsd:build",
    )


@nntui.hookimpl
def register_exporters() -> Iterable[nntui.Exporter]:
    yield nntui.Exporter(
        name="npz",
        summary="The weights as NumPy arrays in one compressed file: opened by numpy.load, and by JAX, Julia or R",
        params=NpzParams,
        build="nntui_extras.npz:build",
        suffix=".npz",
    )


@nntui.hookimpl
def register_panels() -> Iterable[nntui.Panel]:
    yield nntui.Panel(
        name="gap",
        summary="The gap between training and validation loss, and what it says",
        build="nntui_extras.gap:draw",
    )
