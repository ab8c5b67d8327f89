"""ONNX: the model as a graph that ONNX Runtime and many other programs run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from nntui import Exportable, Exported, UserError
from nntui.builtin.exporting.onnx_recurrence import OnnxRecurrence
from nntui.builtin.exporting.tracing import quiet, traced

if TYPE_CHECKING:
    from nntui.builtin.exporters import OnnxParams
    from nntui.hooks.exporting import Array

_LARGEST = 2**31 - 2**24
"""Bytes that one file can hold (protobuf's limit), less some room for the graph."""

_EXAMPLE = """\
import onnxruntime

session = onnxruntime.InferenceSession("{file}")
(answers,) = session.run(None, inputs)
"""


def build(params: OnnxParams, model: Exportable, path: Path) -> Exported:
    import onnxruntime
    import torch

    network = with_onnx_recurrences(model.network)
    program = traced(network, [model.rows[tensor.name] for tensor in model.inputs], model.inputs)
    size = sum(weight.numel() * weight.element_size() for weight in model.weights.values())
    try:
        with quiet():
            written = torch.onnx.export(
                program,
                input_names=[tensor.name for tensor in model.inputs],
                output_names=[model.output.name],
                opset_version=params.opset,
                verbose=False,
            )
            assert written is not None  # only the exporter before this one, which is not asked for, gives nothing
            _describe(written.model, model)
            written.save(path, external_data=size > _LARGEST)
    except Exception as error:  # torch raises many kinds, some of them private
        raise UserError(
            f"torch.onnx cannot write this network: {_reason(error)}",
            advice="--to pt2 and --to safetensors may; its architecture may offer an export_form: see docs/plugins.md",
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(given: Mapping[str, Array]) -> Array:
        answers: Array
        (answers,) = session.run(None, {tensor.name: given[tensor.name] for tensor in model.inputs})
        return answers

    return Exported(run=run, example=_EXAMPLE.format(file=path.name))


def _reason(error: Exception) -> str:
    inner = error.__cause__ or error
    lines = [line for line in str(inner).splitlines() if line.strip()]
    return f"{type(inner).__name__}: {lines[0] if lines else ''}"[:300]


def _describe(written: Any, model: Exportable) -> None:  # an onnx_ir.Model
    """Names the open axes, and says in the file where it comes from."""
    names: dict[str, str] = {}
    graph = written.graph
    for value, tensor in zip(graph.inputs, model.inputs, strict=True):
        for axis, size in enumerate(tensor.shape):
            if size is None:
                names.setdefault(str(value.shape[axis]), "N" if axis == 0 else "T")
    for value in [*graph.inputs, *graph.outputs]:
        for axis, size in enumerate(value.shape or ()):
            if str(size) in names:
                value.shape[axis] = names[str(size)]
    written.producer_name = "nntui"
    written.producer_version = str(model.facts["model"].get("nntui", ""))
    written.doc_string = f"{model.name}, exported by nntui"


# recurrent layers: torch.export counts out their steps, and ONNX has operators that take any number


def with_onnx_recurrences(network: nn.Module) -> nn.Module:
    """A copy in which each recurrent layer of torch's that reads (N, T, F) is an operator of ONNX's."""
    made = copy.deepcopy(network)
    for name, module in list(made.named_modules()):
        if isinstance(module, nn.RNNBase) and module.batch_first and getattr(module, "proj_size", 0) == 0:
            parent, _, own = name.rpartition(".")
            setattr(made.get_submodule(parent), own, OnnxRecurrence(module).eval())
    return made
