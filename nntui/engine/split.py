"""Which rows train, which choose the best checkpoint, and which judge the result. The engine, not a plugin, decides.

Every row has a key: the raw 64-bit output of PCG64 seeded by (split seed, purpose), drawn in row order. Rows are
taken in the order of their keys. NumPy guarantees the raw streams of `SeedSequence` and `PCG64`, but not what its
`Generator` makes of them, so a split stays the same on every platform and version.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.hooks.data import Indices, Source, Split
    from nntui.spec.model import DataSettings

    Keys = npt.NDArray[np.uint64]
    Counts = npt.NDArray[np.int64]
    Marks = npt.NDArray[np.int8]
    """What becomes of each row: 0 train, 1 validation, 2 test, -1 none of them."""

_SPLIT, _LIMIT = 0, 1  # purposes: each has a stream of its own

MORE_ROWS = "use more rows, or ask for fewer splits with --data.test 0 or --data.validation 0"


def split_rows(source: Source, settings: DataSettings) -> dict[Split, Indices]:
    """Row numbers of train, validation and test: sorted int64, disjoint.

    A test (or validation) split that the data came with is kept, and what is missing is cut from the other rows:
    chronologically where rows have a time (the newest are the test, then validation; rows of one moment stay
    together), by whole groups where they have groups, stratified where they have classes (every class with three
    rows or more is in each split, classes with fewer stay in training), at random else.

    `settings.validation` is the share of the rows that are not test; `settings.limit` cuts the training rows alone.
    Rows that tell of a stretch of time are in no split where it reaches across a border (see `_by_stretch`).
    Raises UserError where there are too few rows, or where given splits overlap.
    """
    rows = len(source)
    if rows == 0:
        raise UserError(
            "the data has no rows", advice="give at least three, one for each of train, validation and test"
        )
    given = _checked(source, rows)
    pool = _pool(given, rows)
    test_share = 0.0 if "test" in given or isinstance(settings.test, str) else settings.test
    validation_share = 0.0 if "validation" in given else settings.validation
    cuts = _cuts(len(pool), test_share, validation_share)
    until = getattr(source, "until", None)
    if source.time is not None and until is not None:
        marks = _by_stretch(source.time[pool], until[pool], cuts)
    elif source.time is not None:
        marks = _by_time(source.time[pool], cuts)
    elif source.groups is not None:
        marks = _by_group(source.groups[pool], cuts, settings.split_seed)
    else:
        keys = _keys(rows, settings.split_seed, _SPLIT)[pool]
        targets = np.zeros(len(pool), np.int64) if source.targets is None else source.targets[pool]
        marks = _stratified(targets, keys, cuts, classes=source.targets is not None)
    train = pool[marks == 0]
    if settings.limit is not None and settings.limit < len(train):
        train = _limited(train, source, settings.limit, settings.split_seed)
    return {
        "train": train,
        "validation": given.get("validation", pool[marks == 1]),
        "test": given.get("test", pool[marks == 2]),
    }


def rows_hash(source_fingerprint: str, index: Indices) -> str:
    """SHA-256 (hex) of a data set's fingerprint and some of its rows: equal where a run saw the same rows."""
    digest = hashlib.sha256(source_fingerprint.encode() + b"\0")
    digest.update(np.ascontiguousarray(index, dtype="<i8").tobytes())
    return digest.hexdigest()


class _Cut(NamedTuple):
    """Rows that are to be cut off for a split."""

    mark: int
    share: float
    """Of the rows that earlier cuts left."""
    after: int
    """How many splits must still find rows afterwards, training among them."""


def _cuts(rows: int, test: float, validation: float) -> list[_Cut]:
    """The test first, then validation; neither where its share is 0."""
    wanted = [(mark, share) for mark, share in ((2, test), (1, validation)) if share > 0]
    if rows <= len(wanted):
        raise UserError(
            f"{rows} row{'' if rows == 1 else 's'} cannot be divided into {len(wanted) + 1} splits", advice=MORE_ROWS
        )
    return [_Cut(mark, share, len(wanted) - i) for i, (mark, share) in enumerate(wanted)]


def _count(left: int, share: float, after: int) -> int:
    """Rows of one cut, so that each later split still finds one."""
    return min(max(1, int(np.floor(left * share + 0.5))), left - after)


