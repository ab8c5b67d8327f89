"""The head, the foot and the small screen of a run, as lines: what is shown, and what goes where room is short."""

from __future__ import annotations

import pytest
from recorded import BEGUN, events

from nntui.runs.events import Failed, Finished, Paused, Queued, Warned
from nntui.runs.figures import ago, size
from nntui.runs.state import RunState, fold, fold_all
from nntui.tui.draw.charset import ASCII, BRAILLE
from nntui.tui.draw.foot import Figures, fitting, notice, vitals_line
from nntui.tui.draw.head import Shown, head_line
from nntui.tui.draw.small_run import Small, small_lines
from nntui.tui.draw.text import Line, text_of, width
from nntui.tui.facts import Facts

FACTS = Facts("quick-otter-7", "fashion-mnist", "cnn", "relu", "adamw", "one-cycle", "cpu")
NOW = BEGUN + 200.0


@pytest.fixture
def state() -> RunState:
    return fold_all(events(10, 3.4))


def test_the_head_has_it_all_where_there_is_room(state: RunState) -> None:
    text = text_of(head_line(FACTS, state, "training", NOW, 120, BRAILLE))
    assert text.startswith("quick-otter-7  cnn fashion-mnist relu cpu adamw")
    assert "● training 4/10 ███░░░░░░░ step 408 " in text
    assert " eta " in text


@pytest.mark.parametrize("cells", range(20, 140, 7))
def test_the_head_is_never_wider_than_the_screen_and_keeps_the_status(state: RunState, cells: int) -> None:
    line = head_line(FACTS, state, "training", NOW, cells, BRAILLE)
    assert width(line) <= cells
    if cells >= 40:
        assert "training 4/10" in text_of(line)
        assert "quick-otter" in text_of(line)


def test_an_ended_run_counts_the_epochs_that_were_trained(state: RunState) -> None:
    assert "✗ failed 3/10" in text_of(head_line(FACTS, state, "failed", NOW, 120, BRAILLE))
    assert "? lost 3/10" in text_of(head_line(FACTS, state, "lost", NOW, 120, ASCII))


def test_names_from_files_cannot_draw_anything_else(state: RunState) -> None:
    odd = Facts("evil\x1b[2Jname", "da\nta", "\u202ecnn")
    text = text_of(head_line(odd, state, "training", NOW, 160, BRAILLE))
    assert "\x1b" not in text
    assert "\n" not in text
    assert "\u202e" not in text


def test_the_figures_that_matter_least_are_left_out_first(state: RunState) -> None:
    figures = Figures(cpu=198.4, memory=612 << 20, disk=41 * 10**9)
    wide = text_of(vitals_line(state, figures, "training", NOW, 160, BRAILLE))
    for words in ("42.6k/s", "lr 2.83e-3", "cpu 198%", "642 MB", "ckpt 54 s ago", "disk 41 GB", "threads 2"):
        assert words in wide
    for cells in range(20, 160, 9):
        line = vitals_line(state, figures, "training", NOW, cells, BRAILLE)
        assert width(line) <= cells
        assert "lr 2.83e-3" in text_of(line)


def test_the_foot_shows_the_gpu_before_the_processor(state: RunState) -> None:
    figures = Figures(cpu=104.0, memory=10**9, gpu=87.0, gpu_memory=2_100_000_000, disk=41 * 10**9)
    assert "gpu 87% 2.1 GB" in text_of(vitals_line(state, figures, "training", NOW, 160, BRAILLE))
    narrow = text_of(vitals_line(state, figures, "training", NOW, 80, BRAILLE))
    assert "gpu 87%" in narrow and "cpu" not in narrow
    assert "gpu" not in text_of(vitals_line(state, figures, "done", NOW, 160, BRAILLE))


def test_a_run_that_has_ended_shows_no_processor(state: RunState) -> None:
    text = text_of(vitals_line(state, Figures(cpu=50.0, memory=10**8), "done", NOW, 160, BRAILLE))
    assert "cpu" not in text
    assert "ckpt step 360" in text


def test_parts_are_left_out_by_rank() -> None:
    parts: list[tuple[int, Line]] = [(2, [("aaaa", "")]), (1, [("bbbb", "")]), (3, [("cccc", "")])]
    assert text_of(fitting(parts, 20)) == "aaaa  bbbb  cccc"
    assert text_of(fitting(parts, 10)) == "aaaa  cccc"
    assert text_of(fitting(parts, 5)) == "cccc"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (612_000_000, "612 MB"), (41_200_000_000, "41 GB")],
)
def test_sizes_in_few_digits(count: int, text: str) -> None:
    assert size(count, 2) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (119, "119 s"), (150, "2 min"), (7300, "2 h"), (9e5, "10 d")]
)
def test_ages_in_few_letters(seconds: float, text: str) -> None:
    assert ago(seconds) == text


def said(state: RunState, status: str, problem: str = "", figures: Figures | None = None) -> str:
    return text_of(notice(state, status, figures or Figures(), problem, NOW))  # type: ignore[arg-type]


