"""A network before it is trained: its layers, what it costs, and the loss that it begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nntui.runs import figures
from nntui.tui.draw.charset import Charset
from nntui.tui.draw.text import Line, cut, fit, plain, spread, width, wrap

if TYPE_CHECKING:
    from nntui.runs.events import LayerPlan
    from nntui.runs.jobs import PlanResult

_BAR = 10
"""Cells of the bar that shows a layer's share of the parameters."""
_SHAPE = 13
_COUNT = 11


def shape_text(shape: Sequence[int], charset: Charset) -> str:
    """32x14x14; an axis whose length varies is "?"."""
    cross = "×" if charset.unicode else "x"
    return cross.join("?" if size < 0 else str(size) for size in shape) or "1"


def plan_lines(plan: PlanResult, cells: int, charset: Charset) -> tuple[list[Line], list[Line]]:
    """The layers, and the figures below them that must stay in sight."""
    return layer_lines(plan, cells, charset), figure_lines(plan, cells, charset)


def layer_lines(plan: PlanResult, cells: int, charset: Charset) -> list[Line]:
    """A head, a line for each layer."""
    bar = _BAR if cells >= 48 else 0
    room = max(cells - _SHAPE - _COUNT - (bar + 1 if bar else 0) - 2, 8)
    head = f"{fit('layer', room)} {fit('out', _SHAPE)} {fit('parameters', _COUNT, align='right')}"
    lines: list[Line] = [[(head, "muted")]]
    names = _names(plan.layers, room, charset)
    most = max((layer.parameters for layer in plan.layers), default=0)
    for name, layer in zip(names, plan.layers, strict=True):
        lines.append(
            [
                *name,
                (fit(f" {shape_text(layer.out, charset)}", _SHAPE + 1, ellipsis=charset.ellipsis), ""),
                (fit(f"{layer.parameters:,}" if layer.parameters else "-", _COUNT + 1, align="right"), "title"),
                *([(" ", ""), *_share(layer.parameters, most, bar, charset)] if bar else []),
            ]
        )
    if plan.more_layers:
        lines.append([(f"{charset.ellipsis} {plan.more_layers} more layers", "muted")])
    return [cut(line, cells) for line in lines]


def _names(layers: Sequence[LayerPlan], room: int, charset: Charset) -> list[Line]:
    """Each layer's name, and its kind behind it where there is room and the name does not say it already."""
    named: list[Line] = []
    long = max((width(plain(layer.name)) for layer in layers), default=0)
    for layer in layers:
        name, kind = plain(layer.name), plain(layer.kind)
        left = room - long - 1
        if left >= 6 and kind.lower() != name.lower():
            named.append([(fit(name, long), "accent"), (" " + fit(kind, left, ellipsis=charset.ellipsis), "muted")])
        else:
            named.append([(fit(name, room, ellipsis=charset.ellipsis), "accent")])
    return named


def _share(part: int, most: int, cells: int, charset: Charset) -> Line:
    if not part or not most:
        return [(" " * cells, "")]
    full = round(part / most * cells)
    return [(bar_mark(charset) * full, "c2"), (" " * (cells - full), "")]


def bar_mark(charset: Charset) -> str:
    """A part of a bar that leaves a gap to the bar of the line above."""
    return charset.spark[4] if charset.unicode else charset.full


def figure_lines(plan: PlanResult, cells: int, charset: Charset) -> list[Line]:
    """Totals, memory, the first loss beside the expected one, time."""
    lines: list[Line] = [[(charset.horizontal * cells, "axis")]]
    lines.append(
        spread(
            [(f"{plan.parameters:,}", "title strong"), (" parameters", "")],
            [(f"{_giga(plan.macs)} multiply-adds a sample", "muted")],
            cells,
        )
    )
    memory = plan.memory
    parts = [
        ("weights", memory.parameters + memory.gradients + memory.optimizer + memory.average),
        ("a batch", memory.activations + memory.batch),
        ("data", memory.data),
    ]
    told = ", ".join(f"{name} {figures.size(count)}" for name, count in parts if count)
    lines.append(_pair("memory", figures.size(memory.total), told, cells, charset))
    lines.append(_loss(plan, cells, charset))
    lines.append(_time(plan, cells, charset))
    return [cut(line, cells) for line in lines]


