"""Whatever becomes of the interface, the run that it shows trains on as if nobody looked. In real pseudo-terminals."""

from __future__ import annotations

import os
import re
import signal
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest
from interface_runs import ENDLESS, goes_on, is_live, run_in, steps, whole
from processes import Warm, events_of, slowed, wait_for
from small_runs import settings, weights
from terminal import MARKER, NNTUI, Terminal, descendants, nothing_left, wait_none

from nntui.cli.train import read_spec
from nntui.runs.commands import append_command
from nntui.runs.creating import new_run, replay_origin
from nntui.runs.events import Commanded, Failed, Paused, Started
from nntui.runs.folder import RunFolder, list_runs

NAME = "quick-otter-7"
ONE_THREAD = {"device": {"name": "cpu", "threads": 1}}


def endless(root: Path, name: str = NAME) -> RunFolder:
    return run_in(root, name, **{**settings(epochs=ENDLESS, checkpoint_seconds=10.0), **ONE_THREAD})


def stop(folder: RunFolder) -> None:
    append_command(folder, "stop", None, "test")
    wait_for(lambda: not is_live(folder), 30)


@pytest.fixture(scope="module")
def live(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunFolder]:
    """A run that trains for as long as the tests of this file do, in ./runs of a folder."""
    folder = endless(tmp_path_factory.mktemp("live") / "runs")
    pid = warm.start(folder)
    wait_for(lambda: steps(folder) > 0)
    with slowed(pid):
        yield folder
    stop(folder)
    assert warm.wait(pid) == 0
    whole(folder)


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[str]:
    """What is started with it in its environment has ended when the test has."""
    with nothing_left(str(tmp_path)):
        yield str(tmp_path)


def attached(folder: RunFolder, marker: str, *, columns: int = 80, rows: int = 24) -> Terminal:
    argv = [*NNTUI, "attach", folder.name]
    environment = {MARKER: marker, "NNTUI_RUNS": str(folder.path.parent)}
    return Terminal(argv, columns=columns, rows=rows, cwd=folder.path.parent.parent, environment=environment)


def shows(terminal: Terminal, folder: RunFolder) -> None:
    terminal.wait_for(lambda text: folder.name in text and "training" in text and "? help" in text)


def equals_an_undisturbed_one(run: RunFolder, warm: Warm) -> None:
    """Trained again as it was resolved, to where it was stopped, it has the same weights bit for bit."""
    spec = read_spec(run)
    undisturbed = new_run(replace(spec, origin=replay_origin(run, spec)), run.path.parent, "undisturbed")
    assert warm.train(undisturbed) == 0
    assert read_spec(undisturbed).resolved == spec.resolved
    assert weights(undisturbed) == weights(run)


def test_attach_shows_a_run_that_trains_and_leaving_leaves_it_training(live: RunFolder, marker: str) -> None:
    with attached(live, marker) as terminal:
        shows(terminal, live)
        terminal.send("q")
        assert terminal.wait_end() == 0
        assert f"{NAME} trains on: " in terminal.text and f"attach {NAME}" in terminal.text
    goes_on(live)


def test_without_a_name_the_newest_is_shown(live: RunFolder, marker: str) -> None:
    with Terminal([*NNTUI, "attach"], cwd=live.path.parent.parent, environment={MARKER: marker}) as terminal:
        shows(terminal, live)


SPOILT = "¤"
NUMBER = r"[\d.]+(?:e-?\d+)?"
FIGURES = {
    "small": (
        rf"^● training  {NAME}$",
        r"  eta \d",
        rf"loss {NUMBER} ⣀$",
        r"^accuracy [\d.]+%",
        r"^too small: 60x16 shows all$",
    ),
    "whole": (
        rf"^{NAME}  ffn digits .* ● training \d+/{ENDLESS} .* eta \d",
        rf"^loss  (?:train )?\S {NUMBER}  val ○ {NUMBER} .* acc  (?:train )?\S [\d.]+  ?val ○ [\d.]+ +(?:best@|★)\d",
        r"└─.*└─",
        r"^ 1 Layers  2 Samples  3 Confusion  4 Log  5 Commands .* z zoom$",
        r"^1 Linear ",
        r"  lr 2\.00e-2 ",
        r"^ space pause .* q leave .* \? help$",
    ),
}
"""Lines with what must be seen of a run that trains, from the top down: on a screen too small for all, and else."""


