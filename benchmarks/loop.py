"""The loop beside a hand-tuned one: the same network, batches, precision and threads, interleaved in one process.

    python benchmarks/loop.py            # both tables; some minutes
    python benchmarks/loop.py --write    # and into docs/benchmarks.md

The tuned loop is what a careful person writes for one network: data resident, normalised once, gathered an epoch at a
time where it is small, fused AdamW, gradients set to None, no `.item()`, nothing else. *A step* is nntui's own loop
(its feed, learning rate, watch) against it, in alternating rounds; the figure is the median ratio. *A whole run* is
`nntui train`'s engine from the start of training to the end (checkpoints, evaluations, events, probes, the result
on disk) against the tuned loop with the same evaluations.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("NNTUI_PLUGINS", "")

import torch
from torch.nn import functional as F

from nntui.engine.assembly import assemble
from nntui.engine.building import open_data
from nntui.engine.evaluation import EVALUATION_BATCH
from nntui.engine.journal import Journal
from nntui.engine.keeping import Keeper
from nntui.engine.loop import train
from nntui.engine.run import execute
from nntui.engine.steering import Signals
from nntui.engine.training import Training
from nntui.engine.watch import Watch
from nntui.hooks.registry import registry
from nntui.runs.commands import CommandReader
from nntui.runs.creating import new_run
from nntui.runs.events import Finished, Planned
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter, read_events
from nntui.spec.model import RunSpec
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.tables import from_keywords

TABLE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- loop: begin -->", "<!-- loop: end -->"


@dataclass(frozen=True)
class Case:
    name: str
    settings: dict[str, Any]
    steps: int
    """Steps of a round."""
    epochs: int
    """Of a whole run."""


CASES = (
    Case(
        "digits ffn 64-32-10, batch 32",
        {"data": "digits", "arch": {"name": "ffn", "hidden": [32], "dropout": 0.0, "norm": "none"}, "batch_size": 32},
        1000,
        200,
    ),
    Case("fashion-mnist cnn, batch 128", {"data": "fashion-mnist", "arch": {"name": "cnn"}, "batch_size": 128}, 30, 1),
    Case(
        "word-languages lstm, batch 64",
        {
            "data": "word-languages",
            "arch": {"name": "rnn", "cell": "lstm", "convolution": 0},
            "batch_size": 64,
            "training": {"ema": None, "label_smoothing": 0.0},  # the tuned loop keeps no average
        },
        40,
        10,
    ),
)


def spec_of(case: Case, epochs: int) -> RunSpec:
    training = {**case.settings.get("training", {}), "epochs": epochs}
    said = Said(tree=from_keywords({**case.settings, "training": training, "seed": 0}))
    # The order of keywords is kept: the short forms of the case are laid over the table.
    return resolve_said(said, registry()).spec


class Tuned:
    """The hand-tuned loop over the same encoded data."""

    def __init__(self, training: Training) -> None:
        self.model = training.model
        self.batch = training.feed.batch_size
        self.names = training.arguments
        data = training.data
        rows = data.splits["train"]
        self.train = self._normalised(training, data.preprocessor.encode(data.source.rows(rows)))
        self.rows = len(rows)
        self.lengths = [(i.name, i.lengths) for i in data.spec.inputs if i.lengths]
        params: dict[str, float] = training.spec.optimizer.params.model_dump()
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        decay = params.get("weight_decay", 0.0)
        groups = [{"params": decayed, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=params["lr"], fused=True)
        self.smoothing = training.spec.training.label_smoothing
        self.rate = training.rate
        self.step = 0
        self.augment = training.feed._augment
        self._batches = self._endless()

    @staticmethod
    def _normalised(training: Training, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        for item in training.data.spec.inputs:
            if item.kind in ("categories", "tokens"):
                continue
            x = tensors[item.name].float()
            view = (-1, 1, 1) if item.kind == "image" else (-1,)
            if item.mean:
                x = (x - torch.tensor(item.mean).view(view)) / torch.tensor(item.std).view(view)
            tensors[item.name] = x
        return tensors

    def _endless(self) -> Iterator[dict[str, torch.Tensor]]:
        """Batches of one epoch after another. Small data is gathered an epoch at a time."""
        small = sum(t.numel() * t.element_size() for t in self.train.values()) < 1 << 22
        epoch = 0
        while True:
            order = torch.randperm(self.rows)[: max(1, self.rows // self.batch) * self.batch]
            if self.augment is not None:
                self.augment.begin_epoch(epoch)
            epoch += 1
            if small and self.augment is None:
                whole = {k: t[order] for k, t in self.train.items()}
                for parts in zip(*(t.split(self.batch) for t in whole.values()), strict=True):
                    yield self._trimmed(dict(zip(whole, parts, strict=True)))
                continue
            for index in order.split(self.batch):
                batch = {k: t[index] for k, t in self.train.items()}
                yield self._trimmed(batch if self.augment is None else self.augment(batch, index))

    def _trimmed(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        for name, lengths in self.lengths:
            batch[name] = batch[name][:, : int(batch[lengths].max())]
        return batch

    def run(self, steps: int) -> None:
        model, optimizer, names = self.model, self.optimizer, self.names
        model.train()
        for _ in range(steps):
            batch = next(self._batches)
            for group in optimizer.param_groups:
                group["lr"] = self.rate.at(self.step)
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(*[batch[n] for n in names]), batch["target"], label_smoothing=self.smoothing)
            loss.backward()
            optimizer.step()
            self.step += 1


class Ours:
    """nntui's loop over a training, a number of steps at a time."""

    def __init__(self, training: Training, folder: Path) -> None:
        self.training = training
        run = new_run(training.spec, folder, None)
        self.lock = RunLock(run)
        self.writer = EventWriter(run.events)
        self.journal = Journal(self.writer, run.events, None)
        self.keeper = Keeper(run, self.journal, seconds=1e9, keep=1, for_good=lambda _step: False)
        self.commands = CommandReader(run.commands)
        self.signals = Signals(ignore_hangup=False)

    def run(self, steps: int) -> None:
        watch = Watch(
            self.training,
            self.journal,
            self.keeper,
            signals=self.signals,
            commands=self.commands,
            recorded=[],
            lock=self.lock,
            examples=None,
            stop_at=self.training.step + steps,
        )
        train(self.training, watch)


