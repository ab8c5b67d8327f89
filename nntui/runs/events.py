"""What happened in a run: one JSON object a line of `events.jsonl`, told apart by `type`.

Times are seconds since the epoch (UTC). `step` counts optimizer steps taken or skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

EVENTS_VERSION = 1

Step: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
"""Steps fit a machine word, so that a reader can keep a million of them in an array."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """What every event carries; both are set by the writer."""

    seq: int = -1
    time: float = 0.0


class Started(Event, frozen=True, kw_only=True, tag="started", omit_defaults=False):  # `version` is always written
    """An engine took the lock. The first event of a run, and again (`resumed` follows) after a resume."""

    version: int = EVENTS_VERSION
    nntui: str
    host: str
    boot_id: str
    pid: int
    commands: int = 0
    """Length of commands.jsonl in bytes: what was asked before and not applied is expired."""
    threads: int = 0


class Queued(Event, frozen=True, kw_only=True, tag="queued"):
    """The process lives and waits its turn; whatever it writes next ends the wait."""

    after: str
    """Name of the run that it waits for."""


class LayerPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    kind: str
    out: list[int]
    """Shape of one sample's output, the batch axis left out; -1 where it varies."""
    parameters: int = 0
    macs: int = 0
    """Multiply-accumulates for one sample."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that nntui chose."""

    what: str
    value: str
    why: str


class Planned(Event, frozen=True, kw_only=True, tag="planned"):
    layers: list[LayerPlan]
    parameters: int
    splits: dict[str, int]
    """Rows of train, validation, test."""
    epochs: int
    steps_per_epoch: int
    metric: str
    """The primary metric, and whether more of it is better."""
    maximize: bool
    headline: str = ""
    """The metric that the run is spoken of by, where the primary one is the loss; and whether more of it is better."""
    headline_maximize: bool = False
    classes: list[str] = []
    chosen: list[Choice] = []


class Progress(Event, frozen=True, kw_only=True, tag="progress", gc=False):  # scalars alone: no cycles to look for
    """Training as of `step`: `loss` is the mean since the last progress."""

    step: Step
    epoch: float
    loss: float | None
    """None: not finite (JSON has no NaN)."""
    lr: float
    samples_per_second: float = 0.0
    grad_norm: float | None = None


class Evaluated(Event, frozen=True, kw_only=True, tag="evaluated"):
    step: Step
    epoch: float
    split: Literal["train", "validation", "test"]
    metrics: dict[str, float | None]
    confusion: list[list[int]] | None = None
    """Rows: true class; columns: predicted."""
    best: bool = False
    train_loss: float | None = None
    """Mean over the training steps since the evaluation before (or since this process began)."""
    lr: float | None = None
    """Of the last step."""
    baselines: dict[str, dict[str, float | None]] = {}
    """Of the result: the same metrics of rules without learning (such as the last value), by their names."""


class LayerProbe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    grad_norm: float | None = None
    weight_norm: float | None = None
    update_ratio: float | None = None
    """|update| / |weight| of this step; None of a result, from which no step is taken."""
    mean: float | None = None
    std: float | None = None
    dead: float | None = None
    """Share of units that were never active on this batch."""
    saturated: float | None = None
    """Share of outputs where the activation is flat."""
    bins: list[int] = []
    low: float | None = 0.0
    high: float | None = 0.0
    """The range of `bins`; None: not finite."""


class Probed(Event, frozen=True, kw_only=True, tag="probed"):
    """A look into the layers at the weights of `step`: at the end of a run those of its result, perhaps an earlier
    step than the one before."""

    step: Step
    epoch: float
    layers: list[LayerProbe]
    arrays: dict[str, Any] = {}
    """Named small arrays that an architecture offers, as nested lists, size-capped."""


class Sample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    example: int
    """Index in examples/."""
    label: str
    value: Any = None
    probabilities: Mapping[str, float | None] = {}
    """None: not finite."""


class Sampled(Event, frozen=True, kw_only=True, tag="sampled"):
    """Predictions on the fixed examples by the weights of `step`: at the end of a run those of its result."""

    step: Step
    epoch: float
    samples: list[Sample]


class Checkpointed(Event, frozen=True, kw_only=True, tag="checkpointed"):
    step: Step
    name: str
    """Folder below checkpoints/."""
    best: bool = False
    seconds: float = 0.0
    bytes: int = 0


class Commanded(Event, frozen=True, kw_only=True, tag="commanded"):
    """A command was met: written before it is applied."""

    id: str
    command: str
    by: str
    step: Step
    result: Literal["applied", "refused", "expired"]
    why: str = ""
    value: float | None = None
    """The absolute result: the new learning rate, the new number of epochs."""


class Warned(Event, frozen=True, kw_only=True, tag="warned"):
    message: str


class Paused(Event, frozen=True, kw_only=True, tag="paused"):
    step: Step


class Resumed(Event, frozen=True, kw_only=True, tag="resumed"):
    """Goes on from `step`: progress after it that was written before is superseded."""

    step: Step
    checkpoint: str = ""
    """Empty after a pause in the same process."""


class Finished(Event, frozen=True, kw_only=True, tag="finished"):
    step: Step
    status: Literal["done", "stopped"]
    reason: str = ""
    seconds: float = 0.0
    """Training time in this and earlier processes of the run."""
    metrics: dict[str, float | None] = {}
    """On test (on validation where there is no test split)."""
    split: str = ""
    """Which of them the metrics are of."""
    baselines: dict[str, dict[str, float | None]] = {}
    """On the same rows, what rules without learning reach, by their names."""
    best_step: int | None = None
    """Whose weights the result has."""


class Failed(Event, frozen=True, kw_only=True, tag="failed"):
    step: Step
    kind: str
    """non-finite | out-of-memory | plugin | disk | request | internal | interrupted"""
    message: str
    advice: str = ""


AnyEvent: TypeAlias = (
    Started
    | Queued
    | Planned
    | Progress
    | Evaluated
    | Probed
    | Sampled
    | Checkpointed
    | Commanded
    | Warned
    | Paused
    | Resumed
    | Finished
    | Failed
)
