"""PyTorch's exported program: a graph with its weights in a file, run without the code of the network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from nntui import Exportable, Exported, ExportTensor, UserError
from nntui.builtin.exporting.tracing import quiet, recurrent, traced

if TYPE_CHECKING:
    from nntui.builtin.exporters import Pt2Params
    from nntui.hooks.exporting import Array

_EXAMPLE = """\
import torch

program = torch.export.load("{file}").module()
answers = program(*(torch.from_numpy(array) for array in inputs.values())).numpy()
"""


def build(params: Pt2Params, model: Exportable, path: Path) -> Exported:
    """Raises UserError for a length that is too short, or that nothing asks for."""
    steps = _steps(params, model)
    inputs = tuple(_of_length(tensor, steps) for tensor in model.inputs)
    rows = [torch.from_numpy(_filled(model.rows[tensor.name].numpy(), tensor)) for tensor in inputs]
    program = traced(model.network, rows, inputs)
    with quiet():
        torch.export.save(program, path)
        opened = torch.export.load(path).module()

    def run(given: Mapping[str, Array]) -> Array:
        with torch.no_grad():
            told = opened(*(torch.from_numpy(_filled(given[tensor.name], tensor)) for tensor in inputs))
        answers: Array = told.numpy()
        return answers

    note = (
        f"It takes {steps} steps (--length): fill a shorter row with zeros behind its end, which changes no answer, "
        "and cut a longer one. torch.export counts out the steps of a recurrence; ONNX takes any number."
    )
    return Exported(run=run, inputs=inputs, notes=(note,) if steps else (), example=_EXAMPLE.format(file=path.name))


def _steps(params: Pt2Params, model: Exportable) -> int:
    """The steps that rows are brought to; 0 where any number can be taken."""
    if not (model.longest and recurrent(model.network)):
        if params.length is not None:
            raise UserError(
                "--length is for recurrent networks on rows of different lengths, and this is none",
                advice="leave it out",
            )
        return 0
    steps = params.length or max(2, model.longest)
    if steps < model.longest:
        raise UserError(
            f"--length {steps} is too short: the longest row known has {model.longest} steps",
            advice=f"--length {model.longest} or more; left out, it is that",
        )
    return steps


def _of_length(tensor: ExportTensor, steps: int) -> ExportTensor:
    if not steps or len(tensor.shape) < 2 or tensor.shape[1] is not None:
        return tensor
    return dataclasses.replace(tensor, shape=(None, steps, *tensor.shape[2:]))


def _filled(array: Array, wanted: ExportTensor) -> Array:
    """The array with zeros behind it, up to the steps that are wanted."""
    if len(wanted.shape) > 1 and wanted.shape[1] is not None and array.shape[1] < wanted.shape[1]:
        behind = wanted.shape[1] - array.shape[1]
        array = np.pad(array, [(0, 0), (0, behind), *[(0, 0)] * (array.ndim - 2)])
    return np.ascontiguousarray(array)
