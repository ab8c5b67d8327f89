"""Panels as contributions: listed, shown, drawn from the command line; nntui's own, nntui-extras' and the guide's."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import odd_panels
import pytest
from distributions import REPOSITORY, Site
from test_plugin_guide import GUIDE, _files

import nntui
from nntui.builtin.panels import metrics
from nntui.hooks.contributions import Space
from nntui.hooks.declared import fault
from nntui.runs.events import Evaluated
from nntui.runs.folder import RunFolder, create_run
from nntui.runs.log import EventWriter
from nntui.runs.state import RunState, fold_all
from nntui.tui.draw.meanings import ATTRIBUTES, MEANINGS
from nntui.tui.draw.text import text_of, width
from nntui.tui.plugin_panels.client import Limits
from nntui.tui.plugin_panels.drawing import MOST_CHARACTERS, drawn
from nntui.tui.plugin_panels.wire import MOST_LINES

SECTION = GUIDE.partition("\n### register_panels\n")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def there(new_site: Callable[[], Site], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The odd plugin, nntui-extras and the guide's plugin."""
    site = new_site()
    odd_panels.install(site)
    site.link(REPOSITORY / "plugins" / "nntui-extras")
    project = tmp_path_factory.mktemp("nntui-guide")
    for name, code in _files().items():
        file = project / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(code)
    site.link(project)
    return site


def evaluation(epoch: int, train: float | None, validation: float | None, accuracy: float | None) -> Evaluated:
    metrics = {"loss": validation, "accuracy": accuracy, "macro_f1": accuracy}
    step = epoch * 10
    return Evaluated(step=step, epoch=epoch, split="validation", metrics=metrics, train_loss=train, best=epoch == 2)


OVERFITTED = [
    evaluation(1, 1.0, 0.9, 0.5),
    evaluation(2, 0.5, 0.4, 0.9),
    evaluation(3, 0.3, 0.5, 0.8),
    evaluation(4, 0.00004, None, None),
    evaluation(5, 0.01, 0.7, 0.7),
]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = odd_panels.made_run(tmp_path / "runs")
    with EventWriter(folder.events) as events:
        for event in OVERFITTED:
            events.append(event)
    return folder


def state(*events: Evaluated) -> RunState:
    made = fold_all(events)
    made.vitals.metric, made.vitals.maximize = "accuracy", True
    return made


def lines(value: object, space: Space) -> list[str]:
    return [text_of(line) for line in drawn(value, space)]


# as contributions


def test_a_panel_has_neither_settings_nor_suggestions() -> None:
    class Some(nntui.Params):
        window: int = nntui.param(3, help="Window")

    given = {"name": "p", "summary": "A panel", "build": "m:f"}
    assert fault(nntui.Panel(**given)) is None
    for more in ({"params": Some}, {"defaults": {"training.epochs": 3}}):
        assert "no run names a panel" in str(fault(nntui.Panel(**given, **more)))


def test_panels_are_listed_and_shown_like_everything_else(there: Site) -> None:
    listed = there.nntui("panels").stdout
    assert "metrics" in listed and "gap" in listed and "raises" in listed
    shown = there.nntui("panels", "show", "gap").stdout
    assert "extras/gap, from nntui-extras 0.1.0" in shown
    assert shown.splitlines()[-1] == "nntui panels draw extras/gap"
    assert there.rows()["odd"]["counts"]["panels"] == len(re.findall(r'"[a-z-]+"', odd_panels.PLUGIN.split(")")[0]))


def test_one_that_is_missing_is_told_with_what_brings_it(site: Site) -> None:
    said = site.nntui("panels", "show", "gap", check=False).stderr
    assert "the panel 'gap' belongs to the plugin 'extras'" in said and "pip install nntui-extras" in said


# from the command line


def test_a_panel_is_drawn_from_the_command_line(there: Site, run: RunFolder) -> None:
    for words in ("metrics", "gap", "odd/newest", "odd/coloured"):
        assert there.nntui("panels", "draw", words, str(run.path)).stdout.strip()
    there.nntui("panels", "draw", "metrics", "--runs", str(run.path.parent))  # the newest
    assert "nothing to show" in there.nntui("panels", "draw", "odd/none", str(run.path)).stdout


def test_the_width_and_height_that_it_is_drawn_for_can_be_said(there: Site, run: RunFolder) -> None:
    wide = there.nntui("panels", "draw", "metrics", str(run.path), "--width", "30").stdout.splitlines()
    assert max(map(len, wide)) <= 30


@pytest.mark.parametrize(
    ("panel", "said"),
    [
        ("odd/raises", 'raise ValueError("no'),
        ("odd/leaves", "called sys.exit(7) while drawing"),
        ("odd/garbage", "odd/garbage returned int: a Rich renderable, text, or a list of lines was expected"),
        ("odd/absent", "has no 'absent', which 'nntui_odd_code:absent' names"),
        ("odd/newst", "no panel called 'odd/newst'"),
    ],
)
def test_what_is_wrong_with_one_is_told_to_its_author(there: Site, run: RunFolder, panel: str, said: str) -> None:
    done = there.nntui("panels", "draw", panel, str(run.path), check=False)
    assert done.returncode == 2 and said in done.stderr and "\x1b" not in done.stderr


def test_a_strict_author_gets_the_exception_itself(there: Site, run: RunFolder) -> None:
    with pytest.raises(ValueError, match="no"):
        there.nntui("panels", "draw", "odd/raises", str(run.path), NNTUI_STRICT_PLUGINS="1", NNTUI_PLUGINS="odd")


