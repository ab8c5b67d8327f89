"""Which runs train on this machine now: they share its cores."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from nntui.runs.folder import RunFolder, list_runs
from nntui.runs.lock import Live, probe_lock

_TAIL = 4096


class _Last(msgspec.Struct):
    type: str = ""
    after: str = ""


_last = msgspec.json.Decoder(_Last)


def live_runs(root: Path) -> list[RunFolder]:
    """The runs in `root` that train here now. One that waits its turn does not."""
    return [run for run in list_runs(root) if isinstance(probe_lock(run), Live) and not waits(run)]


def others_live(folder: RunFolder) -> int:
    """How many runs beside `folder` train on this machine now."""
    return sum(run.path != folder.path for run in live_runs(folder.path.parent))


def waits(folder: RunFolder) -> bool:
    """Whether the last thing that the run told is that it is queued: whatever it writes next ends the wait."""
    return _last_told(folder).type == "queued"


def waits_for(folder: RunFolder) -> str:
    """Name of the run that a queued one waits for; "" where it does not wait."""
    last = _last_told(folder)
    return last.after if last.type == "queued" else ""


def _last_told(folder: RunFolder) -> _Last:
    try:
        with folder.events.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            tail = os.pread(file.fileno(), _TAIL, max(size - _TAIL, 0))
    except OSError:
        return _Last()
    try:
        return _last.decode(tail.strip(b"\n").rpartition(b"\n")[2])
    except (ValueError, RecursionError):
        return _Last()
