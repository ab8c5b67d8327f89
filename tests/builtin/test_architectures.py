"""Architectures: each takes what it says, refuses the rest with advice, and can be rebuilt from its printed source."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from nntui.builtin import architectures
from nntui.builtin.networks import cnn, ffn, rnn
from nntui.hooks.contributions import ActivationFactory
from nntui.hooks.data import DataSpec, InputSpec, TargetSpec
from nntui.hooks.errors import UserError

ALL = {item.name: item for item in architectures.contributions()}
HOMES = {"ffn": ffn, "cnn": cnn, "rnn": rnn}
ROWS = 6
RELU = ActivationFactory(nn.ReLU, "relu", pool_commutes=True)
GELU = ActivationFactory(nn.GELU, "gelu")

IMAGE = InputSpec(name="image", kind="image", shape=(1, 8, 8), dtype="uint8")
COLOUR = InputSpec(name="image", kind="image", shape=(3, 32, 20), dtype="uint8")
FEATURES = InputSpec(name="features", kind="features", shape=(4,), dtype="float32")
CATEGORIES = InputSpec(name="categories", kind="categories", shape=(3,), dtype="int64", cardinalities=(3, 8, 5))
POINT = dataclasses.replace(FEATURES, name="point", shape=(2,))
DAYS = InputSpec(name="days", kind="sequence", shape=(7, 5), dtype="float32", time_axis=0)
FRAMES = InputSpec(name="frames", kind="sequence", shape=(20, 10), dtype="float32", lengths="length", time_axis=0)
CLIP = dataclasses.replace(FRAMES, lengths=None)
WORDS = InputSpec(name="tokens", kind="tokens", shape=(None,), dtype="int64", vocabulary=30, lengths="length")
TEXT = dataclasses.replace(WORDS, shape=(12,), lengths=None)

CLASSES = TargetSpec(kind="classes", size=5)
LABELS = TargetSpec(kind="multilabel", size=4)
VALUES = TargetSpec(kind="values", size=2)
NEXT = TargetSpec(kind="next-token", size=30)


def data(modality: Any, *inputs: InputSpec, target: TargetSpec = CLASSES) -> DataSpec:
    return DataSpec(modality=modality, inputs=inputs, target=target)


DATA = {
    "image": data("image", IMAGE),
    "colour": data("image", COLOUR, target=LABELS),
    "table": data("table", FEATURES, CATEGORIES),
    "numbers": data("table", FEATURES, target=VALUES),
    "categories": data("table", CATEGORIES, target=LABELS),
    "points": data("points", POINT),
    "series": data("series", DAYS, target=VALUES),
    "varying series": data("series", dataclasses.replace(FRAMES, shape=(9, 4)), target=VALUES),
    "words": data("text", WORDS),
    "text": data("text", TEXT, target=LABELS),
    "audio": data("audio", FRAMES),
    "clip": data("audio", CLIP),
    "next": data("text", TEXT, target=NEXT),
}
TABULAR = ("table", "numbers", "categories", "points")

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "ffn": [
        {},
        {"hidden": (), "dropout": 0.0},
        {"hidden": (7, 5), "norm": "layer", "embedding": 3, "context": 4},
        {"hidden": (6,), "norm": "none", "dropout": 0.5},
    ],
    "cnn": [
        {"channels": (4, 8, 8)},
        {"channels": (4, 8), "residual": True, "blocks": 2, "norm": "layer", "head": 6, "dropout": 0.0},
        {"channels": (4, 6, 6, 8, 8), "pooling": "avg", "norm": "none", "global_pool": "max", "kernel": 5},
        {"channels": (4, 6), "pooling": "stride", "residual": True, "kernel": 1},
        {"channels": (4,), "pooling": "none", "embedding": 5},
    ],
    "rnn": [
        {"hidden": 8},
        {"hidden": 6, "cell": "gru", "layers": 2, "pooling": "mean", "head": 5},
        {"hidden": 5, "cell": "rnn", "pooling": "max", "dropout": 0.0, "embedding": 3},
    ],
}
BOTH_WAYS: list[dict[str, Any]] = [
    {"hidden": 5, "bidirectional": True, "pooling": pooling, "cell": cell, "layers": layers}
    for pooling, cell, layers in (("last", "lstm", 1), ("mean", "gru", 2), ("max", "rnn", 1))
]
CASES = [
    (name, kind, settings)
    for name, variants in VARIANTS.items()
    for settings in variants + (BOTH_WAYS if name == "rnn" else [])
    for kind in DATA
    if (name == "ffn" or kind not in TABULAR) and not (kind == "next" and settings.get("bidirectional"))
]
FIXED_ONLY: list[tuple[str, str, dict[str, Any]]] = [
    ("cnn", kind, {"channels": (4, 8), **settings})
    for kind in ("image", "colour", "series", "clip")
    for settings in (
        {"norm": "group"},
        {"global_pool": "flatten"},
        {"global_pool": "flatten", "pooling": "avg", "norm": "batch"},
        {"global_pool": "flatten", "pooling": "stride", "norm": "batch"},
    )
]


@dataclass(frozen=True)
class Built:
    params: Any
    model: nn.Module
    source: str


def build(name: str, spec: DataSpec, settings: dict[str, Any], activation: ActivationFactory = RELU) -> Built:
    params = ALL[name].params(**settings)
    home = HOMES[name]
    torch.manual_seed(7)
    model = home.build(params, spec, activation)  # type: ignore[attr-defined]
    expression = f"nn.{activation()!r}"
    return Built(params, model, home.source(params, spec, expression))  # type: ignore[attr-defined]


def inputs(spec: DataSpec, rows: int = ROWS, steps: int | None = None, seed: int = 0) -> list[Tensor]:
    """A batch as the engine gives it: padded with zeros to `steps`, lengths on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    tensors = []
    for item in spec.inputs:
        shape = [rows, *(steps or 11 if n is None else n for n in item.shape)]
        if item.kind == "categories":
            codes = [torch.randint(0, n, (rows,), generator=generator) for n in item.cardinalities]
            tensors.append(torch.stack(codes, 1))
            continue
        if item.kind == "tokens":
            x = torch.randint(1, item.vocabulary, shape, generator=generator)
        else:
            x = torch.randn(shape, generator=generator)
        if item.lengths is not None:
            lengths = torch.randint(1, shape[1] + 1, (rows,), generator=generator)
            lengths[0] = shape[1]
            lengths[1] = 1
            behind = torch.arange(shape[1]) >= lengths[:, None]
            x = x.masked_fill(behind.view(rows, shape[1], *[1] * (x.dim() - 2)), 0)
            tensors += [x, lengths]
        else:
            tensors.append(x)
    return tensors


