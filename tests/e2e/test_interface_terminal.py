"""The interface and its terminal: left as it was found, and left alone when it has gone. In a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from interface_runs import run_in
from processes import wait_for
from small_runs import settings, train
from terminal import MARKER, NNTUI, Terminal, descendants, nothing_left

from nntui.tui.palette import DARK, LIGHT

RUN = "quick-otter-7"


@pytest.fixture(scope="module")
def place(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that has ended, in ./runs."""
    folder = tmp_path_factory.mktemp("place")
    train(run_in(folder / "runs", RUN, **settings(epochs=2)))
    return folder


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[str]:
    """What is started with it in its environment has ended when the test has."""
    with nothing_left(str(tmp_path)):
        yield str(tmp_path)


def opened(place: Path, marker: str, *arguments: str, **more: str | None) -> Terminal:
    return Terminal([*NNTUI, *arguments], cwd=place, environment={MARKER: marker, **more})


def test_leaving_gives_the_terminal_back_as_it_was(place: Path, marker: str) -> None:
    with Terminal(["sh", "-c", f"echo before; {' '.join(NNTUI)}; echo left with $?"], cwd=place) as terminal:
        terminal.wait_for(lambda text: RUN in text and "before" not in text)
        assert terminal.full_screen and not terminal.echoes()
        terminal.send("q")
        terminal.wait_for("left with 0")
        assert terminal.lines[0] == "before"
        assert not terminal.full_screen and terminal.echoes()
        for mode in (b"?1000", b"?1003", b"?1006", b"?2004", b"?1004"):  # mouse, pasting, focus
            assert terminal.raw.rindex(b"\x1b[" + mode + b"l") > terminal.raw.rindex(b"\x1b[" + mode + b"h")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_asks_to_end_gives_it_back_too(number: signal.Signals, place: Path, marker: str) -> None:
    with opened(place, marker) as terminal:
        terminal.wait_for(RUN)
        terminal.kill(number)
        assert terminal.wait_end() == 128 + number
        assert not terminal.full_screen and terminal.echoes()


def test_a_hang_up_ends_it(place: Path, marker: str) -> None:
    with opened(place, marker) as terminal:
        terminal.wait_for(RUN)
        terminal.hang_up()
        assert terminal.wait_end(10) in (-signal.SIGHUP, 128 + signal.SIGHUP)


def test_a_terminal_that_goes_without_a_signal_ends_it(place: Path, marker: str) -> None:
    """As under nohup, or where it is not the leader of its session: input ends, and nothing else is told."""
    ignoring = f"trap '' HUP; {' '.join(NNTUI)}; :"
    with Terminal(["sh", "-c", ignoring], cwd=place, environment={MARKER: marker}) as terminal:
        terminal.wait_for(RUN)
        (interface,) = [p for p in descendants(marker) if p.pid != terminal.process.pid]
        terminal.hang_up()
        _, alive = psutil.wait_procs([interface], timeout=10)
        assert not alive


def test_a_terminal_that_is_not_read_holds_up_nobody_who_hangs_up(place: Path, marker: str) -> None:
    with opened(place, marker) as terminal:
        terminal.wait_for(RUN)
        terminal.stop_reading()
        for size in range(40, 80):  # each draws the whole screen: far more than a terminal holds unread
            terminal.resize(size + 40, size)
            terminal.send("down", "up")
        terminal.hang_up()
        assert terminal.wait_end(10) in (-signal.SIGHUP, 128 + signal.SIGHUP)


def test_a_reader_that_stops_and_goes_on_sees_the_screen_as_it_is(place: Path, marker: str) -> None:
    with opened(place, marker) as terminal:
        terminal.wait_for(RUN)
        terminal.stop_reading()
        for size in (*range(40, 60), 24):
            terminal.resize(size + 60, size)
        terminal.go_on_reading()
        terminal.wait_at_rest(lambda _: RUN in "".join(terminal.lines[:4]) and "? help" in terminal.lines[-1])
        terminal.send("?")
        terminal.wait_for("What is what")
        terminal.send("escape")
        terminal.wait_for(lambda text: "What is what" not in text)
        terminal.send("q")
        assert terminal.wait_end() == 0


def test_ctrl_z_goes_back_to_the_shell_and_fg_comes_back(place: Path, marker: str) -> None:
    with opened(place, marker) as terminal:
        terminal.wait_for(RUN)
        process = psutil.Process(terminal.process.pid)
        terminal.send("ctrl+z")
        wait_for(lambda: process.status() == psutil.STATUS_STOPPED, 10)
        terminal.wait_for(lambda _: not terminal.full_screen)
        assert terminal.echoes()
        process.send_signal(signal.SIGCONT)
        terminal.wait_for(lambda text: terminal.full_screen and RUN in text)
        terminal.send("q")
        assert terminal.wait_end() == 0


