"""Goes through rows with a network, a piece at a time, and makes a report of what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nntui.engine.assembly import lengths_of, plain_feed
from nntui.engine.baselines import measure_baselines
from nntui.engine.evaluation import EVALUATION_BATCH, outputs
from nntui.engine.feed import ResidentStore
from nntui.engine.hardware import as_resolved
from nntui.engine.meters import evened, value_names
from nntui.engine.reporting.classes import ClassesTally, LabelsTally
from nntui.engine.reporting.report import Baseline, Mistake, Report
from nntui.engine.reporting.tokens import TokensTally
from nntui.engine.reporting.values import BaselineTally, ValuesTally
from nntui.engine.reporting.worst import Bad, Worst

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from nntui.engine.feed import Batch
    from nntui.engine.inference import Model
    from nntui.engine.meters import Measured
    from nntui.engine.reporting.rows import Judged
    from nntui.hooks.data import DataSpec
    from nntui.spec.model import RunSpec

PIECE_BYTES = 32 << 20
"""Encoded rows that are held at a time."""


@torch.no_grad()
def measured_rows(model: Model, spec: RunSpec, judged: Judged) -> Measured:
    """The task's metrics on these rows, to the last digit what training measures of them."""
    meter = model.task.meter()
    for output, batch in _passes(model, spec, judged):
        meter.update(output, batch)
    baselines = measure_baselines(judged.source, model.preprocessor, judged.index, model.task)
    return replace(meter.compute(), baselines=baselines)


@torch.no_grad()
def report_rows(model: Model, spec: RunSpec, judged: Judged, run: str, mistakes: int) -> Report:
    """All of the report, with the `mistakes` worst rows."""
    meter, tally = model.task.meter(), _tally(model.spec, mistakes)
    for output, batch in _passes(model, spec, judged):
        meter.update(output, batch)
        tally.update(model.task.predict(output, batch) if tally.predicts else output, batch)
    measured = meter.compute()
    rules = measure_baselines(judged.source, model.preprocessor, judged.index, model.task)
    baselines = tuple(Baseline(name=name, metrics=metrics) for name, metrics in rules.items()) or tally.baselines()
    target = model.spec.target
    return Report(
        run=run,
        data=judged.data,
        split=judged.split,
        rows=len(judged.index),
        kind=target.kind,
        names=value_names(target) if target.kind == "values" else target.names if target.kind != "next-token" else (),
        unit=target.unit,
        network=f"{spec.arch.name}, {sum(p.numel() for p in model.network.parameters()):,} parameters",
        metrics=measured.metrics,
        confusion=measured.confusion,
        mistakes=tuple(_mistakes(model, judged, tally)),
        baselines=baselines,
        findings=judged.findings,
        **tally.parts(measured.metrics),
    )


