"""The list of runs shows what the folders say, and does to runs what its keys say, asking first."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from made_runs import NOON, app_of, make_run, screen_text, until, write_events
from textual import events

from nntui.cli.main import run as cli
from nntui.runs.checkpoints import write_checkpoint
from nntui.runs.commands import read_commands
from nntui.runs.events import Started
from nntui.runs.folder import RunFolder, list_runs
from nntui.runs.lock import RunLock
from nntui.runs.notes import read_note
from nntui.tui.app import NNTuiApp
from nntui.tui.draw.runs import begun_text, count_text, data_text, epoch_text, lay_out
from nntui.tui.run_actions import asker
from nntui.tui.screens.ask_text import AskText
from nntui.tui.screens.ask_yes_no import AskYesNo
from nntui.tui.screens.runs import RunsScreen
from nntui.tui.widgets.lines import Lines
from nntui.tui.widgets.runs_table import RunsTable


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four runs, quick-otter-7 the newest."""
    runs = tmp_path / "runs"
    make_run(runs, "quick-otter-7", data="fashion-mnist", arch="cnn", begun=NOON + 300, end="", best=0.893)
    make_run(runs, "calm-heron-6", begun=NOON + 200, best=0.982)
    make_run(runs, "odd-lynx-5", data="./pets", arch="cnn", begun=NOON + 100, steps=110, end="failed")
    make_run(runs, "neat-stork-12", arch="rnn", data="hamlet", begun=NOON, end="stopped", steps=100)
    return runs


def table(app: NNTuiApp) -> RunsTable:
    return app.screen.query_one(RunsTable)


def chosen(app: NNTuiApp) -> str:
    row = table(app).chosen
    return row.folder.name if row is not None else ""


async def listed(pilot, count: int = 4) -> None:
    await until(pilot, lambda: len(table(pilot.app).rows) == count)


def runs_screen(app: NNTuiApp) -> RunsScreen:
    screen = app.screen
    assert isinstance(screen, RunsScreen)
    return screen


async def told(pilot, words: str) -> None:
    await until(pilot, lambda: any(words in n.message for n in pilot.app._notifications))


# --- what is shown ---------------------------------------------------------------------------------------------------


async def test_at_80_columns_a_run_is_a_line_with_everything_that_the_sketch_has(root):
    with RunLock(RunFolder(root / "quick-otter-7")):
        app = app_of(root)
        async with app.run_test(size=(80, 24)) as pilot:
            await listed(pilot)
            text = screen_text(pilot).split("\n")
            assert "4 runs" in text[0] and "● 1 live" in text[0]
            assert text[1].split() == ["name", "data", "arch", "status", "epoch", "loss", "best", "curve"]
            assert text[2].startswith("▸  quick-otter-7")
            for word in ("fashion-mnist", "cnn", "● training", "4/4", "0.1713", "acc 88.7%"):
                assert word in text[2], text[2]
            assert "✓ done" in text[3] and "acc 97.5%" in text[3]
            assert "✗ failed" in text[4] and "step 110" in text[4] and "./pets" in text[4]
            assert any("\u2800" < c <= "\u28ff" for c in text[2])  # the curve, in braille
            assert "? help" in text[23] and "n new" in text[23]


async def test_wider_screens_have_room_for_notes_time_and_size(root):
    (root / "calm-heron-6" / "note.txt").write_text("wide, with dropout\nand more")
    app = app_of(root)
    async with app.run_test(size=(130, 40)) as pilot:
        await listed(pilot)
        text = screen_text(pilot).split("\n")
        assert {"time", "params", "begun", "note"} <= set(text[1].split())
        assert "wide, with dropout" in text[3] and "0:20" in text[3] and "9.61k" in text[3] and "2025" in text[3]


@pytest.mark.parametrize("width", range(30, 140, 7))
def test_no_line_is_wider_than_the_screen_and_name_stays(width):
    layout = lay_out([], width)
    assert layout.columns[0][0].key == "name"
    assert 3 + sum(size for _, size in layout.columns) + layout.gap * (len(layout.columns) - 1) <= width


