"""What the fork server is asked and what it answers: one JSON object a line, told apart by `job` and `answer`.

The interface writes jobs to the server's standard input and reads answers from its standard output. No torch here:
both sides import this.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from nntui.runs.events import Choice, LayerPlan

LARGEST = 4 << 20
"""Bytes of an answer's line; a longer one is a fault of the job."""


# --- asked -----------------------------------------------------------------------------------------------------------


class Job(msgspec.Struct, frozen=True, kw_only=True, tag_field="job", omit_defaults=True):
    """Something to do in a process of its own."""

    id: int = 0
    """Chosen by who asks, unique among what is asked of one server; answers carry it."""
    seconds: float = 30.0
    """How long it may take before it is killed. For `train`: until the run has started."""


class DescribeJob(Job, frozen=True, kw_only=True, tag="describe"):
    """Look at the data set of a spec: `Described`. Nothing is downloaded."""

    toml: str


class PlanJob(Job, frozen=True, kw_only=True, tag="plan"):
    """Build a spec's network and time it: `PlanResult`, first without the timing (`more`), then with it."""

    toml: str
    runs: str = ""
    """Folder of all runs: while one of them trains nothing is timed."""


class ActivationJob(Job, frozen=True, kw_only=True, tag="activation"):
    """Draw an activation: `ActivationCurve`."""

    name: str
    params: dict[str, Any] = {}
    """As TOML has them."""


class TrainJob(Job, frozen=True, kw_only=True, tag="train"):
    """Train the run in a folder, from its newest checkpoint where it has one: `Trains`, once `started` is written."""

    folder: str
    """Absolute."""
    after: str = ""
    """Folder of a run to wait for (absolute); it answers once the run is queued."""
    on_end: list[str] = []
    """The person's own command for when a run ends, from their settings."""
    force: bool = False
    """Take a lock that cannot be judged from here."""


class Cancel(Job, frozen=True, kw_only=True, tag="cancel"):
    """Kill the job `id`. It is not answered. A run that has started is not touched."""


AnyJob: TypeAlias = DescribeJob | PlanJob | ActivationJob | TrainJob | Cancel


# --- answered --------------------------------------------------------------------------------------------------------


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer", omit_defaults=True):
    id: int = 0
    more: bool = False
    """Whether another answer to this job follows."""


class Ready(Answer, frozen=True, kw_only=True, tag="ready"):
    """The server takes jobs."""

    pid: int
    threads: int
    """Of the server: 1, or it must not fork."""


