"""The data contract: what a data set gives, what a preprocessor makes of it, and what flows into a network.

The engine, not a plugin, splits: so nothing can be fitted on test rows. Nothing here imports torch.

Shapes: N rows, C channels, H height, W width, T time or position, F features, K outputs, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from nntui.hooks.params import Params

    Indices: TypeAlias = npt.NDArray[np.int64]

InputKind = Literal["features", "categories", "image", "sequence", "tokens"]
Modality = Literal["image", "table", "series", "text", "audio", "points"]
TargetKind = Literal["classes", "multilabel", "values", "next-token"]
Split = Literal["train", "validation", "test"]

Raw: TypeAlias = Mapping[str, Any]
"""Columns of raw rows: each a NumPy array or a list, all of the same length N. The target, where the rows have
one, is the column `target`: class codes (int64, N), values (float32, N x K), or absent for next-token."""


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """One named tensor that flows into a network.

    kind         shape of one sample              dtype
    features     (F,)                             float32
    categories   (columns,)                       int64; code 0 is "missing or unseen"
    image        (C, H, W)                        uint8 or float32
    sequence     (T, F); T None where it varies   float32
    tokens       (T,);   T None where it varies   int64; code 0 is padding
    """

    name: str
    kind: InputKind
    shape: tuple[int | None, ...]
    dtype: str
    mean: tuple[float, ...] = ()
    """Subtracted from the batch, on the device: along C of an image, along the last axis else. () for none."""
    std: tuple[float, ...] = ()
    """Then divided by."""
    cardinalities: tuple[int, ...] = ()
    """For categories: the number of codes of each column, code 0 included."""
    vocabulary: int = 0
    """For tokens: the number of codes, padding included."""
    lengths: str | None = None
    """Name of the tensor (N,) that holds each sample's true length, where T varies."""
    time_axis: int | None = None
    """Which axis of a sample is time (0 for sequence and tokens; W of a spectrogram)."""
    mirror: bool = False
    """For an image: whether its mirror image means the same (a coat: yes; the digit 2: no)."""


@dataclass(frozen=True, kw_only=True)
class TargetSpec:
    """What is to be told.

    kind         encoded target                    a network's output
    classes      int64 (N,)                        logits (N, K)
    multilabel   float32 (N, K) of 0 and 1         logits (N, K)
    values       float32 (N, K) in their own unit  (N, K), standardised by mean and std, relative to `offset`,
                                                   of their logarithms where `log`
    next-token   int64 (N, T); -1 is ignored       logits (N, T, V)
    """

    kind: TargetKind
    size: int
    """K: how many classes, labels or values; V for next-token."""
    names: tuple[str, ...] = ()
    """The classes', labels' or values' names; for next-token, the tokens themselves."""
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    """For values: prediction = output * std + mean (+ offset)."""
    offset: str | None = None
    """For values: name of an encoded tensor (N, K) that the prediction starts from, such as the last value seen."""
    log: bool = False
    """For values: mean and std are of their natural logarithms, and prediction = exp(output * std + mean). For values
    above zero, without `offset`."""
    shift: float = 0.0
    """Where `log`: added before the logarithm, and taken off again, for values that may be zero."""
    unit: str = ""
    characters: tuple[int, ...] = ()
    """For next-token, where a token is not always one character: how many begin in each token."""
    octets: tuple[int, ...] = ()
    """And how many bytes of UTF-8 each has. So bits are told per character and byte, which compare across tokens."""


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """What flows into and out of a network. Plain data: it is stored with the model."""

    modality: Modality
    inputs: tuple[InputSpec, ...]
    target: TargetSpec

    def arguments(self) -> tuple[str, ...]:
        """Names of the tensors that a network's `forward` takes, in order: each input, followed by its lengths."""
        names: list[str] = []
        for item in self.inputs:
            names.append(item.name)
            if item.lengths is not None:
                names.append(item.lengths)
        return tuple(names)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DataSpec:
        def frozen(values: Mapping[str, Any]) -> dict[str, Any]:
            return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}

        return cls(
            modality=data["modality"],
            inputs=tuple(InputSpec(**frozen(item)) for item in data["inputs"]),
            target=TargetSpec(**frozen(data["target"])),
        )


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One answer, in the person's own terms."""

    label: str
    """The class, the value with its unit, or the text."""
    value: Any = None  # plain JSON: class name, number, list of numbers, text
    probabilities: dict[str, float] = field(default_factory=dict)
    """Most likely first; empty for values."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One raw row as a person sees it, for the run folder: an interface without torch can show it."""

    kind: Literal["image", "text", "json"]
    content: Any
    """image: uint8 array (H, W) or (H, W, 3); text: str; json: plain data (a row, a curve)."""
    label: str = ""
    """The true answer, in the person's terms."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something about a person's data that they should know: what was odd, what was left out, what was guessed."""

    kind: Literal["skipped", "warning", "note"]
    """skipped: rows or files are missing for it; warning: the result may mislead; note: how it was taken."""
    message: str
    """What it is, and what to do where something can be done: one sentence."""
    count: int = 1
    """Rows, files or columns that it is about."""
    places: tuple[str, ...] = ()
    """Some of them: "pets/cat/7.jpg", "sales.csv, line 17"."""

    def in_words(self) -> str:
        """One line: the message, and some of the places."""
        shown = ", ".join(self.places[:3])
        more = f" and {self.count - 3:,} more" if self.count > 3 and len(self.places) > 3 else ""
        return f"{self.message} ({shown}{more})" if shown else self.message


