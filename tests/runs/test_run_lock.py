"""The lock says truly whether an engine lives: through kills, forks, onlookers, other machines and odd file systems."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading

import msgspec
import pytest

from nntui.hooks.errors import UserError
from nntui.runs.lock import Dead, FolderGone, Holder, Live, RunLock, Unknown, boot_id, host, probe_lock

_ENGINE = """
import os, sys, time
from pathlib import Path
from nntui.runs.folder import RunFolder
from nntui.runs.lock import RunLock
lock = RunLock(RunFolder(Path(sys.argv[1])))
lock.acquire()
child = os.fork() if sys.argv[2] == "with-child" else 0
if sys.argv[2] == "with-child" and child == 0:
    assert not lock.held
    lock.beat()
    lock.release()
    print(os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(0)
if sys.argv[2] != "with-child":
    print(0, flush=True)
sys.stdin.read()
"""


def engine(folder, mode="alone"):
    process = subprocess.Popen(
        [sys.executable, "-c", _ENGINE, folder.path, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child = int(process.stdout.readline())
    return process, child


def write_holder(folder, **changes):
    given = {"host": "elsewhere", "boot_id": "other", "pid": 7, "heartbeat": 1.0}
    folder.lock.write_bytes(msgspec.json.encode(Holder(**(given | changes))))


def test_a_run_without_an_engine_is_dead(folder):
    assert probe_lock(folder) == Dead()


def test_a_held_lock_is_live_and_says_by_whom(folder):
    with RunLock(folder) as lock:
        live = probe_lock(folder)
        assert isinstance(live, Live)
        assert (live.holder.pid, live.holder.host, live.holder.boot_id) == (os.getpid(), host(), boot_id())
        assert lock.held and lock.exclusive
    released = probe_lock(folder)
    assert isinstance(released, Dead) and released.holder.released


def test_a_killed_engine_frees_its_lock_although_its_child_lives(folder):
    process, child = engine(folder, "with-child")
    try:
        assert isinstance(probe_lock(folder), Live)
        process.kill()
        process.wait()
        os.kill(child, 0)  # it lives
        dead = probe_lock(folder)
        assert isinstance(dead, Dead) and dead.holder.pid == process.pid and not dead.holder.released
        with RunLock(folder):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdin.close()
        process.stdout.close()


def test_a_second_engine_is_refused_and_told_who_has_it(folder):
    process, _ = engine(folder)
    with pytest.raises(UserError, match=rf"quick-otter-7 is live \(process {process.pid}") as error:
        RunLock(folder).acquire(timeout=0.05)
    assert "nntui ctl quick-otter-7 stop" in error.value.advice
    with pytest.raises(UserError, match="is live"):
        RunLock(folder).acquire(timeout=0, force=True)
    process.communicate()
    with RunLock(folder):
        pass


def test_onlookers_are_no_engines_to_each_other_and_do_not_keep_one_out(folder):
    with RunLock(folder):
        pass
    stop, seen = threading.Event(), []

    def look() -> None:
        while not stop.is_set():
            seen.append(probe_lock(folder))

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(50):
            with RunLock(folder):
                pass
    finally:
        stop.set()
        for looker in lookers:
            looker.join()
    assert seen and not any(isinstance(live, Unknown) for live in seen)

    idle: list[object] = []
    lookers = [threading.Thread(target=lambda: idle.extend(probe_lock(folder) for _ in range(300))) for _ in range(3)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    assert len(idle) == 900 and all(isinstance(live, Dead) for live in idle)


def test_a_heartbeat_is_written_in_place_at_most_once_a_second(folder, monkeypatch):
    with RunLock(folder) as lock:
        first, inode = folder.lock.read_bytes(), folder.lock.stat().st_ino
        lock.beat()
        second = folder.lock.read_bytes()
        lock.beat()
        assert folder.lock.read_bytes() == second != first
        assert folder.lock.stat().st_ino == inode and len(second) == len(first)
        monkeypatch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        monkeypatch.setattr("nntui.runs.lock.HEARTBEAT_SECONDS", 0)
        lock.beat()
        assert isinstance(probe_lock(folder), Live)


def test_a_run_of_another_machine_is_unknown_and_wants_force(folder):
    write_holder(folder)
    assert probe_lock(folder) == Unknown("elsewhere", "it was started on another machine", probe_lock(folder).holder)
    with pytest.raises(UserError, match="cannot be told from here") as error:
        RunLock(folder).acquire()
    assert "--force" in error.value.advice
    lock = RunLock(folder)
    lock.acquire(force=True)
    assert isinstance(probe_lock(folder), Live)
    lock.release()


def test_a_run_that_ended_in_order_elsewhere_is_dead(folder):
    write_holder(folder, released=True)
    assert isinstance(probe_lock(folder), Dead)
    with RunLock(folder):
        pass


def test_a_machine_started_anew_and_a_container_beside_us_are_judged_by_the_lock(folder):
    write_holder(folder, host=host())
    assert isinstance(probe_lock(folder), Dead)
    write_holder(folder, boot_id=boot_id())
    assert isinstance(probe_lock(folder), Dead)


@pytest.mark.parametrize("code", [errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK])
def test_without_flock_the_status_is_unknown_until_the_machine_was_started_anew(folder, monkeypatch, code):
    def refuse(fd: int, how: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    lock = RunLock(folder)
    lock.acquire()
    assert lock.held and not lock.exclusive
    assert isinstance(probe_lock(folder), Unknown)
    with pytest.raises(UserError, match="no locks"):
        RunLock(folder).acquire(timeout=0)
    lock.release()
    assert isinstance(probe_lock(folder), Dead)
    write_holder(folder, host=host())
    assert isinstance(probe_lock(folder), Dead)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x00" * 512, b'{"host":1}', b"[" * 10_000])
def test_a_damaged_lock_file_is_judged_by_the_lock_alone(folder, content):
    folder.lock.write_bytes(content)
    assert isinstance(probe_lock(folder), Dead)
    with RunLock(folder):
        assert isinstance(probe_lock(folder), Live)


def test_a_lock_file_that_is_none_is_unknown(folder):
    folder.lock.mkdir()
    live = probe_lock(folder)
    assert isinstance(live, Unknown | Dead)
    with pytest.raises(OSError, match="directory"):
        RunLock(folder).acquire()


def test_a_run_removed_while_its_lock_is_waited_for_is_told(folder, monkeypatch):
    lock = RunLock(folder)
    taken = RunLock._try

    def remove_first(fd: int, timeout: float) -> bool | None:
        folder.lock.unlink()
        return taken(fd, timeout)

    monkeypatch.setattr(RunLock, "_try", staticmethod(remove_first))
    with pytest.raises(UserError, match="was removed just now"):
        lock.acquire()
    assert not lock.held


def test_an_engine_is_told_that_its_run_was_removed_and_not_that_it_was_moved(folder, monkeypatch):
    monkeypatch.setattr("nntui.runs.lock.HEARTBEAT_SECONDS", 0)
    moved = folder.path.with_name("moved")
    with RunLock(folder) as lock:
        folder.path.rename(moved)
        lock.beat()
        shutil.rmtree(moved)
        with pytest.raises(FileNotFoundError, match="the run's folder was removed"):
            lock.beat()


@pytest.mark.parametrize("another", [False, True], ids=["nothing in its place", "another run in its place"])
def test_a_run_that_was_moved_away_ends_and_one_that_comes_back_in_time_does_not(folder, monkeypatch, another):
    monkeypatch.setattr("nntui.runs.lock.HEARTBEAT_SECONDS", 0)
    moved = folder.path.with_name("moved")
    now = [100.0]
    monkeypatch.setattr("nntui.runs.lock.time.monotonic", lambda: now[0])
    with RunLock(folder) as lock:
        for _ in range(2):  # away for less than it takes, twice
            folder.path.rename(moved)
            lock.beat()
            now[0] += 4.9
            lock.beat()
            moved.rename(folder.path)
            lock.beat()
        folder.path.rename(moved)
        if another:
            folder.path.mkdir()
            folder.lock.touch()
        lock.beat()
        now[0] += 5.0
        with pytest.raises(FolderGone, match="was moved away while it trained"):
            lock.beat()
        if another:
            assert folder.lock.read_bytes() == b""


def test_a_folder_that_cannot_be_asked_for_a_while_is_not_taken_for_gone(folder, monkeypatch):
    monkeypatch.setattr("nntui.runs.lock.HEARTBEAT_SECONDS", 0)
    monkeypatch.setattr("nntui.runs.lock.GONE_SECONDS", 0)

    def hangs(self: RunLock, mine: os.stat_result) -> bool:
        raise OSError(errno.EIO, "the server does not answer")

    with RunLock(folder) as lock:
        monkeypatch.setattr(RunLock, "_in_place", hangs)
        lock.beat()


def test_another_run_of_the_same_name_is_not_taken_for_the_one_that_was_removed(folder, monkeypatch):
    monkeypatch.setattr("nntui.runs.lock.HEARTBEAT_SECONDS", 0)
    with RunLock(folder) as lock:
        shutil.rmtree(folder.path)
        folder.path.mkdir()
        with RunLock(folder), pytest.raises(FileNotFoundError):
            lock.beat()


def test_looking_takes_microseconds(folder):
    import time

    with RunLock(folder):
        began = time.process_time()
        for _ in range(500):
            probe_lock(folder)
        assert (time.process_time() - began) / 500 < 1e-3  # measured: 15 microseconds