@pytest.mark.parametrize("size", [(20, 5), (30, 8), (50, 12)])
async def test_a_small_terminal_is_told_and_shows_the_figures_that_matter_not_the_note(root, size):
    for name in ("quick-otter-7", "calm-heron-6", "odd-lynx-5"):
        (root / name / "note.txt").write_text("wide, with dropout")
    app = app_of(root)
    async with app.run_test(size=size) as pilot:
        await listed(pilot)
        text = screen_text(pilot)
        assert "too small: 60x16" in text and "wide" not in text and "note" not in text
        row = next(line for line in text.split("\n") if "▸" in line)
        assert "epoch" in text and re.search(r"[✓✗?](?: lost)? *\d+/4", row)
        await until(pilot, lambda: re.search(r"\n[✓✗?][^\n]* \d+/4 loss ", screen_text(pilot)))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "too small" not in screen_text(pilot) and "? help" in screen_text(pilot))


@pytest.mark.parametrize("cells", range(20, 60))
def test_a_run_keeps_its_status_and_its_epoch_however_narrow_the_list_is(cells):
    columns = [column.key for column, _ in lay_out([], cells).columns]
    assert {"name", "status", "epoch"} <= set(columns) and "note" not in columns
    assert "loss" in columns or cells < 28


async def test_texts_from_files_are_drawn_as_text(tmp_path):
    run = make_run(tmp_path, "loud-hen-1", data="/data/[bold]pets\x1b[31m", arch="[red]cnn[/]")
    run.note.write_text("[b]note[/] \x1b[2J")
    app = app_of(tmp_path)
    async with app.run_test(size=(120, 24)) as pilot:
        await listed(pilot, 1)
        text = screen_text(pilot)
        assert "[red]cnn[/]" in text and "[b]note[/] ?[2J" in text and "/data/[bold]pets?[31m" in text
        assert "\x1b" not in text


async def test_a_broken_folder_is_a_row_that_says_what_is_wrong(root):
    (root / "odd-lynx-5" / "run.toml").unlink()
    (root / "odd-lynx-5" / "summary.json").unlink(missing_ok=True)
    later = Started(version=99, nntui="9.9", host="h", boot_id="b", pid=1, time=NOON)
    write_events(RunFolder(root / "calm-heron-6"), [later])
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        text = screen_text(pilot)
        assert "✗ run.toml is missing" in text
        assert "needs nntui 9.9" in text


async def test_under_the_c_locale_all_marks_are_ascii(root):
    app = app_of(root, charset="ascii")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        assert screen_text(pilot).isascii()
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        assert screen_text(pilot).isascii()


def test_figures_fit_their_columns():
    assert [epoch_text(*given) for given in ((3.0, 10), (2.42, 10), (7.5, 100), (0, 0))] == [
        "3/10",
        "2.4/10",
        "7/100",
        "",
    ]
    assert [count_text(n) for n in (0, 999, 9610, 421642, 2.5e9)] == ["", "999", "9.61k", "422k", "2.5G"]
    assert data_text("./pets") == "./pets" and data_text("/a/long/way/to/some/pictures") == "…/pictures"
    assert begun_text(NOON, now=NOON + 60) == "12:00" and begun_text(NOON, now=NOON + 86400) == "14 Mar"


# --- moving, finding, marking ----------------------------------------------------------------------------------------


async def test_the_cursor_moves_by_keys_and_mouse(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        names = [row.folder.name for row in table(app).rows]
        seen = [chosen(app)]
        for key in ("down", "j", "up", "k", "G", "g", "end", "home", "pagedown", "pageup"):
            await pilot.press(key)
            seen.append(chosen(app))
        assert [names.index(name) for name in seen] == [0, 1, 2, 1, 0, 3, 0, 3, 0, 3, 0]
        await pilot.click(RunsTable, offset=(10, 3))
        assert chosen(app) == names[2]


async def test_only_rows_that_are_seen_are_drawn_and_the_cursor_stays_in_sight(tmp_path):
    for i in range(60):
        make_run(tmp_path, f"run-{i:02}", begun=NOON - i, steps=10)
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, 60)
        assert len(table(app).shown) == 21
        await pilot.press("G")
        assert chosen(app) == "run-59" and "run-59" in screen_text(pilot) and "run-00" not in screen_text(pilot)
        await pilot.resize_terminal(80, 12)
        await until(pilot, lambda: "▸  run-59" in screen_text(pilot))


