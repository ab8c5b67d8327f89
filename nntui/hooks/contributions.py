"""What a plugin contributes: frozen, typed descriptions. Listing them imports no torch; building them may.

A `build` (or another target) is a callable that imports torch inside, or a string "module:attribute" that is
imported only when a run uses the contribution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from nntui.hooks.data import InputKind, Modality
from nntui.hooks.params import NoParams, Params

if TYPE_CHECKING:
    from torch import Tensor, nn

Target: TypeAlias = Callable[..., Any] | str
"""A callable, or "module:attribute"; its own signature is told where it is used."""


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What every contribution has."""

    kind: ClassVar[str]
    """The table of a spec that names it: arch, activation, data, device, optimizer, schedule."""
    plural: ClassVar[str]
    """The command that lists it, and the hook: register_<plural>."""

    name: str
    """Lower case, words joined by hyphens."""
    summary: str
    """One sentence."""
    params: type[Params] = NoParams
    build: Target
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What this contribution suggests for other settings, by dotted name ("training.epochs": 10). A person's own
    choice goes before it; a data set's goes before an architecture's. A suggestion for "optimizer.*" or "schedule.*"
    holds only while the person has not chosen another optimizer or schedule."""


@dataclass(frozen=True, kw_only=True)
class Architecture(Contribution):
    """A network. build: (params, data: DataSpec, activation: ActivationFactory) -> nn.Module

    The module's `forward` takes the tensors that `DataSpec.arguments()` names, in order, already normalised
    (images and features float), and returns what `TargetSpec` says. Where the next token is told, a module whose
    attribute `steps` is true has `step(tokens, state) -> (logits, state)`, which goes on from the state that the tokens
    before left (None: none); text is sampled so, else from a window that slides.
    """

    kind: ClassVar[str] = "arch"
    plural: ClassVar[str] = "architectures"

    inputs: frozenset[InputKind] | set[InputKind]
    """The kinds of input that it takes."""
    refuses: Mapping[str, str] = field(default_factory=dict)
    """For a kind of input or a modality that it does not take: why not, and what to use."""
    source: Target | None = None
    """(params, data, activation: str) -> str: Python source that builds the same network from torch.nn alone and
    binds it to `model`, for the model card; `activation` is an expression such as "nn.ReLU()"."""
    export_form: Target | None = None
    """(model: nn.Module) -> nn.Module: the trained network in a form that exporters can trace, with the same
    arguments and the same answers, where its own cannot be (packed sequences). It is given
    a copy in evaluation mode, which it may change."""


@dataclass(frozen=True, kw_only=True)
class Activation(Contribution):
    """An activation function. build: (params) -> nn.Module"""

    kind: ClassVar[str] = "activation"
    plural: ClassVar[str] = "activations"

    formula: str
    pool_commutes: bool = False
    """Whether max-pooling may be done before it: exact, gradients and bf16 included, for relu and relu6 alone."""
    source: str | None = None
    """Python source that defines it where it is not a class of torch.nn, for the model card (needs nn, torch, F)."""


@dataclass(frozen=True)
class ActivationFactory:
    """What an architecture's build receives: call it for each activation wanted."""

    make: Callable[[], nn.Module]
    name: str
    pool_commutes: bool = False

    def __call__(self) -> nn.Module:
        return self.make()


@dataclass(frozen=True, kw_only=True)
class Sniff:
    """What a reader takes a path for."""

    confidence: float
    """0..1; the surest reader is taken, a tie is an error."""
    reason: str
    params: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What it suggests for other settings of a run on this path ("training.epochs": 3), before what the contribution's
    own `defaults` say: what suits hangs on how many rows there are and what they are like."""
    guesses: Mapping[str, str] = field(default_factory=dict)
    """By param, what it would be, as a clause behind `reason`: told where nobody says it."""


@dataclass(frozen=True, kw_only=True)
class Dataset(Contribution):
    """A data set, or a reader of a person's files. build: (params, context: DataContext) -> Source"""

    kind: ClassVar[str] = "data"
    plural: ClassVar[str] = "datasets"

    modality: Modality
    preprocessor: Target
    """A `Preprocessor` class."""
    sniff: Target | None = None
    """(path: pathlib.Path) -> Sniff | None; given only by readers."""
    augment: str = "none"
    """The augmentation that suits it: none, light, standard or strong."""
    rows: int | None = None
    """How many rows it has, where that is known without reading it."""
    licence: str = ""
    source: str = ""
    """Where it comes from."""