def _pair(name: str, value: str, why: str, cells: int, charset: Charset, style: str = "title strong") -> Line:
    left: Line = [(fit(name, 8), ""), (value, style), ("  ", "")]
    return [*left, (fit(plain(why), cells - width(left), ellipsis=charset.ellipsis).rstrip(), "muted")]


def _loss(plan: PlanResult, cells: int, charset: Charset) -> Line:
    if plan.loss is None:
        return _pair(
            "loss", "not finite", "before the first step: it cannot be trained like this", cells, charset, "bad"
        )
    if plan.expected_loss is None:
        return _pair("loss", f"{plan.loss:.3f}", "before the first step", cells, charset)
    # One batch through random weights is often a third off; twice what is expected is not chance any more.
    off = abs(plan.loss - plan.expected_loss) > max(abs(plan.expected_loss), 0.7)
    near = abs(plan.loss - plan.expected_loss) <= 0.2 * max(abs(plan.expected_loss), 0.7)
    sign = ("≈" if charset.unicode else "~") if near else "beside"
    beside = f"{'far from' if off else sign} {plan.expected_loss:.3f}"
    why = f"{beside}, {plan.expected_why}" if plan.expected_why else beside
    return _pair(
        "loss",
        f"{plan.loss:.3f}",
        why,
        cells,
        charset,
        "warning strong" if off else "good strong" if near else "title strong",
    )


def _time(plan: PlanResult, cells: int, charset: Charset) -> Line:
    steps = f"{plan.steps_per_epoch:,} steps"
    if plan.epoch_seconds is None or plan.seconds is None:
        return _pair("time", plan.timed or "not timed", f"{plan.epochs} epochs of {steps}", cells, charset, "muted")
    why = f"{plan.epochs} epochs of {steps}, {seconds_text(plan.epoch_seconds)} each"
    return _pair("time", seconds_text(plan.seconds), why, cells, charset)


def seconds_text(seconds: float) -> str:
    """0.31 s, 42 s, 3:05."""
    return f"{seconds:.2g} s" if seconds < 9.5 else f"{seconds:.0f} s" if seconds < 100 else figures.duration(seconds)


def _giga(count: int) -> str:
    number = float(count)
    for unit in ("", "k", "M", "G"):
        if number < 999.5:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{number:.3g}T"


def notes_of(plan: PlanResult) -> list[str]:
    """What the plan has to say beside its figures."""
    timed = [f"timed over {plan.timed}"] if plan.epoch_seconds is not None and plan.timed else []
    chosen = [f"{plain(choice.what)}: {plain(choice.value)}: {plain(choice.why)}" for choice in plan.chosen]
    return [*plan.notes, *chosen, *timed]


def note_lines(notes: Sequence[str], cells: int, charset: Charset) -> list[Line]:
    """What was chosen in a person's stead, and other remarks."""
    lines: list[Line] = []
    for note in dict.fromkeys(notes):
        for number, text in enumerate(wrap(plain(note), cells - 2)):
            lines.append([(f"{charset.dot} " if not number else "  ", "warning"), (text, "muted")])
    return lines


def message_lines(message: str, advice: str, cells: int, charset: Charset) -> list[Line]:
    """A job that came to nothing: what went wrong, and what to do."""
    lines: list[Line] = []
    told = (part for line in message.splitlines() for part in wrap(plain(line.strip()), cells - 2))
    for number, text in enumerate(told):
        lines.append([(f"{charset.failed} " if not number else "  ", "bad"), (text, "bad" if not number else "")])
    for part in advice.splitlines():
        lines += [[("  ", ""), (text, "warning")] for text in wrap(plain(part), cells - 2)]
    return lines