class ClassCount(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    rows: int
    """Of all splits together."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A small picture; `pixels` are bytes, row by row, of `channels` (1 grey, 3 RGB) each."""

    width: int
    height: int
    channels: int
    pixels: bytes

    def at(self, row: int, column: int) -> tuple[int, int, int]:
        """Red, green and blue, 0..255."""
        start = (row * self.width + column) * self.channels
        found = self.pixels[start : start + self.channels]
        return (found[0], found[0], found[0]) if self.channels == 1 else (found[0], found[1], found[2])


class Shown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row as a person sees it."""

    kind: str
    """image | text | json"""
    label: str = ""
    """The true answer."""
    picture: Picture | None = None
    text: str = ""
    content: Any = None
    """For json: a row, a curve; plain data, long lists cut."""


class ColumnSeen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column of a person's table, as it was taken."""

    name: str
    kind: str
    """number, category, date, yes/no, text, identifier ..."""
    role: str
    """feature, target, group, time, or why it is left out."""
    missing: int = 0
    distinct: int = 0
    examples: list[str] = []


class FindingSeen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person should know of their data."""

    kind: str
    """skipped | warning | note"""
    message: str
    count: int = 1
    places: list[str] = []
    """Some of them."""


class Described(Answer, frozen=True, kw_only=True, tag="described"):
    """A data set, as it will be split."""

    name: str
    qualified: str
    summary: str
    licence: str = ""
    source: str = ""
    """Where it comes from."""
    path: str = ""
    """A person's own files."""
    modality: str
    shape: str
    """One sample as the network is given it, in words: "28 x 28 grey", "9 numbers and 2 categories"."""
    target: str
    """What is to be told, in words: "one of 10 classes"."""
    kind: str
    """classes | multilabel | values | next-token"""
    rows: int
    splits: dict[str, int]
    """Rows of train, validation, test."""
    classes: list[ClassCount] = []
    """The first of them."""
    more_classes: int = 0
    """How many are left out above."""
    augment: str = "none"
    fingerprint: str = ""
    examples: list[Shown] = []
    notes: list[str] = []
    """What was chosen in a person's stead: the reader that a path was taken for."""
    taken_for: str = ""
    """What a person's own files were taken for, and how they were read."""
    columns: list[ColumnSeen] = []
    """The first of them."""
    more_columns: int = 0
    """How many are left out above."""
    findings: list[FindingSeen] = []
    training_rows: str = ""
    """Hash of the rows that train: another run knows whether it saw the same."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes on the device while training, and how they were counted."""

    parameters: int
    gradients: int
    optimizer: int
    average: int
    """The moving average of the weights."""
    activations: int
    """What the forward pass of one batch keeps for the backward pass."""
    batch: int
    data: int
    """Encoded rows that stay on the device."""
    how: str = (
        "weights, gradients, optimizer state, what one batch's forward pass keeps for the backward pass, that batch "
        "and the resident data; PyTorch itself and its scratch space come on top"
    )

    @property
    def total(self) -> int:
        return (
            self.parameters + self.gradients + self.optimizer + self.average + self.activations + self.batch + self.data
        )


class PlanResult(Answer, frozen=True, kw_only=True, tag="plan"):
    """A network on its data, before it is trained."""

    layers: list[LayerPlan]
    more_layers: int = 0
    """How many are left out above."""
    parameters: int
    macs: int
    """Multiply-accumulates of one sample's forward pass."""
    splits: dict[str, int]
    epochs: int
    batch_size: int
    steps_per_epoch: int
    metric: str
    maximize: bool
    chosen: list[Choice] = []
    memory: Memory
    loss: float | None = None
    """Of one batch, before the first step; None where it is not finite."""
    expected_loss: float | None = None
    """That of a network that knows nothing."""
    expected_why: str = ""
    step_seconds: float | None = None
    epoch_seconds: float | None = None
    """Training steps alone, without evaluations."""
    timed: str = ""
    """How: "20 steps on 2 threads", or why not: "not timed: quick-otter-7 trains here"."""
    notes: list[str] = []
    """What was chosen in a person's stead."""

    @property
    def seconds(self) -> float | None:
        """Of all epochs."""
        return None if self.epoch_seconds is None else self.epoch_seconds * self.epochs


class ActivationCurve(Answer, frozen=True, kw_only=True, tag="activation"):
    """y = f(x) and its derivative, by autograd. None: not finite."""

    name: str
    qualified: str
    summary: str
    formula: str
    x: list[float]
    y: list[float | None]
    dy: list[float | None]


class Trains(Answer, frozen=True, kw_only=True, tag="trains"):
    """The run's process has written `started` (or `queued`, where it waits for another) and goes on by itself."""

    pid: int


class Failed(Answer, frozen=True, kw_only=True, tag="failed"):
    """The job came to nothing."""

    kind: str
    """request: the person can put it right; plugin | internal | out-of-memory | disk; crashed: its process died;
    late: it was killed at its deadline; threads: the server must not fork."""
    message: str
    advice: str = ""
    detail: str = ""
    """The end of what it printed, or its traceback."""


AnyAnswer: TypeAlias = Ready | Described | PlanResult | ActivationCurve | Trains | Failed

encode = msgspec.json.Encoder().encode
_jobs: msgspec.json.Decoder[AnyJob] = msgspec.json.Decoder(AnyJob)
_answers: msgspec.json.Decoder[AnyAnswer] = msgspec.json.Decoder(AnyAnswer)


def read_job(line: bytes) -> AnyJob:
    """Raises ValueError."""
    return _jobs.decode(line)


def read_answer(line: bytes) -> AnyAnswer:
    """Raises ValueError."""
    return _answers.decode(line)
