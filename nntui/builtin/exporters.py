"""The built-in exporters. Light: what writes is in `exporting`."""

from __future__ import annotations

from collections.abc import Iterable

from nntui import Exporter, Params, param

HERE = "nntui.builtin.exporting"


class OnnxParams(Params):
    opset: int = param(20, ge=18, le=23, help="Version of ONNX's operators; older programs know older ones")


class Pt2Params(Params):
    length: int | None = param(
        None,
        ge=2,
        help="Steps that a recurrent network takes, shorter rows padded to it; none: those of the longest row known",
    )


class SafetensorsParams(Params):
    source: bool = param(True, help="Write the network as plain PyTorch beside it, where its architecture can tell it")


def contributions() -> Iterable[Exporter]:
    yield Exporter(
        name="onnx",
        summary="ONNX: the whole model for ONNX Runtime and many other programs",
        params=OnnxParams,
        build=f"{HERE}.to_onnx:build",
        suffix=".onnx",
        requires={"onnx": "nntui[onnx]", "onnxscript": "nntui[onnx]", "onnxruntime": "nntui[onnx]"},
    )
    yield Exporter(
        name="pt2",
        summary="PyTorch's exported program: the whole model for torch.export.load and ahead-of-time compilers",
        params=Pt2Params,
        build=f"{HERE}.to_pt2:build",
        suffix=".pt2",
    )
    yield Exporter(
        name="safetensors",
        summary="The weights with what made them, and the network as plain PyTorch source",
        params=SafetensorsParams,
        build=f"{HERE}.to_safetensors:build",
        suffix=".safetensors",
    )
