"""A report in lines of at most 80 columns, with small bars. Pure, but for the place where it is printed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nntui.cli.output import clean, folded
from nntui.runs.figures import label, metric, number

if TYPE_CHECKING:
    from nntui.engine.reporting.report import Calibration, ClassScores, Report, Surprise, ValueErrors

WIDTH = 80
_BAR = 24
_SCORE = 16
_CLASSES = 40
"""Classes that are told one by one; --json and --html have all."""
_MOST_CONFUSED = 10
_PLACE = 30
_SHADES = {True: " ░▒▓█", False: " .:*#"}


def report_lines(report: Report, *, blocks: bool = True) -> Iterator[str]:
    """All of it, cleaned. `blocks`: whether the output shows more than ASCII."""
    for line in _lines(report, blocks):
        yield clean(line).rstrip()


def _lines(report: Report, blocks: bool) -> Iterator[str]:
    rows = f"{report.rows:,} row{'' if report.rows == 1 else 's'}"
    part = "all rows" if report.split == "all" else f"the {report.split} split"
    yield from folded(f"{report.run} on {part} of {report.data}: {rows}", WIDTH).split("\n")
    yield ""
    yield from _metrics(report)
    if report.classes is not None:
        yield from _scores(report.classes, blocks)
        yield from _confusion(report)
        yield from _calibration(report.classes.calibration, report.kind == "multilabel", blocks)
    yield from _values(report.values, report.unit, blocks)
    if report.surprise is not None:
        yield from _surprise(report.surprise, blocks)
    yield from _mistakes(report)


def _metrics(report: Report) -> Iterator[str]:
    """The metrics, beside each what the rules without learning reach."""
    names = [n for n in report.metrics if not any(n == f"{m}_{v.name}" for m in _WHOLE for v in report.values)]
    told = {name: _figure(name, report.metrics[name]) for name in names}
    wide, long = max(map(len, map(label, names)), default=0), max(map(len, told.values()), default=0)
    for name, value in told.items():
        beside = ", ".join(f"{b.name} {_figure(name, b.metrics[name])}" for b in report.baselines if name in b.metrics)
        line = f"  {label(name):<{wide}}  {value:>{long}}" + (f"   ({beside})" if beside else "")
        yield from folded(line, WIDTH, wide + long + 8).split("\n")


_WHOLE = ("mae", "rmse", "r2")


def _figure(name: str, value: float) -> str:
    return metric(name, value).removeprefix(label(name)).strip()


def bar(share: float, width: int = _BAR, *, blocks: bool = True) -> str:
    """A horizontal bar for a share of 0..1, to an eighth of a column."""
    share = min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0
    if not blocks:
        return "#" * round(share * width)
    eighths = round(share * width * 8)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]


def _columns(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> Iterator[str]:
    """Rows below each other, numbers to the right, the columns `left` to the left."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(
            cell.ljust(width) if at in left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )


def _short(text: str, width: int) -> str:
    """`text` in at most so many columns."""
    text = clean(text)
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _scores(part: ClassScores, blocks: bool) -> Iterator[str]:
    shown = part.scores
    if len(shown) > _CLASSES:
        shown = tuple(sorted((s for s in shown if s.support), key=lambda s: s.f1)[:_CLASSES])
        yield from ("", f"  the {_CLASSES} classes with the lowest F1, of {len(part.scores):,}")
    yield ""
    rows = [["class", "rows", "precision", "recall", "f1", ""]]
    for score in (*shown, part.macro, part.weighted):
        shares = [f"{share:.1%}" for share in (score.precision, score.recall, score.f1)]
        rows.append([_short(score.name, 24), f"{score.support:,}", *shares, bar(score.f1, _SCORE, blocks=blocks)])
    yield from _columns(rows, left=(0, 5))


def _confusion(report: Report) -> Iterator[str]:
    matrix = report.confusion
    if matrix is None:
        return
    names = [_short(name, 10) for name in report.names]
    counts = [[str(count) if count else "." for count in row] for row in matrix]
    rows = [["", *names], *([name, *row] for name, row in zip(names, counts, strict=True))]
    lines = list(_columns(rows))
    if max(map(len, lines)) <= WIDTH:
        yield from ("", "confusion (rows: the true class; columns: what was answered)")
        yield from lines
        return
    pairs = sorted(
        ((count, t, p) for t, row in enumerate(matrix) for p, count in enumerate(row) if count and t != p),
        key=lambda pair: (-pair[0], pair[1:]),
    )
    if pairs:
        yield from ("", "most confused")
        told = [
            [_short(report.names[t], 26), "taken for", _short(report.names[p], 26), f"{count:,} times"]
            for count, t, p in pairs[:_MOST_CONFUSED]
        ]
        yield from _columns(told, left=(0, 1, 2))


def _calibration(part: Calibration, labels: bool, blocks: bool) -> Iterator[str]:
    what = "labels found" if labels else "right answers"
    yield from ("", f"calibration ({what} by how sure it was; | is where they should be)")
    rows = [["sure", "rows", "said", "true", ""]]
    for item in part.bins:
        if item.count:
            drawn = list(bar(item.accuracy, _BAR, blocks=blocks).ljust(_BAR + 1))
            drawn[min(_BAR, round(item.confidence * _BAR))] = "|"
            said, true = f"{item.confidence:.1%}", f"{item.accuracy:.1%}"
            rows.append([f"{item.low:.0%} - {item.high:.0%}", f"{item.count:,}", said, true, "".join(drawn)])
    yield from _columns(rows, left=(4,))
    yield f"  expected calibration error {part.ece:.1%}, Brier score {number(part.brier)}"


