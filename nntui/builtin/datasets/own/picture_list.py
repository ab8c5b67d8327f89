"""Which pictures a person has and what each is: from folders that are classes, with splits above them or without."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.own.look import SPLITS, kind_of
from nntui.hooks.data import Finding
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.hooks.data import Indices, Split

SHOWN = 20
"""Places that a finding keeps."""
CONTENT = 128 << 20
"""Bytes of pictures up to which they are known by their content; more, by names, sizes and times."""
LAYOUTS = (
    "nntui takes: a folder for each class (cats/1.jpg, dogs/1.jpg); the same below train/, val/ and test/;\n"
    "or a table (CSV, TSV ...) with a column of paths, from where it lies, and one of classes"
)


@dataclass
class Found:
    """The pictures below a folder, in order of names."""

    names: list[str] = field(default_factory=list)
    """From the folder, with slashes."""
    sizes: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """Files that are no pictures by their names."""
    closed: list[str] = field(default_factory=list)
    """What cannot be looked into: folders without permission, links to nowhere."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Pictures and what they are."""

    root: Path
    names: list[str]
    """As a person knows them: from `root`, or absolute."""
    paths: list[str]
    """Absolute."""
    codes: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    sizes: npt.NDArray[np.int64]
    """Bytes; -1 for a file that is not there."""
    times: npt.NDArray[np.int64]
    given: Mapping[Split, Indices] = field(default_factory=dict)
    groups: npt.NDArray[np.int64] | None = None
    time: npt.NDArray[np.int64] | None = None
    findings: tuple[Finding, ...] = ()
    layout: str = ""
    """In words."""

    def __len__(self) -> int:
        return len(self.names)

    def kept(self, mask: npt.NDArray[np.bool_]) -> Listing:
        """Those of `mask` alone. Classes stay, also without pictures."""
        if mask.all():
            return self
        number = np.cumsum(mask) - 1
        keep = np.flatnonzero(mask).tolist()
        return replace(
            self,
            names=[self.names[i] for i in keep],
            paths=[self.paths[i] for i in keep],
            codes=self.codes[mask],
            sizes=self.sizes[mask],
            times=self.times[mask],
            given={split: number[index[mask[index]]] for split, index in self.given.items()},
            groups=None if self.groups is None else self.groups[mask],
            time=None if self.time is None else self.time[mask],
        )


def finding(kind: str, message: str, places: Sequence[str]) -> Finding:
    """About some files: counted, and the first listed."""
    assert kind in ("skipped", "warning", "note")
    return Finding(kind=kind, message=message, count=len(places), places=tuple(places[:SHOWN]))  # type: ignore[arg-type]


def pictures_below(folder: Path, most: int | None = None) -> Found:
    """Every picture in a folder and below it, known by its name; no file is opened. Hidden ones are left out; each
    folder is gone through once, so that links in a circle end. With `most`, about the first so many files alone."""
    found = Found()
    seen: set[tuple[int, int]] = set()
    waiting = [(str(folder), "")]
    while waiting and (most is None or len(found.names) + len(found.others) < most):
        place, prefix = waiting.pop()
        below = _gone_through(place, prefix, found, seen)
        waiting += reversed(below)
    if most is None:  # folders came between files: in order of names
        order = sorted(range(len(found.names)), key=found.names.__getitem__)
        if order != list(range(len(order))):
            found.names = [found.names[i] for i in order]
            found.sizes = [found.sizes[i] for i in order]
            found.times = [found.times[i] for i in order]
    return found


def _gone_through(place: str, prefix: str, found: Found, seen: set[tuple[int, int]]) -> list[tuple[str, str]]:
    """Adds the files of one folder; returns the folders in it, in order."""
    try:
        own = os.stat(place)  # noqa: PTH116 - a string here; 200,000 Paths take a second
        if (own.st_dev, own.st_ino) in seen:
            return []
        seen.add((own.st_dev, own.st_ino))
        with os.scandir(place) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError:
        found.closed.append(prefix.rstrip("/") or place)
        return []
    below = []
    for entry in entries:
        if entry.name.startswith((".", "__MACOSX")):
            continue
        name = prefix + entry.name
        try:
            if entry.is_dir():
                below.append((entry.path, f"{name}/"))
            elif not entry.is_file():
                found.closed.append(name)  # a link to nowhere, a pipe
            elif is_picture(entry.name):
                stat = entry.stat()
                found.names.append(name)
                found.sizes.append(stat.st_size)
                found.times.append(stat.st_mtime_ns)
            else:
                found.others.append(name)
        except OSError:
            found.closed.append(name)
    return below


