"""Run folders: where they are, making, finding, listing and removing them."""

from __future__ import annotations

import errno
import mmap
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nntui.hooks.errors import UserError
from nntui.hooks.names import close_to
from nntui.hooks.typed import typed_path
from nntui.runs.durable import fsync_folder, write_atomic
from nntui.runs.events import EVENTS_VERSION
from nntui.runs.lock import RunLock
from nntui.runs.names import check_name, made_up

__all__ = [
    "RunFolder", "runs_root", "create_run", "find_run", "list_runs", "remove_run", "folder_size", "check_format",
    "write_atomic",
]  # fmt: skip

_REMOVING = ".removing-"


@dataclass(frozen=True)
class RunFolder:
    """A run. Making one touches no disk."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def run_toml(self) -> Path:
        return self.path / "run.toml"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def commands(self) -> Path:
        return self.path / "commands.jsonl"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def examples(self) -> Path:
        return self.path / "examples"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def summary(self) -> Path:
        """Derived from the others; may be deleted at any time."""
        return self.path / "summary.json"

    @property
    def index(self) -> Path:
        """Derived from the events; may be deleted at any time."""
        return self.path / "index.msgpack"

    @property
    def note(self) -> Path:
        """What a person noted of it."""
        return self.path / "note.txt"

    def exists(self) -> bool:
        """Whether it holds a run: every run has an events.jsonl from birth, and soon a run.toml."""
        try:
            return self.events.is_file() or self.run_toml.is_file()
        except OSError:  # a folder that we may not look into
            return False


def runs_root(option: str | None) -> Path:
    """Where runs are: `--runs`, else NNTUI_RUNS, else ./runs. Absolute; need not exist."""
    text = option or os.environ.get("NNTUI_RUNS") or "runs"
    return _absolute(text)


def _absolute(text: str) -> Path:
    try:
        return typed_path(text).absolute()
    except UserError:  # ~somebody whom this system does not know: then it is a name like any other
        return Path(text).absolute()


def create_run(root: Path, name: str | None) -> RunFolder:
    """A new, empty run folder below `root` (made when missing), under `name` or a made-up one.

    Raises UserError when the name is taken or cannot be one, or when the folder cannot be made.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        folder = _make_named(root, check_name(name)) if name is not None else _make_unnamed(root)
        try:
            folder.events.touch(exist_ok=False)  # from here on the folder counts as a run
        except OSError:
            folder.path.rmdir()
            raise
    except OSError as error:
        raise UserError(
            f"a run folder cannot be made in {root}: {error.strerror or error}",
            advice="--runs DIR or NNTUI_RUNS puts runs somewhere else",
        ) from error
    return folder


def _make_named(root: Path, name: str) -> RunFolder:
    try:
        (root / name).mkdir()
    except FileExistsError:
        raise UserError(
            f"there is a run named {name} in {root}",
            advice=f"choose another --name, or remove it: nntui runs rm {name}",
        ) from None
    return RunFolder(root / name)


def _make_unnamed(root: Path) -> RunFolder:
    while True:  # hundreds of thousands of names; two processes may draw the same, mkdir decides
        try:
            path = root / made_up()
            path.mkdir()
            return RunFolder(path)
        except FileExistsError:
            continue


class _FirstLine(msgspec.Struct):
    time: float = 0.0


_first_line = msgspec.json.Decoder(_FirstLine)


def _began(folder: RunFolder) -> float:
    """When the run began: survives copying, which file times do not."""
    try:
        with folder.events.open("rb", buffering=0) as file:
            line = file.read(4096).partition(b"\n")[0]
        began = _first_line.decode(line).time if line else 0.0
    except (OSError, ValueError, RecursionError):
        began = 0.0
    if began > 0:
        return began
    try:
        return folder.path.stat().st_mtime
    except OSError:  # deleted while we looked
        return 0.0


def list_runs(root: Path) -> list[RunFolder]:
    """The runs in `root`, the one begun last first. Empty where there is no such folder.

    Raises UserError when `root` cannot be read.
    """
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(
            f"runs cannot be listed: {root}: {error.strerror}", advice="--runs DIR names another folder"
        ) from error
    found = [folder for name in names if (folder := RunFolder(root / name)).exists()]
    order = {folder: _began(folder) for folder in found}
    return sorted(found, key=lambda folder: (-order[folder], folder.name))


