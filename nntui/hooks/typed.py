"""Paths as a person types them, also half typed: whatever is wrong with one is a `UserError`."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Literal

from nntui.hooks.errors import UserError

_TOLD = 60
"""Characters of a path that a message repeats."""


def typed_path(text: str) -> Path:
    """The path that `text` names, with a home folder for `~`. Does not look whether anything is there.

    Raises UserError for the home of somebody whom this system does not know, and for what no path can hold.
    """
    if "\0" in text:
        raise UserError(f"{_short(text)} cannot be a path: it holds a NUL character")
    try:
        path = Path(text).expanduser()
        os.fsencode(path)
    except RuntimeError:
        who = text.partition(os.sep)[0]
        raise UserError(
            f"there is nobody called {_short(who[1:])} here, so {_short(who)} is no folder",
            advice=f"./{_short(who)} names a file or folder that is called so",
        ) from None
    except UnicodeError:
        raise UserError(f"{_short(text)} cannot be a path: it holds a character that no file name can") from None
    return path


def what_is_at(path: Path) -> Literal["folder", "file", ""]:
    """What is at a path; "" where nothing is. Raises UserError where that cannot be told."""
    try:
        return "folder" if stat.S_ISDIR(path.stat().st_mode) else "file"
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError) as error:
        raise unreachable(path, error) from None


def names_in(folder: Path) -> list[tuple[str, bool]]:
    """What is in a folder, sorted: each name, and whether it is a folder. Raises UserError where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return sorted((entry.name, _is_folder(entry)) for entry in found)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        raise unreachable(folder, error) from None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or to where we may not look
        return False


def unreachable(path: Path, error: Exception) -> UserError:
    """What to say of a path that the system refuses."""
    why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return UserError(f"{_short(str(path))} cannot be looked at: {why}")


def _short(text: str) -> str:
    return text if len(text) <= _TOLD else f"{text[: _TOLD - 3]}..."
