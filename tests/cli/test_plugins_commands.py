"""The command line's top, and the commands that list what there is."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import unicodedata
from collections.abc import Callable

import pytest
from distributions import Site
from hypothesis import given
from hypothesis import strategies as st

from nntui.cli.main import COMMANDS
from nntui.cli.output import clean

HOSTILE = r"""
import nntui

class P(nntui.Params):
    a: float = nntui.param(1.5, ge=0, lt=2, unit="s", help="\x1b]0;title\x07Set [bold]me[/bold]")
    word: "nntui.hooks.params.Literal['x', 'y'] | None" = nntui.param(None, help="A word")
    sizes: tuple[int, ...] = nntui.param((1, 2), help="Sizes")
    must: int = nntui.param(help="Needed")

@nntui.hookimpl
def register_architectures():
    yield nntui.Architecture(
        name="hostile", summary="\x1b[31mred\x1b[0m \x9b2J[red]tags[/red]\x07 \u202egnp", inputs={"image", "tokens"},
        refuses={"features": "no \x1b[1mcolumns\x1b[0m"}, params=P, build="m:f", defaults={"training.epochs": 3},
    )
"""


@pytest.fixture(scope="module")
def hostile(new_site: Callable[[], Site]) -> Site:
    site = new_site()
    site.add("hostile", HOSTILE.replace('"nntui.hooks.params.Literal', "__import__('typing').Literal").replace(
        "None\" =", "None ="))  # fmt: skip
    return site


def _controls(text: str) -> set[str]:
    return {c for c in text if unicodedata.category(c) == "Cc" and c != "\n"} | (set(text) & set("\u202e\u2066"))


def test_help_lists_every_command_and_is_what_nntui_alone_prints(site: Site) -> None:
    done = site.nntui("--help")
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert set(COMMANDS) <= set(listed)
    assert site.nntui().stdout == done.stdout


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_there_and_has_help(site: Site, name: str) -> None:
    done = site.nntui(name, "--help")
    assert f"nntui {name}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trian"], "did you mean train?"),
        (["zzz"], "nntui --help lists the commands"),
        (["--nosuch"], "--nosuch"),
        (["plugins", "--jsn"], "nntui plugins --help"),
        (["plugins", "shwo"], "shwo"),
        (["architectures", "show"], "NAME"),
        (["architectures", "show", "cn"], "did you mean cnn"),
        (["schedules", "show", "nobody/cosine"], "no plugin called 'nobody'"),
    ],
)
def test_a_mistake_is_an_error_with_advice_and_exit_code_2(site: Site, arguments: list[str], said: str) -> None:
    done = site.nntui(*arguments, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and said in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_the_text_of_a_plugin_is_printed_as_text(hostile: Site) -> None:
    for arguments in (["architectures"], ["architectures", "show", "hostile"]):
        done = hostile.nntui(*arguments)
        assert _controls(done.stdout) == set()
        assert "title" not in done.stdout
    assert "red" in done.stdout and "[red]tags[/red]" in done.stdout  # no markup either


def test_json_of_a_plugins_text_is_ascii(hostile: Site) -> None:
    out = hostile.nntui("architectures", "--json").stdout
    assert out.isascii() and _controls(out) == set()


def test_show_tells_settings_bounds_and_usage(hostile: Site) -> None:
    lines = hostile.nntui("architectures", "show", "hostile").stdout.splitlines()
    text = "\n".join(" ".join(line.split()) for line in lines)
    assert "hostile/hostile, from nntui-hostile 1.0" in text
    assert "takes image, tokens" in text
    assert "refuses features: no columns" in text
    assert "suggests training.epochs = 3" in text
    assert "a float >= 0, < 2 1.5 s Set [bold]me[/bold]" in text
    assert "word x | y or none none A word" in text
    assert "sizes list of int 1,2 Sizes" in text
    assert "must int required Needed" in text
    assert lines[-1] == "nntui train --arch hostile/hostile --arch.a 1.5"


@pytest.mark.parametrize(
    "plural", ["architectures", "activations", "datasets", "devices", "optimizers", "schedules", "exporters", "panels"]
)
def test_every_built_in_can_be_shown(site: Site, plural: str) -> None:
    entries = site.json(plural)
    assert entries and all(entry["plugin"] == "builtin" for entry in entries)
    for entry in entries:
        shown = site.nntui(plural, "show", entry["name"]).stdout
        assert shown.startswith(f"{entry['name']}: {entry['summary']}\n")
        assert all(field["help"] for field in entry["fields"]), f"{entry['name']} has a setting without help"


def _in_a_terminal(site: Site, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command whose standard output is a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "nntui", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=site.environment(COLUMNS="80", TERM="xterm-256color"),
    )
    os.close(theirs)
    out = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # Linux says so of a terminal whose other side is closed
            break
        if not chunk:
            break
        out += chunk
    os.close(ours)
    return process.wait(), out.decode()


def test_a_terminal_gets_a_table_that_fits(hostile: Site) -> None:
    code, out = _in_a_terminal(hostile, "architectures")
    assert code == 0
    assert "\x1b[1m" in out  # a heading in bold, and nothing of what the plugin wanted
    assert "\x1b[31m" not in out and "\u202e" not in out and "[red]tags[/red]" in out.replace("\r\n", "")
    import re

    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert max(len(line) for line in plain.splitlines()) <= 80


def test_a_reader_that_has_had_enough_is_quiet(site: Site) -> None:
    command = f"{sys.executable} -m nntui datasets --json | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=site.environment(), capture_output=True, text=True, check=False)
    assert done.stdout == "[\n" and done.stderr == ""
    assert done.returncode in (0, 141)  # 0 where all of it fitted into the pipe


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_an_output_that_cannot_be_written_is_an_error(site: Site) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "nntui", "--help"],
            env=site.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write to standard output: No space left")
    assert "Traceback" not in done.stderr


def test_windows_is_told_of_wsl(site: Site) -> None:
    code = "import sys; sys.platform = 'win32'; from nntui.__main__ import main; main()"
    done = site.python(code, check=False)
    assert done.returncode == 2 and "WSL" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_probing_devices_imports_torch_elsewhere(site: Site) -> None:
    site.add("odd", ODD_DEVICES)
    code = """
        import sys
        from nntui.cli.main import run
        assert run(["devices", "--probe"]) == 0
        assert "torch" not in sys.modules
    """
    lines = [" ".join(line.split()) for line in site.python(code).stdout.splitlines()]
    assert any(line.startswith("cpu cpu ") for line in lines)
    assert "odd/broken - could not be probed: raised RuntimeError: no driver while probing" in lines
    assert "odd/absent - not present" in lines


ODD_DEVICES = """
    import nntui

    def broken():
        raise RuntimeError("no driver")

    @nntui.hookimpl
    def register_devices():
        yield nntui.Device(name="broken", summary="Raises", probe=broken, build="m:f")
        yield nntui.Device(name="absent", summary="Is not there", probe=list, build="m:f")
"""


@given(st.text())
def test_cleaned_text_has_no_control_characters(text: str) -> None:
    assert _controls(clean(text)) == set() and "\n" not in clean(text)
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mred\x1b[0m",
        "\x9b31mred",
        "\x1b]0;title\x07red",
        "\x1b]8;;http://x\x1b\\red",
        "\x1bPq\x1b\\red",
        "r\x00ed",
    ],
)
def test_escape_sequences_leave_whole(text: str) -> None:
    assert clean(text) == "red"