def expected(spec: DataSpec) -> tuple[int, ...]:
    if spec.target.kind == "next-token":
        return (ROWS, 12, spec.target.size)
    return (ROWS, spec.target.size)


@pytest.mark.parametrize(("name", "kind", "settings"), CASES + FIXED_ONLY, ids=str)
def test_a_network_learns_from_its_data_and_its_printed_source_is_the_same_network(
    name: str, kind: str, settings: dict[str, Any]
) -> None:
    spec = DATA[kind]
    built = build(name, spec, settings, GELU if len(settings) % 2 else RELU)
    batch = inputs(spec)

    output = built.model.train()(*batch)
    assert output.shape == expected(spec)
    output.square().mean().backward()
    for key, parameter in built.model.named_parameters():
        assert parameter.grad is not None, f"{key} takes no part"
        assert torch.isfinite(parameter.grad).all(), key

    assert "nntui" not in built.source
    space: dict[str, Any] = {}
    exec(built.source, space)
    again = space["model"]
    state = built.model.state_dict()
    assert list(again.state_dict()) == list(state)
    again.load_state_dict(state, strict=True)
    with torch.no_grad():
        assert torch.equal(again.eval()(*batch), built.model.eval()(*batch))


@pytest.mark.parametrize("name", list(ALL))
def test_the_default_settings_give_readable_source_for_digits(name: str) -> None:
    text = build(name, DATA["image"], {}).source
    assert text.startswith("import torch\nfrom torch import nn\n")
    assert max(map(len, text.splitlines())) <= 120
    assert len(text.splitlines()) <= 60


