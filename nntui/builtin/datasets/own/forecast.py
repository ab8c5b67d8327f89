"""The reader of series that are to be forecast: tables of rows in order of time, with a column of times or without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.own.series_rows import table_of
from nntui.builtin.datasets.own.series_table import (
    Roles,
    SeriesTable,
    Wanted,
    read_tables,
    roles_of,
    table_files,
)
from nntui.builtin.datasets.own.steps import calendar_of, season_in, season_of
from nntui.builtin.datasets.own.timeline import Timeline, timeline
from nntui.builtin.datasets.own.times import DAY
from nntui.builtin.datasets.own.windows import ForecastFacts, Windows, window_starts
from nntui.builtin.datasets.source import fingerprint
from nntui.hooks.data import DataReport, Finding
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from nntui.builtin.datasets.own.series_settings import ForecastParams
    from nntui.hooks.data import DataContext, Indices, Split

LONGEST_WINDOW = 168
LONGEST_HORIZON = 24
"""Steps, where they are chosen here."""


def build(params: ForecastParams, context: DataContext) -> Windows:
    """The windows of the series at a path. Raises UserError for what cannot be forecast."""
    if context.path is None:
        raise UserError("the reader series needs files", advice="say --data PATH: a table of rows in order of time")
    if context.group is not None:
        raise UserError(
            "--data.group: series are split by time, so that a group is in every split",
            advice="name the column that tells series apart with --data.series; --data.reader table takes rows alone",
        )
    path = Path(context.path)
    files = table_files(path)
    frames, findings = read_tables(files)
    wanted = Wanted(time=context.time, series=params.series, target=params.target, known=params.known, drop=params.drop)
    roles, targets, columns, told = roles_of(_joined(frames), wanted)
    table = table_of(frames, files, roles, path if path.is_dir() else None)
    _check_targets(table, roles, targets)
    try:
        line = timeline(table)
        facts, notes = _facts(line, roles, targets, params)
        if context.test is not None:  # it has no say in what is learnt
            table = _with_test(table, _test_table(context.test, roles))
            line = timeline(table, facts.step)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
    starts, gaps = window_starts(line, facts)
    if not len(starts):
        raise _too_short(path, line, facts, gaps)
    findings += [*told, *table.findings, *line.findings, *notes]
    if gaps:
        are = "1 window is" if gaps == 1 else f"{gaps:,} windows are"
        message = f"{are} left out, since {' or '.join(targets)} is missing in what they tell"
        findings.append(Finding(kind="warning" if gaps > len(starts) else "note", message=message, count=gaps))
    ends = starts + facts.window
    clock = line.moments if line.moments is not None else _counted(line)
    source = Windows(
        line=line,
        table=table,
        facts=facts,
        fingerprint=fingerprint(_content(table, params)),
        starts=starts,
        time=clock[ends],
        until=clock[ends + facts.horizon - 1],
        report=DataReport(taken_for=_taken_for(table, facts), columns=tuple(columns), findings=tuple(findings)),
    )
    return source if context.test is None else _given(source, context.test)


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """The first file says what the columns are, the longest of a few how: a file alone may lack values."""
    return max(frames[:20], key=lambda frame: frame.height)


def _test_table(test: str, roles: Roles) -> SeriesTable:
    path = Path(test)
    files = table_files(path)
    frames, _ = read_tables(files)
    return table_of(frames, files, roles, path if path.is_dir() else None)


def _with_test(table: SeriesTable, test: SeriesTable) -> SeriesTable:
    """Both, the test's files last. A series of the test goes on the one of the same name where it is later; otherwise,
    or without times, it is one of its own."""
    names = list(table.series_names)
    code = np.empty(len(test.series_names), dtype=np.int64)
    for at, name in enumerate(test.series_names):
        own = names.index(name) if name in names else -1
        later = (
            own >= 0
            and table.moments is not None
            and test.moments is not None
            and table.moments[table.series == own].max() < test.moments[test.series == at].min()
        )
        code[at] = own if later else len(names)
        if not later:
            names.append(f"{name} (test)".strip())
    moments = None
    if table.moments is not None and test.moments is not None:
        moments = np.concatenate([table.moments, test.moments])
    return replace(
        table,
        numbers=np.concatenate([table.numbers, test.numbers]),
        categories=np.concatenate([table.categories, test.categories]),
        moments=moments,
        series=np.concatenate([table.series, code[test.series]]),
        series_names=tuple(names),
        files=(*table.files, *test.files),
        file=np.concatenate([table.file, test.file + len(table.files)]),
        line=np.concatenate([table.line, test.line]),
        findings=(*table.findings, *test.findings),
    )


def _given(source: Windows, test: str) -> Windows:
    """The windows that tell rows of the test's files alone are the test; those that tell of both are in no split."""
    path = Path(test)
    own = len(table_files(path))
    first = len(source.table.files) - own
    row = source.line.row
    of_test = np.zeros(len(row), dtype=bool)
    of_test[row >= 0] = source.table.file[row[row >= 0]] >= first
    ends = source.starts + source.facts.window
    ahead = of_test[ends[:, None] + np.arange(source.facts.horizon)]
    whole = ahead.all(axis=1)
    if not whole.any():
        raise UserError(f"{test} is too short: no window tells rows of it alone", advice="give more test rows")
    splits: dict[Split, Indices] = {"test": np.flatnonzero(whole).astype(np.int64)}
    both = ahead.any(axis=1) & ~whole
    if both.any():
        keep = np.flatnonzero(~both)
        source = replace(source, starts=source.starts[keep], time=source.time[keep], until=source.until[keep], given={})
        splits = {"test": np.flatnonzero(whole[keep]).astype(np.int64)}
    return replace(source, given=splits)


