"""What can be asked of a run when, and how each state of what was asked reads."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from recorded import BEGUN, events, recorded

from nntui.hooks.errors import UserError
from nntui.runs.commands import Command, Kind
from nntui.runs.events import Commanded, Evaluated, Progress
from nntui.runs.state import RunState, fold, fold_all, fold_command
from nntui.tui.draw.text import text_of
from nntui.tui.steering import (
    asker,
    commands_foot,
    doing,
    epochs_asked,
    further_command,
    rate_asked,
    refusal,
    resume_refusal,
    toggled,
)

NOW = BEGUN + 200.0


@pytest.fixture
def state() -> RunState:
    return fold_all(events(10, 3.4))


def command(kind: str, value: float | None = None, *, by: str = "tui:ada@pts/3", age: float = 0.4) -> Command:
    return Command(id=kind, time=NOW - age, by=by, kind=kind, value=value)


@pytest.mark.parametrize("status", ["starting", "training", "paused", "unknown"])
def test_a_live_run_is_asked(state: RunState, status) -> None:
    assert refusal("pause", "otter", state.vitals, status) is None


@pytest.mark.parametrize(
    ("status", "advice"),
    [("done", "f forks it"), ("stopped", "R trains it further"), ("failed", "R goes on"), ("lost", "R goes on"),
     ("deleted", "q leaves")],
)  # fmt: skip
def test_a_run_that_is_not_live_is_not_asked_and_says_what_to_do(state: RunState, status, advice: str) -> None:
    refused = refusal("stop", "otter", state.vitals, status)
    assert refused is not None
    assert advice in refused.advice
    assert "otter" in refused.error().message


@pytest.mark.parametrize("kind", ["pause", "lr", "lr-scale", "extend", "checkpoint", "probe"])
def test_a_queued_run_can_only_be_stopped(state: RunState, kind: Kind) -> None:
    assert refusal("stop", "otter", state.vitals, "queued") is None
    refused = refusal(kind, "otter", state.vitals, "queued")
    assert refused is not None and "S takes it out" in refused.advice


def test_what_can_be_resumed(tmp_path: Path) -> None:
    folder = recorded(tmp_path)
    assert all(resume_refusal(folder, status) is None for status in ("stopped", "failed", "lost"))
    assert all(resume_refusal(folder, status) for status in ("training", "queued", "done", "deleted", "unknown"))


def test_the_pause_key_undoes_what_was_asked_last(state: RunState) -> None:
    assert toggled(state, "training") == "pause"
    assert toggled(state, "paused") == "resume"
    fold_command(state, command("pause"))
    assert toggled(state, "training") == "resume", "a pause that is asked but not yet met is taken back"


def test_a_command_is_told_from_asked_to_applied(state: RunState) -> None:
    assert commands_foot(state, "training", NOW) == []
    fold_command(state, command("lr-scale", 0.5))
    assert text_of(commands_foot(state, "training", NOW)) == "lr x0.5 asked 0.4 s ago, not yet applied"
    assert "asked 100 s ago" in text_of(commands_foot(state, "training", NOW + 99.6))
    fold(
        state, Commanded(time=NOW, id="lr-scale", command="lr-scale", by="x", step=412, result="applied", value=0.0015)
    )
    told = text_of(commands_foot(state, "training", NOW + 2))
    assert told == "lr x0.5 applied at step 412: the learning rate is 0.0015"
    assert commands_foot(state, "training", NOW + 60) == []


def test_refused_and_expired_say_why(state: RunState) -> None:
    for result in ("refused", "expired"):
        fold_command(state, command("extend", 5))
        met = Commanded(time=NOW, id="extend", command="extend", by="", step=9, result="refused", why="no epochs left")
        fold(state, msgspec.structs.replace(met, result=result))
        assert text_of(commands_foot(state, "training", NOW)) == f"extend 5 {result}: no epochs left"


def test_somebody_elses_command_names_them_and_several_are_counted(state: RunState) -> None:
    fold_command(state, command("pause", by="ctl:grace"))
    fold_command(state, command("checkpoint", by="ctl:gr\x1bace"))
    text = text_of(commands_foot(state, "training", NOW))
    assert "by ctl:gr?ace" in text
    assert "(+1 more)" in text


def test_a_run_that_evaluates_says_that_it_does(state: RunState) -> None:
    fold(state, Progress(time=NOW, step=480, epoch=4.0, loss=0.3, lr=1e-3))
    assert doing(state, "training") == "evaluating"
    fold_command(state, command("pause"))
    assert text_of(commands_foot(state, "training", NOW)).endswith("not yet applied (evaluating)")
    fold(state, Evaluated(time=NOW, step=480, epoch=4.0, split="validation", metrics={"accuracy": 0.9}))
    assert doing(state, "training") == ""
    assert doing(state, "queued") == "waiting for its turn"


def test_asking_of_a_dead_run_is_not_pending(state: RunState) -> None:
    fold_command(state, command("stop"))
    assert commands_foot(state, "lost", NOW) == []


def test_who_asks_is_a_person_at_a_terminal() -> None:
    assert asker("ada", "/dev/pts/3") == "tui:ada@pts/3"
    assert asker("ada", "") == "tui:ada"


def test_learning_rates_as_typed() -> None:
    assert rate_asked(" 1e-3 ") == ("lr", 1e-3)
    assert rate_asked("x0.5") == ("lr-scale", 0.5)
    for text in ("", "x", "fast", "0", "-1", "nan", "inf"):
        with pytest.raises(UserError):
            rate_asked(text)


def test_epochs_as_typed() -> None:
    assert epochs_asked(" 5 ") == 5.0
    for text in ("", "0", "-1", "1.5", "many"):
        with pytest.raises(UserError):
            epochs_asked(text)


def test_the_command_that_is_copied_fits_the_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path))
    folder = recorded(tmp_path)
    assert further_command(folder, "training")[0] == "nntui attach quick-otter-7"
    assert further_command(folder, "lost")[0] == "nntui train --resume quick-otter-7"
    assert further_command(folder, "done")[0].startswith("nntui predict quick-otter-7 ")
    (folder.examples / "index.json").write_text('{"examples": [{"content": "to be, or not"}]}')
    assert further_command(folder, "done")[0] == "nntui predict quick-otter-7 'to be, or not'"


def test_what_is_copied_and_told_reaches_a_run_outside_the_usual_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recorded(tmp_path / "my runs")
    monkeypatch.chdir(tmp_path)
    assert further_command(folder, "training")[0] == "nntui attach 'my runs/quick-otter-7'"
    refused = resume_refusal(folder, "unknown")
    assert refused is not None and "nntui train --resume 'my runs/quick-otter-7' --force" in refused.advice
    monkeypatch.setattr("nntui.runs.shell.program", lambda: ".venv/bin/nntui")  # no environment is active
    assert further_command(folder, "lost")[0] == ".venv/bin/nntui train --resume 'my runs/quick-otter-7'"