def _passes(model: Model, spec: RunSpec, judged: Judged) -> Iterator[tuple[Tensor, Batch]]:
    """The network's output for each batch of rows, and the batch.

    A piece is a whole number of batches: rows are computed beside the same others as when all were encoded at once.
    """
    batch_size = max(EVALUATION_BATCH, spec.training.batch_size)
    lengths, arguments = lengths_of(model.spec), model.spec.arguments()
    rows, at = batch_size, 0
    with as_resolved(model.network, spec.resolved) as channels_last:
        while at < len(judged.index):
            encoded = model.preprocessor.encode(judged.raw(slice(at, at + rows)))
            here = len(next(iter(encoded.values())))
            feed = plain_feed(
                ResidentStore(encoded, lengths, torch.device("cpu")), model.spec, batch_size, None, channels_last
            )
            yield from outputs(model.network, arguments, feed)
            at += rows
            row_bytes = sum(t.numel() * t.element_size() for t in encoded.values()) / max(1, here)
            rows = max(1, int(PIECE_BYTES / max(1.0, row_bytes)) // batch_size) * batch_size


def _mistakes(model: Model, judged: Judged, tally: _Tally) -> Iterator[Mistake]:
    bad = tally.worst.rows
    places = judged.places([item.at for item in bad])
    for item, place in zip(bad, places, strict=True):
        raw = judged.raw(slice(item.at, item.at + 1))
        truth, answer, confidence = tally.in_words(item)
        yield Mistake(
            row=int(judged.index[item.at]),
            place=place,
            truth=truth,
            answer=answer,
            confidence=confidence,
            badness=item.badness,
            example=model.preprocessor.example(raw, 0),
        )


def _tally(spec: DataSpec, mistakes: int) -> _Tally:
    match spec.target.kind:
        case "classes":
            return _Classes(spec, mistakes)
        case "multilabel":
            return _Labels(spec, mistakes)
        case "values":
            return _Values(spec, mistakes)
        case "next-token":
            return _Tokens(spec, mistakes)


class _Tally:
    """What a report needs beside the metrics, of one kind of target."""

    predicts = True
    """Whether it takes what the task predicts, not the network's output."""

    def __init__(self, spec: DataSpec, mistakes: int) -> None:
        self.spec = spec
        self.target = spec.target
        self.worst = Worst(mistakes)

    def update(self, output: Tensor, batch: Batch) -> None:
        raise NotImplementedError

    def baselines(self) -> tuple[Baseline, ...]:
        """What a rule without learning reaches, where the preprocessing offers none."""
        raise NotImplementedError

    def parts(self, metrics: dict[str, float]) -> dict[str, Any]:
        """Fields of `Report`."""
        raise NotImplementedError

    def in_words(self, bad: Bad) -> tuple[str, str, float | None]:
        """Truth, answer, and how sure it was."""
        raise NotImplementedError


class _Classes(_Tally):
    def __init__(self, spec: DataSpec, mistakes: int) -> None:
        super().__init__(spec, mistakes)
        self._tally = ClassesTally(spec.target.names)

    def update(self, output: Tensor, batch: Batch) -> None:
        probabilities, target = output.double().numpy(), batch["target"].numpy()
        self._tally.update(probabilities, target)
        of_truth = probabilities[np.arange(len(target)), target]
        loss = -np.log(np.maximum(of_truth, 1e-300))
        self.worst.update(loss, probabilities.argmax(1) != target, probabilities, target)

    def parts(self, metrics: dict[str, float]) -> dict[str, Any]:
        del metrics
        return {"classes": self._tally.compute(), "wrong": self._tally.wrong}

    def baselines(self) -> tuple[Baseline, ...]:
        scores = self._tally.compute().scores
        most = max(scores, key=lambda score: score.support)
        rows = max(1, sum(score.support for score in scores))
        return (Baseline(name=f"always {most.name}", metrics={"accuracy": most.support / rows}),)

    def in_words(self, bad: Bad) -> tuple[str, str, float | None]:
        names = self.target.names
        said = int(bad.output.argmax())
        return names[int(bad.target)], names[said], float(bad.output[said])


class _Labels(_Tally):
    def __init__(self, spec: DataSpec, mistakes: int) -> None:
        super().__init__(spec, mistakes)
        self._tally = LabelsTally(spec.target.names)

    def update(self, output: Tensor, batch: Batch) -> None:
        probabilities, target = output.double().numpy(), batch["target"].double().numpy()
        self._tally.update(probabilities, target)
        of_truth = np.where(target > 0.5, probabilities, 1 - probabilities)
        loss = -np.log(np.maximum(of_truth, 1e-300)).mean(1)
        self.worst.update(loss, ((probabilities > 0.5) != (target > 0.5)).any(1), probabilities, target)

    def parts(self, metrics: dict[str, float]) -> dict[str, Any]:
        del metrics
        return {"classes": self._tally.compute(), "wrong": self._tally.wrong}

    def baselines(self) -> tuple[Baseline, ...]:
        return ()

    def in_words(self, bad: Bad) -> tuple[str, str, float | None]:
        said = bad.output > 0.5
        sure = np.where(said, bad.output, 1 - bad.output)[said != (bad.target > 0.5)]
        return self._list(bad.target > 0.5), self._list(said), float(sure.max())

    def _list(self, there: npt.NDArray[Any]) -> str:
        return ", ".join(name for name, yes in zip(self.target.names, there, strict=True) if yes) or "none"


_MEANS = {False: "the mean of the training rows", True: "the geometric mean of the training rows"}


class _Values(_Tally):
    def __init__(self, spec: DataSpec, mistakes: int) -> None:
        super().__init__(spec, mistakes)
        self._tally = ValuesTally(value_names(spec.target))
        self._rules = BaselineTally()

    def update(self, output: Tensor, batch: Batch) -> None:
        told, true = output.double().numpy(), batch["target"].double().numpy()
        self._tally.update(told, true)
        target = self.target
        if target.mean and target.offset is None:
            mean = np.exp(target.mean) - target.shift if target.log else np.array(target.mean)
            self._rules.update({_MEANS[target.log]: np.broadcast_to(mean, true.shape)}, true)
        apart = evened(told, target) - evened(true, target)
        badness = (np.abs(apart) / np.array(target.std or (1.0,) * target.size)).mean(1)
        self.worst.update(badness, (told != true).any(1), told, true)

    def baselines(self) -> tuple[Baseline, ...]:
        return self._rules.compute()

    def parts(self, metrics: dict[str, float]) -> dict[str, Any]:
        return {"values": self._tally.compute(metrics)}

    def in_words(self, bad: Bad) -> tuple[str, str, float | None]:
        return self._told(bad.target), self._told(bad.output), None

    def _told(self, values: npt.NDArray[Any]) -> str:
        told = [f"{value:.4g} {self.target.unit}".rstrip() for value in values.tolist()]
        named = zip(value_names(self.target), told, strict=True)
        return told[0] if len(told) == 1 else ", ".join(f"{name} {text}" for name, text in named)


class _Tokens(_Tally):
    predicts = False

    def __init__(self, spec: DataSpec, mistakes: int) -> None:
        super().__init__(spec, mistakes)
        self._tally = TokensTally(spec.target.names)

    def update(self, output: Tensor, batch: Batch) -> None:
        target = batch["target"]
        known = target >= 0
        shares = output.float().log_softmax(-1).gather(-1, target.clamp(min=0).unsqueeze(-1)).squeeze(-1)
        nats = torch.where(known, -shares, 0.0).double().numpy()
        self._tally.update(nats / np.log(2), target.numpy(), output.argmax(-1).numpy())
        each = nats.sum(1) / np.maximum(1, known.sum(1).numpy())
        self.worst.update(each, np.ones(len(each), bool), each[:, None], each)

    def parts(self, metrics: dict[str, float]) -> dict[str, Any]:
        del metrics
        return {"surprise": self._tally.compute()}

    def baselines(self) -> tuple[Baseline, ...]:
        return self._tally.baselines("bits_per_token" if self.target.characters else "bits_per_char")

    def in_words(self, bad: Bad) -> tuple[str, str, float | None]:
        return "", f"{bad.badness / np.log(2):.2f} bits a token", None
