"""What `-` stands for: lines of standard input, a whole table, or a file's content, as the run's data is."""

from __future__ import annotations

import io
import re
import shutil
import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO

LINES = 2048
"""Lines that are asked about together."""
NAME = "standard input"

_BEGINNINGS = (
    (rb"\x89PNG", ".png"), (rb"\xff\xd8\xff", ".jpg"), (rb"GIF8", ".gif"), (rb"BM", ".bmp"),
    (rb"II\*\0|MM\0\*", ".tif"),
    (rb"RIFF....WEBP", ".webp"), (rb"RIFF....WAVE", ".wav"), (rb"fLaC", ".flac"), (rb"OggS", ".ogg"),
    (rb"ID3|\xff[\xf2\xf3\xfa\xfb]", ".mp3"),
)  # fmt: skip
_TABLES = frozenset({"table", "points", "series"})
_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*")


def inputs_of_stdin(modality: str, *, whole_tables: bool, folder: Path) -> Iterator[list[str]]:
    """What standard input asks about, some inputs at a time.

    whole_tables: the run's preprocessor reads a table of any length and format from a file. What must be a file is
    put into `folder`.
    """
    stream = _bytes()
    head = stream.readline()
    while head and not head.strip():
        head = stream.readline()
    if not head:
        return
    if modality in ("image", "audio"):
        for beginning, suffix in _BEGINNINGS:
            if re.match(beginning, head, re.DOTALL):
                yield [_spooled(head, stream, folder / f"{NAME}{suffix}")]
                return
    elif modality in _TABLES:
        first = head.decode("utf-8-sig", errors="replace").strip()
        suffix = _table(first, whole_tables and modality != "points")
        if suffix == ".json":
            yield [_text(head) + "".join(map(_text, stream))]
            return
        if suffix:
            yield [_spooled(head, stream, folder / f"{NAME}{suffix}")]
            return
    lines = (line.rstrip("\r\n") for line in map(_text, chain([head], stream)) if line.strip())
    while some := list(islice(lines, LINES)):
        yield some


def _table(first: str, whole_tables: bool) -> str:
    """The suffix of a file that begins with this line; "" where each line is a row as it is typed."""
    if first.startswith("["):
        return ".json"  # as it is typed, over several lines
    if first.startswith("{"):
        return ".jsonl" if whole_tables else ""
    if "=" in first:
        return ""
    numbers = all(_NUMBER.fullmatch(cell) for cell in first.split(","))
    return "" if numbers and not whole_tables else ".csv"


def _bytes() -> IO[bytes]:
    stream = getattr(sys.stdin, "buffer", None)
    return io.BytesIO(sys.stdin.read().encode()) if stream is None else stream


def _text(line: bytes) -> str:
    """A line as Python has the names of files: bytes that are no UTF-8 are kept."""
    return line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="surrogateescape")


def _spooled(head: bytes, stream: IO[bytes], path: Path) -> str:
    with path.open("wb") as file:
        file.write(head)
        shutil.copyfileobj(stream, file)
    return str(path)
