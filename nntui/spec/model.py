"""`RunSpec`: everything that a run is, with every default filled in. Made by `nntui.spec.resolve`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from nntui.hooks.contributions import Activation, Architecture, Contribution, Dataset, Device, Optimizer, Schedule
from nntui.hooks.params import Params, param

SPEC_VERSION = 1

MOST_ROWS = 10**9
"""Of a batch: more than any memory holds, and few enough for every product of it to fit a word."""

C = TypeVar("C", bound=Contribution)


@dataclass(frozen=True, kw_only=True)
class Chosen(Generic[C]):
    """A contribution that a spec names, with its validated params and where it comes from."""

    contribution: C
    params: Params
    qualified: str
    """plugin/name."""
    distribution: str
    version: str

    @property
    def name(self) -> str:
        return self.contribution.name


class DataSettings(Params):
    """The keys of [data] that are the engine's; a data set's own params stand beside them."""

    path: str | None = param(None, help="A person's own files; taken in by the reader that knows them")
    reader: str | None = param(None, help="Read the path with this reader, whatever it looks like")
    root: str | None = param(None, help="Folder where data on disk is looked for and downloads go")
    test: Annotated[float, Field(ge=0, lt=1)] | str = param(
        0.2, help="Share of rows kept for the test, where the data has no test split; or the path of test rows"
    )
    validation: float = param(0.1, ge=0, lt=1, help="Share of the other rows kept to choose the best checkpoint")
    split_seed: int = param(0, ge=0, help="Seed of the split; the same for every training seed")
    group: str | None = param(None, help="Column whose values are never divided between splits")
    time: str | None = param(None, help="Column to split by: the newest rows are the test")
    limit: int | None = param(None, ge=1, help="Use no more than so many training rows")
    augment: Literal["auto", "none", "light", "standard", "strong"] = param(
        "auto", help="Augmentation of each batch; auto: what suits the data set"
    )


class DeviceSettings(Params):
    """The keys of [device] that are the engine's."""

    threads: int | None = param(None, ge=1, help="CPU threads; empty: chosen from the work of a step")


class TrainingSettings(Params):
    """The table [training]."""

    epochs: int = param(10, ge=1, help="Passes over the training rows")
    batch_size: int = param(64, ge=1, le=MOST_ROWS, help="Rows of one optimizer step")
    seed: int = param(0, ge=0, help="Seed of weights, order, dropout and augmentation")
    precision: Literal["auto", "float32", "bfloat16"] = param(
        "auto", help="bfloat16: autocast; auto: bfloat16 on GPUs that have it, float32 else"
    )
    loss: Literal["auto", "cross-entropy", "mse", "mae", "huber"] = param("auto", help="auto: what fits the target")
    metric: str | None = param(None, help="Metric that chooses the best checkpoint; empty: the task's own")
    clip_grad: float | None = param(None, gt=0, help="Largest norm of the whole gradient")
    accumulate: int = param(1, ge=1, help="Batches whose gradients are added up for one step")
    ema: float | None = param(None, gt=0, lt=1, help="Decay of an exponential moving average of the weights")
    label_smoothing: float = param(0.0, ge=0, lt=1, help="Share of each class target spread over all classes")
    mixup: float = param(0.0, ge=0, help="Alpha of mixup; 0: none")
    class_weights: Literal["none", "balanced"] = param("none", help="balanced: rare classes weigh more in the loss")
    early_stopping: int | None = param(None, ge=1, help="Stop after so many evaluations without a better one")
    evaluate_every: int = param(1, ge=1, help="Epochs between evaluations")
    checkpoint_seconds: float = param(10.0, ge=0, unit="s", infinite=True, help="Least time between two checkpoints")
    keep: int = param(3, ge=1, help="Checkpoints kept, best and last aside")
    keep_every: int | None = param(None, ge=1, help="Also keep the checkpoint of each so many epochs for good")
    feed: Literal["auto", "resident", "streaming"] = param(
        "auto", help="Whole data on the device, or read by workers; auto: resident where it fits"
    )
    workers: int = param(2, ge=0, help="Reading processes of a streaming feed")
    compile: bool = param(False, help="torch.compile; slower for every small network that was measured")
    channels_last: Literal["auto", "on", "off"] = param("auto", help="Memory format of images; auto: by measurement")
    probe: bool = param(True, help="Look into the layers now and then")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a run's weights come from, when not from scratch."""

    parent: str
    """Path of the other run's folder."""
    at: str
    """Checkpoint: a step, best or last."""
    weights_only: bool = False
    """True for --init-from; False for a fork, which goes on with optimizer and counter."""
    step: int = 0
    """For a fork: the step of the checkpoint."""
    rate_changed: bool = False
    """For a fork: whether learning rate, optimizer or schedule were said anew, so that the parent's rate ends here."""
    commands: tuple[tuple[int, str, float], ...] = ()
    """For a replay: (step, command, value) of what the other run was told, applied here at the same steps."""
    stop_at: int | None = None
    """For a replay: the step at which the other run was stopped."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """A run, fully said."""

    data: Chosen[Dataset]
    data_settings: DataSettings
    arch: Chosen[Architecture]
    activation: Chosen[Activation]
    optimizer: Chosen[Optimizer]
    schedule: Chosen[Schedule]
    device: Chosen[Device]
    device_settings: DeviceSettings
    training: TrainingSettings
    origin: Origin | None = None
    resolved: dict[str, Any] = field(default_factory=dict)
    """The table [resolved]: what the engine chose; plain values. Empty before the first start."""
