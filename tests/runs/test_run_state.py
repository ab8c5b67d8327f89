"""Folding events into a state: pure, total, and blind to what a resume superseded."""

from __future__ import annotations

import copy
import itertools
import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_events import any_event, evaluated, planned, progress, started, steps

from nntui.runs.commands import Command
from nntui.runs.events import (
    AnyEvent,
    Checkpointed,
    Commanded,
    Failed,
    Finished,
    LayerProbe,
    Paused,
    Probed,
    Queued,
    Resumed,
    Sample,
    Sampled,
    Warned,
)
from nntui.runs.history import QUANTITIES
from nntui.runs.lock import Dead, Live, Unknown
from nntui.runs.log import EventReader, EventWriter
from nntui.runs.state import (
    CHECKPOINT_HISTORY,
    EVALUATION_HISTORY,
    LAYER_HISTORY,
    WARNING_HISTORY,
    RunState,
    fold,
    fold_all,
    fold_command,
    status,
)


def run_of(*more) -> RunState:
    return fold_all([started(time=1000.0), planned(time=1000.5), *more])


def test_a_run_is_told_as_it_went():
    state = run_of(
        progress(5, 0.9, grad_norm=2.0),
        progress(10, None),
        evaluated(10, 0.7, best=True, confusion=[[3, 1], [0, 4]]),
        progress(20, 0.3, samples_per_second=100.0),
        evaluated(20, 0.6, confusion=[[2, 2], [0, 4]]),
        Checkpointed(step=20, name="step-00000020"),
        Warned(message="careful"),
        Finished(step=20, status="done", metrics={"accuracy": 0.65}, seconds=12.5),
    )
    loss = state.history.series("loss")
    assert list(loss.step) == [5, 10, 20] and list(loss.invalid) == [0, 1, 0]
    assert loss.mean[0] == 0.9 and math.isnan(loss.mean[1]) and state.history.series("grad_norm").mean[0] == 2.0
    assert [e.metrics["accuracy"] for e in state.evaluations["validation"]] == [0.7, 0.6]
    assert [c.matrix for c in state.confusions["validation"]] == [[[3, 1], [0, 4]], [[2, 2], [0, 4]]]
    assert state.evaluations["validation"][0].confusion is None
    assert (state.best.step, state.best.value) == (10, 0.7)
    assert state.vitals.latest.value == 0.6
    assert (state.epochs, state.vitals.step, state.vitals.seconds) == (4, 20, 12.5)
    assert [w.message for w in state.warnings] == ["careful"]
    assert state.vitals.phase == "done" and state.vitals.finished.metrics == {"accuracy": 0.65}


def test_a_resume_supersedes_what_came_after_its_checkpoint():
    probe = [LayerProbe(name="fc1", dead=0.5)]
    state = run_of(
        progress(10, 0.5),
        evaluated(10, 0.7, best=True, confusion=[[1]]),
        Probed(step=10, epoch=1, layers=probe, arrays={"a": [1]}),
        Sampled(step=10, epoch=1, samples=[Sample(example=0, label="cat")]),
        Checkpointed(step=10, name="step-00000010"),
        progress(20, 0.1),
        evaluated(20, 0.9, best=True, confusion=[[2]]),
        Probed(step=20, epoch=2, layers=probe, arrays={"a": [2]}),
        Sampled(step=20, epoch=2, samples=[]),
        Checkpointed(step=20, name="step-00000020"),
        Commanded(id="c", command="lr", by="t", step=15, result="applied", value=0.2),
        started(time=2000.0),
        Resumed(step=10, checkpoint="step-00000010", time=2001.0),
    )
    assert list(state.history.series("loss").step) == [10]
    assert state.best.step == state.vitals.latest.step == state.evaluations["validation"][-1].step == 10
    assert [c.matrix for c in state.confusions["validation"]] == [[[1]]]
    assert [p.step for p in state.layers["fc1"]] == [10] and [s.step for s in state.samples] == [10]
    assert [c.step for c in state.checkpoints] == [10] and state.arrays == []
    assert (state.vitals.step, state.vitals.epoch, state.vitals.loss) == (10, 1.0, 0.5)
    assert state.commands["c"].result == "applied"  # it is applied again at its step
    assert len(state.sessions) == 2 and len(state.resumes) == 1


def test_a_rewind_whose_event_was_lost_is_noticed_by_its_steps():
    state = run_of(progress(10), progress(20, 0.2), progress(30), progress(20, 0.7), progress(21))
    loss = state.history.series("loss")
    assert list(loss.step) == [10, 20, 21] and loss.mean[1] == 0.7


def test_an_extension_outlives_the_plan_of_the_next_process():
    state = run_of(Commanded(id="1", command="extend", by="t", step=5, result="applied", value=7.0))
    assert state.epochs == 7
    fold_all([started(), planned(epochs=4), Resumed(step=5, checkpoint="x")], state)
    assert state.epochs == 7
    refused = Commanded(id="2", command="extend", by="t", step=6, result="refused", value=99.0)
    assert fold(state, refused).epochs == 7


