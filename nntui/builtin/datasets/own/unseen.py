"""Values of categories that training never had: what a person asks about is told without them, and they hear it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from nntui.hooks.data import Finding
from nntui.hooks.names import alike

if TYPE_CHECKING:
    from nntui.hooks.data import Asked

REMEMBERED = 1000
"""Values of a column that are kept: a key of every row must not fill the memory."""
TOLD = 5


class _Unseen:
    """Of one column."""

    def __init__(self, name: str, known: Collection[str]) -> None:
        self.name, self._known = name, known
        self.rows = 0
        self.values: dict[str, None] = {}

    def look(self, cells: Collection[str]) -> None:
        for cell in cells:
            if cell and cell.casefold() not in self._known:
                self.rows += 1
                if len(self.values) < REMEMBERED:
                    self.values[cell] = None

    def finding(self) -> Finding:
        places = []
        for value in list(self.values)[:TOLD]:
            meant = alike(value, self._known)
            places.append(f"{value}, perhaps {meant}" if meant else value)
        rows = f"{self.rows:,} rows have values" if self.rows > 1 else "a row has a value"
        return Finding(
            kind="warning",
            count=len(self.values),
            places=tuple(places),
            message=f"{self.name}: {rows} that the training rows did not have, or too seldom: taken for unknown",
        )


def telling_unseen(asked: Iterator[Asked], known: Mapping[str, tuple[str, Collection[str]]]) -> Iterator[Asked]:
    """The pieces as they come; the last one tells of unseen values. `known`: by key of the raw rows, a column's name
    and its values in lower case."""
    columns = {key: _Unseen(name, values) for key, (name, values) in known.items()}
    waiting: Asked | None = None
    for piece in asked:
        for key, column in columns.items():
            if key in piece.raw:
                column.look(piece.raw[key])
        if waiting is not None:
            yield waiting
        waiting = piece
    if waiting is not None:
        told = [column.finding() for column in columns.values() if column.rows]
        yield replace(waiting, findings=(*waiting.findings, *told))
