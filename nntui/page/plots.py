"""Drawings of a report as SVG. Colours are the page's own names for them, so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nntui.page.markup import Markup, element

if TYPE_CHECKING:
    from nntui.engine.reporting.report import Bin, Histogram, Stretch

COUNTED = 24
"""With more classes than this the cells of a confusion matrix hold no numbers."""


def svg(width: float, height: float, label: str, *children: str, most: float | None = None) -> Markup:
    """A drawing that shrinks with the page; `label` tells those who do not see it."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        role="img",
        aria_label=label,
        style=f"max-width:{most or width:.0f}px",
    )


def _label(x: float, y: float, told: str, anchor: str = "middle", class_: str = "tick", **more: object) -> Markup:
    return element("text", told, x=x, y=y, text_anchor=anchor, class_=class_, **more)


def _rect(x: float, y: float, width: float, height: float, class_: str, *title: str, **more: object) -> Markup:
    return element("rect", *title, x=x, y=y, width=width, height=height, class_=class_, **more)


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def _size(pixels: float) -> str:
    return f"font-size:{pixels:.1f}px"


def _upright(x: float, y: float, told: str) -> Markup:
    """The name of an axis that goes upwards."""
    return _label(x, y, told, class_="axis", transform=f"rotate(-90 {x:.1f} {y:.1f})")


def short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def number(value: float) -> str:
    """Three digits that count."""
    if not math.isfinite(value):
        return "nan"
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers from `low` to `high`."""
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return [low]
    rough = span / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def confusion(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> Markup:
    """A cell's colour is its share of the true class: one colour where it is right, another where it is wrong."""
    size = len(names)
    cell = 46.0 if size <= 8 else 34.0 if size <= 14 else 26.0 if size <= COUNTED else max(9.0, 820 / size)
    font = min(12.0, max(5.0, cell * 0.62))
    longest = max(len(short(name, 18)) for name in names)
    left, top = longest * font * 0.58 + 34, longest * font * 0.44 + 34
    parts = [
        _label(left + size * cell / 2, 12, "answered", class_="axis"),
        _upright(12, top + size * cell / 2, "true"),
    ]
    for k, name in enumerate(names):
        at = (k + 0.5) * cell
        parts.append(_label(left - 7, top + at + font * 0.36, short(name, 18), "end", style=_size(font)))
        turned = longest > 2
        x, y = left + at + (font * 0.3 if turned else 0), top - 7
        turn = f"rotate(-50 {x:.1f} {y:.1f})" if turned else None
        anchor = "start" if turned else "middle"
        parts.append(_label(x, y, short(name, 18), anchor, style=_size(font), transform=turn))
    for t, row in enumerate(matrix):
        whole = sum(row)
        for p, count in enumerate(row):
            of_true = count / whole if whole else 0.0
            title = f"{names[t]} answered as {names[p]}: {count:,} of {whole:,} ({of_true:.1%})"
            parts.append(_cell(left + p * cell, top + t * cell, cell, count, of_true, title, right=t == p))
            if size <= COUNTED and count:
                parts.append(
                    _count(left + (p + 0.5) * cell, top + (t + 0.5) * cell, cell, count, of_true, right=t == p)
                )
    width = left + size * cell + longest * font * 0.4 + 8
    return svg(width, top + size * cell + 4, "confusion matrix", *parts, most=max(width, 420) if size > 4 else width)


def _strength(share: float, *, right: bool) -> float:
    """How strong a colour is: a few mistakes are seen too."""
    return 0.12 + 0.83 * share if right else min(0.95, 0.16 + 1.3 * share)


def _cell(x: float, y: float, cell: float, count: int, share: float, title: str, *, right: bool) -> Markup:
    gap = 1.5 if cell > 20 else 0.5
    side = cell - 2 * gap
    class_ = "cell" if not count else "cell right" if right else "cell wrong"
    opacity = f"{_strength(share, right=right):.3f}" if count else None
    told = element("title", title)
    return _rect(x + gap, y + gap, side, side, class_, told, rx=cell * 0.12, fill_opacity=opacity)


def _count(x: float, y: float, cell: float, count: int, share: float, *, right: bool) -> Markup:
    size = min(13.0, cell * (0.42 if count < 1000 else 0.3))
    class_ = "on" if _strength(share, right=right) > 0.55 else "off"
    return _label(x, y + size * 0.36, f"{count}", class_=class_, style=_size(size))


def reliability(bins: Sequence[Bin], *, labels: bool) -> Markup:
    """Bars: how many were right of those that were about as sure; the diagonal is where they should be."""
    left, top, side, below = 46.0, 12.0, 300.0, 64.0
    parts = list(_frame(left, top, side, side, _share_ticks(), _share_ticks()))
    most = max((item.count for item in bins), default=0) or 1
    base, foot = top + side, top + side + below + 24
    for item in bins:
        if not item.count:
            continue
        x, width = left + item.low * side + 1.5, (item.high - item.low) * side - 3
        middle, height, tall = left + item.confidence * side, item.accuracy * side, item.count / most * 30
        told = f"{item.count:,} said {item.confidence:.1%} sure on average, {item.accuracy:.1%} "
        title = element("title", told + ("were there" if labels else "were right"))
        parts += [
            _rect(x, base - height, width, max(height, 1.0), "bar", title, rx=2.0),
            _line(middle, base - height, middle, base - item.confidence * side, "gap"),
            element("circle", title, cx=middle, cy=base - height, r=3.5, class_="dot"),
            _rect(x, foot - tall, width, max(1.0, tall), "count", title),
        ]
    parts += [
        _line(left, base, left + side, top, "ideal"),
        _label(left + side / 2, base + 36, "how sure the network was", class_="axis"),
        _upright(14, top + side / 2, "there" if labels else "right"),
        _line(left, foot + 0.5, left + side, foot + 0.5, "edge"),
        _label(left - 6, foot, "rows", "end"),
    ]
    return svg(left + side + 16, foot + 8, "reliability diagram", *parts, most=400)


