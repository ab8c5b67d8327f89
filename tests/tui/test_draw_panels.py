"""The panels of a run as lines: layers, samples, confusion, log, commands."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from recorded import BEGUN, CLASSES, asked, confusion, events

from nntui.runs.events import Failed, LayerPlan, LayerProbe, Probed, Sample, Sampled, Warned
from nntui.runs.state import RunState, fold, fold_all, fold_command
from nntui.tui.draw.charset import ASCII, BRAILLE, CHARSETS
from nntui.tui.draw.commands import Kept, commands_lines
from nntui.tui.draw.confusion import (
    Tint,
    class_names,
    grid,
    matrix_head,
    matrix_lines,
    mistakes_below,
    mistakes_lines,
    names_cut,
    told_of,
    worst,
)
from nntui.tui.draw.layers import explanation, layer_rows, layers_head, layers_lines, shape, trouble_line, troubles
from nntui.tui.draw.log import log_lines, printed
from nntui.tui.draw.pictures import Pixels, fitted, picture_lines, scaled
from nntui.tui.draw.samples import ExampleShown, Prediction, answer_text, predictions, samples_lines
from nntui.tui.draw.text import Line, text_of, width


@pytest.fixture
def state() -> RunState:
    state = fold_all(events(10, 3.4))
    for command in asked():
        fold_command(state, command)
    return state


def texts(lines: list[Line]) -> str:
    return "\n".join(text_of(line) for line in lines)


# --- layers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cells", range(24, 200, 11))
def test_layers_fit_and_keep_what_matters(state: RunState, cells: int) -> None:
    rows = layer_rows(state)
    lines = [layers_head(rows, cells), *layers_lines(rows, cells, BRAILLE)]
    assert all(width(line) <= cells for line in lines), texts(lines)
    assert "conv1" in texts(lines)
    if cells >= 40:
        assert "31%" in texts(lines)
        assert "-3." in texts(lines)


def test_the_columns_stand_below_their_titles(state: RunState) -> None:
    rows = layer_rows(state)
    head, first = text_of(layers_head(rows, 100)), text_of(layers_lines(rows, 100, BRAILLE)[0])
    assert first[head.index("out") :].startswith("32x28x28")
    end = head.index("params") + len("params")
    assert first[:end].endswith("320")


@pytest.mark.parametrize("cells", [59, 80, 120])
def test_gradient_and_update_ratio_are_drawn_over_time_below_their_titles(cells: int) -> None:
    """Of both figures the past and the newest, also where a terminal of 120 columns has two panels side by side."""
    looks = [
        Probed(step=step, epoch=0.1, layers=[
            LayerProbe(name="one", grad_norm=10.0 ** -step, update_ratio=10.0 ** (step - 8)),
            LayerProbe(name="two"),
        ])
        for step in range(1, 7)
    ]  # fmt: skip
    rows = layer_rows(fold_all(looks))
    head = text_of(layers_head(rows, cells))
    one, two = (text_of(line) for line in layers_lines(rows, cells, BRAILLE))
    assert one[head.index("|grad|") :].startswith("█▇▅▄▂▁")
    assert one[head.index("log10 u/w") :].startswith("▁▂▄▅▇█")
    assert one.split()[-3:] == ["1.0e-6", "▁▂▄▅▇█", "-2.0"]
    assert set(two) <= {*"two", " ", "-"}


def test_where_there_is_hardly_room_figures_go_before_their_past(state: RunState) -> None:
    rows = layer_rows(state)
    head, first = text_of(layers_head(rows, 32)), text_of(layers_lines(rows, 32, BRAILLE)[0])
    assert "log10" not in head and first.split()[-1].startswith(("-3.", "-2."))
    assert first.index("-") <= head.index("u/w") + 1


def test_numbered_layers_say_their_kind() -> None:
    planned = events(10, 0.1)[1]
    layers = [LayerPlan(name="net.3", kind="Conv2d", out=[8, -1], parameters=9)]
    rows = layer_rows(fold(RunState(), msgspec.structs.replace(planned, layers=layers)))
    assert rows[0].title == "net.3 Conv2d"
    assert shape(rows[0].out) == "8x?"


def probed(**figures: float | None) -> RunState:
    """Two layers: a healthy one, and one with these figures."""
    plan = msgspec.structs.replace(
        events(10, 0.1)[1],
        layers=[
            LayerPlan(name="good", kind="Linear", out=[8], parameters=64),
            LayerPlan(name="odd", kind="Linear", out=[8], parameters=64),
        ],
    )
    good = LayerProbe(name="good", grad_norm=0.1, update_ratio=1e-3, weight_norm=1.0)
    odd = msgspec.structs.replace(LayerProbe(name="odd", grad_norm=0.1, update_ratio=1e-3, weight_norm=1.0), **figures)
    return fold_all([plan, Probed(step=1, epoch=0.1, layers=[good, odd])])


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"dead": 0.31}, "31% of units never fire"),
        ({"saturated": 0.8}, "80% of outputs are saturated"),
        ({"grad_norm": 1e-5}, "nearly vanished"),
        ({"grad_norm": 2e3}, "the gradient is large"),
        ({"update_ratio": 0.4}, "one step moves the weights by 40%"),
    ],
)
def test_what_is_wrong_with_a_layer_is_named_with_its_cause(figures: dict[str, float], words: str) -> None:
    rows = layer_rows(probed(**figures))
    found = [trouble for trouble in troubles(rows) if trouble.layer == "odd"]
    assert len(found) == 1
    assert words in found[0].sentence
    assert found[0].cause in texts(explanation(rows, found, 400))
    assert texts([trouble_line(found, 80, BRAILLE)]).startswith("! odd: ")
    marked = [text_of(line) for line in layers_lines(rows, 80, BRAILLE)]
    assert marked[1].endswith("!")
    assert not marked[0].endswith("!") or figures.get("grad_norm") == 2e3


def test_a_healthy_network_is_not_complained_of() -> None:
    assert troubles(layer_rows(probed())) == []
    assert "nothing is wrong" in texts(explanation(layer_rows(probed()), [], 80))


def test_half_of_a_rectifiers_inputs_may_be_flat(state: RunState) -> None:
    assert all("saturated" not in trouble.seen for trouble in troubles(layer_rows(state)))


# --- pictures and samples --------------------------------------------------------------------------------------------


CHECKED = Pixels(tuple(tuple((255, 255, 255) if (x + y) % 2 else (0, 0, 0) for x in range(8)) for y in range(8)))


def test_a_picture_keeps_its_shape_and_its_pixels_alike() -> None:
    assert fitted(CHECKED, 40, 9, larger=True) == (16, 16)
    assert fitted(CHECKED, 40, 9) == (8, 8)
    assert fitted(CHECKED, 4, 9) == (4, 4)
    assert fitted(CHECKED, 0, 9) == (0, 0)
    assert scaled(CHECKED, 4, 4).at(0, 0) == (127, 127, 127)


def test_two_pixels_share_a_cell() -> None:
    lines = picture_lines(CHECKED, 8, 4, BRAILLE)
    assert len(lines) == 4
    assert lines[0][:2] == [("▀", "#000000 on #ffffff"), ("▀", "#ffffff on #000000")]


def test_without_colours_a_picture_is_a_ramp_of_greys() -> None:
    left = Pixels(tuple(tuple((255, 255, 255) if x < 4 else (0, 0, 0) for x in range(8)) for _ in range(8)))
    assert text_of(picture_lines(left, 8, 4, ASCII)[0]) == "@@@@    "
    assert text_of(picture_lines(left, 8, 4, BRAILLE, colours=False)[0]) == "████    "


def examples() -> list[ExampleShown]:
    return [ExampleShown("image", CLASSES[i], picture=CHECKED) for i in range(8)]


@pytest.mark.parametrize("charset", CHARSETS.values(), ids=CHARSETS)
@pytest.mark.parametrize("cells", [20, 40, 59, 80, 120, 200])
@pytest.mark.parametrize("height", [4, 10, 30])
def test_samples_fit(state: RunState, cells: int, height: int, charset) -> None:
    shown = examples()
    lines = samples_lines(shown, predictions(state, shown), cells, height, charset)
    assert all(width(line) <= cells for line in lines)
    if charset is ASCII:
        assert texts(lines).isascii()


def test_right_wrong_and_changed_predictions_are_told_apart(state: RunState) -> None:
    shown = examples()
    found = predictions(state, shown)
    assert found[0].right is True
    assert found[1].right is False
    assert found[1].before == "trouser"
    assert found[0].before == ""
    text = texts(samples_lines(shown, found, 160, 21, BRAILLE))
    assert "✓ t-shirt" in text
    assert "✗ trouser → dress ●" in text
    assert "65%" in text


def test_samples_name_the_step_of_the_weights_that_say_them() -> None:
    shown = [ExampleShown("json", "price 3.1", content={"rooms": 3})]
    said = [Sample(example=0, label="price 2.9", value=2.9)]
    state = fold_all([Sampled(step=1160, epoch=9.0, samples=said), Sampled(step=160, epoch=1.0, samples=said)])
    assert texts(samples_lines(shown, predictions(state, shown), 80, 10, BRAILLE)).startswith("step 160\n")
    assert "step" not in texts(samples_lines(shown, {}, 80, 10, BRAILLE))


def test_values_are_neither_right_nor_wrong() -> None:
    shown = [ExampleShown("json", "price 3.1", content={"rooms": 3, "area": None})]
    state = fold_all([Sampled(step=1, epoch=1.0, samples=[Sample(example=0, label="price 2.9", value=2.9)])])
    text = texts(samples_lines(shown, predictions(state, shown), 80, 10, BRAILLE))
    assert "price 3.1 → price 2.9" in text
    assert "✗" not in text
    assert "rooms 3  area -" in text


@pytest.mark.parametrize("cells", [38, 60, 80, 118])
def test_several_numbers_are_curves_beside_those_that_are_true(cells: int) -> None:
    example = ExampleShown(kind="json", label="1, 2, 3, 4", content={"visits": [1.0, 2.0]})
    found = Prediction(label="1, 2, 3, 2", probability=None, before="", right=None)
    (line, *_) = samples_lines([example], {0: found}, cells, 10, BRAILLE)
    text = "".join(part for part, _ in line)
    assert text == "true ▁▃▆█ 4  told ▁▃▆▃ 2  off by 0.5"
    shorter = replace(found, label="1, 2")
    (line, *_) = samples_lines([example], {0: shorter}, cells, 10, BRAILLE)
    assert "1, 2, 3, 4 → 1, 2" in "".join(part for part, _ in line)


def test_a_series_is_a_curve_and_a_sound_its_loudness() -> None:
    days = ExampleShown("json", "18.9", content={"date": ["a", "b", "c"], "wind": [1.0, 2.0, 4.0]})
    sound = ExampleShown("json", "yes", content={"rate": 8000, "seconds": 0.5, "low": [0.0, -0.5], "high": [0.0, 0.5]})
    text = texts(samples_lines([days, sound], {}, 60, 10, BRAILLE))
    assert "wind ▁▃█ 4" in text
    assert "▁█ 0.50 s" in text


def test_of_a_text_to_be_continued_the_end_is_shown() -> None:
    text = "first words " + "and more " * 40 + "last words"
    shown = [ExampleShown("text", "x", content=text)]
    assert "last words" in texts(samples_lines(shown, {}, 60, 10, BRAILLE, tail=True))
    assert "first words" in texts(samples_lines(shown, {}, 60, 10, BRAILLE))


def test_the_blanks_of_a_token_are_seen() -> None:
    told = [answer_text(token) for token in (" the", "\n\n", "\n  ", "\t", "a b", "")]
    assert told == ["_the", "2 newlines", "newline, 2 spaces", "tab", "a b", ""]


def test_a_space_that_is_to_come_next_is_named() -> None:
    shown = [ExampleShown("text", " ", content="to be")]
    sample = Sample(example=0, label="\n", probabilities={"\n": 0.5, " ": 0.25})
    state = fold_all([Sampled(step=1, epoch=1.0, samples=[sample])])
    text = texts(samples_lines(shown, predictions(state, shown), 80, 10, BRAILLE, tail=True))
    assert "✗ space → newline" in text
    assert "then space 25%" in text


def test_an_example_that_cannot_be_read_says_why() -> None:
    text = texts(samples_lines([ExampleShown("image", "7", why="example-0.png cannot be read")], {}, 60, 10, BRAILLE))
    assert "cannot be read" in text


# --- confusion -------------------------------------------------------------------------------------------------------


def test_the_worst_mistakes_come_first() -> None:
    found = worst(confusion(0.85), class_names(10, CLASSES))
    assert found[0].count == max(mistake.count for mistake in found)
    assert found[0].share == found[0].count / 600
    assert worst([[5, 0], [0, 5]], ["a", "b"]) == []
    assert texts(mistakes_lines([], 30, BRAILLE)) == "no mistakes"


@pytest.mark.parametrize("cells", [30, 57, 80, 120, 200])
@pytest.mark.parametrize("classes", [2, 10, 100])
def test_a_matrix_fits_and_scrolls(cells: int, classes: int) -> None:
    matrix = [[i * j % 7 for j in range(classes)] for i in range(classes)]
    names = class_names(classes, [f"a rather long class {n}" for n in range(classes)])
    at = grid(matrix, names, cells)
    assert at.columns >= 1
    last = max(classes - at.columns, 0)
    for first in (0, last):
        lines = [matrix_head(names, at, first, ASCII), *matrix_lines(matrix, names, at, first, ASCII, None)]
        assert len(lines) == classes + 1
        assert max(map(width, lines)) <= cells
        assert len(set(map(width, lines))) == 1, "columns stand below each other"
        assert texts(lines).isascii()


@pytest.mark.parametrize("cells", [20, 80, 200])
def test_the_corner_says_which_classes_are_true_however_short_their_names(cells: int) -> None:
    matrix, names = [[1] * 10] * 10, [str(n) for n in range(10)]
    at = grid(matrix, names, cells)
    assert text_of(matrix_head(names, at, 0, BRAILLE)).startswith("true ")


def test_shading_is_by_the_share_of_the_true_class() -> None:
    tint = Tint("#000000", "#00ff00", "#ff0000")
    line = matrix_lines([[90, 10], [0, 5]], ["a", "b"], grid([[90, 10], [0, 5]], ["a", "b"], 80), 0, BRAILLE, tint)[0]
    (_, right), (_, wrong) = [span for span in line if " on #" in span[1]]
    assert right.endswith("b400")
    assert wrong.split(" on #")[1].startswith("48")
    assert tint.mixed(0.0, True).endswith("#000000")


def test_a_step_is_told_whole_or_not_at_all() -> None:
    for step in (7, 336, 1_155, 123_456):
        for cells in range(40):
            text = told_of("validation", step, cells)
            assert len(text) <= cells
            digits = "".join(c for c in text if c.isdigit())
            assert digits in ("", str(step))
    assert told_of("validation", 336, 14) == "val, step 336"
    assert told_of("test", 1155, 14) == "test @1,155"


def test_in_ascii_counts_are_digits_alone() -> None:
    matrix = [[13, 1], [0, 9]]
    shown = texts(matrix_lines(matrix, ["a", "b"], grid(matrix, ["a", "b"], 80), 0, ASCII, None))
    assert shown.split() == ["a", "13", "1", "93%", "b", ".", "9", "100%"]


def test_mistakes_below_a_matrix_have_room_for_their_names() -> None:
    found = worst(confusion(0.85), class_names(10, CLASSES))
    assert names_cut(found, 20, BRAILLE)
    shown = mistakes_below(found, 80, 6, BRAILLE)
    assert len(shown) == 6
    assert max(map(width, shown)) <= 80
    assert "…" not in texts(shown)
    assert texts(shown).count("→") == 12


def test_classes_without_names_are_numbered() -> None:
    assert class_names(3, ["cat\x1b[0m"]) == ["cat?[0m", "1", "2"]


# --- log and commands ------------------------------------------------------------------------------------------------


def test_escapes_are_left_out_of_a_log_and_returns_begin_a_line_anew() -> None:
    text = "\x1b[31mred\x1b[0m\nstep 1\rstep 2\r\n\x1b]0;title\x07end\x1b[2J\x00"
    assert printed(text) == ["red", "step 2", "end?"]


def test_warnings_stand_above_the_log_and_a_failure_with_what_to_try_at_its_end_where_the_panel_opens(
    state: RunState,
) -> None:
    fold(state, Warned(time=BEGUN, message="slow\ndisk"))
    fold(state, Failed(time=BEGUN, step=408, kind="plugin", message="it raised", advice="remove it"))
    text = texts(log_lines(state, ["Traceback (most recent call last):", ""], 60))
    failure = text.index("failed at step 408 (plugin): it raised")
    assert text.index("slow") < text.index("Traceback") < failure < text.index("remove it")
    assert "    indented" in texts(log_lines(state, ["    indented"], 60))
    assert "log.txt is empty" in texts(log_lines(RunState(), [], 60))


def test_commands_tell_who_asked_when_and_what_became_of_it(state: RunState) -> None:
    kept = [Kept(240, 1_690_000, best=True), Kept(360, 1_690_000, last=True), Kept(120, 0, readable=False)]
    for cells in (40, 80, 120):
        lines = commands_lines(state, kept, "training", cells, BRAILLE)
        assert all(width(line) <= cells for line in lines)
    text = texts(lines)
    assert "lr x0.5" in text
    assert "tui:ada@pts/3" in text
    assert "applied at step 200: lr 0.0015" in text
    assert "refused: extend takes a positive number of epochs, got 0" in text
    assert text.index("step 360") < text.index("step 240") < text.index("step 120")
    assert "★ best" in text
    assert "damaged" in text


def test_a_command_that_was_never_met_says_so(state: RunState) -> None:
    fold_command(state, replace_id(asked()[0], "never"))
    assert "not yet applied" in texts(commands_lines(state, [], "training", 100, BRAILLE))
    assert "never met: the run ended first" in texts(commands_lines(state, [], "lost", 100, BRAILLE))


def replace_id(command, name: str):
    return msgspec.structs.replace(command, id=name)