# nntui's own


def test_the_table_of_metrics_has_every_metric_and_marks_the_best() -> None:
    table = lines(metrics.draw(state(*OVERFITTED)), Space(width=80, height=20))
    assert table[0].split() == ["train", "validation"]
    assert table[1].split() == ["epoch", "loss", "accuracy", "loss", "macro", "f1"]
    assert table[2].split() == ["2★", "0.5000", "0.9000★", "0.4000★", "0.9000★"]  # the best first
    assert [line.split()[0].rstrip("★") for line in table[3:]] == ["5", "4", "3", "2", "1"]
    assert table[4].split() == ["4", "4.0e-05★", "nan", "nan", "nan"]


def test_the_table_says_which_columns_have_no_room() -> None:
    for cells in range(1, 60):
        drawing = drawn(metrics.draw(state(*OVERFITTED)), Space(width=cells, height=5))
        assert all(width(line) <= cells for line in drawing)
    table = lines(metrics.draw(state(*OVERFITTED)), Space(width=40, height=5))
    assert table[-1] == "no room for validation macro f1"


def test_the_table_is_ascii_under_the_c_locale_and_empty_before_the_first_evaluation() -> None:
    assert "".join(lines(metrics.draw(state(*OVERFITTED)), Space(width=80, height=20, charset="ascii"))).isascii()
    assert drawn(metrics.draw(RunState()), Space(width=80, height=20)) == []


def test_a_rate_of_error_is_best_where_it_is_lowest() -> None:
    told = fold_all([Evaluated(step=s, epoch=s, split="validation", metrics={"mae": 1 / s}) for s in (1, 2, 3)])
    told.vitals.metric, told.vitals.maximize = "mae", False
    (column,) = metrics.columns_of(told)
    assert (column.best, column.text(2)) == (3, "0.5000")


def test_nntuis_own_panels_import_neither_rich_nor_torch() -> None:
    code = (
        "import sys, nntui.builtin.panels.metrics; print([m for m in ('rich', 'torch', 'textual') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


# nntui-extras'


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (OVERFITTED, "overfits since epoch 2"),
        (OVERFITTED[:2], "no gap"),
        ([evaluation(1, 0.5, 0.6, 0.5), evaluation(2, 0.4, 0.5, 0.5)], "validation loss follows training loss"),
    ],
)
def test_the_gap_is_told_in_a_sentence(there: Site, tmp_path: Path, told: list[Evaluated], said: str) -> None:
    folder = create_run(tmp_path, "quick-otter-7")
    with EventWriter(folder.events) as events:
        for event in told:
            events.append(event)
    drawing = there.nntui("panels", "draw", "gap", str(folder.path), "--height", "5").stdout.splitlines()
    assert said in drawing[0]
    assert len(drawing) <= 5


# the guide's


def test_the_guides_panel_is_drawn_with_rich_and_without(there: Site) -> None:
    code = """
        from nntui.hooks.contributions import Space
        from nntui.hooks.registry import registry, resolve_target
        from nntui.runs.events import LayerPlan, Planned
        from nntui.runs.state import RunState, fold
        from nntui.tui.draw.text import text_of
        from nntui.tui.plugin_panels.drawing import drawn

        draw = resolve_target(registry().load("panel", "share").contribution.build)
        from nntui_guide.share import draw_bars
        state = RunState()
        assert draw(state) is None and draw_bars(state) is None
        layers = [LayerPlan(name="fc1", kind="Linear", out=[8], parameters=75),
                  LayerPlan(name="relu", kind="ReLU", out=[8]),
                  LayerPlan(name="fc2", kind="Linear", out=[2], parameters=25)]
        fold(state, Planned(layers=layers, parameters=100, splits={}, epochs=1, steps_per_epoch=1, metric="loss",
                            maximize=False))
        space = Space(width=61, height=10)
        table = drawn(draw(state), space)
        assert [text_of(line).split() for line in table] == [
            ["layer", "parameters", "share"], ["fc1", "75", "75%"], ["fc2", "25", "25%"]], table
        assert table[1][0][1] == "warning"
        bars = drawn(draw_bars(state), space)
        assert [line[1] for line in bars] == [("█" * 30, "train"), ("█" * 10, "train")], bars
        print("drawn")
    """
    assert there.python(code).stdout == "drawn\n"


def test_the_commands_of_the_guide_work(there: Site, run: RunFolder) -> None:
    commands = re.findall(r"^nntui (panels draw .*?)(?: #.*)?$", SECTION, re.MULTILINE)
    assert commands
    for command in commands:
        there.nntui(*command.split(), "--runs", str(run.path.parent))


def test_the_guide_tells_every_limit_style_and_name() -> None:
    limits = Limits()
    words = " ".join(SECTION.split())
    assert f"imported within {limits.start:g} seconds, drawn the first time within {limits.first:g}" in words
    assert f"after that within {limits.draw:g}" in words
    assert f"{MOST_LINES} lines and {MOST_CHARACTERS:,} characters" in words
    known = {word for word in (*ATTRIBUTES, *MEANINGS) if not re.fullmatch(r"c\d|on", word)}
    assert [word for word in known if f"`{word}`" not in SECTION] == []
    named = set(re.findall(r"`state\.(\w+)`", SECTION))
    assert named and named <= {field.name for field in fields(RunState)}
    assert [field.name for field in fields(Space) if f"`{field.name}`" not in SECTION] == []
