"""Optimizers: each is torch's own, step for step, bit for bit, and goes on from saved state."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from nntui.builtin import optimizers as light
from nntui.builtin.networks import optimizers as rules
from nntui.hooks.contributions import OptimizerRule

ALL = {item.name: item for item in light.contributions()}
CASES: list[tuple[str, type[torch.optim.Optimizer], dict[str, Any], dict[str, Any]]] = [
    ("sgd", torch.optim.SGD, {"momentum": 0.0}, {"fused": True}),
    ("sgd", torch.optim.SGD, {"momentum": 0.9}, {"fused": True}),
    ("sgd", torch.optim.SGD, {"momentum": 0.9, "nesterov": True}, {"fused": True}),
    ("adam", torch.optim.Adam, {"beta1": 0.8, "beta2": 0.95, "eps": 1e-6}, {"fused": True}),
    ("adam", torch.optim.Adam, {"amsgrad": True}, {"fused": True}),
    ("adamw", torch.optim.AdamW, {}, {"fused": True}),
    ("adamw", torch.optim.AdamW, {"amsgrad": True}, {"fused": True}),
    ("rmsprop", torch.optim.RMSprop, {}, {"foreach": True}),
    ("rmsprop", torch.optim.RMSprop, {"momentum": 0.7, "centered": True, "alpha": 0.9}, {"foreach": True}),
    ("adagrad", torch.optim.Adagrad, {}, {"fused": True}),
    ("adagrad", torch.optim.Adagrad, {"lr_decay": 1e-3, "initial_accumulator_value": 0.1}, {"fused": True}),
]  # fmt: skip
RATES = [0.01, 0.02, 0.005, 0.01, 0.03, 0.0, 0.01]


def build(name: str, **settings: Any) -> OptimizerRule:
    return getattr(rules, str(ALL[name].build).partition(":")[2])(ALL[name].params(**settings))


def network() -> nn.Module:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.PReLU(), nn.Flatten(), nn.Linear(8 * 16, 5))
    return model.to(memory_format=torch.channels_last)


def gradients(model: nn.Module, step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    x = torch.randn(4, 3, 6, 6, generator=generator).to(memory_format=torch.channels_last)
    model.zero_grad()
    model(x).square().mean().backward()


def ours(model: nn.Module, rule: OptimizerRule, state: dict[str, list[Tensor]], steps: range, decay: float) -> None:
    params = list(model.parameters())
    for step in steps:
        gradients(model, step)
        with torch.no_grad():
            rule.update(params, [p.grad for p in params], state, lr=RATES[step], weight_decay=decay)  # type: ignore[misc]


@pytest.mark.parametrize(("name", "reference", "settings", "kernel"), CASES, ids=str)
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_an_optimizer_is_torchs_own_bit_for_bit(
    name: str, reference: type[torch.optim.Optimizer], settings: dict[str, Any], kernel: dict[str, Any], decay: float
) -> None:
    options = {k: v for k, v in settings.items() if k not in ("beta1", "beta2")}
    if "beta1" in settings:
        options["betas"] = (settings["beta1"], settings["beta2"])
    theirs_model = network()
    theirs: Any = reference(theirs_model.parameters(), lr=1.0, weight_decay=decay, **options, **kernel)  # type: ignore[call-arg]
    for step, rate in enumerate(RATES):
        gradients(theirs_model, step)
        theirs.param_groups[0]["lr"] = rate
        theirs.step()

    model, rule = network(), build(name, **settings)
    state = rule.init(list(model.parameters()))
    ours(model, rule, state, range(len(RATES)), decay)

    for mine, other in zip(model.parameters(), theirs_model.parameters(), strict=True):
        assert torch.equal(mine, other)
    for slot, tensors in state.items():
        for tensor, parameter in zip(tensors, theirs_model.parameters(), strict=True):
            assert torch.equal(tensor, theirs.state[parameter][slot]), slot


@pytest.mark.parametrize(("name", "settings"), [(n, s) for n, _, s, _ in CASES], ids=str)
def test_an_optimizer_goes_on_from_saved_state(name: str, settings: dict[str, Any]) -> None:
    whole, rule = network(), build(name, **settings)
    ours(whole, rule, rule.init(list(whole.parameters())), range(len(RATES)), 0.01)

    model, rule = network(), build(name, **settings)
    state = rule.init(list(model.parameters()))
    ours(model, rule, state, range(3), 0.01)
    saved = {slot: [t.clone() for t in tensors] for slot, tensors in state.items()}
    weights = {k: v.clone() for k, v in model.state_dict().items()}

    resumed, fresh = network(), build(name, **settings)
    resumed.load_state_dict(weights)
    live = fresh.init(list(resumed.parameters()))
    assert live.keys() == saved.keys()
    for slot, tensors in live.items():
        for tensor, kept in zip(tensors, saved[slot], strict=True):
            tensor.copy_(kept)
    ours(resumed, fresh, live, range(3, len(RATES)), 0.01)

    for mine, other in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(mine, other)


@pytest.mark.parametrize("name", list(ALL))
def test_state_is_tensors_aligned_with_the_parameters(name: str) -> None:
    model = network()
    params = list(model.parameters())
    for tensors in build(name).init(params).values():
        assert len(tensors) == len(params)
        assert all(isinstance(t, Tensor) and not t.requires_grad for t in tensors)
        assert all(t.ndim == 0 or t.stride() == p.stride() for t, p in zip(tensors, params, strict=True))


@pytest.mark.parametrize("name", list(ALL))
def test_one_flat_buffer_gives_the_same_bits_as_a_list(name: str) -> None:
    """What `elementwise` promises."""
    generator = torch.Generator().manual_seed(0)
    parts = [torch.randn(n, generator=generator) for n in (64, 7, 130)]
    flat = torch.cat(parts)
    rule = build(name)
    assert rule.elementwise
    lists, one = rule.init(parts), rule.init([flat])
    for step in range(4):
        grads = [torch.randn(p.shape, generator=generator) for p in parts]
        rule.update(parts, grads, lists, lr=0.01 * (step + 1), weight_decay=0.0)
        rule.update([flat], [torch.cat(grads)], one, lr=0.01 * (step + 1), weight_decay=0.0)
    # Vectorised kernels treat the odd end of a buffer apart: the last bit may differ, no more.
    torch.testing.assert_close(torch.cat(parts), flat, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", list(ALL))
def test_a_rate_and_decay_can_be_set(name: str) -> None:
    fields = ALL[name].params.model_fields
    assert {"lr", "weight_decay"} <= set(fields)
    with pytest.raises(ValidationError):
        ALL[name].params(lr=-1.0)


def test_nesterov_without_momentum_is_refused() -> None:
    with pytest.raises(ValidationError, match="nesterov needs a momentum above 0"):
        light.SGDParams(nesterov=True, momentum=0.0)


def test_using_an_optimizer_imports_no_dynamo() -> None:
    code = (
        "import sys, torch\n"
        "from nntui.builtin.optimizers import AdamWParams\n"
        "from nntui.builtin.networks.optimizers import AdamW\n"
        "p, rule = [torch.ones(4)], AdamW(AdamWParams())\n"
        "rule.update(p, [torch.ones(4)], rule.init(p), lr=0.1, weight_decay=0.1)\n"
        "assert p[0][0] < 1\n"
        "assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
