"""Files that people have and nobody here reads, by their endings, and what to do with them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Literal

Sort = Literal["picture", "sound", "table", "text", "archive"]

_ENDINGS: dict[Sort, tuple[str, ...]] = {
    "picture": (".heic", ".heif", ".avif", ".jxl", ".raw", ".cr2", ".nef", ".dng", ".svg"),
    "sound": (".m4a", ".aac", ".wma", ".amr", ".caf", ".mp4", ".mov"),
    "table": (".xlsx", ".xls", ".ods", ".numbers"),
    "text": (".pdf", ".docx", ".doc", ".odt", ".epub"),
    "archive": (".zip", ".tar", ".tgz", ".7z", ".rar"),
}
_DO: dict[Sort, str] = {
    "picture": "export as JPEG or PNG",
    "sound": "save as WAV, FLAC or MP3",
    "table": "save the sheet as CSV, in the program that it is of",
    "text": "save as plain text (.txt)",
    "archive": "unpack it, and name the folder",
}
_SORT = {ending: sort for sort, endings in _ENDINGS.items() for ending in endings}


def sort_of(name: str) -> Sort | None:
    """What a file's name promises that is not read; None where it promises nothing of the kind."""
    return _SORT.get(PurePath(name).suffix.lower())


def what_to_do(names: Iterable[str], sort: Sort | None = None) -> str:
    """ "HEIC cannot be read: export as JPEG or PNG", of those names that promise what is not read (of one `sort`, where
    that is given); "" where none does."""
    found: dict[Sort, set[str]] = {}
    for name in names:
        known = sort_of(name)
        if known is not None and sort in (None, known):
            found.setdefault(known, set()).add(PurePath(name).suffix[1:].upper())
    return "; ".join(f"{', '.join(sorted(forms))} cannot be read: {_DO[known]}" for known, forms in found.items())
