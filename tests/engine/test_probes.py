"""The look into the layers: what it tells, and that it changes nothing."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nntui.engine import probes
from nntui.engine.probes import Probe
from nntui.runs.events import LayerProbe


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def probed(model: nn.Module, *inputs: Tensor, lr: float = 0.1) -> dict[str, LayerProbe]:
    """One step of plain gradient descent on the sum of squares, looked into."""
    with Probe(model) as probe:
        model(*inputs).square().sum().backward()
    probe.gradients()
    probe.before_update()
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None:
                p.sub_(p.grad, alpha=lr)
    return {layer.name: layer for layer in probe.after_update()}


class Sine(nn.Module):
    """An activation that torch has not."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return torch.sin(x)


class Words(nn.Module):
    """Packed sequences, a custom activation, an array to show."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 6, padding_idx=0)
        self.cell = nn.LSTM(6, 8, batch_first=True, num_layers=2, dropout=0.5)
        self.sine = Sine()
        self.head = nn.Linear(8, 3)

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.cell(packed)[0], batch_first=True)
        result: Tensor = self.head(self.sine(out[torch.arange(len(text)), lengths - 1]))
        return result

    def probes(self) -> dict[str, Tensor]:
        torch.rand(3)  # careless
        return {"embedding": self.embedding.weight}


def convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Dropout(), nn.Flatten(),
        nn.Linear(36, 8), nn.RReLU(), nn.PReLU(8), nn.Linear(8, 3),
    )  # fmt: skip


def feed_forward() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Tanh(), nn.Dropout(), nn.Linear(8, 3))


def words_batch() -> tuple[Tensor, ...]:
    return torch.randint(1, 20, (5, 7)), torch.tensor([7, 3, 1, 5, 2])


NETWORKS: dict[str, tuple[Any, tuple[Tensor, ...]]] = {
    "ffn": (feed_forward, (torch.randn(5, 1, 8, 8),)),
    "cnn": (convolutional, (torch.randn(5, 1, 8, 8),)),
    "rnn": (Words, words_batch()),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_a_probed_training_ends_with_the_same_weights_bit_for_bit(name: str) -> None:
    make, inputs = NETWORKS[name]

    def train(probing: bool) -> tuple[dict[str, Tensor], Tensor]:
        torch.manual_seed(1)
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for _ in range(4):
            optimizer.zero_grad()
            if probing:
                with Probe(model) as probe:
                    F.cross_entropy(model(*inputs), torch.arange(5) % 3).backward()
                probe.gradients()
                probe.before_update()
                optimizer.step()
                assert probe.after_update()
                probe.arrays()
            else:
                F.cross_entropy(model(*inputs), torch.arange(5) % 3).backward()
                optimizer.step()
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
        return model.state_dict(), torch.get_rng_state()

    plain, plain_state = train(probing=False)
    looked, looked_state = train(probing=True)
    assert torch.equal(plain_state, looked_state)
    assert all(torch.equal(plain[key], looked[key]) for key in plain)


def test_gradient_weight_and_update_norms_are_those_of_each_layer() -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2))
    before = [torch.cat([p.detach().flatten() for p in model[k].parameters()]).clone() for k in (0, 2)]
    layers = probed(model, torch.randn(7, 6), lr=0.25)
    for k, name in enumerate(("0", "2")):
        gradient = torch.cat([p.grad.flatten() for p in model[int(name)].parameters()])
        assert layers[name].grad_norm == pytest.approx(float(gradient.norm()), rel=1e-4)
        assert layers[name].weight_norm == pytest.approx(float(before[k].norm()), rel=1e-4)
        assert layers[name].update_ratio == pytest.approx(0.25 * float(gradient.norm() / before[k].norm()), rel=1e-3)
    assert layers["1"].grad_norm is layers["1"].weight_norm is layers["1"].update_ratio is None


def test_statistics_and_histogram_are_of_what_the_layer_gave() -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(inplace=True))
    x = torch.randn(50, 6)
    with torch.no_grad():
        given = model[0](x).numpy().copy()  # before the relu works on it in place
    layer = probed(model, x)["0"]
    assert layer.mean == pytest.approx(given.mean(), rel=1e-4)
    assert layer.std == pytest.approx(given.std(), rel=1e-4)
    assert (layer.low, layer.high) == pytest.approx((given.min(), given.max()), rel=1e-5)
    assert len(layer.bins) == 24
    assert sum(layer.bins) == given.size
    expected, _ = np.histogram(given, bins=24, range=(given.min(), given.max()))
    assert sum(abs(a - b) for a, b in zip(layer.bins, expected.tolist(), strict=True)) <= 2  # a number on an edge


def test_layers_come_in_working_order_and_what_only_passes_on_is_left_out() -> None:
    layers = probed(convolutional(), torch.randn(5, 1, 8, 8))
    assert list(layers) == ["0", "1", "2", "3", "6", "7", "8", "9"]  # no dropout, no flatten


def silenced(relu: nn.Module, bias: float = -100.0) -> nn.Module:
    """A convolution of 4 channels whose first is silent."""
    conv = nn.Conv2d(1, 4, 3)
    with torch.no_grad():
        conv.bias[0] = bias
    return nn.Sequential(conv, relu)


@pytest.mark.parametrize("inplace", [False, True])
def test_a_channel_that_never_fires_is_dead(inplace: bool) -> None:
    layer = probed(silenced(nn.ReLU(inplace)), torch.randn(8, 1, 6, 6))["1"]
    assert layer.dead == 0.25
    assert layer.saturated is not None
    assert 0.25 < layer.saturated < 1


def test_a_large_map_is_looked_at_in_places_of_every_sample() -> None:
    assert probes.MAPS < 16 * 4 * 94 * 94
    layer = probed(silenced(nn.ReLU()), torch.randn(16, 1, 96, 96))["1"]
    assert layer.dead == 0.25
    assert sum(layer.bins) <= probes.SAMPLE


def test_a_leaky_relu_dies_of_nothing() -> None:
    layer = probed(silenced(nn.LeakyReLU(0.1)), torch.randn(8, 1, 6, 6))["1"]
    assert layer.dead == 0.0
    assert layer.saturated == 0.0


def test_a_full_relu6_is_dead_too() -> None:
    assert probed(silenced(nn.ReLU6(), bias=100.0), torch.randn(8, 1, 6, 6))["1"].dead == 0.25


@pytest.mark.parametrize(
    ("activation", "flat"),
    [
        (nn.Tanh(), lambda x: 1 - math.tanh(x) ** 2 < 0.01),
        (nn.Sigmoid(), lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2 < 0.01),
        (nn.Hardtanh(), lambda x: abs(x) > 1),
        (nn.ReLU(), lambda x: x < 0),
        (nn.Identity(), None),
    ],
)
def test_the_saturated_share_is_where_the_slope_is_next_to_nothing(activation: nn.Module, flat: Any) -> None:
    x = torch.randn(40, 6) * 4
    model = nn.Sequential(nn.Linear(6, 6), activation)
    with torch.no_grad():
        model[0].weight.copy_(torch.eye(6))
        model[0].bias.zero_()
    layers = probed(model, x)
    if flat is None:
        assert "1" not in layers
        return
    expected = sum(flat(v) for v in x.flatten().tolist()) / x.numel()
    assert layers["1"].saturated == pytest.approx(expected, abs=1e-6)


def test_units_are_features_after_a_linear_layer_and_channels_after_a_convolution() -> None:
    frames = nn.Sequential(nn.Linear(3, 4), nn.ReLU())  # (N, T, F)
    with torch.no_grad():
        frames[0].bias[0] = -100
    assert probed(frames, torch.randn(8, 5, 3))["1"].dead == 0.25
    series = nn.Sequential(nn.Conv1d(3, 8, 1), nn.ReLU())  # (N, C, T)
    with torch.no_grad():
        series[0].bias[0] = -100
    assert probed(series, torch.randn(8, 3, 5))["1"].dead == 0.125


def test_a_layer_normalisation_between_keeps_the_units_where_they_were() -> None:
    class ChannelNorm(nn.LayerNorm):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.transpose(1, 2)).transpose(1, 2)

    series = nn.Sequential(nn.Conv1d(3, 8, 1), ChannelNorm(8), nn.ReLU())
    with torch.no_grad():
        series[1].bias[0] = -100
    assert probed(series, torch.randn(8, 3, 5))["2"].dead == 0.125


def test_a_unit_seen_once_is_not_called_dead() -> None:
    assert probed(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), torch.randn(1, 3))["1"].dead is None


def test_an_activation_of_a_plugin_is_looked_at_too_and_notices_nothing() -> None:
    model = nn.Sequential(nn.Linear(3, 4), Sine())
    layer = probed(model, torch.randn(9, 3))["1"]
    assert layer.dead == 0.0
    assert layer.saturated is not None
    assert model[1].calls == 1


class Shuffled(nn.Module):
    """Random, as stochastic depth is."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.bernoulli(torch.full((len(x), 1), 0.5))