def _share_ticks() -> list[tuple[float, str]]:
    return [(n / 5, f"{n / 5:.0%}") for n in range(6)]


def _frame(
    left: float, top: float, width: float, height: float,
    across: Sequence[tuple[float, str]], upwards: Sequence[tuple[float, str]],
) -> list[Markup]:  # fmt: skip
    """Grid lines with their labels; positions are shares of the frame."""
    parts = []
    for share, told in across:
        x = left + share * width
        parts.append(_line(x, top, x, top + height, "grid"))
        parts.append(_label(x, top + height + 16, told))
    for share, told in upwards:
        y = top + height - share * height
        parts.append(_line(left, y, left + width, y, "grid"))
        parts.append(_label(left - 7, y + 4, told, "end"))
    return parts


def histogram(data: Histogram, unit: str) -> Markup:
    """How often each residual occurs; 0 is marked."""
    left, top, width, height = 58.0, 12.0, 360.0, 320.0
    low, high = data.edges[0], data.edges[-1]
    most, span = max(data.counts) or 1, high - low
    across = [((tick - low) / span, number(tick)) for tick in ticks(low, high, 6)]
    upwards = [(tick / most, f"{tick:,.0f}") for tick in ticks(0, most, 4) if tick == int(tick)]
    parts = _frame(left, top, width, height, across, upwards)
    for count, start, end in zip(data.counts, data.edges, data.edges[1:], strict=False):
        x, wide, tall = left + (start - low) / span * width, (end - start) / span * width, count / most * height
        title = element("title", f"{number(start)} to {number(end)}: {count:,}")
        if count:
            parts.append(_rect(x + 0.7, top + height - tall, wide - 1.4, tall, "bar", title, rx=1.5))
    zero = left - low / span * width
    told = f"predicted minus true{f', {unit}' if unit else ''}"
    parts += [
        _line(zero, top, zero, top + height, "ideal"),
        _label(left + width / 2, top + height + 36, told, class_="axis"),
        _upright(13, top + height / 2, "rows"),
    ]
    return svg(left + width + 16, top + height + 44, "histogram of residuals", *parts, most=462)


def scatter(points: Sequence[tuple[float, float]], unit: str) -> Markup:
    """Predicted against true; on the diagonal they are the same."""
    left, top, side = 58.0, 12.0, 320.0
    known = [pair for pair in points if all(map(math.isfinite, pair))]
    low, high = min(map(min, known), default=0.0), max(map(max, known), default=1.0)
    margin = (high - low) * 0.04 or 1.0
    low, high = low - margin, high + margin
    marks = [((tick - low) / (high - low), number(tick)) for tick in ticks(low, high, 5)]
    parts = _frame(left, top, side, side, marks, marks)
    parts.append(_line(left, top + side, left + side, top, "ideal"))
    opacity = f"{max(0.22, min(0.75, 40 / max(1, len(known)) ** 0.75)):.2f}"
    for true, told in known:
        title = element("title", f"true {number(true)}, predicted {number(told)}")
        x, y = left + (true - low) / (high - low) * side, top + side - (told - low) / (high - low) * side
        parts.append(element("circle", title, cx=x, cy=y, r=3.0, class_="point", fill_opacity=opacity))
    of_unit = f", {unit}" if unit else ""
    parts += [
        _label(left + side / 2, top + side + 36, f"true{of_unit}", class_="axis"),
        _upright(13, top + side / 2, "predicted"),
    ]
    return svg(left + side + 16, top + side + 44, "predicted against true", *parts, most=420)


def stretches(data: Sequence[Stretch]) -> Markup:
    """Bits of a token by its position: they fall as more is known of what came before."""
    left, top, width, height = 46.0, 12.0, 520.0, 220.0
    most = max(s.bits for s in data) * 1.08
    slot = width / len(data)
    parts = _frame(left, top, width, height, (), [(tick / most, number(tick)) for tick in ticks(0, most, 4)])
    for at, s in enumerate(data):
        x, tall = left + at * slot, s.bits / most * height
        where = f"{s.first}" if s.first == s.last else f"{s.first}–{s.last}"
        title = element("title", f"position {where}: {s.bits:.3f} bits, {s.count:,} tokens")
        parts += [
            _rect(x + slot * 0.14, top + height - tall, slot * 0.72, tall, "bar", title, rx=2.0),
            _label(x + slot / 2, top + height - tall - 5, f"{s.bits:.2f}", class_="off"),
            _label(x + slot / 2, top + height + 16, where),
        ]
    parts.append(_label(left + width / 2, top + height + 36, "position in the text that is seen", class_="axis"))
    return svg(left + width + 16, top + height + 44, "bits by position", *parts)


def curve(values: Sequence[float]) -> Markup:
    """A small line for numbers in a row."""
    known = [value if math.isfinite(value) else 0.0 for value in values]
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = 160 / max(1, len(known) - 1)
    line = " ".join(f"{n * step:.1f},{34 - (value - low) / span * 30:.1f}" for n, value in enumerate(known))
    told = f"{len(known)} numbers from {number(low)} to {number(high)}"
    return svg(160, 38, told, element("polyline", points=line, class_="curve"))