@dataclass(frozen=True, kw_only=True)
class DeviceInfo:
    """One device that is present."""

    name: str
    """As torch names it: cpu, cuda:0, mps."""
    title: str
    memory: int | None = None
    """Bytes."""
    precisions: tuple[str, ...] = ("float32",)


@dataclass(frozen=True, kw_only=True)
class Device(Contribution):
    """A kind of device. build: (params) -> torch.device, or LookupError saying what is absent and why"""

    kind: ClassVar[str] = "device"
    plural: ClassVar[str] = "devices"

    probe: Target
    """() -> list[DeviceInfo]: what is present; quiet when there is none."""


@dataclass(frozen=True, kw_only=True)
class Optimizer(Contribution):
    """An optimizer. build: (params) -> OptimizerRule

    Its params must have `lr`, and may have `weight_decay` (then it is given to matrices and kernels, not to biases
    and normalisation).
    """

    kind: ClassVar[str] = "optimizer"
    plural: ClassVar[str] = "optimizers"


class OptimizerRule:
    """The protocol that an optimizer's build returns; subclass it.

    `state` is slots by name, each a list of tensors aligned with the parameters: {"exp_avg": [...], "step": [...]}.
    The engine keeps it by parameter name in checkpoints.
    """

    elementwise: ClassVar[bool] = True
    """Whether the update of each number depends on nothing but that number (then it may run on one flat buffer)."""

    def init(self, params: Sequence[Tensor]) -> dict[str, list[Tensor]]:
        """Fresh state for `params`, on their device."""
        raise NotImplementedError  # a plugin's bug, told with its name

    def update(
        self,
        params: list[Tensor],
        grads: list[Tensor],
        state: dict[str, list[Tensor]],
        *,
        lr: float,
        weight_decay: float,
    ) -> None:
        """One step, in place, without autograd. `weight_decay` is 0 for parameters that are not decayed."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Schedule(Contribution):
    """A learning-rate schedule. build: (params) -> (progress: float in 0..1) -> factor, a pure function"""

    kind: ClassVar[str] = "schedule"
    plural: ClassVar[str] = "schedules"


@dataclass(frozen=True, kw_only=True)
class Panel(Contribution):
    """A panel of the run screen. build: (state: RunState) -> something to draw, never a widget

    It may return a Rich renderable; text; lines, each a list of spans (text, style); a function of a `Space` that
    returns one of these; or None while there is nothing to show. It has no `params` and no `defaults`: no run names
    it. It is asked in a process of its own, at most once a second, when the run changed, and under a time limit.
    """

    kind: ClassVar[str] = "panel"
    plural: ClassVar[str] = "panels"


@dataclass(frozen=True, kw_only=True)
class Space:
    """The room that a panel is drawn into."""

    width: int
    """Cells."""
    height: int
    """Lines that are seen at once; a longer drawing is scrolled."""
    charset: Literal["braille", "blocks", "ascii"] = "braille"
    """What the terminal can draw; "ascii" under the C locale."""
    colours: bool = True
    """False under NO_COLOR: what colours tell must then be told by marks too."""


@dataclass(frozen=True, kw_only=True)
class Exporter(Contribution):
    """A format that trained models are written in. build: (params, model: Exportable, path: pathlib.Path) -> Exported

    It writes `path`, in a folder of its own where other files may lie beside it, and returns a function that runs
    what was written (opened again, not kept): nntui asks it about real rows and holds the answers against the
    model's. Raises UserError for a model or settings that the format cannot hold.
    """

    kind: ClassVar[str] = "export"
    plural: ClassVar[str] = "exporters"

    suffix: str
    """Ending of the file, with its dot: ".onnx"."""
    requires: Mapping[str, str] = field(default_factory=dict)
    """Modules that must be there, and what pip installs for each: {"onnx": "nntui[onnx]"}."""


KINDS: tuple[type[Contribution], ...] = (
    *(Architecture, Activation, Dataset, Device, Optimizer, Schedule, Exporter, Panel),
)
