"""`Rows`: the source of every built-in data set, columns of raw rows held in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from nntui.hooks.data import DataReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nntui.hooks.data import Indices, Raw, Source, Split

    Column: TypeAlias = npt.NDArray[Any] | list[Any]  # an array of any dtype, or text, sound, pictures

F = TypeVar("F")


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows(Generic[F]):
    """A `Source` whose columns are in memory; `facts` is what its preprocessor must know besides the rows."""

    columns: Mapping[str, Column]
    """Each an array whose first axis is N, or a list of N."""
    facts: F
    fingerprint: str
    given: Mapping[Split, Indices] = field(default_factory=dict)
    targets: npt.NDArray[np.int64] | None = None
    groups: npt.NDArray[np.int64] | None = None
    time: npt.NDArray[np.int64] | None = None
    report: DataReport = field(default_factory=DataReport)
    whereabouts: Sequence[str] | Callable[[int], str] | None = None
    """Where a person finds each row: a list of N, or a function of the row's number; None where nowhere."""

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"columns of one length were expected, got {lengths}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def places(self, index: Indices) -> list[str]:
        """Where a person finds these rows; the rows' numbers, from 1, where nothing better is known."""
        known = self.whereabouts
        if known is None:
            return [f"row {i + 1}" for i in index.tolist()]
        return [known(i) if callable(known) else known[i] for i in index.tolist()]

    def rows(self, index: Indices) -> Raw:
        return {
            name: [column[i] for i in index] if isinstance(column, list) else column[index]
            for name, column in self.columns.items()
        }


def facts_of(source: Source, kind: type[F]) -> F:
    """The facts of `source`. Raises TypeError where the preprocessor is another kind of data set's."""
    facts = getattr(source, "facts", None)
    if not isinstance(facts, kind):
        raise TypeError(f"a source with {kind.__name__} was expected, got {type(source).__name__} with {facts!r}")
    return facts


def fingerprint(parts: Iterable[bytes | memoryview]) -> str:
    """SHA-256 (hex) of the contents, one after another, each preceded by its length."""
    digest = hashlib.sha256()
    for part in parts:
        view = memoryview(part).cast("B")
        digest.update(len(view).to_bytes(8, "little"))
        digest.update(view)
    return digest.hexdigest()