@dataclass(frozen=True, kw_only=True)
class ColumnReport:
    """One column of a table, as it was taken."""

    name: str
    kind: str
    """number, category, date, yes/no, text, identifier, series ..."""
    role: str
    """feature, target, group, time, or why it is left out."""
    missing: int = 0
    distinct: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """What a reader says of a person's data beside its rows."""

    taken_for: str = ""
    """What it was taken for and how it was read: one sentence."""
    columns: tuple[ColumnReport, ...] = ()
    findings: tuple[Finding, ...] = ()


class Source(Protocol):
    """What a data set's build returns: raw, unfitted rows.

    A reader of a person's files may offer more: `report`, a `DataReport`; `places(index)`, a list that tells of each
    row where a person finds it ("pets/cat/7.jpg", "sales.csv, line 17"); `classes`, the names of its classes or labels
    in the order of their codes (or `facts.classes`), by which other data is measured; `on_disk`, true where `rows`
    reads from a disk, so that the engine, rather than hold a large set or open it in several processes, asks for rows
    as it needs them, from a thread of its own; and `augment`, the augmentation that suits these rows. A source whose
    rows tell of a stretch of time may offer `until` (N,): `time` is then where what a row tells begins, `until` where
    it ends, and a row that reaches into a later split is in none.
    """

    @property
    def fingerprint(self) -> str:
        """A hash of the content (hex); a resume on other data is refused."""
        ...

    @property
    def given(self) -> Mapping[Split, Indices]:
        """Splits that the data came with; may be empty."""
        ...

    @property
    def targets(self) -> npt.NDArray[np.int64] | None:
        """Class codes (N,), for a stratified split; None where there are none."""
        ...

    @property
    def groups(self) -> npt.NDArray[np.int64] | None:
        """Group codes (N,): a group is never divided between splits."""
        ...

    @property
    def time(self) -> npt.NDArray[np.int64] | None:
        """Something that sorts by time (N,): the split is then chronological, the newest rows are the test."""
        ...

    def __len__(self) -> int: ...

    def rows(self, index: Indices) -> Raw: ...


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Raw rows that a person asks about."""

    raw: Raw
    names: Sequence[str]
    """How the person knows each row: the file, "new.csv, line 17", the text itself."""
    findings: tuple[Finding, ...] = ()
    """What of the input was left out, and why."""
    columns: Mapping[str, Iterable[Any]] = field(default_factory=dict)
    """Of a table: its columns as the file has them, each of N, for those that `nntui predict --keep` names; one that is
    not here is looked for in `raw`."""


class Preprocessor(Protocol):
    """Turns raw rows into named tensors and a network's output into answers. Fitted on training rows alone.

    Found through the data set's contribution, also when the data is gone; all that it knows is in `to_json`.

    It may offer more. `ask(inputs, size) -> Iterator[Asked]` reads files, folders and whole tables of any length piece
    by piece, about `size` rows each, and passes over what cannot be read (else `read` is asked for all at once).
    `baselines(raw) -> Mapping[str, array]` gives, by name, what a rule without learning would answer (values, (N, K),
    in their own unit): it is measured beside the result. `given(array) -> Raw` takes rows that a program holds as a
    NumPy array (ValueError where they do not fit). `pieces`, where the target is the next token, is a sequence of
    bytes: what each code stands for in UTF-8, empty where it is never to be sampled; `nntui sample` joins them.
    `typical()` makes up an input that `read` takes, of no person's rows, for the model card. `takes` says in words what
    is expected of a person ("arrays (.npy, .npz)"), where the modality's own words do not fit.
    """

    @property
    def spec(self) -> DataSpec: ...

    @classmethod
    def fit(cls, source: Source, train: Indices, params: Params) -> Preprocessor: ...

    def encode(self, raw: Raw) -> dict[str, Tensor]:
        """Named tensors, first axis N; with `target` where the raw rows have one. Not yet normalised: see InputSpec."""
        ...

    def decode(self, output: Tensor) -> list[Prediction]:
        """Answers. `output` is what the task makes of the logits: probabilities (N, K) for classes and multilabel,
        values (N, K) in their own unit, probabilities of the next token (N, V)."""
        ...

    def read(self, inputs: Sequence[str]) -> Raw:
        """Raw rows, without target, from what a person types: paths of files or literal values.

        Raises ValueError (what was wrong, what was expected, what to do) or OSError.
        """
        ...

    def example(self, raw: Raw, row: int) -> Example:
        """How a person sees one raw row."""
        ...

    def to_json(self) -> dict[str, Any]: ...

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preprocessor: ...


@dataclass(frozen=True, kw_only=True)
class DataContext:
    """What a data set's build may know of its surroundings."""

    root: str | None = None
    """Where data on disk is looked for and downloads go (--data.root, NNTUI_DATA); None: the person's cache."""
    path: str | None = None
    """For readers of a person's own files: what --data names."""
    test: str | None = None
    """For them: a file or folder of the same kind whose rows are the test split (--data.test PATH)."""
    group: str | None = None
    """Column (or what else the reader knows) whose values are never divided between splits (--data.group)."""
    time: str | None = None
    """Column by which rows are split chronologically (--data.time)."""
    progress: bool = False
    """Whether a download may draw a progress bar on stderr."""
    fetch: bool = True
    """Whether what is not on this machine may be downloaded. Not where a person only looks at it: then `build` raises
    UserError, saying that training fetches it."""
