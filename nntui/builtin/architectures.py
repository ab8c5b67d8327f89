"""The built-in networks and their settings. Light: they are planned and built in `networks`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import model_validator

from nntui import Architecture, Params, param

HERE = "nntui.builtin.networks"


def _sizes_are_positive(name: str, sizes: tuple[int, ...]) -> None:
    if any(size < 1 for size in sizes):
        raise ValueError(f"{name} must be 1 or more each, such as 64,32")


class FFNParams(Params):
    hidden: tuple[int, ...] = param((512, 256), help="Units of each hidden layer; empty: none, a linear model")
    dropout: float = param(0.1, ge=0, lt=1, help="Share of hidden units left out in a training step")
    norm: Literal["auto", "none", "batch", "layer"] = param(
        "auto", help="Normalisation of each hidden layer; auto: batch, for the next token layer"
    )
    embedding: int = param(
        32, ge=1, help="Size of a token's vector, and the largest of a category's (else half of its column's codes)"
    )
    context: int = param(16, ge=1, help="For the next token: how many tokens it looks back on")
    skip: bool = param(False, help="Add a linear layer from the inputs straight to the outputs")

    @model_validator(mode="after")
    def _checked(self) -> FFNParams:
        _sizes_are_positive("hidden", self.hidden)
        return self


class CNNParams(Params):
    channels: tuple[int, ...] = param((32, 64, 128), min_length=1, help="Channels of each stage")
    blocks: int = param(1, ge=1, help="Convolutions of a stage")
    kernel: int = param(3, ge=1, help="Width of a convolution; odd, so that it has a middle")
    norm: Literal["auto", "none", "batch", "group", "layer"] = param(
        "auto", help="Normalisation behind each convolution; auto: batch, where lengths vary layer"
    )
    pooling: Literal["max", "avg", "stride", "none"] = param(
        "max", help="How a stage halves the picture or the time for the next one; stride: by the convolution itself"
    )
    residual: bool = param(False, help="Add the input of each convolution to its output")
    global_pool: Literal["auto", "avg", "max", "flatten", "statistics"] = param(
        "auto",
        help="What the last stage gives the output; auto: avg, for text max; flatten: every position; statistics: mean "
        "and deviation along the time, of a sound in each band",
    )
    sound: Literal["picture", "bands"] = param(
        "picture",
        help="For a sound: filters move along time and pitch, as over a picture; bands: along time alone, each band "
        "a channel of its own",
    )
    dropout: float = param(0.1, ge=0, lt=1, help="Share of features left out before the output in a training step")
    head: int = param(0, ge=0, help="Units of a hidden layer before the output; 0: none")
    embedding: int = param(32, ge=1, help="For text: size of a token's vector")

    @model_validator(mode="after")
    def _checked(self) -> CNNParams:
        _sizes_are_positive("channels", self.channels)
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd: {self.kernel - 1} or {self.kernel + 1}, not {self.kernel}")
        return self


class RNNParams(Params):
    cell: Literal["rnn", "lstm", "gru"] = param("lstm", help="rnn: Elman's, with tanh; lstm and gru: gated")
    hidden: int = param(128, ge=1, help="Hidden units of a layer and direction")
    layers: int = param(1, ge=1, help="Recurrent layers on top of each other")
    bidirectional: bool = param(False, help="Also read from the end; not for the next token")
    dropout: float = param(0.1, ge=0, lt=1, help="Share of features left out between layers and before the output")
    pooling: Literal["last", "mean", "max"] = param("last", help="Which states stand for the whole sequence")
    convolution: int = param(
        0,
        ge=0,
        help="Width of a convolution, with the activation, before the recurrence; 0: none",
    )
    head: int = param(0, ge=0, help="Units of a hidden layer, with the activation, before the output; 0: none")
    embedding: int = param(64, ge=1, help="For text: size of a token's vector")


_NO_ORDER = "the columns of a table have no order and no neighbours; use --arch ffn, which takes numbers and categories"
_NO_NEIGHBOURS = "a point in the plane is two numbers without order or neighbours; use --arch ffn"


def _refused(why: str) -> dict[str, str]:
    """By modality, and by kind of input where the modality is another."""
    return {
        "table": f"{why}: {_NO_ORDER}",
        "points": f"{why}: {_NO_NEIGHBOURS}",
        "features": f"{why}: {_NO_ORDER}",
        "categories": f"{why}: {_NO_ORDER}",
    }


def contributions() -> Iterable[Architecture]:
    yield Architecture(
        name="ffn",
        summary="Feed-forward network: layers in which every unit sees all of the layer before",
        inputs={"features", "categories", "image", "sequence", "tokens"},
        params=FFNParams,
        build=f"{HERE}.ffn:build",
        source=f"{HERE}.ffn:source",
        export_form=f"{HERE}.forms:feed_forward",
        defaults={"optimizer.lr": 2e-3},
    )
    yield Architecture(
        name="cnn",
        summary="Convolutional network: the same small filters over a picture, a sound, a series or a text",
        inputs={"image", "sequence", "tokens"},
        refuses=_refused("a convolution looks at neighbours"),
        params=CNNParams,
        build=f"{HERE}.cnn:build",
        source=f"{HERE}.cnn:source",
        export_form=f"{HERE}.forms:convolutional",
        # Measured on fashion-mnist's validation rows, 5 epochs, one seed: 0.905 with three stages and their mean
        # (5e-3, batch 128), 0.922 flattened (3e-3, batch 64), 0.930 with a fourth stage besides.
        defaults={
            "optimizer.lr": 3e-3,
            "image:arch.channels": (32, 64, 128, 256),
            "image:arch.global_pool": "flatten",
        },
    )
    yield Architecture(
        name="rnn",
        summary="Recurrent network (Elman, LSTM or GRU): reads a sequence step by step and remembers",
        inputs={"image", "sequence", "tokens"},
        refuses=_refused("a recurrent network reads in order"),
        params=RNNParams,
        build=f"{HERE}.rnn:build",
        source=f"{HERE}.rnn:source",
        export_form=f"{HERE}.forms:recurrent",
        defaults={"optimizer.lr": 3e-3, "training.clip_grad": 1.0},
    )
