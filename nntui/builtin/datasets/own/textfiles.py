"""A person's text files: which of a folder hold text, and what they say, whatever their encoding."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nntui import UserError
from nntui.builtin.datasets.own.frames import SAMPLE, encoding_of
from nntui.hooks.data import Finding

BEGINNING = 1 << 16
"""Bytes from which a file is taken for text or not."""
CONTROL = 0.01
"""Share of control characters beyond which a file is no text; a log has some, of colours."""
LARGEST = 1 << 30
"""Bytes of one file that are read."""
_PLAIN_CONTROL = frozenset("\t\n\r\f\v\x1b\b\x00")


class NoText(ValueError):
    """A file that holds no text, and why."""


def decoded(data: bytes) -> tuple[str, str]:
    """What bytes say, in NFC and with plain line ends, and what was odd about them ("" for nothing).

    Raises NoText where they are no text.
    """
    if data.startswith(tuple(_BINARY)):
        raise NoText("it is a binary file, whatever its name says")
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not marked and data[:BEGINNING].count(0) > CONTROL * len(data[:BEGINNING]):
        raise NoText("it holds NUL bytes: a binary file, or UTF-16 without its mark; save it as UTF-8")
    odd = ""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding = encoding_of(data[:SAMPLE])
        text = data.decode(encoding, "replace")
        odd = f"it is read as {encoding}, since it is not UTF-8"
        if lost := text.count("\ufffd"):
            odd += f"; {lost:,} bytes of it are not that either"
    text = text[:-1] if text.endswith("\x1a") else text  # how files of DOS ended
    head = text[:BEGINNING]
    control = sum(unicodedata.category(c) == "Cc" and c not in _PLAIN_CONTROL for c in head)
    if control > CONTROL * len(head):
        raise NoText("it holds control characters: a binary file, whatever its name says")
    return normal(text.replace("\r\n", "\n").replace("\r", "\n")), odd


def normal(text: str) -> str:
    """NFC: a letter with its accent is one character, however it was typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


_BINARY = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"%PDF", b"\x1f\x8b", b"RIFF", b"\x7fELF", b"OggS", b"fLaC",
)  # fmt: skip
"""How files of other kinds begin."""


def read_text(path: Path) -> tuple[str, str]:
    """The text of a file, and what was odd about it. Raises NoText or OSError."""
    if not path.is_file():
        raise NoText("it is no file")
    size = path.stat().st_size
    if size > LARGEST:
        raise NoText(f"it has {size:,} bytes; at most {LARGEST:,} are read of one file: divide it")
    return decoded(path.read_bytes())


def looks_like_text(path: Path) -> bool:
    """Whether the beginning of a file, whatever its name, is text."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        # A character may be cut in two where the beginning ends.
        return bool(decoded(head.rsplit(b"\n", 1)[0] if len(head) == 4096 else head)[0].strip())
    except (NoText, OSError):
        return False


@dataclass
class Collected:
    """What is left out or odd, by reason, with the places."""

    skipped: dict[str, list[str]] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def skip(self, why: str, place: str) -> None:
        self.skipped.setdefault(why, []).append(place)

    def warn(self, what: str, place: str) -> None:
        self.warnings.setdefault(what, []).append(place)

    def note(self, what: str, place: str) -> None:
        self.notes.setdefault(what, []).append(place)

    def add(self, finding: Finding, place: str) -> None:
        """What another reader found; `place` where it does not say where."""
        keep = {"skipped": self.skip, "warning": self.warn, "note": self.note}[finding.kind]
        for number in range(finding.count):
            keep(finding.message, finding.places[number] if number < len(finding.places) else place)

    def findings(self) -> tuple[Finding, ...]:
        """As readers report them; of many places the first twenty."""
        return (
            *_findings("skipped", self.skipped),
            *_findings("warning", self.warnings),
            *_findings("note", self.notes),
        )

    @property
    def lost(self) -> int:
        return sum(map(len, self.skipped.values()))


def _findings(kind: str, found: Mapping[str, list[str]]) -> Iterable[Finding]:
    for message, places in found.items():
        yield Finding(kind=kind, message=message, count=len(places), places=tuple(places[:20]))  # type: ignore[arg-type]


def nothing_left(what: str, path: str, collected: Collected, advice: str) -> UserError:
    """The error where no row is left, with what was skipped."""
    told = [f"skipped: {finding.in_words()}" for finding in collected.findings() if finding.kind == "skipped"]
    return UserError(f"{path}: {what}", advice="\n".join([*told[:5], advice]))
