"""Specs as TOML: what is written is read back the same, and every fault has its line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from fake_registry import FakeRegistry
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_trees import PLAIN, TEXT, trees

import nntui
from nntui.hooks.errors import UserError
from nntui.spec.errors import SpecErrors
from nntui.spec.resolve import resolve, resolve_said
from nntui.spec.toml import environment, from_toml, provenance_warnings, read_toml, to_toml

REGISTRY = FakeRegistry()


@given(tree=trees(), resolved=st.dictionaries(TEXT, PLAIN, max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_spec_survives_being_written_and_read(tree: dict[str, Any], resolved: dict[str, Any]) -> None:
    spec = resolve({**tree, "resolved": resolved}, REGISTRY)
    text = to_toml(spec, name="quick-otter-7", surroundings={"nntui": "0.1.0"})
    said = from_toml(text)
    assert resolve_said(said, REGISTRY).spec == spec
    assert said.tree["name"] == "quick-otter-7"
    assert to_toml(resolve_said(said, REGISTRY).spec, name="quick-otter-7", surroundings={"nntui": "0.1.0"}) == text


def test_what_is_written_holds_every_default_and_a_word_of_help() -> None:
    text = to_toml(resolve({"arch": "cnn"}, REGISTRY))
    tree = tomllib.loads(text)
    assert tree["arch"] == {
        "name": "cnn", "channels": [16, 32], "kernel": 3, "residual": False, "norm": "batch", "dropout": "none",
    }  # fmt: skip
    assert tree["training"]["early_stopping"] == "none"
    assert tree["plugins"]["builtin/cnn"] == "nntui==0.1.0"
    assert tree["environment"] == environment()
    assert "batch_size = 128 # Rows of one optimizer step" in text


def test_a_none_that_was_said_is_kept_when_a_plugin_comes_to_suggest_more() -> None:
    said = from_toml(to_toml(resolve({"arch": "cnn"}, REGISTRY)))
    later = FakeRegistry()
    (digits,) = [entry for entry in later.list("data") if entry.name == "digits"]
    digits.defaults["training.ema"] = 0.99
    assert resolve({"arch": "cnn"}, later).training.ema == 0.99
    assert resolve_said(said, later).spec.training.ema is None


def test_help_of_a_plugin_cannot_break_out_of_its_comment() -> None:
    text = to_toml(resolve({"data": {"name": "csv", "path": "/x.csv"}}, REGISTRY))
    assert 'separator = "," # Between cells' in text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[data]\nname = 'digits'\nname = 'x'\n", "run.toml line 3, column 11"),
        ("[training]\nepochs = \n", "run.toml line 2, column 10"),
        ("a = [1,\n", "run.toml line 2"),
    ],
)
def test_text_that_is_no_toml_is_told_with_its_line(text: str, place: str) -> None:
    with pytest.raises(SpecErrors) as caught:
        from_toml(text, "run.toml")
    (error,) = caught.value.errors
    assert error.place == place
    assert error.message.startswith("is no TOML: ")


def test_a_fault_in_a_file_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text("[training]\nbatch-size = 32\n\nepochs = 0 # too few\n[optimizer]\nlr = '1'\n")
    with pytest.raises(SpecErrors) as caught:
        resolve_said(read_toml(file), REGISTRY)
    assert [str(error) for error in caught.value.errors] == [
        f"{file} line 4 (training.epochs): must be at least 1, got 0",
        f'{file} line 6 (optimizer.lr): must be a number, got "1"',
    ]


def test_a_file_that_cannot_be_read_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no spec file"):
        read_toml(tmp_path / "absent.toml")
    with pytest.raises(UserError, match="cannot read"):
        read_toml(tmp_path)
    with pytest.raises(UserError, match="cannot read"):
        read_toml("nul\0.toml")
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\n\x89PNG\xff")
    with pytest.raises(SpecErrors, match="line 2: is not UTF-8"):
        read_toml(picture)
    picture.write_bytes(b"#" * (1 << 20) + b"#")
    with pytest.raises(UserError, match="longer than a spec can be"):
        read_toml(picture)


def test_a_newer_format_is_refused_alone_and_says_what_it_needs() -> None:
    text = 'version = 2\n[training]\nnew_key = 1\n[environment]\nnntui = "3.1.0"\n'
    with pytest.raises(SpecErrors) as caught:
        resolve_said(from_toml(text), REGISTRY)
    (error,) = caught.value.errors
    assert "it needs nntui 3.1.0 or newer" in error.message
    assert error.suggestion == 'pip install "nntui>=3.1.0"'


def _plugin(version: str, distribution: str = "nntui-gru") -> FakeRegistry:
    gru = nntui.Architecture(name="gru", summary="Gated", inputs={"image"}, build="nowhere:build")
    return FakeRegistry({("fast", distribution, version): [gru]})


def test_a_plugin_that_is_gone_is_an_error_with_the_command_that_brings_it_back() -> None:
    text = to_toml(resolve({"arch": "gru"}, _plugin("1.2")))
    assert tomllib.loads(text)["arch"]["name"] == "fast/gru"
    with pytest.raises(SpecErrors) as caught:
        resolve_said(from_toml(text, "run.toml"), REGISTRY)
    (error,) = caught.value.errors
    assert error.place == "run.toml line 17 (arch.name)"
    assert 'pip install "nntui-gru==1.2"' in error.suggestion


def test_another_version_of_a_plugin_is_a_warning() -> None:
    said = from_toml(to_toml(resolve({"arch": "gru"}, _plugin("1.2"))))
    assert provenance_warnings(said.tree, resolve_said(said, _plugin("1.2")).spec) == []
    (warning,) = provenance_warnings(said.tree, resolve_said(said, _plugin("1.3")).spec)
    assert warning == "the run was made with nntui-gru 1.2; here is 1.3: its numbers may differ"
    (warning,) = provenance_warnings(said.tree, resolve_said(said, _plugin("1.2", "other")).spec)
    assert warning == "fast/gru came from nntui-gru 1.2; here it is other's"