def test_any_size_will_do_and_changing_it_draws_anew(place: Path, marker: str) -> None:
    with opened(place, marker) as terminal:
        terminal.wait_for(RUN)
        for columns, rows in ((120, 40), (200, 60), (40, 10), (20, 5), (80, 24)):
            terminal.resize(columns, rows)
            terminal.wait_quiet(0.2)
            assert terminal.process.poll() is None
        terminal.wait_for(lambda text: RUN in text and "? help" in text)
        terminal.send("q")
        assert terminal.wait_end() == 0
        assert "Traceback" not in terminal.raw.decode(errors="replace")


def test_in_the_c_locale_everything_is_ascii(place: Path, marker: str) -> None:
    with opened(place, marker, LANG="C", LC_ALL="C") as terminal:
        terminal.wait_for(RUN)
        terminal.wait_quiet(0.2)
        assert terminal.text.isascii(), terminal.text
        opens_the_run(terminal)
        assert terminal.text.isascii(), terminal.text


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "xterm-256color")])
def test_no_color_is_honoured(variable: str, value: str, place: Path, marker: str) -> None:
    with opened(place, marker, **{variable: value}) as terminal:
        terminal.wait_for(RUN)
        terminal.wait_quiet(0.2)
        hues = {colour for colour in terminal.colours() if colour != "default" and not _grey(colour)}
        assert bool(hues) is (variable != "NO_COLOR"), hues
        opens_the_run(terminal)
        hues = {colour for colour in terminal.colours() if colour != "default" and not _grey(colour)}
        assert bool(hues) is (variable != "NO_COLOR"), hues
        assert " ○ " in terminal.lines[1] and "○" in "".join(terminal.lines[2:10]), "validation by its mark"


@pytest.mark.parametrize("more", [{}, {"TERM": "linux"}, {"COLORTERM": "truecolor"}], ids=["256", "16", "truecolor"])
def test_without_colours_none_is_sent_and_what_is_chosen_is_seen(
    more: dict[str, str], place: Path, marker: str
) -> None:
    with opened(place, marker, NO_COLOR="1", **more) as terminal:
        terminal.wait_for(RUN)
        terminal.wait_quiet(0.2)
        assert reversed_text(terminal).startswith("▸") and RUN in reversed_text(terminal), "the run that is chosen"
        opens_the_run(terminal)
        terminal.send("tab", "tab")
        terminal.wait_for(lambda _: "1 Layers" in reversed_text(terminal))
        for key, says in (("?", "What is what"), ("escape", "1 Layers"), (":", "what to do"), ("escape", "1 Layers")):
            terminal.send(key)
            terminal.wait_for(says)
            terminal.wait_quiet(0.2)
        terminal.send("q", "D")
        terminal.wait_for("There is no way back")
        terminal.wait_for(lambda _: "n keep" in reversed_text(terminal))
        terminal.send("n", "r")
        terminal.wait_for("Rename")
        terminal.wait_for(lambda _: reversed_text(terminal).strip().endswith(RUN))
        terminal.send("escape")
        terminal.wait_for(lambda text: "Rename" not in text)
        terminal.send("n")
        terminal.wait_for("$ nntui train")
        terminal.wait_for(lambda _: "▸ data" in reversed_text(terminal))
        terminal.send("enter")
        terminal.wait_for("type to search")
        terminal.wait_quiet(0.2)
        codes = {code for found in re.findall(rb"\x1b\[([0-9;:]*)m", terminal.raw) for code in found.split(b";")}
    assert codes <= {b"", b"0", b"1", b"2", b"4", b"7"}, "bold, dim, underlined and reversed, and no colour"


def reversed_text(terminal: Terminal) -> str:
    """What stands in reversed cells, from the top."""
    rows = (terminal.screen.buffer[y] for y in range(terminal.screen.lines))
    return " ".join(
        found
        for row in rows
        if (found := "".join(row[x].data for x in range(terminal.screen.columns) if row[x].reverse))
    )


