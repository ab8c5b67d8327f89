"""What a run's two charts are given: curves of each split, marks of epochs, commands, checkpoints and the best."""

from __future__ import annotations

import math

from recorded import BEGUN, STEPS, asked, events

from nntui.runs.events import Evaluated, Resumed
from nntui.runs.state import RunState, fold, fold_all, fold_command
from nntui.tui.draw.run_charts import Evaluations, loss_chart, metric_chart, total_steps


def state_of(until: float = 3.4, *, ended: bool = False) -> RunState:
    state = fold_all(events(10, until, ended=ended))
    for command in asked():
        fold_command(state, command)
    return state


def test_the_loss_is_shown_beside_that_on_validation() -> None:
    charted = loss_chart(state_of(), Evaluations())
    assert [(curve.name, curve.kind) for curve in charted.curves] == [("train", "line"), ("val", "points")]
    assert len(charted.curves[0].series.step) == 3.4 * STEPS / 4
    assert list(charted.curves[1].series.step) == [STEPS, 2 * STEPS, 3 * STEPS]


def test_the_best_is_marked_on_the_metric() -> None:
    charted = metric_chart(state_of(), Evaluations())
    assert charted.title == "acc"
    assert charted.percent
    best = [mark for mark in charted.marks if mark.kind == "best"]
    assert [(mark.step, mark.label) for mark in best] == [(2 * STEPS, "best@2")]


def test_epochs_commands_and_checkpoints_are_marked() -> None:
    marks = loss_chart(state_of(), Evaluations()).marks
    assert [(m.step, m.label) for m in marks if m.kind == "epoch"] == [(STEPS, "1"), (2 * STEPS, "2"), (3 * STEPS, "3")]
    assert [(m.step, m.label) for m in marks if m.kind == "command"] == [(200, "lr-scale")], "a refused one is none"
    assert [m.step for m in marks if m.kind == "checkpoint"] == [STEPS, 2 * STEPS, 3 * STEPS]


def test_a_test_split_has_a_mark_of_its_own() -> None:
    curves = metric_chart(state_of(10, ended=True), Evaluations()).curves
    assert {curve.name: curve.mark for curve in curves} == {"val": "", "test": "x"}


def test_what_a_resume_superseded_leaves_the_curve() -> None:
    state, kept = state_of(), Evaluations()
    series = kept.series(state, "validation", "accuracy")
    assert series is not None
    assert len(series.step) == 3
    fold(state, Resumed(time=BEGUN, step=STEPS + 1, checkpoint="step-00000121"))
    again = Evaluated(step=STEPS + 50, epoch=1.4, split="validation", metrics={"accuracy": None})
    fold(state, again)
    series = kept.series(state, "validation", "accuracy")
    assert series is not None
    assert list(series.step) == [STEPS, STEPS + 50]
    assert math.isnan(series.mean[1])


def test_how_many_steps_there_will_be() -> None:
    assert total_steps(state_of()) == 10 * STEPS
    assert total_steps(state_of(10, ended=True)) == 10 * STEPS
    assert total_steps(RunState()) is None
