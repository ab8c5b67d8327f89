"""Follows a network through torch.export, for the exporters that write graphs."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from nntui import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from nntui import ExportTensor


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what torch says to its own developers."""
    disabled = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def traced(network: nn.Module, rows: Sequence[Tensor], inputs: Sequence[ExportTensor]) -> ExportedProgram:
    """The network's graph; every size that `inputs` leaves open stays open. Raises UserError where it has none."""
    shapes: Any = (tuple({axis: Dim.DYNAMIC for axis, size in enumerate(t.shape) if size is None} for t in inputs),)
    failed: Exception | None = None
    # Not strict is faster and takes most networks; strict follows len() and the like, and keeps a recurrence whole.
    for strict in (True, False) if recurrent(network) else (False, True):
        try:
            with quiet():
                return torch.export.export(network, tuple(rows), dynamic_shapes=shapes, strict=strict)
        except Exception as error:  # noqa: BLE001 - torch raises whatever a network's code meets
            failed = failed or error
    raise UserError(
        f"torch.export cannot follow this network: {str(failed).strip().splitlines()[0]:.300}",
        advice="its architecture may offer an export_form: see docs/plugins.md; --to safetensors writes the weights",
    ) from failed


def recurrent(network: nn.Module) -> bool:
    """Whether it has a recurrent layer of torch's, whose steps torch.export counts out."""
    return any(isinstance(module, nn.RNNBase) for module in network.modules())
