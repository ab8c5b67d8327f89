"""Checkpoints on disk: each a folder that is whole or is not there. What the files hold is the engine's business.

checkpoints/step-00000123/    the files, and manifest.json with the size and SHA-256 of each
checkpoints/last, best        text files: the name of a folder
checkpoints/.tmp-*, .old-*    being written, or being replaced; see `clean_stale`
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from nntui._version import __version__
from nntui.hooks.errors import UserError
from nntui.runs.durable import Data, fsync_folder, write_atomic, write_new

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder

MANIFEST_VERSION = 1
MANIFEST = "manifest.json"

Pointer = Literal["last", "best"]

_NAME = re.compile(r"step-(\d{8,})")
_TMP, _OLD = ".tmp-", ".old-"
_UNFINISHED = (".tmp-model-", ".tmp-run.toml-")
"""What an engine writes beside the checkpoints; other temporary files may be those of somebody who looks on."""


class FileRecord(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing but the digest has a default: a damaged name of a field is then a missing field."""

    version: int
    nntui: str
    step: int
    resumable: bool
    """False: weights alone, such as the best ones of an earlier step; a resume does not begin here."""
    files: dict[str, FileRecord]
    digest: str = ""
    """SHA-256 of this manifest without it: a flipped bit in a step is a damaged checkpoint too."""

    def signed(self) -> Manifest:
        return msgspec.structs.replace(self, digest=self._digest())

    def is_as_written(self) -> bool:
        return self.digest == self._digest()

    def _digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(self, digest=""))).hexdigest()


_manifest = msgspec.json.Decoder(Manifest)


@dataclass(frozen=True)
class CheckpointInfo:
    """A retained checkpoint, as its manifest says; `verify` says whether that is so."""

    step: int
    path: Path
    bytes: int
    resumable: bool = True
    readable: bool = True
    """Whether it has a manifest that this nntui reads."""

    @property
    def name(self) -> str:
        return self.path.name


def step_name(step: int) -> str:
    return f"step-{step:08d}"


# --- writing ---------------------------------------------------------------------------------------------------------


def write_checkpoint(
    folder: RunFolder, step: int, files: Mapping[str, Data], *, best: bool = False, make_last: bool = True
) -> CheckpointInfo:
    """Write `files` (contents by name) durably as the checkpoint of `step`, then point `last` and `best` at it.

    `make_last=False` is for weights without a training state: a resume never begins there. A valid checkpoint of this
    step with the same contents is kept as it is; another is replaced, and is there until the new one is. OSError (a
    full disk) leaves what was there before, the pointers included, and nothing half.
    """
    root = folder.checkpoints
    if not root.is_dir():
        root.mkdir()
        fsync_folder(folder.path)
    target = root / step_name(step)
    records = {n: FileRecord(memoryview(data).nbytes, hashlib.sha256(data).hexdigest()) for n, data in files.items()}
    manifest = Manifest(version=MANIFEST_VERSION, nntui=__version__, step=step, resumable=make_last, files=records)
    if not _holds(target, manifest):
        _write_folder(target, files, manifest)
    if make_last:
        write_atomic(root / "last", f"{target.name}\n".encode())
    if best:
        write_atomic(root / "best", f"{target.name}\n".encode())
    return CheckpointInfo(step, target, sum(r.size for r in records.values()), make_last)


def _holds(target: Path, wanted: Manifest) -> bool:
    """Whether `target` is valid, has (at least) these contents, and can be resumed from where that is wanted.

    Raises FileExistsError rather than let weights alone take the place of other weights with a training state.
    """
    there = _read_manifest(target)
    if isinstance(there, str) or verify(target) is not None:
        return False
    if there.files.items() >= wanted.files.items() and (there.resumable or not wanted.resumable):
        return True
    if there.resumable and not wanted.resumable:
        raise FileExistsError(errno.EEXIST, "other weights, with a training state, are there", str(target))
    return False


def _write_folder(target: Path, files: Mapping[str, Data], manifest: Manifest) -> None:
    temporary = target.with_name(f"{_TMP}{target.name}-{secrets.token_hex(4)}")
    try:
        temporary.mkdir()
        for name, data in files.items():
            write_new(temporary / name, data)
        write_new(temporary / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest.signed()), indent=1))
        fsync_folder(temporary)
        _put(temporary, target)
        fsync_folder(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)  # gone already, unless something went wrong


