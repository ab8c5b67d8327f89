"""Texts that a person asks about: typed, in files, in folders, in tables; piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from nntui.builtin.datasets.own.frames import format_of, read_frame
from nntui.builtin.datasets.own.look import files_below, kind_of
from nntui.builtin.datasets.own.textcolumns import columns_of, text_column
from nntui.builtin.datasets.own.textfiles import Collected, NoText, normal, read_text
from nntui.hooks.data import Asked


def asked(inputs: Sequence[str], size: int, *, column: str = "", longest: int | None = None) -> Iterator[Asked]:
    """About `size` texts at a time. What cannot be read is passed over and told.

    `column`: where a table holds its texts; found by content where it has no such column. Of a text the first `longest`
    characters are taken. Raises ValueError where nothing is left to ask about, OSError for a file that is not there.
    """
    if not inputs:
        raise ValueError("a text was expected: type it, in quotes, or name a file, a folder or a table of texts")
    collected = Collected()
    texts: list[str] = []
    names: list[str] = []
    for given in inputs:
        for text, name in _texts(given, column, collected):
            if not text.strip():
                collected.skip("a text is empty", name)
                continue
            if longest is not None and len(text) > longest:
                collected.note(f"only its first {longest:,} characters are read", name)
                text = text[:longest]
            texts.append(text)
            names.append(name)
            if len(texts) > size:  # one is kept back, so that what is left out at the end is told with it
                yield Asked(raw={"text": texts[:size]}, names=names[:size], findings=collected.findings())
                texts, names, collected = texts[size:], names[size:], Collected()
    if not texts:
        told = "; ".join(finding.in_words() for finding in collected.findings())
        raise ValueError(f"there is no text to ask about: {told}")
    yield Asked(raw={"text": texts}, names=names, findings=collected.findings())


def _texts(given: str, column: str, collected: Collected) -> Iterator[tuple[str, str]]:
    """The texts that one input stands for, with their names."""
    path = Path(given)
    if _is(path, "dir"):
        for file in files_below(path):
            name = str(path / file.relative_to(path))
            if kind_of(file) == "text":
                yield from _of_file(file, name, collected)
            else:
                collected.skip("its name is not that of a text", name)
    elif _is(path, "file") and format_of(path) is not None:
        yield from _of_table(path, given, column, collected)
    elif _is(path, "file"):
        yield from _of_file(path, given, collected)
    elif given.lower().endswith(".txt"):
        raise FileNotFoundError(f"{given}: there is no such file")
    else:
        yield normal(given), given


def _is(path: Path, what: str) -> bool:
    try:
        return path.is_dir() if what == "dir" else path.is_file()
    except (OSError, ValueError):  # too long for a name, or with a NUL: it is a text
        return False


def _of_file(path: Path, name: str, collected: Collected) -> Iterator[tuple[str, str]]:
    try:
        text, odd = read_text(path)
    except NoText as error:
        collected.skip(str(error), name)
    except OSError as error:
        collected.skip(f"it cannot be read: {error.strerror}", name)
    else:
        if odd:
            collected.note(odd, name)
        yield text, name


def _of_table(path: Path, name: str, column: str, collected: Collected) -> Iterator[tuple[str, str]]:
    try:
        read = read_frame(path)
    except (ValueError, OSError) as error:
        collected.skip(str(error).removeprefix(f"{path}: "), name)
        return
    for finding in read.findings:
        collected.add(finding, name)
    frame = read.frame
    if column not in frame.columns:
        columns = columns_of(frame)
        found = text_column(columns) if len(columns) > 1 else next(iter(columns), None)
        if found is None:
            wanted = f"no column {column!r}" if column else "no column that looks like texts"
            raise ValueError(f"{name}: it has {wanted}; it has {', '.join(frame.columns)}")
        collected.note(f"its texts are taken from column {found.name!r}", name)
        column = found.name
    for row, value in enumerate(frame[column].to_list()):
        yield "" if value is None else normal(str(value)), f"{name}, {read.where(row)}"
