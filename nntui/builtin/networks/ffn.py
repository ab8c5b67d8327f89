"""The feed-forward network: every input as one vector, then linear layers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nntui.builtin.networks import blueprint
from nntui.builtin.networks.blueprint import ACTIVATION, Layer, layer, sequence
from nntui.builtin.networks.inputs import known, only_input, refuse

if TYPE_CHECKING:
    from torch import nn

    from nntui.builtin.architectures import FFNParams
    from nntui.hooks.contributions import ActivationFactory
    from nntui.hooks.data import DataSpec, InputSpec


def build(params: FFNParams, data: DataSpec, activation: ActivationFactory) -> nn.Module:
    """Takes every kind of input, several too. Raises UserError where a length varies that must be fixed."""
    from nntui.builtin.networks.initialisation import initialise

    model = blueprint.build(plan(params, data), activation)
    initialise(model, activation.name)
    return model


def source(params: FFNParams, data: DataSpec, activation: str) -> str:
    return blueprint.source(plan(params, data), activation)


def plan(params: FFNParams, data: DataSpec) -> Layer:
    if data.target.kind == "next-token":
        return _next_token(params, data)
    if len(data.inputs) > 1:
        encoders = [_encoder(params, item) for item in data.inputs]
        layers = _layers(params, sum(width for _, width in encoders), data.target.size)
        return layer("Joined", [encoder for encoder, _ in encoders], sequence(layers))
    item = data.inputs[0]
    if item.lengths is not None and item.kind == "sequence":
        steps, features = known("ffn", item)
        return layer("FixedWindow", steps, sequence(_layers(params, steps * features, data.target.size)))
    if item.lengths is not None:
        bag = layer("nn.EmbeddingBag", item.vocabulary, params.embedding, mode="sum", padding_idx=0)
        layers = _layers(params, params.embedding, data.target.size)
        if params.dropout and not params.hidden:
            layers.insert(0, layer("nn.Dropout", params.dropout))
        return layer("BagOfTokens", bag, sequence(layers))
    encoder, width = _encoder(params, item)
    layers = _layers(params, width, data.target.size)
    return sequence(layers if item.kind == "features" else [encoder, *layers])


def _encoder(params: FFNParams, item: InputSpec) -> tuple[Layer, int]:
    """A layer that makes one vector of an input, and the vector's size."""
    if item.lengths is not None:
        raise refuse(
            "ffn",
            f"the length of {item.name!r} varies, and beside other inputs it must be fixed",
            "leave the other inputs out, or cut all samples to one length",
        )
    if item.kind == "tokens":  # the mean of their vectors, padding left out
        bag = layer("nn.EmbeddingBag", item.vocabulary, params.embedding, mode="mean", padding_idx=0)
        return bag, params.embedding
    if item.kind == "categories":
        size = min(params.embedding, math.ceil(max(item.cardinalities) / 2))
        return layer("CategoryEmbeddings", item.cardinalities, size), size * len(item.cardinalities)
    return layer("nn.Identity" if item.kind == "features" else "nn.Flatten"), math.prod(known("ffn", item))


def _next_token(params: FFNParams, data: DataSpec) -> Layer:
    """The last `context` tokens into the same layers at every position (Bengio et al. 2003)."""
    item = only_input("ffn", data)
    if params.norm == "batch":
        raise refuse(
            "ffn",
            "batch normalisation mixes positions, so that later tokens tell of themselves",
            "use --arch.norm layer for the next token",
        )
    return sequence(
        [
            layer("nn.Embedding", item.vocabulary, params.embedding, padding_idx=0),
            layer("LastTokens", params.context),
            *_layers(params, params.context * params.embedding, data.target.size, norm="layer"),
        ]
    )


def _layers(params: FFNParams, width: int, outputs: int, norm: str = "batch") -> list[Layer]:
    """Linear, norm, activation, dropout for each hidden size, and a linear layer to the outputs.

    `norm` is what "auto" means here.
    """
    norm = norm if params.norm == "auto" else params.norm
    layers: list[Layer] = []
    straight = layer("nn.Linear", width, outputs)
    for hidden in params.hidden:
        # Batch normalisation takes the mean away, and a bias with it.
        layers.append(
            layer("nn.Linear", width, hidden, bias=False) if norm == "batch" else layer("nn.Linear", width, hidden)
        )
        if norm != "none":
            layers.append(layer("nn.BatchNorm1d" if norm == "batch" else "nn.LayerNorm", hidden))
        layers.append(ACTIVATION)
        if params.dropout:
            layers.append(layer("nn.Dropout", params.dropout))
        width = hidden
    layers.append(layer("nn.Linear", width, outputs))
    return [layer("Beside", sequence(layers), straight)] if params.skip and params.hidden else layers
