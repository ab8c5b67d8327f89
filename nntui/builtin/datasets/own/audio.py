"""Reader of a person's recordings."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui import Sniff, UserError
from nntui.builtin.datasets.own.decoded import Decoded, decoded
from nntui.builtin.datasets.own.decoding import Mel
from nntui.builtin.datasets.own.look import look
from nntui.builtin.datasets.own.recordings import (
    FOLDERS,
    Recordings,
    counts_in_words,
    gathered,
    inner,
    path_column,
)
from nntui.builtin.datasets.source import fingerprint
from nntui.hooks.data import DataReport, Finding

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.builtin.datasets.own.audio_params import AudioParams
    from nntui.builtin.datasets.own.decoding import Header
    from nntui.hooks.data import DataContext, Indices, Raw, Split

MOST_RATE = 16_000
"""Hz: what is above 8,000 Hz tells few things apart, and costs as much as all below."""
MOST_SECONDS = 5.0
WITHIN = 95
"""Per cent of the recordings that are as long as, or shorter than, the length that all are brought to."""
PASSES = 60_000
"""Recordings of all epochs together: what two cores train on in half a minute."""
LEAST_EPOCHS, MOST_EPOCHS = 8, 60
FRAMES = 128
"""Frames that a sound is to have, more or less: longer sounds get longer hops."""


@dataclass(frozen=True, kw_only=True)
class AudioFacts:
    """What is known of a person's recordings. Rows: `frames`, a list of float16 (T, mels); `curve` float16
    (N, 2, CURVE); `seconds` float64 (N,); `path`, and `mel`, how it was decoded, lists; `target` int64 (N,)."""

    classes: tuple[str, ...]
    mel: Mel
    seconds: float | None = None
    """The length that a person asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AudioRows:
    """A `Source` of recordings, decoded on disk."""

    decoded: Decoded
    kept: Indices
    """Numbers of the recordings that are rows."""
    facts: AudioFacts
    fingerprint: str
    targets: npt.NDArray[np.int64]
    whereabouts: Sequence[str]
    given: Mapping[Split, Indices] = field(default_factory=dict)
    groups: npt.NDArray[np.int64] | None = None
    time: npt.NDArray[np.int64] | None = None
    report: DataReport = field(default_factory=DataReport)

    def __len__(self) -> int:
        return len(self.kept)

    @property
    def on_disk(self) -> bool:
        """Always: frames are mapped, or decoded when they are asked for."""
        return True

    def places(self, index: Indices) -> list[str]:
        return [self.whereabouts[i] for i in index.tolist()]

    def rows(self, index: Indices) -> Raw:
        numbers = self.kept[index].tolist()
        return {
            "frames": [self.decoded.frames(i) for i in numbers],
            "curve": [self.decoded.curve(i) for i in numbers],
            "seconds": self.decoded.seconds[self.kept[index]],
            "path": [self.decoded.paths[i] for i in numbers],
            "mel": [self.facts.mel] * len(numbers),
            "target": self.targets[index],
        }


def sniff(path: Path) -> Sniff | None:
    """Folders of recordings, or a table that lists them."""
    path, found = inner(path, look(path))
    if found.frame is not None and (column := path_column(found.frame)) is not None:
        reason = f"column {column} of {found.tables[0].name} names recordings"
        return Sniff(confidence=0.9, reason=reason, defaults=_epochs(len(found.frame)))
    if not found.folder or found.main != "sound":
        return None
    count = f"{found.kinds['sound']:,}{'+' if found.more else ''} recordings"
    if not found.classes:
        return Sniff(confidence=0.3, reason=f"{count}, but in no folders of classes")
    names = ", ".join(found.classes[:5]) + (", ..." if len(found.classes) > 5 else "")
    reason = f"{len(found.classes)} folders of {count}: {names}"
    return Sniff(confidence=0.9, reason=reason, defaults=_epochs(found.kinds["sound"]))


