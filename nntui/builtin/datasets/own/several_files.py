"""Files of a folder that a person asks about: one that cannot be read costs its own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.hooks.data import Asked, Finding

if TYPE_CHECKING:
    from nntui.hooks.data import Raw


def of_each(files: Sequence[Path], ask: Callable[[Path], Iterator[Asked]]) -> Iterator[Asked]:
    """What `ask` tells of each file. Of several, one that cannot be read is passed over and told.

    Raises ValueError or OSError where it is the only one, or fails when rows of it were told.
    """
    for file in files:
        begun = False
        try:
            for piece in ask(file):
                begun = True
                yield piece
        except (ValueError, OSError) as error:
            if begun or len(files) == 1:
                raise
            yield Asked(raw={}, names=(), findings=(Finding(kind="skipped", message=str(error), places=(str(file),)),))


def raws(pieces: Iterable[Asked]) -> list[Raw]:
    """The rows of each piece, for who wants all of them. Raises ValueError where a file was passed over."""
    found = []
    for piece in pieces:
        if not len(piece.names):
            raise ValueError("; ".join(finding.in_words() for finding in piece.findings))
        found.append(piece.raw)
    return found