@pytest.mark.parametrize(
    ("name", "kind", "settings"),
    [(name, kind, settings) for name, kind, settings in CASES if kind in ("words", "text", "audio", "varying series")],
    ids=str,
)
def test_an_output_does_not_depend_on_padding(name: str, kind: str, settings: dict[str, Any]) -> None:
    """Each row alone, cut to its own length, tells the same as in a batch that is padded with rubbish."""
    spec = DATA[kind]
    model = build(name, spec, settings, GELU).model
    with torch.no_grad():
        for _ in range(3):  # moves the statistics of batch normalisation off their start
            model.train()(*inputs(spec, seed=1))
        model.eval()
        x, *rest = inputs(spec)
        if not rest:  # tokens without lengths: code 0 is padding
            lengths = torch.tensor([12, 1, 5, 8, 11, 2])
            x = x.masked_fill(torch.arange(12) >= lengths[:, None], 0)
        else:
            lengths = rest[0]
            if x.is_floating_point():
                behind = torch.arange(x.shape[1]) >= lengths[:, None]
                x = x.masked_fill(behind[:, :, None], 1e3)
        together = model(x, *rest)
        for row, length in enumerate(lengths.tolist()):
            alone = model(x[row : row + 1, :length], *(r[row : row + 1] for r in rest))
            torch.testing.assert_close(alone[0], together[row], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "settings"), [(n, s) for n in ALL for s in VARIANTS[n]], ids=str)
def test_what_tells_the_next_token_never_sees_it(name: str, settings: dict[str, Any]) -> None:
    spec = DATA["next"]
    model = build(name, spec, settings).model
    with torch.no_grad():
        model.train()(*inputs(spec, seed=1))
        model.eval()
        (tokens,) = inputs(spec)
        changed = tokens.clone()
        changed[:, 7:] = tokens[:, 7:] % 29 + 1
        before, after = model(tokens), model(changed)
        torch.testing.assert_close(before[:, :7], after[:, :7], rtol=0, atol=1e-6)
        assert not torch.allclose(before[:, 7:], after[:, 7:])
        prompt = model(tokens[:, :3])
        torch.testing.assert_close(prompt, before[:, :3], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "settings"), [(n, s) for n in ALL for s in VARIANTS[n]], ids=str)
def test_images_in_channels_last_give_the_same(name: str, settings: dict[str, Any]) -> None:
    spec = DATA["colour"]
    model = build(name, spec, settings).model.eval()
    (image,) = inputs(spec)
    with torch.no_grad():
        before = model(image)
        model.to(memory_format=torch.channels_last)
        after = model(image.to(memory_format=torch.channels_last))
    torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_small_images_keep_their_size_where_pooling_would_leave_nothing(size: int) -> None:
    spec = data("image", dataclasses.replace(IMAGE, shape=(1, size, size)))
    for pooling in ("max", "avg", "stride"):
        for global_pool in ("avg", "flatten"):
            settings = {"channels": (4,) * 6, "pooling": pooling, "global_pool": global_pool}
            assert build("cnn", spec, settings).model(*inputs(spec)).shape == (ROWS, 5)


def test_max_pooling_goes_before_relu_and_behind_other_activations() -> None:
    def order(activation: ActivationFactory) -> list[str]:
        model = build("cnn", DATA["image"], {"channels": (4, 4)}, activation).model
        return [type(m).__name__ for m in model if isinstance(m, nn.MaxPool2d | nn.ReLU | nn.GELU)][:2]  # type: ignore[union-attr]

    assert order(RELU) == ["MaxPool2d", "ReLU"]
    assert order(GELU) == ["GELU", "MaxPool2d"]


def test_pooling_before_relu_gives_the_same_weights_after_a_step() -> None:
    spec = DATA["image"]
    results = []
    for activation in (RELU, ActivationFactory(nn.ReLU, "relu", pool_commutes=False)):
        model = build("cnn", spec, {"channels": (4, 4), "dropout": 0.0}, activation).model
        model(*inputs(spec)).square().mean().backward()
        results.append([p.grad for p in model.parameters()])
    for first, second in zip(*results, strict=True):
        assert torch.equal(first, second)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", list(ALL))
