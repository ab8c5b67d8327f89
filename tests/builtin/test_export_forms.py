"""The form that exporters take answers as the network does, and leaves the number of rows and steps free."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from test_architectures import BOTH_WAYS, CASES, DATA, build
from torch import Tensor, nn

from nntui.builtin.exporting.onnx_recurrence import OnnxRecurrence
from nntui.builtin.networks import forms

FORMS = {"rnn": forms.recurrent, "ffn": forms.feed_forward, "cnn": forms.convolutional}
CHANGED = [
    (name, kind, settings)
    for name, kind, settings in CASES
    if (name == "rnn" and settings in BOTH_WAYS and kind in ("words", "text", "audio", "varying series"))
    or (name == "ffn" and kind in ("words", "text"))
    or (name == "cnn" and kind in ("words", "text", "audio", "varying series") and settings.get("pooling") != "none")
]


def rows_of(kind: str, rows: int = 6) -> tuple[Tensor, ...]:
    """Rows of every length, an empty one of padding alone among them, as the network takes them."""
    (item,) = DATA[kind].inputs
    steps = item.shape[0] or 11
    lengths = torch.tensor([steps, 1, 3, 2, steps - 1, 1])[:rows]
    if item.kind == "tokens":
        x = torch.randint(1, item.vocabulary, (rows, steps), generator=torch.Generator().manual_seed(1))
        x[torch.arange(steps) >= lengths[:, None]] = 0
    else:
        x = torch.randn((rows, steps, item.shape[-1] or 1), generator=torch.Generator().manual_seed(1))
    return (x,) if item.lengths is None else (x, lengths)


@pytest.mark.parametrize(("name", "kind", "settings"), CHANGED)
def test_the_form_agrees_with_the_network_on_rows_of_many_lengths(
    name: str, kind: str, settings: dict[str, Any]
) -> None:
    network = build(name, DATA[kind], settings).model.eval()
    form = FORMS[name](copy.deepcopy(network)).eval()
    assert any(type(module).__module__ == forms.__name__ for module in form.modules())
    inputs = rows_of(kind)
    with torch.no_grad():
        torch.testing.assert_close(form(*inputs), network(*inputs), rtol=0, atol=1e-6)
        one = tuple(x[:1] for x in inputs)
        torch.testing.assert_close(form(*one), network(*one), rtol=0, atol=1e-6)


def test_padding_changes_nothing_in_the_form() -> None:
    network = build("rnn", DATA["words"], BOTH_WAYS[0]).model.eval()
    form = forms.recurrent(copy.deepcopy(network)).eval()
    tokens, lengths = rows_of("words")
    longer = nn.functional.pad(tokens, (0, 9))
    with torch.no_grad():
        torch.testing.assert_close(form(longer, lengths), form(tokens, lengths), rtol=0, atol=1e-6)


def test_what_needs_no_other_form_is_left_as_it_is() -> None:
    for name, settings in (("rnn", {"hidden": 4}), ("ffn", {"hidden": (4,)})):
        network = build(name, DATA["image"], settings).model
        assert FORMS[name](network) is network
        assert not any(isinstance(m, forms.TokensTogether) for m in network.modules())


def reference(operator: OnnxRecurrence, x: Tensor) -> Tensor:
    """What ONNX's operators compute, from their specification, one layer and direction: (N, T, H)."""
    size, states = operator.hidden_size, []
    weight, recurrence, bias = (getattr(operator, f"{of}0")[0] for of in "wrb")
    mine, theirs = bias.chunk(2)
    h = c = torch.zeros(len(x), size)
    for t in range(x.shape[1]):
        before, after = x[:, t] @ weight.T + mine, h @ recurrence.T + theirs
        if operator.operator == "LSTM":
            i, o, f, g = (before + after).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        elif operator.operator == "GRU":
            (z, r, n), (hz, hr, hn) = before.chunk(3, 1), after.chunk(3, 1)
            z = (z + hz).sigmoid()
            h = (1 - z) * (n + (r + hr).sigmoid() * hn).tanh() + z * h
        else:
            h = (before + after).tanh()
        states.append(h)
    return torch.stack(states, 1)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_the_gates_of_torch_stand_where_onnx_has_them(kind: Any) -> None:
    torch.manual_seed(0)
    layer = kind(3, 4, batch_first=True)
    x = torch.randn(2, 5, 3)
    with torch.no_grad():
        torch.testing.assert_close(reference(OnnxRecurrence(layer), x), layer(x)[0], rtol=0, atol=1e-6)