def test_a_command_is_followed_from_asked_to_met_in_either_order():
    asked = Command(id="7", time=5.0, by="ctl:ada", kind="lr-scale", value=0.5)
    met = Commanded(id="7", command="lr-scale", by="ctl:ada", step=9, result="applied", value=0.05, time=6.0)
    one, other = run_of(), run_of()
    fold_command(one, asked)
    assert [c.id for c in one.pending] == ["7"] and one.commands["7"].result == "asked"
    fold(one, met)
    fold_command(fold(other, met), asked)
    assert one.commands == other.commands and one.pending == []
    command = one.commands["7"]
    assert (command.asked, command.wanted, command.met, command.step, command.value) == (5.0, 0.5, 6.0, 9, 0.05)


def test_pauses_and_gaps_are_no_training_time():
    state = fold_all(
        [
            started(time=100.0),
            planned(time=110.0),
            progress(10, time=130.0),
            Paused(step=10, time=131.0),
            Warned(message="x", time=500.0),
            Resumed(step=10, time=531.0),
            progress(20, time=541.0),
            started(time=9000.0),
            Resumed(step=20, checkpoint="c", time=9005.0),
            progress(30, time=9015.0),
        ]
    )
    assert state.vitals.seconds == 21.0 + 10.0 + 10.0
    assert [(p.step, p.begin, p.end) for p in state.pauses] == [(10, 131.0, 531.0)]
    assert state.resumes[0].step == 20 and len(state.resumes) == 1


def test_the_time_left_follows_the_present_pace():
    state = run_of(progress(10, time=1010.0), progress(20, time=1020.0))
    assert state.epochs_per_second() == pytest.approx(0.1)
    assert state.seconds_left() == pytest.approx(20.0)
    assert state.vitals.fraction == 0.5
    assert run_of().seconds_left() is None and RunState().vitals.fraction is None


def test_a_pause_is_no_part_of_the_pace():
    state = run_of(
        progress(10, time=1010.0),
        Paused(step=10, time=1010.5),
        Resumed(step=10, time=1310.5),
        progress(20, time=1320.0),
    )
    assert state.epochs_per_second() == pytest.approx(0.1)
    assert state.seconds_left() == pytest.approx(20.0)
    fold_all([Paused(step=20, time=1321.0)], state)
    assert state.seconds_left() == pytest.approx(20.0), "nor is one that has not ended"


def test_histories_that_could_grow_without_end_do_not():
    state = run_of()
    for step in range(LAYER_HISTORY + 10):
        fold(state, Probed(step=step, epoch=0, layers=[LayerProbe(name="a")]))
    for number in range(WARNING_HISTORY + 5):
        fold(state, Warned(message=str(number)))
    assert len(state.layers["a"]) == LAYER_HISTORY and state.layers["a"][-1].step == LAYER_HISTORY + 9
    assert len(state.warnings) == WARNING_HISTORY and state.warnings[-1].message == str(WARNING_HISTORY + 4)
    assert state.vitals.warnings == WARNING_HISTORY + 5
    fold_all((Checkpointed(step=step, name=str(step)) for step in range(CHECKPOINT_HISTORY + 5)), state)
    assert len(state.checkpoints) == CHECKPOINT_HISTORY and state.checkpoints[-1].step == CHECKPOINT_HISTORY + 4