async def test_the_cursor_stays_on_its_run_while_the_list_changes(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("down")
        assert chosen(app) == "calm-heron-6"
        make_run(root, "new-hare-1", begun=NOON + 900)
        runs_screen(app).look_again()
        await listed(pilot, 5)
        assert chosen(app) == "calm-heron-6"
        shutil.rmtree(root / "quick-otter-7")
        runs_screen(app).look_again()
        await listed(pilot, 4)
        assert chosen(app) == "calm-heron-6"


async def test_find_narrows_as_one_types_and_escape_shows_all_again(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("slash", *"cnn")
        assert [row.folder.name for row in table(app).rows] == ["quick-otter-7", "odd-lynx-5"]
        assert "2 of 4 runs" in screen_text(pilot)
        await pilot.press("space", *"fail")
        assert chosen(app) == "odd-lynx-5"
        await pilot.press("enter")
        assert app.focused is table(app) and len(table(app).rows) == 1
        await pilot.press("escape")
        assert len(table(app).rows) == 4 and chosen(app) == "odd-lynx-5"
        await pilot.press("slash", *"nothing")
        assert "no run has these words" in screen_text(pilot)


async def test_letters_are_typed_and_do_nothing_else_while_looking_for_runs(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("slash", *"DSnqmR")
        assert runs_screen(app) and len(list_runs(root)) == 4 and not table(app).marks


async def test_marked_runs_are_compared_in_the_order_of_their_marks(root, monkeypatch):
    app = app_of(root)
    compared: list[list[str]] = []
    monkeypatch.setattr(app, "compare", lambda folders: compared.append([folder.name for folder in folders]))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await listed(pilot)
        await pilot.press("o")
        await told(pilot, "m marks runs")
        await pilot.press("G", "m", "g", "m", "m", "up", "m")
        assert "◆ 2 marked" in screen_text(pilot)
        await pilot.press("o")
        assert compared == [["neat-stork-12", "quick-otter-7"]]


async def test_enter_and_a_double_click_open_a_run(root, monkeypatch):
    app = app_of(root)
    opened: list[str] = []
    monkeypatch.setattr(app, "open_run", lambda folder: opened.append(folder.name))
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("enter")
        await pilot.click(RunsTable, offset=(10, 2), times=2)
        assert opened == ["quick-otter-7", "calm-heron-6"]


# --- what is done to runs --------------------------------------------------------------------------------------------


async def test_delete_asks_with_the_size_and_only_y_deletes(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("down", "D")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        assert "Delete calm-heron-6?" in screen_text(pilot) and " kB in " in screen_text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        assert (root / "calm-heron-6").exists()
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("y")
        await until(pilot, lambda: not (root / "calm-heron-6").exists())
        await listed(pilot, 3)
        assert chosen(app) == "odd-lynx-5"


async def test_a_live_run_is_neither_deleted_nor_renamed(root):
    with RunLock(RunFolder(root / "quick-otter-7")):
        app = app_of(root)
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await listed(pilot)
            await pilot.press("D")
            await told(pilot, "quick-otter-7 is live: it is not deleted")
            await pilot.press("r")
            await told(pilot, "it keeps its name")
            assert isinstance(app.screen, RunsScreen) and (root / "quick-otter-7").exists()


async def test_stop_asks_a_live_run_and_tells_of_one_that_is_none(root):
    folder = RunFolder(root / "quick-otter-7")
    with RunLock(folder):
        app = app_of(root)
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await listed(pilot)
            await pilot.press("S")
            await until(pilot, lambda: isinstance(app.screen, AskYesNo))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, RunsScreen))
            assert not folder.commands.exists()
            await pilot.press("S")
            await until(pilot, lambda: isinstance(app.screen, AskYesNo))
            await pilot.press("y")
            await until(pilot, lambda: folder.commands.exists())
            assert [(command.kind, command.by) for command in read_commands(folder.commands)] == [("stop", asker())]
            await pilot.press("down", "S")
            await told(pilot, "calm-heron-6 has ended (done): nothing would be done")


async def test_a_run_that_ends_while_the_question_is_open_is_not_asked_to_stop(root):
    folder = RunFolder(root / "quick-otter-7")
    app = app_of(root)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        with RunLock(folder):
            await listed(pilot)
            await pilot.press("S")
            await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("y")
        await told(pilot, "quick-otter-7 is not live (lost)")
        assert not folder.commands.exists()


async def test_a_question_is_asked_once_however_often_its_key_is_pressed(root):
    folder = RunFolder(root / "quick-otter-7")
    with RunLock(folder):
        app = app_of(root)
        async with app.run_test(size=(80, 24)) as pilot:
            await listed(pilot)
            for _ in range(3):
                app.post_message(events.Key("t", "t"))
            await until(pilot, lambda: isinstance(app.screen, AskText))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, RunsScreen))
            await pilot.press("t")  # another time it is asked again
            await until(pilot, lambda: isinstance(app.screen, AskText))


