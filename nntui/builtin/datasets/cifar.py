"""CIFAR-10 and CIFAR-100 in their binary release (the Python one is a pickle, which nntui does not read).

Format (https://www.cs.toronto.edu/~kriz/cifar.html): records of the labels, one byte each (CIFAR-100: coarse, then
fine), and 3,072 bytes of pixels, red, green, blue planes of 32 x 32.
"""

from __future__ import annotations

import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.fetch import Remote, fetch
from nntui.builtin.datasets.images import ImageFacts
from nntui.builtin.datasets.labels import CIFAR10, CIFAR100
from nntui.builtin.datasets.places import advice, roots
from nntui.builtin.datasets.source import Rows, fingerprint
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.hooks.data import DataContext
    from nntui.hooks.params import Params

SIDE = 32
PIXELS = 3 * SIDE * SIDE
ADDRESS = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True, kw_only=True)
class Release:
    """One of the two sets."""

    name: str
    classes: tuple[str, ...]
    archive: str
    md5: str
    folder: str
    """Within the archive."""
    train: tuple[str, ...]
    test: tuple[str, ...]
    labels: int
    """Label bytes of a record; the last is the class."""
    pickled: tuple[str, ...]
    """Names of the release that is not read, to tell people who have only that."""


RELEASE_10 = Release(
    name="cifar10",
    classes=CIFAR10,
    archive="cifar-10-binary.tar.gz",
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    folder="cifar-10-batches-bin",
    train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    test=("test_batch.bin",),
    labels=1,
    pickled=("cifar-10-python.tar.gz", "cifar-10-batches-py"),
)
RELEASE_100 = Release(
    name="cifar100",
    classes=CIFAR100,
    archive="cifar-100-binary.tar.gz",
    md5="03b5dce01913d631647c71ecec9e9cb8",
    folder="cifar-100-binary",
    train=("train.bin",),
    test=("test.bin",),
    labels=2,
    pickled=("cifar-100-python.tar.gz", "cifar-100-python"),
)


def cifar10(params: Params, context: DataContext) -> Rows[ImageFacts]:  # noqa: ARG001 — nothing to set
    """50,000 + 10,000 photographs, `image` (60000, 3, 32, 32)."""
    return _build(RELEASE_10, context)


def cifar100(params: Params, context: DataContext) -> Rows[ImageFacts]:  # noqa: ARG001 — nothing to set
    """50,000 + 10,000 photographs, `image` (60000, 3, 32, 32), by their fine labels."""
    return _build(RELEASE_100, context)


def _build(release: Release, context: DataContext) -> Rows[ImageFacts]:
    looked = roots(context)
    places = [root / name for root in looked for name in (release.name, release.folder, ".")]
    found = _find(release, places)
    if found is None:
        found = looked[0] / release.name / release.archive
        told = advice(release.name, release.archive, ADDRESS, looked)
        pickled = [place / name for place in places for name in release.pickled if (place / name).exists()]
        if pickled:
            told = f"{pickled[0]} is the Python release, a pickle, which nntui does not read\n{told}"
        remote = Remote(release.archive, release.md5, (ADDRESS + release.archive,))
        into = found.parent
        fetch(release.name, [remote], into, progress=context.progress, advice=told, allowed=context.fetch)
    return _assemble(release, found)


def _find(release: Release, places: list[Path]) -> Path | None:
    """A folder that holds every .bin file, or the archive."""
    wanted = (*release.train, *release.test)
    for place in places:
        for folder in (place, place / release.folder):
            if all((folder / name).is_file() for name in wanted):
                return folder
        if (place / release.archive).is_file():
            return place / release.archive
    return None


def _assemble(release: Release, found: Path) -> Rows[ImageFacts]:
    wanted = (*release.train, *release.test)
    contents = {name: (found / name).read_bytes() for name in wanted} if found.is_dir() else _members(found, wanted)
    parsed = {name: parse_records(f"{found}: {name}", contents[name], release.labels, len(release.classes))
              for name in wanted}  # fmt: skip
    labels = np.concatenate([parsed[name][0] for name in wanted])
    train = sum(len(parsed[name][0]) for name in release.train)
    return Rows(
        columns={"image": np.concatenate([parsed[name][1] for name in wanted]), "target": labels},
        facts=ImageFacts(classes=release.classes, mirror=True),
        fingerprint=fingerprint(contents[name] for name in wanted),
        given={"train": np.arange(train), "test": np.arange(train, len(labels))},
        targets=labels,
    )


def _members(archive: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Contents of the wanted members, by their last name; nothing is extracted to disk. Raises UserError."""
    contents: dict[str, bytes] = {}
    remedy = "remove it to have it fetched again"
    try:
        with tarfile.open(archive, "r|*") as stream:  # read once, front to back
            for member in stream:
                name = Path(member.name).name
                opened = stream.extractfile(member) if name in wanted and member.isfile() else None
                if opened is not None:
                    contents[name] = opened.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise UserError(f"{archive} is damaged: {error}", advice=remedy) from error
    missing = [name for name in wanted if name not in contents]
    if missing:
        raise UserError(f"{archive} lacks {', '.join(missing)}", advice=remedy)
    return contents


def parse_records(
    where: str, data: bytes, labels: int, classes: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Class codes (N,) and pictures (N, 3, 32, 32) of a .bin file. Raises UserError, beginning with `where`."""
    record = labels + PIXELS
    remedy = "the file is damaged or of another data set: put the binary release there"
    if not data or len(data) % record:
        raise UserError(f"{where}: {len(data):,} bytes; whole records of {record:,} were expected", advice=remedy)
    table = np.frombuffer(data, dtype=np.uint8).reshape(-1, record)
    codes = table[:, labels - 1].astype(np.int64)
    if codes.max() >= classes:
        raise UserError(f"{where}: label {codes.max()}; labels 0 to {classes - 1} were expected", advice=remedy)
    return codes, table[:, labels:].reshape(-1, 3, SIDE, SIDE)
