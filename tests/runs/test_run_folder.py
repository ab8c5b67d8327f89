"""Run folders are made exclusively, found by what a person types, and removed whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_events import started

from nntui.hooks.errors import UserError
from nntui.runs.durable import write_atomic
from nntui.runs.events import EVENTS_VERSION
from nntui.runs.folder import RunFolder, create_run, find_run, folder_size, list_runs, remove_run, runs_root
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter
from nntui.runs.names import ADJECTIVES, ANIMALS


def begin(root: Path, name: str, time: float) -> RunFolder:
    folder = create_run(root, name)
    with EventWriter(folder.events, clock=lambda: time) as writer:
        writer.append(started())
    return folder


def test_the_root_is_the_flag_then_the_variable_then_runs_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNTUI_RUNS", raising=False)
    assert runs_root(None) == tmp_path / "runs"
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path / "elsewhere"))
    assert runs_root(None) == tmp_path / "elsewhere"
    assert runs_root("mine") == tmp_path / "mine"
    assert runs_root("~nobody-by-this-name/x") == tmp_path / "~nobody-by-this-name/x"


def test_a_made_up_name_can_be_said_aloud_and_is_never_given_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("nntui.runs.folder.made_up", iter(["calm-heron-6", "calm-heron-6", "odd-lynx-5"]).__next__)
    assert [create_run(tmp_path, None).name for _ in range(2)] == ["calm-heron-6", "odd-lynx-5"]
    monkeypatch.undo()
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d{1,2}", create_run(tmp_path, None).name)


def test_made_up_names_do_not_follow_a_seeded_engine():
    import random

    from nntui.runs.names import made_up

    names = set()
    for _ in range(20):
        random.seed(0)
        names.add(made_up())
    assert len(names) > 1


def test_every_made_up_name_may_be_given():
    from nntui.runs.names import check_name

    assert len(set(ADJECTIVES)) == len(ADJECTIVES) and len(set(ANIMALS)) == len(ANIMALS)
    for word in (*ADJECTIVES, *ANIMALS):
        assert check_name(word) == word and word.isalpha()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", ".hidden", "a b", "é", "x" * 65, "a\n"])
def test_a_name_that_is_none_is_refused(tmp_path, name):
    with pytest.raises(UserError, match="cannot be a run's name"):
        create_run(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_taken_name_is_refused_and_left_alone(tmp_path):
    first = create_run(tmp_path, "mine")
    first.events.write_text("precious")
    with pytest.raises(UserError, match="there is a run named mine"):
        create_run(tmp_path, "mine")
    assert first.events.read_text() == "precious"


def test_a_root_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be made") as error:
        create_run(tmp_path / "file" / "runs", None)
    assert "--runs" in error.value.advice


def test_the_mode_of_a_run_follows_the_umask(tmp_path):
    script = (
        "import os, sys; os.umask(0o027); from pathlib import Path; from nntui.runs.folder import create_run;"
        "from nntui.runs.checkpoints import write_checkpoint; f = create_run(Path(sys.argv[1]), 'r');"
        "write_checkpoint(f, 1, {'model.safetensors': b'x'})"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path], check=True)
    checkpoint = tmp_path / "r" / "checkpoints" / "step-00000001"
    assert checkpoint.stat().st_mode & 0o777 == 0o750
    for path in (checkpoint / "model.safetensors", checkpoint / "manifest.json", checkpoint.parent / "last"):
        assert path.stat().st_mode & 0o777 == 0o640


def test_runs_are_listed_the_one_begun_last_first(tmp_path):
    begin(tmp_path, "b", 2000)
    begin(tmp_path, "a", 3000)
    begin(tmp_path, "c", 1000)
    (tmp_path / "not-a-run").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / ".removing-x").mkdir()
    (tmp_path / ".removing-x" / "events.jsonl").write_text("")
    assert [f.name for f in list_runs(tmp_path)] == ["a", "b", "c"]
    assert list_runs(tmp_path / "none") == []


def test_a_copied_run_keeps_its_place(tmp_path):
    begin(tmp_path, "old", 1000)
    begin(tmp_path, "new", 2000)
    shutil.copytree(tmp_path / "old", tmp_path / "copied")
    assert [f.name for f in list_runs(tmp_path)] == ["new", "copied", "old"]


def test_a_run_is_found_by_name_prefix_path_and_age(tmp_path, monkeypatch):
    root = tmp_path / "runs"
    otter, heron = begin(root, "quick-otter-7", 2000), begin(root, "calm-heron-6", 1000)
    monkeypatch.chdir(tmp_path)
    assert find_run("calm-heron-6", root) == heron
    assert find_run("qu", root) == otter
    assert find_run(None, root) == otter
    assert find_run("runs/calm-heron-6", tmp_path / "elsewhere") == heron
    assert find_run(str(heron.path), tmp_path / "elsewhere") == heron
    monkeypatch.chdir(root)
    assert find_run("calm-heron-6", tmp_path / "elsewhere") == heron
    assert find_run("./calm-heron-6", tmp_path / "elsewhere").path == heron.path


def test_a_whole_name_goes_before_longer_ones(tmp_path):
    begin(tmp_path, "run", 1)
    begin(tmp_path, "run-2", 2)
    assert find_run("run", tmp_path).name == "run"
    with pytest.raises(UserError, match="2 runs begin with 'ru'") as error:
        find_run("ru", tmp_path)
    assert error.value.suggestions == ["run-2", "run"] or error.value.suggestions == ("run-2", "run")


def test_a_misspelt_run_is_suggested(tmp_path):
    begin(tmp_path, "quick-otter-7", 1)
    with pytest.raises(UserError, match="there is no run named 'quick-oter-7'") as error:
        find_run("quick-oter-7", tmp_path)
    assert tuple(error.value.suggestions) == ("quick-otter-7",)


@pytest.mark.parametrize("text", ["", "/", "/nowhere/x", "..", "a\0b", "no/such", "~nobody-by-this-name"])
def test_what_is_no_run_is_an_error_in_words(tmp_path, text, monkeypatch):
    monkeypatch.chdir(tmp_path)
    begin(tmp_path, "quick-otter-7", 1)
    with pytest.raises(UserError, match="no run"):
        find_run(text, tmp_path)


def test_without_runs_the_newest_is_an_error_in_words(tmp_path):
    with pytest.raises(UserError, match="there is no run in"):
        find_run(None, tmp_path / "none")


def test_a_prefix_may_be_refused(tmp_path):
    begin(tmp_path, "quick-otter-7", 1)
    with pytest.raises(UserError, match="no run named 'quick'") as error:
        find_run("quick", tmp_path, prefix=False)
    assert tuple(error.value.suggestions) == ("quick-otter-7",)


def test_a_run_of_a_later_format_names_the_nntui_that_it_needs(tmp_path):
    folder = begin(tmp_path, "later", 1)
    with EventWriter(folder.events) as writer:
        writer.append(started(version=EVENTS_VERSION + 1, nntui="9.1"))
    with pytest.raises(UserError, match=r"written by nntui 9\.1") as error:
        find_run("later", tmp_path)
    assert "nntui>=9.1" in error.value.advice


def test_garbage_in_the_events_does_not_hide_a_run(tmp_path):
    folder = begin(tmp_path, "torn", 1)
    with folder.events.open("ab") as file:
        file.write(b'{"type":"started",\n{"type":"started","version":"x"}\n\x00\xff\n{"type":"started",')
    assert find_run("torn", tmp_path) == folder


def test_a_removed_run_leaves_nothing_and_says_its_size(tmp_path):
    folder = begin(tmp_path, "gone", 1)
    folder.examples.mkdir()
    (folder.examples / "0.png").write_bytes(b"x" * 5000)
    assert remove_run(folder) >= 5000
    assert list(tmp_path.iterdir()) == []


def test_a_live_run_is_never_removed(tmp_path):
    folder = begin(tmp_path, "live", 1)
    with RunLock(folder):
        size = folder_size(folder.path)
        for force in (False, True):
            with pytest.raises(UserError, match="live is live"):
                remove_run(folder, force=force)
        assert folder_size(folder.path) == size


def test_what_a_crash_left_half_removed_is_no_run_and_is_swept_up(tmp_path):
    left = begin(tmp_path, "left", 1)
    left.path.rename(tmp_path / ".removing-left-abcd")
    folder = begin(tmp_path, "other", 2)
    assert list_runs(tmp_path) == [folder]
    remove_run(folder)
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_a_run_is_not_removed(tmp_path):
    folder = begin(tmp_path, "real", 1)
    (tmp_path / "link").symlink_to(folder.path)
    with pytest.raises(UserError, match="is a link"):
        remove_run(RunFolder(tmp_path / "link"))
    assert folder.exists()


def test_only_runs_are_removed(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years")
    with pytest.raises(UserError, match="is not a run"):
        remove_run(RunFolder(tmp_path / "home"))
    assert (tmp_path / "home" / "thesis.tex").exists()


def test_an_atomic_write_replaces_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "pointer"
    write_atomic(path, b"old")
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"

    def refuse(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"newer")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["pointer"]
