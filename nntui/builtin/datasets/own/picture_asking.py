"""Pictures that a person asks a trained network about: files, folders and tables of paths, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui.hooks.data import Asked, Finding
from nntui.hooks.names import written_out

if TYPE_CHECKING:
    from nntui.builtin.datasets.pictures import Seen


def ask_pictures(inputs: Sequence[str], size: int, seen: Seen) -> Iterator[Asked]:
    """Raw rows `image` (n, C, H, W), no more than `size` at a time; what cannot be read is told and passed over.

    Raises ValueError or OSError where there is nothing to ask about.
    """
    if not inputs:
        raise ValueError("the path of a picture was expected")
    names: list[str] = []
    paths: list[str] = []
    findings: list[Finding] = []
    for given in inputs:
        here = _meant(given, findings)
        names += here
        paths += here
    if not paths and findings:
        raise ValueError(
            f"{', '.join(inputs)}: {findings[0].in_words()}; a picture or a folder of pictures was expected"
        )
    for start in range(0, len(paths), size):
        asked = _piece(names[start : start + size], paths[start : start + size], seen, findings)
        findings = []
        yield asked


def _piece(names: list[str], paths: list[str], seen: Seen, findings: list[Finding]) -> Asked:
    from nntui.builtin.datasets.own.picture_decoding import decoded

    pieces = list(decoded(paths, seen))
    failures = [failure for piece in pieces for failure in piece.failures]
    bad = {number for number, _ in failures}
    told = [Finding(kind="skipped", message=why, places=(names[number],)) for number, why in failures]
    return Asked(
        raw={"image": np.concatenate([piece.images for piece in pieces])},
        names=[name for number, name in enumerate(names) if number not in bad],
        findings=(*findings, *told),
    )


def _meant(given: str, findings: list[Finding]) -> list[str]:
    """The pictures that an input names; what else lies there is told."""
    from nntui.builtin.datasets.own.frames import format_of
    from nntui.builtin.datasets.own.picture_files import counted, finding, others_left_out, pictures_below

    path = Path(given)
    try:
        folder, table = path.is_dir(), format_of(path) is not None
    except (OSError, ValueError):  # too long for a name, or with a NUL
        folder = table = False
    if folder:
        found = pictures_below(path)
        findings += others_left_out([str(path / name) for name in found.others], "skipped")
        if found.closed:
            message = f"{counted(found.closed, 'folder or file', 'folders or files')} cannot be opened"
            findings.append(finding("skipped", message, [written_out(str(path / name)) for name in found.closed]))
        if not found.names and not findings:
            findings.append(Finding(kind="skipped", message="it holds no picture", places=(given,)))
        return [str(path / name) for name in found.names]
    if table:
        return _of_table(path, findings)
    return [given]


def _of_table(table: Path, findings: list[Finding]) -> list[str]:
    from nntui.builtin.datasets.own.frames import read_frame
    from nntui.builtin.datasets.own.picture_table import looked_up, path_column, texts

    frame = read_frame(table).frame
    column = path_column(frame, table.parent)
    if column is None:
        raise ValueError(f"{table} has no column of picture files: it has {', '.join(frame.columns[:20])}")
    listing = looked_up(table, texts(frame, column))
    findings.extend(listing.findings)
    return [path for path, there in zip(listing.paths, (listing.sizes >= 0).tolist(), strict=True) if there]
