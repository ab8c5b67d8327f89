"""One description of a network, read twice: to build it, and to print the Python that builds it without nntui.

So what a model card shows and what was trained cannot differ. Nothing here imports torch until a network is built.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

WIDTH = 100
"""Characters of a line of printed source."""


@dataclass(frozen=True)
class Layer:
    """A module to be made: its class ("nn.Linear", or one of `blocks`) and what it is called with.

    Arguments are numbers, text, tuples, layers and lists of layers.
    """

    kind: str
    args: tuple[Any, ...] = ()  # what a module's constructor takes
    options: dict[str, Any] = field(default_factory=dict)


def layer(kind: str, *args: Any, **options: Any) -> Layer:  # as above
    return Layer(kind, args, options)


ACTIVATION = Layer("activation")
"""Stands for a fresh one of the activation that was chosen."""


def sequence(layers: list[Layer]) -> Layer:
    """The layers one after another."""
    return Layer("nn.Sequential", tuple(layers))


def build(plan: Layer, activation: Callable[[], nn.Module]) -> nn.Module:
    """Makes the modules, initialised as torch does."""
    from torch import nn

    from nntui.builtin.networks import blocks

    def made(value: Any) -> Any:  # what a constructor takes
        if isinstance(value, list):
            return [made(item) for item in value]
        if not isinstance(value, Layer):
            return value
        if value is ACTIVATION:
            return activation()
        home, _, name = value.kind.rpartition(".")
        kind = getattr(nn if home == "nn" else blocks, name)
        return kind(*map(made, value.args), **{key: made(item) for key, item in value.options.items()})

    module: nn.Module = made(plan)
    return module


def source(plan: Layer, activation: str) -> str:
    """Python that binds the same network to `model`; `activation` is an expression such as "nn.ReLU()"."""
    from nntui.builtin.networks import blocks

    wanted = {kind for kind in _kinds(plan) if not kind.startswith("nn.") and kind != ACTIVATION.kind}
    defined = [inspect.getsource(item) for name, item in vars(blocks).items() if name in wanted]
    return "\n\n".join(["import torch\nfrom torch import nn\n", *defined, f"model = {_printed(plan, activation, 0)}\n"])


def _kinds(value: Any) -> Iterator[str]:  # what a constructor takes
    if isinstance(value, list | tuple):
        for item in value:
            yield from _kinds(item)
    elif isinstance(value, Layer):
        yield value.kind
        yield from _kinds(value.args)
        yield from _kinds(list(value.options.values()))


def _printed(value: Any, activation: str, indent: int) -> str:  # what a constructor takes
    """One line where it fits, else one argument a line."""
    if value is ACTIVATION:
        return activation
    if isinstance(value, list):
        parts, opening, closing = [("", item) for item in value], "[", "]"
    elif isinstance(value, Layer):
        parts = [("", item) for item in value.args] + [(f"{key}=", item) for key, item in value.options.items()]
        opening, closing = f"{value.kind}(", ")"
    else:
        return json.dumps(value) if isinstance(value, str) else repr(value)
    short = opening + ", ".join(name + _printed(item, activation, 0) for name, item in parts) + closing
    if "\n" not in short and indent + len(short) <= WIDTH and _small(value):
        return short
    inner = " " * (indent + 4)
    lines = [f"{inner}{name}{_printed(item, activation, indent + 4)}," for name, item in parts]
    return "\n".join([opening, *lines, " " * indent + closing])


def _small(value: Layer | list[Any]) -> bool:
    """Whether it is to be read at a glance: at most three layers in it."""
    return sum(1 for _ in _kinds(value)) <= 4