def test_very_many_evaluations_are_thinned_out_and_the_best_stay():
    count = 2 * EVALUATION_HISTORY
    state = run_of(*(evaluated(step, step / 1e5, best=step in (3, count // 3)) for step in range(count)))
    kept = state.evaluations["validation"]
    assert len(kept) <= EVALUATION_HISTORY and kept[-1].step == count - 1
    assert {3, count // 3} <= {e.step for e in kept}
    assert [e.step for e in kept] == sorted({e.step for e in kept})
    assert max(b.step - a.step for a, b in itertools.pairwise(kept)) <= 16


def test_the_best_told_late_finds_its_place_among_the_checkpoints():
    state = run_of(*(Checkpointed(step=s, name=str(s)) for s in (10, 30, 20, 30)))
    assert [c.step for c in state.checkpoints] == [10, 20, 30]


def test_a_later_format_is_known():
    assert run_of(started(version=99, nntui="9.1")).vitals.needs == "9.1"


LIVE, DEAD, UNKNOWN = Live(), Dead(), Unknown("elsewhere")
_S, _P, _T = started(), planned(), progress(1)


@pytest.mark.parametrize(
    ("events", "live", "dead", "unknown"),
    [
        ([], "starting", "lost", "unknown"),
        ([_S], "starting", "lost", "unknown"),
        ([_S, Queued(after="other")], "queued", "lost", "unknown"),
        ([_S, Queued(after="other"), _P], "training", "lost", "unknown"),
        ([_S, _P], "training", "lost", "unknown"),
        ([_S, _P, _T, Paused(step=1)], "paused", "lost", "unknown"),
        ([_S, _P, _T, Paused(step=1), Checkpointed(step=1, name="s")], "paused", "lost", "unknown"),
        ([_S, _P, _T, Paused(step=1), Resumed(step=1)], "training", "lost", "unknown"),
        ([_S, _P, _T, Finished(step=1, status="done")], "done", "done", "done"),
        ([_S, _P, _T, Finished(step=1, status="stopped")], "stopped", "stopped", "stopped"),
        ([_S, Failed(step=1, kind="data", message="m")], "failed", "failed", "failed"),
        ([_S, Failed(step=1, kind="data", message="m"), _S], "starting", "lost", "unknown"),
        ([_S, Finished(step=1, status="stopped"), _S, _P], "training", "lost", "unknown"),
    ],
)
def test_the_status_follows_from_events_and_lock(events, live, dead, unknown):
    state = fold_all(events)
    assert (status(state, LIVE), status(state, DEAD), status(state.vitals, UNKNOWN)) == (live, dead, unknown)


def test_a_run_just_made_is_starting_before_it_is_lost():
    assert status(RunState(), DEAD, age=2.0) == "starting"
    assert status(RunState(), DEAD, age=3600.0) == "lost"
    assert status(fold_all([started()]), DEAD, age=2.0) == "lost"


# --- properties ------------------------------------------------------------------------------------------------------

events = st.lists(any_event(), max_size=25)


def curves(state: RunState) -> list[list[float | None]]:
    columns = [column for name in QUANTITIES for column in vars(state.history.series(name)).values()]
    columns += [state.history.axis("epoch"), state.history.axis("time")]
    return [[None if value != value else value for value in column] for column in columns]


def plain(state: RunState) -> object:
    """The state in a form that compares, NaN with NaN."""
    return msgspec.json.encode(
        {
            "vitals": state.vitals,
            "plan": state.plan,
            "history": curves(state),
            "evaluations": state.evaluations,
            "confusions": state.confusions,
            "layers": state.layers,
            "arrays": state.arrays,
            "samples": state.samples,
            "checkpoints": state.checkpoints,
            "commands": state.commands,
            "pauses": state.pauses,
            "sessions": state.sessions,
            "resumes": state.resumes,
            "warnings": state.warnings,
        }
    )


@given(events, st.integers(0, 25))
@settings(max_examples=150, deadline=None)
def test_folding_in_pieces_equals_folding_whole(events, cut):
    pieces = fold_all(events[cut:], fold_all(events[:cut]))
    one_by_one = RunState()
    for event in events:
        fold(one_by_one, event)
    assert plain(pieces) == plain(fold_all(events)) == plain(one_by_one)


@given(events)
@settings(max_examples=100, deadline=None)
def test_any_prefix_folds_and_has_a_status(events):
    state = RunState()
    for event in events:
        fold(state, event)
        assert status(state, DEAD) in ("done", "stopped", "failed", "lost")
        assert status(state, LIVE) not in ("lost", "unknown")
        shown = list(state.history.series("loss").step)
        assert shown == sorted(set(shown))
        assert state.vitals.fraction is None or 0 <= state.vitals.fraction <= 1
        state.seconds_left()


@given(events, any_event())
@settings(max_examples=100, deadline=None)
def test_folding_depends_on_nothing_but_state_and_event(events, event):
    one = fold_all(events)
    other = copy.deepcopy(one)
    assert plain(fold(one, event)) == plain(fold(other, event))


@given(st.lists(st.integers(1, 5), max_size=12), st.lists(st.integers(1, 5), max_size=8), steps)
@settings(max_examples=150, deadline=None)
def test_what_a_resume_superseded_leaves_no_trace_in_the_curves(first, again, back):
    """A run that went too far and was resumed shows what a run shows that never went there."""

    def trained(begin: int, strides: list[int]) -> list[AnyEvent]:
        told: list[AnyEvent] = []
        for stride in strides:
            begin += stride
            told += [progress(begin, begin / 100), evaluated(begin, begin / 100, best=True)]
        return told

    before = trained(0, first)
    kept = [event for event in before if event.step <= back]
    after = [started(), Resumed(step=back, checkpoint="c"), *trained(back, again)]
    resumed, direct = run_of(*before, *after), run_of(*kept, *after)
    assert curves(resumed) == curves(direct) and resumed.evaluations == direct.evaluations
    assert resumed.best == direct.best and resumed.vitals.loss == direct.vitals.loss
    shown = resumed.history.series("loss").step
    assert all(step <= back for step in shown if step not in {e.step for e in after[2:]})


@given(
    events, st.lists(st.sampled_from([b"torn {", b'{"type":"danced","step":1}', b"\xff", b""]), max_size=5), st.data()
)
@settings(max_examples=60, deadline=None)
def test_torn_and_unknown_lines_change_nothing(tmp_path_factory, events, noise, data):
    path = tmp_path_factory.mktemp("log") / "e"
    events = [e for e in events if type(e).__name__ != "Started" or e.version == 1]
    written = []
    with EventWriter(path, clock=lambda: 5.0) as writer:
        written += [writer.append(event) for event in events]
    lines = path.read_bytes().splitlines(keepends=True)
    for line in noise:
        lines.insert(data.draw(st.integers(0, len(lines))), line + b"\n")
    path.write_bytes(b"".join(lines) + b'{"type":"progress","st')
    assert plain(fold_all(EventReader(path).poll())) == plain(fold_all(written))
