"""New run, drawn: every line fits, in every charset, and says what it must; foreign text is drawn as text."""

from __future__ import annotations

import math

import pytest
from fake_registry import FakeRegistry

from nntui.runs.events import LayerPlan
from nntui.runs.jobs import ActivationCurve, ClassCount, Described, Memory, Picture, PlanResult, Shown
from nntui.tui.draw.activation import activation_lines
from nntui.tui.draw.charset import ASCII, BLOCKS, BRAILLE, Charset
from nntui.tui.draw.describe import describe_lines
from nntui.tui.draw.form import command_lines, form_lines, help_lines
from nntui.tui.draw.pictures import picture_lines
from nntui.tui.draw.plan import message_lines, note_lines, plan_lines
from nntui.tui.draw.text import Line, text_of, width
from nntui.tui.form.form import Form
from nntui.tui.form.rows import bounds, rows
from nntui.tui.form.typing import Typing
from nntui.tui.palette import DARK, Palette

CHARSETS = pytest.mark.parametrize("charset", [BRAILLE, BLOCKS, ASCII], ids=lambda charset: charset.name)
WIDTHS = (20, 31, 44, 66, 118)
EVIL = "\x1b[31mred\x1b]0;title\x07 \u202eback\n[bold]x[/bold]"
PALETTE = Palette.of(DARK)


def check(lines: list[Line], cells: int, charset: Charset) -> None:
    for line in lines:
        assert width(line) <= cells, text_of(line)
        text = text_of(line)
        assert not any(c in text for c in "\x1b\x07\u202e\n")
        if charset is ASCII:
            assert text.isascii(), text
        for _, style in line:
            PALETTE.style(style)


def plan_of(**more: object) -> PlanResult:
    layers = [LayerPlan(name=f"stage.{n}.{EVIL}", kind="Conv2d", out=[32, -1, 8], parameters=10**n) for n in range(7)]
    memory = Memory(parameters=10**6, gradients=10**6, optimizer=2 * 10**6, average=0, activations=5, batch=1, data=9)
    facts = {
        "layers": layers, "parameters": 1111111, "macs": 123456789, "splits": {"train": 9}, "epochs": 30,
        "batch_size": 32, "steps_per_epoch": 1234, "metric": "accuracy", "maximize": True, "memory": memory,
        "loss": 2.31, "expected_loss": 2.303, "expected_why": "ln 10: all classes alike", "epoch_seconds": 61.0,
    }  # fmt: skip
    return PlanResult(**{**facts, **more})  # type: ignore[arg-type]


def described(examples: list[Shown], **more: object) -> Described:
    facts = {
        "name": "x", "qualified": "builtin/x", "summary": EVIL, "licence": "CC0", "source": EVIL, "modality": "image",
        "shape": "8 x 8 grey", "target": "one of 3 classes", "kind": "classes", "rows": 1797,
        "splits": {"train": 1294, "validation": 144, "test": 359},
        "classes": [ClassCount(name=EVIL, rows=3), ClassCount(name="b", rows=0), ClassCount(name="漢字", rows=99)],
    }  # fmt: skip
    return Described(**{**facts, **more}, examples=examples)  # type: ignore[arg-type]


EXAMPLES = {
    "pictures": [Shown(kind="image", label=EVIL, picture=Picture(width=5, height=7, channels=3, pixels=bytes(105)))]
    * 3,
    "texts": [Shown(kind="text", label="de", text=EVIL * 20), Shown(kind="text", label="en", text="word")],
    "series": [Shown(kind="json", label="18 °C", content={EVIL: [1, None, 3.5] * 20, "weather": ["sun"], "flat": [2]})],
    "sounds": [Shown(kind="json", label="fr", content={"low": [-1.0, -0.5], "high": [1.0, 0.2], "seconds": 1.5})],
    "rows": [Shown(kind="json", label="Adelie", content={EVIL: 39.123456, "sex": None, "island": EVIL})] * 8,
    "nothing": [],
}


@CHARSETS
@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_data_set_fits_however_narrow(kind: str, charset: Charset) -> None:
    for cells in WIDTHS:
        lines = describe_lines(described(EXAMPLES[kind]), cells, charset)
        if kind == "series":  # its label has a degree sign, which stays
            lines = [[(text.replace("°", ""), style) for text, style in line] for line in lines]
        check([[(t.replace("漢字", "kanji"[:4]), s) for t, s in line] for line in lines], cells, charset)
    text = "\n".join(text_of(line) for line in describe_lines(described(EXAMPLES[kind]), 66, charset))
    assert "1,797 rows" in text
    assert "val 144" in text


@CHARSETS
def test_a_plan_fits_and_keeps_its_figures(charset: Charset) -> None:
    for plan in (plan_of(), plan_of(loss=None), plan_of(epoch_seconds=None, timed="not timed: x trains here")):
        for cells in WIDTHS:
            layers, figures = plan_lines(plan, cells, charset)
            check([*layers, *figures, *note_lines([EVIL], cells, charset)], cells, charset)
            check(message_lines(EVIL, EVIL, cells, charset), cells, charset)
    several = [
        text_of(line) for line in message_lines("no reader takes it\n  asked: images\n  XLSX: save it", "", 60, charset)
    ]
    assert several[1:] == ["  asked: images", "  XLSX: save it"]
    layers, figures = plan_lines(plan_of(), 66, charset)
    told = "\n".join(text_of(line) for line in figures)
    assert "1,111,111 parameters" in told
    assert "2.310" in told
    assert "2.303" in told
    assert "30:30" in told
    assert "32" + ("×?×" if charset.unicode else "x?x") + "8" in text_of(layers[1])