def _epochs(recordings: int) -> Mapping[str, int]:
    return {"training.epochs": max(LEAST_EPOCHS, min(MOST_EPOCHS, PASSES // max(1, recordings)))}


def build(params: AudioParams, context: DataContext) -> AudioRows:
    """Raises UserError."""
    if context.path is None:
        raise UserError("the recordings are not named", advice="--data PATH names a folder of them, or a table")
    said: dict[str, Any] = {"files": params.files, "target": params.target, "group": context.group}
    known = gathered(Path(context.path), **said)
    if context.test is not None:
        known = _with_tests(known, gathered(Path(context.test), **said))
    given = known.given()
    settle = partial(_settled, params, given.get("train"))
    found = decoded(known.paths, [params.model_dump(), [len(given.get(s, ())) for s in given]], settle)
    return _source(known, found, params.seconds)


def _with_tests(known: Recordings, tests: Recordings) -> Recordings:
    """Training recordings, and the test's behind them; a test split that the first came with is left out."""
    known = _without_test(known)
    seen = set(known.labels)
    rows = [i for i, label in enumerate(tests.labels) if label in seen]
    strange = [tests.places[i] for i, label in enumerate(tests.labels) if label not in seen]
    findings = [*known.findings, *tests.findings]
    if strange:
        message = f"{len(strange):,} test recordings are of classes that no training recording has: left out"
        findings.append(Finding(kind="skipped", message=message, count=len(strange), places=tuple(strange[:20])))
    splits: list[Split | None] = [s if s == "validation" else "train" for s in known.splits]
    splits += ["test"] * len(rows)
    grouped = known.groups is not None and tests.groups is not None
    return Recordings(
        paths=(*known.paths, *(tests.paths[i] for i in rows)),
        places=(*known.places, *(tests.places[i] for i in rows)),
        labels=(*known.labels, *(tests.labels[i] for i in rows)),
        splits=tuple(splits),
        groups=(*(known.groups or ()), *((tests.groups or ())[i] for i in rows)) if grouped else None,
        findings=tuple(findings),
        how=known.how,
    )


def _without_test(known: Recordings) -> Recordings:
    """All but the test split that they came with, of which there is another."""
    keep = [i for i, split in enumerate(known.splits) if split != "test"]
    old = [place for place, split in zip(known.places, known.splits, strict=True) if split == "test"]
    if not old:
        return known
    message = f"{len(old):,} recordings of its own test are left out for --data.test"
    told = Finding(kind="note", message=message, count=len(old), places=tuple(old[:20]))
    return replace(
        known,
        paths=tuple(known.paths[i] for i in keep),
        places=tuple(known.places[i] for i in keep),
        labels=tuple(known.labels[i] for i in keep),
        splits=tuple(known.splits[i] for i in keep),
        groups=None if known.groups is None else tuple(known.groups[i] for i in keep),
        findings=(*known.findings, told),
    )


def _settled(params: AudioParams, train: Indices | None, headers: Sequence[Header | None]) -> Mel:
    """How to decode, as a person said it or as suits the recordings (the training ones, where they are known)."""
    chosen = headers if train is None else [headers[i] for i in train]
    readable = [one for one in chosen if one is not None] or [one for one in headers if one is not None]
    counts = Counter(one.rate for one in readable)
    most = max(counts.values(), default=0)
    commonest = max((rate for rate, count in counts.items() if count == most), default=MOST_RATE)
    rate = params.rate or min(commonest, MOST_RATE)
    lengths = [min(one.seconds, MOST_SECONDS) for one in readable] or [1.0]
    seconds = params.seconds or float(np.percentile(lengths, WITHIN))
    hop_ms = params.hop or min(40.0, max(10.0, math.floor(seconds * 1000 / FRAMES)))
    frame_ms = params.frame or max(25.0, 2.5 * hop_ms)
    return Mel(
        rate=rate,
        mels=params.mels or (64 if rate >= 16_000 else 40),
        frame=max(2, round(frame_ms * rate / 1000)),
        hop=max(1, round(hop_ms * rate / 1000)),
        seconds=params.seconds or MOST_SECONDS,
        silence=params.silence,
    )


def _source(known: Recordings, found: Decoded, seconds: float | None) -> AudioRows:
    numbers = [i for i in range(len(known.paths)) if i not in found.problems]
    findings = [*known.findings, *_skipped(known, found)]
    if not numbers:
        why = next(iter(found.problems.values()))
        raise UserError(
            f"none of the {len(known.paths):,} recordings can be read: {why}",
            advice=f"{known.places[0]} is the first; WAV, FLAC, OGG and MP3 are read",
        )
    labels = [known.labels[i] for i in numbers]
    classes = tuple(sorted(set(labels)))
    if len(classes) < 2:
        raise UserError(
            f"all recordings are of one class, {classes[0]!r}: there is nothing to tell apart", advice=FOLDERS
        )
    code = {name: i for i, name in enumerate(classes)}
    targets = np.array([code[label] for label in labels], dtype=np.int64)
    row_of = {number: row for row, number in enumerate(numbers)}
    given: dict[Split, Indices] = {
        split: np.array([row_of[i] for i in index.tolist() if i in row_of], dtype=np.int64)
        for split, index in known.given().items()
    }
    groups = None
    if known.groups is not None:
        _, groups = np.unique([known.groups[i] for i in numbers], return_inverse=True)
    findings += _oddities(known, found, numbers)
    parts = (f"{known.labels[i]}\0{found.digests[i]}".encode() for i in numbers)
    return AudioRows(
        decoded=found,
        kept=np.array(numbers, dtype=np.int64),
        facts=AudioFacts(classes=classes, mel=found.mel, seconds=seconds),
        fingerprint=fingerprint(parts),
        targets=targets,
        whereabouts=[known.places[i] for i in numbers],
        given={split: index for split, index in given.items() if len(index)},
        groups=groups,
        report=DataReport(taken_for=_taken_for(known, found, labels), findings=tuple(findings)),
    )


def _taken_for(known: Recordings, found: Decoded, labels: Sequence[str]) -> str:
    mel = found.mel
    return (
        f"{len(labels):,} recordings of {len(set(labels))} classes ({counts_in_words(labels)}), by {known.how}; "
        f"read at {mel.rate:,} Hz as {mel.mels} mel bands, every {1000 * mel.hop / mel.rate:g} ms"
    )


def _skipped(known: Recordings, found: Decoded) -> list[Finding]:
    """What cannot be read, by reason."""
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for number, why in sorted(found.problems.items()):
        by_reason[why].append(known.places[number])
    return [
        Finding(
            kind="skipped",
            message=f"{len(places):,} recording{'' if len(places) == 1 else 's'} left out: {why}",
            count=len(places),
            places=tuple(places[:20]),
        )
        for why, places in by_reason.items()
    ]


def _oddities(known: Recordings, found: Decoded, numbers: Sequence[int]) -> list[Finding]:
    """What is odd about recordings that are used."""
    findings = []
    long = [i for i in numbers if found.lengths[i] > found.mel.seconds + 0.05]
    silent = [i for i in numbers if found.silent[i]]
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for number in numbers:
        alike[found.digests[number]].append(number)
    at_odds = [of[0] for of in alike.values() if len({known.labels[i] for i in of}) > 1]
    twice = [of[1] for of in alike.values() if len(of) > 1]
    for odd, kind, message in (
        (long, "note", f"longer than {found.mel.seconds:g} s: what comes after is not heard (--data.seconds)"),
        (silent, "warning", "silent throughout"),
        (twice, "warning", "there more than once: a copy in the test makes the result look better than it is"),
        (at_odds, "warning", "the same in two classes: one of the labels is wrong"),
    ):
        if odd:
            told = f"{len(odd):,} recording{' is' if len(odd) == 1 else 's are'} {message}"
            places = tuple(known.places[i] for i in odd[:20])
            findings.append(Finding(kind=kind, message=told, count=len(odd), places=places))  # type: ignore[arg-type]
    if len(found.rates) > 1:
        rates = ", ".join(f"{rate:,} Hz ({count:,})" for rate, count in sorted(found.rates.items()))
        findings.append(Finding(kind="note", message=f"recordings of several rates were resampled: {rates}"))
    return findings
