"""The recurrent network: rows of an image, steps of a series, frames of a sound or tokens, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.builtin.networks import blueprint
from nntui.builtin.networks.blueprint import ACTIVATION, Layer, layer, sequence
from nntui.builtin.networks.inputs import features_of, known, only_input, refuse

if TYPE_CHECKING:
    from torch import nn

    from nntui.builtin.architectures import RNNParams
    from nntui.hooks.contributions import ActivationFactory
    from nntui.hooks.data import DataSpec, InputSpec

CELLS = {"rnn": "nn.RNN", "lstm": "nn.LSTM", "gru": "nn.GRU"}


def build(params: RNNParams, data: DataSpec, activation: ActivationFactory) -> nn.Module:
    """Raises UserError for data without an order, and for a bidirectional network that is to tell the next token."""
    from nntui.builtin.networks.initialisation import initialise

    model = blueprint.build(plan(params, data), activation)
    initialise(model, activation.name)
    return model


def source(params: RNNParams, data: DataSpec, activation: str) -> str:
    return blueprint.source(plan(params, data), activation)


def plan(params: RNNParams, data: DataSpec) -> Layer:
    item = only_input("rnn", data)
    entry, features = _entry(params, item)
    if params.convolution:
        entry, features = _with_neighbours(entry, features, params, causal=data.target.kind == "next-token")
    rnn = _recurrence(params, features)
    width = params.hidden * (2 if params.bidirectional else 1)
    head = _head(params, width, data.target.size)
    if data.target.kind == "next-token":
        if params.bidirectional:
            raise refuse(
                "rnn",
                "a bidirectional network reads from the end too, and so sees the token that it is to tell",
                "leave out --arch.bidirectional for the next token",
            )
        return layer("EveryState", entry, rnn, head)
    varies = item.lengths is not None or item.kind == "tokens"
    return layer("PaddedRecurrent" if varies else "Recurrent", entry, rnn, head, pooling=params.pooling)


def _entry(params: RNNParams, item: InputSpec) -> tuple[Layer, int]:
    """A layer that makes a sequence (N, T, F) of the input, and F."""
    if item.kind == "image":
        channels, _, width = known("rnn", item)
        return layer("Rows"), channels * width
    if item.kind == "tokens":
        return layer("nn.Embedding", item.vocabulary, params.embedding, padding_idx=0), params.embedding
    return layer("nn.Identity"), features_of("rnn", item)


def _with_neighbours(entry: Layer, features: int, params: RNNParams, *, causal: bool) -> tuple[Layer, int]:
    """The entry with a convolution behind it: as many channels as the recurrence has units."""
    options = {"causal": True} if causal else {}
    convolution = layer("nn.Conv1d", features, params.hidden, params.convolution)
    near = layer("Neighbours", convolution, layer("nn.LayerNorm", params.hidden), ACTIVATION, **options)
    return sequence([entry, near]), params.hidden


def _recurrence(params: RNNParams, features: int) -> Layer:
    options: dict[str, object] = {"batch_first": True}
    if params.layers > 1:
        options["num_layers"] = params.layers
        if params.dropout:  # torch's is between layers alone, and warns where there is one
            options["dropout"] = params.dropout
    if params.bidirectional:
        options["bidirectional"] = True
    return layer(CELLS[params.cell], features, params.hidden, **options)


def _head(params: RNNParams, width: int, outputs: int) -> Layer:
    layers = [layer("nn.Dropout", params.dropout)] if params.dropout else []
    if params.head:
        layers += [layer("nn.Linear", width, params.head), ACTIVATION]
        width = params.head
    return sequence([*layers, layer("nn.Linear", width, outputs)])
