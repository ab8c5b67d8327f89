"""The plan of a network: order, shapes, parameters, multiply-accumulates."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nntui.engine.layers import layers_of, plan_layers, step_macs


def lines(model: nn.Module, *inputs: Tensor) -> list[tuple[Any, ...]]:
    return [(p.name, p.kind, p.out, p.parameters, p.macs) for p in plan_layers(model, inputs)]


def test_a_feed_forward_network() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10, bias=False))
    assert lines(model, torch.zeros(5, 1, 8, 8)) == [
        ("0", "Flatten", [64], 0, 0),
        ("1", "Linear", [32], 64 * 32 + 32, 64 * 32),
        ("2", "ReLU", [32], 0, 0),
        ("3", "Linear", [10], 320, 320),
    ]


def test_a_convolutional_network() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, (3, 1), groups=4),
        nn.ConvTranspose2d(8, 4, 2, stride=2),
    )
    assert lines(model, torch.zeros(2, 3, 8, 8)) == [
        ("0", "Conv2d", [8, 8, 8], 3 * 8 * 9 + 8, 8 * 8 * 8 * 3 * 9),
        ("1", "BatchNorm2d", [8, 8, 8], 16, 8 * 8 * 8),
        ("2", "MaxPool2d", [8, 4, 4], 0, 0),
        ("3", "Conv2d", [8, 2, 4], 8 * 2 * 3 + 8, 8 * 2 * 4 * 2 * 3),
        ("4", "ConvTranspose2d", [4, 4, 8], 8 * 4 * 4 + 4, 8 * 2 * 4 * 4 * 4),
    ]
    one_dimensional = nn.Conv1d(5, 7, 3)
    assert lines(one_dimensional, torch.zeros(2, 5, 10)) == [("conv1d", "Conv1d", [7, 8], 112, 7 * 8 * 5 * 3)]


class Recurrent(nn.Module):
    """Characters in, class out, over packed sequences."""

    def __init__(self, cell: type[nn.RNNBase], bidirectional: bool) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 6, padding_idx=0)
        self.cell = cell(6, 8, num_layers=2, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(16 if bidirectional else 8, 3)

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.cell(packed)[0], batch_first=True)
        return self.head(out[torch.arange(len(text)), lengths - 1])


@pytest.mark.parametrize(("cell", "gates"), [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_a_recurrent_network_over_packed_sequences(cell: Any, gates: int) -> None:
    text, lengths = torch.ones(4, 7, dtype=torch.int64), torch.tensor([7, 3, 1, 5])
    plans = lines(Recurrent(cell, bidirectional=False), text, lengths)
    steps = 16  # of all four samples
    matrices = gates * 8 * (6 + 8) + gates * 8 * (8 + 8)
    assert plans == [
        ("embedding", "Embedding", [7, 6], 120, 0),
        ("cell", cell.__name__, [-1, 8], matrices + 4 * gates * 8, steps * matrices // 4),
        ("head", "Linear", [3], 27, 24),
    ]
    both = lines(Recurrent(cell, bidirectional=True), text, lengths)
    assert both[1][4] == steps * 2 * gates * 8 * ((6 + 8) + (16 + 8)) // 4


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_recurrence_over_plain_tensors_in_either_layout_and_with_a_projection() -> None:
    model = nn.LSTM(5, 8, proj_size=3, batch_first=True)
    per_step = 4 * 8 * 5 + 4 * 8 * 3 + 3 * 8
    assert lines(model, torch.zeros(2, 9, 5))[0][2:] == (
        [9, 3],
        sum(p.numel() for p in model.parameters()),
        9 * per_step,
    )

    class TimeFirst(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(5, 8)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.gru(x.transpose(0, 1))[0][-1]
            return out

    assert lines(TimeFirst(), torch.zeros(2, 9, 5))[0][2] == [9, 8]


def test_cells_called_step_by_step_are_one_line_with_the_cost_of_all_calls() -> None:
    class Stepwise(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRUCell(5, 8)

        def forward(self, x: Tensor) -> Tensor:
            state = torch.zeros(len(x), 8)
            for t in range(x.shape[1]):
                state = self.cell(x[:, t], state)
            return state

    (line,) = lines(Stepwise(), torch.zeros(2, 9, 5))
    assert line[:3] == ("cell", "GRUCell", [8])
    assert line[4] == 9 * 24 * (5 + 8)


def test_layers_stand_in_the_order_in_which_they_work() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(4, 2)
            self.first = nn.Linear(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.last(self.first(x))
            return out

    assert [line[0] for line in lines(Backwards(), torch.zeros(2, 3))] == ["first", "last"]


def test_shared_parameters_count_once_and_what_is_never_called_comes_last() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.spare = nn.Linear(2, 2)
            self.quiet = nn.ReLU()
            self.embedding = nn.Embedding(9, 4)
            self.head = nn.Linear(4, 9, bias=False)
            self.head.weight = self.embedding.weight

        def forward(self, text: Tensor) -> Tensor:
            out: Tensor = self.head(self.embedding(text))
            return out

    model = Tied()
    plans = lines(model, torch.ones(3, 5, dtype=torch.int64))
    assert plans == [
        ("embedding", "Embedding", [5, 4], 36, 0),
        ("head", "Linear", [5, 9], 0, 5 * 36),
        ("spare", "Linear", [], 6, 0),
    ]
    assert sum(p[3] for p in plans) == sum(p.numel() for p in model.parameters())


def test_a_module_with_parameters_of_its_own_beside_its_children_is_a_layer_too() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))
            self.inner = nn.Linear(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.inner(x) * self.scale
            return out

    assert lines(nn.Sequential(Scaled()), torch.zeros(2, 3)) == [
        ("0.inner", "Linear", [4], 16, 12),
        ("0", "Scaled", [4], 4, 0),
    ]


def test_attention_and_parametrised_modules_are_one_layer_with_all_their_parameters() -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
            self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(8, 3))

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.normed(self.attention(x, x, x)[0])
            return out

    model = Attending()
    plans = lines(model, torch.zeros(2, 5, 8))
    assert [p[0] for p in plans] == ["attention", "normed"]
    assert plans[0][2:] == ([5, 8], 4 * 64 + 32, 5 * 4 * 64 + 2 * 5 * 5 * 8)
    assert plans[1][4] == 5 * 24
    assert sum(p[3] for p in plans) == sum(p.numel() for p in model.parameters())
    transformer = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1)
    kinds = [p[1] for p in lines(transformer, torch.zeros(2, 5, 8))]  # not the fused path, which calls no layer
    assert kinds[0] == "MultiheadAttention"
    assert kinds.count("Linear") == 2


def test_planning_changes_neither_modes_nor_weights_nor_buffers_nor_random_numbers() -> None:
    class Noisy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + torch.randn_like(x)

    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), Noisy())
    model[1].eval()  # frozen on purpose
    before = {name: t.clone() for name, t in model.state_dict().items()}
    modes, state = [m.training for m in model.modules()], torch.get_rng_state()
    plan_layers(model, (torch.randn(6, 3, generator=torch.Generator()),))
    assert [m.training for m in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())
    assert not any(m._forward_hooks for m in model.modules())


def test_a_network_that_raises_is_left_without_hooks_and_in_its_mode() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(3, 4))
    with pytest.raises(RuntimeError):
        plan_layers(model, (torch.zeros(2, 3),))
    assert not any(m._forward_hooks for m in model.modules())
    assert all(m.training for m in model.modules())


def test_samples_laid_end_to_end_and_odd_outputs_have_shapes() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.frames = nn.Linear(3, 4)
            self.table = Table()
            self.words = Words()

        def forward(self, x: Tensor) -> Tensor:
            self.words(x)
            return self.table(self.frames(x.flatten(0, 1)))["a"]

    class Table(nn.Module):
        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"a": x[:5]}

    class Words(nn.Module):
        def forward(self, x: Tensor) -> str:
            return "no tensor"

    plans = lines(Odd(), torch.zeros(2, 7, 3))
    assert [(p[0], p[2]) for p in plans] == [("words", []), ("frames", [7, 4]), ("table", [-1, 4])]


def test_the_cost_of_a_step_is_that_of_its_rows() -> None:
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    plans = plan_layers(model, (torch.zeros(3, 64),))
    assert step_macs(plans) == 64 * 32 + 320
    assert step_macs(plans, 32) == 32 * (64 * 32 + 320)
    assert [layer.name for layer in layers_of(model)] == ["0", "1", "2"]
