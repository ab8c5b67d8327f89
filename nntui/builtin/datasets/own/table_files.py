"""The files of a person's own table: what is taken for one, and how a table of so many rows is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.own.dialects import SAMPLE, beginning
from nntui.builtin.datasets.own.frames import format_of
from nntui.builtin.datasets.own.kinds import Column, as_text, guess
from nntui.builtin.datasets.own.look import SPLITS, Look, look
from nntui.builtin.datasets.own.table_target import choose_target
from nntui.hooks.contributions import Sniff
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from nntui.hooks.data import DataContext, Split

FEW = 2000
"""Rows below which a network is kept small, and forgets a lot while it trains."""
BATCHES = ((32, FEW), (64, 30_000), (128, 100_000), (256, 300_000), (512, 1_000_000))
"""Sizes of a batch, and the rows up to which each is taken."""
LARGEST_BATCH = 1024
STEPS = 1000, 3000
"""Steps of a training, for few rows and for more."""
LEAST_EPOCHS, MOST_EPOCHS = 3, 100


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file of the table, and the split that its rows are."""

    path: Path
    split: Split | None = None


def sniff(path: Path) -> Sniff | None:
    """A plain table: a row a line, one column to be told from the others."""
    seen = look(path)
    frame = seen.frame
    if seen.folder and len(seen.tables) > 1 and seen.main == "table" and _by_split(seen.tables):
        names = ", ".join(table.name for table in seen.tables)
        return Sniff(confidence=0.5, reason=f"tables of splits: {names}", defaults=training_for(_rows_of(seen)))
    if seen.problem and not seen.folder:
        return Sniff(confidence=0.1, reason=f"a table by its name, but {seen.problem}")  # what it is then raises
    if frame is None or (seen.folder and seen.main != "table") or frame.width < 2:
        return None
    head = guess_head(frame)
    found: dict[str, list[str]] = {}
    try:
        found["target"] = list(choose_target(head, (), ())[0])  # kept with the run: other rows are judged by the same
        tells = f"the target is {found['target'][0]}, unless --data.target names another"
    except UserError:
        tells = "which of them is told must be said: --data.target NAME"
    dialect = seen.head.dialect if seen.head is not None else None
    how = f" ({dialect.in_words()})" if dialect is not None else ""
    reason, suits = f"a table of {frame.width:,} columns{how}", training_for(_rows_of(seen))
    return Sniff(confidence=0.5, reason=reason, params=found, defaults=suits, guesses={"target": tells})


def _rows_of(seen: Look) -> int:
    """About how many rows the tables have: counted where that is quick, told by their size else."""
    import polars as pl

    rows = 0.0
    for table in seen.tables:
        kind = format_of(table)
        try:
            if kind == ("parquet", ""):
                rows += int(pl.scan_parquet(table).select(pl.len()).collect().item())
            else:
                head = beginning(table, kind[1] if kind else "")
                lines, unpacked = max(1, head.count(b"\n")), 4 if kind and kind[1] else 1
                rows += table.stat().st_size * unpacked / max(1, len(head)) * lines if len(head) >= SAMPLE else lines
        except (ValueError, OSError, pl.exceptions.PolarsError):
            continue  # what cannot be read is told when it is read
    return max(1, round(rows))


def training_for(rows: int) -> dict[str, Any]:  # settings differ in type
    """What suits so many rows: batch size, epochs, and how much the network is held back.

    Chosen on rows kept from the training rows of the first split of ten tables (R2, three splits): of 350 rows
    (diabetes) 0.25 with two layers of batch normalisation, 0.32 with a straight line beside them, 0.40 without the
    normalisation and half of the units left out, 0.41 with GELU; of 3,000 (bikeshare) 0.86 with that and 0.91 with
    twice the units, of which a tenth is left out.
    """
    batch = next((size for size, most in BATCHES if rows < most), LARGEST_BATCH)
    steps = STEPS[rows >= FEW]
    epochs = int(np.clip(round(steps * batch / rows), LEAST_EPOCHS, MOST_EPOCHS))
    held_back = {"ffn:arch.hidden": (128, 64), "ffn:arch.dropout": 0.5, "ffn:optimizer.weight_decay": 1.0}
    free = {"ffn:arch.hidden": (256, 128), "ffn:arch.dropout": 0.1, "ffn:optimizer.weight_decay": 0.3}
    return {"training.batch_size": batch, "training.epochs": epochs, **(held_back if rows < FEW else free)}


def guess_head(frame: pl.DataFrame) -> dict[str, Column]:
    return guess(as_text(frame), {})


def _by_split(tables: Sequence[Path]) -> dict[Path, Split]:
    """The split that each table's name says; empty where one says none, or none says train."""
    named = {table: SPLITS.get(table.name.split(".")[0].lower()) for table in tables}
    found = {table: split for table, split in named.items() if split is not None}
    return found if len(found) == len(tables) and "train" in found.values() else {}


def parts_of(context: DataContext) -> list[Part]:
    """The files of the table that a person names. Raises UserError."""
    if context.path is None:
        raise UserError("the reader table needs a file", advice="name it: --data PATH")
    path = Path(context.path)
    try:
        seen = look(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", advice="name a table: --data PATH") from None
    splits = _by_split(seen.tables) if len(seen.tables) > 1 else {}
    if splits:
        parts = [Part(path=table, split=split) for table, split in splits.items()]
        parts.sort(key=lambda part: ("train", "validation", "test").index(part.split or "train"))
    elif len(seen.tables) == 1:
        parts = [Part(path=seen.tables[0])]
    else:
        raise UserError(f"{path} holds {len(seen.tables)} tables, and one was expected",
                        advice="name one, or call them train.csv, validation.csv and test.csv")  # fmt: skip
    if context.test is not None:
        parts = [part for part in parts if part.split != "test"] + [Part(path=Path(context.test), split="test")]
    return parts
