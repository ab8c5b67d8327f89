"""On which line of a TOML text each key stands: what tomllib does not tell and errors must name."""

from __future__ import annotations

import re
import tomllib
from typing import Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SPACE: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")
_STRINGS: Final = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


def lines_of_keys(text: str) -> dict[str, int]:
    """The line, from 1, of each table and key by its dotted name. `text` must be TOML that tomllib has read."""
    return _Scanner(text).document()


class _Scanner:
    """Walks over valid TOML; it tells keys from values and nothing more."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[str, int] = {}
        self.line = 1
        self.counted = 0

    def document(self) -> dict[str, int]:
        table: tuple[str, ...] = ()
        while self.skip(_SPACE) and self.at < len(self.text):
            if self.text[self.at] == "[":
                brackets = 2 if self.text.startswith("[[", self.at) else 1
                self.at += brackets
                table = self.key(())
                self.skip(_SPACE)
                self.at += brackets
            else:
                self.pair(table)
        return self.found

    def skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return match is not None

    def key(self, table: tuple[str, ...]) -> tuple[str, ...]:
        """A dotted key, from its first part to behind its last; noted with its line."""
        parts = list(table)
        while True:
            self.skip(_SPACE)
            start = self.at
            if self.text[start] in "\"'":
                self.string()
                parts.append(str(tomllib.loads(f"key = {self.text[start : self.at]}")["key"]))
            else:
                self.skip(_BARE)
                parts.append(self.text[start : self.at])
            self.line += self.text.count("\n", self.counted, start)
            self.counted = start
            self.found.setdefault(".".join(parts), self.line)
            self.skip(_SPACE)
            if self.text[self.at : self.at + 1] != ".":
                return tuple(parts)
            self.at += 1

    def pair(self, table: tuple[str, ...]) -> None:
        key = self.key(table)
        self.at += 1  # "="
        self.value(key)

    def string(self) -> None:
        for pattern in _STRINGS:
            if self.skip(pattern):
                return
        raise ValueError(f"no string at character {self.at}")  # not TOML that tomllib has read

    def value(self, key: tuple[str, ...]) -> None:
        self.skip(_SPACE)
        first = self.text[self.at]
        if first in "\"'":
            self.string()
        elif first == "{":
            self.members("}", key)
        elif first == "[":
            self.members("]", key)
        else:
            self.skip(_SCALAR)

    def members(self, end: str, key: tuple[str, ...]) -> None:
        """The inside of an inline table (pairs) or an array (values)."""
        self.at += 1
        while self.skip(_SPACE):
            if self.text[self.at] == end:
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
            elif end == "}":
                self.pair(key)
            else:
                self.value(key)