def per_step(case: Case, rounds: int, folder: Path) -> tuple[float, float, float]:
    """Seconds a step of nntui and of the tuned loop (medians), and the median of the paired ratios."""
    spec = spec_of(case, epochs=1_000_000)  # never at an end, so that a round holds steps alone
    data = open_data(spec)
    ours = Ours(assemble(spec, data).training, folder)
    ours.training.validation = None
    ours._evaluate = None  # type: ignore[attr-defined]
    tuned = Tuned(assemble(spec, data).training)
    ours.training.spec = spec
    pairs = []
    for number in range(rounds + 1):
        sides: list[Callable[[int], None]] = [ours.run, tuned.run]
        seconds = {}
        for side in sides if number % 2 else sides[::-1]:
            began = time.perf_counter()
            side(case.steps)
            seconds[side] = time.perf_counter() - began
        if number:  # the first is a warm-up
            pairs.append((seconds[ours.run] / case.steps, seconds[tuned.run] / case.steps))
    ratio = statistics.median(a / b for a, b in pairs)
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs), ratio


@torch.no_grad()
def evaluate(model: torch.nn.Module, names: tuple[str, ...], rows: dict[str, torch.Tensor], tuned: Tuned) -> float:
    model.eval()
    correct = torch.zeros((), dtype=torch.int64)
    size = max(tuned.batch, EVALUATION_BATCH)
    total = len(rows["target"])
    for at in range(0, total, size):
        batch = tuned._trimmed({k: t[at : at + size] for k, t in rows.items()})
        correct += (model(*[batch[n] for n in names]).argmax(1) == batch["target"]).sum()
    return float(correct) / total


def whole_run(case: Case, rounds: int, folder: Path) -> tuple[float, float, float]:
    """Seconds of a whole run of nntui and of the tuned loop with the same evaluations, and the median paired ratio."""
    spec = spec_of(case, case.epochs)
    data = open_data(spec)
    pairs = []
    for number in range(rounds + 1):
        run = new_run(spec, folder, None)
        with contextlib.redirect_stderr(None):
            execute(run, spec)
        events, _ = read_events(run.events)
        began = next(e.time for e in events if isinstance(e, Planned))
        ended = next(e.time for e in events if isinstance(e, Finished))
        tuned_seconds = _tuned_run(spec, data, case.epochs)
        if number:
            pairs.append((ended - began, tuned_seconds))
    ratio = statistics.median(a / b for a, b in pairs)
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs), ratio


def _tuned_run(spec: RunSpec, data: object, epochs: int) -> float:
    training = assemble(spec, data).training  # type: ignore[arg-type]
    tuned = Tuned(training)
    splits = {}
    for split in ("validation", "test"):
        encoded = training.data.preprocessor.encode(training.data.source.rows(training.data.splits[split]))
        splits[split] = Tuned._normalised(training, encoded)
    began = time.perf_counter()
    for _ in range(epochs):
        tuned.run(training.steps_per_epoch)
        evaluate(tuned.model, tuned.names, splits["validation"], tuned)
    evaluate(tuned.model, tuned.names, splits["test"], tuned)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    lines = [
        "| case | a step, nntui | tuned | ratio | a whole run, nntui | tuned | ratio |",
        "|" + " --- |" * 7,
    ]
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as folder:
        for case in (c for c in CASES if c.name.startswith(arguments.only)):
            step = per_step(case, arguments.rounds, Path(folder))
            whole = whole_run(case, max(3, arguments.rounds // 3), Path(folder))
            lines.append(
                f"| {case.name} | {step[0] * 1e6:,.0f} µs | {step[1] * 1e6:,.0f} µs | {step[2]:.3f} "
                f"| {whole[0]:.2f} s | {whole[1]:.2f} s | {whole[2]:.3f} |"
            )
            print(lines[-1], flush=True)
    if arguments.write:
        page = TABLE.read_text()
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1]
        table = "\n".join(lines)
        TABLE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


if __name__ == "__main__":
    main()