_SUFFIXES: dict[str, bool] = {}


def is_picture(name: str) -> bool:
    """Whether a file's name promises a picture."""
    suffix = name[name.rfind(".") :]
    known = _SUFFIXES.get(suffix)
    if known is None:
        known = _SUFFIXES[suffix] = kind_of(Path(f"x{suffix}")) == "image"
    return known


def shown(name: str) -> str:
    """A file's name as text: bytes that are no UTF-8 written out, so that it can be stored as JSON."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def from_folders(root: Path, most: int | None = None) -> Listing:
    """The pictures of folders by class, of about the first `most` files. Raises UserError where there are none, or no
    classes."""
    found = pictures_below(root, most)
    if not found.names:
        raise UserError(f"{root} holds no picture", advice=LAYOUTS)
    base = _base(found.names)
    parts = [name[len(base) :].split("/") for name in found.names]
    in_splits = _split_folders(parts)
    labels: list[str | None] = []
    splits: list[Split | None] = []
    for path in parts:
        split = SPLITS[path[0].lower()] if in_splits and path[0] in in_splits else None
        at = 1 if split is not None else 0
        outside = bool(in_splits) and split is None
        labels.append(None if outside or len(path) < at + 2 else path[at])
        splits.append(split)
    if all(label is None for label in labels):
        raise UserError(f"{root} holds {len(labels):,} pictures, but no folders that say what they are", advice=LAYOUTS)
    train = [
        label for label, split in zip(labels, splits, strict=True) if label is not None and split in (None, "train")
    ]
    if not train:
        raise UserError(
            f"{root} has no pictures to train on: they are all in {' and '.join(sorted(in_splits))}", advice=LAYOUTS
        )
    below = f" below {shown(base.rstrip('/'))}" if base else ""
    layout = f"a folder for each class{below}" + (f", in {', '.join(sorted(in_splits))}" if in_splits else "")
    listing = Listing(
        root=root,
        names=[shown(name) for name in found.names],
        paths=[os.path.join(root, name) for name in found.names],  # noqa: PTH118 - as above
        codes=np.zeros(len(labels), np.int64),
        classes=(),
        sizes=np.array(found.sizes, np.int64),
        times=np.array(found.times, np.int64),
        findings=tuple(_left_out(found)),
        layout=layout,
    )
    where = "in no class's folder" + (" of a split" if in_splits else "")
    return labelled(listing, [None if label is None else shown(label) for label in labels], splits, where)


def labelled(listing: Listing, labels: Sequence[str | None], splits: Sequence[Split | None], without: str) -> Listing:
    """`listing` with codes, classes and splits. Rows that have no label, or one that no training row has, are skipped.

    `without`: what is said of rows without a label.
    """
    trained = {
        label for label, split in zip(labels, splits, strict=True) if label is not None and split in (None, "train")
    }
    classes = tuple(sorted(trained))
    code_of = {label: code for code, label in enumerate(classes)}
    codes = np.array([-1 if label is None else code_of.get(label, -2) for label in labels], np.int64)
    findings = list(listing.findings)
    nameless = np.flatnonzero(codes == -1)
    if len(nameless):
        findings.append(finding("skipped", f"{_count(nameless, 'picture')} {without}", _names(listing, nameless)))
    foreign = np.flatnonzero(codes == -2)
    if len(foreign):
        message = f"{_count(foreign, 'picture')} of validation or test of a class that no training picture has"
        findings.append(finding("skipped", message, _names(listing, foreign)))
    given: dict[Split, Indices] = {}
    if any(split is not None for split in splits):
        for split in ("train", "validation", "test"):
            index = np.array([i for i, one in enumerate(splits) if one == split], np.int64)
            if len(index):
                given[split] = index
    whole = replace(listing, codes=codes, classes=classes, given=given, findings=tuple(findings))
    return whole.kept(codes >= 0)


def _count(rows: Sequence[object] | npt.NDArray[np.int64], one: str) -> str:
    return f"{len(rows):,} {one}{'' if len(rows) == 1 else 's'}"


def _names(listing: Listing, rows: npt.NDArray[np.int64]) -> list[str]:
    return [listing.names[i] for i in rows.tolist()]


def _base(names: Sequence[str]) -> str:
    """A folder that holds nothing but the folder of everything (pets/PetImages/cat/1.jpg) is gone into."""
    base = ""
    while True:
        rest = [name[len(base) :].split("/", 2) for name in names]
        first = rest[0][0]
        if first.lower() in SPLITS or any(len(parts) < 3 or parts[0] != first for parts in rest):
            return base
        base += f"{first}/"


def _split_folders(parts: Sequence[Sequence[str]]) -> set[str]:
    """The folders at the top that are splits: they are called so, and hold folders."""
    deep: Counter[str] = Counter()
    flat: Counter[str] = Counter()
    for path in parts:
        if len(path) > 1 and path[0].lower() in SPLITS:
            (deep if len(path) > 2 else flat)[path[0]] += 1
    if not deep or flat.total() > deep.total():  # a class may be called train, among car and bus
        return set()
    return set(deep) | set(flat)


def _left_out(found: Found) -> Iterable[Finding]:
    if found.closed:
        message = f"{len(found.closed):,} folders or files that cannot be opened (no permission, or a link to nowhere)"
        yield finding("skipped", message, [shown(name) for name in found.closed])
    if found.others:
        yield finding(
            "note",
            f"{len(found.others):,} files that are no pictures by their names are left out",
            [shown(name) for name in found.others],
        )


def joined(listing: Listing, test: Listing) -> Listing:
    """`listing` and pictures of another place, which are the test."""
    code_of = {name: code for code, name in enumerate(listing.classes)}
    codes_there = np.array([code_of.get(name, -1) for name in test.classes], np.int64)[test.codes]
    findings = [*listing.findings, *test.findings]
    if "test" in listing.given:
        old = listing.given["test"]
        mask = np.ones(len(listing), bool)
        mask[old] = False
        findings.append(
            finding(
                "note", f"{_count(old, 'picture')} of its own test are left out for --data.test", _names(listing, old)
            )
        )
        listing = listing.kept(mask)
    foreign = np.flatnonzero(codes_there < 0)
    if len(foreign):
        message = f"{_count(foreign, 'picture')} of the test of a class that no training picture has"
        findings.append(finding("skipped", message, [test.paths[i] for i in foreign.tolist()]))
    test, codes_there = test.kept(codes_there >= 0), codes_there[codes_there >= 0]
    first = len(listing)
    given = dict(listing.given)
    given["test"] = np.arange(first, first + len(test), dtype=np.int64)
    return replace(
        listing,
        names=listing.names + [shown(path) for path in test.paths],
        paths=listing.paths + test.paths,
        codes=np.concatenate((listing.codes, codes_there)),
        sizes=np.concatenate((listing.sizes, test.sizes)),
        times=np.concatenate((listing.times, test.times)),
        given=given,
        # What is in the test already is no group that could be divided, and newer than all.
        groups=None if listing.groups is None else _and_new(listing.groups, len(test)),
        time=None if listing.time is None else _and_new(listing.time, len(test)),
        findings=tuple(findings),
    )


def _and_new(codes: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    return np.concatenate((codes, codes.max(initial=0) + 1 + np.arange(count, dtype=np.int64)))


def fingerprint_of(listing: Listing) -> str:
    """SHA-256 (hex) of classes, splits, names and contents; of a large set, sizes and times stand for contents."""
    digest = hashlib.sha256(repr(listing.classes).encode("utf-8", "surrogateescape"))
    digest.update(np.ascontiguousarray(listing.codes, "<i8").tobytes())
    for split, index in sorted(listing.given.items()):
        digest.update(split.encode() + np.ascontiguousarray(index, "<i8").tobytes())
    by_content = known_by_content(listing)
    if not by_content:
        digest.update(np.ascontiguousarray(listing.sizes, "<i8").tobytes())
        digest.update(np.ascontiguousarray(listing.times, "<i8").tobytes())
    for name, path in zip(listing.names, listing.paths, strict=True):
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
        if by_content:
            digest.update(_content(path))
    return digest.hexdigest()


def known_by_content(listing: Listing) -> bool:
    return int(listing.sizes.clip(0).sum()) <= CONTENT and len(listing) <= 20_000


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return b"cannot be read"
