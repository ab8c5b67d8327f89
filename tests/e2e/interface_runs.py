"""Runs for tests of the interface, and what is true of one that nobody disturbs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from processes import events_of, wait_for

from nntui.hooks.registry import registry
from nntui.runs.creating import new_run
from nntui.runs.events import Finished, Progress
from nntui.runs.folder import RunFolder
from nntui.runs.lock import Live, probe_lock
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.tables import from_keywords

ENDLESS = 1_000_000
"""Epochs of a run that trains until it is stopped."""


def run_in(root: Path, name: str, **settings: Any) -> RunFolder:
    """A run folder, not begun, from keywords as `nntui.train` takes them."""
    spec = resolve_said(Said(tree=from_keywords(settings)), registry()).spec
    return new_run(spec, root, name)


def is_live(folder: RunFolder) -> bool:
    return isinstance(probe_lock(folder), Live)


def steps(folder: RunFolder) -> int:
    """The newest step that it told of."""
    return max((event.step for event in events_of(folder) if isinstance(event, Progress)), default=0)


def goes_on(folder: RunFolder) -> None:
    """Waits until it has trained further; fails where it does not."""
    before = steps(folder)
    try:
        wait_for(lambda: steps(folder) > before)
    except AssertionError as error:
        said = folder.log.read_text(errors="replace") if folder.log.exists() else ""
        raise AssertionError(f"{error} for a step after {before}; it said: {said}") from None
    assert is_live(folder)


def whole(folder: RunFolder) -> None:
    """No event lost or doubled: numbered without a gap; and none after the end."""
    events = events_of(folder)
    assert [event.seq for event in events] == list(range(len(events)))
    assert sum(isinstance(event, Finished) for event in events) == 1
    assert isinstance(events[-1], Finished)
