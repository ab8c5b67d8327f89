"""The tour by keyboard in a real pseudo-terminal: choose, train, pause, steer, leave, come back, extend, stop, fork."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from interface_runs import goes_on, is_live, whole
from processes import events_of, wait_for
from terminal import MARKER, NNTUI, Terminal, nothing_left

from nntui.runs.commands import append_command
from nntui.runs.events import Commanded, Finished
from nntui.runs.folder import RunFolder, list_runs


class Person:
    """Somebody with a keyboard of 80x24 who looks before they press."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def presses(self, *keys: str, until: str) -> str:
        self.terminal.send(*keys)
        return self.terminal.wait_for(until)

    def goes_to(self, row: str) -> None:
        """Down the form to a row."""
        for _ in range(80):
            if self.cursor().startswith(row):
                return
            before = self.cursor()
            self.terminal.send("down")
            self.terminal.wait_for(lambda _, before=before: self.cursor() not in ("", before))
        raise AssertionError(f"there is no row {row}:\n{self.terminal.text}")

    def cursor(self) -> str:
        return next((line[1:].strip() for line in self.terminal.lines if line.startswith("▸")), "")

    def chooses(self, row: str, name: str, says: str) -> None:
        """One of a list; the command line of the form then says so."""
        self.goes_to(row)
        self.presses("enter", until="type to search")
        self.terminal.send(name)
        self.terminal.wait_for(lambda text: "type to search" not in text and f"▸ {name}" in text)
        self.terminal.send("enter")
        self.terminal.wait_for(lambda text: says in text and "╰" not in text)  # the list has closed


def toml(folder: RunFolder) -> dict:
    return tomllib.loads(folder.run_toml.read_text())


def only_run(place: Path) -> RunFolder:
    (folder,) = list_runs(place / "runs")
    return folder


def applied(folder: RunFolder, command: str) -> list[float | None]:
    """Results of the commands of a kind that were applied."""
    return [
        event.value
        for event in events_of(folder)
        if isinstance(event, Commanded) and event.command == command and event.result == "applied"
    ]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_tour(tmp_path: Path) -> None:
    with nothing_left(str(tmp_path)):
        try:
            run = choose_train_and_leave(tmp_path)
            goes_on(run)
            child = come_back_extend_stop_and_fork(tmp_path, run)
            goes_on(child)
        finally:
            for folder in list_runs(tmp_path / "runs"):
                if is_live(folder):
                    append_command(folder, "stop", None, "test")
        whole(run)
        wait_for(lambda: isinstance(events_of(child)[-1], Finished))


def choose_train_and_leave(place: Path) -> RunFolder:
    with Terminal(NNTUI, cwd=place, environment={MARKER: str(place)}) as terminal:
        person = Person(terminal)
        terminal.wait_for("There is no run here yet")
        person.presses("n", until="$ nntui train")
        person.chooses("data", "moons", "--data moons")
        person.chooses("network", "ffn", "--data moons")
        person.chooses("activation", "gelu", "--activation gelu")
        person.goes_to("epochs")
        person.presses("enter", until="epochs")
        terminal.send("ctrl+u")
        terminal.wait_quiet(0.2)  # Textual takes letters before bindings that came in the same moment
        terminal.send("100000")
        person.presses("enter", until="--epochs 100000")
        person.chooses("device", "cpu", "--device cpu")
        person.presses("T", until="● training")
        run = only_run(place)
        assert run.name in terminal.text
        person.presses("space", until="paused")
        person.presses("+", until="lr x1.5 applied")
        person.presses("space", until="● training")
        person.presses("l", until="Learning rate of")
        terminal.send("1e-3")  # what stands in the field is selected
        person.presses("enter", until="the learning rate is 0.001")
        terminal.send("q")
        terminal.wait_for("$ nntui train")
        terminal.send("q")
        terminal.wait_for("1 live")
        terminal.send("q")
        assert terminal.wait_end() == 0
        assert f"{run.name} trains on: " in terminal.text
    spec = toml(run)
    assert spec["data"]["name"] == "moons" and spec["arch"]["name"] == "ffn"
    assert spec["activation"]["name"] == "gelu" and spec["device"]["name"] == "cpu"
    assert spec["training"]["epochs"] == 100_000
    assert len(applied(run, "pause")) == len(applied(run, "resume")) == 1
    assert len(applied(run, "lr-scale")) == 1 and applied(run, "lr") == [1e-3]
    return run


def come_back_extend_stop_and_fork(place: Path, run: RunFolder) -> RunFolder:
    with Terminal([*NNTUI, "attach"], cwd=place, environment={MARKER: str(place)}) as terminal:
        person = Person(terminal)
        terminal.wait_for(lambda text: run.name in text and "● training" in text and "? help" in text)
        person.presses("e", until="by how many epochs")
        terminal.send("7")
        person.presses("enter", until="100007 epochs in all")
        person.presses("S", until="y stop")
        person.presses("y", until="■ stopped")
        assert applied(run, "extend") == [100_007]
        person.presses("f", until="▸ last, step")
        person.presses("enter", until="epochs in all")
        terminal.send("enter")
        wait_for(lambda: len(list_runs(place / "runs")) == 2)
        (child,) = [folder for folder in list_runs(place / "runs") if folder != run]
        terminal.wait_for(lambda text: child.name in text and "● training" in text)
        terminal.send("ctrl+q")
        assert terminal.wait_end() == 0
        assert f"{child.name} trains on: " in terminal.text
    assert toml(child)["origin"]["parent"] == str(run.path)
    return child
