"""Settings: what the file says holds, a fault in it costs that setting alone and is told with its line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntui.hooks.errors import UserError
from nntui.runs.settings import Settings, described, first_text, load_settings, settings_file, write_first


def written(folder: Path, text: str) -> Path:
    file = folder / "settings.toml"
    file.write_text(text)
    return file


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "none.toml")
    assert loaded.settings == Settings()
    assert not loaded.exists and not loaded.problems


def test_what_the_file_says_holds(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        'theme = "light"\ncharset = "ascii"\nsmoothing = 0.5\nbell = false\non_end = ["notify-send", "a b"]\n'
        '[keys]\n"run.pause" = "p,space"\nrun.stop = "X"\n',
    )
    loaded = load_settings(file)
    assert not loaded.problems
    assert loaded.settings == Settings(
        theme="light",
        charset="ascii",
        smoothing=0.5,
        bell=False,
        on_end=("notify-send", "a b"),
        keys={"run.pause": "p,space", "run.stop": "X"},
    )
    assert loaded.said["theme"] == 1
    assert loaded.said["keys.run.pause"] == 7
    assert loaded.said["keys.run.stop"] == 8


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('theme = "drak"', 'theme must be auto, dark, light, contrast or 16, got "drak"; did you mean dark?'),
        ("theme = 16", "theme must be"),
        ("smoothing = 1.0", "smoothing must be less than 1, got 1"),
        ("smoothing = -0.1", "smoothing must be at least 0, got -0.1"),
        ("smoothing = nan", "smoothing must be"),
        ('bell = "yes"', 'bell must be true or false, got "yes"'),
        ('on_end = "notify-send done"', "on_end must be a list"),
        ('on_end = [""]', "on_end item 1 must not be empty"),
        ("on_end = 1979-05-27", "on_end must be a list"),
        ("keys = 3", "keys must be a table, got 3"),
        ('smothing = 0.5', "smothing is no setting; did you mean smoothing?"),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_and_what_was_expected_and_costs_that_setting_alone(
    line: str, told: str, tmp_path: Path
) -> None:
    file = written(tmp_path, f"# mine\n\ncharset = 'blocks'\n{line}\n")
    loaded = load_settings(file)
    (problem,) = loaded.problems
    assert problem.startswith(f"{file} line 4: ")
    assert told in problem
    assert loaded.settings == Settings(charset="blocks")


def test_a_key_that_is_no_text_is_told(tmp_path: Path) -> None:
    loaded = load_settings(written(tmp_path, 'bell = false\n[keys]\n"run.pause" = 3\n'))
    assert loaded.settings == Settings(bell=False)
    assert "must be text" in loaded.problems[0] or "must be" in loaded.problems[0]


def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    file = written(tmp_path, "bell = true\ntheme = dark\n")
    loaded = load_settings(file)
    assert loaded.settings == Settings()
    assert f"{file} line 2" in loaded.problems[0]
    assert "defaults are used" in loaded.problems[0]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.mkdir()
    assert "cannot be read" in load_settings(file).problems[0]
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in load_settings(binary).problems[0]


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_no_text_makes_it_raise(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("settings") / "settings.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert isinstance(load_settings(file).settings, Settings)


def test_the_file_to_begin_with_says_what_holds_anyway(tmp_path: Path) -> None:
    bindings = {"run.pause": ("space", "Pause"), "chart.log": ("L", "")}
    file = write_first(tmp_path / "new" / "settings.toml", bindings)
    assert load_settings(file).settings == Settings()
    assert not load_settings(file).problems
    text = file.read_text()
    assert all(setting.help in text for setting in described())
    uncommented = re.sub(r"^# (?=\[keys\]|\w+ = |\"[\w.]+\" = )", "", text, flags=re.MULTILINE)
    file.write_text(uncommented)
    loaded = load_settings(file)
    assert not loaded.problems
    assert loaded.settings == Settings(keys={"run.pause": "space", "chart.log": "L"})


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    file = written(tmp_path, "bell = false\n")
    with pytest.raises(UserError, match="is there"):
        write_first(file)
    assert file.read_text() == "bell = false\n"


def test_it_is_looked_for_where_a_persons_settings_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNTUI_CONFIG", str(tmp_path))
    written(tmp_path, "bell = false\n")
    assert settings_file() == tmp_path / "settings.toml"
    assert load_settings().settings.bell is False


def test_without_a_file_pydantic_is_not_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from nntui.runs.settings import load_settings; load_settings(); print('pydantic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"NNTUI_CONFIG": str(tmp_path)}
    )
    assert done.stdout == "False\n", done.stderr


def test_first_text_has_no_line_that_is_too_long() -> None:
    assert max(map(len, first_text({}).splitlines())) <= 110
