"""`nntui spec` and `--help` of a command that takes a spec, in a process of their own, with the real built-ins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_registry import FakeRegistry

from nntui.cli.spec import command


def nntui(*words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nntui", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if code else done.stdout


def test_the_spec_that_is_printed_is_the_spec_that_is_read(tmp_path: Path) -> None:
    text = nntui("spec", "--arch", "cnn", "--arch.channels", "8,16", "--seed", "7")
    tree = tomllib.loads(text)
    assert tree["arch"]["channels"] == [8, 16]
    assert tree["training"]["seed"] == 7
    file = tmp_path / "my.toml"
    file.write_text(text)
    assert nntui("spec", str(file)) == text
    assert nntui("spec", str(file), "--command").split("--")[1:] == ["arch cnn ", "arch.channels 8,16 ", "seed 7\n"]
    whole = json.loads(nntui("spec", str(file), "--json"))
    assert {table: whole[table].keys() for table in tree if table != "version"} == {
        table: tree[table].keys() for table in tree if table != "version"
    }


def test_every_fault_is_told_and_the_exit_code_is_2() -> None:
    told = nntui(
        "spec", "--arch", "cnnn", "--lr", "-1", "--bacth-size", "3", "--device.thread", "1", "--data", "./no", code=2
    )
    assert told.startswith("error: 5 things are wrong:\n--arch: no architecture called 'cnnn'\n")
    assert "\n--bacth-size: is no flag\n" in told
    assert "Did you mean cnn" in told
    told = nntui("spec", "absent.toml", code=2)
    assert told == "error: there is no spec file absent.toml\n  nntui spec > spec.toml writes one.\n"
    assert "choose one" in nntui("spec", "--json", "--schema", code=2)


def test_help_and_specs_import_no_torch() -> None:
    code = """
import sys
from nntui.cli.main import run
assert run(sys.argv[1:]) == 0
print("HEAVY", sorted(name for name in ("torch", "torchvision", "textual", "polars") if name in sys.modules))
"""
    for words in (["spec"], ["spec", "--schema"], ["train", "--help"], ["train", "--arch", "cnn", "--help"]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)
        assert done.stdout.endswith("HEAVY []\n"), (words, done.stderr)


def test_help_shows_the_flags_of_what_is_chosen() -> None:
    cnn = nntui("train", "--arch", "cnn", "--help")
    assert "--arch.channels" in cnn
    assert "--lr, --optimizer.lr NUMBER" in cnn
    assert "--epochs, --training.epochs INT" in cnn
    assert "--arch.channels" not in nntui("train", "--arch", "ffn", "--help")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRegistry:
    registry = FakeRegistry()
    monkeypatch.setattr("nntui.hooks.registry.registry", lambda: registry)
    return registry


def helped(*words: str) -> str:
    result = CliRunner().invoke(command, [*words, "--help"], prog_name="nntui spec", terminal_width=100)
    assert result.exit_code == 0, result.output
    return result.output


def test_help_breaks_no_name_at_its_hyphen() -> None:
    for width in range(60, 80):
        text = CliRunner().invoke(command, ["--help"], prog_name="nntui spec", terminal_width=width).output
        assert "\u2011" not in text
        assert [line for line in text.splitlines() if line.endswith("-")] == []


def test_help_tells_bounds_choices_and_who_suggests_a_default(fake: FakeRegistry, tmp_path: Path) -> None:
    text = " ".join(helped("--arch", "cnn").split())
    assert "--arch.kernel 3|5|7 Kernel size [3]" in text
    assert "--arch.residual / --no-arch.residual Residual stages [false]" in text
    assert "[>= 0, < 1; none]" in text
    assert "[> 0; 0.003, as builtin/digits suggests]" in text
    assert "--data NAME Data set: digits, titanic" in text
    file = tmp_path / "my.toml"
    file.write_text('arch = "rnn"\n')
    assert "Architecture rnn:" in helped(str(file))
    assert "[must be given]" not in text
    assert "must be given" in helped("--data", "needy")


def test_help_is_help_whatever_else_is_wrong(fake: FakeRegistry, tmp_path: Path) -> None:
    assert "--training.epochs" in helped("--arch", "cnnn", "--lr", "x", "--nonsense", "absent.toml")
    (tmp_path / "bad.toml").write_text("= 3")
    assert "--training.epochs" in helped(str(tmp_path / "bad.toml"))


def test_help_imports_no_plugin(fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*args: object, **more: object) -> None:
        raise AssertionError("a plugin was loaded")

    monkeypatch.setattr(fake, "load", load)
    assert "--arch.hidden" in helped("--arch", "rnn")
