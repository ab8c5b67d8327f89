"""Texts of a person's own that belong to classes: tables with a text and a label, folders by class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui import Sniff, UserError
from nntui.builtin.datasets.own.frames import COMPRESSIONS
from nntui.builtin.datasets.own.look import HEAD, LOOKED_AT, Look, files_below, look
from nntui.builtin.datasets.own.running import by_class
from nntui.builtin.datasets.own.textcolumns import (
    LABELS,
    Column,
    columns_of,
    label_candidates,
    label_column,
    others,
    text_column,
    unit_of,
)
from nntui.builtin.datasets.own.textfiles import Collected, NoText, nothing_left, read_text
from nntui.builtin.datasets.own.textrows import TextRow, Wanted, rows_of_folder, rows_of_table, tables_in
from nntui.builtin.datasets.source import Rows, fingerprint
from nntui.builtin.datasets.texts import TextFacts
from nntui.hooks.data import DataReport

if TYPE_CHECKING:
    from nntui.builtin.datasets.coders import Unit
    from nntui.builtin.datasets.params import LabelledTextParams
    from nntui.hooks.data import DataContext, Split

BESIDE = 0.45
"""Confidence for a text among other columns: less than a table's."""
MOST_CLASSES = 1000
FEW = 20_000
"""Rows up to which long texts are read further."""
LONG, SHORT = 10_000, 4_000
"""Characters of a text that are read, of few rows and of many."""
PACKED = 3
"""How many times smaller a packed table is than what it holds, about."""
_ASKED = 200
"""Files whose content a sniff looks at, to tell words from sentences."""

WORDS = {
    "arch.name": "rnn",
    "rnn:arch.cell": "gru",
    "rnn:arch.bidirectional": True,
    "rnn:arch.convolution": 3,
    "rnn:arch.pooling": "max",
    "rnn:arch.dropout": 0.5,
    "rnn:data.augment": "strong",
    "rnn:training.label_smoothing": 0.1,
    "rnn:training.ema": 0.99,
    "data.validation": 0.05,
    "training.batch_size": 64,
}
"""For single words, letter by letter: what suits word-languages."""


def sniff(path: Path) -> Sniff | None:
    """Takes folders by class of .txt files, and tables whose text and label are seen."""
    seen = look(path)
    if seen.folder and seen.main == "text":
        return _sniff_folder(seen) if by_class(seen) else None
    if not seen.tables or (seen.folder and seen.main != "table"):
        return None
    if seen.folder and len(seen.tables) > 1:
        splits = {split for _, split in tables_in(path)}
        if None in splits or "train" not in splits:
            return None
        seen = look(next(table for table, split in tables_in(path) if split == "train"))
    frame = seen.frame
    if frame is None or not len(frame):
        return None
    columns = columns_of(frame)
    text = text_column(columns)
    if text is None or (text.words < 1.5 and not label_candidates(columns, text.name)):
        return None
    label = label_column(columns, text.name)
    if label is None and not label_candidates(columns, text.name):
        return None
    unit = unit_of(text.values)
    rest = others(columns, text.name, label)
    known_as_one = label is not None and label.name.lower() in LABELS
    params = {"text": text.name, "tokens": unit}
    if label is None:
        reason = f"column {text.name!r} holds texts; which is their label is for you to say: --data.target NAME"
    else:
        params["target"] = label.name
        reason = f"column {text.name!r} holds {_NOUNS[unit]}, column {label.name!r} says their class"
    if rest:
        reason += f"; {', '.join(map(repr, rest[:5]))}{' ...' if rest[5:] else ''} would be left out"
    return Sniff(
        # A text among other things that may tell, or be told, is one column of a table.
        confidence=BESIDE if rest and not known_as_one else 0.8 if label is not None else 0.6,
        reason=reason,
        params=params,
        defaults=_suited(unit, _rows_in(seen.tables[0], columns, len(frame))),
    )


def _rows_in(table: Path, columns: Sequence[Column], looked_at: int) -> int:
    """About how many rows a table has, of which a look has seen some."""
    if looked_at < HEAD:
        return looked_at
    size = table.stat().st_size * (PACKED if table.suffix.lower() in COMPRESSIONS else 1)
    seen = sum(column.characters + len(column.values) for column in columns)
    return max(looked_at, round(looked_at * size / max(1, seen)))


_NOUNS = {"char": "words", "word": "sentences", "bpe": "texts"}