def _keys(count: int, seed: int, purpose: int) -> Keys:
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(purpose,))).random_raw(count)


def _checked(source: Source, rows: int) -> dict[Split, Indices]:
    """The splits that the data came with, sorted; raises UserError where they cannot be."""
    given: dict[Split, Indices] = {}
    owner = np.zeros(rows, np.int8)
    for code, name in enumerate(cast("tuple[Split, ...]", ("train", "validation", "test")), start=1):
        index = np.asarray(source.given.get(name, ()), dtype=np.int64)
        if not (index[1:] > index[:-1]).all():  # most are in order already; sorting 60,000 takes 50 ms
            index = np.unique(index)
        if len(index) == 0:
            continue
        if index[0] < 0 or index[-1] >= rows:
            raise UserError(
                f"the data's own {name} split names row {index[-1] if index[-1] >= rows else index[0]}, "
                f"but there are {rows} rows",
                advice="this is a fault of the data set: correct the split that it gives",
            )
        shared = index[owner[index] > 0]
        if len(shared):
            raise UserError(
                f"the data's own {name} split shares {len(shared)} rows with another (row {shared[0]} is one)",
                advice="this is a fault of the data set: a row may be in one split only",
            )
        owner[index] = code
        given[name] = index
    return given


def _pool(given: dict[Split, Indices], rows: int) -> Indices:
    """The rows that may train: those given for it, or all that no other split has."""
    if "train" in given:
        pool = given["train"]
    else:
        free = np.ones(rows, bool)
        for index in given.values():
            free[index] = False
        pool = np.flatnonzero(free).astype(np.int64)
    if len(pool) == 0:
        raise UserError(
            "no row is left to train on: the splits that the data came with take them all",
            advice="this is a fault of the data set: give it training rows",
        )
    return pool


def _by_time(time: npt.NDArray[np.int64], cuts: list[_Cut]) -> Marks:
    """A mark for each row: the newest are the test (2), those before them validation (1).

    Rows of one moment stay together, so each boundary is the one between two moments that is nearest to the wanted.
    """
    moments, code = np.unique(time, return_inverse=True)
    if len(moments) <= len(cuts):
        raise UserError(
            f"the rows have {len(moments)} different time{'' if len(moments) == 1 else 's'}; "
            f"{len(cuts) + 1} chronological splits need at least as many",
            advice="split by a finer time (--data.time), or ask for fewer splits with --data.test 0",
        )
    before = np.concatenate(([0], np.cumsum(np.bincount(code))))  # rows older than each moment
    mark_of = np.zeros(len(moments), np.int8)
    end = len(moments)  # the moments before it are not yet cut
    for mark, share, after in cuts:
        starts = np.arange(after, end)
        count = _count(int(before[end]), share, after)
        start = int(starts[np.argmin(np.abs(before[end] - before[starts] - count))])
        mark_of[start:end] = mark
        end = start
    marks: Marks = mark_of[code]
    return marks


def _by_stretch(time: npt.NDArray[np.int64], until: npt.NDArray[np.int64], cuts: list[_Cut]) -> Marks:
    """As `_by_time`, for rows that tell of a stretch, from `time` to `until`: one that reaches into a later split gets
    the mark -1, in none, since what it tells is told there. Each share is of the rows that are left.

    Raises UserError where no row would be left to train on.
    """
    marks: Marks = np.full(len(time), -1, np.int8)
    left = np.arange(len(time))
    for at, cut in enumerate(cuts):
        if len(np.unique(time[left])) <= len(cuts) - at:
            raise UserError(
                "too few rows are left to train on: what each one tells reaches into the validation or test rows",
                advice=f"tell fewer steps ahead, or {MORE_ROWS}",
            )
        mark = _by_time(time[left], [cut._replace(after=1)])
        chosen = left[mark == cut.mark]
        marks[chosen] = cut.mark
        rest = left[mark == 0]
        left = rest[until[rest] < time[chosen].min()]
    if not len(left):
        raise UserError(
            "no row is left to train on: what each one tells reaches into the validation or test rows",
            advice=f"tell fewer steps ahead, or {MORE_ROWS}",
        )
    marks[left] = 0
    return marks


