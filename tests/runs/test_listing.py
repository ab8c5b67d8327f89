"""A list of runs that is looked at again and again shows what is, and reads only what has changed."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from made_events import planned, progress, started

from nntui.hooks.errors import UserError
from nntui.runs import listing as module
from nntui.runs.events import Finished
from nntui.runs.folder import RunFolder, create_run, list_runs
from nntui.runs.listing import Listing
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter
from nntui.runs.notes import write_note


def make(root: Path, name: str, *events, begun: float) -> RunFolder:
    """A run that was last written to a minute ago."""
    folder = create_run(root, name)
    with EventWriter(folder.events, clock=lambda: begun) as writer:
        for event in (started(), planned(), *events):
            writer.append(event)
    settle(folder)
    return folder


def settle(folder: RunFolder) -> None:
    then = time.time() - 60
    os.utime(folder.events, (then, then))


@pytest.fixture
def root(tmp_path) -> Path:
    done = Finished(step=10, status="done")
    make(tmp_path, "first", progress(10), done, begun=1000.0)
    make(tmp_path, "second", progress(10), done, begun=2000.0)
    make(tmp_path, "third", progress(5), begun=3000.0)
    return tmp_path


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """Names of the runs that were read."""
    names: list[str] = []
    real = module.load_row

    def load(folder: RunFolder):
        names.append(folder.name)
        return real(folder)

    monkeypatch.setattr(module, "load_row", load)
    return names


def names(rows) -> list[str]:
    return [row.folder.name for row in rows]


def settled(root: Path) -> Listing:
    """A listing that has looked once."""
    listing = Listing(root)
    listing.refresh()
    return listing


def test_it_shows_what_the_list_of_runs_shows(root):
    (root / "no run").mkdir()
    (root / ".hidden").mkdir()
    (root / "file").write_text("x")
    listing = Listing(root)
    rows = listing.refresh()
    assert names(rows) == [folder.name for folder in list_runs(root)] == ["third", "second", "first"]
    assert [row.status for row in rows] == ["lost", "done", "done"]
    assert listing.changed == {"first", "second", "third"} and listing.gone == frozenset()


def test_nothing_is_read_while_nothing_changes(root, read):
    listing = settled(root)
    before = listing.refresh()
    read.clear()
    assert listing.refresh() == before and read == [] and listing.changed == frozenset()


def test_what_changes_is_read_and_nothing_else(root, read):
    listing = settled(root)
    read.clear()
    with EventWriter(root.joinpath("first", "events.jsonl")) as writer:
        writer.append(progress(11))
    rows = listing.refresh()
    assert read == ["first"] and listing.changed == {"first"}
    assert rows[-1].summary.vitals.step == 11 and rows[-1].status == "lost"


def test_a_note_and_a_new_run_are_seen(root):
    listing = settled(root)
    write_note(RunFolder(root / "second"), "look here")
    create_run(root, "new")
    rows = listing.refresh()
    assert names(rows)[0] == "new" and rows[0].status == "starting"
    assert listing.changed == {"second", "new"}
    assert next(row for row in rows if row.folder.name == "second").note == "look here"


def test_a_run_that_dies_is_seen_though_it_writes_nothing(root):
    with RunLock(RunFolder(root / "third")):
        listing = settled(root)
        assert listing.refresh()[0].status == "training"
    assert listing.refresh()[0].status == "lost" and listing.changed == {"third"}


def test_deleted_runs_go_and_may_go_while_they_are_read(root, monkeypatch):
    listing = settled(root)
    shutil.rmtree(root / "second")
    assert names(listing.refresh()) == ["third", "first"] and listing.gone == {"second"}
    real = module.load_row

    def vanishes(folder: RunFolder):
        shutil.rmtree(folder.path)
        return real(folder)

    monkeypatch.setattr(module, "load_row", vanishes)
    with EventWriter(root.joinpath("first", "events.jsonl")) as writer:
        writer.append(progress(12))
    assert names(listing.refresh()) == ["third"] and listing.gone == {"first"}


def test_a_renamed_run_is_one_gone_and_one_new(root):
    listing = settled(root)
    root.joinpath("first").rename(root / "fourth")
    assert names(listing.refresh()) == ["third", "second", "fourth"]
    assert (listing.changed, listing.gone) == ({"fourth"}, {"first"})


def test_a_change_within_the_clocks_grain_is_not_missed(root):
    """A file may change twice within one tick of its times: what changed just now is looked at again."""
    listing = settled(root)
    folder = RunFolder(root / "first")
    folder.note.write_text("one")
    found = folder.note.stat()
    listing.refresh()
    folder.note.write_text("two")
    os.utime(folder.note, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert listing.refresh()[-1].note == "two"


def test_a_folder_that_is_missing_is_empty_and_one_that_is_none_is_told(tmp_path):
    assert Listing(tmp_path / "none").refresh() == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot be listed"):
        Listing(tmp_path / "file").refresh()
