"""Pipes and devices: what has the name of a file, but can be read once at most, and may never end."""

from __future__ import annotations

import stat
from pathlib import Path

from nntui.hooks.errors import UserError

STREAM = "it is a pipe or a device, which can be read but once; write what comes out of it into a file"


def is_stream(path: str) -> bool:
    """Whether a pipe, a socket or a device lies there."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):  # not there, or no name that a file can have
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def refuse_stream(path: str) -> None:
    """Raises UserError where one lies there: whoever opened it might wait for ever."""
    if is_stream(path):
        raise UserError(f"{path}: {STREAM}")
