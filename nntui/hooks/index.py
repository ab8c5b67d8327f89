"""The index: what each plugin contributes, kept in the cache so that lists, help and forms import no plugin.

One JSON file for each plugin, below `cache_dir()/plugins`. An entry holds for as long as its key does
(`discovery.key`); one that tells of a failure only until something is installed or an hour has passed. A cache that
is corrupt or cannot be written costs time, never an answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nntui.hooks.children import ask, time_limit
from nntui.hooks.discovery import Found, key, surroundings
from nntui.hooks.names import well_formed
from nntui.hooks.places import cache_dir, write_atomically

INDEX_VERSION = 1
_RETRY_FAILED = 3600.0
_KEPT = 6
"""Entries of one plugin that are kept: its versions, the environments that it is installed in."""


@dataclass(frozen=True, kw_only=True)
class Indexed:
    """What is known of a plugin without importing it."""

    status: str
    """ok | failed | unknown-hook"""
    message: str = ""
    advice: str = ""
    traceback: str = ""
    seconds: float = 0.0
    """Seconds that its import took."""
    torch: bool = False
    """Whether that import brought torch in."""
    entries: tuple[dict[str, Any], ...] = ()
    """As `declared.declare` writes them."""


def indexed(plugins: Iterable[Found], *, fresh: bool = False) -> dict[Found, Indexed]:
    """What each plugin contributes, from the index where it is there, and else from a process that imports it.

    `fresh` asks every plugin anew.
    """
    plugins = tuple(plugins)
    keys = {found: key(found) for found in plugins}
    known = {} if fresh else {found: item for found in plugins if (item := _read(found, keys[found])) is not None}
    missing = [found for found in plugins if found not in known]
    if missing:
        for found, answer in ask("index", missing).items():
            _write(found, keys[found], answer)
            known[found] = _from_answer(answer)
    return {found: known[found] for found in plugins}


def remembered(plugin: str) -> list[dict[str, Any]]:
    """Earlier entries of the index, newest first: of one plugin, or of all ("").

    They tell what an absent or a disabled plugin used to contribute: plugin, distribution, version, entries.
    """
    pattern = f"{plugin}--*.json" if plugin else "*.json"
    found: list[tuple[float, dict[str, Any]]] = []
    try:
        for file in _folder().glob(pattern):
            record = _record(file)
            if record is not None and record.get("status") == "ok":
                found.append((float(record.get("made", 0.0)), record))
    except OSError:
        return []
    return [record for _, record in sorted(found, key=lambda pair: -pair[0])]


def forget(plugin: str) -> None:
    """Drop what the index says of a plugin, so that it is looked at again."""
    for file in _folder().glob(f"{plugin}--*.json"):
        file.unlink(missing_ok=True)


def _folder() -> Path:
    return cache_dir() / "plugins"


def _file(found: Found, hashed: str) -> Path:
    name = found.plugin if well_formed(found.plugin) else "unnamed"
    return _folder() / f"{name}--{hashed[:20]}.json"


def _record(file: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # absent, unreadable, torn or not JSON: as if it were not there
        return None
    return record if isinstance(record, dict) and record.get("index") == INDEX_VERSION else None


def _read(found: Found, hashed: str) -> Indexed | None:
    record = _record(_file(found, hashed))
    if record is None or record.get("key") != hashed:
        return None
    if record.get("status") != "ok":
        age = time.time() - float(record.get("made", 0.0))
        patience = record.get("limit", 0.0) >= time_limit()  # else it is given more time now than it had
        fresh = patience and 0 <= age < _RETRY_FAILED and record.get("surroundings") == surroundings()
        if found.builtin or not fresh:
            return None
    try:
        return _from_answer(record)
    except (KeyError, TypeError):  # written by something else
        return None


def _from_answer(answer: dict[str, Any]) -> Indexed:
    return Indexed(
        status=answer["status"],
        message=answer["message"],
        advice=answer["advice"],
        traceback=answer["traceback"],
        seconds=answer["seconds"],
        torch=answer["torch"],
        entries=tuple(answer["entries"]),
    )


def _write(found: Found, hashed: str, answer: dict[str, Any]) -> None:
    record = {
        "index": INDEX_VERSION,
        "key": hashed,
        "plugin": found.plugin,
        "distribution": found.distribution,
        "version": found.version,
        "made": time.time(),
        "surroundings": surroundings(),
        "limit": time_limit(),
        **answer,
    }
    file = _file(found, hashed)
    try:
        write_atomically(file, json.dumps(record))
        older = sorted(file.parent.glob(f"{found.plugin}--*.json"), key=lambda f: f.stat().st_mtime, reverse=True)
        for stale in older[_KEPT:]:
            stale.unlink(missing_ok=True)
    except OSError:
        pass  # a read-only or full cache: the next process asks again
