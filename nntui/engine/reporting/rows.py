"""Which rows a report is of: a split of the data that a run names, or other data of the same kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.engine.building import open_source, report_of
from nntui.engine.split import split_rows
from nntui.hooks.data import Finding
from nntui.hooks.errors import UserError
from nntui.hooks.streams import refuse_stream
from nntui.hooks.targets import resolve_target
from nntui.spec.datapath import absolute

if TYPE_CHECKING:
    from nntui.hooks.data import Indices, Raw, Source, Split, TargetSpec
    from nntui.runs.folder import RunFolder
    from nntui.spec.model import RunSpec

LOOKED_AT = 4096
"""Rows whose targets are read together."""
PLACES = 20


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Rows with their true answers, in the codes that the network was trained with."""

    source: Source
    index: Indices
    data: str
    split: str
    codes: tuple[int, ...] | None = None
    """For each class or label of the source the trained one, -1 where there is none; None where they are the same."""
    labels: int = 0
    """How many labels were trained, where `codes` are of labels."""
    findings: tuple[Finding, ...] = ()

    def raw(self, part: slice) -> Raw:
        """Raw rows of a part of the index."""
        raw = self.source.rows(self.index[part])
        if self.codes is None:
            return raw
        codes, target = np.array(self.codes, dtype=np.int64), np.asarray(raw["target"])
        if target.ndim == 1:
            return {**raw, "target": codes[target]}
        mapped = np.zeros((len(target), self.labels), dtype=target.dtype)
        known = codes >= 0
        mapped[:, codes[known]] = target[:, known]
        return {**raw, "target": mapped}

    def places(self, at: Sequence[int]) -> list[str]:
        """Where a person finds rows, by their places in the index."""
        if not len(at):
            return []
        rows = self.index[np.array(at, dtype=np.int64)]
        known = getattr(self.source, "places", None)
        return [f"row {row + 1}" for row in rows.tolist()] if known is None else list(known(rows))


def own_rows(folder: RunFolder, spec: RunSpec, split: Split) -> Judged:
    """A split of the data that the run names. Raises UserError where that has changed."""
    source = open_source(spec)
    expected = spec.resolved.get("data_fingerprint")
    if expected is not None and source.fingerprint != expected:
        raise UserError(
            f"the data of {folder.name} has changed since it was trained: its fingerprint was {expected[:12]} and "
            f"is {source.fingerprint[:12]}",
            advice="put the data back as it was, or measure it as other data: --data PATH",
        )
    rows = split_rows(source, spec.data_settings)[split]
    if not len(rows):
        raise UserError(f"{folder.name} has no {split} rows", advice="see its splits: nntui runs show")
    return Judged(source=source, index=rows, data=str(spec.data_settings.path or spec.data.name), split=split)


def other_rows(folder: RunFolder, spec: RunSpec, path: str, split: Split | None, target: TargetSpec) -> Judged:
    """Rows of other files, read as the run's own were. Raises UserError."""
    chosen = spec.data
    if chosen.contribution.sniff is None:
        raise UserError(
            f"{folder.name} was trained on {chosen.name}, which reads no other files",
            advice=f"nntui predict {folder.name} FILE answers new ones; nntui train --data {path} trains on yours",
        )
    if not Path(absolute(path)).exists():
        raise UserError(f"there is nothing at {path}", advice="--data names a file or a folder, as training does")
    refuse_stream(absolute(path))
    source, own = _opened(spec, absolute(path), split)
    index = np.arange(len(source), dtype=np.int64)
    if own is not None:
        if not len(source.given.get(own, ())):
            known = ", ".join(name for name, rows in source.given.items() if len(rows)) or "none"
            raise UserError(f"{path} has no {own} rows of its own (its splits: {known})", advice="leave out --split")
        index = np.asarray(source.given[own], dtype=np.int64)
    if not len(index):
        raise UserError(f"{path} has no rows")
    judged = Judged(
        source=source,
        index=index,
        data=path,
        split=split or "all",
        findings=tuple(f for f in report_of(source).findings if f.kind != "note"),
    )
    _check_target(judged, target)
    return judged if target.kind not in ("classes", "multilabel") else _by_name(judged, spec, target)


