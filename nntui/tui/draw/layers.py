"""The layers panel: what flows through each layer, what comes back, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, log10
from typing import TYPE_CHECKING

from nntui.runs.figures import label as words
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.spark import bars
from nntui.tui.draw.text import Line, cut, fit, plain, wrap

if TYPE_CHECKING:
    from nntui.runs.events import LayerPlan
    from nntui.runs.state import LayerPoint, RunState

DEAD = 0.25
SATURATED = 0.5
FLAT_RECTIFIER = 0.95
"""A rectifier is flat for about half of its inputs, as it should be."""
VANISHING = 1e-3
"""Of the largest gradient of a layer: what learns a thousand times slower."""
TINY_GRADIENT = 1e-8
EXPLODING = 1e3
LARGE_UPDATE = 0.1

_RECTIFIERS = frozenset({"ReLU", "ReLU6", "Threshold", "Hardshrink", "Softshrink", "SquaredReLU"})


@dataclass(frozen=True)
class LayerRow:
    """A layer as the plan and the looks into it tell it."""

    name: str
    kind: str = ""
    out: tuple[int, ...] = ()
    parameters: int = 0
    macs: int = 0
    points: Sequence[LayerPoint] = field(default=(), repr=False)

    @property
    def title(self) -> str:
        """Its name; of a numbered one ("0", "net.3") the kind too."""
        if self.name.rpartition(".")[2].isdigit() and self.kind:
            return f"{self.name} {self.kind}"
        return self.name


@dataclass(frozen=True)
class Trouble:
    """Something wrong with a layer: what is seen, why that may be, what to do."""

    layer: str
    seen: str
    cause: str
    remedy: str

    @property
    def sentence(self) -> str:
        return f"{self.layer}: {self.seen}"


def layer_rows(state: RunState) -> list[LayerRow]:
    """The layers in working order; those that only a look knows come last."""
    plans: Sequence[LayerPlan] = state.plan.layers if state.plan is not None else ()
    rows = [LayerRow(p.name, p.kind, tuple(p.out), p.parameters, p.macs, state.layers.get(p.name, ())) for p in plans]
    known = {plan.name for plan in plans}
    return rows + [LayerRow(name, points=points) for name, points in state.layers.items() if name not in known]


def troubles(rows: Sequence[LayerRow]) -> list[Trouble]:
    """What is wrong, as of the newest look into each layer."""
    gradients = [g for row in rows if row.points and (g := row.points[-1].probe.grad_norm) is not None]
    largest = max(gradients, default=0.0)
    return [trouble for row in rows if row.points for trouble in _of_layer(row, largest)]


def _of_layer(row: LayerRow, largest: float) -> list[Trouble]:
    return [*_of_outputs(row), *(_of_weights(row, largest) if row.parameters else [])]


def _of_outputs(row: LayerRow) -> list[Trouble]:
    probe, name = row.points[-1].probe, plain(row.title)
    out: list[Trouble] = []
    if probe.dead is not None and probe.dead >= DEAD:
        out.append(
            Trouble(
                name,
                f"{probe.dead:.0%} of units never fire",
                "Their inputs stay on the flat side for the whole batch, so no gradient reaches their weights.",
                "A lower learning rate, another activation (leaky-relu, gelu) or normalisation before it brings units "
                "back.",
            )
        )
    flat = FLAT_RECTIFIER if row.kind in _RECTIFIERS else SATURATED
    if probe.saturated is not None and probe.saturated >= flat and not (probe.dead or 0.0) >= DEAD:
        out.append(
            Trouble(
                name,
                f"{probe.saturated:.0%} of outputs are saturated",
                "The activation is flat there: next to nothing of the gradient comes back through it.",
                "Smaller weights at the start, normalisation before it, or an activation that does not flatten.",
            )
        )
    return out


def _of_weights(row: LayerRow, largest: float) -> list[Trouble]:
    probe, name = row.points[-1].probe, plain(row.title)
    out: list[Trouble] = []
    gradient, ratio = probe.grad_norm, probe.update_ratio
    if gradient is not None and (gradient >= EXPLODING):
        out.append(
            Trouble(
                name,
                f"the gradient is large ({gradient:.1e})",
                "Errors grow on their way back; one such step can undo many.",
                "Clip the gradient (training.clip_grad = 1.0) or lower the learning rate.",
            )
        )
    elif gradient is not None and (gradient < TINY_GRADIENT or (largest > 0 and gradient < VANISHING * largest)):
        out.append(
            Trouble(
                name,
                f"the gradient has nearly vanished ({gradient:.1e})",
                f"It is {_times(largest, gradient)} smaller than the largest one: this layer hardly learns.",
                "Normalisation, residual connections or an activation with a wider slope keep it alive.",
            )
        )
    if ratio is not None and ratio > LARGE_UPDATE:
        out.append(
            Trouble(
                name,
                f"one step moves the weights by {ratio:.0%} of their size",
                "Around a thousandth is usual: with steps this large the weights jump about.",
                "Lower the learning rate: - on this screen.",
            )
        )
    return out


def _times(largest: float, gradient: float) -> str:
    return f"{largest / gradient:,.0f} times" if gradient > 0 and isfinite(largest / gradient) else "far"


@dataclass(frozen=True)
class _Column:
    key: str
    title: str
    cells: int
    right: bool = True


_COLUMNS = {
    "out": _Column("out", "out", 9, right=False),
    "params": _Column("params", "params", 9),
    "grad": _Column("grad", "|grad|", 7),
    "ratio": _Column("ratio", "u/w", 5),
    "dead": _Column("dead", "dead", 4),
    "flat": _Column("flat", "flat", 4),
    "macs": _Column("macs", "mul-adds", 8),
    "out_mean": _Column("out_mean", "mean", 7),
    "out_std": _Column("out_std", "std", 7),
    "bins": _Column("bins", "values", 24, right=False),
}
_PAST = {"grad_past": "grad", "ratio_past": "ratio"}
"""Sparklines of a figure over the looks, each before its figure and below its title."""
_PAST_TITLES = {"grad_past": "|grad|", "ratio_past": "log10 u/w"}
_PAST_STYLES = {"grad_past": "train", "ratio_past": "validation"}
_ORDER = ("out", "params", "macs", "grad_past", "grad", "ratio_past", "ratio", "dead", "flat", "out_mean", "out_std",
          "bins")  # fmt: skip
_WANTED = ("grad", "ratio", "dead", "grad_past", "ratio_past", "flat", "out", "params", "bins", "out_mean", "out_std",
           "macs")  # fmt: skip
"""What is taken in first."""

_NAME = 8
_SPARK, _LONG_SPARK, _LONGEST_SPARK = 6, 10, 24
_LAST = ("out_mean", "out_std", "macs")
"""Columns that come only where sparklines are long."""


def _fit_columns(rows: Sequence[LayerRow], cells: int) -> tuple[int, int, list[str]]:
    """Cells of the names and of a sparkline, and which columns there are."""
    longest = max((len(plain(row.title)) for row in rows), default=_NAME)
    name = min(max(longest, _NAME), 24, max(cells // 4, _NAME))
    room = cells - name - 2
    chosen: list[str] = []
    sparks = 0
    for key in _WANTED:
        size = (_SPARK if key in _PAST else _COLUMNS[key].cells) + 1
        if key.startswith("out_") and "bins" not in chosen:
            continue  # where there is room for them there is more to see
        if size <= room - (sparks * (_LONG_SPARK - _SPARK) if key in _LAST else 0):
            chosen.append(key)
            sparks += key in _PAST
            room -= size
    more = min(room // sparks, _LONGEST_SPARK - _SPARK) if sparks else 0
    spark = _SPARK + more
    room -= sparks * more
    return name + min(room, max(longest - name, 0)), spark, [key for key in _ORDER if key in chosen]


def layers_head(rows: Sequence[LayerRow], cells: int) -> Line:
    """The titles of the columns."""
    name, spark, columns = _fit_columns(rows, cells)
    line: Line = [(fit("layer", name), "muted")]
    for key in columns:
        if key in _PAST:  # its title stands above the figure and its past
            figure = _COLUMNS[_PAST[key]]
            line.append((" " + fit(_PAST_TITLES[key], spark + 1 + figure.cells), "muted"))
        elif f"{key}_past" not in columns:
            column = _COLUMNS[key]
            line.append((" " + fit(column.title, column.cells, align="right" if column.right else "left"), "muted"))
    return cut(line, cells)


def layers_lines(
    rows: Sequence[LayerRow], cells: int, charset: Charset, wrong: Sequence[Trouble] | None = None
) -> list[Line]:
    """A line for each layer. `wrong`: its troubles, where they are known already."""
    name, spark, columns = _fit_columns(rows, cells)
    marked = {trouble.layer for trouble in (troubles(rows) if wrong is None else wrong)}
    return [_row_line(row, name, spark, columns, plain(row.title) in marked, charset) for row in rows]


def _row_line(row: LayerRow, name: int, spark: int, columns: Sequence[str], wrong: bool, charset: Charset) -> Line:
    title = fit(plain(row.title), name, ellipsis=charset.ellipsis)
    head, _, kind = title.partition(" ")
    numbered = row.title != row.name
    line: Line = [(head, "strong" if row.parameters else ""), (f" {kind}" if kind else "", "muted" if numbered else "")]
    if not kind and len(title) > len(head):
        line.append((title[len(head) :], ""))
    for key in columns:
        if key in _PAST:
            line.append((" " + bars(_past(key, row), spark, charset, log=True).ljust(spark), _PAST_STYLES[key]))
        else:
            column = _COLUMNS[key]
            text, style = _cell(key, row, charset)
            shown = fit(text, column.cells, align="right" if column.right else "left", ellipsis=charset.ellipsis)
            line.append((f" {shown}", style))
    if wrong:
        line.append((" !", "strong bad"))
    return line


def _past(key: str, row: LayerRow) -> list[float]:
    """A figure at each look that measured it."""
    probes = (point.probe for point in row.points)
    found = (probe.grad_norm if key == "grad_past" else probe.update_ratio for probe in probes)
    return [value for value in found if value is not None]


def _cell(key: str, row: LayerRow, charset: Charset) -> tuple[str, str]:
    if key == "out":
        return shape(row.out), "muted"
    if key == "params":
        return (_count(row.parameters), "") if row.parameters else ("-", "muted")
    if key == "macs":
        return (_short(row.macs), "muted") if row.macs else ("-", "muted")
    if not row.points:
        return "", "muted"
    probe = row.points[-1].probe
    match key:
        case "grad":
            return (
                (f"{probe.grad_norm:.1e}".replace("e-0", "e-").replace("e+0", "e"), "")
                if _known(probe.grad_norm)
                else ("", "")
            )
        case "ratio":
            return _ratio(next(reversed(_past("ratio_past", row)), None))  # a result has none of its own
        case "dead":
            return _share(probe.dead, DEAD)
        case "flat":
            return _share(probe.saturated, FLAT_RECTIFIER if row.kind in _RECTIFIERS else SATURATED)
        case "out_mean":
            return _number(probe.mean), "muted"
        case "out_std":
            return _number(probe.std), "muted"
    return bars([float(count) for count in probe.bins], 24, charset, low=0.0), "validation"


def _known(value: float | None) -> bool:
    return value is not None and isfinite(value)


def _ratio(value: float | None) -> tuple[str, str]:
    if value is None or not isfinite(value):
        return "", ""
    if value <= 0:
        return "0", "muted"
    return f"{log10(value):.1f}", "bad" if value > LARGE_UPDATE else "warning" if value > 0.03 else ""


def _share(value: float | None, limit: float) -> tuple[str, str]:
    if value is None or not isfinite(value):
        return "", ""
    return f"{value:.0%}", "strong bad" if value >= limit else "muted" if value < 0.005 else ""


def _number(value: float | None) -> str:
    return f"{value:.2g}" if value is not None and isfinite(value) else ""


def _count(number: int) -> str:
    text = f"{number:,}"
    return text if len(text) <= 9 else _short(number)


def _short(number: int) -> str:
    for limit, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{unit}"
    return str(number)


def shape(out: Sequence[int]) -> str:
    """32x28x28; "?" for an axis that varies."""
    return "x".join("?" if size < 0 else str(size) for size in out)


def trouble_line(wrong: Sequence[Trouble], cells: int, charset: Charset) -> Line:
    """The first trouble, and how many more there are."""
    if not wrong:
        return []
    more = f" (+{len(wrong) - 1} more, enter: why)" if len(wrong) > 1 else " (enter: why)"
    room = max(cells - len(more) - 2, 8)
    text = fit(wrong[0].sentence, min(len(wrong[0].sentence), room), ellipsis=charset.ellipsis)
    return cut([("! ", "strong bad"), (text, ""), (more, "muted")], cells)


def explanation(rows: Sequence[LayerRow], wrong: Sequence[Trouble], cells: int) -> list[Line]:
    """Each trouble with its cause and what helps; or what the columns mean where nothing is wrong."""
    lines: list[Line] = []
    for trouble in wrong:
        lines.append([("! ", "strong bad"), (trouble.sentence, "strong")])
        for text in (trouble.cause, trouble.remedy):
            lines += [[("  " + part, "muted")] for part in wrap(text, max(cells - 2, 10))]
        lines.append([])
    if not wrong:
        looked = "nothing is wrong with these layers" if any(row.points for row in rows) else "not looked into yet"
        lines += [[(words(looked), "good")], []]
    for name, meaning in _MEANINGS:
        first, *rest = wrap(meaning, max(cells - 9, 10))
        lines.append([(fit(name, 8), "key"), (f" {first}", "muted")])
        lines += [[(" " * 9 + part, "muted")] for part in rest]
    return lines


_MEANINGS = (
    ("|grad|", "norm of the gradient that reaches the layer's weights, over the last looks (log scale) and now"),
    (
        "u/w",
        "how far one step moves the weights, as a power of ten of their size, over the last looks and now: about "
        "-3 is usual",
    ),
    ("dead", "share of units that gave one and the same value for a whole batch"),
    ("flat", "share of outputs where the activation has next to no slope; half of them for a relu"),
    ("values", "what comes out of the layer: a histogram from its least to its greatest value"),
)
