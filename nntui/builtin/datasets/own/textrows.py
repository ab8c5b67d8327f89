"""Texts with their labels, from folders by class and from tables: what is read, what is left out and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nntui import UserError
from nntui.builtin.datasets.own.frames import Frame, format_of, read_frame
from nntui.builtin.datasets.own.look import SPLITS, files_below, kind_of
from nntui.builtin.datasets.own.textcolumns import (
    Column,
    columns_of,
    label_candidates,
    label_column,
    split_column,
    text_column,
)
from nntui.builtin.datasets.own.textfiles import Collected, NoText, normal, read_text

if TYPE_CHECKING:
    from nntui.hooks.data import Split


@dataclass(frozen=True, slots=True)
class TextRow:
    """One text."""

    text: str
    label: str
    place: str
    split: Split | None = None
    group: str | None = None
    time: str | float | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which columns a person named."""

    text: str | None = None
    target: str | None = None
    group: str | None = None
    time: str | None = None


def rows_of_folder(folder: Path, split: Split | None, collected: Collected) -> Iterator[TextRow]:
    """A text for each file; its label is the folder that it lies in, below a split's where there is one."""
    for file in files_below(folder):
        name = str(file.relative_to(folder))
        parts = file.relative_to(folder).parts
        own = split
        if len(parts) > 2 and parts[0].lower() in SPLITS:
            own, parts = split or SPLITS[parts[0].lower()], parts[1:]
        if kind_of(file) != "text":
            collected.skip("its name is not that of a text", name)
        elif len(parts) < 2:
            collected.skip("it lies in no folder of a class", name)
        else:
            try:
                text, odd = read_text(file)
            except (NoText, OSError) as error:
                collected.skip(
                    str(error) if isinstance(error, NoText) else f"it cannot be read: {error.strerror}", name
                )
                continue
            if odd:
                collected.note(odd, name)
            yield TextRow(text, normal(parts[0]), name, own)


def rows_of_table(path: Path, wanted: Wanted, split: Split | None, collected: Collected) -> tuple[list[TextRow], str]:
    """The rows of a table and the name of the column with the texts. Raises UserError."""
    try:
        frame = read_frame(path)
    except (ValueError, OSError) as error:
        raise UserError(str(error), advice="give a CSV, TSV, Parquet or JSON lines file of texts and labels") from None
    for finding in frame.findings:
        collected.add(finding, path.name)
    columns = columns_of(frame.frame)
    text, target = _chosen(columns, wanted, path)
    splits = split_column(columns) if split is None else None
    if splits is not None:
        collected.note(f"column {splits.name!r} says which rows are test and validation", path.name)
    named = {"text": text, "target": target, "split": splits.name if splits else None}
    return list(_rows(frame, {**named, "group": wanted.group, "time": wanted.time}, path, split)), text


def _chosen(columns: list[Column], wanted: Wanted, path: Path) -> tuple[str, str]:
    """The columns of texts and labels, as a person named them or found by content. Raises UserError."""
    known = {column.name: column for column in columns}
    for setting, name in (
        ("text", wanted.text),
        ("target", wanted.target),
        ("group", wanted.group),
        ("time", wanted.time),
    ):
        if name is not None and name not in known:
            listed = ", ".join(known)
            raise UserError(f"--data.{setting} {name}: {path.name} has no such column", advice=f"it has {listed}")
    text = wanted.text
    if text is None:
        others = [column for column in columns if column.name != wanted.target]
        found = text_column(others) or _longest(others)
        if found is None:
            raise UserError(
                f"{path}: no column looks like texts", advice=f"say --data.text NAME: it has {', '.join(known)}"
            )
        text = found.name
    if not known[text].typed:
        raise UserError(f"--data.text {text}: this column of {path.name} holds no text", advice="name another column")
    if wanted.target == text:
        raise UserError(
            f"--data.target {text}: this column of {path.name} holds the texts", advice="name another column"
        )
    if wanted.target is not None:
        return text, wanted.target
    label = label_column(columns, text)
    if label is None:
        able = label_candidates(columns, text)
        listed = "; ".join(f"{column.name} ({column.distinct} different values)" for column in able)
        raise UserError(
            f"{path}: which column is the label of {text!r} cannot be known",
            advice=f"say --data.target NAME; it may be {listed}"
            if able
            else f"say --data.target NAME: {', '.join(known)}",
        )
    return text, label.name


def _longest(columns: list[Column]) -> Column | None:
    able = [column for column in columns if column.may_be_text]
    return max(able, key=lambda column: column.characters) if able else None


def _rows(read: Frame, named: Mapping[str, str | None], path: Path, split: Split | None) -> Iterator[TextRow]:
    frame, count = read.frame, len(read.frame)
    values = {key: frame[name].to_list() if name is not None else [None] * count for key, name in named.items()}
    for row in range(count):
        label, own, group, time = (values[key][row] for key in ("target", "split", "group", "time"))
        text = values["text"][row]
        yield TextRow(
            text="" if text is None else normal(text.replace("\r\n", "\n")),
            label="" if label is None else normal(str(label).strip()),
            place=f"{path.name}, {read.where(row)}",
            split=split or (SPLITS.get(str(own).lower()) if own is not None else None),
            group=None if group is None else str(group),
            time=time if isinstance(time, int | float) else None if time is None else str(time),
        )


def tables_in(path: Path) -> list[tuple[Path, Split | None]]:
    """The tables of a folder and which split each is by its name; the file itself."""
    if not path.is_dir():
        return [(path, None)]
    found = [file for file in files_below(path) if format_of(file) is not None]
    return [(file, SPLITS.get(file.name.split(".")[0].lower())) for file in found]