def test_what_matters_most_is_said(state: RunState) -> None:
    assert said(state, "training") == ""
    assert "folder is gone" in said(state, "deleted", problem="cannot be read")
    assert said(state, "training", problem="cannot be read") == "cannot be read"
    full = Figures(disk=0)  # which is why a line is damaged
    assert said(state, "training", problem="cannot be read", figures=full).startswith(
        "the disk is full: what is trained now"
    )
    assert said(state, "done", problem="cannot be read", figures=full) == "cannot be read"
    assert "R goes on" in said(state, "lost")
    assert "disk is nearly full (100 MB left)" in said(state, "training", figures=Figures(disk=10**8))


def test_how_a_run_ended_is_said(state: RunState) -> None:
    fold(state, Finished(time=NOW, step=408, status="stopped", reason="stop was asked", seconds=163.0,
                         metrics={"accuracy": 0.9012, "loss": 0.291}, split="test", best_step=240))  # fmt: skip
    text = said(state, "stopped")
    for words in ("stopped in 2:43", "(stop was asked)", "test: accuracy 90.1%", "loss 0.291", "weights of step 240"):
        assert words in text
    fold(state, Failed(time=NOW, step=408, kind="disk", message="no space", advice="make room"))
    assert said(state, "failed") == "failed: no space  make room"


def test_a_warning_is_said_for_a_minute_and_a_pause_as_long_as_it_is(state: RunState) -> None:
    fold(state, Warned(time=NOW - 5, message="slow disk"))
    assert "warning: slow disk  (+1 in the log)" in said(state, "training")
    state.warnings.clear()
    fold(state, Paused(time=NOW, step=408))
    assert "space goes on" in said(state, "paused")
    fold(state, Queued(time=NOW, after="calm-heron-6"))
    assert said(state, "queued") == "waits for calm-heron-6 to end"


@pytest.mark.parametrize("size", [(59, 15), (40, 8), (24, 4), (10, 2), (3, 1)])
def test_the_small_screen_fits(state: RunState, size: tuple[int, int]) -> None:
    lines = small_lines(Small(FACTS, state, "training", NOW, ASCII, size), *size)
    assert len(lines) <= size[1]
    assert all(width(line) <= size[0] for line in lines)
    assert all(text_of(line).isascii() for line in lines)


def small(state: RunState, cells: int, height: int, told: Line | None = None, status: Shown = "training") -> list[str]:
    run = Small(FACTS, state, status, NOW, BRAILLE, (cells, height), told=told or [])
    return [text_of(line) for line in small_lines(run, cells, height)]


def test_the_small_screen_has_the_figures_that_matter(state: RunState) -> None:
    text = "\n".join(small(state, 50, 10))
    for words in ("● training 4/10", "quick-otter-7", "loss ", "accuracy 82", "eta", "50x10 is too small"):
        assert words in text


@pytest.mark.parametrize("height", [1, 2, 3, 4, 6, 8, 14, 29])
def test_the_small_screen_uses_the_lines_that_it_has(state: RunState, height: int) -> None:
    lines = small(state, 60, height)
    assert len(lines) == height and all(line.strip() for line in lines)
    wanted = ["training 4/10", "loss ", "accuracy 82", "eta", "is too small", "k/s"]
    assert [word in "\n".join(lines) for word in wanted] == [n < height for n in range(len(wanted))]
    assert ("└" in "\n".join(lines)) == (height >= 8), "a chart where there is room for one"


@pytest.mark.parametrize("cells", [24, 30, 40, 47, 59, 79])
def test_the_small_screen_cuts_no_word_off(state: RunState, cells: int) -> None:
    told: Line = [("lr x0.5 asked 0.4 s ago, not yet applied (evaluating)", "command")]
    whole = {word for line in [*small(state, 300, 7), text_of(told)] for word in line.split()}
    whole |= {"too", "small:", "shows", "all", "60x16", "is", f"{cells}x7", "▁▂▃▅▆█", "best"}
    shown = [word for line in small(state, cells, 7, told) for word in line.split()]
    assert [word for word in shown if word not in whole and word[0] not in "▁▂▃▄▅▆▇█" and "…" not in word] == []
    assert any("…" in word for word in shown) == (cells < 30), "the name alone, where it does not fit"


def test_what_was_asked_and_why_it_failed_are_told_on_a_small_screen_in_whole_words(state: RunState) -> None:
    asked: Line = [("lr x0.5", "strong command"), (" asked 0.4 s ago, not yet applied (evaluating)", "muted")]
    assert small(state, 40, 9, asked)[5:7] == ["lr x0.5 asked 0.4 s ago, not yet applied", "(evaluating)"]
    failed: Line = [("failed: " + "the loss is not finite, " * 9, "bad")]
    lines = small(state, 40, 9, failed, "failed")[5:8]
    assert lines[0].startswith("failed: the loss") and lines[2].endswith(" …") and max(map(len, lines)) <= 40
