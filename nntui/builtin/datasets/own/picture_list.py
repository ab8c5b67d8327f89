"""Which pictures a person has and what each is: from folders that are classes, with splits above them or without."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.own.look import SPLITS
from nntui.builtin.datasets.own.picture_files import (
    Found,
    counted,
    finding,
    others_left_out,
    pictures_below,
)
from nntui.hooks.data import Finding
from nntui.hooks.errors import UserError
from nntui.hooks.names import written_out

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.hooks.data import Indices, Split

CONTENT = 128 << 20
"""Bytes of pictures up to which they are known by their content; more, by names, sizes and times."""
LAYOUTS = (
    "nntui takes: a folder for each class (cats/1.jpg, dogs/1.jpg); the same below train/, val/ and test/;\n"
    "or a table (CSV, TSV ...) with a column of paths, from where it lies, and one of classes"
)


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

    def places(self, rows: npt.NDArray[np.int64]) -> list[str]:
        return [self.names[i] for i in rows.tolist()]

    def with_pictures(self) -> Listing:
        """Without classes that have no picture; they are told."""
        counts = np.bincount(self.codes, minlength=len(self.classes))
        empty = [name for name, count in zip(self.classes, counts.tolist(), strict=True) if not count]
        if not empty:
            return self
        told = finding("warning", "no picture can be read of some classes, which are left out", empty)
        return replace(
            self,
            codes=(np.cumsum(counts > 0) - 1)[self.codes],
            classes=tuple(name for name in self.classes if name not in set(empty)),
            findings=(*self.findings, told),
        )

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


_WHOLE = re.compile(r"[0-9]{1,18}")


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
    below = f" below {written_out(base.rstrip('/'))}" if base else ""
    layout = f"a folder for each class{below}" + (f", in {', '.join(sorted(in_splits))}" if in_splits else "")
    listing = Listing(
        root=root,
        names=[written_out(name) for name in found.names],
        paths=[os.path.join(root, name) for name in found.names],  # noqa: PTH118 - as above
        codes=np.zeros(len(labels), np.int64),
        classes=(),
        sizes=np.array(found.sizes, np.int64),
        times=np.array(found.times, np.int64),
        findings=tuple(_left_out(found)),
        layout=layout,
    )
    where = "in no class's folder" + (" of a split" if in_splits else "")
    return labelled(listing, [None if label is None else written_out(label) for label in labels], splits, where)


def labelled(listing: Listing, labels: Sequence[str | None], splits: Sequence[Split | None], without: str) -> Listing:
    """`listing` with codes, classes and splits. Rows that have no label, or one that no training row has, are skipped.

    `without`: what is said of rows without a label.
    """
    trained = {
        label for label, split in zip(labels, splits, strict=True) if label is not None and split in (None, "train")
    }
    classes = tuple(sorted(trained, key=int) if all(map(_WHOLE.fullmatch, trained)) else sorted(trained))
    code_of = {label: code for code, label in enumerate(classes)}
    codes = np.array([-1 if label is None else code_of.get(label, -2) for label in labels], np.int64)
    findings = list(listing.findings)
    nameless = np.flatnonzero(codes == -1)
    if len(nameless):
        findings.append(finding("skipped", f"{counted(nameless, 'picture')} {without}", listing.places(nameless)))
    foreign = np.flatnonzero(codes == -2)
    if len(foreign):
        message = f"{counted(foreign, 'picture')} of validation or test of a class that no training picture has"
        findings.append(finding("skipped", message, listing.places(foreign)))
    given: dict[Split, Indices] = {}
    if any(split is not None for split in splits):
        for split in ("train", "validation", "test"):
            index = np.array([i for i, one in enumerate(splits) if one == split], np.int64)
            if len(index):
                given[split] = index
    whole = replace(listing, codes=codes, classes=classes, given=given, findings=tuple(findings))
    return whole.kept(codes >= 0)


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
        what = counted(found.closed, "folder or file", "folders or files")
        message = f"{what} cannot be opened (a link to nowhere, or forbidden)"
        yield finding("skipped", message, [written_out(name) for name in found.closed])
    yield from others_left_out(found.others)
    if found.empty:
        message = f"{counted(found.empty, 'folder')} with nothing in {'it' if len(found.empty) == 1 else 'them'}"
        yield finding("warning", message, [written_out(name) for name in found.empty])


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
                "note", f"{counted(old, 'picture')} of its own test are left out for --data.test", listing.places(old)
            )
        )
        listing = listing.kept(mask)
    foreign = np.flatnonzero(codes_there < 0)
    if len(foreign):
        message = f"{counted(foreign, 'picture')} of the test of a class that no training picture has"
        findings.append(finding("skipped", message, [test.paths[i] for i in foreign.tolist()]))
    test, codes_there = test.kept(codes_there >= 0), codes_there[codes_there >= 0]
    first = len(listing)
    given = dict(listing.given)
    given["test"] = np.arange(first, first + len(test), dtype=np.int64)
    return replace(
        listing,
        names=listing.names + [written_out(path) for path in test.paths],
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


def contents_of(listing: Listing) -> list[bytes] | None:
    """A hash of each file; None for a large set, whose files are known by size and time."""
    if int(listing.sizes.clip(0).sum()) > CONTENT or len(listing) > 20_000:
        return None
    return [_content(path) for path in listing.paths]


def copies(listing: Listing, contents: Sequence[bytes]) -> Iterable[Finding]:
    """Pictures that are there more than once, byte for byte."""
    first: dict[bytes, int] = {}
    same: list[int] = []
    torn: list[int] = []
    for number, content in enumerate(contents):
        before = first.setdefault(content, number)
        if before != number:
            (same if listing.codes[before] == listing.codes[number] else torn).append(number)
    for rows, what in ((same, "of its class"), (torn, "of another class")):
        if rows:
            message = (
                f"{counted(rows, 'picture')} {'is' if len(rows) == 1 else 'are'} the copy of another {what}: "
                "what was trained on may be in the test too"
            )
            yield finding("warning", message, listing.places(np.array(rows)))


def fingerprint_of(listing: Listing, contents: Sequence[bytes] | None) -> str:
    """SHA-256 (hex) of classes, splits, names and contents; of a large set, sizes and times stand for contents."""
    digest = hashlib.sha256(repr(listing.classes).encode("utf-8", "surrogateescape"))
    digest.update(np.ascontiguousarray(listing.codes, "<i8").tobytes())
    for split, index in sorted(listing.given.items()):
        digest.update(split.encode() + np.ascontiguousarray(index, "<i8").tobytes())
    if contents is None:
        digest.update(np.ascontiguousarray(listing.sizes, "<i8").tobytes())
        digest.update(np.ascontiguousarray(listing.times, "<i8").tobytes())
    digest.update("\0".join(listing.names).encode("utf-8", "surrogateescape"))
    for content in contents or ():
        digest.update(content)
    return digest.hexdigest()


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return b"cannot be read"
