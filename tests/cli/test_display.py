"""The headless display: what a person, a log and a program see of a run's events."""

from __future__ import annotations

import io
import itertools
import json
import unicodedata
from pathlib import Path

import msgspec
import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.cli.display import JsonDisplay, RichDisplay, choose_display, moving_line
from nntui.cli.report import ending
from nntui.runs.events import (
    AnyEvent,
    Choice,
    Commanded,
    Evaluated,
    Failed,
    Finished,
    LayerPlan,
    Paused,
    Planned,
    Progress,
    Resumed,
    Started,
    Warned,
)
from nntui.runs.folder import RunFolder
from nntui.runs.lines import LineDisplay, Tracker, plan_lines
from nntui.runs.shell import example_input


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A terminal as far as the display can tell; the screen shows what a person would see."""

    encoding = "utf-8"

    def __init__(self, columns: int = 80) -> None:
        super().__init__()
        self.screen = pyte.Screen(columns, 24)
        self.stream = pyte.Stream(self.screen)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.stream.feed(text.replace("\n", "\r\n"))
        return super().write(text)

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display if line.strip()]


PLAN = Planned(
    layers=[
        LayerPlan(name="conv1", kind="Conv2d", out=[32, 28, 28], parameters=320),
        LayerPlan(name="relu1", kind="ReLU", out=[32, 28, 28]),
        LayerPlan(name="lstm", kind="LSTM", out=[-1, 128], parameters=1_234_567),
    ],
    parameters=1_234_887,
    splits={"train": 50_000, "validation": 10_000, "test": 0},
    epochs=3,
    steps_per_epoch=100,
    metric="accuracy",
    maximize=True,
    chosen=[Choice(what="threads", value="1", why="a step is too small for two")],
)


def progress(epoch: float, loss: float | None = 0.5) -> Progress:
    return Progress(step=round(epoch * 100), epoch=epoch, loss=loss, lr=3e-3, samples_per_second=41_234.0)


def evaluated(epoch: float, accuracy: float, *, best: bool = False, split: str = "validation") -> Evaluated:
    return Evaluated(
        step=round(epoch * 100), epoch=epoch, split=split, metrics={"accuracy": accuracy, "loss": 0.3}, best=best
    )  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has more than ASCII, wherever the tests run."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.mark.parametrize(
    ("variables", "drawn"),
    [
        ({"LANG": "en_US.UTF-8"}, True),
        ({}, True),  # a container: its terminal is as good as any
        ({"LANG": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),  # what Python makes of it
        ({"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, False),
    ],
)
def test_the_bar_is_drawn_in_ascii_where_the_locale_has_nothing_else(
    variables: dict[str, str], drawn: bool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANG", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    display = RichDisplay(terminal, clock=clock, width=80)
    for event in (PLAN, progress(1.5)):
        display.show(event)
    assert ("█" in terminal.lines()[-1], "#" in terminal.lines()[-1]) == (drawn, not drawn)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def shown(display: LineDisplay, stream: io.StringIO, event: AnyEvent) -> list[str]:
    before = len(stream.getvalue())
    display.show(event)
    return stream.getvalue()[before:].splitlines()


def test_a_log_gets_a_line_an_epoch(clock: Clock) -> None:
    stream = io.StringIO()
    display = LineDisplay(stream, clock=clock)
    assert len(shown(display, stream, PLAN)) == 11
    for step in range(1, 10):
        clock.now += 0.5
        assert shown(display, stream, progress(step / 10)) == []
    clock.now += 0.5
    assert shown(display, stream, progress(1.0)) == []
    assert shown(display, stream, evaluated(1.0, 0.8931, best=True)) == [
        "epoch 1/3  loss 0.5      val 0.3      accuracy  89.3%  best  lr 3.00e-3  0:05  41.2k/s"
    ]
    assert shown(display, stream, evaluated(1.0, 0.88, split="test")) == []


def test_a_long_epoch_gets_a_line_every_ten_seconds(clock: Clock) -> None:
    stream = io.StringIO()
    display = LineDisplay(stream, clock=clock)
    display.show(PLAN)
    lines = []
    for tick in range(1, 401):  # 100 s, four events a second, half an epoch in all
        clock.now += 0.25
        lines += shown(display, stream, progress(tick / 800))
    assert len(lines) == 10
    assert lines[0] == "epoch 0.05/3  loss 0.5      lr 3.00e-3  0:10  41.2k/s  eta 9:50"


def test_an_epoch_without_an_evaluation_has_its_line_all_the_same(clock: Clock) -> None:
    stream = io.StringIO()
    display = LineDisplay(stream, clock=clock)
    display.show(PLAN)
    lines = []
    for epoch in (0.5, 1.0, 1.5, 2.0, 2.5):
        clock.now += 1
        lines += shown(display, stream, progress(epoch))
    lines += shown(display, stream, progress(3.0))
    lines += shown(display, stream, evaluated(3.0, 0.9))
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]


def test_a_resumed_run_tells_its_speed_from_where_it_went_on(clock: Clock) -> None:
    tracker = Tracker(clock)
    tracker.follow(PLAN)
    tracker.follow(Resumed(step=200, checkpoint="step-00000200"))
    tracker.follow(progress(2.0))
    assert tracker.left() is None
    clock.now += 10
    assert tracker.follow(progress(2.5)) == []
    assert tracker.left() == pytest.approx(10)


def test_what_was_commanded_and_warned_of_is_told(clock: Clock) -> None:
    stream = io.StringIO()
    display = LineDisplay(stream, clock=clock)
    display.show(PLAN)
    extend = Commanded(id="1", command="extend", by="ann", step=40, result="applied", value=5.0)
    refused = Commanded(id="2", command="lr", by="ann", step=41, result="refused", why="must be above 0")
    assert shown(display, stream, extend) == ["extend 5 by ann: applied at step 40"]
    assert shown(display, stream, refused) == ["lr by ann: refused at step 41: must be above 0"]
    assert shown(display, stream, Warned(message="disk is \x1b[31mfull\x07")) == ["warning: disk is full"]
    assert shown(display, stream, Paused(step=42)) == ["paused at step 42"]
    display.show(progress(1.0))
    assert shown(display, stream, evaluated(1.0, 0.5))[0].startswith("epoch 1/5")


def test_programs_get_the_events_themselves() -> None:
    stream = io.StringIO()
    display = JsonDisplay(stream)
    events = [PLAN, progress(0.5, None), evaluated(1.0, 0.5)]
    for event in events:
        display.show(event)
    display.close()
    lines = stream.getvalue().splitlines()
    assert [msgspec.json.decode(line, type=AnyEvent) for line in lines] == events
    assert json.loads(lines[1])["type"] == "progress"


def test_the_display_fits_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert isinstance(choose_display(True, Terminal()), JsonDisplay)
    assert isinstance(choose_display(False, Terminal()), RichDisplay)
    assert isinstance(choose_display(False, io.StringIO()), LineDisplay)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(choose_display(False, Terminal()), LineDisplay)


def test_a_terminal_has_one_moving_line_below_the_lasting_ones(clock: Clock) -> None:
    terminal = Terminal()
    display = RichDisplay(terminal, name="quick-otter-7", clock=clock, width=80)
    display.show(PLAN)
    planned = terminal.lines()
    for tick in range(1, 11):
        clock.now += 1
        display.show(progress(tick / 10))
    assert len(terminal.lines()) == len(planned) + 1
    assert terminal.lines()[-1].startswith("quick-otter-7 ███")
    assert "1.0/3 loss 0.5" in terminal.lines()[-1]
    assert terminal.lines()[-1].endswith("eta 0:20")
    display.show(evaluated(1.1, 0.9, best=True))
    assert "1.1/3" in terminal.lines()[-1]  # the bar stands where the evaluation was
    assert terminal.lines()[-2] == "epoch 1.1/3  loss 0.5      val 0.3      accuracy  90.0%  best  lr 3.00e-3  0:10"
    assert "accuracy 90.0%" in terminal.lines()[-1]
    display.close()
    display.close()
    assert terminal.lines()[-1].startswith("epoch 1.1/3")
    assert not terminal.screen.cursor.hidden


def test_events_that_rain_do_not_redraw_each_time(clock: Clock) -> None:
    terminal = Terminal()
    display = RichDisplay(terminal, name="quick-otter-7", clock=clock, width=80)
    display.show(PLAN)
    display.show(progress(0.001))
    before = len(terminal.getvalue())
    for tick in range(1000):
        clock.now += 0.0001
        display.show(progress(0.001 + tick / 1e6))
    assert len(terminal.getvalue()) == before


def test_no_color_is_honoured(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def colours() -> bool:
        terminal = Terminal()
        display = RichDisplay(terminal, clock=clock, width=80)
        display.show(Warned(message="careful"))
        display.close()
        return "\x1b[33m" in terminal.getvalue()

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colours()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours()


TEXTS = st.text(max_size=30)
EVENTS = st.one_of(
    st.builds(
        Progress,
        step=st.integers(0, 10**9),
        epoch=st.floats(0, 1e6),
        loss=st.none() | st.floats(allow_nan=False),
        lr=st.floats(0, 1e9),
        samples_per_second=st.floats(),
    ),
    st.builds(
        Evaluated,
        step=st.integers(0, 10**9),
        epoch=st.floats(0, 1e6),
        split=st.sampled_from(["train", "validation", "test"]),
        metrics=st.dictionaries(st.sampled_from(["accuracy", "mae", "loss"]), st.none() | st.floats()),
        best=st.booleans(),
    ),
    st.builds(
        Planned,
        layers=st.lists(st.builds(LayerPlan, name=TEXTS, kind=TEXTS, out=st.lists(st.integers(-1, 9))), max_size=3),
        parameters=st.integers(0, 10**12),
        splits=st.just({"train": 3}),
        epochs=st.integers(0, 10**6),
        steps_per_epoch=st.integers(0, 10**6),
        metric=st.sampled_from(["", "accuracy", "mae"]),
        maximize=st.booleans(),
    ),
    st.builds(
        Commanded,
        id=TEXTS,
        command=st.sampled_from(["extend", "lr"]),
        by=TEXTS,
        step=st.integers(0, 10**9),
        result=st.sampled_from(["applied", "refused", "expired"]),
        why=TEXTS,
        value=st.none() | st.floats(1, 1e9),
    ),
    st.builds(Resumed, step=st.integers(0, 10**9), checkpoint=TEXTS),
    st.builds(Warned, message=TEXTS),
    st.just(Started(nntui="0", host="h", boot_id="b", pid=1)),
)


@given(events=st.lists(EVENTS, max_size=12), width=st.integers(20, 200))
@settings(max_examples=50, deadline=None)
def test_whatever_happens_is_shown_in_lines_that_fit_and_hold_no_control_characters(
    events: list[AnyEvent], width: int
) -> None:
    clock = Clock()
    stream, terminal, tracker = io.StringIO(), Terminal(width), Tracker(clock)
    displays = (LineDisplay(stream, clock=clock), RichDisplay(terminal, name="run", clock=clock, width=width))
    for event in events:
        clock.now += 3
        tracker.follow(event)
        for display in displays:
            display.show(event)
        assert len(moving_line(tracker, "quick-otter-7", width)) <= width
    for display in displays:
        display.close()
    assert all(char == "\n" or unicodedata.category(char) != "Cc" for char in stream.getvalue())


def test_a_narrow_line_drops_what_matters_least() -> None:
    clock = Clock()
    tracker = Tracker(clock)
    for event in (PLAN, progress(0.1), progress(0.5), evaluated(0.5, 0.9)):
        tracker.follow(event)
        clock.now += 1
    assert moving_line(tracker, "quick-otter-7", 120).endswith("lr 3.00e-3 41.2k/s eta 0:19")
    parts = ("lr ", "41.2k/s", "quick-otter-7", "eta", "accuracy", "loss")
    there = [[part in moving_line(tracker, "quick-otter-7", width) for part in parts] for width in range(120, 20, -1)]
    for wide, narrow in itertools.pairwise(there):
        assert all(w or not n for w, n in zip(wide, narrow, strict=True))
    assert "loss" in moving_line(tracker, "quick-otter-7", 30)
    assert "#" in moving_line(tracker, "", 79, ascii_only=True)


def test_the_plan_is_a_short_table_with_reasons() -> None:
    assert plan_lines(PLAN) == [
        "layer  kind    out          params",
        "conv1  Conv2d  32x28x28        320",
        "relu1  ReLU    32x28x28          -",
        "lstm   LSTM    ?x128     1,234,567",
        "",
        "parameters     1,234,887",
        "rows           50,000 train, 10,000 validation",
        "training       3 epochs of 100 steps",
        "best           the weights with the highest accuracy on validation",
        "threads        1: a step is too small for two",
        "",
    ]
    deep = msgspec.structs.replace(PLAN, layers=PLAN.layers * 100)
    assert "... and 261 more layers" in "\n".join(plan_lines(deep))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    folder = RunFolder(tmp_path / "quick-otter-7")
    folder.model.mkdir(parents=True)
    return folder


def test_the_end_tells_the_metrics_the_model_and_the_command_that_predicts(folder: RunFolder) -> None:
    (folder.model / "model.safetensors").touch()
    (folder.model / "config.json").write_text('{"io": {"modality": "image"}}')
    metrics = {"accuracy": 0.9251, "mae": 2.31234, "loss": None}
    event = Finished(step=300, status="done", seconds=98.4, metrics=metrics, split="test", best_step=200)
    assert ending(folder, event).splitlines() == [
        "",
        "quick-otter-7 is done after 1:38 and 300 steps",
        "on test, with the weights of step 200:",
        "  accuracy  92.5%",
        "  mae       2.312",
        "  loss        nan",
        f"model    {folder.model}",
        "predict  nntui predict quick-otter-7 PICTURE.png",
    ]


def test_where_nntui_is_not_on_the_path_its_commands_say_where_it_is(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / ".venv" / "bin"
    there.mkdir(parents=True)
    (there / "nntui").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.executable", str(there / "python"))
    monkeypatch.setattr("shutil.which", lambda _: None)
    told = ending(folder, Finished(step=3, status="stopped", seconds=1))
    assert told.splitlines()[-1] == "go on    .venv/bin/nntui train --resume quick-otter-7"


@pytest.mark.parametrize(
    ("example", "typed"),
    [
        ({"kind": "image", "file": "example-0.png"}, "runs/quick-otter-7/examples/example-0.png"),
        ({"kind": "text", "content": "to be\nor not"}, "'to be or not'"),
        ({"kind": "json", "content": {"age": 29.0, "cabin": None, "sex": "female"}}, "age=29.0,cabin=,sex=female"),
        ({"kind": "json", "content": {"name": "Braund, Mr. Owen"}}, "PICTURE.png"),
        ({"kind": "json", "content": {"wind": [2.8, 2.3]}}, "PICTURE.png"),
    ],
)
def test_the_command_that_predicts_asks_about_an_example_of_the_run_where_it_can_be_typed(
    example: dict[str, object], typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = RunFolder(tmp_path / "runs" / "quick-otter-7")
    for below in (folder.examples, folder.model):
        below.mkdir(parents=True)
    (folder.model / "config.json").write_text('{"io": {"modality": "image"}}')
    assert example_input(folder) == "PICTURE.png"
    (folder.examples / "index.json").write_text(json.dumps({"version": 1, "examples": [example]}))
    assert example_input(folder) == typed


def test_lines_of_short_epochs_stand_below_each_other_and_each_has_the_loss_and_rate_of_its_own(clock: Clock) -> None:
    stream = io.StringIO()
    display = LineDisplay(stream, clock=clock)
    display.show(msgspec.structs.replace(PLAN, epochs=10))
    lines = []
    for epoch, loss in ((1, 1.79), (2, 0.0123456), (10, 0.00006)):
        event = msgspec.structs.replace(evaluated(epoch, epoch / 10), train_loss=loss, lr=epoch * 1e-3)
        lines += shown(display, stream, event)
    assert lines == [
        "epoch  1/10  loss 1.79     val 0.3      accuracy  10.0%        lr 1.00e-3  0:00",
        "epoch  2/10  loss 0.01235  val 0.3      accuracy  20.0%        lr 2.00e-3  0:00",
        "epoch 10/10  loss 6.0e-05  val 0.3      accuracy 100.0%        lr 1.00e-2  0:00",
    ]
    assert max(map(len, lines)) <= 80


def test_reasons_of_the_plan_are_folded_below_each_other_in_a_narrow_terminal(clock: Clock) -> None:
    terminal = Terminal(40)
    display = RichDisplay(terminal, clock=clock, width=40)
    why = "a step is small, threads would wait for each other"
    display.show(msgspec.structs.replace(PLAN, chosen=[Choice(what="threads", value="1", why=why)]))
    assert terminal.lines()[-3:] == [
        "threads        1: a step is small,",
        "               threads would wait for",
        "               each other",
    ]


def test_a_run_that_lies_elsewhere_is_called_by_its_path(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNTUI_RUNS", "/nowhere")
    told = ending(folder, Finished(step=3, status="stopped", reason="asked to", seconds=1))
    assert told.splitlines() == [
        "",
        "quick-otter-7 is stopped after 0:01 and 3 steps: asked to",
        f"go on    nntui train --resume {folder.path}",
    ]


def test_a_failure_tells_what_where_and_what_to_do(folder: RunFolder) -> None:
    failed = Failed(step=212, kind="non-finite", message="the loss is not \x1b[1mfinite", advice="try --lr 1e-4")
    assert ending(folder, failed).splitlines() == [
        "",
        "quick-otter-7 failed at step 212: the loss is not finite",
        "  try --lr 1e-4",
    ]
    (folder.checkpoints / "step-00000200").mkdir(parents=True)
    folder.log.touch()
    told = ending(folder, msgspec.structs.replace(failed, kind="plugin"))
    assert told.splitlines()[3:] == [f"log      {folder.log}", "go on    nntui train --resume quick-otter-7"]
