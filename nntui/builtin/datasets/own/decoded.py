"""Decoded recordings, kept on disk: the second time they are mapped and not decoded, and memory stays low.

They are known by the files' places, sizes and times and by how they were decoded. A cache is a folder that appears
whole or not at all, so that several processes may make and read it at once; one that cannot be written (a full disk)
costs time and no answer: recordings are then decoded when they are asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from nntui.builtin.datasets.own.decoding import CURVE, Header, Heard, Mel, header, hear
from nntui.builtin.datasets.own.failures import Passing, why
from nntui.builtin.datasets.own.mapped import stretch
from nntui.hooks.places import cache_dir

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.own.decoding import Frames

FORMAT = 1
MOST = 8 << 30
"""Bytes of all caches of recordings: those that were used longest ago go."""
ATTENTION = 256 << 20
"""Bytes of frames that are held in memory where they cannot be kept on disk."""
_BLOCK = 1 << 20


@dataclass(kw_only=True)
class Decoded:
    """Recordings by number, in the order of the paths that were given; those that cannot be read have no frames."""

    mel: Mel
    paths: Sequence[Path]
    offsets: npt.NDArray[np.int64]
    """Where each recording's frames begin, (N + 1,)."""
    seconds: npt.NDArray[np.float64]
    """Of what was read of each."""
    lengths: npt.NDArray[np.float64]
    """Seconds of the whole file, as it says."""
    silent: npt.NDArray[np.bool_]
    digests: Sequence[str]
    """SHA-256 of each file, "" of one that cannot be read."""
    problems: dict[int, str]
    """Number of a recording that cannot be read, and why."""
    rates: dict[int, int]
    """How many recordings have which rate."""
    _frames: npt.NDArray[np.float16] | None = None
    _curves: npt.NDArray[np.float16] | None = None
    _held: dict[int, Heard] = field(default_factory=dict)
    _bytes: int = 0

    @property
    def on_disk(self) -> bool:
        return self._frames is not None

    def frames(self, number: int) -> Frames:
        """Log-mel frames (T, mels)."""
        if self._frames is not None:
            return stretch(self._frames, int(self.offsets[number]), int(self.offsets[number + 1]))
        return self._heard(number).frames

    def curve(self, number: int) -> Frames:
        """The envelope (2, CURVE)."""
        if self._curves is not None:
            return np.asarray(stretch(self._curves, number, number + 1)[0])
        return self._heard(number).curve

    def _heard(self, number: int) -> Heard:
        if number not in self._held:
            heard = hear(self.paths[number], self.mel)
            self.hold(number, heard)
            return heard
        return self._held[number]

    def hold(self, number: int, heard: Heard) -> None:
        """Keeps a recording in memory, as long as there is room for it."""
        if self._bytes + heard.frames.nbytes <= ATTENTION:
            self._held[number] = heard
            self._bytes += heard.frames.nbytes


def decoded(paths: Sequence[Path], said: object, settle: Callable[[Sequence[Header | None]], Mel]) -> Decoded:
    """The recordings at `paths`, decoded now or before.

    said: what decoding depends on beside the files, as plain values. settle: chooses how to decode from what the files
    say of themselves (None for one that is no recording); it is asked only where nothing is kept.
    """
    folder = cache_dir() / "sounds" / _key(paths, said)
    found = _opened(folder, paths)
    if found is not None:
        return found
    made = _decode(paths, settle, folder)
    return _opened(folder, paths) or made


def _key(paths: Sequence[Path], said: object) -> str:
    digest = hashlib.sha256(json.dumps([FORMAT, said], sort_keys=True, default=str).encode())
    for path in paths:
        digest.update(os.fsencode(path.absolute()) + b"\0")
        with contextlib.suppress(OSError):
            stat = path.stat()
            digest.update(f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}".encode())
    return digest.hexdigest()[:32]


def _opened(folder: Path, paths: Sequence[Path]) -> Decoded | None:
    """What is kept in a folder; None where nothing is, or not all of it."""
    try:
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        numbers = {
            name: np.load(folder / f"{name}.npy", allow_pickle=False)
            for name in ("offsets", "seconds", "lengths", "silent")
        }
        mel = Mel(**facts["mel"])
        total = int(numbers["offsets"][-1])
        frames = _mapped(folder / "frames.f16", (total, mel.mels))
        curves = _mapped(folder / "curves.f16", (len(paths), 2, CURVE))
        os.utime(folder)  # it is in use
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    return Decoded(
        mel=mel,
        paths=paths,
        digests=facts["digests"],
        problems={int(number): why for number, why in facts["problems"].items()},
        rates={int(rate): count for rate, count in facts["rates"].items()},
        _frames=frames,
        _curves=curves,
        **numbers,
    )


def _mapped(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.float16]:
    """Raises ValueError where the file has another size."""
    if path.stat().st_size != 2 * int(np.prod(shape)):
        raise ValueError(f"{path} is not whole")
    if 0 in shape:
        return np.zeros(shape, np.float16)
    return np.memmap(path, dtype=np.float16, mode="r", shape=shape)


