"""The reader `table`: a person's own CSV, TSV, Parquet, Arrow or JSON lines, a row a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.builtin.datasets.own.frames import Pieces
from nntui.builtin.datasets.own.kinds import guess
from nntui.builtin.datasets.own.leaks import leaks
from nntui.builtin.datasets.own.look import SPLITS
from nntui.builtin.datasets.own.mixed import MixedFacts, raw_key
from nntui.builtin.datasets.own.table_files import Part, parts_of
from nntui.builtin.datasets.own.table_params import TableParams, overrides
from nntui.builtin.datasets.own.table_reading import (
    Coded,
    Read,
    Use,
    content_of,
    gaps_of,
    head_of,
    joined,
    read_table,
)
from nntui.builtin.datasets.own.table_target import Told, choose_target, known_column, read_as_words, told
from nntui.builtin.datasets.source import Rows, fingerprint
from nntui.hooks.data import ColumnReport, DataReport, Finding
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt

    from nntui.hooks.data import DataContext, Indices, Split

NOT_LEARNT = {
    "identifier": "left out: an identifier",
    "empty": "left out: always missing",
    "constant": "left out: always the same",
}
SHOWN = 20
"""Columns that an error tells of."""
MOST_TEXT_ROWS = 1_000_000
"""Rows beyond which text columns are left out unless they are asked for: each cell would be held in memory."""


def build(params: TableParams, context: DataContext) -> Rows[MixedFacts]:
    """The rows of a table, typed. Raises UserError."""
    parts = parts_of(context)
    try:
        return _Building(params, context, parts).rows()
    except (ValueError, OSError) as error:
        raise UserError(
            str(error), advice="a table was expected: correct the file, or name another reader with --data.reader"
        ) from None


class _Building:
    """One table on its way to rows."""

    def __init__(self, params: TableParams, context: DataContext, parts: Sequence[Part]) -> None:
        self.params = params
        self.context = context
        self.parts = parts
        self.notes: list[Finding] = []
        tables = [Pieces(part.path) for part in parts]
        dialect = tables[0].dialect
        self.tables = tables
        self.said = overrides(params)
        head = head_of(tables[0])
        names = head.columns
        for flag, listed in (("features", params.features), ("drop", params.drop), ("as", tuple(self.said))):
            for name in listed:
                known_column(name, names, flag)
        for flag, one in (("group", context.group), ("time", context.time), ("split", params.split)):
            if one is not None:
                known_column(one, names, flag)
        self.columns = guess(head, self.said, decimal_comma=dialect is not None and dialect.decimal_comma)
        self._check_dates()
        special = [n for n in (context.group, context.time, params.split, *params.drop) if n is not None]
        self.target, note = choose_target(self.columns, params.target, special)
        if note:
            self.note(note)
        self.roles = self._roles()
        self.features = [name for name, role in self.roles.items() if role == "feature"]

    def note(self, message: str, **more: Any) -> None:  # the fields of Finding
        self.notes.append(Finding(**{"kind": "note", **more, "message": message}))

    def _check_dates(self) -> None:
        for name, column in self.columns.items():
            if column.kind == "date" and not column.format:
                raise UserError(f"--data.as {name}=date: its dates are in no format that nntui knows",
                                advice="write them as 2024-12-31 or 2024-12-31 23:59:59")  # fmt: skip

    def _roles(self) -> dict[str, str]:
        """What becomes of each column."""
        params, context = self.params, self.context
        roles: dict[str, str] = {}
        for name, column in self.columns.items():
            if name in self.target:
                role = "target"
            elif name == context.time:
                role = "time"
            elif name == context.group:
                role = "group"
            elif name == params.split:
                role = "split"
            elif name in params.drop:
                role = "left out: as said"
            elif params.features and name not in params.features:
                role = "left out: not among --data.features"
            elif name in params.features or name in self.said:
                role = "feature"
            else:
                role = NOT_LEARNT.get(column.kind, "feature")
            roles[name] = role
        return roles

    def uses(self) -> dict[str, Use]:
        uses: dict[str, Use] = {}
        for name, role in self.roles.items():
            kind = self.columns[name].kind
            if role == "feature":
                uses[name] = "value"
            elif role == "target":
                uses[name] = "word" if read_as_words(self.columns[name]) else "value"
            elif role == "time":
                uses[name] = "value" if kind in ("number", "date") else "word"
            elif role in ("group", "split"):
                uses[name] = "word"
        return uses

    def rows(self) -> Rows[MixedFacts]:
        uses = self.uses()
        reads = [read_table(table, self.columns, uses) for table in self.tables]
        read, part = joined(reads)
        goal = told(self.target, read.values, self.said)
        if goal.note:
            self.note(goal.note)
        self.notes += goal.findings
        read, part, values = self._complete(read, part, goal)
        return self._source(read, part, replace(goal, values=values))

    def _complete(
        self, read: Read, part: npt.NDArray[np.int8], goal: Told
    ) -> tuple[Read, npt.NDArray[np.int8], npt.NDArray[Any]]:
        """Without the rows whose target or time is missing."""
        values = goal.values
        gone = values < 0 if goal.kind == "classes" else np.isnan(values).any(axis=1)
        reasons = [("the target", gone)]
        if self.context.time is not None:
            reasons.append((f"the time ({self.context.time})", gaps_of(read.values[self.context.time])))
        for what, rows in reasons:
            if rows.any():
                places = tuple(self.place(part[i], read.lines[i]) for i in np.flatnonzero(rows)[:20])
                message = f"{int(rows.sum()):,} rows miss {what}, and are skipped"
                self.notes.append(Finding(kind="skipped", message=message, count=int(rows.sum()), places=places))
        keep = ~np.logical_or.reduce([rows for _, rows in reasons])
        if not keep.any():
            raise UserError(
                "no row is left: in each the target or the time is missing", advice="choose another: --data.target NAME"
            )
        if not keep.all():
            read.kept(keep)
            part, values = part[keep], values[keep]
        return read, part, values

    def place(self, part: int, line: int) -> str:
        return f"{self.parts[part].path.name}, line {line:,}"

    def _source(self, read: Read, part: npt.NDArray[np.int8], goal: Told) -> Rows[MixedFacts]:
        values = goal.values
        names = [name for name in self.features if self._tells(name, read)]
        facts = MixedFacts(
            features=tuple(self.columns[name] for name in names),
            target=self.target,
            kind=goal.kind,
            names=goal.names,
            separator=goal.separator,
            words=self.params.words,
            bins=self.params.bins,
        )
        if not names:
            why = [f"{name}: {role.removeprefix('left out: ')}" for name, role in self.roles.items()][:SHOWN]
            raise UserError(
                f"no column is left to tell {', '.join(self.target)} from",
                advice="\n".join((*why, "--data.features NAME takes one in, --data.target NAME tells another")),
            )
        lines = read.lines
        given = self._given(part, read)
        files = [item.path.name for item in self.parts]
        return Rows(
            columns={**{raw_key(name): read.values[name] for name in names}, "target": values},
            facts=facts,
            fingerprint=self._fingerprint(facts, read, values),
            given=given,
            targets=values if goal.kind == "classes" else None,
            groups=self._groups(read),
            time=self._time(read),
            report=self._report(read, goal),
            whereabouts=lambda row: f"{files[part[row]]}, line {lines[row]:,}",
        )

    def _tells(self, name: str, read: Read) -> bool:
        column = read.values[name]
        kind = self.columns[name].kind
        if kind == "text" and len(read) > MOST_TEXT_ROWS and name not in self.said:
            self.roles[name] = "left out: text of many rows"
            self.note(f"{name!r} is text of {len(read):,} rows, and is left out; --data.as {name}=text takes it in")
            return False
        gaps = gaps_of(column)
        if gaps.all():
            self.roles[name] = NOT_LEARNT["empty"]
        elif isinstance(column, Coded):
            if not gaps.any() and len(np.unique(column.codes)) < 2:
                self.roles[name] = NOT_LEARNT["constant"]
        elif isinstance(column, np.ndarray) and not gaps.any() and column.min() == column.max():
            self.roles[name] = NOT_LEARNT["constant"]
        return self.roles[name] == "feature"

    def _given(self, part: npt.NDArray[np.int8], read: Read) -> Mapping[Split, Indices]:
        given: dict[Split, Indices] = {}
        for number, item in enumerate(self.parts):
            if item.split is not None:
                given[item.split] = np.flatnonzero(part == number).astype(np.int64)
                if not len(given[item.split]):
                    what = ", ".join(self.target) + (f" or {self.context.time}" if self.context.time else "")
                    raise UserError(f"{item.path}: no row of it says {what}, so there is nothing to compare with",
                                    advice="nntui predict answers rows without a target")  # fmt: skip
        if "train" not in given and self.params.split is not None:
            column: Coded = read.values[self.params.split]
            marks = [SPLITS.get(word.casefold()) for word in column.words.tolist()]
            strange = [word for word, mark in zip(column.words.tolist()[:-1], marks, strict=False) if mark is None]
            if strange or (column.codes[part == 0] < 0).any():  # a test file need not say it
                what = repr(strange[0]) if strange else "nothing"
                raise UserError(f"--data.split {self.params.split}: it says {what} of a row",
                                advice="it must say train, validation or test of each")  # fmt: skip
            for split in ("train", "validation", "test"):
                rows = np.isin(column.codes, [code for code, mark in enumerate(marks) if mark == split])
                rows &= part == 0
                if rows.any() and split not in given:  # for a test of another file its own is left out
                    given[split] = np.flatnonzero(rows).astype(np.int64)
        return given

    def _groups(self, read: Read) -> npt.NDArray[np.int64] | None:
        if self.context.group is None:
            return None
        codes: npt.NDArray[np.int64] = read.values[self.context.group].codes.astype(np.int64)
        return codes

    def _time(self, read: Read) -> npt.NDArray[np.int64] | None:
        if self.context.time is None:
            return None
        column = read.values[self.context.time]
        if isinstance(column, Coded):
            raise UserError(f"--data.time {self.context.time}: it holds neither dates nor numbers, so no order",
                            advice="write dates as 2024-12-31 or 2024-12-31 23:59:59")  # fmt: skip
        _, place = np.unique(column, return_inverse=True)
        return place.astype(np.int64)

    def _fingerprint(self, facts: MixedFacts, read: Read, values: npt.NDArray[Any]) -> str:
        """Of the rows as they are learnt from, whatever file they stand in."""
        head = (facts.kind, facts.names, facts.target, [(column.name, column.kind) for column in facts.features])
        columns = (values, *(read.values[column.name] for column in facts.features))
        parts = (part for column in columns for part in content_of(column))  # one after another: each is a copy
        return fingerprint(chain([repr(head).encode()], parts))

    def _report(self, read: Read, goal: Told) -> DataReport:
        left_out = [name for name, role in self.roles.items() if role in NOT_LEARNT.values()]
        for name in left_out[:20]:
            why = self.columns[name].why
            role = self.roles[name].removeprefix("left out: ")
            since = f", since {why}" if why else ""
            self.note(f"{name!r} is left out: {role}{since}; --data.features takes it in")
        if len(left_out) > 20:
            self.note(
                f"{len(left_out) - 20:,} more columns are left out",
                count=len(left_out) - 20,
                places=tuple(left_out[20:40]),
            )
        columns = tuple(
            ColumnReport(name=name, kind=column.kind, role=self.roles[name], missing=read.missing[name],
                         distinct=read.distinct[name], examples=read.examples[name])
            for name, column in self.columns.items()
        )  # fmt: skip
        features = [name for name, role in self.roles.items() if role == "feature"]
        self.notes += leaks({name: read.values[name] for name in features}, goal, self.target)
        what = {
            "classes": f"{len(goal.names)} classes",
            "multilabel": f"{len(goal.names)} labels",
            "values": "a number",
        }
        kind = "numbers" if goal.kind == "values" and len(goal.names) > 1 else what[goal.kind]
        taken_for = (f"a table of {len(read):,} rows and {len(self.columns):,} columns ({read.taken_for}), told is "
                     f"{', '.join(self.target)}: {kind}, from {len(features):,} columns")  # fmt: skip
        return DataReport(taken_for=taken_for, columns=columns, findings=(*read.findings, *self.notes))
