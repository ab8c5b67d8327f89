"""A run is asked what the keys of its screen say, and the screen says what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from made_runs import until
from recorded import write
from run_pilot import asked, opened, says, shown, told

from nntui.runs.commands import Command
from nntui.runs.events import Commanded, Finished, Paused, Planned, Progress, Queued
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.lock import RunLock
from nntui.tui.screens.ask_stop import AskStop
from nntui.tui.widgets.options import Options


@pytest.fixture(autouse=True)
def _no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNTUI_PLUGINS", "")


def answer(folder: RunFolder, command: Command, result: str, **more: object) -> None:
    """What an engine writes of a command."""
    event = {"id": command.id, "command": command.kind, "by": command.by, "step": 409, "result": result, **more}
    write(folder, [Commanded(time=time.time(), **event)])  # type: ignore[arg-type]


async def test_keys_ask_of_a_live_run_what_they_say(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training")
        await pilot.press("plus", "minus", "c", "space")
        await until(pilot, lambda: len(asked(live)) == 4)
        found = [(command.kind, command.value) for command in asked(live)]
        assert found == [("lr-scale", 1.5), ("lr-scale", 0.67), ("checkpoint", None), ("pause", None)]
        assert all("@" in command.by or command.by.startswith("tui:") for command in asked(live))


async def test_what_is_asked_is_shown_as_asked_then_as_applied(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training")
        await pilot.press("minus")
        await says(pilot, "lr x0.67 asked")
        assert "not yet applied" in shown(pilot)
        answer(live, asked(live)[0], "applied", value=0.0019)
        await says(pilot, "lr x0.67 applied at step 409: the learning rate is 0.0019")


async def test_what_is_refused_says_why(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training")
        await pilot.press("plus")
        await until(pilot, lambda: len(asked(live)) == 1)
        answer(live, asked(live)[0], "refused", why="the schedule is at its zero end")
        await says(pilot, "lr x1.5 refused: the schedule is at its zero end")


async def test_what_somebody_else_asks_is_shown_with_who(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training")
        command = Command(id="z", time=time.time(), by="ctl:grace", kind="pause")
        with live.commands.open("ab") as file:
            file.write(msgspec.json.encode(command) + b"\n")
        await says(pilot, "pause asked")
        assert "by ctl:grace" in shown(pilot)


async def test_space_resumes_a_paused_run(live: RunFolder) -> None:
    write(live, [Paused(time=time.time(), step=408)])
    async with opened(live) as pilot:
        await says(pilot, "paused at step 408; space goes on")
        await says(pilot, "space resume")
        await pilot.press("space")
        await until(pilot, lambda: [command.kind for command in asked(live)] == ["resume"])


async def test_a_paused_run_tells_its_new_learning_rate_before_it_goes_on(live: RunFolder) -> None:
    write(live, [Paused(time=time.time(), step=408)])
    async with opened(live) as pilot:
        await says(pilot, "paused at step 408")
        await pilot.press("plus")
        await until(pilot, lambda: len(asked(live)) == 1)
        answer(live, asked(live)[0], "applied", value=0.0019)
        await says(pilot, "lr 1.90e-3")


async def test_the_learning_rate_is_set_to_a_value_that_is_typed(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training")
        await pilot.press("l")
        await says(pilot, "Learning rate of quick-otter-7")
        await pilot.press("ctrl+u", *"zero", "enter")
        await says(pilot, "is no number")
        await pilot.press("ctrl+u", *"2e-4", "enter")
        await until(pilot, lambda: [(c.kind, c.value) for c in asked(live)] == [("lr", 2e-4)])


async def test_a_run_is_extended_by_the_epochs_that_are_typed(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training")
        await pilot.press("e")
        await says(pilot, "by how many epochs?")
        await pilot.press("ctrl+u", "7", "enter")
        await until(pilot, lambda: [(c.kind, c.value) for c in asked(live)] == [("extend", 7.0)])


async def test_a_stop_is_asked_for_only_after_yes(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training")
        await pilot.press("S")
        await says(pilot, "Stop quick-otter-7?")
        await pilot.press("n")
        await says(pilot, "1 Layers")
        assert asked(live) == []
        await pilot.press("S")
        await says(pilot, "Stop quick-otter-7?")
        await pilot.press("y")
        await until(pilot, lambda: [command.kind for command in asked(live)] == ["stop"])


async def test_a_stop_is_asked_about_in_the_epoch_that_the_head_says(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training 4/10")
        await pilot.press("S")
        await says(pilot, "It ends in epoch 4/10")
        step = Progress(step=500, epoch=4.2, loss=0.3, lr=0.001, samples_per_second=1000.0, time=time.time())
        write(live, [step])  # it trains on while it is asked
        await says(pilot, "It ends in epoch 5/10")
        assert "training 5/10" in shown(pilot)


async def test_a_run_that_ends_while_it_is_asked_about_is_asked_about_no_more(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training 4/10")
        await pilot.press("S")
        await says(pilot, "Stop quick-otter-7?")
        write(live, [Finished(step=500, status="stopped", reason="stop was asked", metrics={"loss": 0.3})])
        await until(pilot, lambda: not isinstance(pilot.app.screen, AskStop))
        assert asked(live) == []


async def test_a_run_that_is_not_live_is_asked_nothing_and_says_what_to_do(folder: RunFolder) -> None:
    async with opened(folder) as pilot:
        await says(pilot, "lost")
        assert "R resume" in shown(pilot)
        for key in ("space", "plus", "e", "c", "S", "l"):
            await pilot.press(key)
            await told(pilot, "R goes on")
            pilot.app.clear_notifications()
        assert asked(folder) == []


@pytest.fixture
def queued(tmp_path: Path) -> Iterator[RunFolder]:
    """A run that waits for another."""
    folder = create_run(tmp_path / "runs", "late-wren-3")
    folder.run_toml.write_text('version = 1\n[data]\nname = "digits"\n[arch]\nname = "ffn"\n')
    with RunLock(folder):
        write(folder, [Queued(after="quick-otter-7", time=time.time())])
        yield folder


async def test_a_queued_run_offers_what_works_and_nothing_else(queued: RunFolder) -> None:
    async with opened(queued, (120, 40)) as pilot:
        await says(pilot, "S take out")
        foot = shown(pilot).split("\n")[-1]
        assert not any(word in foot for word in ("pause", "lr", "extend", "ckpt", "fork"))
        await pilot.press("colon")
        await until(pilot, lambda: pilot.app.screen.query(Options))
        offered = {option.label for option in pilot.app.screen.query_one(Options).found}
        assert "take out" in offered and "note" in offered
        assert not offered & {"pause", "resume", "lr", "lr to", "extend", "ckpt", "probe", "fork", "stop"}
        await pilot.press("escape")
        for key in ("space", "plus", "e", "c", "l", "p"):
            await pilot.press(key)
            await told(pilot, "it can only be stopped")
            pilot.app.clear_notifications()
        assert asked(queued) == []


async def test_a_queued_run_is_taken_out_after_a_question_of_its_own(queued: RunFolder) -> None:
    async with opened(queued) as pilot:
        await says(pilot, "S take out")
        await pilot.press("S")
        await says(pilot, "It waits for quick-otter-7")
        assert "let it wait" in shown(pilot) and "checkpoint" not in shown(pilot)
        await pilot.press("y")
        await until(pilot, lambda: [command.kind for command in asked(queued)] == ["stop"])


async def test_a_queued_run_offers_everything_once_it_is_its_turn(queued: RunFolder) -> None:
    async with opened(queued, (120, 40)) as pilot:
        await says(pilot, "S take out")
        plan = Planned(layers=[], parameters=1, splits={}, epochs=4, steps_per_epoch=50, metric="accuracy",
                       maximize=True, time=time.time())  # fmt: skip
        write(queued, [plan])
        await says(pilot, "S stop")
        assert "space pause" in shown(pilot).split("\n")[-1]


async def test_letters_do_nothing_to_a_run_while_a_field_is_edited(live: RunFolder) -> None:
    async with opened(live) as pilot:
        await says(pilot, "training")
        await pilot.press("e")
        await says(pilot, "by how many epochs?")
        await pilot.press("space", "c", "plus", "S")
        await pilot.press("escape")
        await says(pilot, "1 Layers")
        assert asked(live) == []