def _sniff_folder(seen: Look) -> Sniff:
    number, classes = seen.kinds["text"], len(seen.classes)
    files = list(files_below(seen.path))[:LOOKED_AT]
    texts = []
    for file in files[:: max(1, len(files) // _ASKED)]:
        try:
            texts.append(read_text(file)[0].strip())
        except (NoText, OSError):
            continue
    unit = unit_of(texts)
    shown = ", ".join(seen.classes[:5]) + (" ..." if classes > 5 else "")
    return Sniff(
        confidence=0.9,
        reason=f"{number:,} text files in {classes} folders: {shown}",
        params={"tokens": unit},
        defaults=_suited(unit, number),
    )


def _suited(unit: str, rows: int) -> dict[str, Any]:
    """Epochs for so many rows: enough steps for a few, under a minute for some thousands."""
    if unit == "char":
        return {**WORDS, "training.epochs": min(40, max(3, round(96_000 / rows)))}
    return {"training.epochs": min(30, max(3, round(80_000 / rows)))}


def build(params: LabelledTextParams, context: DataContext) -> Rows[TextFacts]:
    """The texts in order. Raises UserError."""
    if context.path is None:
        raise UserError(
            "labelled-text reads a person's own texts, and none are named",
            advice="say --data PATH: a table with texts and labels, or a folder with one of .txt files for each class",
        )
    collected = Collected()
    wanted = Wanted(text=params.text, target=params.target, group=context.group, time=context.time)
    rows, column = _read(Path(context.path), wanted, None, collected)
    if context.test is not None:
        rows = [row for row in rows if row.split != "test"]
        more, _ = _read(Path(context.test), wanted, "test", collected)
        rows += more
    rows = _usable(rows, collected)
    if not rows:
        raise nothing_left("no text with a label is left", context.path, collected, "see what was skipped")
    longest = params.longest or (LONG if len(rows) <= FEW else SHORT)
    for row in rows:
        if len(row.text) > longest:
            collected.note(f"only its first {longest:,} characters are read (--data.longest)", row.place)
    classes = _classes(rows, params.target or "the label", context.path, collected)
    given = _given(rows)
    targets = _codes(rows, classes)
    unit: Unit = params.tokens if params.tokens != "auto" else unit_of([row.text for row in rows[:2000]])  # type: ignore[assignment]
    return Rows(
        columns={"text": [row.text[:longest] for row in rows], "target": targets},
        facts=TextFacts(classes=classes, tokens=unit, vocabulary=params.vocabulary, column=column, longest=longest),
        fingerprint=fingerprint(
            part.encode("utf-8", "replace") for row in rows for part in (row.text, row.label, row.split or "")
        ),
        given=given,
        targets=targets,
        groups=_ranks([row.group or "" for row in rows]) if context.group else None,
        time=_ranks([row.time for row in rows]) if context.time else None,
        report=DataReport(
            taken_for=f"{len(rows):,} {_NOUNS[unit]} of {len(classes)} classes, by their {_UNITS[unit]}",
            findings=collected.findings(),
        ),
        whereabouts=[row.place for row in rows],
    )


_UNITS = {"char": "letters", "word": "words", "bpe": "pieces of words (BPE)"}


def _read(path: Path, wanted: Wanted, split: Split | None, collected: Collected) -> tuple[list[TextRow], str]:
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder")
    seen = look(path)
    if seen.folder and seen.main != "table":
        for setting, name in (("group", wanted.group), ("time", wanted.time)):
            if name is not None:
                raise UserError(f"--data.{setting} {name}: a folder of texts has no columns", advice="leave it out")
        return list(rows_of_folder(path, split, collected)), ""
    rows: list[TextRow] = []
    column = ""
    for table, of_name in tables_in(path):
        more, column = rows_of_table(table, wanted, split or of_name, collected)
        rows += more
    return rows, column


def _usable(rows: Sequence[TextRow], collected: Collected) -> list[TextRow]:
    kept = []
    for row in rows:
        if not row.text.strip():
            collected.skip("a text is empty", row.place)
        elif not row.label:
            collected.skip("a text has no label", row.place)
        else:
            kept.append(row)
    return kept


def _classes(rows: Sequence[TextRow], target: str, path: str, collected: Collected) -> tuple[str, ...]:
    """The classes in order: by number where all are numbers, by name else. Raises UserError where they are none."""
    counts = Counter(row.label for row in rows)
    if len(counts) == 1:
        (only,) = counts
        raise UserError(
            f"{path}: all {len(rows):,} texts are of one class, {only!r}: there is nothing to tell apart",
            advice="give texts of at least two classes, or name another label: --data.target NAME",
        )
    if len(counts) > MOST_CLASSES or len(counts) > max(2, len(rows) / 2):
        raise UserError(
            f"{path}: {target} has {len(counts):,} different values in {len(rows):,} rows; a class must come again",
            advice="name the column with the classes: --data.target NAME; --data.reader table also tells numbers, and "
            "looks at all columns",
        )
    rare = [name for name, count in counts.items() if count < 3]
    for name in rare:
        collected.warn("a class of one or two texts is in no test: it can hardly be learnt", name)
    try:
        return tuple(sorted(counts, key=float))
    except ValueError:
        return tuple(sorted(counts))


def _codes(rows: Sequence[TextRow], classes: Sequence[str]) -> Any:  # an int64 array (N,)
    code = {name: number for number, name in enumerate(classes)}
    return np.array([code[row.label] for row in rows], dtype=np.int64)


def _given(rows: Sequence[TextRow]) -> dict[Split, Any]:  # index arrays
    """The rows of the splits that the data came with, where test or validation is among them."""
    named: dict[Split, list[int]] = {}
    for number, row in enumerate(rows):
        if row.split is not None:
            named.setdefault(row.split, []).append(number)
    if not named.keys() & {"test", "validation"}:
        return {}
    return {split: np.array(numbers, dtype=np.int64) for split, numbers in named.items()}


def _ranks(values: Sequence[Any]) -> Any:  # an int64 array (N,)
    """Each value's place among the different ones: numbers before texts, what is missing first."""
    order = {value: rank for rank, value in enumerate(sorted(set(values), key=_key))}
    return np.array([order[value] for value in values], dtype=np.int64)


def _key(value: str | float | None) -> tuple[int, float, str]:
    if value is None:
        return (0, 0.0, "")
    return (1, float(value), "") if isinstance(value, int | float) else (2, 0.0, value)