def test_resizing_while_it_trains_draws_everything_anew(live: RunFolder, marker: str) -> None:
    with attached(live, marker) as terminal:
        shows(terminal, live)
        for columns, rows in ((120, 40), (200, 60), (100, 30), (30, 8), (80, 24)):
            terminal.resize(columns, rows + 1)
            terminal.wait_for(partial(essentials, columns=columns, rows=rows + 1))
            wrapped = terminal.screen.wrapped  # what was still under way, for the size before, may have been too long
            terminal.resize(columns, rows, spoilt=SPOILT)
            terminal.wait_for(partial(essentials, columns=columns, rows=rows))
            assert terminal.screen.wrapped == wrapped, "a line is longer than the screen"
        assert terminal.process.poll() is None
        assert b"Traceback" not in terminal.raw


def essentials(text: str, columns: int, rows: int) -> bool:
    """Whether a screen of this size has what must be seen, each in a line of its own, and nothing of another size."""
    lines = iter(text.split("\n"))
    whole = columns >= 60
    found = all(any(re.search(wanted, line) for line in lines) for wanted in FIGURES["whole" if whole else "small"])
    at_the_foot = not whole or "? help" in text.split("\n")[rows - 1]
    return found and at_the_foot and SPOILT not in text and text.count("\n") == rows - 1


@pytest.mark.parametrize("end", ["kill -9", "the terminal is closed"])
def test_the_run_goes_on_when_the_interface_is_ended(end: str, live: RunFolder, marker: str) -> None:
    with attached(live, marker) as terminal:
        shows(terminal, live)
        terminal.kill(signal.SIGKILL) if end == "kill -9" else terminal.hang_up()
        terminal.wait_end(10)
    goes_on(live)


@pytest.mark.slow
def test_the_run_goes_on_while_the_terminal_is_not_read(live: RunFolder, marker: str) -> None:
    seconds = 20
    with attached(live, marker) as terminal:
        shows(terminal, live)
        terminal.stop_reading()
        for size in range(30, 60):  # more than a terminal holds unread
            terminal.resize(size + 50, size)
        begun = steps(live)
        deadline = time.monotonic() + seconds
        wait_for(lambda: time.monotonic() > deadline and steps(live) > begun, seconds + 20)
        terminal.resize(80, 24)
        terminal.go_on_reading()
        shows(terminal, live)
        terminal.send("q")
        assert terminal.wait_end() == 0
    goes_on(live)


def filling(disk: Path, *hidden: int, epochs: int) -> RunFolder:
    """A run that keeps every checkpoint, until there is no room for one."""
    training = settings(epochs=epochs, checkpoint_seconds=0.0, keep=50)
    return run_in(disk, NAME, **{**training, "arch": {"name": "ffn", "hidden": list(hidden)}, **ONE_THREAD})


def test_a_run_that_fails_on_a_full_disk_while_it_is_shown_says_so_and_what_to_do(
    small_disk: Path, warm: Warm, marker: str
) -> None:
    folder = filling(small_disk, 128, 64, epochs=30)
    with Terminal([*NNTUI, "attach", str(folder.path)], cwd=small_disk, environment={MARKER: marker}) as terminal:
        terminal.wait_for(NAME)
        pid = warm.start(folder)
        terminal.wait_for(lambda text: "failed: No space left on device" in text and "R resume" in text, 60)
        assert warm.wait(pid) == 3
        terminal.send("4")  # the screen lives on
        terminal.wait_for("no checkpoint could be written: No space left")
        terminal.send("q")
        assert terminal.wait_end() == 0
        assert "Traceback" not in terminal.text


def test_a_run_that_trains_on_though_its_disk_is_full_says_so(small_disk: Path, warm: Warm, marker: str) -> None:
    folder = filling(small_disk, 16, epochs=ENDLESS)
    with Terminal([*NNTUI, "attach", str(folder.path)], cwd=small_disk, environment={MARKER: marker}) as terminal:
        terminal.wait_for(NAME)
        pid = warm.start(folder)
        terminal.wait_for("the disk is full: ", 60)
        terminal.send("4")
        terminal.wait_for("no checkpoint could be written: No space left")
        os.kill(pid, signal.SIGTERM)
        assert warm.wait(pid) in (3, 143)
        terminal.wait_for("R resume")
        terminal.send("q")
        assert terminal.wait_end() == 0
        assert "Traceback" not in terminal.text


def test_two_at_once_see_what_one_of_them_asks(live: RunFolder, marker: str) -> None:
    with attached(live, marker) as one, attached(live, marker, columns=120, rows=40) as other:
        shows(one, live)
        shows(other, live)
        one.send("space")
        other.wait_for("paused")
        one.wait_for("paused")
        other.send("space")
        one.wait_for("training")
        other.wait_for("training")
    asked = [event for event in events_of(live) if isinstance(event, Commanded)]
    assert [(event.command, event.result) for event in asked[-2:]] == [("pause", "applied"), ("resume", "applied")]
    goes_on(live)


# starting one