def find_run(text: str | None, root: Path, *, prefix: bool = True) -> RunFolder:
    """The run that `text` means: a name in `root`, a path, or the beginning of one name; None: the one begun last.

    Raises UserError when there is none, when several begin so, or when it needs a later nntui.
    """
    folder = _newest(root) if text is None else _meant(text, root, prefix=prefix)
    check_format(folder)
    return folder


def _newest(root: Path) -> RunFolder:
    runs = list_runs(root)
    if not runs:
        raise UserError(f"there is no run in {root}", advice="nntui train starts one; --runs DIR looks elsewhere")
    return runs[0]


def _meant(text: str, root: Path, *, prefix: bool) -> RunFolder:
    if text and text == Path(text).name and not text.startswith("."):
        named = RunFolder(root / text)
        if named.exists():
            return named
    at = RunFolder(_absolute(text))
    if text and at.exists():
        return at
    if "/" in text:
        raise UserError(f"there is no run at {text!r}", advice="a run is a folder that holds events.jsonl and run.toml")
    names = [folder.name for folder in list_runs(root)]
    starting = [name for name in names if text and name.startswith(text)]
    if len(starting) == 1 and prefix:
        return RunFolder(root / starting[0])
    if len(starting) > 1:
        raise UserError(f"{len(starting)} runs begin with {text!r}", suggestions=starting[:5])
    raise UserError(
        f"there is no run named {text!r} in {root}",
        suggestions=starting or close_to(text, names),
        advice="nntui runs lists them; --runs DIR looks elsewhere",
    )


class _Version(msgspec.Struct):
    version: int = 1
    nntui: str = "?"


_version = msgspec.json.Decoder(_Version)
_STARTED = b'{"type":"started",'


def check_format(folder: RunFolder) -> None:
    """UserError when a later nntui wrote to this run in a format that this one does not know."""
    try:
        with folder.events.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                at = -1
                while (at := text.find(_STARTED, at + 1)) >= 0:
                    end = text.find(b"\n", at)
                    _refuse_newer(folder, text[at : end if end >= 0 else len(text)])
    except (OSError, ValueError):
        return  # absent, unreadable or cut short meanwhile: whoever reads it for its content will say so


def _refuse_newer(folder: RunFolder, line: bytes) -> None:
    try:
        started = _version.decode(line)
    except (ValueError, RecursionError):
        return  # a torn line
    if started.version > EVENTS_VERSION:
        raise newer(folder.name, started.nntui)


def newer(name: str, nntui: str) -> UserError:
    """What to say of a run that a later nntui wrote in a format that this one does not know."""
    return UserError(
        f"{name} was written by nntui {nntui}, in a later format than this nntui reads",
        advice=f"install that nntui or a later one: pip install 'nntui>={nntui}'",
    )


def folder_size(path: Path) -> int:
    """Bytes of the files below `path`; what vanishes or cannot be read meanwhile counts nothing."""
    total = 0
    for parent, _, files in os.walk(path):
        for name in files:
            try:
                total += Path(parent, name).lstat().st_size
            except OSError:
                continue
    return total


def remove_run(folder: RunFolder, *, force: bool = False) -> int:
    """Delete a run and all that is in it; the bytes that it took.

    It is renamed aside first: what a crash leaves half deleted is no run, and the next removal sweeps it up. Raises
    UserError for a live run always, for one of which that cannot be told unless `force`, and when the disk refuses.
    """
    if not folder.exists():
        raise UserError(f"{folder.path} is not a run")
    if folder.path.is_symlink():
        raise UserError(f"{folder.path} is a link", advice=f"remove the run itself: {folder.path.resolve()}")
    root = folder.path.parent
    try:
        lock = RunLock(folder)
        lock.acquire(force=force)
        try:
            size = folder_size(folder.path)
            aside = root / f"{_REMOVING}{folder.name}-{secrets.token_hex(4)}"
            folder.path.rename(aside)
            fsync_folder(root)
        finally:
            lock.release()
        _sweep(root)
    except OSError as error:
        where = error.filename or folder.path
        raise UserError(
            f"{folder.name} cannot be removed: {where}: {error.strerror or error}", advice="see who owns the folder"
        ) from error
    return size


def _sweep(root: Path) -> None:
    for path in root.glob(f"{_REMOVING}*"):
        try:
            shutil.rmtree(path)
        except OSError as error:
            if error.errno != errno.ENOENT:  # somebody else sweeps too
                raise
