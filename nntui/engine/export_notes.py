"""What lies beside an exported model: how raw data becomes its inputs, what its outputs mean, and lines that run it."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from nntui._version import __version__
from nntui.engine.card import input_in_words, output_in_words
from nntui.runs.cleaning import clean

if TYPE_CHECKING:
    from nntui.engine.exporting import Written
    from nntui.engine.inference import Model
    from nntui.hooks.contributions import Exporter
    from nntui.hooks.exporting import Exportable, Exported, ExportTensor
    from nntui.spec.model import Chosen

NOTES_VERSION = 1
MOST_NAMES = 20
"""Classes that are named in the text; all of them are in the JSON."""
_ROWS = 2
"""Rows of the example's inputs."""
_STEPS = 5
"""Steps of the example's inputs where their number is free."""


def facts_beside(exportable: Exportable, made: Exported, model: Model) -> bytes:
    """NAME.json: inputs, output, names and the fitted preprocessing, for programs."""
    target = exportable.data.target
    facts: dict[str, Any] = {
        "version": NOTES_VERSION,
        "nntui": __version__,
        "model": exportable.name,
        "whole": made.whole,
        "inputs": [_plain(tensor) for tensor in made.inputs or exportable.inputs],
        "output": _plain(exportable.output),
        "target": {"kind": target.kind, "names": list(target.names), "unit": target.unit},
        "preprocessing": model.preprocessing,
    }
    return (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode()


def _plain(tensor: ExportTensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "dtype": tensor.dtype,
        "shape": [None if size is None else size for size in tensor.shape],
        "meaning": tensor.meaning,
    }


def document(exportable: Exportable, made: Exported, exporter: Chosen[Exporter], model: Model, told: Written) -> str:
    """NAME.md, for people."""
    inputs = made.inputs or exportable.inputs
    file = told.path.name
    sections = [
        f"# {file}",
        "",
        f"{exportable.name}, exported by nntui {__version__} ({exporter.qualified}). On {told.rows} {told.checked_on} "
        f"its answers differ from the model's by at most {told.difference:.2g} {told.unit}.",
        "",
        *([" ".join(made.notes), ""] if made.notes else []),
        *(_in_and_out(exportable, inputs) if made.whole else _of_the_network(exportable)),
        "## From raw data to its inputs",
        "",
        *_encoding(model, file),
        *_example(exportable, made, inputs),
    ]
    return clean("\n".join(sections).rstrip(), lines=True) + "\n"


def _in_and_out(exportable: Exportable, inputs: tuple[ExportTensor, ...]) -> list[str]:
    output = exportable.output
    return [
        "## What goes in",
        "",
        "| input | dtype | shape | what it holds |",
        "| --- | --- | --- | --- |",
        *(f"| `{t.name}` | {t.dtype} | {_shape(t)} | {t.meaning} |" for t in inputs),
        "",
        "N is any number of rows. Normalisation is part of the model: give the numbers as they are encoded.",
        "",
        "## What comes out",
        "",
        f"`{output.name}`, {output.dtype}, {_shape(output)}: {output.meaning}.",
        "",
        *_names(exportable),
    ]


def _of_the_network(exportable: Exportable) -> list[str]:
    """Where the file is not the whole model: what the bare network takes and gives, as in the model's card."""
    data = exportable.data
    return [
        "## What goes in",
        "",
        *(f"- {input_in_words(item)}" for item in data.inputs),
        "",
        "## What comes out",
        "",
        f"{output_in_words(data.target)}.",
        "",
    ]


def _shape(tensor: ExportTensor) -> str:
    sizes = ["N", *("any" if size is None else str(size) for size in tensor.shape[1:])]
    return " x ".join(sizes)


def _names(exportable: Exportable) -> list[str]:
    target = exportable.data.target
    if not target.names:
        return []
    what = {"classes": "Classes", "multilabel": "Labels", "values": "Values", "next-token": "Tokens"}[target.kind]
    plain = [" ".join(name.split()) for name in target.names[:MOST_NAMES]]
    shown = [f"`{name}`" if "`" not in name and name else repr(name) for name in plain]
    more = ", ... (all of them in the JSON beside this)" if len(target.names) > MOST_NAMES else ""
    unit = f" in {target.unit}" if target.unit else ""
    return [f"{what}{unit}, in this order: {', '.join(shown)}{more}.", ""]


def _encoding(model: Model, file: str) -> list[str]:
    kind = type(model.preprocessor)
    doc = inspect.getdoc(kind) or ""
    if not any(f"`{item.name}`" in doc for item in model.spec.inputs):  # what it makes is told of the whole module
        module = inspect.getmodule(kind)
        about = (inspect.getdoc(module) if module is not None else None) or ""
        doc = about if any(f"`{item.name}`" in about for item in model.spec.inputs) else doc
    return [
        f"Reading files and encoding stays outside. nntui does it by {kind.__name__}, whose fitted state is "
        f"`preprocessing` in `{file}.json`:",
        "",
        *(f"> {line}".rstrip() for line in doc.splitlines()),
        "",
        "Where nntui is installed it gives the arrays that go in:",
        "",
        "```py",
        f"inputs = nntui.load({_where(model)!r}).encode([...])  # paths of files or values, as for nntui predict",
        "```",
        "",
    ]


def _where(model: Model) -> str:
    """The run, without the folders of whoever made it."""
    folder = model.folder
    return f"runs/{folder.parent.name}" if folder.name == "model" else folder.name


def _example(exportable: Exportable, made: Exported, inputs: tuple[ExportTensor, ...]) -> list[str]:
    if not made.example:
        return []
    lines = made.example.splitlines()
    arrays = [f'    "{tensor.name}": {_array(tensor, exportable)},' for tensor in inputs]
    best = {
        "classes": "print([classes[row] for row in answers.argmax(1)])",
        "multilabel": "print(answers >= 0.5)",
        "values": "print(answers)",
        "next-token": "print(answers.argmax(1))",
    }[exportable.data.target.kind]
    names = exportable.data.target.names
    if exportable.data.target.kind == "classes" and not 0 < len(names) <= MOST_NAMES:
        best = "print(answers.argmax(1))"
    classes = [f"classes = {json.dumps(list(names), ensure_ascii=False)}"] if "classes[" in best else []
    return [
        "## An example",
        "",
        "In the folder of this file, with made-up rows:",
        "",
        "```python",
        "import numpy as np",
        *(line for line in lines if _imports(line)),
        "",
        "inputs = {",
        *arrays,
        "}",
        *(line for line in lines if line.strip() and not _imports(line)),
        *classes,
        best,
        "```",
        "",
    ]


def _imports(line: str) -> bool:
    return line.startswith(("import ", "from "))


def _array(tensor: ExportTensor, exportable: Exportable) -> str:
    sizes = [_ROWS, *(_STEPS if size is None else size for size in tensor.shape[1:])]
    shape = f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"
    lengths = {item.lengths for item in exportable.data.inputs} | {"length"}
    if tensor.name in lengths and tensor.shape == (None,):
        return f"np.array([{_STEPS}, 2], np.int64)"
    codes = any(item.name == tensor.name and item.kind == "tokens" for item in exportable.data.inputs)
    return f"np.ones({shape}, np.{tensor.dtype})" if codes else f"np.zeros({shape}, np.{tensor.dtype})"