TINY = ["--data", "digits", "--data.limit", "256", "--arch", "ffn", "--arch.hidden", "16", "--device.threads", "1"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """An empty folder to start runs in; whatever still trains there at the end is stopped."""
    yield tmp_path
    for folder in list_runs(tmp_path / "runs"):
        if is_live(folder):
            append_command(folder, "stop", None, "test")
    for process in descendants(str(tmp_path)):
        process.kill()


def nntui(place: Path, *arguments: str) -> Terminal:
    return Terminal([*NNTUI, *arguments], cwd=place, environment={MARKER: str(place)})


def words_of(process: psutil.Process) -> list[str]:
    """Its command; nothing where it has just ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_train_starts_a_run_of_its_own_session_and_shows_it(place: Path) -> None:
    folder = RunFolder(place / "runs" / NAME)
    with nntui(place, "train", *TINY, "--epochs", f"{ENDLESS}", "--name", NAME) as terminal:
        terminal.wait_for(lambda text: NAME in text and ("starting" in text or "training" in text))
        shows(terminal, folder)
        (engine,) = [p for p in descendants(str(place)) if p.pid != terminal.process.pid]
        assert os.getsid(engine.pid) == engine.pid
        terminal.send("q")
        assert terminal.wait_end() == 0
        assert f"{NAME} trains on: " in terminal.text
    goes_on(folder)


def test_a_form_is_filled_from_a_spec_and_from_flags_and_trains_what_it_says(place: Path) -> None:
    (place / "my.toml").write_text('data = "moons"\n[training]\nepochs = 1\nseed = 7\n')
    with nntui(place, "new", "my.toml", *TINY[4:], "--epochs", "2") as terminal:
        terminal.wait_for("nntui train --data moons --arch.hidden 16 --threads 1 --epochs 2 --seed 7", 60)
        terminal.wait_for("● Train", 60)
        terminal.send("T")
        terminal.wait_for("done in", 120)
        terminal.send("ctrl+q")
        terminal.wait_end()
    (folder,) = list_runs(place / "runs")
    trained = tomllib.loads(folder.run_toml.read_text())
    assert (trained["data"]["name"], trained["training"]["epochs"], trained["training"]["seed"]) == ("moons", 2, 7)


def test_a_form_on_a_persons_own_files_takes_flags_as_train_does(place: Path) -> None:
    (place / "own.csv").write_text("\n".join(["a,b,y", *(f"{i},{i * 7 % 11},{'uv'[i % 2]}" for i in range(60))]))
    with nntui(
        place, "new", "--data", "own.csv", "--epochs", f"{ENDLESS}", "--arch.hidden", "8,4", "--threads", "1"
    ) as terminal:
        terminal.wait_for(lambda text: "8,4" in text and "● Train" in text, 60)
        terminal.send("T")
        wait_for(lambda: list_runs(place / "runs"))
        time.sleep(0.3)
        terminal.send("ctrl+q")  # it begins all the same
        terminal.wait_end()
        assert "trains on: " in terminal.text
    (folder,) = list_runs(place / "runs")
    goes_on(folder)


@pytest.mark.parametrize("end", ["kill -9", pytest.param("the terminal is closed", marks=pytest.mark.slow)])
def test_a_run_whose_interface_ends_while_it_starts_trains_all_the_same(end: str, place: Path) -> None:
    folder = RunFolder(place / "runs" / NAME)
    with nntui(place, "train", *TINY, "--epochs", f"{ENDLESS}", "--name", NAME) as terminal:
        wait_for(lambda: any("--detached" in words_of(p) for p in descendants(str(place))))  # it trains, or soon will
        terminal.kill(signal.SIGKILL) if end == "kill -9" else terminal.hang_up()
        terminal.wait_end(10)
    goes_on(folder)


def test_leaving_after_the_end_tells_how_it_ended(place: Path) -> None:
    with nntui(place, "train", *TINY, "--epochs", "2", "--name", NAME) as terminal:
        terminal.wait_for("done")
        terminal.send("q")
        assert terminal.wait_end() == 0
        assert f"{NAME} is done" in terminal.text and "on test" in terminal.text
    wait_none(str(place))


def test_a_fault_of_the_request_is_told_before_any_interface(place: Path) -> None:
    with nntui(place, "train", "--data", "digits", "--lr", "-1") as terminal:
        assert terminal.wait_end() == 2
        assert b"?1049h" not in terminal.raw
        assert "--lr" in terminal.text
    assert not (place / "runs").exists()


def test_a_fault_that_only_the_engine_finds_closes_the_interface_and_is_told(place: Path) -> None:
    rows = place / "rows.csv"
    rows.write_text("a,b,label\n" + "".join(f"{n},{n % 3},x\n" for n in range(40)))
    with nntui(place, "train", "--data", "./rows.csv", "--arch", "ffn", "--name", NAME) as terminal:
        assert terminal.wait_end() == 2
        assert not terminal.full_screen
        assert "error: " in terminal.text
    assert list_runs(place / "runs") == []


@pytest.mark.slow
def test_a_run_that_fails_stays_on_the_screen_and_is_the_exit_code(place: Path) -> None:
    with nntui(place, "train", *TINY, "--epochs", "50", "--lr", "1e30", "--name", NAME) as terminal:
        terminal.wait_for("failed")
        terminal.send("q")
        assert terminal.wait_end() == 3
        assert f"{NAME} failed" in terminal.text
    assert isinstance(events_of(RunFolder(place / "runs" / NAME))[-1], Failed)


@pytest.mark.slow
def test_what_the_person_wants_done_at_the_end_is_done_without_an_interface_too(place: Path) -> None:
    (place / "config").mkdir()
    (place / "config" / "settings.toml").write_text(
        """on_end = ["sh", "-c", 'echo "$NNTUI_NAME $NNTUI_STATUS" > told']\n"""
    )
    environment = {MARKER: str(place), "NNTUI_CONFIG": str(place / "config")}
    argv = [*NNTUI, "train", *TINY, "--epochs", f"{ENDLESS}", "--name", NAME]
    folder = RunFolder(place / "runs" / NAME)
    with Terminal(argv, cwd=place, environment=environment) as terminal:
        shows(terminal, folder)
        terminal.kill(signal.SIGKILL)
    stop(folder)
    wait_for(lambda: (place / "told").exists() and (place / "told").read_text() == f"{NAME} stopped\n", 20)


# what the fork server has forked


def forked(place: Path, template: RunFolder, terminal: Terminal) -> tuple[RunFolder, int, psutil.Process]:
    """A run that New run starts by T: its folder, its process, and the fork server that it was forked by."""
    terminal.wait_for(template.name)
    terminal.send("N")
    terminal.wait_for("$ nntui train")
    terminal.send("T")
    terminal.wait_for("● training")
    (run,) = [folder for folder in list_runs(place / "runs") if folder != template]
    begun = events_of(run)[0]
    assert isinstance(begun, Started)
    (server,) = [p for p in descendants(str(place)) if "nntui.engine.forkserver" in words_of(p) and p.pid != begun.pid]
    assert psutil.Process(begun.pid).ppid() == server.pid
    return run, begun.pid, server


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["the interface", "the fork server", "both"])
def test_a_forked_run_outlives_what_started_it_with_the_bits_of_an_undisturbed_one(
    killed: str, warm: Warm, place: Path
) -> None:
    template = endless(place / "runs", "like-this-1")
    with nntui(place, "attach", template.name) as terminal:
        run, pid, server = forked(place, template, terminal)
        with slowed(pid):
            if killed != "the interface":
                server.kill()
            if killed != "the fork server":
                terminal.kill()
                assert terminal.wait_end(10) == -signal.SIGKILL
            goes_on(run)
            if killed == "the fork server":
                shows(terminal, run)
                terminal.send("ctrl+q")
                assert terminal.wait_end() == 0
                assert f"{run.name} trains on: " in terminal.text
            wait_for(lambda: [p.pid for p in descendants(str(place))] == [pid])  # nothing lives but the run
            goes_on(run)
        stop(run)
    wait_none(str(place))
    assert not any(isinstance(event, Paused | Failed) for event in events_of(run))
    whole(run)
    equals_an_undisturbed_one(run, warm)


# everything at once


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_that_is_disturbed_in_every_way_has_the_bits_of_one_that_is_not(
    warm: Warm, tmp_path: Path, marker: str
) -> None:
    root = tmp_path / "runs"
    run = endless(root)
    pid = warm.start(run)
    wait_for(lambda: steps(run) > 0)
    with (
        slowed(pid),
        attached(run, marker) as killed,
        attached(run, marker) as closed,
        attached(run, marker) as stalled,
    ):
        for terminal in (killed, closed, stalled):
            shows(terminal, run)
        stalled.stop_reading()
        killed.kill(signal.SIGKILL)
        closed.hang_up()
        for _ in range(30):
            with attached(run, marker) as terminal:
                terminal.wait_for(NAME)
                terminal.send("q")
                assert terminal.wait_end() == 0
        stalled.hang_up()
        assert {t.wait_end(10) for t in (killed, closed, stalled)} <= {-9, -1, 129}
    assert not any(isinstance(event, Paused | Failed) for event in events_of(run))
    stop(run)
    assert warm.wait(pid) == 0
    whole(run)
    equals_an_undisturbed_one(run, warm)
