"""What the built-in networks ask of the data: their one input, sizes that must be known, and how they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    from nntui.hooks.data import DataSpec, InputSpec


def refuse(arch: str, why: str, instead: str) -> UserError:
    """The error of a network that cannot be built for this data or these settings."""
    return UserError(f"--arch {arch}: {why}", advice=instead)


def only_input(arch: str, data: DataSpec) -> InputSpec:
    """The input of a network that takes one. Raises UserError where there are more."""
    if len(data.inputs) != 1:
        names = " and ".join(f"{item.name} ({item.kind})" for item in data.inputs)
        raise refuse(arch, f"it takes one input, and this data has {names}", "use --arch ffn, which joins them")
    item = data.inputs[0]
    if data.target.kind == "next-token" and item.kind != "tokens":
        raise refuse(arch, f"the next token cannot be told from {item.kind}", "a next-token target needs tokens")
    return item


def known(arch: str, item: InputSpec) -> tuple[int, ...]:
    """The shape of one sample. Raises UserError where some of it varies."""
    shape = tuple(size for size in item.shape if size is not None)
    if len(shape) < len(item.shape):
        raise refuse(
            arch,
            f"the length of {item.name!r} varies, and a layer of fixed size needs it",
            "use --arch rnn or --arch cnn, which take any length",
        )
    return shape


def features_of(arch: str, item: InputSpec) -> int:
    """Features of each step of a sequence (T, F)."""
    features = item.shape[-1]
    if features is None:
        raise refuse(arch, f"the number of features of {item.name!r} is not known", "give its last axis a size")
    return features
