"""Runs that the fork server starts: processes of their own, which nothing here can stop."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributions import Site
from jobs_site import Raw, processes_with, wait_for

from nntui.hooks.registry import registry
from nntui.runs.commands import append_command
from nntui.runs.creating import new_run
from nntui.runs.events import AnyEvent, Commanded, Failed, Finished, Paused, Queued, Started
from nntui.runs.folder import RunFolder
from nntui.runs.jobs import Failed as JobFailed
from nntui.runs.jobs import TrainJob, Trains
from nntui.runs.liveness import live_runs
from nntui.runs.log import read_events
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.tables import from_keywords

FOREVER = 100_000


@pytest.fixture(scope="module")
def home(new_site: Callable[[], Site]) -> Site:
    return new_site()


@pytest.fixture(scope="module")
def server(home: Site) -> Iterator[Raw]:
    raw = Raw(environment=home.environment())
    yield raw
    raw.close()
    for left in processes_with(str(home.packages)):
        left.kill()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., RunFolder]:
    def make(name: str, epochs: int = 6, **settings: Any) -> RunFolder:
        said: dict[str, Any] = {
            "data": {"name": "digits", "limit": 256},
            "arch": {"name": "ffn", "hidden": [16]},
            "training": {"epochs": epochs, "batch_size": 64, "probe": False},
            **settings,
        }
        return new_run(resolve_said(Said(tree=from_keywords(said)), registry()).spec, tmp_path / "runs", name)

    return make


def events_of(folder: RunFolder) -> list[AnyEvent]:
    return read_events(folder.events)[0]


def wait_event(folder: RunFolder, kind: type[AnyEvent]) -> Any:
    return wait_for(lambda: next((e for e in reversed(events_of(folder)) if isinstance(e, kind)), None), 60)


def start(server: Raw, folder: RunFolder, **more: Any) -> int:
    answer = server.last_answer(TrainJob(id=5, folder=str(folder.path), **more))
    assert isinstance(answer, Trains), answer
    return answer.pid


def descriptors(pid: int) -> dict[int, str]:
    """What each open descriptor of a process is."""
    found = {}
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found[int(link.name)] = str(link.readlink())
    return found


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


def test_it_answers_once_the_run_has_started_and_reaps_it_when_it_ends(
    server: Raw, make: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder, told = make("plain-run"), tmp_path / "told.txt"
    tell = f"env > {told}.part; mv {told}.part {told}; echo said; exit 3"
    pid = start(server, folder, on_end=["sh", "-c", tell])
    assert events_of(folder)[0].pid == pid  # type: ignore[union-attr]
    assert isinstance(events_of(folder)[0], Started)
    end = wait_event(folder, Finished)
    assert end.status == "done" and end.metrics
    wait_for(told.exists)
    wait_for(lambda: gone(pid))  # not even a zombie
    variables = dict(line.partition("=")[::2] for line in told.read_text().splitlines())
    assert variables["NNTUI_RUN"] == str(folder.path)
    assert variables["NNTUI_STATUS"] == "done"
    assert variables["NNTUI_METRIC"] == "accuracy"
    assert float(variables["NNTUI_VALUE"]) == pytest.approx(end.metrics["accuracy"], abs=1e-4)
    log = folder.log.read_text()
    assert "said" in log and "sh ended with exit code 3" in log
    assert "epoch 1/6  loss" in log and "parameters" in log, "its plan and its epochs are lines of the log"
    assert "done after" in log and "on test: accuracy" in log


def test_its_process_has_nothing_of_the_servers(server: Raw, make: Callable[..., RunFolder]) -> None:
    folder = make("own-run", FOREVER)
    process = psutil.Process(start(server, folder))
    try:
        assert os.getsid(process.pid) == process.pid
        assert process.nice() == psutil.Process().nice()
        wait_for(lambda: "own-run" in " ".join(process.cmdline()))
        open_files = descriptors(process.pid)
        assert open_files[0] == os.devnull
        assert open_files[1] == open_files[2] == str(folder.log)
        wait_for(lambda: not any(name.startswith("pipe:") for name in descriptors(process.pid).values()))
        assert live_runs(folder.path.parent) == [folder]
        process.send_signal(1)  # a hang-up is for who sits at a terminal
        append_command(folder, "pause", None, "test")
        wait_event(folder, Paused)
        append_command(folder, "stop", None, "test")
        assert wait_event(folder, Finished).status == "stopped"
    finally:
        if process.is_running():
            process.kill()


def test_a_live_run_is_not_trained_twice(server: Raw, make: Callable[..., RunFolder]) -> None:
    folder = make("one-run", FOREVER)
    pid = start(server, folder)
    try:
        answer = server.last_answer(TrainJob(id=6, folder=str(folder.path)))
        assert isinstance(answer, JobFailed) and answer.kind == "request"
        assert "is live" in answer.message
        assert not any(isinstance(event, Failed) for event in events_of(folder))
    finally:
        os.kill(pid, 9)
    wait_for(lambda: gone(pid))


def test_a_run_that_cannot_begin_says_why(server: Raw, tmp_path: Path, make: Callable[..., RunFolder]) -> None:
    answer = server.last_answer(TrainJob(id=6, folder=str(tmp_path / "nothing")))
    assert isinstance(answer, JobFailed) and "nothing" in answer.message
    folder = make("no-toml")
    folder.run_toml.write_text('[arch]\nname = "no-such-network"\n')
    answer = server.last_answer(TrainJob(id=6, folder=str(folder.path)))
    assert isinstance(answer, JobFailed) and "no-such-network" in answer.message


def test_a_queued_run_waits_listens_and_goes_on_alone(server: Raw, make: Callable[..., RunFolder]) -> None:
    first, second, third = make("first-run", FOREVER), make("second-run"), make("third-run")
    start(server, first)
    start(server, second, after=str(first.path))
    assert [type(event) for event in events_of(second)] == [Queued]
    assert live_runs(first.path.parent) == [first]
    start(server, third, after=str(first.path))
    append_command(third, "lr", 0.5, "test")
    assert wait_event(third, Commanded).result == "refused"
    append_command(third, "stop", None, "test")
    assert wait_event(third, Finished).status == "stopped"
    append_command(first, "stop", None, "test")
    wait_event(first, Finished)
    assert wait_event(second, Finished).status == "done"
    kinds = [type(event) for event in events_of(second)]
    assert kinds[:2] == [Queued, Started]
    told = next(event for event in events_of(second) if type(event).__name__ == "Planned")
    assert not any("shared" in choice.why for choice in told.chosen)  # type: ignore[union-attr]


def test_a_run_survives_the_servers_kill_and_ends_with_the_bits_of_a_headless_one(
    home: Site, make: Callable[..., RunFolder], tmp_path: Path
) -> None:
    raw = Raw(environment=home.environment(FORK_TEST="survivor"))
    folder = make("forked-run", 30)
    append_command(folder, "pause", None, "stale")  # of before it started: expires
    pid = start(raw, folder)
    append_command(folder, "pause", None, "test")
    wait_event(folder, Paused)
    raw.process.kill()
    raw.process.wait()
    assert os.getsid(pid) == pid
    append_command(folder, "resume", None, "test")
    assert wait_event(folder, Finished).status == "done"
    wait_for(lambda: not processes_with("survivor"))

    again = tmp_path / "again.toml"
    again.write_text(folder.run_toml.read_text())
    words = ["-m", "nntui", "train", str(again), "--no-ui", "--runs", str(tmp_path / "headless"), "--name", "it"]
    done = subprocess.run([sys.executable, *words], env=home.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    headless = tmp_path / "headless" / "it" / "model" / "model.safetensors"
    assert headless.read_bytes() == (folder.model / "model.safetensors").read_bytes()
    numbers = [event.seq for event in events_of(folder)]
    assert numbers == list(range(len(numbers)))  # no event lost or doubled