VARYING = [
    ("cnn", {"channels": (4, 8, 8)}),
    ("cnn", {"channels": (4, 6, 6, 8), "pooling": "avg", "norm": "none"}),
    ("cnn", {"channels": (4, 6), "pooling": "stride", "residual": True, "global_pool": "avg"}),
    ("ffn", {"hidden": (4,)}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "settings"), VARYING)
def test_a_graph_takes_rows_of_any_length(name: str, settings: dict[str, Any]) -> None:
    from nntui.builtin.exporting.tracing import traced
    from nntui.hooks.exporting import ExportTensor

    # In double precision: whether it is the same function, not whether sums are taken in the same order.
    network = build(name, DATA["words"], settings).model.eval().double()
    form = FORMS[name](copy.deepcopy(network)).eval()

    class Rows(nn.Module):
        def forward(self, *tensors: Tensor) -> Tensor:
            told: Tensor = form(*tensors)
            return told

    tokens, lengths = rows_of("words")
    inputs = [
        ExportTensor(name="tokens", dtype="int64", shape=(None, None)),
        ExportTensor(name="length", dtype="int64", shape=(None,)),
    ]
    graph = traced(Rows(), [tokens[:3], lengths[:3]], inputs).module()
    for steps in (1, 2, 3, 4, 5, 8, 30):
        x = torch.randint(1, 30, (4, steps), generator=torch.Generator().manual_seed(steps))
        real = torch.tensor([steps, 1, (steps + 1) // 2, max(1, steps - 1)])
        x[torch.arange(steps) >= real[:, None]] = 0
        with torch.no_grad():
            torch.testing.assert_close(graph(x, real), network(x, real), rtol=0, atol=1e-6)


@pytest.mark.parametrize("mode", ["mean", "sum"])
def test_a_bag_is_the_same_without_bags(mode: str) -> None:
    bag = nn.EmbeddingBag(30, 5, mode=mode, padding_idx=0)
    model = nn.Sequential(bag)
    tokens, _ = rows_of("words")
    tokens[1] = 0
    with torch.no_grad():
        expected = bag(tokens)
        torch.testing.assert_close(forms.feed_forward(model)(tokens), expected, rtol=0, atol=1e-6)
    assert not any(isinstance(module, nn.EmbeddingBag) for module in model.modules())


class GoesOn(nn.Module):
    """A recurrent network that begins with a state of its own."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.cells = kind is nn.LSTM
        self.rnn = kind(3, 4, num_layers=2, bidirectional=True, batch_first=True)
        self.register_buffer("begin", torch.randn(4, 1, 4))

    def forward(self, *inputs: Tensor) -> Tensor:
        state = self.begin.expand(-1, inputs[0].shape[0], -1).contiguous()
        states, last = self.rnn(inputs[0], (state, state * 0.5) if self.cells else state)
        last = last[1] if isinstance(last, tuple) else last
        return torch.cat([states[:, -1], states[:, 0], *last], dim=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_onnx_runs_a_recurrence_of_two_layers_both_ways_from_a_state(kind: Any, tmp_path: Path) -> None:
    from nntui.builtin.exporters import OnnxParams
    from nntui.builtin.exporting.to_onnx import build as to_onnx
    from nntui.hooks.exporting import Exportable, ExportTensor

    torch.manual_seed(0)
    network = GoesOn(kind).eval().requires_grad_(False)
    x = torch.randn(5, 9, 3)
    model = Exportable(
        name="made-up",
        network=network,
        inputs=(ExportTensor(name="x", dtype="float32", shape=(None, None, 3)),),
        output=ExportTensor(name="y", dtype="float32", shape=(None, 24)),
        rows={"x": x[:3, :4]},
        longest=0,
        data=DATA["series"],
        weights={},
        ties={},
        restore=lambda weights: lambda inputs: inputs["x"],
        facts={"model": {}},
        source=None,
    )
    made = to_onnx(OnnxParams(), model, tmp_path / "made-up.onnx")
    torch.testing.assert_close(torch.from_numpy(made.run({"x": x.numpy()})), network(x), rtol=0, atol=1e-6)
