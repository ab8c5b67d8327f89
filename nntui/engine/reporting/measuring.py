"""Goes through rows with a network, a piece at a time, and makes a report of what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nntui.engine.assembly import lengths_of, plain_feed
from nntui.engine.evaluation import EVALUATION_BATCH, outputs
from nntui.engine.feed import ResidentStore
from nntui.engine.hardware import as_resolved
from nntui.engine.meters import value_names
from nntui.engine.reporting.classes import ClassesTally, LabelsTally
from nntui.engine.reporting.report import Baseline, Mistake, Report
from nntui.engine.reporting.tokens import TokensTally
from nntui.engine.reporting.values import BaselineTally, ValuesTally
from nntui.engine.reporting.worst import Bad, Worst

if TYPE_CHECKING:
    from torch import Tensor

    from nntui.engine.feed import Batch
    from nntui.engine.inference import Model
    from nntui.engine.meters import Measured
    from nntui.engine.reporting.rows import Judged
    from nntui.hooks.data import DataSpec, Raw
    from nntui.spec.model import RunSpec

PIECE_BYTES = 32 << 20
"""Encoded rows that are held at a time."""


@torch.no_grad()
def measured_rows(model: Model, spec: RunSpec, judged: Judged) -> Measured:
    """The task's metrics on these rows, to the last digit what training measures of them."""
    meter = model.task.meter()
    for _, output, batch in _passes(model, spec, judged):
        meter.update(output, batch)
    return meter.compute()


@torch.no_grad()
def report_rows(model: Model, spec: RunSpec, judged: Judged, run: str, mistakes: int) -> Report:
    """All of the report, with the `mistakes` worst rows."""
    meter, tally = model.task.meter(), _tally(model.spec, mistakes)
    raw: Raw | None = None
    for piece, output, batch in _passes(model, spec, judged):
        meter.update(output, batch)
        tally.update(model.task.predict(output, batch) if tally.predicts else output, batch)
        if piece is not raw:
            raw = piece
            tally.baselines(model.preprocessor, raw)
    measured = meter.compute()
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
        findings=judged.findings,
        **tally.parts(measured.metrics),
    )


def _passes(model: Model, spec: RunSpec, judged: Judged) -> Iterator[tuple[Raw, Tensor, Batch]]:
    """Raw rows, the network's output for each batch of them, and the batch.

    A piece is a whole number of batches: rows are computed beside the same others as when all were encoded at once.
    """
    batch_size = max(EVALUATION_BATCH, spec.training.batch_size)
    lengths, arguments = lengths_of(model.spec), model.spec.arguments()
    rows, at = batch_size, 0
    with as_resolved(model.network, spec.resolved) as channels_last:
        while at < len(judged.index):
            raw = judged.raw(slice(at, at + rows))
            encoded = model.preprocessor.encode(raw)
            here = len(next(iter(encoded.values())))
            feed = plain_feed(
                ResidentStore(encoded, lengths, torch.device("cpu")), model.spec, batch_size, None, channels_last
            )
            for output, batch in outputs(model.network, arguments, feed):
                yield raw, output, batch
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

    def baselines(self, preprocessor: Any, raw: Raw) -> None:
        """Takes in what rules without learning say of a piece, where there are some."""

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
        scores = self._tally.compute()
        most = max(scores.scores, key=lambda score: score.support)
        rows = max(1, sum(score.support for score in scores.scores))
        baseline = Baseline(name=f"always {most.name}", metrics={"accuracy": most.support / rows})
        return {"classes": scores, "wrong": self._tally.wrong, "baselines": (baseline,)}

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

    def in_words(self, bad: Bad) -> tuple[str, str, float | None]:
        said = bad.output > 0.5
        sure = np.where(said, bad.output, 1 - bad.output)[said != (bad.target > 0.5)]
        return self._list(bad.target > 0.5), self._list(said), float(sure.max())

    def _list(self, there: np.ndarray[Any, Any]) -> str:
        return ", ".join(name for name, yes in zip(self.target.names, there, strict=True) if yes) or "none"


class _Values(_Tally):
    def __init__(self, spec: DataSpec, mistakes: int) -> None:
        super().__init__(spec, mistakes)
        self._tally = ValuesTally(value_names(spec.target))
        self._rules = BaselineTally()

    def update(self, output: Tensor, batch: Batch) -> None:
        told, true = output.double().numpy(), batch["target"].double().numpy()
        self._tally.update(told, true)
        std = np.array(self.target.std or (1.0,) * self.target.size)
        apart = np.abs(np.log(np.maximum(told, 1e-12) / np.maximum(true, 1e-12))) if self.target.log else told - true
        badness = (np.abs(apart) / std).mean(1)
        self.worst.update(badness, (told != true).any(1), told, true)

    def baselines(self, preprocessor: Any, raw: Raw) -> None:
        true = np.asarray(raw["target"], np.float64)
        rules = getattr(preprocessor, "baselines", None)
        target = self.target
        told = {} if rules is None else dict(rules(raw))
        if not told and target.mean and target.offset is None:
            mean = np.exp(target.mean) if target.log else np.array(target.mean)
            name = "the geometric mean of the training rows" if target.log else "the mean of the training rows"
            told = {name: np.broadcast_to(mean, true.shape)}
        self._rules.update(told, true)

    def parts(self, metrics: dict[str, float]) -> dict[str, Any]:
        return {"values": self._tally.compute(metrics), "baselines": self._rules.compute()}

    def in_words(self, bad: Bad) -> tuple[str, str, float | None]:
        return self._told(bad.target), self._told(bad.output), None

    def _told(self, values: np.ndarray[Any, Any]) -> str:
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
        return {"surprise": self._tally.compute(), "baselines": self._tally.baselines()}

    def in_words(self, bad: Bad) -> tuple[str, str, float | None]:
        return "", f"{bad.badness / np.log(2):.2f} bits a token", None
