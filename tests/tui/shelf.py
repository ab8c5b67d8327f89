"""What the pictures show beside the recorded run: a list of runs in every status, a run on texts, one on a series, and
a fork server that answers what a real one once answered."""

from __future__ import annotations

import asyncio
import json
import math
import tomllib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from frozen import NOW, still
from recorded import BEGUN, STEPS, events, recorded, write

from nntui.runs.events import (
    AnyEvent,
    Evaluated,
    Failed,
    Finished,
    LayerPlan,
    LayerProbe,
    Paused,
    Planned,
    Probed,
    Progress,
    Queued,
    Sample,
    Sampled,
    Started,
)
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.jobs import ActivationCurve, Described, PlanResult
from nntui.runs.lock import RunLock, host
from nntui.tui.server import JobFailed

ANSWERS = json.loads((Path(__file__).parent / "answers.json").read_text(encoding="utf-8"))
"""Told by a fork server of 0.1.0: by job, then by data set or activation."""


class Answering:
    """Stands for the fork server. `hangs`: jobs that are not answered; `fails`: those that are answered so."""

    def __init__(self) -> None:
        self.hangs: set[str] = set()
        self.fails: dict[str, JobFailed] = {}

    async def _answer(self, job: str, name: str) -> Any:  # plain JSON
        if job in self.hangs:
            await asyncio.Event().wait()
        if job in self.fails:
            raise self.fails[job]
        return ANSWERS[job][name]

    async def plan(self, toml: str, *, first: Callable[[PlanResult], None] | None = None) -> PlanResult:
        found = await self._answer("plan", tomllib.loads(toml)["data"]["name"].rpartition("/")[2])
        return msgspec.convert(found, PlanResult)

    async def describe(self, toml: str) -> Described:
        found = await self._answer("describe", tomllib.loads(toml)["data"]["name"].rpartition("/")[2])
        return msgspec.convert(found, Described)

    async def activation(self, name: str, params: Mapping[str, Any]) -> ActivationCurve:
        return msgspec.convert(await self._answer("activation", name.rpartition("/")[2]), ActivationCurve)

    async def start(self) -> None:
        return None

    async def close(self) -> None:
        return None


# --- a list of runs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    """A run of the list. `status` is one of nntui's, `ago` seconds."""

    name: str
    status: str
    data: str
    arch: str
    ago: float
    epoch: float
    epochs: int
    metric: str
    best: float
    loss: tuple[float, float]
    """The first and the last."""
    note: str = ""


LIVE = ("training", "paused", "queued", "starting")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SHELF = (
    Listed("quick-otter-7", "training", "fashion-mnist", "cnn", 165, 3.4, 10, "accuracy", 0.893, (2.3, 0.298)),
    Listed("late-wren-3", "queued", "fashion-mnist", "cnn", 2 * MINUTE, 0, 20, "accuracy", 0, (0, 0)),
    Listed("calm-heron-6", "done", "digits", "ffn", 40 * MINUTE, 20, 20, "accuracy", 0.982, (2.31, 0.061),
           "wider, with dropout 0.3"),
    Listed("odd-lynx-5", "failed", "./pets", "cnn", 2 * HOUR, 1.1, 5, "accuracy", 0.41, (2.1, math.nan),
           "too high a rate"),
    Listed("neat-stork-12", "paused", "hamlet", "rnn", 5 * HOUR, 4.5, 12, "bits_per_char", 2.314, (4.1, 1.72)),
    Listed("warm-ibis-9", "stopped", "auto-mpg", "ffn", DAY, 60, 100, "mae", 2.11, (1.4, 0.21)),
    Listed("tidy-newt-4", "lost", "seattle-weather", "rnn", 3 * DAY, 12.2, 40, "mae", 1.94, (0.9, 0.34)),
    Listed("keen-marten-18", "unknown", "cifar-10", "cnn", 9 * DAY, 31, 60, "accuracy", 0.874, (2.3, 0.41),
           "on the big machine"),
    Listed("brave-tern-2", "done", "word-languages", "rnn", 300 * DAY, 20, 20, "accuracy", 0.771, (2.08, 0.63)),
)  # fmt: skip


def shelved(root: Path, held: ExitStack) -> None:
    """Those runs below `root`; the locks of the live ones are held until `held` is closed."""
    for row in SHELF:
        folder = create_run(root, row.name)
        where = "path" if "/" in row.data else "name"
        folder.run_toml.write_text(f'version = 1\n[data]\n{where} = "{row.data}"\n[arch]\nname = "{row.arch}"\n')
        if row.note:
            (folder.path / "note.txt").write_text(row.note)
        write(folder, _happened(row))
        if row.status in LIVE:
            held.enter_context(RunLock(folder))
        if row.status == "unknown":
            folder.lock.write_text(json.dumps({"host": "bigbox", "boot_id": "b", "pid": 7, "heartbeat": NOW - DAY}))
        still(folder)