def _values(parts: Sequence[ValueErrors], unit: str, blocks: bool) -> Iterator[str]:
    if not parts:
        return
    told = f" ({unit})" if unit else ""
    quantiles = [name for name in parts[0].quantiles if name != "100%"]
    yield from ("", f"errors{told}: bias is the mean residual; N% of the errors are below")
    rows = [["value", "mae", "rmse", "r2", "bias", *quantiles, "largest"]]
    for part in parts[:_CLASSES]:
        figures = (part.mae, part.rmse, part.r2, part.bias, *part.quantiles.values())
        rows.append([_short(part.name, 14), *(_three(value) for value in figures)])
    whole = list(_columns(rows))
    if max(map(len, whole)) <= WIDTH:
        yield from whole
    else:
        yield from _columns([row[:5] for row in rows])
        yield ""
        yield from _columns([[row[0], *row[5:]] for row in rows])
    first = parts[0]
    if first.sampled:
        whose = f" of {_short(first.name, 24)}" if len(parts) > 1 else ""
        yield from ("", f"residuals{whose} (predicted minus true)")
        yield from _histogram(first, blocks)
        yield from ("", f"predicted{whose} (upwards) against true{told}")
        yield from _scatter(first.points, blocks)


def _three(value: float) -> str:
    if not math.isfinite(value):
        return "nan"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def _histogram(part: ValueErrors, blocks: bool) -> Iterator[str]:
    """In at most a dozen bars."""
    edges, counts = part.residuals.edges, part.residuals.counts
    step = math.ceil(len(counts) / 12)
    starts = range(0, len(counts), step)
    merged = [sum(counts[at : at + step]) for at in starts]
    most = max(merged) or 1
    rows = []
    for at, count in zip(starts, merged, strict=True):
        low, high = _three(edges[at]), _three(edges[min(at + step, len(counts))])
        rows.append([f"{low} to", high, f"{count:,}", bar(count / most, 40, blocks=blocks)])
    yield from _columns(rows, left=(3,))


def _scatter(points: Sequence[tuple[float, float]], blocks: bool, columns: int = 48, lines: int = 12) -> Iterator[str]:
    """How many rows lie where, darker where more; + is where predicted and true are the same."""
    known = [pair for pair in points if all(map(math.isfinite, pair))]
    if not known:
        return
    low, high = min(map(min, known)), max(map(max, known))
    span = (high - low) or 1.0
    grid = [[0] * columns for _ in range(lines)]
    for true, predicted in known:
        x, y = ((value - low) / span for value in (true, predicted))
        grid[lines - 1 - min(lines - 1, int(y * lines))][min(columns - 1, int(x * columns))] += 1
    most = max(map(max, grid))
    for at, row in enumerate(grid):
        cells = [_SHADES[blocks][math.ceil(4 * count / most)] for count in row]
        for x in range(columns):
            if cells[x] == " " and int((x + 0.5) / columns * lines) == lines - 1 - at and x % 2:
                cells[x] = "+"
        side = _three(high) if at == 0 else _three(low) if at == lines - 1 else ""
        yield f"  {side:>9} {'│' if blocks else '|'}{''.join(cells)}"
    yield f"  {'':>9} {('└' + '─' * columns) if blocks else '+' + '-' * columns}"
    yield f"  {'':>10} {_three(low)}{_three(high):>{columns - len(_three(low))}}"


def _surprise(part: Surprise, blocks: bool) -> Iterator[str]:
    most = max((s.bits for s in part.stretches), default=0.0) or 1.0
    yield from ("", "bits of a token, by its position in the text that is seen")
    rows = [["position", "tokens", "bits", ""]]
    for s in part.stretches:
        where = f"{s.first}" if s.first == s.last else f"{s.first} - {s.last}"
        rows.append([where, f"{s.count:,}", f"{s.bits:.3f}", bar(s.bits / most, 36, blocks=blocks)])
    yield from _columns(rows, left=(3,))
    yield from ("", "tokens on which most bits are spent in all")
    rows = [["token", "times", "bits each", "told right"]]
    rows += [[visible(t.token), f"{t.count:,}", f"{t.bits:.2f}", f"{t.accuracy:.1%}"] for t in part.dearest]
    yield from _columns(rows)


def visible(token: str) -> str:
    """A token whose spaces and line breaks are seen."""
    return repr(token) if token != token.strip() or not token.isprintable() or not token else _short(token, 20)


def _mistakes(report: Report) -> Iterator[str]:
    """The worst, and where they are."""
    if report.wrong == 0:
        yield from ("", "no mistakes")
    if not report.mistakes:
        return
    shown, wrong = len(report.mistakes), report.wrong
    yield ""
    if wrong is not None and wrong <= shown:
        yield f"told wrong: {wrong:,} of {report.rows:,}"
    else:
        yield f"the {shown:,} worst" + ("" if wrong is None else f" of {wrong:,} rows told wrong")
    if report.kind == "next-token":
        yield from _columns([[_place(m.place), m.answer] for m in report.mistakes], left=(0, 1))
        return
    sure = report.mistakes[0].confidence is not None
    rows = [["", "true", "answer", "sure" if sure else ""]]
    for mistake in report.mistakes:
        confidence = "" if mistake.confidence is None else f"{mistake.confidence:.1%}"
        rows.append([_place(mistake.place), _short(mistake.truth, 16), _short(mistake.answer, 18), confidence])
    yield from _columns(rows, left=(0, 1, 2))


def _place(text: str) -> str:
    """Its end, where it is long: that is what tells rows apart."""
    text = clean(text)
    return text if len(text) <= _PLACE else f"...{text[3 - _PLACE :]}"
