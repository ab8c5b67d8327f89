"""A detached run outlives who starts it, holds nothing of his, and a start that fails says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from made_events import started

from nntui.hooks.errors import UserError
from nntui.runs.launch import launch_detached, log_tail, wait_started
from nntui.runs.lock import Dead, Live, probe_lock
from nntui.runs.log import EventWriter

_RUN = """
import os, sys
from pathlib import Path
from nntui.runs.events import Started
from nntui.runs.folder import RunFolder
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter
folder = RunFolder(Path(sys.argv[1]))
fds = sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}"))
own = os.getsid(0) == os.getpid()
print("cwd", os.getcwd(), "session", own, "input", repr(sys.stdin.read()), "fds", fds, flush=True)
lock = RunLock(folder)
lock.acquire()
writer = EventWriter(folder.events)
writer.append(Started(nntui="0", host="h", boot_id="b", pid=os.getpid()))
if sys.argv[2] == "stay":
    import signal
    signal.pause()
"""


def python(script: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", script, *map(str, arguments)]


def test_a_detached_run_starts_with_a_session_and_a_log_of_its_own(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    secret = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(secret, True)
    process = launch_detached(python(_RUN, folder.path, "stay"), folder)
    try:
        event = wait_started(folder, process, 30)
        assert event is not None and event.pid == process
        assert isinstance(probe_lock(folder), Live)
        assert f"cwd {tmp_path} session True input '' fds [0, 1, 2" in folder.log.read_text()
        assert str(secret) not in folder.log.read_text().split("fds")[1]
    finally:
        os.close(secret)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    assert isinstance(probe_lock(folder), Dead)


def test_a_detached_run_lives_on_when_its_starter_and_the_starters_group_are_killed(folder):
    starter = (
        "import os, sys, signal; from pathlib import Path; from nntui.runs.folder import RunFolder;"
        "from nntui.runs.launch import launch_detached, wait_started; f = RunFolder(Path(sys.argv[1]));"
        "p = launch_detached([sys.executable, '-c', sys.argv[2], sys.argv[1], 'stay'], f);"
        "wait_started(f, p, 30); print(p, flush=True); signal.pause()"
    )
    parent = subprocess.Popen(
        python(starter, folder.path, _RUN), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    process = int(parent.stdout.readline())
    try:
        os.killpg(parent.pid, signal.SIGHUP)
        parent.wait()
        assert isinstance(probe_lock(folder), Live)
    finally:
        parent.stdout.close()
        os.kill(process, signal.SIGKILL)


def test_a_run_that_starts_and_ends_at_once_has_started(folder):
    process = launch_detached(python(_RUN, folder.path, "leave"), folder)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert wait_started(folder, process, 30).pid == process


def test_a_start_that_fails_says_why_with_the_end_of_its_log(folder):
    folder.log.write_text("what an earlier process said\n")
    script = "import sys; print('\\x1b[31mno such data set: digts', file=sys.stderr); sys.exit(2)"
    process = launch_detached(python(script), folder)
    with pytest.raises(UserError, match=r"ended before it started \(exit code 2\)") as error:
        wait_started(folder, process, 30)
    assert "no such data set: digts" in error.value.message and "earlier" not in error.value.message
    assert str(folder.log) in error.value.advice


def test_a_start_that_is_killed_names_the_signal(folder):
    process = launch_detached(python("import os; os.kill(os.getpid(), 9)"), folder)
    with pytest.raises(UserError, match=r"\(signal 9\), and said nothing"):
        wait_started(folder, process, 30)


def test_the_started_of_an_earlier_process_is_not_taken_for_this_ones(folder):
    with EventWriter(folder.events) as writer:
        writer.append(started())
    process = launch_detached(python("import sys; sys.exit(3)"), folder)
    with pytest.raises(UserError, match="exit code 3"):
        wait_started(folder, process, 30)


def test_a_slow_start_is_not_an_error(folder):
    process = launch_detached(python("import signal; signal.pause()"), folder)
    try:
        assert wait_started(folder, process, 0.05) is None
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def test_a_process_that_somebody_else_started_can_be_waited_for(folder):
    other = subprocess.Popen(python("pass"))
    other.wait()
    with pytest.raises(UserError, match="its process is gone"):
        wait_started(folder, other.pid, 30)


def test_a_program_that_is_not_there_is_told(folder):
    with pytest.raises(UserError, match="cannot be started in the background"):
        launch_detached(["/nowhere/python"], folder)


def test_the_tail_of_a_log_is_short(folder):
    assert log_tail(folder) == ""
    folder.log.write_text("".join(f"line {n}\n" for n in range(10_000)))
    assert log_tail(folder, lines=2) == "line 9998\nline 9999"
    assert len(log_tail(folder).split("\n")) == 20
