"""New inputs for a trained network, piece by piece: files, folders, tables of any length, values as they are typed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.hooks.data import Asked, Finding
from nntui.hooks.errors import UserError
from nntui.hooks.streams import STREAM, is_stream, refuse_stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from nntui.hooks.data import Modality, Preprocessor, Raw

    Ask = Callable[[Sequence[str], int], Iterator[Asked]]

PIECE = {"table": 8192, "points": 8192, "series": 2048, "text": 2048}
"""Rows that are read and answered together, by modality; of pictures and sounds SMALL_PIECE."""
SMALL_PIECE = 256

SHOWN = 20
"""Places that a finding keeps."""

SUFFIXES: dict[Modality, tuple[str, ...]] = {
    "image": (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"),
    "audio": (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au"),
    "text": (".txt",),
    "table": (".csv",),
    "points": (".csv",),
    "series": (".csv",),
}
"""Files of a folder that are asked about where the preprocessor does not read folders itself."""


def asked(preprocessor: Preprocessor, inputs: Sequence[str], *, strict: bool = False) -> Iterator[Asked]:
    """Raw rows for what a person gives. What cannot be read is passed over and told in `findings`.

    strict: what cannot be read is an error, not passed over. Raises UserError for that, and where reading fails half
    way.
    """
    size = PIECE.get(preprocessor.spec.modality, SMALL_PIECE)
    ask: Ask | None = getattr(preprocessor, "ask", None)
    ask = _Reading(preprocessor, strict=strict) if ask is None else ask
    begun = False
    streams = [one for one in inputs if is_stream(one)]
    if strict:
        for one in streams:
            refuse_stream(one)
    inputs = [one for one in inputs if one not in streams]  # of none there are no answers
    yield from (nothing(skipped(STREAM, one)) for one in streams)
    if not inputs:
        return
    try:
        for piece in ask(inputs, size):
            begun = True
            for finding in piece.findings:
                if strict and finding.kind == "skipped":
                    raise UserError(finding.in_words(), advice="`answers` passes over what cannot be read")
            yield piece
    except (ValueError, OSError) as error:
        if strict or begun:
            raise UserError(in_words(error)) from None
        if len(inputs) == 1:
            yield nothing(skipped(in_words(error), inputs[0]))
            return
    else:
        return
    for one in inputs:  # which of them it is that cannot be read
        yield from _alone(ask, one, size)


def _alone(ask: Ask, one: str, size: int) -> Iterator[Asked]:
    begun = False
    try:
        for piece in ask([one], size):
            begun = True
            yield piece
    except (ValueError, OSError) as error:
        if begun:
            raise UserError(in_words(error)) from None
        yield nothing(skipped(in_words(error), one))


def nothing(*findings: Finding) -> Asked:
    """No rows, and why."""
    return Asked(raw={}, names=(), findings=findings)


def skipped(why: str, place: str) -> Finding:
    return Finding(kind="skipped", message=why, places=(place,))


class _Reading:
    """`ask` for a preprocessor that has only `read`: folders are gone through here."""

    def __init__(self, preprocessor: Preprocessor, *, strict: bool) -> None:
        self._read = preprocessor.read
        self._suffixes = SUFFIXES[preprocessor.spec.modality]
        self._strict = strict

    def __call__(self, inputs: Sequence[str], size: int) -> Iterator[Asked]:
        waiting: list[str] = []
        for given in inputs:
            if not _is_folder(given):
                waiting.append(given)
            else:
                yield from self._folder(given, size)
            if len(waiting) >= size:
                yield from self._rows(waiting)
                waiting = []
        if waiting:
            yield from self._rows(waiting)

    def _folder(self, given: str, size: int) -> Iterator[Asked]:
        waiting: list[str] = []
        others: list[str] = []
        closed: list[str] = []
        for file in files_below(Path(given), closed):
            if file.suffix.lower() in self._suffixes:
                waiting.append(str(file))
            else:
                others.append(str(file))
            if len(waiting) == size:
                yield from self._rows(waiting)
                waiting = []
        if waiting:
            yield from self._rows(waiting)
        for places, message in (
            (others, f"a file of another kind than {', '.join(self._suffixes)}"),
            (closed, "a folder that cannot be read"),
        ):
            if places:
                finding = Finding(kind="skipped", message=message, count=len(places), places=tuple(places[:SHOWN]))
                yield nothing(finding)

    def _rows(self, inputs: Sequence[str]) -> Iterator[Asked]:
        """All of these at once; one by one where one of them cannot be read, or holds several rows."""
        try:
            raw = self._read(inputs)
        except (ValueError, OSError) as error:
            if self._strict:
                raise
            if len(inputs) == 1:
                yield nothing(skipped(in_words(error), inputs[0]))
                return
        else:
            rows = rows_of(raw)
            if rows == len(inputs) or len(inputs) == 1:
                names = inputs if rows == len(inputs) else [f"{inputs[0]}, row {n + 1}" for n in range(rows)]
                yield Asked(raw=raw, names=names)
                return
        for one in inputs:
            yield from self._rows([one])


def in_words(error: ValueError | OSError) -> str:
    """What was wrong, for a person: with the file's name before it where only the system says something."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}"
    return str(error)


def rows_of(raw: Raw) -> int:
    return len(next(iter(raw.values()), ()))


def _is_folder(text: str) -> bool:
    try:
        return Path(text).is_dir()
    except (OSError, ValueError):  # too long for a name, or with a NUL: a value, not a path
        return False


def files_below(folder: Path, closed: list[str]) -> Iterator[Path]:
    """Every file in a folder and below it, in order of names; hidden ones left out. Links in a circle end: each folder
    is gone through once. Folders that cannot be read are added to `closed`."""
    seen: set[tuple[int, int]] = set()
    for at, folders, files in os.walk(folder, followlinks=True, onerror=lambda e: closed.append(str(e.filename))):
        place = Path(at)
        stat = place.stat()
        if (stat.st_dev, stat.st_ino) in seen:
            folders.clear()
            continue
        seen.add((stat.st_dev, stat.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (place / name for name in sorted(files) if not name.startswith(".") and (place / name).is_file())
