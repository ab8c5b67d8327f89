"""A recorded run: a small convolutional network on pictures of clothes, as an engine would have written it.

Times, figures and pictures are functions of the arguments alone, so that what is drawn of it is always the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec
from PIL import Image

from nntui.runs.checkpoints import write_checkpoint
from nntui.runs.commands import Command
from nntui.runs.events import (
    AnyEvent,
    Checkpointed,
    Choice,
    Commanded,
    Evaluated,
    Finished,
    LayerPlan,
    LayerProbe,
    Planned,
    Probed,
    Progress,
    Sample,
    Sampled,
    Started,
    Warned,
)
from nntui.runs.folder import RunFolder
from nntui.runs.lock import boot_id, host

CLASSES = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
BEGUN = 1_790_000_000.0
STEPS = 120
"""Steps of an epoch."""

RUN_TOML = """version = 1
[data]
name = "fashion-mnist"
[arch]
name = "cnn"
[activation]
name = "relu"
[optimizer]
name = "adamw"
[schedule]
name = "one-cycle"
[device]
name = "auto"
[training]
epochs = {epochs}
[resolved]
device = "cpu"
"""

_LAYERS = (
    ("conv1", "Conv2d", [32, 28, 28], 320),
    ("relu1", "ReLU", [32, 28, 28], 0),
    ("conv2", "Conv2d", [64, 14, 14], 18496),
    ("relu2", "ReLU", [64, 14, 14], 0),
    ("flatten", "Flatten", [3136], 0),
    ("fc1", "Linear", [128], 401536),
    ("relu3", "ReLU", [128], 0),
    ("fc2", "Linear", [10], 1290),
)


def recorded(
    root: Path, name: str = "quick-otter-7", *, epochs: int = 10, until: float = 3.4, ended: bool = False
) -> RunFolder:
    """A run folder below `root` whose events go to epoch `until`, or to its end where it has `ended`."""
    folder = RunFolder(root / name)
    folder.path.mkdir(parents=True)
    folder.run_toml.write_text(RUN_TOML.format(epochs=epochs))
    until = float(epochs) if ended else until
    write(folder, events(epochs, until, ended=ended))
    folder.log.write_text("loading fashion-mnist\n\x1b[31mred\x1b[0m [bold]not markup[/bold]\nepoch 1\repoch 2\n")
    folder.commands.write_bytes(b"\n".join(msgspec.json.encode(command) for command in asked()) + b"\n")
    write_examples(folder)
    for epoch in {max(int(until) - 1, 0), int(until)} - {0}:
        files = {"model.safetensors": b"weights", "training_state.json": b"{}"}
        write_checkpoint(folder, epoch * STEPS, files, best=epoch % 3 != 0)
    return folder


def write(folder: RunFolder, told: Iterable[AnyEvent]) -> None:
    """Append events as an engine does, their times as they are."""
    with folder.events.open("ab") as file:
        for event in told:
            file.write(msgspec.json.encode(event) + b"\n")


def asked() -> list[Command]:
    """What was asked of it."""
    return [
        Command(id="a", time=BEGUN + 61.0, by="tui:ada@pts/3", kind="lr-scale", value=0.5),
        Command(id="b", time=BEGUN + 90.0, by="ctl:grace", kind="extend", value=0.0),
    ]


def events(epochs: int, until: float, *, ended: bool = False) -> list[AnyEvent]:
    """From its start to epoch `until`."""
    out: list[AnyEvent] = [
        Started(time=BEGUN, nntui="0.1.0", host=host(), boot_id=boot_id(), pid=1, threads=2),
        Planned(
            time=BEGUN + 0.3,
            layers=[LayerPlan(name=n, kind=k, out=o, parameters=p, macs=p * o[-1]) for n, k, o, p in _LAYERS],
            parameters=sum(p for *_, p in _LAYERS),
            splits={"train": 54000, "validation": 6000, "test": 10000},
            epochs=epochs,
            steps_per_epoch=STEPS,
            metric="accuracy",
            maximize=True,
            classes=CLASSES,
            chosen=[Choice(what="precision", value="float32", why="full precision on cpu")],
        ),
    ]
    steps = int(until * STEPS)
    for step in range(4, steps + 1, 4):
        out.append(_progress(step, epochs))
        if step % 40 == 0:
            out.append(_probed(step))
        if step % STEPS == 0:
            out += _epoch(step)
        if step == 60:
            out.append(Warned(time=_time(step), message="2 workers asked for, 1 core is free"))
        if step == 200:
            out.append(_met("a", "lr-scale", step, "applied", value=0.0015, by="tui:ada@pts/3"))
        if step == 320:
            out.append(_met("b", "extend", step, "refused", why="extend takes a positive number of epochs, got 0",
                            by="ctl:grace"))  # fmt: skip
    if ended:
        out.append(Evaluated(time=_time(steps), step=steps - STEPS, epoch=epochs - 1, split="test",
                             metrics={"accuracy": 0.9012, "loss": 0.291}))  # fmt: skip
        out.append(
            Finished(
                time=_time(steps) + 1,
                step=steps,
                status="done",
                seconds=_time(steps) - BEGUN,
                metrics={"accuracy": 0.9012, "loss": 0.291},
                split="test",
                best_step=steps - STEPS,
            )
        )
    return out


def _time(step: int) -> float:
    return BEGUN + 1.0 + step * 0.4


def _wave(step: int, size: float) -> float:
    return size * math.sin(step * 1.7) * math.cos(step * 0.37)


def loss_at(step: int) -> float:
    return 0.25 + 2.0 * math.exp(-step / 60) + _wave(step, 0.06)


def _progress(step: int, epochs: int) -> Progress:
    share = step / (STEPS * epochs)
    return Progress(
        time=_time(step),
        step=step,
        epoch=step / STEPS,
        loss=loss_at(step),
        lr=3e-3 * min(share / 0.3, (1 - share) / 0.7 + 1e-3),
        samples_per_second=41000 + _wave(step, 2500),
        grad_norm=1.2 + _wave(step, 0.4),
    )


def _probed(step: int) -> Probed:
    age = step / STEPS
    probes = []
    for i, (name, kind, _, parameters) in enumerate(_LAYERS):
        size = (1.2e-2, 0, 8e-3, 0, 0, 5.1e-3, 0, 2.2e-2)[i] * (1 + _wave(step + i, 0.6)) / (1 + age / 4)
        bins = [int(1000 * math.exp(-(((b - 12) / 5) ** 2))) for b in range(24)]
        probes.append(
            LayerProbe(
                name=name,
                grad_norm=size if parameters else None,
                weight_norm=8.0 if parameters else None,
                update_ratio=10 ** (-3.5 + _wave(i, 0.3) + 0.4 * math.sin(age / 3)) if parameters else None,
                mean=0.1 * i,
                std=1.0,
                dead={"relu1": 0.04, "relu2": min(0.1 + age / 10, 0.31), "relu3": 0.0}.get(name),
                saturated=0.52 if kind == "ReLU" else None,
                bins=bins,
                low=-3.0,
                high=3.0,
            )
        )
    return Probed(time=_time(step), step=step, epoch=age, layers=probes)


def _epoch(step: int) -> list[AnyEvent]:
    """What is told at the end of an epoch."""
    epoch = step // STEPS
    accuracy = 0.91 - 0.25 * math.exp(-epoch / 1.5) - (0.05 if epoch % 3 == 0 else 0.0)
    best = epoch % 3 != 0
    return [
        Evaluated(
            time=_time(step) + 0.2,
            step=step,
            epoch=float(epoch),
            split="validation",
            metrics={"accuracy": accuracy, "loss": 0.27 + 0.5 * math.exp(-epoch)},
            confusion=confusion(accuracy),
            best=best,
            train_loss=loss_at(step),
        ),
        Sampled(time=_time(step) + 0.25, step=step, epoch=float(epoch), samples=_samples(epoch)),
        Checkpointed(time=_time(step) + 0.3, step=step, name=f"step-{step:08d}", best=best, seconds=0.035,
                     bytes=1_690_000),
    ]  # fmt: skip


def confusion(accuracy: float) -> list[list[int]]:
    """600 rows of each class; shirts, coats and pullovers are taken for each other."""
    wrong = round(600 * (1 - accuracy))
    matrix = [[0] * 10 for _ in range(10)]
    for i in range(10):
        matrix[i][i] = 600 - wrong
        other = {6: 0, 0: 6, 2: 4, 4: 2, 5: 7, 7: 9, 9: 7}.get(i, (i + 3) % 10)
        matrix[i][other] += wrong * 2 // 3
        matrix[i][(i + 5) % 10] += wrong - wrong * 2 // 3
    return matrix


def _samples(epoch: int) -> list[Sample]:
    samples = []
    for i in range(8):
        label = CLASSES[i] if (i + epoch) % 4 else CLASSES[(i + 2) % 10]
        sure = 0.5 + 0.049 * ((i * 3 + epoch) % 10)
        others = {CLASSES[(i + 2) % 10]: round((1 - sure) * 0.7, 3), CLASSES[(i + 5) % 10]: round((1 - sure) * 0.2, 3)}
        samples.append(Sample(example=i, label=label, value=label, probabilities={**others, label: round(sure, 3)}))
    return samples


def _met(
    id: str, kind: str, step: int, result: Literal["applied", "refused"], *, by: str, value: float | None = None,
    why: str = "",
) -> Commanded:  # fmt: skip
    return Commanded(time=_time(step), id=id, command=kind, by=by, step=step, result=result, value=value, why=why)


def write_examples(folder: RunFolder) -> None:
    """Eight pictures of 28 by 28: rings and bars that can be told apart."""
    folder.examples.mkdir(exist_ok=True)
    index = []
    for number in range(8):
        image = Image.new("L", (28, 28))
        for y in range(28):
            for x in range(28):
                ring = math.hypot(x - 13.5, y - 13.5)
                on = abs(ring - 3 - number) < 2 if number % 2 else abs(x - y + number * 3 - 12) < 4
                image.putpixel((x, y), 200 - int(ring * 6) if on else 12)
        image.save(folder.examples / f"example-{number}.png")
        index.append({"kind": "image", "label": CLASSES[number], "row": number, "file": f"example-{number}.png"})
    (folder.examples / "index.json").write_text(json.dumps({"version": 1, "examples": index}))