def _happened(row: Listed) -> list[AnyEvent]:
    begun = NOW - row.ago
    where = "bigbox" if row.status == "unknown" else host()
    out: list[AnyEvent] = [Started(time=begun, nntui="0.1.0", host=where, boot_id="b", pid=1)]
    if row.status == "queued":
        return [*out, Queued(time=begun, after="quick-otter-7")]
    rising = row.metric == "accuracy"
    out.append(Planned(time=begun, layers=[], parameters=int(9610 * (1 + row.best)), splits={"train": 80},
                       epochs=row.epochs, steps_per_epoch=50, metric=row.metric, maximize=rising))  # fmt: skip
    steps = round(row.epoch * 50)
    first, last = row.loss
    floor = 0.9 if math.isnan(last) else last
    each = max(steps // 60, 1)
    for step in [*range(each, steps, each), steps]:
        share = step / steps
        wave = 0.12 * math.sin(step * 1.7) * math.cos(step * 0.37)
        loss = floor + (first - floor) * math.exp(-5 * share) * (1 + wave) + (0.05 * first * wave if share < 1 else 0)
        bad = math.isnan(last) and share > 0.93
        out.append(Progress(time=begun + share * min(row.ago, 150), step=step, epoch=step / 50,
                            loss=None if bad else loss, lr=0.003, samples_per_second=41_000))  # fmt: skip
    end = begun + min(row.ago, 150) - 1
    at = int(row.epoch) * 50
    out.append(Evaluated(time=end, step=at, epoch=int(row.epoch), split="validation", best=True,
                         metrics={row.metric: row.best, "loss": floor * 1.1}))  # fmt: skip
    if row.status in ("done", "stopped"):
        out.append(Finished(time=end, step=steps, status=row.status, seconds=150, metrics={row.metric: row.best},
                            split="test"))  # type: ignore[arg-type]  # fmt: skip
    elif row.status == "failed":
        out.append(Failed(time=end, step=steps, kind="non-finite", message="the loss is not finite"))
    elif row.status == "paused":
        out.append(Paused(time=end, step=steps))
    return out


# --- runs on other data ----------------------------------------------------------------------------------------------


def on_texts(root: Path) -> RunFolder:
    """A recurrent network that tells the language of a word."""
    languages = [found["name"] for found in ANSWERS["describe"]["word-languages"]["classes"]]

    def said(example: int, label: str, epoch: int) -> Sample:
        right = (example * 3 + epoch) % 4 > 0
        other = languages[(languages.index(label) + 3) % 8]
        sure = 0.46 + 0.051 * ((example * 3 + epoch) % 10)
        taken, rest = (label, other) if right else (other, label)
        third = languages[(languages.index(taken) + 1) % 8]
        likely = {rest: round((1 - sure) * 0.6, 3), third: round((1 - sure) * 0.3, 3)}
        return Sample(example=example, label=taken, value=taken, probabilities={**likely, taken: round(sure, 3)})

    return _told(root, "bright-finch-11", "word-languages", "accuracy", languages, said)


def on_a_series(root: Path) -> RunFolder:
    """A recurrent network that foretells the temperature."""

    def said(example: int, label: str, epoch: int) -> Sample:
        value = float(label.split()[1]) + 3.1 * math.sin(example * 1.3) * math.exp(-epoch / 5)
        return Sample(example=example, label=f"temp_max {value:.1f} °C", value=value)

    return _told(root, "mild-plover-8", "seattle-weather", "mae", [], said)


def _told(
    root: Path, name: str, data: str, metric: str, classes: list[str], said: Callable[[int, str, int], Sample]
) -> RunFolder:
    """The recorded run as it would have been on other data: its layers are those that were planned for it."""
    folder = recorded(root, name, until=0.0)
    toml = folder.run_toml.read_text().replace("fashion-mnist", data).replace('name = "cnn"', 'name = "rnn"')
    folder.run_toml.write_text(toml)
    folder.events.unlink()
    folder.commands.unlink()
    layers = msgspec.convert(ANSWERS["plan"][data]["layers"], list[LayerPlan])
    examples = ANSWERS["describe"][data]["examples"]

    def other(event: AnyEvent) -> AnyEvent:
        change = msgspec.structs.replace
        match event:
            case Planned():
                parameters = sum(layer.parameters for layer in layers)
                return change(event, layers=layers, parameters=parameters, classes=classes, metric=metric,
                              maximize=bool(classes))  # fmt: skip
            case Evaluated():
                value = event.metrics["accuracy"] or 0.0
                n = len(classes)
                confusion = [row[:n] for row in (event.confusion or [])[:n]]
                metrics = {**event.metrics, metric: value} if classes else {"mae": 9.4 * (1.05 - value), "loss": 0.31}
                return change(event, metrics=metrics, confusion=confusion or None)
            case Probed():
                return change(event, layers=[_probe(layer, event.step) for layer in layers])
            case Sampled():
                samples = [said(n, one["label"], int(event.epoch)) for n, one in enumerate(examples)]
                return change(event, samples=samples)
        return event

    write(folder, [other(event) for event in events(10, 3.4) if event.time < BEGUN + 2 + 3.4 * STEPS])
    entries = [{"kind": one["kind"], "label": one["label"], "row": n, "content": one.get("text") or one.get("content")}
               for n, one in enumerate(examples)]  # fmt: skip
    (folder.examples / "index.json").write_text(json.dumps({"version": 1, "examples": entries}))
    return still(folder)


def _probe(layer: LayerPlan, step: int) -> LayerProbe:
    wave = 1 + 0.4 * math.sin(step * 1.1 + len(layer.name))
    if not layer.parameters:
        return LayerProbe(name=layer.name, mean=0.0, std=1.0)
    return LayerProbe(name=layer.name, grad_norm=0.02 * wave, weight_norm=8.0, update_ratio=10 ** (-3 + 0.2 * wave),
                      mean=0.0, std=1.0)  # fmt: skip