@dataclass
class _Writer:
    """Writes a cache beside its place; gives up for good at the first error, since nothing depends on it."""

    folder: Path
    scratch: Path
    frames: BinaryIO | None = None
    curves: BinaryIO | None = None

    @classmethod
    def begin(cls, folder: Path, needed: float) -> _Writer:
        scratch = folder.with_name(f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}")
        writer = cls(folder, scratch)
        with contextlib.suppress(OSError):
            folder.parent.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(folder.parent).free > 2 * needed:
                scratch.mkdir()
                writer.frames = (scratch / "frames.f16").open("wb")
                writer.curves = (scratch / "curves.f16").open("wb")
        return writer

    def add(self, frames: Frames, curve: Frames) -> bool:
        """Whether it was written."""
        if self.frames is None or self.curves is None:
            return False
        try:
            self.frames.write(frames.tobytes())
            self.curves.write(curve.tobytes())
        except OSError:
            self.drop()
            return False
        return True

    def end(self, made: Decoded) -> None:
        if self.frames is None or self.curves is None:
            return
        try:
            self.frames.close()
            self.curves.close()
            for name in ("offsets", "seconds", "lengths", "silent"):
                np.save(self.scratch / f"{name}.npy", getattr(made, name), allow_pickle=False)
            facts = {"mel": asdict(made.mel), "digests": made.digests, "problems": made.problems, "rates": made.rates}
            (self.scratch / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
            if self.folder.exists():  # damaged, or just made by another process
                self.folder.rename(self.scratch.with_suffix(".old"))
            self.scratch.rename(self.folder)
        except OSError:
            pass  # the disk is full, or another process was faster: what was decoded is used all the same
        finally:
            self.drop()
            shutil.rmtree(self.scratch.with_suffix(".old"), ignore_errors=True)
        _make_room(self.folder.parent)

    def drop(self) -> None:
        for file in (self.frames, self.curves):
            with contextlib.suppress(OSError):
                if file is not None:
                    file.close()
        self.frames = self.curves = None
        shutil.rmtree(self.scratch, ignore_errors=True)


def _decode(paths: Sequence[Path], settle: Callable[[Sequence[Header | None]], Mel], folder: Path) -> Decoded:
    problems: dict[int, str] = {}
    headers: list[Header | None] = []
    for number, answer in enumerate(_side_by_side(_header, paths)):
        headers.append(None if isinstance(answer, str) else answer)
        if isinstance(answer, str):
            problems[number] = answer
    mel = settle(headers)
    rates: dict[int, int] = {}
    for one in headers:
        if one is not None:
            rates[one.rate] = rates.get(one.rate, 0) + 1
    needed = sum(2 * mel.mels * min(one.seconds, mel.seconds) * mel.rate / mel.hop for one in headers if one)
    writer = _Writer.begin(folder, needed)
    count = len(paths)
    made = Decoded(
        mel=mel, paths=paths, offsets=np.zeros(count + 1, np.int64), seconds=np.zeros(count),
        lengths=np.array([one.seconds if one else 0.0 for one in headers]), silent=np.zeros(count, np.bool_),
        digests=[""] * count, problems=problems, rates=rates,
    )  # fmt: skip
    if any(isinstance(problem, Passing) for problem in problems.values()):
        writer.drop()
    digests: list[str] = []
    nothing = np.zeros((0, mel.mels), np.float16), np.zeros((2, CURVE), np.float16)
    work = ((path, None if number in problems else mel) for number, path in enumerate(paths))
    for number, (digest, heard) in enumerate(_side_by_side(_hear, work)):
        digests.append("" if isinstance(heard, str) else digest)
        if isinstance(heard, str):
            problems.setdefault(number, heard)
            if isinstance(heard, Passing):
                writer.drop()
            writer.add(*nothing)
            made.offsets[number + 1] = made.offsets[number]
            continue
        made.offsets[number + 1] = made.offsets[number] + len(heard.frames)
        made.seconds[number], made.silent[number] = heard.seconds, heard.silent
        if not writer.add(heard.frames, heard.curve):
            made.hold(number, heard)
    made.digests = digests
    writer.end(made)
    return made


def _side_by_side(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """`work` of each item, in order, on the cores that there are; no more than a few are waiting."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        waiting: list[Any] = []
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= 64:
                yield waiting.pop(0).result()
        for one in waiting:
            yield one.result()


def _header(path: Path) -> Header | str:
    try:
        return header(path)
    except (ValueError, MemoryError) as error:
        return why(error, str(error) or "memory runs out of it")


def _hear(asked: tuple[Path, Mel | None]) -> tuple[str, Heard | str]:
    path, mel = asked
    if mel is None:
        return "", "it cannot be read"
    try:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest(), hear(path, mel)
    except (ValueError, OSError, MemoryError) as error:
        return "", why(error, str(error).removeprefix(f"{path}: ") or "memory runs out of it")


def _make_room(folder: Path) -> None:
    with contextlib.suppress(OSError):
        kept = sorted((f for f in folder.iterdir() if not f.name.startswith(".")), key=lambda f: -f.stat().st_mtime)
        total = 0
        for one in kept:
            total += sum(file.stat().st_size for file in one.iterdir())
            if total > MOST and one != kept[0]:
                shutil.rmtree(one, ignore_errors=True)
