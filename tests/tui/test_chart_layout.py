"""The chart as text: what is where, what holds still, and that nothing makes it fail."""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.tui.chart.curves import Curve, Mark, Points, points
from nntui.tui.chart.layout import draw, layout
from nntui.tui.chart.memory import Memory
from nntui.tui.chart.view import View
from nntui.tui.draw.charset import ASCII, BLOCKS, BRAILLE, Charset
from nntui.tui.draw.text import Line, text_of, width
from nntui.tui.palette import DARK, Palette

CHARSETS = [BRAILLE, BLOCKS, ASCII]


@dataclass
class Buckets:
    """What a history gives: several steps to a point."""

    step: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]
    invalid: list[int]


def falling(n: int, total: int = 1000) -> Points:
    """A loss that falls and wobbles."""
    return Points(
        array("q", range(1, n + 1)),
        array("d", [2 * math.exp(-5 * s / total) + 0.2 + 0.1 * math.sin(s * 12.9898) for s in range(1, n + 1)]),
    )


def train(series: Points | Buckets, **more: str) -> Curve:
    return Curve("train", "train", series, **more)  # type: ignore[arg-type]


def cells(lines: list[Line]) -> list[str]:
    return [text_of(line) for line in lines]


def style_at(line: Line, x: int) -> str:
    for text, style in line:
        if x < width(text):
            return style
        x -= width(text)
    return ""


def found(lines: list[Line], character: str) -> list[tuple[int, int, str]]:
    """(column, row, style) of a character, below the title."""
    return [
        (x, y, style_at(line, x))
        for y, line in enumerate(lines)
        if y
        for x, c in enumerate(text_of(line))
        if c == character
    ]


def test_a_straight_line_in_braille() -> None:
    curve = train(points((s, float(s)) for s in range(101)))
    assert [row.rstrip() for row in cells(layout([curve], [], View(total=100), 12, 5, BRAILLE))] == [
        "train ⣀ 100",
        "        ⣀⡤⠒⠉",
        "    ⣀⠤⠖⠉",
        "⣀⠤⠒⠋",
        "─────────100",
    ]


@pytest.mark.parametrize("charset", CHARSETS)
def test_the_sketch_of_the_design(charset: Charset) -> None:
    per = 300
    marks = [Mark(per * e, "epoch", str(e)) for e in (1, 2, 3)]
    marks += [Mark(430, "command", "lr x0.5"), Mark(600, "best", "best@2")]
    validation = Curve("val", "validation", points([(300, 0.6), (600, 0.298)]), "points")
    lines = layout([train(falling(700)), validation], marks, View(total=900), 39, 8, charset, title="loss")
    shown = cells(lines)
    assert len(shown) == 8
    assert shown[0].startswith("loss  train ")
    assert f"val {charset.point} .298" in shown[0]
    assert shown[0].endswith("best@2")
    assert [c for c in shown[-1] if c in "123"] == ["1", "2", "3"]
    assert shown[-1].count(charset.command) == 1
    assert [style for _, _, style in found(lines, charset.point)] == ["validation"]
    (star,) = found(lines, charset.best)
    assert star[2] == "best"
    assert star[0] == shown[-1].index("2"), "the best stands over its epoch"
    assert style_at(lines[4], shown[4].index(charset.epoch)) == "axis"


def test_values_stand_at_their_rows() -> None:
    curve = Curve("v", "train", points([(0, 0.0), (50, 1.0), (100, 2.0)]), "points")
    lines = layout([curve], [], View(total=100), 40, 12, BRAILLE)
    rows = [y for _, y, _ in sorted(found(lines, BRAILLE.point))]
    ticked = {y: text_of(line) for y, line in enumerate(lines) if BRAILLE.tick in text_of(line)}
    labels = {y: text.split(BRAILLE.tick)[0].strip() for y, text in ticked.items()}
    assert rows[2] == 1
    assert labels[1] == "2.0"
    assert labels[rows[1]] == "1.0"
    assert text_of(lines[-1]).startswith("0.0")


