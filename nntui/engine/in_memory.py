"""Data that a Python program holds, written to files, so that a run of it is a run like any other: it can be resumed,
forked and measured when the program has ended. Equal data is written once.

Arrays become .npy files that the reader `arrays` takes, frames a Parquet file that the reader `table` takes. Neither
pandas nor torch.utils.data is imported: who passes their objects has imported them.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeGuard

import numpy as np

from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    Array = npt.NDArray[Any]  # of any dtype

_BLOCK = 8 << 20
TAKES = (
    "nntui.train takes a name, a path, an array, a tensor, (x, y), a mapping of arrays (x_train, y_train, ...), "
    "a pandas or polars frame, or a torch Dataset of (x, y)"
)


@dataclass(frozen=True, kw_only=True)
class Written:
    """Where data was written, and which reader takes it."""

    path: Path
    reader: str
    settings: Mapping[str, Any]
    """What else [data] must say, in plain values."""


def is_in_memory(data: object) -> bool:
    """Whether `data` is an object to be written, not a name, a path or a table of settings."""
    if data is None or isinstance(data, str | Path):
        return False
    if not isinstance(data, Mapping):
        return True
    return any(_is_array(value) and getattr(value, "ndim", 1) > 0 for value in data.values())  # not numpy's numbers


def write(data: Any, target: Any, folder: Path) -> Written:  # whatever a person passes
    """Writes `data` below `folder`, under a name made of its content. Raises UserError for what cannot be taken."""
    frame = as_frame(data)
    if frame is not None:
        return _frame(frame, target, folder)
    if isinstance(data, Mapping):
        arrays = {str(name): as_array(value, str(name)) for name, value in data.items() if _is_array(value)}
        rest = {str(name): value for name, value in data.items() if not _is_array(value)}
        return _arrays(arrays, {**rest, **_column(target)}, folder)
    if isinstance(data, tuple | list) and len(data) == 2 and _is_array(data[0]):
        return _pair(data[0], data[1], target, folder)
    if _is_array(data):
        if target is None:
            raise UserError(
                "an array alone has no answers", advice="pass (x, y), or say which column they are: target=-1, the last"
            )
        return _arrays({"x": as_array(data, "the array")}, _column(target), folder)
    if hasattr(data, "dataset") and hasattr(data, "batch_size"):
        raise UserError("a DataLoader gives batches", advice="pass its dataset; --training.batch_size divides it")
    mapped = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    if (mapped or hasattr(data, "__iter__")) and not isinstance(data, tuple | list):
        if target is not None:
            raise UserError("a Dataset tells its own targets", advice="leave out target=")
        return _dataset(data, folder)
    raise UserError(f"data is a {type(data).__name__}", advice=TAKES)


# --- what a person passes --------------------------------------------------------------------------------------------


def as_array(value: Any, name: str) -> Array:  # whatever a person passes
    """A NumPy array of numbers or text. Raises UserError."""
    if hasattr(value, "toarray"):
        raise UserError(f"{name} is a sparse matrix", advice="pass .toarray(), or fewer columns")
    if hasattr(value, "detach"):  # a tensor
        value = value.detach().cpu()
        value = (value.float() if "bfloat16" in str(value.dtype) else value).numpy()
    elif hasattr(value, "to_numpy"):  # a series, or a frame of numbers
        value = value.to_numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise UserError(f"{name} is no array: {error}", advice="rows must be of one length") from None
    if array.dtype == object and all(isinstance(one, str) for one in array.ravel().tolist()):
        array = array.astype(np.str_)
    elif array.dtype == object:
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            kinds = sorted({type(one).__name__ for one in array.ravel()[:1000].tolist()})
            raise UserError(
                f"{name} holds Python objects ({', '.join(kinds[:4])})", advice="pass numbers, or text for classes"
            ) from None
    return array


def as_frame(data: Any) -> pl.DataFrame | None:  # whatever a person passes
    """A polars frame of a pandas or polars one; None for what is neither."""
    home, kind = type(data).__module__.partition(".")[0], type(data).__name__
    if home == "polars" and kind == "LazyFrame":
        data = data.collect()
    if home == "polars" and hasattr(data, "write_parquet"):
        frame: pl.DataFrame = data
        return frame
    if home == "pandas" and kind == "DataFrame":
        return _from_pandas(data)
    return None


def _from_pandas(data: Any) -> pl.DataFrame:
    """Column by column: polars' own way needs pyarrow. The index, which numbers rows, is left out."""
    import polars as pl

    columns: dict[str, pl.Series] = {}
    for number, name in enumerate(data.columns):
        column = data.iloc[:, number]
        told = " ".join(map(str, name)) if isinstance(name, tuple) else str(name)
        if told in columns:
            raise UserError(f"two columns of the frame are called {told!r}", advice="give each a name of its own")
        values = column.to_numpy()
        if values.dtype.kind in "iufb":
            made = pl.Series(told, np.ascontiguousarray(values))
            columns[told] = made.fill_nan(None) if values.dtype.kind == "f" else made
        elif values.dtype.kind in "mM":
            columns[told] = pl.Series(told, np.ascontiguousarray(values))
        else:
            gaps = column.isna().to_numpy()
            cells = [None if gap else cell for cell, gap in zip(column.tolist(), gaps.tolist(), strict=True)]
            columns[told] = _of_objects(told, cells)
    return pl.DataFrame(columns)