def test_a_first_loss_that_is_far_from_the_expected_one_is_a_warning() -> None:
    def styles(**more: object) -> set[str]:
        return {style for line in plan_lines(plan_of(**more), 66, BRAILLE)[1] for _, style in line}

    assert "good strong" in styles()
    assert "warning strong" in styles(loss=9.0)
    assert "bad" in styles(loss=None)


@CHARSETS
def test_a_curve_goes_through_its_points_and_fits(charset: Charset) -> None:
    x = [number / 16 for number in range(-80, 81)]
    shapes: dict[str, list[float | None]] = {
        "relu": [max(0.0, v) for v in x],
        "exp": [math.exp(v) for v in x],
        "holes": [None if abs(v) < 1 else v for v in x],
        "nothing": [None for _ in x],
        "flat": [0.0 for _ in x],
    }
    for y in shapes.values():
        curve = ActivationCurve(name="a", qualified="b/a", summary="", formula=EVIL, x=x, y=y, dy=y)
        for cells in WIDTHS:
            for height in (2, 6, 20):
                lines = activation_lines(curve, cells, height, charset)
                assert len(lines) <= max(height, 2)
                check(lines, cells, charset)


def test_relu_is_flat_at_the_left_and_rises_at_the_right() -> None:
    x = [number / 16 for number in range(-80, 81)]
    y: list[float | None] = [max(0.0, v) for v in x]
    steps: list[float | None] = [float(v > 0) for v in x]
    curve = ActivationCurve(name="relu", qualified="b/relu", summary="", formula="max(0, x)", x=x, y=y, dy=steps)
    lines = activation_lines(curve, 40, 14, BRAILLE)
    drawn = [[(c, style) for text, style in line for c in text] for line in lines[1:-2]]
    value = {(row, column) for row, line in enumerate(drawn) for column, (c, s) in enumerate(line) if s == "c1"}
    half = 6 + 34 // 2
    assert len({row for row, column in value if column < half - 1}) == 1
    assert {row for row, _ in value} >= set(range(1, 9))
    assert any(style == "c3" for line in drawn for _, style in line)


@CHARSETS
def test_a_picture_is_made_to_fit(charset: Charset) -> None:
    picture = Picture(width=28, height=28, channels=1, pixels=bytes(range(196)) * 4)
    for cells, height in ((28, 14), (10, 5), (1, 1), (80, 3)):
        lines = picture_lines(picture, cells, height, charset)
        assert len(lines) <= height
        check(lines, cells, charset)


@CHARSETS
def test_the_form_fits_with_faults_and_while_one_types(charset: Charset) -> None:
    form = Form(FakeRegistry())  # type: ignore[arg-type]
    form.set("data.name", EVIL)
    form.set("arch.hidden", "8,x")
    form.set("training.metric", EVIL)
    found = rows(form.wanted, form.checked, form.registry, unfolded=True)
    for cells in WIDTHS:
        for cursor, row in enumerate(found):
            typing = Typing("a long text that does not fit in a narrow form at all", 20)
            for now in (None, typing, Typing.of(EVIL), Typing("", 0)):
                lines, owners = form_lines(found, cursor, now, cells, charset)
                check(lines, cells, charset)
                assert len(lines) == len(owners)
                assert set(owners) == set(range(len(found)))
            check(help_lines(row, bounds(row.field) if row.field else "", cells, charset), cells, charset)
        check(command_lines(form.checked.command * 9, cells, 2, charset), cells, charset)


def test_what_a_person_said_is_strong_and_what_holds_anyway_is_pale() -> None:
    form = Form(FakeRegistry())  # type: ignore[arg-type]
    form.set("training.seed", "7")
    found = rows(form.wanted, form.checked, form.registry, unfolded=False)
    lines, owners = form_lines(found, -1, None, 60, BRAILLE)

    def value(key: str) -> tuple[str, str]:
        line = lines[owners.index(next(n for n, row in enumerate(found) if row.key == key))]
        return line[2]

    assert value("training.seed") == ("7", "title strong")
    assert value("training.batch_size") == ("64", "muted")


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (["x"], "x"),
        (["end", "x"], "32,64x"),
        (["backspace"], ""),
        (["left", "backspace"], "32,4"),
        (["home", "delete", "1"], "12,64"),
        (["ctrl+w"], "32,"),
        (["end", "ctrl+w", "ctrl+w"], ""),
        (["left", "left", "ctrl+k"], "32,"),
        (["left", "left", "ctrl+u"], "64"),
        (["ctrl+left", "8"], "32,864"),
    ],
)
def test_a_line_is_edited_as_lines_are(keys: list[str], text: str) -> None:
    typing = Typing.of("32,64")
    for key in keys:
        typing = typing.pressed(key) or typing.typed(key)
    assert typing.text == text


def test_a_row_of_many_numbers_leaves_room_for_what_is_below() -> None:
    wide = [Shown(kind="json", label="3", content={f"n{i}": float(i) for i in range(30)})]
    few = [Shown(kind="json", label="3", content={f"n{i}": float(i) for i in range(12)})]
    text = [text_of(line) for line in describe_lines(described(wide), 66, BRAILLE)]
    assert any("more columns" in line for line in text)
    assert len(text) == len(describe_lines(described(few), 66, BRAILLE)) + 1