def test_the_same_seed_gives_the_same_weights(name: str) -> None:
    first, second = (build(name, DATA["image"], {}).model.state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_an_lstm_begins_by_remembering_and_its_recurrence_is_orthogonal() -> None:
    model = build("rnn", DATA["series"], {"hidden": 6}).model
    lstm = model.rnn
    bias = (lstm.bias_ih_l0 + lstm.bias_hh_l0).chunk(4)
    assert [part.unique().tolist() for part in bias] == [[0.0], [1.0], [0.0], [0.0]]
    for part in lstm.weight_hh_l0.chunk(4):
        torch.testing.assert_close(part @ part.T, torch.eye(6), rtol=0, atol=1e-5)


def test_signals_neither_fade_nor_grow_through_deep_relu_layers() -> None:
    spec = data("table", dataclasses.replace(FEATURES, shape=(256,)))
    model = build("ffn", spec, {"hidden": (256,) * 8, "norm": "none", "dropout": 0.0}).model
    x = torch.randn(512, 256, generator=torch.Generator().manual_seed(0))
    last_hidden = model[:-1](x).detach()  # type: ignore[index]
    assert 0.5 < float(last_hidden.square().mean().sqrt()) < 2.0


@pytest.mark.parametrize("name", ["cnn", "rnn"])
@pytest.mark.parametrize("refused", ["table", "points", "features", "categories"])
def test_what_has_no_order_is_refused_with_what_to_use(name: str, refused: str) -> None:
    assert "--arch ffn" in ALL[name].refuses[refused]
    assert refused not in ALL[name].inputs


def test_every_kind_of_input_is_taken_or_refused() -> None:
    for item in ALL.values():
        for kind in ("features", "categories", "image", "sequence", "tokens"):
            assert (kind in item.inputs) != (kind in item.refuses)


MISFITS: list[tuple[str, DataSpec, dict[str, Any], str, str]] = [
    ("rnn", DATA["next"], {"bidirectional": True}, "sees the token", "bidirectional"),
    ("cnn", DATA["words"], {"global_pool": "flatten"}, "cannot be flattened", "--arch.global_pool"),
    ("cnn", DATA["words"], {"norm": "group"}, "whole time", "--arch.norm layer"),
    ("cnn", DATA["next"], {"norm": "batch"}, "mixes positions", "--arch.norm layer"),
    ("ffn", DATA["next"], {"norm": "batch"}, "mixes positions", "--arch.norm layer"),
    ("ffn", data("audio", dataclasses.replace(FRAMES, shape=(None, 10))), {}, "varies", "--arch rnn"),
    ("ffn", data("audio", FRAMES, FEATURES), {}, "beside other inputs", "leave the other inputs out"),
    ("cnn", data("image", IMAGE, FEATURES), {}, "takes one input", "--arch ffn"),
    ("rnn", data("image", IMAGE, FEATURES), {}, "takes one input", "--arch ffn"),
    ("rnn", data("series", DAYS, target=NEXT), {}, "cannot be told from sequence", "needs tokens"),
]


@pytest.mark.parametrize(("name", "spec", "settings", "why", "instead"), MISFITS, ids=lambda v: str(v)[:20])
def test_settings_that_do_not_fit_the_data_are_refused_with_what_to_do(
    name: str, spec: DataSpec, settings: dict[str, Any], why: str, instead: str
) -> None:
    with pytest.raises(UserError, match=why) as caught:
        build(name, spec, settings)
    assert instead in caught.value.advice
    assert f"--arch {name}" in caught.value.message


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("cnn", {"kernel": 4}, "kernel must be odd: 3 or 5, not 4"),
        ("cnn", {"channels": (8, 0)}, "channels must be 1 or more each"),
        ("cnn", {"channels": ()}, "at least 1 item"),
        ("ffn", {"hidden": (64, -1)}, "hidden must be 1 or more each"),
        ("rnn", {"cell": "lstn"}, "'rnn', 'lstm' or 'gru'"),
    ],
)
def test_sizes_that_make_no_network_are_refused(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ALL[name].params(**settings)


def test_an_empty_hidden_makes_a_linear_model() -> None:
    model = build("ffn", DATA["numbers"], {"hidden": ()}).model
    assert [type(m).__name__ for m in model] == ["Linear"]  # type: ignore[union-attr]
