"""Pictures of a person's own: folders by class, or a table of paths and classes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.images import ImageFacts
from nntui.builtin.datasets.own.frames import read_frame
from nntui.builtin.datasets.own.look import HEAD, LOOKED_AT, Look, look
from nntui.builtin.datasets.own.picture_files import counted, finding
from nntui.builtin.datasets.own.picture_list import (
    LAYOUTS,
    Listing,
    contents_of,
    copies,
    fingerprint_of,
    from_folders,
    joined,
)
from nntui.builtin.datasets.own.picture_params import PictureParams
from nntui.builtin.datasets.own.picture_plan import Plan, epochs_for, plan_for
from nntui.builtin.datasets.own.picture_store import Decoded, store
from nntui.builtin.datasets.own.picture_table import from_table, label_column, path_column, texts
from nntui.builtin.datasets.pictures import WHITE, Seen
from nntui.hooks.contributions import Sniff
from nntui.hooks.data import DataReport, Finding
from nntui.hooks.errors import UserError
from nntui.hooks.names import written_out

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.own.picture_store import DecodingRows, MappedRows
    from nntui.hooks.data import DataContext, Indices, Raw, Split

DECODING = 2
"""Counted up when pictures are decoded to other bytes: what was kept is then made anew."""
SKEWED = 5
"""How many times as many pictures as the rarest class the most frequent one has, from which rare ones weigh more."""
_RESIZED = {"crop": "cropped", "pad": "padded", "stretch": "stretched"}


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureRows:
    """A `Source` of pictures, in memory or on a disk."""

    images: npt.NDArray[np.uint8] | MappedRows | DecodingRows
    codes: npt.NDArray[np.int64]
    facts: ImageFacts
    fingerprint: str
    given: Mapping[Split, Indices]
    groups: npt.NDArray[np.int64] | None
    time: npt.NDArray[np.int64] | None
    names: list[str]
    report: DataReport
    on_disk: bool
    augment: str

    @property
    def targets(self) -> npt.NDArray[np.int64]:
        return self.codes

    def __len__(self) -> int:
        return len(self.codes)

    def rows(self, index: Indices) -> Raw:
        return {"image": self.images[index], "target": self.codes[index]}

    def places(self, index: Indices) -> list[str]:
        return [self.names[i] for i in index.tolist()]


def build(params: PictureParams, context: DataContext) -> PictureRows:
    """`image` uint8 (N, C, H, W), `target` int64 (N,). Raises UserError."""
    if context.path is None:
        raise UserError("pictures are read from a path", advice="name it: --data PATH")
    listing = alone = _listed(Path(context.path), params, context)
    if context.test is not None:
        listing = joined(listing, _listed(Path(context.test), params, replace(context, group=None, time=None)))
    _check_classes(listing)
    plan = plan_for(alone.paths, alone.classes, params)  # a test from elsewhere has no say in it
    if plan is None:
        raise UserError(f"not one of the {len(listing):,} pictures in {listing.root} can be read", advice=LAYOUTS)
    contents = contents_of(listing)
    fingerprint = fingerprint_of(listing, contents)
    decoded = store(
        listing.paths,
        Seen(shape=plan.shape, resize=params.resize, white=plan.white),
        key=_key(fingerprint, plan, params, "" if contents is not None else str(listing.root)),
        size=int(listing.sizes.sum()),
        progress=context.progress,
    )
    whole = np.ones(len(listing), bool)
    whole[[number for number, _ in decoded.failures]] = False
    if contents is not None:
        listing = replace(listing, findings=(*listing.findings, *copies(listing, contents)))
    read = listing.kept(whole)
    _check_classes(read)
    read = read.with_pictures()
    return PictureRows(
        images=decoded.images,
        codes=read.codes,
        facts=ImageFacts(classes=read.classes, mirror=plan.mirror, resize=params.resize, white=plan.white),
        fingerprint=fingerprint,
        given=read.given,
        groups=read.groups,
        time=read.time,
        names=read.names,
        report=_report(listing, read, plan, params, decoded),
        on_disk=decoded.on_disk,
        augment="standard" if plan.channels == 3 else "light",
    )


def _listed(path: Path, params: PictureParams, context: DataContext) -> Listing:
    if not path.exists():
        raise UserError(f"{path} is not there", advice="a folder of pictures, or a table of them, was expected")
    seen = look(path)
    table = _table(seen, params)
    if table is not None:
        return from_table(table, params, context)
    if not seen.folder:
        raise UserError(f"{path} is neither a folder of pictures nor a table of them", advice=LAYOUTS)
    return from_folders(path)


def _table(seen: Look, params: PictureParams) -> Path | None:
    """The table that tells of pictures: the path itself, or the only one of a folder, unless folders tell the same."""
    if not seen.folder:
        return seen.path if seen.tables else None
    if len(seen.tables) != 1 or seen.splits or seen.tables[0].parent != seen.path:
        return None
    table = seen.tables[0]
    try:
        frame = read_frame(table, rows=HEAD).frame  # anew: a look is as old as its folder
    except (ValueError, OSError):
        return None
    column = path_column(frame, table.parent)
    if column is None:
        return None
    try:
        labels = {text for text in texts(frame, label_column(frame, column, params.target)) if text}
    except UserError:  # which column it is must be said
        return table if len(seen.classes) < 2 else None
    return table if len(seen.classes) < 2 or not labels & set(seen.classes) else None


def _check_classes(listing: Listing) -> None:
    """Drops no class: raises UserError where fewer than two have pictures."""
    counts = np.bincount(listing.codes, minlength=len(listing.classes))
    having = [name for name, count in zip(listing.classes, counts.tolist(), strict=True) if count]
    if not having:
        raise UserError(f"no picture in {listing.root} can be read", advice=LAYOUTS)
    if len(having) == 1:
        raise UserError(
            f"all {len(listing):,} pictures in {listing.root} are of one class, {having[0]!r}: nothing is to be told",
            advice=LAYOUTS,
        )


def _key(fingerprint: str, plan: Plan, params: PictureParams, place: str) -> str:
    """What decoded pictures are kept under. `place`: where they are, unless they are known by their content."""
    facts = [str(DECODING), fingerprint, repr(plan.shape), params.resize, str(plan.white), place]
    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _report(listing: Listing, read: Listing, plan: Plan, params: PictureParams, decoded: Decoded) -> DataReport:
    counts = np.bincount(read.codes, minlength=len(read.classes)).tolist()
    colour = "grey" if plan.channels == 1 else "colour"
    resized = "" if plan.seen == f"all {plan.height} x {plan.width}" else f", {_RESIZED[params.resize]}"
    deep = "" if plan.white == WHITE else f", of {plan.white.bit_length()} bits"
    taken = (
        f"{len(read):,} pictures of {len(read.classes)} classes ({listing.layout}); {plan.seen} pixels, "
        f"seen as {plan.height} x {plan.width} {colour}{resized}{deep}; mirrored: "
        f"{'yes' if plan.mirror else 'no'}, {plan.mirror_why}"
    )
    findings = [*read.findings, *decoded.findings]
    by_reason: dict[str, list[str]] = {}
    for number, why in decoded.failures:
        by_reason.setdefault(why, []).append(listing.names[number])
    for why, places in by_reason.items():
        findings.append(finding("skipped", f"{counted(places, 'picture')} cannot be read: {why}", places))
    if _skewed(counts):
        many, few = read.classes[int(np.argmax(counts))], read.classes[int(np.argmin(counts))]
        findings.append(
            Finding(
                kind="warning",
                message=f"{many!r} has {max(counts):,} pictures, {few!r} {min(counts):,}: "
                "with --training.class_weights balanced rare classes weigh more",
            )
        )
    return DataReport(taken_for=taken, findings=tuple(findings))


def sniff(path: Path) -> Sniff | None:
    """Folders of pictures, and tables whose column names pictures that are there."""
    seen = look(path)
    table = _table(seen, PictureParams())
    if table is not None:
        column = None if seen.frame is None else path_column(seen.frame, table.parent)
        if column is None:
            return None
        rows = _rows(table, seen)
        reason = f"column {written_out(column)} of {written_out(table.name)} names pictures that are there"
        return Sniff(confidence=0.9, reason=reason, defaults={"training.epochs": epochs_for(rows)})
    if not seen.kinds["image"] or seen.kinds["image"] < max(seen.kinds.values()):
        return None
    if not seen.folder:
        return Sniff(confidence=0.9, reason="a picture")
    reason, defaults = _first_look(path)
    return Sniff(confidence=0.6 + 0.3 * seen.share("image"), reason=reason, defaults=defaults)


def _first_look(folder: Path) -> tuple[str, dict[str, Any]]:  # settings differ in type
    """What a folder of pictures looks like, from names alone, and what suits it. What is wrong is told by `build`."""
    try:
        listing = from_folders(folder, LOOKED_AT)
    except UserError as error:
        return error.message, {}
    counts = np.bincount(listing.codes, minlength=len(listing.classes)).tolist()
    whole = len(listing) < LOOKED_AT
    defaults: dict[str, Any] = {"training.epochs": epochs_for(len(listing))}
    if whole and _skewed(counts):
        defaults["training.class_weights"] = "balanced"
    named = [f"{name} {count:,}" for name, count in zip(listing.classes, counts, strict=True)]
    more = ", ..." if len(named) > 5 or not whole else ""
    return f"{listing.layout}: {', '.join(named[:5])}{more}", defaults


def _skewed(counts: Sequence[int]) -> bool:
    return max(counts) >= SKEWED * max(1, min(counts))


def _rows(table: Path, seen: Look) -> int:
    """About how many rows a table has."""
    if seen.frame is None or len(seen.frame) < HEAD:
        return 0 if seen.frame is None else len(seen.frame)
    head = sum(len(str(value)) + 1 for row in seen.frame.iter_rows() for value in row) / len(seen.frame)
    return max(HEAD, int(table.stat().st_size / head))
