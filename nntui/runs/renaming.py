"""Another name for a run: its folder is the run, so that is what gets it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from nntui.hooks.errors import UserError
from nntui.runs.durable import fsync_folder, write_atomic
from nntui.runs.folder import RunFolder, list_runs
from nntui.runs.lock import RunLock
from nntui.runs.names import check_name


def rename_run(folder: RunFolder, name: str) -> RunFolder:
    """The run under its new name.

    Forks hold a copy of what they began with and go on without it; those beside it that are not live and may be written
    are told where their parent is now (`forks_of` the old path then has the others). Raises UserError for a live run
    (its engine writes to the folder by name), for a name that is taken or cannot be one, and when the disk refuses.
    """
    target = RunFolder(folder.path.with_name(check_name(name)))
    if target.path == folder.path:
        return folder
    if folder.path.is_symlink():
        raise UserError(f"{folder.path} is a link", advice=f"rename the run itself: {folder.path.resolve()}")
    before = folder.path.resolve()
    lock = RunLock(folder)
    try:
        lock.acquire()
        try:
            _move(folder.path, target.path)
        finally:
            lock.release()
    except OSError as error:
        raise UserError(
            f"{folder.name} cannot be renamed: {error.filename or folder.path}: {error.strerror or error}",
            advice="see who owns the folder",
        ) from error
    for fork in forks_of(before, target.path.parent):
        _point(fork, before, target.path.resolve())
    return target


def _move(path: Path, target: Path) -> None:
    try:
        target.mkdir()  # the name is ours from here on: a folder may be moved onto an empty one
    except FileExistsError:
        raise UserError(f"there is a run named {target.name} in {path.parent}", advice="choose another name") from None
    try:
        path.rename(target)
    except BaseException:
        target.rmdir()
        raise
    fsync_folder(path.parent)


def forks_of(path: Path, root: Path) -> list[RunFolder]:
    """The runs in `root` whose run.toml names the run at `path` (absolute) as the one that they came from."""
    found = []
    for run in list_runs(root):
        with suppress(OSError, ValueError):
            text = run.run_toml.read_text(encoding="utf-8")
            if path.name in text and _parent(text) == str(path):
                found.append(run)
    return found


def _parent(text: str) -> str:
    import tomllib

    origin = tomllib.loads(text).get("origin")
    parent = origin.get("parent") if isinstance(origin, dict) else None
    return parent if isinstance(parent, str) else ""


def _point(fork: RunFolder, before: Path, after: Path) -> None:
    """Names the parent's new path in a fork's run.toml. Left as it is where the fork is live or may not be written:
    nothing but its history is told by it."""
    import tomlkit

    lock = RunLock(fork)
    try:
        lock.acquire(timeout=0.05)
    except (UserError, OSError):
        return
    try:
        document = tomlkit.parse(fork.run_toml.read_text(encoding="utf-8"))
        origin = document["origin"]
        if isinstance(origin, dict) and origin["parent"] == os.fspath(before):
            origin["parent"] = os.fspath(after)
            write_atomic(fork.run_toml, tomlkit.dumps(document).encode())
    except (OSError, ValueError, KeyError):
        return
    finally:
        lock.release()
