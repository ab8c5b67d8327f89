"""What an exporter gets, and what it gives back. Nothing here imports torch.

Shapes: N rows; the first axis of every tensor is N, and any number of rows may be asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor, nn

    from nntui.hooks.data import DataSpec

    Array: TypeAlias = npt.NDArray[np.generic]
    Runner: TypeAlias = Callable[[Mapping[str, Array]], Array]


@dataclass(frozen=True, kw_only=True)
class ExportTensor:
    """One named tensor that goes into, or comes out of, an exported model."""

    name: str
    dtype: str
    """As NumPy names it: "float32"."""
    shape: tuple[int | None, ...]
    """N first, as None; None too where a length may differ from call to call."""
    meaning: str = ""
    """What it holds, in a sentence: the range of its numbers, what they stand for."""


@dataclass(frozen=True, kw_only=True)
class Exportable:
    """A trained model, whole: encoded rows in, answers in the person's own terms out."""

    name: str
    """The run's."""
    network: nn.Module
    """Takes the tensors of `inputs`, in order, not yet normalised, and gives `output`: normalisation and the last
    step (softmax, sigmoid, values in their own unit) are part of it. On the CPU, in evaluation mode, no gradients,
    in the architecture's `export_form` where it has one."""
    inputs: tuple[ExportTensor, ...]
    output: ExportTensor
    rows: Mapping[str, Tensor]
    """A few rows by name, two at least and of two steps at least, to trace the network with."""
    longest: int
    """Steps of the longest sequence that the run's data has, as far as is known; 0 where no length varies."""
    data: DataSpec
    weights: Mapping[str, Tensor]
    """The trained weights by the module's own names."""
    ties: Mapping[str, str]
    """Names whose weights are another's: shared memory, told once."""
    restore: Callable[[Mapping[str, Tensor]], Runner]
    """A function that answers with these weights in place of the model's own: what an exporter of weights returns,
    given what it reads from the file that it wrote. Raises RuntimeError for weights that do not fit."""
    facts: Mapping[str, Any]
    """Plain JSON: what made the model (nntui, architecture, activation, data, io) and `preprocessing`."""
    source: str | None
    """Python that binds the bare network to `model` from torch.nn alone (its inputs normalised, its outputs logits or
    standardised values), where the architecture can tell it."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an exporter's build returns."""

    run: Runner
    """Opens what was written and answers: arrays by name, N first, to the output's array."""
    inputs: tuple[ExportTensor, ...] | None = None
    """Where the file takes other shapes than the model; `run` pads to them."""
    notes: tuple[str, ...] = ()
    """Sentences for whoever uses the file."""
    example: str = ""
    """A few lines of Python, without nntui, that open the file (by its name, in the folder where it lies) and run it
    on `inputs`, a dict of NumPy arrays by name, binding the answers to `answers`."""
