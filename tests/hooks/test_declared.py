"""What is wrong with a contribution is told in a sentence; what is right becomes plain JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nntui
from nntui.hooks.declared import declare, fault, plain
from nntui.hooks.isolation import HOOKS, PluginFailure, check_hooks, collect


class Rate(nntui.Params):
    lr: float = nntui.param(1e-3, gt=0, help="Learning rate")


class Taken(nntui.Params):
    split_seed: int = nntui.param(0, help="Nntui's own")


def _optimizer(**changes: Any) -> nntui.Optimizer:
    given: dict[str, Any] = {"name": "lion", "summary": "Signs", "params": Rate, "build": "m:f", **changes}
    return nntui.Optimizer(**given)


def _architecture(**changes: Any) -> nntui.Architecture:
    given: dict[str, Any] = {"name": "net", "summary": "A net", "inputs": {"image"}, "build": "m:f", **changes}
    return nntui.Architecture(**given)


def _dataset(**changes: Any) -> nntui.Dataset:
    given: dict[str, Any] = {
        "name": "rings",
        "summary": "Rings",
        "modality": "points",
        "build": "m:f",
        "preprocessor": "m:P",
    }
    return nntui.Dataset(**{**given, **changes})


def _exporter(**changes: Any) -> nntui.Exporter:
    given: dict[str, Any] = {"name": "npz", "summary": "Arrays", "suffix": ".npz", "build": "m:f", **changes}
    return nntui.Exporter(**given)


class Forced(nntui.Params):
    force: bool = nntui.param(False, help="An option of the command")


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (_optimizer(name="Lion"), "the name 'Lion' is not lower-case words"),
        (_optimizer(summary=" "), "'lion' has no summary"),
        (_optimizer(params=dict), "a subclass of nntui.Params was expected"),
        (_optimizer(params=nntui.NoParams), "has no setting `lr`"),
        (_optimizer(build="m.f"), "build of 'lion' is 'm.f': a callable or 'module:attribute' was expected"),
        (_optimizer(build=None), "build of 'lion' is None"),
        (_optimizer(defaults=3), "defaults of 'lion' must be a mapping"),
        (_architecture(inputs={"images"}), "inputs of 'net' has 'images': one or more of features"),
        (_architecture(inputs=set()), "inputs of 'net' has nothing"),
        (_architecture(source=3), "source of 'net' is 3"),
        (_dataset(params=Taken), "a setting called 'split_seed', which is nntui's own in [data]"),
        (_dataset(modality="picture"), "modality of 'rings' is 'picture'"),
        (_dataset(augment="a lot"), "augment of 'rings' is 'a lot'"),
        (_dataset(sniff="sniff"), "sniff of 'rings' is 'sniff'"),
        (_dataset(preprocessor=None, build=print), None),
        (_architecture(export_form=3), "export_form of 'net' is 3"),
        (_exporter(suffix="npz"), "suffix of 'npz' is 'npz': a file's ending such as '.onnx' was expected"),
        (_exporter(suffix="../x"), "suffix of 'npz' is '../x'"),
        (_exporter(requires=["onnx"]), "requires of 'npz' must be a mapping"),
        (_exporter(defaults={"training.epochs": 3}), "no run names an exporter"),
        (_exporter(params=Forced), "a setting called 'force', which is an option of nntui export"),
        (_exporter(suffix=".tar.gz"), None),
    ],
)
def test_a_fault_is_told_in_a_sentence(item: object, said: str | None) -> None:
    problem = fault(item)
    assert (problem is None) == (said is None)
    assert said is None or said in str(problem)


def test_a_contribution_becomes_plain_json() -> None:
    told = declare(_architecture(refuses={"text": "no"}, defaults={"training.epochs": 3}, summary="A\n net"))
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["summary"] == "A net"
    assert told["meta"] == {"inputs": ["image"], "refuses": {"text": "no"}, "has_source": False}
    assert told["defaults"] == {"training.epochs": 3}
    assert declare(_optimizer())["fields"][0]["help"] == "Learning rate"
    assert declare(_dataset())["meta"]["has_sniff"] is False


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.frozensets(scalars),
    max_leaves=20,
)


@settings(max_examples=40)
@given(anything)
def test_whatever_is_declared_can_be_written_as_strict_json(value: object) -> None:
    written = json.dumps(plain(value), allow_nan=False)
    assert plain(json.loads(written)) == json.loads(written)


def _nothing() -> list[object]:
    return []


def _plugin(**hooks: Any) -> ModuleType:
    module = ModuleType("made_up")
    for name, function in hooks.items():
        setattr(module, name, nntui.hookimpl(function))
    return module


@pytest.mark.parametrize("leaves", [SystemExit(0), GeneratorExit(), MemoryError(), BaseException("odd")])
def test_whatever_a_hook_raises_is_a_failure_of_the_plugin(leaves: BaseException) -> None:
    def hook() -> Iterator[object]:
        yield _optimizer()
        raise leaves

    with pytest.raises(PluginFailure, match="register_optimizers") as caught:
        collect("register_optimizers", hook)
    assert caught.value.trace


def test_an_interrupt_is_the_persons() -> None:
    def hook() -> Iterator[object]:
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        collect("register_optimizers", hook)


def test_a_hook_may_return_a_list_or_nothing() -> None:
    assert collect("register_optimizers", lambda: [_optimizer()]) == [_optimizer()]
    assert collect("register_optimizers", lambda: None) == []
    with pytest.raises(PluginFailure, match="must yield contributions, and returned int"):
        collect("register_optimizers", lambda: 3)
    with pytest.raises(PluginFailure, match="yielded the name 'lion' twice"):
        collect("register_optimizers", lambda: [_optimizer(), _optimizer()])


def test_a_hook_that_is_marked_optional_may_be_unknown() -> None:
    module = _plugin(register_optimizers=_nothing)
    module.register_portals = nntui.hookimpl(_nothing, optionalhook=True)  # type: ignore[attr-defined]
    assert set(check_hooks(module)) == {"register_optimizers"}


def test_a_hook_wrapper_is_refused() -> None:
    module = ModuleType("made_up")

    def hook() -> Iterator[None]:
        yield

    module.register_optimizers = nntui.hookimpl(hook, wrapper=True)  # type: ignore[attr-defined]
    with pytest.raises(PluginFailure, match="never wrapped"):
        check_hooks(module)


def test_every_hook_has_a_specification_and_every_specification_a_kind() -> None:
    from nntui.hooks import specs

    specified = {name for name in vars(specs) if hasattr(getattr(specs, name), "nntui_spec")}
    assert specified == set(HOOKS)
