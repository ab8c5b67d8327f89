"""Whether the code on disk is still what a process has imported."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from nntui._version import __version__
from nntui.hooks import settings
from nntui.hooks.discovery import installed, key

_APART = frozenset({"tui", "cli", "__pycache__"})
"""Folders of nntui that a process which trains imports nothing from."""


def code_stamp() -> str:
    """Changes when nntui's engine, or a plugin (installed, removed, edited, disabled), changes on disk.

    Some hundred `stat` calls and the metadata of the plugins: tens of milliseconds.
    """
    facts = [__version__, _sources(), [key(found) for found in installed()], sorted(settings.disabled())]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _sources() -> list[tuple[str, int, int]]:
    house = Path(__file__).parents[1]
    found: list[tuple[str, int, int]] = []
    for parent, folders, names in os.walk(house):
        folders[:] = sorted(set(folders) - _APART)
        for name in sorted(names):
            if name.endswith(".py"):
                try:
                    status = os.stat(os.path.join(parent, name))  # noqa: PTH116, PTH118 - a few hundred at once
                except OSError:  # went away between listing and looking
                    continue
                found.append((f"{parent}/{name}", status.st_mtime_ns, status.st_size))
    return found