def test_labels_are_aligned_and_short() -> None:
    for low, high in ((0, 1), (1e-9, 2e-9), (-5e8, 5e8), (1e6, 1e6 + 1), (0.1234, 0.1235)):
        shown = cells(layout([train(points([(1, low), (2, high)]))], [], View(), 60, 12, BRAILLE))
        places = {next(i for i, c in enumerate(row) if c in "│┤└") for row in shown[1:]}
        assert len(places) == 1
        assert places.pop() <= 6


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("smoothing", [0.0, 0.9])
def test_past_columns_never_move(charset: Charset, smoothing: float) -> None:
    """A point changes the newest columns alone, unless the scale changes: then all may."""
    memory, view = Memory(), View(total=None, smoothing=smoothing)
    series = falling(1500)
    before, scales, changes, compared = None, None, 0, 0
    for n in range(200, 1500, 7):
        grown = Points(series.step[:n], series.mean[:n])
        frame = draw([train(grown)], [], view, 60, 12, charset, memory=memory)
        assert frame.scales is not None
        newest = frame.left + (n - 8) * frame.width // frame.scales.last
        now = [row[: newest - 1] for row in cells(frame.lines)[1:]]
        if frame.scales == scales and before is not None:
            assert [row[: len(old)] for row, old in zip(now, before, strict=True)] == before
            compared += 1
        else:
            changes += 1
        before, scales = now, frame.scales
    assert changes <= 14
    assert compared > 150


@pytest.mark.parametrize("smoothing", [0.0, 0.97])
def test_a_memory_changes_no_picture(smoothing: float) -> None:
    memory = Memory()
    good = falling(6000, 6000)
    values = [math.nan if s % 1700 == 3 else v for s, v in zip(good.step, good.mean, strict=True)]
    zoom = (1000, 2000)
    frames: list[tuple[int, tuple[int, int] | None, bool]] = [
        (1500, None, False), (2600, None, False), (2601, None, False), (5000, zoom, False), (5600, zoom, False),
        (5650, (1001, 2001), False), (5900, None, True), (6000, None, True), (3000, None, False),
    ]  # fmt: skip
    for n, window, log in frames:
        grown = Points(good.step[:n], values[:n])
        view = View(window=window, log=log, smoothing=smoothing, total=6000)
        memory.scales = None
        with_memory = draw([train(grown)], [], view, 80, 14, BRAILLE, memory=memory)
        assert with_memory.lines == draw([train(grown)], [], view, 80, 14, BRAILLE).lines


def test_a_series_that_was_thinned_out_is_drawn_anew() -> None:
    memory = Memory()
    series = falling(5000, 5000)
    draw([train(series)], [], View(total=5000), 80, 14, BRAILLE, memory=memory)
    thin = Points(series.step[::2], array("d", [v / 2 for v in series.mean[::2]]))
    memory.scales = None
    again = draw([train(thin)], [], View(total=5000), 80, 14, BRAILLE, memory=memory)
    assert again.lines == draw([train(thin)], [], View(total=5000), 80, 14, BRAILLE).lines


