"""Running text of a person's own: a book, logs, source code, of which the next character or token is to be told."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui import Sniff, UserError
from nntui.builtin.datasets.characters import WindowFacts
from nntui.builtin.datasets.own.look import SPLITS, Look, files_below, kind_of, look
from nntui.builtin.datasets.own.textfiles import Collected, NoText, looks_like_text, nothing_left, read_text
from nntui.builtin.datasets.source import Rows, fingerprint
from nntui.hooks.data import DataReport

if TYPE_CHECKING:
    from nntui.builtin.datasets.params import RunningTextParams
    from nntui.hooks.data import DataContext, Split

LEAST = 100
"""Characters below which there is nothing to learn."""
WINDOWS = 20
"""Windows that a short text is at least divided into, so that each split has some."""
CONTEXT = 128
"""Characters that a window tells by default, whatever the tokens. Hamlet in BPE costs 2.38 bits a character with 128,
2.47 with 512, of which there are fewer steps."""
_TRIED = 20
"""Files of other names whose beginning is looked at."""
_WORD_ENDS = re.compile(r"(?<=\S)(?=\s)")


def sniff(path: Path) -> Sniff | None:
    """Takes .txt files that do not lie in folders by class, and other files that hold text if nothing else is there."""
    seen = look(path)
    size = _size(seen)  # none: what is taken for text by its name is told to be empty when it is read
    defaults = _suited(size)
    if not seen.folder:
        if seen.main == "text":
            return Sniff(confidence=0.9, reason=f"one text of {size:,} bytes", defaults=defaults)
        if seen.main == "other" and looks_like_text(path):
            return Sniff(confidence=0.4, reason=f"it begins as a text, of {size:,} bytes", defaults=defaults)
        return None
    number = seen.kinds["text"]
    if seen.main == "text" and not by_class(seen):
        reason = f"{number} text file{'' if number == 1 else 's'}, {size:,} bytes, not in folders by class"
        return Sniff(confidence=0.85, reason=reason, defaults=defaults)
    if seen.main == "other" and _mostly_text(path):
        total = seen.kinds["other"] + number
        return Sniff(confidence=0.35, reason=f"{total} files that begin as text, {size:,} bytes", defaults=defaults)
    return None


def by_class(seen: Look) -> bool:
    """Whether text files lie in folders by class: at least two folders, and more files than those."""
    return len(seen.classes) >= 2 and seen.kinds["text"] >= 2 * len(seen.classes)


def _size(seen: Look) -> int:
    paths = files_below(seen.path) if seen.folder else [seen.path]
    return sum(path.stat().st_size for path, _ in zip(paths, range(20_000), strict=False))


def _mostly_text(folder: Path) -> bool:
    tried = [looks_like_text(path) for path, _ in zip(files_below(folder), range(_TRIED), strict=False)]
    return sum(tried) > len(tried) / 2


def _suited(size: int) -> dict[str, Any]:
    """Epochs and batch for a text of so many bytes: about as many steps for a story as for a shelf."""
    batch = next((batch for most, batch in ((400_000, 8), (1_500_000, 16), (6_000_000, 32)) if size <= most), 64)
    return {"training.batch_size": batch, "training.epochs": min(20, max(1, round(1_600_000 / max(size, 1))))}


@dataclass(frozen=True)
class _Text:
    name: str
    text: str
    split: Split | None = None


def build(params: RunningTextParams, context: DataContext) -> Rows[WindowFacts]:
    """The windows of all files, in order of names; no window reads from two. Raises UserError."""
    if context.path is None:
        raise UserError(
            "running-text reads a person's own text, and none is named", advice="say --data PATH: a .txt file or folder"
        )
    for setting, name in (("group", context.group), ("time", context.time)):
        if name is not None:
            raise UserError(
                f"--data.{setting} {name}: a running text has no columns, and is split in its order",
                advice="leave it out",
            )
    collected = Collected()
    texts = list(_texts(Path(context.path), None, collected))
    if context.test is not None:
        texts = [_Text(t.name, t.text, "train" if t.split is None else t.split) for t in texts if t.split != "test"]
        texts += _texts(Path(context.test), "test", collected)
    total = sum(len(text.text) for text in texts)
    if total < LEAST:
        what = f"{total:,} characters of text; at least {LEAST} are wanted" if total else "no text that can be read"
        raise nothing_left(what, context.path, collected, "give a longer text")
    length = params.context or min(CONTEXT, max(2, total // WINDOWS))
    cut = _Cut(length, params.overlap, words=params.tokens in ("word", "bpe"))
    rows = [window for number, text in enumerate(texts) for window in cut.windows(text.text, number)]
    report = DataReport(
        taken_for=f"{len(texts)} text{'' if len(texts) == 1 else 's'} of {total:,} characters, in {len(rows):,} "
        f"windows of {length}, for the next {_NOUNS[params.tokens]}",
        findings=collected.findings(),
    )
    lines = _Lines(texts, [(row.source, row.start) for row in rows])
    return Rows(
        columns={"text": [row.text for row in rows], "read_only": np.array([row.read_only for row in rows], np.int64)},
        facts=WindowFacts(context=length, overlap=params.overlap, tokens=params.tokens, vocabulary=params.vocabulary),
        fingerprint=fingerprint(part.encode("utf-8", "replace") for t in texts for part in (t.name, t.text)),
        given=_given(texts, [row.source for row in rows]),
        time=np.arange(len(rows), dtype=np.int64),
        report=report,
        whereabouts=lines,
    )


_NOUNS = {"char": "character", "byte": "byte", "word": "word", "bpe": "token (BPE)"}


def _texts(path: Path, split: Split | None, collected: Collected) -> Iterator[_Text]:
    """The texts of a file or folder; what is none is collected. `split`: of all of them, whatever their folder."""
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder")
    folder = path.is_dir()
    files = list(files_below(path)) if folder else [path]
    named = [file for file in files if kind_of(file) == "text"]
    chosen = set(named if 2 * len(named) >= len(files) else files)
    for file in files:
        name = str(file.relative_to(path)) if folder else file.name
        if file not in chosen:
            collected.skip("its name is not that of a text", name)
            continue
        try:
            text, odd = read_text(file)
        except NoText as error:
            if not folder:
                raise UserError(f"{path}: {error}", advice="give a file that holds text") from None
            collected.skip(str(error), name)
            continue
        except OSError as error:
            collected.skip(f"it cannot be read: {error.strerror}", name)
            continue
        if odd:
            collected.note(odd, name)
        if len(text.strip()) < 2:
            collected.skip("a text is empty", name)
            continue
        yield _Text(
            name, text, split or (SPLITS.get(Path(name).parts[0].lower()) if len(Path(name).parts) > 1 else None)
        )


def _given(texts: Sequence[_Text], sources: Sequence[int]) -> dict[Split, Any]:  # index arrays
    """The rows of splits that folders name, where test or validation is among them."""
    named: dict[Split, list[int]] = {}
    for row, source in enumerate(sources):
        if (split := texts[source].split) is not None:
            named.setdefault(split, []).append(row)
    if not named.keys() & {"test", "validation"}:
        return {}
    return {split: np.array(rows, dtype=np.int64) for split, rows in named.items()}


@dataclass(frozen=True)
class _Window:
    text: str
    read_only: int
    source: int
    """Number of its text."""
    start: int
    """Character of the text at which it begins."""


@dataclass(frozen=True)
class _Cut:
    """How a text is cut into windows that tell `context` characters, where words are kept whole if `words`."""

    context: int
    overlap: int
    words: bool

    def windows(self, text: str, source: int) -> Iterator[_Window]:
        if len(text) < 2:
            return
        ends = [match.start() for match in _WORD_ENDS.finditer(text)] if self.words else []
        edges = self._edges(text, ends)
        for start, end in pairwise(edges):
            begin = self._begin(start, ends)
            yield _Window(text[begin:end], start - begin, source, begin)

    def _edges(self, text: str, ends: Sequence[int]) -> list[int]:
        """Where windows begin to tell. The first token of a text is told by none; every other by exactly one."""
        if not self.words:
            return [*range(1, len(text), self.context), len(text)]
        edges = [ends[0] if ends and ends[0] < min(self.context, len(text)) else 1]
        while edges[-1] < len(text):
            wanted = edges[-1] + self.context
            if wanted >= len(text):
                edges.append(len(text))
                break
            at = bisect_right(ends, wanted) - 1
            edges.append(ends[at] if at >= 0 and ends[at] > edges[-1] else wanted)
        return edges

    def _begin(self, start: int, ends: Sequence[int]) -> int:
        """Where a window begins to read: the token before it, and `overlap` characters more."""
        wanted = max(0, start - 1 - self.overlap)
        if not self.words:
            return wanted
        at = bisect_right(ends, wanted) - 1
        near = ends[at] if at >= 0 else 0
        return near if wanted - near <= self.context else wanted


class _Lines:
    """Where a window begins: "book.txt, line 17"."""

    def __init__(self, texts: Sequence[_Text], starts: Sequence[tuple[int, int]]) -> None:
        self._texts, self._starts = texts, starts
        self._breaks: dict[int, list[int]] = {}

    def __call__(self, row: int) -> str:
        source, start = self._starts[row]
        text = self._texts[source]
        if source not in self._breaks:
            self._breaks[source] = [match.start() for match in re.finditer("\n", text.text)]
        return f"{text.name}, line {bisect_right(self._breaks[source], start - 1) + 1}"