async def test_the_same_note_is_shown_once_and_few_at_a_time(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await listed(pilot)
        for word in ("first", "second", "second", "third", "fourth", "second"):
            app.warn(word)
            await until(pilot, lambda word=word: word in screen_text(pilot))
        text = screen_text(pilot)
        assert [text.count(word) for word in ("first", "second", "third", "fourth")] == [0, 1, 1, 1]


async def test_notes_are_drawn_with_the_characters_of_the_terminal(root):
    app = app_of(root, charset="ascii")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await listed(pilot)
        app.warn("a warning")
        app.tell("a note")
        await until(pilot, lambda: "a note" in screen_text(pilot))
        assert screen_text(pilot).isascii()


async def test_rename_moves_the_folder_and_the_cursor_with_it(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("down", "m", "up", "r")
        await until(pilot, lambda: "Rename calm-heron-6" in screen_text(pilot))
        await pilot.press(*"odd-lynx-5", "enter")
        assert "there is a run named odd-lynx-5" in screen_text(pilot)
        await pilot.press("ctrl+u", *"a b", "enter")
        assert "cannot be a run's name" in screen_text(pilot)
        await pilot.press("ctrl+u", *"zen-1", "enter")
        await until(pilot, lambda: chosen(app) == "zen-1")
        assert (root / "zen-1" / "events.jsonl").exists() and not (root / "calm-heron-6").exists()
        assert list(table(app).marks) == [root / "zen-1"]


async def test_a_note_is_kept_in_the_run(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("t")
        await until(pilot, lambda: "Note on quick-otter-7" in screen_text(pilot))
        await pilot.press(*"try [b]", "enter")
        await until(pilot, lambda: read_note(RunFolder(root / "quick-otter-7")) == "try [b]")
        await until(pilot, lambda: '"try [b]"' in screen_text(pilot))


async def test_what_ended_is_told_how_to_go_on(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await listed(pilot)
        await pilot.press("down", "R")
        await told(pilot, "calm-heron-6 is done")
        await pilot.press("f")
        await told(pilot, "has no checkpoint to fork from\nN makes a new run like it")


class Server:
    """Stands for the fork server's client."""

    def __init__(self) -> None:
        self.trained: list[str] = []

    async def train(self, folder: RunFolder, *, after: str = "") -> int:
        self.trained.append(folder.name)
        return 1

    async def close(self) -> None: ...


async def test_the_question_of_a_fork_says_the_command_that_makes_it_with_other_changes(root, monkeypatch):
    """A person who wants another learning rate too types what the question says, and has that fork."""
    monkeypatch.setenv("NNTUI_RUNS", str(root))
    forked: list[RunFolder] = []
    monkeypatch.setattr("nntui.cli.train.start", lambda folder, spec, how: forked.append(folder) or 0)
    facts = {"epochs": 4, "base_epoch": 0, "base_step": 0, "steps_per_epoch": 50}
    checkpoint = {"training_state.json": json.dumps(facts).encode()}
    write_checkpoint(RunFolder(root / "calm-heron-6"), 100, checkpoint)
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("down", "f")
        await until(pilot, lambda: "last, step 100" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "epochs in all" in screen_text(pilot))
        inside = [line.split("│")[1].strip() for line in screen_text(pilot).splitlines() if line.count("│") >= 2]
    words = " ".join(inside)
    command = re.search(r"in a shell: nntui (fork calm-heron-6 --at 100 --lr 1e-4)", words)
    assert command is not None, words
    assert await asyncio.to_thread(cli, command[1].split()) == 0
    told = tomllib.loads(forked[0].run_toml.read_text())
    assert (told["origin"]["step"], told["optimizer"]["lr"]) == (100, 1e-4)


async def test_a_fork_is_of_the_checkpoint_that_was_chosen_though_the_run_goes_on(root):
    folder = RunFolder(root / "calm-heron-6")

    def checkpoint(step: int) -> None:
        facts = {"epochs": 4, "base_epoch": 0, "base_step": 0, "steps_per_epoch": 50}
        write_checkpoint(folder, step, {"training_state.json": json.dumps(facts).encode()})

    checkpoint(100)
    app = app_of(root)
    app._server = Server()  # type: ignore[assignment]  # no engine is needed to see what is forked
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("down", "f")
        await until(pilot, lambda: "last, step 100" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "epochs in all" in screen_text(pilot))
        checkpoint(200)
        await pilot.press("enter")
        await until(pilot, lambda: app._server.trained)
        (child,) = app._server.trained
        origin = tomllib.loads((root / child / "run.toml").read_text())["origin"]
        assert (origin["step"], origin["at"]) == (100, "100")


async def test_resume_starts_the_engine_and_copy_writes_the_path(root, monkeypatch):
    app = app_of(root)
    app._server = Server()  # type: ignore[assignment]  # no engine is needed to see that it is asked
    trained = app._server.trained
    copied: list[str] = []
    monkeypatch.setattr(app, "copy", lambda text, what: copied.append(text))
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("G", "R")
        await until(pilot, lambda: trained == ["neat-stork-12"])
        await pilot.press("y")
        assert copied == [str(root / "neat-stork-12")]


async def test_a_run_is_a_template_without_what_was_chosen_for_it(root, monkeypatch):
    run = root / "calm-heron-6" / "run.toml"
    run.write_text(run.read_text() + "[resolved]\nthreads = 1\n[environment]\nnntui = '0'\n")
    app = app_of(root)
    templates = []
    monkeypatch.setattr(app, "new_run", lambda template=None: templates.append(template))
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("down", "N", "n")
        assert set(templates[0].tree) == {"version", "data", "arch", "optimizer"} and templates[1] is None


async def test_a_run_deleted_meanwhile_vanishes_and_is_told_when_opened(root):
    app = app_of(root)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await listed(pilot)
        shutil.rmtree(root / "quick-otter-7")
        await pilot.press("enter")
        await told(pilot, "quick-otter-7 is gone")
        await listed(pilot, 3)


# --- manners ---------------------------------------------------------------------------------------------------------


async def test_nothing_is_drawn_when_nothing_changed(root, monkeypatch):
    app = app_of(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.pause()
        drawn: list[object] = []
        monkeypatch.setattr(Lines, "show", lambda self, lines: drawn.append(lines))
        read: list[object] = []
        take = runs_screen(app)._take
        monkeypatch.setattr(runs_screen(app), "_take", lambda *rows: (read.append(rows), take(*rows)))
        runs_screen(app).look_again()
        await until(pilot, lambda: read)
        assert not drawn


async def test_remapped_keys_work_and_are_shown(root, monkeypatch):
    app = app_of(root, keys={"runs.new": "f2"})
    made: list[object] = []
    monkeypatch.setattr(app, "new_run", lambda template=None: made.append(template))
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        assert "f2 new" in screen_text(pilot)
        await pilot.press("n")
        assert not made
        await pilot.press("f2")
        assert made == [None]


async def test_a_click_on_a_key_does_what_the_key_does(root, monkeypatch):
    app = app_of(root)
    made: list[object] = []
    monkeypatch.setattr(app, "new_run", lambda template=None: made.append(template))
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.click("Keys", offset=(3, 0))
        assert made == [None]