def test_a_spike_of_one_step_is_seen_however_long_the_run() -> None:
    values = [1.0] * 50_000
    values[31_234] = 9.0
    lines = layout([train(Points(range(50_000), values))], [], View(), 50, 10, BRAILLE)
    left = text_of(lines[-1]).index(BRAILLE.corner) + 1
    high = [x for line in lines[1:5] for x, c in enumerate(text_of(line)[left:]) if c != " "]
    assert set(high) == {31_234 * (50 - left) // 50_000}


def test_the_envelope_of_a_bucket_is_drawn() -> None:
    steps = list(range(0, 1000, 10))
    flat = Buckets(steps, [1.0] * 100, [0.0] * 100, [2.0] * 100, [0] * 100)
    lines = layout([train(flat)], [], View(total=1000), 40, 10, BRAILLE)
    assert sum("⣿" in text_of(line) for line in lines) >= 7


@pytest.mark.parametrize("charset", CHARSETS)
def test_what_is_not_finite_is_marked_at_its_step(charset: Charset) -> None:
    series = points([(s, None if s == 50 else 1.0 + s / 100) for s in range(101)])
    lines = layout([train(series)], [], View(total=100), 60, 10, charset)
    ((x, y, style),) = found(lines, charset.invalid)
    left = text_of(lines[-1]).index(charset.corner) + 1
    assert (y, style) == (1, "bad")
    assert x == left + 50 * (60 - left) // 100


def test_a_line_is_broken_where_values_were_not_finite() -> None:
    series = points([(0, 1.0), (40, 1.0), (50, None), (60, 1.0), (100, 1.0)])
    lines = layout([train(series)], [], View(total=100), 60, 10, BRAILLE)
    left = text_of(lines[-1]).index(BRAILLE.corner) + 1
    (row,) = [text_of(line)[left:] for line in lines[2:-1] if text_of(line)[left:].strip()]
    middle = 50 * (60 - left) // 100
    assert row[middle] == " "
    assert row[middle - 8] == row[middle + 8] == row[0] != " "


def test_buckets_tell_of_values_that_were_not_finite() -> None:
    ones = [1.0] * 3
    lines = layout([train(Buckets([0, 50, 99], ones, ones, ones, [0, 1, 0]))], [], View(), 40, 8, BRAILLE)
    assert len(found(lines, BRAILLE.invalid)) == 1


def test_a_log_scale_says_how_many_values_it_cannot_show() -> None:
    series = points([(0, 1.0), (1, 0.0), (2, -1.0), (3, -2.0), (4, 10.0)])
    assert "3 values <= 0 not shown" in text_of(layout([train(series)], [], View(log=True), 60, 8, BRAILLE)[0])
    assert "not shown" not in text_of(layout([train(series)], [], View(), 60, 8, BRAILLE)[0])


def test_a_log_scale_draws_equal_factors_as_equal_heights() -> None:
    curve = Curve("v", "train", points([(i * 10, 10.0**-i) for i in range(5)]), "points")
    lines = layout([curve], [], View(log=True, total=40), 60, 18, BRAILLE)
    rows = [y for _, y, _ in sorted(found(lines, BRAILLE.point))]
    apart = [b - a for a, b in pairwise(rows)]
    assert rows[0] == 1
    assert max(apart) - min(apart) <= 1
    assert rows[-1] >= 15


def test_smoothing_shows_the_raw_curve_behind() -> None:
    lines = layout([train(falling(800))], [], View(total=1000, smoothing=0.97), 80, 16, BRAILLE)
    styles = {style for line in lines for _, style in line}
    assert {"raw", "train"} <= styles
    plainly = layout([train(falling(800))], [], View(total=1000), 80, 16, BRAILLE)
    assert "raw" not in {style for line in plainly for _, style in line}


@pytest.mark.parametrize("epochs", [1, 3, 20, 137, 5000])
@pytest.mark.parametrize("size", [20, 39, 120])
def test_labels_of_epochs_never_touch(epochs: int, size: int) -> None:
    marks = [Mark(10 * e, "epoch", str(e)) for e in range(1, epochs + 1)]
    axis = text_of(layout([train(falling(10 * epochs))], marks, View(total=10 * epochs), size, 8, BRAILLE)[-1])
    labels = [label for label in axis[axis.index(BRAILLE.corner) + 1 :].split(BRAILLE.horizontal) if label]
    assert labels, "some epoch is named"
    if epochs > 1:
        assert all(label in {mark.label for mark in marks} for label in labels), "no label runs into another"
        assert [int(label) for label in labels] == sorted(int(label) for label in labels)
    else:
        assert "epoch 1" in labels


@pytest.mark.parametrize(
    ("view", "labels"),
    [
        (View(total=10_000, epoch=1000), "epoch 1 2 3 4 5 6 7 8 9 10"),  # also those to come
        (View(total=2000, epoch=1000), "epoch 1 2"),
        (View(total=1000, epoch=1000), "epoch 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1"),
        (View(total=10_000, epoch=1000, window=(1900, 2300)), "epoch 1.95 2 2.05 2.1 2.15 2.2 2.25 2.3"),
        (View(total=10_000, epoch=1000, window=(1400, 1420)), "step 1,405 1,410 1,415 1,420"),
        (View(total=10_000), "2k 4k 6k 8k 10k"),
    ],
)
def test_the_axis_has_one_unit(view: View, labels: str) -> None:
    marks = [Mark(1000 * e, "epoch", str(e)) for e in (1, 2) if view.epoch and 1000 * e <= view.total]
    axis = cells(layout([train(falling(min(2400, view.total)))], marks, view, 72, 8, BRAILLE))[-1]
    assert axis[axis.index(BRAILLE.corner) + 1 :].replace(BRAILLE.horizontal, " ").split() == labels.split()


def test_lines_of_epochs_stand_at_their_labels_and_only_where_they_have_ended() -> None:
    marks = [Mark(1000 * e, "epoch", str(e)) for e in range(1, 24)]
    lines = layout([train(falling(23_400))], marks, View(total=50_000, epoch=1000), 39, 8, BRAILLE)
    axis = text_of(lines[-1])
    columns = {x for x, _, _ in found(lines, BRAILLE.epoch)}
    assert columns == {axis.index("10"), axis.index("20")}
    assert "40" in axis


def test_in_ascii_no_mark_touches_a_label() -> None:
    marks = [Mark(s, "checkpoint") for s in range(0, 10_000, 200)]
    axis = cells(layout([train(falling(2400))], marks, View(total=10_000, epoch=500), 60, 8, ASCII))[-1]
    labels = re.findall(r"[^-+]*\d+[^-+]*", axis.partition(ASCII.corner)[2])
    assert labels
    assert all(re.fullmatch(r"(epoch )?\d+", label) for label in labels)
    assert ASCII.checkpoint in axis


def test_the_later_curve_gives_the_style_of_a_shared_cell_and_dots_are_merged() -> None:
    one = Curve("one", "c1", points([(0, 0.0), (100, 1.0)]))
    two = Curve("two", "c2", points([(0, 1.0), (100, 0.0)]))
    alone = layout([one], [], View(total=100), 30, 9, BRAILLE)
    both = layout([one, two], [], View(total=100), 30, 9, BRAILLE)
    y, x = next(
        (y, x) for y in range(1, 8) for x in range(5, 28)
        if text_of(alone[y])[x] not in " │┤" and style_at(both[y], x) == "c2"
    )  # fmt: skip
    a, b = ord(text_of(alone[y])[x]), ord(text_of(both[y])[x])
    assert a & ~0x2800 & b == a & ~0x2800, "no dot of the first is lost"


def test_curves_are_told_apart_without_colours() -> None:
    curves = [Curve(n, "c1", falling(800), mark=n) for n in "ab"]
    shown = "".join(cells(layout(curves, [], View(total=1000), 80, 16, BRAILLE))[1:])
    assert shown.count("a") > 2
    assert shown.count("b") > 2


def test_the_crosshair_reads_every_curve_at_its_step() -> None:
    validation = Curve("val", "validation", points([(300, 0.6), (600, 0.25)]), "points")
    buckets = Buckets([490, 500, 510], [0.5, 0.4, 0.3], [0.45, 0.35, 0.25], [0.6, 0.44, 0.31], [0, 0, 0])
    frame = draw([train(buckets), validation], [], View(total=1000, crosshair=501), 90, 10, BRAILLE, title="loss")
    title = text_of(frame.lines[0])
    assert "step 501" in title
    assert "train ⣀ .400 .350–.440" in title
    assert "val ○ .250@600" in title
    x = text_of(frame.lines[-1]).index(BRAILLE.up)
    assert text_of(frame.lines[1])[x] == BRAILLE.vertical
    step = frame.step_at(x)
    assert step is not None
    assert abs(step - 501) <= 1000 / frame.width


def test_the_title_tells_less_where_there_is_less_room() -> None:
    curves = [Curve(f"some-run-{i}", f"c{i}", falling(50)) for i in range(1, 7)]
    for size in range(1, 140):
        title = layout(curves, [], View(log=True, smoothing=0.9), size, 5, BRAILLE, title="loss")[0]
        assert width(title) <= size
        assert text_of(title).startswith("loss"[:size])


def test_smoothing_is_told_where_there_is_a_line_that_it_changes() -> None:
    view, measured = View(smoothing=0.6), Curve("val", "validation", points([(9, 0.5)]), "points")
    assert "smooth" not in text_of(layout([measured], [], view, 80, 8, BRAILLE, title="accuracy")[0])
    assert "smooth .6" in text_of(layout([train(falling(50)), measured], [], view, 80, 8, BRAILLE, title="loss")[0])


def test_every_value_is_told_before_a_name_is_and_the_best_stays() -> None:
    kinds = [("train", "train"), ("val", "validation"), ("test", "test")]
    curves = [Curve(name, style, points([(9, 0.881)]), "points") for name, style in kinds]
    curves[0] = train(points([(9, 0.105)]))
    title = text_of(layout(curves, [], View(), 39, 8, BRAILLE, title="loss")[0])
    assert title.startswith("loss  ⣀ .105  val ○ .881  test ○ .881")
    marks = [Mark(9, "best", "best@19")]
    title = text_of(layout(curves, marks, View(), 42, 8, BRAILLE, title="acc", percent=True)[0])
    assert title.startswith("acc  ⣀ 10.5  val ○ 88.1  test ○ 88.1")
    assert title.endswith("★19")


def test_a_value_far_from_the_crosshair_is_never_told_as_its_own() -> None:
    validation = Curve("val", "validation", points([(300, 0.6)]), "points")
    for size in range(24, 80):
        view = View(total=1000, crosshair=900)
        title = text_of(layout([train(falling(900)), validation], [], view, size, 8, BRAILLE, title="loss")[0])
        assert ".600" not in title or "@300" in title


def test_steps_of_a_zoom_are_told_in_full() -> None:
    title = text_of(layout([train(falling(900))], [], View(total=9000, window=(293, 5107)), 60, 8, BRAILLE)[0])
    assert title.endswith("293–5,107")


def test_nothing_yet_is_said() -> None:
    shown = cells(layout([train(points([]))], [], View(), 40, 8, BRAILLE, title="loss"))
    assert any("no loss yet" in row for row in shown)
    assert all(width(row) <= 40 for row in shown)


def test_names_are_drawn_as_text() -> None:
    curve = Curve("a\x1b[31mb\nc", "train", falling(5))
    title = text_of(layout([curve], [Mark(3, "epoch", "\x1b]0;x")], View(), 70, 8, BRAILLE, title="\x07t")[0])
    assert not any(ord(c) < 32 for c in title)


wild = st.one_of(
    st.floats(),
    st.floats(-10, 10),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e308, -1.7e308, 5e-324, 1e-300, 1.0, 1.0 + 1e-15]),
)