def _check_targets(table: SeriesTable, roles: Roles, targets: tuple[str, ...]) -> None:
    for name in targets:
        values = table.numbers[:, roles.numbers.index(name)]
        seen = values[np.isfinite(values)]
        if len(seen) == 0:
            raise UserError(f"{name} is missing in every row: there is nothing to forecast")
        if seen.min() == seen.max():
            raise UserError(
                f"{name} is {seen[0]:g} in every row: there is nothing to forecast",
                advice="name another column with --data.target",
            )


def _facts(
    line: Timeline, roles: Roles, targets: tuple[str, ...], params: ForecastParams
) -> tuple[ForecastFacts, list[Finding]]:
    """Window, horizon, season and calendar: as said, or chosen from the step and the length."""
    longest = max((end - begin for begin, end in line.segments), default=0)
    total = len(line.numbers)
    season = _season(line, roles, targets)
    window = params.window or max(min(2 * season, LONGEST_WINDOW) if season else 16, 8)
    horizon = params.horizon or (min(season, LONGEST_HORIZON) if season else 1)
    if params.horizon is None:
        horizon = max(min(horizon, longest // 16, total // 24), 1)
    if params.window is None:
        window = max(min(window, longest // 4), min(window, 2), 1)
    chosen = []
    if params.window is None:
        chosen.append(f"a window of {window} steps")
    if params.horizon is None:
        chosen.append(f"a horizon of {horizon}")
    notes = []
    if chosen:
        why = f"a step is {line.step.in_words()}" + (f", a season {season}" if season else ", without a season")
        notes.append(Finding(kind="note", message=f"{' and '.join(chosen)} were chosen: {why}"))
    calendar = (
        calendar_of(line.step, line.moments) if params.calendar and line.moments is not None and roles.clock else ()
    )
    facts = ForecastFacts(
        roles=roles,
        step=line.step,
        targets=targets,
        known=params.known,
        window=window,
        horizon=horizon,
        season=season if season and season <= window else 0,
        calendar=calendar,
    )
    return facts, notes


def _season(line: Timeline, roles: Roles, targets: tuple[str, ...]) -> int:
    if line.moments is not None and roles.clock:
        weekdays = bool(((line.moments // DAY + 3) % 7 < 5).all())
        return season_of(line.step, weekdays)
    begin, end = max(line.segments, key=lambda piece: piece[1] - piece[0])
    half = begin + (end - begin) // 2  # what is later may be test rows
    return season_in(line.numbers[begin:half, roles.numbers.index(targets[0])])


def _too_short(path: Path, line: Timeline, facts: ForecastFacts, gaps: int) -> UserError:
    longest = max((end - begin for begin, end in line.segments), default=0)
    whole = facts.window + facts.horizon
    if longest >= whole:
        return UserError(
            f"{path}: {' or '.join(facts.targets)} is missing somewhere in the horizon of all {gaps:,} windows",
            advice="a shorter --data.horizon may find some that are whole",
        )
    fits = longest - facts.horizon - 2
    advice = (
        f"--data.window {fits} would fit" if fits >= 1
        else f"--data.window 1 --data.horizon {longest - 3} would fit" if longest > 4
        else "give at least 8 rows in order of time"
    )  # fmt: skip
    return UserError(
        f"{path}: the longest stretch without a gap has {longest} steps; a window of {facts.window} and a horizon of "
        f"{facts.horizon} need {whole}, and a few more to train and test",
        advice=advice,
    )


def _counted(line: Timeline) -> np.ndarray:
    """Without times: the number of each step in its series, so that the newest of each is the test."""
    count = np.empty(len(line.numbers), dtype=np.int64)
    for begin, end in line.segments:
        count[begin:end] = np.arange(end - begin)
    return count


def _content(table: SeriesTable, params: ForecastParams) -> list[bytes]:
    parts = [table.numbers.tobytes(), "\0".join(map(str, table.categories.ravel())).encode(), table.series.tobytes()]
    if table.moments is not None:
        parts.append(table.moments.tobytes())
    return [*parts, params.model_dump_json().encode()]


def _taken_for(table: SeriesTable, facts: ForecastFacts) -> str:
    many = len(table.series_names)
    series = f"{many} series" if many > 1 else "one series"
    time = (
        f"by {facts.roles.time}, a step is {facts.step.in_words()}" if facts.roles.time else "in the order of the rows"
    )
    return (
        f"{series} of {len(table.series):,} rows {time}: {', '.join(facts.targets)} is forecast {facts.horizon} "
        f"step{'s' if facts.horizon > 1 else ''} ahead from {facts.window}"
    )
