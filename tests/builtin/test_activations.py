"""Activations: the formula that a list shows is what the module computes."""

from __future__ import annotations

import inspect
import math
import re
import subprocess
import sys

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from nntui.builtin import activations
from nntui.builtin.networks import activations as modules
from nntui.hooks.names import well_formed

ALL = {item.name: item for item in activations.contributions()}
POINTS = [-8.0, -3.5, -3.0, -1.7, -1.0, -0.3, -1e-3, 0.0, 1e-3, 0.4, 1.0, 2.2, 3.0, 5.9, 6.5, 9.0]
SETTINGS = {
    "leaky-relu": [{}, {"negative_slope": 0.2}],
    "prelu": [{}, {"init": 0.1}],
    "elu": [{}, {"alpha": 0.5}],
    "gelu": [{}],
    "softplus": [{}, {"beta": 3.0}],
    "hardtanh": [{}, {"low": -0.5, "high": 2.0}],
    "sine": [{}, {"omega": 30.0}],
}


def build(name: str, **settings: float) -> nn.Module:
    item = ALL[name]
    return getattr(modules, str(item.build).partition(":")[2])(item.params(**settings))


def evaluated(formula: str, x: float, settings: dict[str, float]) -> float:
    """The formula as a person would work it out, with Python's floats alone."""
    text, *where = re.split(", (?=Phi|a learned)", formula.replace("^", "**"))
    names = {
        "x": x, "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh, "sin": math.sin,
        "erf": math.erf, "max": max, "min": min, "a": settings.get("init"),
        "Phi": lambda x: (1 + math.erf(x / math.sqrt(2))) / 2, **settings,
    }  # fmt: skip
    assert where in ([], ["a learned from init on"], ["Phi(x) = (1 + erf(x / sqrt(2))) / 2"])
    return float(eval(text, {"__builtins__": {}}, names))


def test_the_activations_that_a_person_expects_are_there() -> None:
    wanted = (
        "relu relu6 leaky-relu prelu elu selu gelu silu mish tanh sigmoid softplus hardswish relu-squared sine identity"
    )
    assert set(wanted.split()) <= set(ALL)
    assert len(list(activations.contributions())) == len(ALL)
    assert all(well_formed(name) for name in ALL)


@pytest.mark.parametrize(("name", "given"), [(n, s) for n in ALL for s in SETTINGS.get(n, [{}])], ids=str)
def test_an_activation_computes_its_formula(name: str, given: dict[str, float]) -> None:
    module = build(name, **given)
    settings = ALL[name].params(**given).model_dump()
    computed = module(torch.tensor(POINTS)).tolist()
    by_hand = [evaluated(ALL[name].formula, x, settings) for x in POINTS]
    assert computed == pytest.approx(by_hand, rel=2e-4, abs=1e-5)


@pytest.mark.parametrize("name", list(ALL))
def test_values_and_derivatives_are_finite_and_the_input_is_left_alone(name: str) -> None:
    x = torch.cat([torch.linspace(-60, 60, 2001), torch.zeros(1)]).requires_grad_()
    before = x.detach().clone()
    y = build(name)(x)
    y.sum().backward()
    assert x.grad is not None
    assert torch.isfinite(y).all()
    assert torch.isfinite(x.grad).all()
    assert torch.equal(x.detach(), before)


@pytest.mark.parametrize("name", list(ALL))
def test_only_what_is_declared_lets_a_max_pool_go_before_it(name: str) -> None:
    torch.manual_seed(1)
    images = torch.randn(4, 3, 8, 8) * 4
    grads, values = [], []
    for order in (0, 1):
        x = images.clone().requires_grad_()
        layers = [build(name), nn.MaxPool2d(2)]
        y = nn.Sequential(*(layers if order == 0 else layers[::-1]))(x)
        y.square().sum().backward()
        values.append(y.detach())
        grads.append(x.grad)
    if ALL[name].pool_commutes:
        assert name in ("relu", "relu6")
        assert torch.equal(values[0], values[1])
        assert torch.equal(grads[0], grads[1])


def test_relu_and_relu6_declare_that_they_commute_with_max_pooling() -> None:
    assert {name for name, item in ALL.items() if item.pool_commutes} == {"relu", "relu6"}


@pytest.mark.parametrize("name", list(ALL))
def test_its_repr_and_source_make_the_same_activation_without_nntui(name: str) -> None:
    module = build(name)
    space: dict[str, object] = {"nn": nn}
    inside_torch = type(module).__module__.startswith("torch.nn.")
    assert inside_torch == (ALL[name].source is None)
    expression = f"nn.{module!r}" if inside_torch else repr(module)
    if not inside_torch:
        exec(str(ALL[name].source), space)
        text = inspect.getsource(type(module))
        assert str(ALL[name].source).endswith(text), "the source shown differs from the module's own"
    again = eval(expression, space)
    again.load_state_dict(module.state_dict())
    x = torch.linspace(-9, 9, 101)
    assert torch.equal(again(x), module(x))


def test_bounds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"low \(2\.0\) must be less than high \(1\.0\)"):
        activations.HardtanhParams(low=2.0, high=1.0)


def test_every_summary_names_its_source() -> None:
    without = {"identity"}
    for name, item in ALL.items():
        assert name in without or any(
            year.isdigit() for year in item.summary.replace(")", " ").replace(",", " ").split()
        )


def test_listing_what_is_built_in_imports_no_torch() -> None:
    code = (
        "import sys\n"
        "from nntui.builtin import activations, architectures, devices, optimizers, schedules\n"
        "found = [i.name for m in (activations, architectures, devices, optimizers, schedules)"
        " for i in m.contributions()]\n"
        "assert len(found) > 30, found\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