@st.composite
def series(draw_: st.DrawFn) -> Points | Buckets:
    start = draw_(st.integers(0, 10**12))
    gaps = draw_(st.lists(st.integers(1, 10**6), max_size=12))
    steps = [start]
    for gap in gaps:
        steps.append(steps[-1] + gap)
    steps = steps[: draw_(st.integers(0, len(steps)))]
    mean = [draw_(wild) for _ in steps]
    if draw_(st.booleans()):
        return Points(steps, mean)
    low, high = [draw_(wild) for _ in steps], [draw_(wild) for _ in steps]
    return Buckets(steps, mean, low, high, [draw_(st.integers(0, 2)) for _ in steps])


marks_ = st.builds(
    Mark,
    st.integers(0, 10**12),
    st.sampled_from(["epoch", "command", "checkpoint", "best"]),
    st.sampled_from(["", "1", "12", "宽", "best@2", "\x1b[0m"]),
    st.one_of(st.none(), wild),
)
views = st.builds(
    View,
    st.one_of(st.none(), st.tuples(st.integers(0, 10**12), st.integers(0, 10**12))),
    st.one_of(st.none(), st.integers(0, 10**12)),
    st.booleans(),
    st.sampled_from([0.0, 0.6, 0.97, 1.0]),
    st.one_of(st.none(), st.integers(-5, 10**12)),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(series(), st.sampled_from(["line", "points"]), st.sampled_from(["", "a", "宽"])), max_size=3),
    st.lists(marks_, max_size=5),
    views,
    st.integers(0, 60),
    st.integers(0, 14),
    st.sampled_from(CHARSETS),
    st.booleans(),
)
def test_nothing_makes_it_fail_or_overflow(data, marks, view, size, height, charset, percent) -> None:  # type: ignore[no-untyped-def]
    palette = Palette.of(DARK)
    curves = [Curve(f"run {i}", f"c{i + 1}", s, kind, mark) for i, (s, kind, mark) in enumerate(data)]
    memory = Memory()
    for _ in range(2):
        frame = draw(curves, marks, view, size, height, charset, title="loss", percent=percent, memory=memory)
        assert len(frame.lines) <= height
        for line in frame.lines:
            assert width(line) <= size
            for text, style in line:
                palette.style(style)
                if charset is ASCII:
                    assert text.isascii() or "宽" in text


@pytest.mark.parametrize(("count", "most"), [(8, 8), (20, 20), (300, 10)])
def test_many_evaluations_do_not_hide_the_curve_behind_them(count: int, most: int) -> None:
    """Where points stand thick some have a mark, the newest among them; the line tells the others."""
    values = points([(round(1000 * (i + 1) / count), 0.5) for i in range(count)])
    lines = layout([Curve("val", "validation", values, "points")], [], View(total=1000), 70, 8, BRAILLE)
    marks = [x for x, _, _ in found(lines, BRAILLE.point)]
    assert 0 < len(marks) <= most
    assert max(marks) == max(len(text_of(line).rstrip()) for line in lines[1:-1]) - 1, "the newest has one"
