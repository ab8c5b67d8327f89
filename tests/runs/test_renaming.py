"""A renamed run is the same run; notes are a person's own."""

from __future__ import annotations

import tomllib

import pytest
from click.testing import CliRunner
from made_events import progress, started

from nntui.cli.runs import command
from nntui.hooks.errors import UserError
from nntui.runs.attach import load_state
from nntui.runs.folder import RunFolder, create_run, list_runs
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter
from nntui.runs.notes import NOTE_BYTES, read_note, write_note
from nntui.runs.renaming import forks_of, rename_run
from nntui.runs.summary import load_row


def fork_of(parent: RunFolder, name: str) -> RunFolder:
    fork = create_run(parent.path.parent, name)
    fork.run_toml.write_text(f'# mine\n[origin]\nparent = "{parent.path.resolve()}"\nat = "best" # the best\n')
    return fork


def parent_of(fork: RunFolder) -> str:
    return tomllib.loads(fork.run_toml.read_text())["origin"]["parent"]


def test_a_run_is_found_under_its_new_name_alone(folder):
    with EventWriter(folder.events) as writer:
        writer.append(started())
        writer.append(progress(5))
    renamed = rename_run(folder, "better")
    assert [run.name for run in list_runs(folder.path.parent)] == ["better"]
    assert load_state(renamed).vitals.step == 5 and load_row(renamed).status == "lost"
    assert rename_run(renamed, "better") == renamed


def test_forks_are_told_and_live_ones_left_alone(folder):
    fork, live = fork_of(folder, "fork"), fork_of(folder, "live")
    stranger = fork_of(RunFolder(folder.path.parent / "quick-otter-70"), "stranger")
    before = folder.path.resolve()
    with RunLock(live):
        renamed = rename_run(folder, "better")
    assert parent_of(fork) == str(renamed.path.resolve()) and "# the best" in fork.run_toml.read_text()
    assert parent_of(live) == str(before) and parent_of(stranger) == f"{before}0"
    assert forks_of(before, folder.path.parent) == [live]


def test_a_live_run_keeps_its_name(folder):
    with RunLock(folder), pytest.raises(UserError, match="is live"):
        rename_run(folder, "better")
    assert folder.exists() and not (folder.path.parent / "better").exists()


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "x" * 65])
def test_a_name_that_cannot_be_one_is_refused(folder, name):
    with pytest.raises(UserError, match="cannot be a run's name"):
        rename_run(folder, name)
    assert folder.exists()


def test_a_taken_name_is_refused_also_by_an_empty_folder(folder):
    other = create_run(folder.path.parent, "taken")
    (folder.path.parent / "empty").mkdir()
    for name in ("taken", "empty"):
        with pytest.raises(UserError, match="there is a run named"):
            rename_run(folder, name)
    assert folder.exists() and other.exists()


def test_a_link_is_not_renamed(folder):
    link = folder.path.with_name("link")
    link.symlink_to(folder.path)
    with pytest.raises(UserError, match="is a link"):
        rename_run(RunFolder(link), "better")


def test_a_note_is_kept_shown_and_taken_away(folder):
    assert read_note(folder) == load_row(folder).note == ""
    write_note(folder, "  wider hidden layers\nmore words\n")
    assert read_note(folder) == "wider hidden layers\nmore words"
    assert load_row(folder).note == "wider hidden layers"
    write_note(folder, " ")
    assert not folder.note.exists()


def test_any_file_is_read_as_a_note(folder):
    folder.note.write_bytes(b"\xff[bold]\x1b[31m")
    assert read_note(folder) == "�[bold]\x1b[31m"
    with pytest.raises(UserError, match="too long"):
        write_note(folder, "x" * NOTE_BYTES)


def said(*words: str) -> str:
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_commands_rename_and_note(folder):
    runs = ("--runs", str(folder.path.parent))
    live = fork_of(folder, "live")
    with RunLock(live):
        told = said("rename", "quick-otter-7", "better", *runs)
    assert "quick-otter-7 is now better" in told and "live" in told
    said("note", "better", "mind\x1b[2J this", *runs)
    assert said("note", "better", *runs) == "mind this\n"
    assert "mind this" in said("list", *runs)
    said("note", "better", "", *runs)
    assert said("note", "better", *runs) == "" and "note" not in said("list", *runs)
