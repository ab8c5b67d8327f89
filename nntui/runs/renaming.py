"""Another name for a run: its folder is the run, so that is what gets it."""

from __future__ import annotations

from nntui.hooks.errors import UserError
from nntui.runs.durable import fsync_folder
from nntui.runs.folder import RunFolder
from nntui.runs.lock import RunLock
from nntui.runs.names import check_name


def rename_run(folder: RunFolder, name: str) -> RunFolder:
    """The run under its new name. Forks hold a copy of what they began with, and go on without it.

    Raises UserError for a live run (its engine writes to the folder by name), for a name that is taken or cannot be
    one, and when the disk refuses.
    """
    target = RunFolder(folder.path.with_name(check_name(name)))
    lock = RunLock(folder)
    try:
        lock.acquire()
        try:
            if target.path.exists():
                raise UserError(f"there is a run named {name} in {folder.path.parent}", advice="choose another name")
            folder.path.rename(target.path)
            fsync_folder(folder.path.parent)
        finally:
            lock.release()
    except OSError as error:
        raise UserError(
            f"{folder.name} cannot be renamed: {error.filename or folder.path}: {error.strerror or error}",
            advice="see who owns the folder",
        ) from error
    return target