class Centred(nn.Module):
    """Mixes numbers, as a normalisation does: its summed slope is 0 everywhere."""

    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(1, keepdim=True)


class Gated(nn.Module):
    """Two inputs."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x * y


@pytest.mark.parametrize("module", [Shuffled(), Centred(), nn.Softmax(1), nn.RReLU(), nn.MaxPool1d(1), nn.LayerNorm(4)])
def test_what_is_no_function_of_one_number_is_neither_dead_nor_saturated(module: nn.Module) -> None:
    layer = probed(nn.Sequential(nn.Linear(3, 4), module), torch.randn(9, 3))["1"]
    assert layer.dead is layer.saturated is None
    assert layer.mean is not None


def test_modules_of_several_inputs_and_of_no_number_are_no_trouble() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 4)
            self.gated = Gated()
            self.largest = Largest()

        def forward(self, x: Tensor) -> Tensor:
            y = self.linear(x)
            self.largest(y)
            out: Tensor = self.gated(y, y)
            return out

    class Largest(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.argmax(1)

    layers = probed(Odd(), torch.randn(9, 3))
    assert layers["largest"] == LayerProbe(name="largest")
    assert layers["gated"].mean is not None


def test_recurrent_layers_over_packed_sequences_are_looked_at() -> None:
    layers = probed(Words(), *words_batch())
    assert list(layers) == ["embedding", "cell", "sine", "head"]
    assert sum(layers["cell"].bins) == 18 * 8
    assert all(layers[name].grad_norm for name in ("embedding", "cell", "head"))


def test_sparse_gradients_have_norms() -> None:
    model = nn.Embedding(10, 3, sparse=True)
    with Probe(model) as probe:
        model(torch.tensor([1, 1, 2])).sum().backward()
    probe.gradients()
    (layer,) = probe.after_update()
    assert layer.grad_norm == pytest.approx(math.sqrt(3 * 4 + 3))


def test_of_a_layer_called_twice_the_first_call_counts() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.ReLU()
            self.linear = nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.act(self.linear(self.act(x)) + 1000)
            return out

    layers = probed(Twice(), torch.randn(9, 3))
    assert list(layers) == ["act", "linear"]
    assert layers["act"].high < 100


def test_numbers_that_are_not_finite_are_left_out_and_the_event_is_json() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    with torch.no_grad():
        model[0].weight[0, 0] = math.inf
    x = torch.randn(9, 3)
    x[0, 0] = 0.0  # 0 * inf
    layers = probed(model, x)
    assert layers["0"].mean is None
    assert layers["0"].bins == []
    text = msgspec.json.encode(list(layers.values()))
    assert b"NaN" not in text
    assert json.loads(text)


def test_weights_of_zero_have_no_update_ratio_and_frozen_layers_no_gradient() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2, bias=False))
    nn.init.zeros_(model[1].weight)
    model[0].requires_grad_(False)
    layers = probed(model, torch.randn(9, 3))
    assert layers["1"].update_ratio is None
    assert layers["0"].grad_norm is None
    assert layers["0"].update_ratio == 0.0


def test_channels_last_and_bfloat16_outputs_are_looked_at() -> None:
    model = silenced(nn.ReLU()).to(memory_format=torch.channels_last)
    x = torch.randn(8, 1, 6, 6).contiguous(memory_format=torch.channels_last)
    assert probed(model, x)["1"].dead == 0.25
    half = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    with Probe(half) as probe, torch.autocast("cpu", torch.bfloat16):
        half(torch.randn(9, 3)).float().sum().backward()
    probe.gradients()
    by_name = {layer.name: layer for layer in probe.after_update()}
    assert by_name["1"].mean is not None
    assert by_name["1"].saturated is not None


def test_a_sample_of_a_large_output_visits_every_channel_and_pixel_alike() -> None:
    shape = (64, 32, 14, 14)
    y = torch.arange(math.prod(shape), dtype=torch.float64).view(shape)
    picked = probes._sample(y).double()
    assert probes.SAMPLE / 2 < len(picked) <= probes.SAMPLE
    at = picked.round().long()
    channels, pixels = torch.bincount(at // 196 % 32, minlength=32), torch.bincount(at % 196, minlength=196)
    assert channels.min() > 0.8 * channels.max()
    assert pixels.min() > 0.5 * pixels.max()


def test_an_exception_in_the_step_leaves_no_hook() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    with pytest.raises(ZeroDivisionError), Probe(model):
        raise ZeroDivisionError
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert Probe(model).after_update() == []


class Offering(nn.Module):
    def __init__(self, offered: Any) -> None:
        super().__init__()
        self.offered = offered

    def probes(self) -> Any:
        return self.offered


def numbers_in(nested: Any) -> int:
    return sum(map(numbers_in, nested)) if isinstance(nested, list) else 1


def test_named_arrays_are_nested_lists_of_finite_numbers() -> None:
    given = {"a": torch.tensor([[1.5, math.nan], [math.inf, 1 / 3]]), "b": torch.tensor(3), "c": torch.tensor([True])}
    arrays = Probe(Offering(given)).arrays()
    assert arrays == {"a": [[1.5, None], [None, 0.333333]], "b": 3, "c": [True]}


@pytest.mark.parametrize("shape", [(5000,), (64, 64, 64), (3, 4000), (100_000, 2), (1, 1, 4097), (17, 17, 17, 17)])
def test_named_arrays_are_cut_to_size_along_their_longest_axes(shape: tuple[int, ...]) -> None:
    array = Probe(Offering({"a": torch.randn(shape)})).arrays()["a"]
    assert 1024 <= numbers_in(array) <= 4096
    depth = next(k for k in itertools.count() if not isinstance(_at(array, k), list))
    assert depth == len(shape)


def _at(nested: Any, depth: int) -> Any:
    for _ in range(depth):
        nested = nested[0]
    return nested


def test_a_network_without_arrays_offers_none_and_a_wrong_offer_names_itself() -> None:
    assert Probe(nn.Linear(2, 2)).arrays() == {}
    holder = nn.Module()
    holder.probes = nn.ModuleList()  # a part of the network that happens to be called so
    assert Probe(holder).arrays() == {}
    for wrong in ([1], {"a": 1}):
        with pytest.raises(TypeError, match=r"Offering.probes\(\) must return a dict of tensors"):
            Probe(Offering(wrong)).arrays()
