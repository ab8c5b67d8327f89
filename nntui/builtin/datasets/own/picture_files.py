"""The pictures below a folder, by their names, and how files are told of."""

from __future__ import annotations

import os
from collections.abc import Sequence, Sized
from dataclasses import dataclass, field
from pathlib import Path

from nntui.builtin.datasets.own.look import kind_of
from nntui.hooks.data import Finding
from nntui.hooks.names import written_out
from nntui.hooks.unread import sort_of, what_to_do

SHOWN = 20
"""Places that a finding keeps."""


@dataclass
class Found:
    """The pictures below a folder, in order of names."""

    names: list[str] = field(default_factory=list)
    """From the folder, with slashes."""
    sizes: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """Files that are no pictures by their names."""
    closed: list[str] = field(default_factory=list)
    """What cannot be looked into: folders without permission, links to nowhere."""
    empty: list[str] = field(default_factory=list)
    """Folders with nothing in them."""


def counted(things: Sized, one: str, many: str = "") -> str:
    """ "1 picture", "2,000 pictures"."""
    return f"{len(things):,} {one if len(things) == 1 else many or f'{one}s'}"


def finding(kind: str, message: str, places: Sequence[str]) -> Finding:
    """About some files: counted, and the first listed."""
    assert kind in ("skipped", "warning", "note")
    return Finding(kind=kind, message=message, count=len(places), places=tuple(places[:SHOWN]))  # type: ignore[arg-type]


def others_left_out(names: Sequence[str], kind: str = "note") -> list[Finding]:
    """Of files that are no pictures by their names, and of pictures of a kind that is not read."""
    unread = [name for name in names if sort_of(name) == "picture"]
    others = [name for name in names if sort_of(name) != "picture"]
    found = []
    if unread:
        message = f"{counted(unread, 'picture')} left out: {what_to_do(unread, 'picture')}"
        found.append(finding("skipped", message, [written_out(name) for name in unread]))
    if others:
        message = f"{counted(others, 'file')} left out: no pictures by name"
        found.append(finding(kind, message, [written_out(name) for name in others]))
    return found


def pictures_below(folder: Path, most: int | None = None) -> Found:
    """Every picture in a folder and below it, known by its name; no file is opened. Hidden ones are left out; each
    folder is gone through once, so that links in a circle end. With `most`, about the first so many files alone."""
    found = Found()
    seen: set[tuple[int, int]] = set()
    waiting = [(str(folder), "")]
    while waiting and (most is None or len(found.names) + len(found.others) < most):
        place, prefix = waiting.pop()
        below = _gone_through(place, prefix, found, seen)
        waiting += reversed(below)
    if most is None:  # folders came between files: in order of names
        order = sorted(range(len(found.names)), key=found.names.__getitem__)
        if order != list(range(len(order))):
            found.names = [found.names[i] for i in order]
            found.sizes = [found.sizes[i] for i in order]
            found.times = [found.times[i] for i in order]
    return found


def _gone_through(place: str, prefix: str, found: Found, seen: set[tuple[int, int]]) -> list[tuple[str, str]]:
    """Adds the files of one folder; returns the folders in it, in order."""
    try:
        own = os.stat(place)  # noqa: PTH116 - a string here; 200,000 Paths take a second
        if (own.st_dev, own.st_ino) in seen:
            return []
        seen.add((own.st_dev, own.st_ino))
        with os.scandir(place) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError:
        found.closed.append(prefix.rstrip("/") or place)
        return []
    below = []
    if not entries and prefix:
        found.empty.append(prefix.rstrip("/"))
    for entry in entries:
        if entry.name.startswith((".", "__MACOSX")):
            continue
        name = prefix + entry.name
        try:
            if entry.is_dir():
                below.append((entry.path, f"{name}/"))
            elif not entry.is_file():
                found.closed.append(name)  # a link to nowhere, a pipe
            elif is_picture(entry.name):
                stat = entry.stat()
                found.names.append(name)
                found.sizes.append(stat.st_size)
                found.times.append(stat.st_mtime_ns)
            else:
                found.others.append(name)
        except OSError:
            found.closed.append(name)
    return below


_SUFFIXES: dict[str, bool] = {}


def is_picture(name: str) -> bool:
    """Whether a file's name promises a picture."""
    suffix = name[name.rfind(".") :]
    known = _SUFFIXES.get(suffix)
    if known is None:
        known = _SUFFIXES[suffix] = kind_of(Path(f"x{suffix}")) == "image"
    return known