def _opened(spec: RunSpec, path: str, split: Split | None) -> tuple[Source, Split | None]:
    """The source that holds the rows, and which of its splits they are; None for all of it.

    What a column of a table is, is found out from its cells. So a table is read as test rows of the training data
    where that is still there: each of its columns is then taken for what it was in training.
    """
    settings = spec.data_settings
    beside = split is None and spec.data.contribution.modality in ("table", "series")
    if beside and settings.path is not None and Path(settings.path).exists():
        update: dict[str, Any] = {"test": path}
        own: Split | None = "test"
    else:
        update = {"path": path, "test": 0.0, "group": None}
        own = split
    return open_source(replace(spec, data_settings=settings.model_copy(update=update))), own


def _check_target(judged: Judged, target: TargetSpec) -> None:
    """Raises UserError where the rows have not the kind of answer that was trained."""
    if target.kind == "next-token":
        return
    truth = np.asarray(judged.source.rows(judged.index[:2]).get("target", ()))
    if not truth.size:
        raise UserError(f"{judged.data} has no true answers to measure against", advice="nntui predict answers it")
    whole, wide = truth.dtype.kind in "iu", truth.ndim == 2
    fits = {"classes": whole and not wide, "multilabel": wide, "values": wide and not whole}[target.kind]
    if not fits or (target.kind == "values" and truth.shape[1] != target.size):
        raise UserError(
            f"{judged.data} was taken for another kind of target than the run was trained on, which tells "
            f"{_in_words(target)}",
            advice="nntui data shows what it is taken for",
        )


def _in_words(target: TargetSpec) -> str:
    names = ", ".join(target.names[:6]) + (" ..." if len(target.names) > 6 else "")
    kinds = {"classes": "one of the classes", "multilabel": "any of the labels", "values": "the numbers"}
    return f"{kinds[target.kind]} {names}".rstrip()


def _by_name(judged: Judged, spec: RunSpec, target: TargetSpec) -> Judged:
    """The same rows with codes that are mapped by name; those of classes that were not trained are left out."""
    names = class_names(judged.source, spec)
    by_name = {name.casefold(): code for code, name in enumerate(target.names)}
    by_name |= {name: code for code, name in enumerate(target.names)}
    codes = tuple(by_name.get(name, by_name.get(name.casefold(), -1)) for name in names)
    unknown = [name for name, code in zip(names, codes, strict=True) if code < 0]
    mapped = replace(judged, codes=codes, labels=target.size)
    if not unknown:
        return mapped
    if target.kind == "multilabel":
        told = Finding(
            kind="warning", message=f"labels that the run never learnt: {_list(unknown)}", count=len(unknown)
        )
        return replace(mapped, findings=(*judged.findings, told))
    known = np.array(codes)[_codes_of(judged)] >= 0
    left = judged.index[~known]
    if not len(left):
        return mapped
    if not known.any():
        raise UserError(
            f"{judged.data} has none of the run's classes {_list(target.names)}; it has {_list(names)}",
            advice="name its folders or labels as those of the training data",
        )
    message = f"rows of classes that the run never learnt ({_list(unknown)}) are not measured"
    places = tuple(mapped.places(np.flatnonzero(~known)[:PLACES].tolist()))
    told = Finding(kind="skipped", message=message, count=len(left), places=places)
    return replace(mapped, index=judged.index[known], findings=(*judged.findings, told))


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _codes_of(judged: Judged) -> Indices:
    """The source's class codes of all rows of the index."""
    if judged.source.targets is not None:
        return judged.source.targets[judged.index]
    parts = range(0, len(judged.index), LOOKED_AT)
    rows = (judged.source.rows(judged.index[at : at + LOOKED_AT])["target"] for at in parts)
    return np.concatenate([np.asarray(part, dtype=np.int64) for part in rows])


def class_names(source: Source, spec: RunSpec) -> tuple[str, ...]:
    """The names of a source's classes or labels, in the order of their codes. Raises UserError.

    Where the source does not tell them, a preprocessor is fitted on it for its names alone and thrown away.
    """
    facts = getattr(source, "facts", None)
    known: Any = getattr(source, "classes", None) or getattr(facts, "classes", None) or getattr(facts, "names", None)
    if known:
        return tuple(map(str, known))
    try:
        preprocessor = resolve_target(spec.data.contribution.preprocessor)
        thrown_away = preprocessor.fit(source, np.arange(len(source), dtype=np.int64), spec.data.params)
        names: tuple[str, ...] = thrown_away.spec.target.names
        return names
    except (ValueError, TypeError, LookupError) as error:
        raise UserError(f"the classes of the data cannot be told: {error}") from None
