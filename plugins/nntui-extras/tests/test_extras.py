"""What nntui-extras promises, tested without training a network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nntui_extras import clusters, gap, lion, mixer, npz, plugin, snake, wsd
from rich.console import Console
from torch import nn

import nntui

relu = nntui.ActivationFactory(nn.ReLU, "relu", pool_commutes=True)


def _data(kind: str, shape: tuple[int | None, ...], **more: str) -> nntui.DataSpec:
    item = nntui.InputSpec(name="x", kind=kind, shape=shape, dtype="float32", **more)
    return nntui.DataSpec(modality="image", inputs=(item,), target=nntui.TargetSpec(kind="classes", size=7))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 6), (2, 5, 13)])
def test_the_mixer_takes_images_of_any_size(shape: tuple[int, int, int]) -> None:
    network = mixer.build(plugin.MixerParams(depth=2, dropout=0.1), _data("image", shape), relu)
    output = network(torch.randn(5, *shape))
    assert output.shape == (5, 7)
    output.sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_the_mixer_takes_sequences_of_one_length() -> None:
    network = mixer.build(plugin.MixerParams(depth=1), _data("sequence", (12, 4)), relu)
    assert network(torch.randn(3, 12, 4)).shape == (3, 7)
    with pytest.raises(nntui.UserError, match="varies"):
        mixer.build(plugin.MixerParams(), _data("sequence", (None, 4), lengths="n"), relu)


@settings(deadline=None)  # the first call pays for torch
@given(st.floats(0.1, 5), st.lists(st.floats(-20, 20), min_size=1))
def test_snake_is_its_formula_and_rises(alpha: float, values: list[float]) -> None:
    x = torch.tensor(sorted(values), dtype=torch.float64)
    y = snake.build(plugin.SnakeParams(alpha=alpha))(x)
    torch.testing.assert_close(y, x + torch.sin(alpha * x) ** 2 / alpha)
    assert (y.diff() >= -1e-9).all()


def test_the_source_of_snake_is_the_same_function() -> None:
    (contribution,) = plugin.register_activations()
    scope: dict[str, object] = {"nn": nn, "torch": torch}
    exec(contribution.source, scope)
    x = torch.linspace(-3, 3, 50)
    torch.testing.assert_close(scope["Snake"](2.0)(x), snake.Snake(2.0)(x))


def test_lion_takes_the_step_of_the_paper() -> None:
    torch.manual_seed(0)
    params = plugin.LionParams(beta1=0.8, beta2=0.95)
    rule = lion.Lion(params)
    ours = [torch.randn(3, 2), torch.randn(4)]
    theirs = [p.clone() for p in ours]
    momentum = [torch.zeros_like(p) for p in ours]
    state = rule.init(ours)
    for _ in range(3):
        grads = [torch.randn_like(p) for p in ours]
        rule.update(ours, grads, state, lr=0.1, weight_decay=0.5)
        for p, g, m in zip(theirs, grads, momentum, strict=True):
            p -= 0.1 * ((0.8 * m + 0.2 * g).sign() + 0.5 * p)
            m.mul_(0.95).add_(0.05 * g)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(state["momentum"], momentum)


@given(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 1), st.floats(0, 1))
def test_wsd_rises_stays_and_falls(warmup: float, decay: float, final: float, progress: float) -> None:
    factor = wsd.build(plugin.WSDParams(warmup=warmup, decay=decay, final=final))
    assert 0 <= factor(progress) <= 1
    if warmup <= progress and decay <= 1 - progress:  # not 1 - decay, which is 1 for the smallest decays
        assert factor(progress) == pytest.approx(1, abs=1e-6)
    if decay > 1e-6:
        assert factor(1.0) == pytest.approx(final)


def test_wsd_refuses_parts_that_overlap() -> None:
    with pytest.raises(nntui.UserError, match="more than the whole"):
        wsd.build(plugin.WSDParams(warmup=0.6, decay=0.6))


def test_clusters_are_a_function_of_their_settings() -> None:
    context = nntui.DataContext()
    one = clusters.build(plugin.ClustersParams(), context)
    assert one.fingerprint == clusters.build(plugin.ClustersParams(), context).fingerprint
    assert one.fingerprint != clusters.build(plugin.ClustersParams(seed=1), context).fingerprint
    assert len(one) == 600 and set(one.targets.tolist()) == {0, 1, 2}


def test_the_preprocessor_survives_json_and_reads_what_is_typed() -> None:
    source = clusters.build(plugin.ClustersParams(clusters=4), nntui.DataContext())
    fitted = clusters.Preprocessor.fit(source, np.arange(100), plugin.ClustersParams())
    again = clusters.Preprocessor.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again.spec == fitted.spec
    tensors = again.encode(source.rows(np.arange(5)))
    assert tensors["point"].shape == (5, 2) and tensors["target"].dtype == torch.int64
    assert again.encode(again.read(["0.5,-1"]))["point"].tolist() == [[0.5, -1.0]]
    with pytest.raises(ValueError, match="two numbers were expected"):
        again.read(["0.5"])
    (prediction,) = again.decode(torch.tensor([[0.1, 0.2, 0.6, 0.1]]))
    assert prediction.label == "cluster 3" and next(iter(prediction.probabilities)) == "cluster 3"
    assert again.example(source.rows(np.arange(5)), 1).label == "cluster 2"


def test_the_gap_shows_the_newest_epochs_that_fit_and_says_what_they_mean() -> None:
    told = [gap.Epoch(n, 1 / n, 0.2 + abs(n - 5) / 10) for n in range(1, 41)]
    assert gap.verdict(told)[0].startswith("overfits since epoch 5")
    assert gap.verdict(told[:5])[0].startswith("no gap")
    console = Console(width=60, height=8, force_terminal=False)
    with console.capture() as drawn:
        console.print(gap.Gap(told), height=8)
    lines = drawn.get().splitlines()
    assert len(lines) <= 8 and lines[-1].split()[0] == "40" and max(map(len, lines)) <= 60
    assert gap.draw(nntui.RunState()) is None


def test_the_plugin_module_imports_no_torch() -> None:
    code = "import sys, nntui_extras.plugin as p; list(p.register_datasets()); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def _exportable(network: nn.Module) -> nntui.Exportable:
    """A model of nothing but this network, as an exporter gets it."""

    def restore(weights: dict[str, torch.Tensor]):
        again = nn.Linear(2, 3)
        again.load_state_dict(weights)
        return lambda inputs: again(torch.from_numpy(inputs["x"])).detach().numpy()

    return nntui.Exportable(
        name="made-up",
        network=network,
        inputs=(nntui.ExportTensor(name="x", dtype="float32", shape=(None, 2)),),
        output=nntui.ExportTensor(name="probabilities", dtype="float32", shape=(None, 3)),
        rows={"x": torch.zeros(3, 2)},
        longest=0,
        data=_data("features", (2,)),
        weights=dict(network.state_dict()),
        ties={},
        restore=restore,
        facts={"model": {"nntui": "0.1.0"}},
        source=None,
    )


def test_npz_holds_the_weights_for_numpy_alone(tmp_path: Path) -> None:
    network = nn.Linear(2, 3)
    path = tmp_path / "weights.odd"
    made = npz.build(plugin.NpzParams(), _exportable(network), path)
    assert [file.name for file in tmp_path.iterdir()] == ["weights.odd"]
    with np.load(path, allow_pickle=False) as arrays:
        assert sorted(arrays.files) == ["bias", "nntui", "weight"]
        np.testing.assert_array_equal(arrays["weight"], network.weight.detach().numpy())
        assert json.loads(str(arrays["nntui"])) == {"nntui": "0.1.0"}
    x = np.ones((4, 2), np.float32)
    np.testing.assert_array_equal(made.run({"x": x}), network(torch.from_numpy(x)).detach().numpy())


def test_npz_in_half_precision_rounds_and_refuses_what_numpy_does_not_know(tmp_path: Path) -> None:
    network = nn.Linear(2, 3)
    made = npz.build(plugin.NpzParams(half=True), _exportable(network), tmp_path / "half.npz")
    x = np.ones((4, 2), np.float32)
    expected = network(torch.from_numpy(x)).detach().numpy()
    assert 0 < np.abs(made.run({"x": x}) - expected).max() < 1e-2
    with pytest.raises(nntui.UserError, match=r"NumPy has no numbers of type torch\.bfloat16"):
        npz.build(plugin.NpzParams(), _exportable(nn.Linear(2, 3).bfloat16()), tmp_path / "no.npz")