def _of_objects(name: str, cells: list[Any]) -> pl.Series:
    """A column of text, or of what polars makes of the objects; of mixed ones their text."""
    import polars as pl

    try:
        return pl.Series(name, cells)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if cell is None else str(cell) for cell in cells])


def _is_array(value: object) -> bool:
    """An array, a tensor or a series; not a list, which is as well a setting or a pair."""
    return any(hasattr(value, name) for name in ("__array__", "detach", "toarray"))


def _column(target: Any) -> dict[str, Any]:
    if target is None:
        return {}
    if isinstance(target, bool) or not isinstance(target, int):
        raise UserError(f"target {target!r} is no column of an array", advice="give its number: target=-1, the last")
    return {"target": target}


# --- how it is written -----------------------------------------------------------------------------------------------


def _pair(x: Any, y: Any, target: Any, folder: Path) -> Written:
    if target is not None:
        raise UserError("(x, y) says what the answers are, and target= says it again", advice="leave out target=")
    frame = as_frame(x)
    if frame is None:
        arrays = {"x": as_array(x, "x"), "y": as_array(y, "y")}
        return _arrays(arrays, {}, folder)
    answers = as_array(y, "y")
    if answers.ndim != 1 or len(answers) != len(frame):
        raise UserError(f"x has {len(frame):,} rows, y has shape {answers.shape}", advice="they must be as many")
    import polars as pl

    name = str(getattr(y, "name", None) or "target")
    while name in frame.columns:
        name += "_"
    return _frame(frame.with_columns(pl.Series(name, answers)), name, folder)


def _frame(frame: pl.DataFrame, target: Any, folder: Path) -> Written:
    wanted = [] if target is None else [target] if isinstance(target, str) else list(target)
    strange = [name for name in wanted if name not in frame.columns]
    if strange:
        raise UserError(f"the frame has no column {strange[0]!r}", advice=f"it has {', '.join(frame.columns[:20])}")
    if not len(frame):
        raise UserError("the frame has no rows", advice="pass one that has")
    with _Fresh(folder) as fresh:
        frame.write_parquet(fresh.path / "rows.parquet")
        place = fresh.settle()
    settings = {"target": wanted} if wanted else {}
    return Written(path=place / "rows.parquet", reader="table", settings=settings)


def _arrays(arrays: Mapping[str, Array], settings: Mapping[str, Any], folder: Path) -> Written:
    for name, array in arrays.items():
        if not name.replace("_", "").replace("-", "").isalnum():
            raise UserError(f"{name!r} is no name of an array", advice="use x, y, x_train, y_train, x_test, y_test")
        if not array.ndim:
            raise UserError(f"{name} is a single value", advice="pass an array of rows")
    with _Fresh(folder) as fresh:
        for name, array in arrays.items():
            np.save(fresh.path / f"{name}.npy", array, allow_pickle=False)
        place = fresh.settle()
    return Written(path=place, reader="arrays", settings=settings)