def _put(temporary: Path, target: Path) -> None:
    """Rename into place. A folder cannot be renamed over a full one: that steps aside first, and comes back when the
    second rename fails; after a crash between the two `clean_stale` brings it back."""
    try:
        temporary.rename(target)
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
    aside = target.with_name(f"{_OLD}{target.name}")
    if aside.exists():
        _remove(aside)
    target.rename(aside)
    try:
        temporary.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    with suppress(OSError):  # the new one is in place; what is left of the old one is swept up by `clean_stale`
        _remove(aside)


def _remove(path: Path) -> None:
    """Delete a checkpoint: renamed first, so that what a crash leaves is not taken for one."""
    if not path.name.startswith(_TMP):
        going = path.with_name(f"{_TMP}{path.name.lstrip('.')}-{secrets.token_hex(4)}")
        path.rename(going)
        path = going
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def clean_stale(folder: RunFolder) -> list[str]:
    """Clear away what a killed engine left half written; names of what was removed or brought back.

    For whoever holds the lock, before the first checkpoint.
    """
    cleaned = []
    with suppress(FileNotFoundError):
        for path in sorted(folder.checkpoints.iterdir()):
            if path.name.startswith(_OLD):
                target = path.with_name(path.name.removeprefix(_OLD))
                if target.exists():
                    _remove(path)
                else:  # killed between the two renames of a replacement: the old one is whole
                    path.rename(target)
                cleaned.append(path.name)
            elif path.name.startswith(_TMP):
                _remove(path)
                cleaned.append(path.name)
    with suppress(FileNotFoundError):
        for path in sorted(folder.path.iterdir()):
            if path.name.startswith(_UNFINISHED):
                _remove(path)
                cleaned.append(path.name)
    return cleaned


# --- reading ---------------------------------------------------------------------------------------------------------


def _read_manifest(path: Path) -> Manifest | str:
    """The manifest, or what is wrong with it."""
    try:
        text = (path / MANIFEST).read_bytes()
    except FileNotFoundError:
        return f"{MANIFEST} is missing" if path.is_dir() else "there is no such folder"
    except OSError as error:
        return f"{MANIFEST} cannot be read: {error.strerror}"
    try:
        manifest = _manifest.decode(text)
    except (ValueError, RecursionError) as error:
        return f"{MANIFEST} is damaged: {error}"
    if manifest.version > MANIFEST_VERSION:
        return f"it needs nntui {manifest.nntui or 'of a later version'} (format {manifest.version})"
    if not manifest.is_as_written() or path.name != step_name(manifest.step):
        return f"{MANIFEST} is damaged: it is not what was written for this step"
    return manifest


def verify(path: Path) -> str | None:
    """What is wrong with the checkpoint at `path`, or None: every byte is compared with the manifest."""
    manifest = _read_manifest(path)
    if isinstance(manifest, str):
        return manifest
    for name, record in manifest.files.items():
        if name != Path(name).name or name in ("", ".", ".."):
            return f"{MANIFEST} names {name!r}, which is not a file of it"
        try:
            with (path / name).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size != record.size:
                    return f"{name} has {size} bytes and should have {record.size}"
                if hashlib.file_digest(file, "sha256").hexdigest() != record.sha256:
                    return f"{name} is damaged: its SHA-256 is not the manifest's"
        except FileNotFoundError:
            return f"{name} is missing"
        except OSError as error:
            return f"{name} cannot be read: {error.strerror}"
    return None


def _info(path: Path) -> CheckpointInfo | None:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    manifest = _read_manifest(path)
    if isinstance(manifest, str):
        return CheckpointInfo(int(match[1]), path, 0, resumable=False, readable=False)
    return CheckpointInfo(int(match[1]), path, sum(r.size for r in manifest.files.values()), manifest.resumable)


