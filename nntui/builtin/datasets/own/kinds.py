"""What each column of a table is: number, category, date, yes/no, text, identifier; found out from its first rows.

Cells are text here, whatever the file: so a column is judged alike in CSV and in Parquet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nntui.builtin.datasets.own.frames import MISSING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

Style = Literal["plain", "comma", "marked"]
"""How numbers are written: 1234.5; 1.234,5; $1,234.5 or 12%."""

YES = ("yes", "true", "y", "t", "on")
NO = ("no", "false", "n", "f", "off")
MOST = 0.98
"""Share of the cells that must be of a kind; the rest become gaps, and are told."""
FEW = 20
"""Rows below which nothing is taken for an identifier by its values alone."""
DATES = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S%z", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y", "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S", "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%Y %H:%M", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y",
    "%B %d, %Y", "%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%H:%M", "%H:%M:%S",
)  # fmt: skip
"""Formats of dates, the likelier first: where a day and a month cannot be told apart, the day stands first."""

_DATE_LIKE = re.compile(r"\d.*[-/:. ].*\d")
_MARKS = r"[\s$€£¥%,']"
_MARKED = re.compile(
    r"[-+(]?\s?[$€£¥]?\s?[-+]?\d{1,3}(?:[,'\s]\d{3})+(?:\.\d+)?\s?[%€£$]?|[-+]?[$€£¥]\s?\d+(?:\.\d+)?|[-+]?\d+(?:\.\d+)?\s?[%€£$]"
)
_IDENTIFIER = re.compile(
    r"(?:^|[_\W])(?:id|uuid|guid|key|index|rowid|row|nr|no|number|code|unnamed)(?:$|[_\W\d])", re.I
)
_CAMEL = re.compile(r"[a-z](?:Id|ID|Nr|No)$|(?i:nr|nummer|number|numero|code)$")
_CODE = r"^0\d{2,}$"
"""A cell that no number is written as, but a postcode is, or an article's number."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column, as it is taken."""

    name: str
    kind: str
    """number, category, date, yes/no, text, identifier; or constant, empty."""
    style: Style = "plain"
    """Of numbers."""
    format: str = ""
    """Of dates."""
    wide: bool = False
    """Whether its numbers ask for float64."""
    why: str = ""
    """For an identifier: what tells."""


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column as text without spaces around it; gaps null. Whole floats are written as whole numbers."""
    import polars as pl

    named = pl.Categorical | pl.Enum
    made: list[pl.Expr] = []
    for name, kind in frame.schema.items():
        column = pl.col(name)
        if kind == pl.String:
            continue
        if isinstance(kind, pl.Duration):
            text = (column.dt.total_microseconds() / 1e6).cast(pl.String)  # seconds
        elif kind == pl.Boolean or kind.is_integer() or kind.is_temporal() or isinstance(kind, named):
            text = column.cast(pl.String)
        elif kind.is_numeric():
            value = column.cast(pl.Float64)
            whole = (value == value.round()) & (value.abs() < 2**53)
            text = (
                pl.when(whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(value.cast(pl.String))
            )
        elif isinstance(kind, pl.List):
            text = column.cast(pl.List(pl.String)).list.join(";")
        elif isinstance(kind, pl.Struct):
            text = column.struct.json_encode()
        else:
            text = pl.lit(None, pl.String)
        made.append(text.alias(name))
    frame = frame.with_columns(made) if made else frame
    # One expression for all columns: ten thousand of them would take seconds to be put together.
    stripped = frame.select(pl.all().str.strip_chars())
    return stripped.select(pl.when(pl.all().is_in(MISSING)).then(None).otherwise(pl.all()).name.keep())


def numbers(names: str | list[str], style: Style) -> pl.Expr:
    """The numbers that columns of text hold, float64; null where a cell is none. "*" stands for all columns."""
    import polars as pl

    column = pl.col(names)
    if style == "comma":
        column = column.str.replace_all(r"\.(\d{3})\b", "$1").str.replace(",", ".", literal=True)
    elif style == "marked":
        column = column.str.replace_all(_MARKS, "")
    return column.cast(pl.Float64, strict=False)


def moments(name: str, form: str) -> pl.Expr:
    """The dates that a column of text holds, in days since 1970 (or, of times alone, days), float64."""
    import polars as pl

    column = pl.col(name).str
    if "%Y" not in form and "%y" not in form:
        return column.to_time(form, strict=False).cast(pl.Int64).cast(pl.Float64) / 86_400e9
    if "%H" not in form:
        return column.to_date(form, strict=False).cast(pl.Int32).cast(pl.Float64)
    when = column.to_datetime(form, strict=False, time_unit="us")
    return when.dt.epoch("us").cast(pl.Float64) / 86_400e6


def answers(name: str) -> pl.Expr:
    """Yes and no as 1 and 0, float64."""
    import polars as pl

    word = pl.col(name).str.to_lowercase()
    return pl.when(word.is_in(YES)).then(1.0).when(word.is_in(NO)).then(0.0)


def guess(head: pl.DataFrame, said: dict[str, str], *, decimal_comma: bool = False) -> dict[str, Column]:
    """What each column is, from the first rows (as text); `said` goes before it."""
    style: Style = "comma" if decimal_comma else "plain"
    values = head.select(numbers("*", style))
    told = head.count().row(0)
    parsed = values.count().row(0)
    found: dict[str, Column] = {}
    for name, known, good, coded in zip(head.columns, told, parsed, _codes(head), strict=True):
        kind = said.get(name)
        if kind is None and known and good >= MOST * known and not coded:
            found[name] = _number(name, style, values[name], known)
        else:
            found[name] = _judged(name, head[name].drop_nulls(), kind, style)
    return found


def _number(name: str, style: Style, values: pl.Series, known: int) -> Column:
    import numpy as np

    array = values.to_numpy()  # gaps are NaN
    array = array[np.isfinite(array)]
    why = ""
    if known >= FEW and len(array) and len(values) == len(array) and (array == np.round(array)).all():
        with np.errstate(over="ignore"):
            steps = np.diff(array)
        if (steps == 1).all() and array[0] in (0, 1):
            why = "it counts the rows"
        elif _named_identifier(name) and len(np.unique(array)) == len(array):
            why = "its name and its values, each there once, say so"
    kind = "identifier" if why else "number"
    return Column(name=name, kind=kind, style=style, wide=_wide(array), why=why)


def _wide(array: npt.NDArray[np.float64]) -> bool:
    """Whether float32 would lose what tells the values apart."""
    import numpy as np

    if not len(array):
        return False
    largest = float(np.abs(array).max())
    return largest > 1e30 or largest * 6e-8 > 1e-4 * float(array.std())


def _codes(head: pl.DataFrame) -> tuple[bool, ...]:
    """Whether each column writes digits with zeros in front: they are names, of which none is more than another."""
    import polars as pl

    return head.select(pl.all().str.contains(_CODE).any()).row(0)


def _named_identifier(name: str) -> bool:
    return not name or bool(_IDENTIFIER.search(name) or _CAMEL.search(name))


def _judged(name: str, values: pl.Series, kind: str | None, style: Style) -> Column:
    """A column that a person says the kind of, or whose cells are no plain numbers."""
    sample = values.head(1000)
    if kind == "number":
        return Column(name=name, kind=kind, style=_style(sample, style), wide=True)
    if kind == "date" or kind is None:
        form = date_format(sample)
        if form:
            return Column(name=name, kind="date", format=form)
        if kind == "date":
            return Column(name=name, kind="date", format="")
    if kind is not None:
        return Column(name=name, kind=kind)
    if not len(values):
        return Column(name=name, kind="empty")
    if _codes(values.to_frame())[0]:
        return _words(name, values)
    marked = _style(sample, style)
    if marked != style:
        return Column(name=name, kind="number", style=marked)
    if set(values.str.to_lowercase().unique().to_list()) <= {*YES, *NO}:
        return Column(name=name, kind="yes/no")
    return _words(name, values)


def _style(sample: pl.Series, style: Style) -> Style:
    cells = sample.to_list()
    good = sum(_MARKED.fullmatch(cell) is not None or cell.replace(".", "").isdigit() for cell in cells)
    marked = sum(_MARKED.fullmatch(cell) is not None for cell in cells)
    return "marked" if marked and good >= MOST * len(cells) else style


def date_format(sample: pl.Series) -> str:
    """The format of dates that most of the cells have; "" where there is none."""
    if not len(sample) or not all(_DATE_LIKE.search(cell) for cell in sample.head(20).to_list()):
        return ""
    frame = sample.alias("").to_frame()
    for form in DATES:
        if frame.select(moments("", form)).to_series().count() >= MOST * len(sample):
            return form
    return ""


def _words(name: str, values: pl.Series) -> Column:
    """Category, text or identifier: by how often words come again, and by how many stand in a cell."""
    distinct = values.n_unique()
    share = distinct / len(values)
    spaces = float(values.str.count_matches(r"\S\s+\S").mean() or 0)  # type: ignore[arg-type]  # a mean of counts
    if len(values) >= FEW and share > 0.5 and spaces >= 0.9:
        return Column(name=name, kind="text")
    if len(values) >= FEW and spaces >= 4 and distinct > 50:
        return Column(name=name, kind="text")
    if len(values) >= FEW and share > 0.95:
        return Column(name=name, kind="identifier", why="nearly every row has a value of its own")
    return Column(name=name, kind="category")