def _by_group(groups: npt.NDArray[np.int64], cuts: list[_Cut], seed: int) -> Marks:
    """A mark for each row, the same for all rows of a group: groups are taken in random order while the number of
    rows comes nearer to the wanted, and the smallest where none does."""
    names, code = np.unique(groups, return_inverse=True)
    if len(names) <= len(cuts):
        raise UserError(
            f"the rows have {len(names)} different group{'' if len(names) == 1 else 's'}; "
            f"{len(cuts) + 1} splits need at least as many",
            advice="group by a column with more values (--data.group), or ask for fewer splits with --data.test 0",
        )
    sizes = np.bincount(code).tolist()
    order = np.argsort(_keys(len(names), seed, _SPLIT), kind="stable").tolist()
    mark_of = np.zeros(len(names), np.int8)
    for mark, share, after in cuts:
        count = _count(sum(sizes[group] for group in order), share, after)
        taken: list[int] = []
        rows = 0
        for group in order:
            nearer = abs(rows + sizes[group] - count) < abs(rows - count)
            if nearer and len(order) - len(taken) > after:
                taken.append(group)
                rows += sizes[group]
        taken = taken or [min(order, key=lambda group: sizes[group])]
        mark_of[taken] = mark
        order = [group for group in order if mark_of[group] == 0]
    marks: Marks = mark_of[code]
    return marks


def _stratified(targets: npt.NDArray[np.int64], keys: Keys, cuts: list[_Cut], *, classes: bool) -> Marks:
    """A mark for each row: of each class the rows with the smallest keys are the test, the next ones validation."""
    _, code = np.unique(targets, return_inverse=True)
    left = np.bincount(code)
    divided = left >= (3 if classes else len(cuts) + 1)
    if cuts and not divided.any():
        raise UserError("no class has three rows, so none can be in train, validation and test", advice=MORE_ROWS)
    place = _places(code, keys)
    mark = np.zeros(len(code), np.int8)
    done = np.zeros(len(left), np.int64)
    for value, share, after in cuts:
        count = _count(int(left.sum()), share, after)
        cut = _apportion(left, share, count, divided.astype(np.int64), np.where(divided, left - after, 0))
        mark[(place >= done[code]) & (place < (done + cut)[code])] = value
        done, left = done + cut, left - cut
    return mark


def _apportion(counts: Counts, share: float, total: int, least: Counts, most: Counts) -> Counts:
    """How many of `counts` each class gives, so that they sum to `total` as far as least and most allow.

    Largest remainders (Hamilton): each gives the whole part of its quota, then those that are furthest below their
    quota give one more; where the least is above the quota, those furthest above give one less.
    """
    quota = counts * share
    cut: Counts = np.clip(np.floor(quota).astype(np.int64), least, most)
    total = int(np.clip(total, least.sum(), most.sum()))
    while (short := total - int(cut.sum())) != 0:
        step = 1 if short > 0 else -1
        able = np.flatnonzero(cut < most if step > 0 else cut > least)
        by_need = able[np.argsort(-step * (quota - cut)[able], kind="stable")]
        cut[by_need[: abs(short)]] += step
    return cut


def _limited(train: Indices, source: Source, limit: int, seed: int) -> Indices:
    """`limit` of the training rows: the newest, or a stratified choice, or a random one."""
    if source.time is not None:
        newest = np.argsort(source.time[train], kind="stable")[-limit:]
        return np.sort(train[newest])
    keys = _keys(len(source), seed, _LIMIT)[train]
    targets = np.zeros(len(train), np.int64) if source.targets is None else source.targets[train]
    _, code = np.unique(targets, return_inverse=True)
    counts = np.bincount(code)
    least = np.ones_like(counts) if len(counts) <= limit else np.zeros_like(counts)
    cut = _apportion(counts, limit / len(train), limit, least, counts)
    chosen: Indices = train[_places(code, keys) < cut[code]]
    return chosen


def _places(code: Counts, keys: Keys) -> Counts:
    """The place of each row within its class, in the order of the keys."""
    counts = np.bincount(code)
    place = np.empty(len(code), np.int64)
    place[np.lexsort((keys, code))] = np.arange(len(code)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place