def list_checkpoints(folder: RunFolder) -> list[CheckpointInfo]:
    """What is retained, by step; damaged ones too."""
    try:
        paths = list(folder.checkpoints.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted((i for p in paths if (i := _info(p)) is not None), key=lambda info: info.step)


def pointer(folder: RunFolder, which: Pointer) -> Path | None:
    """The folder that `last` or `best` names. None where there is no such pointer, or it names no checkpoint."""
    try:
        name = (folder.checkpoints / which).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return folder.checkpoints / name if _NAME.fullmatch(name) else None


def point_best(folder: RunFolder, step: int) -> bool:
    """Point `best` at the checkpoint of `step`, unless it does so already or that is not whole; whether it does now.

    Writing a checkpoint is not one act: whoever was killed between the pointers left `best` behind. Raises OSError.
    """
    target = folder.checkpoints / step_name(step)
    if pointer(folder, "best") == target:
        return True
    if verify(target) is not None:
        return False
    write_atomic(folder.checkpoints / "best", f"{target.name}\n".encode())
    return True


def newest_valid(folder: RunFolder) -> tuple[CheckpointInfo | None, list[str]]:
    """Where a resume begins: `last`, or the newest before it that is whole; and a warning for each passed over.

    What is newer than `last` is not considered: it belongs to a past that a resume superseded, or was never finished.
    """
    candidates = [info for info in list_checkpoints(folder) if info.resumable or not info.readable]
    warnings: list[str] = []
    last = pointer(folder, "last")
    if last is not None:
        newest = int(last.name.removeprefix("step-"))
        candidates = [info for info in candidates if info.step <= newest]
        if all(info.path != last for info in candidates):
            warnings.append(f"checkpoint {last.name}, the last one, is missing: passed over for the one before")
    elif candidates:
        warnings.append("checkpoints/last is missing or damaged: the newest whole checkpoint is taken")
    for info in reversed(candidates):
        wrong = verify(info.path)
        if wrong is None and info.resumable:
            return info, warnings
        warnings.append(f"checkpoint {info.name} is passed over for the one before: {wrong}")
    return None, warnings


def at(folder: RunFolder, where: str | int) -> CheckpointInfo:
    """The retained checkpoint `best`, `last` or of a step; whole, or UserError naming what is retained."""
    retained = list_checkpoints(folder)
    text = str(where)
    if text in ("best", "last"):
        path = pointer(folder, "best" if text == "best" else "last")
        step = None if path is None else int(path.name.removeprefix("step-"))
    else:
        digits = text.removeprefix("step-")
        if not digits.isascii() or not digits.isdigit():
            raise UserError(f"{text!r} is no checkpoint", advice=f"say best, last or a step: {_retained(retained)}")
        step = int(digits)
    found = next((info for info in retained if info.step == step), None)
    if found is None:
        what = text if text in ("best", "last") else f"at step {step}"
        raise UserError(f"{folder.name} has no checkpoint {what}", advice=_retained(retained))
    wrong = verify(found.path)
    if wrong is not None:
        raise UserError(f"checkpoint {found.name} of {folder.name} cannot be used: {wrong}", advice=_retained(retained))
    return found


def _retained(infos: list[CheckpointInfo]) -> str:
    if not infos:
        return "no checkpoint is retained"
    steps = [str(info.step) for info in infos]
    return "retained steps: " + ", ".join(steps if len(steps) <= 12 else [*steps[:5], "...", *steps[-6:]])


# --- retention -------------------------------------------------------------------------------------------------------


def prune(folder: RunFolder, keep: int, protect: Collection[int] = ()) -> list[int]:
    """Keep the newest `keep` checkpoints besides `last`, `best` and the steps in `protect`; the steps removed.

    Raises OSError where the disk refuses.
    """
    pointed = {pointer(folder, "last"), pointer(folder, "best")}
    loose = [i for i in list_checkpoints(folder) if i.path not in pointed and i.step not in protect]
    going = loose[: max(len(loose) - keep, 0)]
    for info in going:
        _remove(info.path)
    return [info.step for info in going]


def discard_after(folder: RunFolder, step: int) -> list[int]:
    """After a resume from `step`: remove newer checkpoints, whose past is superseded; the steps removed.

    `best` stays while it is valid, until a better one takes its place. Raises OSError.
    """
    best = pointer(folder, "best")
    going = [
        info
        for info in list_checkpoints(folder)
        if info.step > step and (info.path != best or verify(info.path) is not None)
    ]
    for info in going:
        _remove(info.path)
    return [info.step for info in going]