@pytest.mark.parametrize("term", ["xterm", "linux", "vt100", "screen", "tmux"])
def test_a_terminal_of_sixteen_colours_is_given_its_own(term: str, place: Path, marker: str) -> None:
    with opened(place, marker, TERM=term) as terminal:
        terminal.wait_for(RUN)
        terminal.wait_quiet(0.2)
        assert all(not any(c in colour for c in "0123456789") for colour in terminal.colours()), terminal.colours()
        opens_the_run(terminal)
        assert all(not any(c in colour for c in "0123456789") for colour in terminal.colours()), terminal.colours()
        assert {"brown", "cyan"} <= terminal.colours()  # train and validation


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(
    "environment",
    [{"COLORTERM": "truecolor"}, {"TERM": "screen", "COLORTERM": "truecolor"}, {}, {"TERM": "tmux-256color"}],
    ids=["truecolor", "screen-truecolor", "256", "tmux-256color"],
)
def test_a_theme_is_drawn_in_as_many_colours_as_the_terminal_has(
    environment: dict[str, str], theme: str, place: Path, marker: str, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text(f'theme = "{theme}"\n')
    with opened(place, marker, "attach", RUN, NNTUI_CONFIG=str(tmp_path), **environment) as terminal:
        waits_for_the_run(terminal)
        of_24_bits, of_256 = (len(re.findall(rb"[34]8;%d;" % depth, terminal.raw)) for depth in (2, 5))
        true = "COLORTERM" in environment
        assert (of_24_bits > 100, of_256 > 100) == (true, not true)
        assert 0 in (of_24_bits, of_256)
        drawn = {"dark": DARK, "light": LIGHT}[theme]
        exact = ("train", "muted", "validation", "best", "axis", "good") if true else ("train", "muted")
        wanted = {drawn.variables[f"nn-{meaning}"].removeprefix("#") for meaning in exact}
        assert wanted <= terminal.colours()
        cells = Counter(cell.bg for row in terminal.screen.buffer.values() for cell in row.values())
        assert [colour for colour, _ in cells.most_common(1)] == [str(drawn.background).removeprefix("#")]
        assert terminal.screen.wrapped == 0, "a line is longer than the screen"


def opens_the_run(terminal: Terminal) -> None:
    """From the list of runs."""
    terminal.send("enter")
    waits_for_the_run(terminal)


def waits_for_the_run(terminal: Terminal) -> None:
    """Until all of a run that is done is on the screen."""
    terminal.wait_for(lambda text: RUN in text and "1 Linear" in text and "? help" in terminal.lines[-1])
    terminal.wait_quiet(0.2)
    lines = terminal.lines
    assert " done 2/2 " in lines[0]
    assert (
        lines[1].startswith("loss  ")
        and " val " in lines[1]
        and re.search(r" acc  (?:train )?[+] [\d.]+ +val", lines[1])
    )
    assert any(line.startswith("done in 0:0") and "test: accuracy" in line for line in lines)
    assert "q leave" in lines[-1]


def _grey(colour: str) -> bool:
    if len(colour) == 6:
        return len({colour[:2], colour[2:4], colour[4:]}) == 1
    return colour in ("black", "white", "brightblack", "brightwhite")


def test_it_never_loads_torch(place: Path, marker: str) -> None:
    with opened(place, marker) as terminal:
        terminal.wait_for(RUN)
        terminal.send("enter")
        terminal.wait_quiet()
        maps = Path(f"/proc/{terminal.process.pid}/maps")
        if not maps.exists():
            pytest.skip("no /proc here")
        assert "libtorch" not in maps.read_text()


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": None}, {"NNTUI_NO_UI": "1"}, {"CI": "true"}])
def test_where_none_can_be_drawn_attach_prints_lines(
    environment: dict[str, str | None], place: Path, marker: str
) -> None:
    with opened(place, marker, "attach", RUN, **environment) as terminal:
        assert terminal.wait_end() == 0
        assert f"{RUN} is done" in terminal.text
        assert b"?1049h" not in terminal.raw


def test_attach_plain_prints_lines_in_a_terminal_too(place: Path, marker: str) -> None:
    with opened(place, marker, "attach", "--plain") as terminal:
        assert terminal.wait_end() == 0
        assert f"{RUN} is done" in terminal.text
        assert b"?1049h" not in terminal.raw and b"\a" not in terminal.raw


def test_faults_in_the_settings_are_shown_and_stop_nothing(place: Path, marker: str, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('theme = "drak"\n[keys]\n"run.pauze" = "p"\n')
    with opened(place, marker, NNTUI_CONFIG=str(tmp_path)) as terminal:
        terminal.wait_for(lambda text: RUN in text and "line 1" in text and "run.pause" in text)
        terminal.send("q")
        assert terminal.wait_end() == 0


def test_keys_that_collide_are_told_when_the_interface_opens(place: Path, marker: str, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[keys]\n"runs.new" = "f"\n')
    with opened(place, marker, NNTUI_CONFIG=str(tmp_path)) as terminal:
        terminal.wait_for(lambda text: RUN in text and "runs.fork's" in text)
        terminal.send("q")
        assert terminal.wait_end() == 0


def test_keys_of_ones_own(place: Path, marker: str, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[keys]\n"app.leave" = "Q"\n')
    with opened(place, marker, NNTUI_CONFIG=str(tmp_path)) as terminal:
        terminal.wait_for(RUN)
        terminal.send("q")
        terminal.wait_quiet(0.2)
        assert terminal.process.poll() is None
        terminal.send("Q")
        assert terminal.wait_end() == 0


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")
def test_inside_tmux_with_its_default_settings(place: Path, marker: str, tmp_path: Path) -> None:
    socket = str(tmp_path / "tmux")
    argv = ["tmux", "-S", socket, "-f", os.devnull, "new-session", " ".join([*NNTUI, "attach", RUN])]
    try:
        with Terminal(argv, cwd=place, environment={MARKER: marker}) as terminal:
            terminal.wait_for(lambda text: RUN in text and "? help" in text)
            terminal.resize(100, 30)
            terminal.wait_for(lambda text: RUN in text and "? help" in text)
            assert "Traceback" not in terminal.text
            terminal.send("q")
            terminal.wait_for("[exited]")
    finally:
        subprocess.run(["tmux", "-S", socket, "kill-server"], capture_output=True, check=False)