def _dataset(data: Any, folder: Path) -> Written:
    """A Dataset, row by row onto the disk, so that memory holds one row. One that can only be iterated over is gone
    through once, to its end."""
    classes = getattr(data, "classes", None)
    answers: list[Any] = []
    with _Fresh(folder) as fresh:
        with (fresh.path / "x.npy").open("w+b") as file:
            first: Array | None = None
            for row, item in enumerate(_rows(data)):
                x, y = _item(item, row)
                if first is None:
                    first = x
                    begin = _write_header(file, first, 0)
                if x.shape != first.shape or x.dtype != first.dtype:
                    raise UserError(
                        f"row {row} of the Dataset has shape {x.shape} {x.dtype}, row 0 {first.shape} {first.dtype}",
                        advice="bring all rows to one shape and type in the Dataset's transform",
                    )
                file.write(x.tobytes())
                answers.append(y)
            if first is None:
                raise UserError("the Dataset is empty", advice="pass one that has rows")
            file.seek(0)
            if _write_header(file, first, len(answers)) != begin:  # NumPy leaves room for a number of any length
                raise RuntimeError("NumPy wrote headers of two lengths")
        np.save(fresh.path / "y.npy", as_array(answers, "the targets of the Dataset"), allow_pickle=False)
        if _are_names(classes):
            np.save(fresh.path / "classes.npy", np.array(list(classes)), allow_pickle=False)
        place = fresh.settle()
    return Written(path=place, reader="arrays", settings={})


def _rows(data: Any) -> Iterator[Any]:
    """Each row of a Dataset, by its number where it has them. (torch's IterableDataset has a `__getitem__` that is
    none.)"""
    if not hasattr(data, "__getitem__") or not hasattr(data, "__len__"):
        yield from data
        return
    numbers = range(len(data))
    try:
        first = [data[row] for row in numbers[:1]]
    except NotImplementedError:
        yield from data
        return
    yield from first
    yield from (data[row] for row in numbers[1:])


def _write_header(file: IO[bytes], row: Array, rows: int) -> int:
    """The header of an .npy file of so many such rows; where it ends."""
    shape = (rows, *row.shape)
    described = {"descr": np.lib.format.dtype_to_descr(row.dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_2_0(file, described)
    return file.tell()


def _are_names(classes: object) -> TypeGuard[Sequence[str]]:
    return isinstance(classes, list | tuple) and bool(classes) and all(isinstance(name, str) for name in classes)


def _item(item: Any, row: int) -> tuple[Array, Any]:
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise UserError(
            f"row {row} of the Dataset is a {type(item).__name__}; a pair (x, y) was expected",
            advice="wrap it in a Dataset whose rows are (x, y)",
        )
    x, y = item
    array = as_array(x, f"x of row {row}")
    told = as_array(y, f"y of row {row}")
    return array, told.item() if told.ndim == 0 or told.size == 1 else told


class _Fresh:
    """A folder that becomes the one of its content's hash; nothing is left where it does not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / f".{secrets.token_hex(6)}"

    def __enter__(self) -> _Fresh:
        try:
            self.path.mkdir(parents=True)
        except OSError as error:
            raise UserError(f"{self._folder} cannot be written: {error.strerror}", advice="say runs=DIR") from None
        return self

    def settle(self) -> Path:
        """The place of the content, with it; what is there already is the same."""
        digest = hashlib.sha256()
        for file in sorted(self.path.iterdir()):
            digest.update(f"{file.name} {file.stat().st_size}\0".encode())
            for block in _blocks(file):
                digest.update(block)
        place = self._folder / digest.hexdigest()[:16]
        if not place.exists():
            try:
                self.path.rename(place)
            except OSError:
                if not place.exists():  # else another process wrote the same
                    raise
        return place

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if isinstance(error, OSError):
            raise UserError(
                f"the data cannot be written to {self._folder}: {error.strerror or error}",
                advice="make room, or runs=DIR",
            ) from None


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            yield block
