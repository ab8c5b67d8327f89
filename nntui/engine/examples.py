"""A few fixed rows to show while a network learns: written once as pictures and text, predicted again and again."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nntui.engine.evaluation import outputs
from nntui.engine.feed import Feed, ResidentStore
from nntui.runs.durable import write_atomic
from nntui.runs.events import Sample, Sampled

if TYPE_CHECKING:
    from nntui.engine.building import OpenedData
    from nntui.engine.training import Training
    from nntui.hooks.data import Example, Indices
    from nntui.runs.folder import RunFolder

EXAMPLES = 8
LIKELIEST = 5
"""Probabilities kept of each sample."""


def choose_rows(data: OpenedData) -> Indices:
    """Rows of the validation split (training where there is none), spread evenly over it; never test rows."""
    rows = data.splits["validation"] if len(data.splits["validation"]) else data.splits["train"]
    at = np.unique(np.linspace(0, len(rows) - 1, min(EXAMPLES, len(rows))).astype(np.int64))
    return rows[at]


def write_examples(folder: RunFolder, data: OpenedData, rows: Indices) -> None:
    """Writes examples/: a PNG for each image, and index.json with texts, rows and true answers. Raises OSError."""
    raw = data.source.rows(rows)
    folder.examples.mkdir(exist_ok=True)
    index: list[dict[str, Any]] = []
    for number in range(len(rows)):
        example = data.preprocessor.example(raw, number)
        entry: dict[str, Any] = {"kind": example.kind, "label": example.label, "row": int(rows[number])}
        if example.kind == "image":
            entry["file"] = f"example-{number}.png"
            write_atomic(folder.examples / entry["file"], _png(example), durable=False)
        else:
            entry["content"] = example.content
        index.append(entry)
    text = json.dumps({"version": 1, "examples": index}, ensure_ascii=False, indent=1)
    write_atomic(folder.examples / "index.json", text.encode(), durable=False)


def _png(example: Example) -> bytes:
    from PIL import Image  # only for image data

    buffer = io.BytesIO()
    Image.fromarray(np.asarray(example.content)).save(buffer, format="PNG")
    return buffer.getvalue()


class FixedExamples:
    """The encoded examples, ready to be predicted."""

    def __init__(self, training_data: OpenedData, rows: Indices, device: torch.device, channels_last: bool) -> None:
        data = training_data
        spec = data.spec
        lengths = frozenset(i.lengths for i in spec.inputs if i.lengths is not None)
        store = ResidentStore(data.preprocessor.encode(data.source.rows(rows)), lengths, device)
        self._preprocessor = data.preprocessor
        self._feed = Feed(store, spec, batch_size=len(rows), seed=0, device=device, channels_last=channels_last)

    def sampled(self, training: Training, *, step: int | None = None, epoch: float | None = None) -> Sampled:
        """Predictions of the weights that the model now has, which are of now or of the `step` and `epoch` named; call
        it within `as_evaluated`."""
        samples: list[Sample] = []
        for output, batch in outputs(training.model, training.arguments, self._feed, training.autocast):
            for prediction in self._preprocessor.decode(training.task.predict(output, batch)):
                likeliest = list(prediction.probabilities.items())[:LIKELIEST]
                samples.append(
                    Sample(
                        example=len(samples),
                        label=prediction.label,
                        value=prediction.value,
                        probabilities={name: round(p, 5) for name, p in likeliest},
                    )
                )
        return Sampled(
            step=training.step if step is None else step,
            epoch=training.epoch if epoch is None else epoch,
            samples=samples,
        )
