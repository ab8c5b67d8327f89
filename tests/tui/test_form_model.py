"""The form as data: what its rows say is what the flags say."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from fake_registry import FakeRegistry
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spec_trees import trees

import nntui
from nntui.cli.flags import parse
from nntui.hooks.registry import registry as real_registry
from nntui.spec.model import RunSpec
from nntui.spec.resolve import resolve, resolve_said
from nntui.spec.said import Said
from nntui.spec.toml import from_toml, to_toml
from nntui.tui.form.form import Form
from nntui.tui.form.rows import Row, bounds, options, rows

FAKE: Any = FakeRegistry()


def by_flags(line: str, registry: Any = FAKE) -> RunSpec:
    words = shlex.split(line)
    assert words[:2] == ["nntui", "train"]
    return resolve_said(parse(words[2:], registry).said, registry).spec


def shown(form: Form, *, unfolded: bool = True) -> dict[str, Row]:
    return {row.key: row for row in rows(form.wanted, form.checked, form.registry, unfolded=unfolded)}


def test_an_untouched_form_is_the_bare_command() -> None:
    form = Form(FAKE)
    assert form.command_line() == "nntui train"
    assert form.checked.spec == resolve({}, FAKE)


def test_every_setting_of_every_contribution_has_a_row() -> None:
    registry = real_registry()
    for kind in ("data", "arch", "activation", "optimizer", "schedule", "device"):
        for entry in registry.list(kind):
            form = Form(registry)
            form.set(f"{kind}.name", entry.qualified)
            keys = shown(form).keys()
            assert {f"{kind}.{field.name}" for field in entry.fields} <= keys
    for table, name in (("training", "epochs"), ("training", "keep_every"), ("data", "limit"), ("device", "threads")):
        assert f"{table}.{name}" in keys


def test_choosing_another_network_swaps_its_rows_and_coming_back_finds_what_was_said() -> None:
    form = Form(FAKE)
    form.set("arch.name", "cnn")
    form.set("arch.channels", "8,16")
    assert "arch.channels" in shown(form)
    form.set("arch.name", "ffn")
    assert "arch.channels" not in shown(form)
    assert "arch.hidden" in shown(form)
    assert form.command_line() == "nntui train"
    form.set("arch.name", "cnn")
    assert shown(form)["arch.channels"].text == "8,16"
    assert form.command_line() == "nntui train --arch cnn --arch.channels 8,16"


def test_a_suggested_value_names_who_suggests_it_and_one_that_was_said_does_not() -> None:
    form = Form(FAKE)
    assert (shown(form)["training.epochs"].text, shown(form)["training.epochs"].source) == ("20", "digits")
    form.set("training.epochs", "7")
    row = shown(form)["training.epochs"]
    assert (row.text, row.source, row.said) == ("7", "", True)
    form.reset("training.epochs")
    assert shown(form)["training.epochs"].text == "20"


def test_all_faults_are_told_at_once_each_at_its_row() -> None:
    form = Form(FAKE)
    form.set("arch.name", "cnn")
    form.set("arch.channels", "8,x")
    form.set("training.epochs", "0")
    form.set("training.keep", "many")
    form.set("optimizer.lr", "-1")
    found = {key: row.errors[0].message for key, row in shown(form, unfolded=False).items() if row.errors}
    assert found == {
        "arch.channels": 'item 2 must be a whole number, got "x" in [8, "x"]',
        "training.epochs": "must be at least 1, got 0",
        "training.keep": 'must be a whole number, got "many"',
        "optimizer.lr": "must be greater than 0, got -1",
    }
    assert form.toml() == ""
    assert "--epochs 0" in form.command_line()


def test_a_network_that_refuses_the_data_is_told_at_the_network() -> None:
    form = Form(FAKE)
    form.set("data.name", "titanic")
    form.set("arch.name", "cnn")
    (error,) = shown(form)["arch.name"].errors
    assert "does not take titanic" in error.message
    refused = {option.name: option.refused for option in options("arch", FAKE, FAKE.find("data", "titanic"))}
    assert refused == {"ffn": "", "cnn": "its columns have no neighbours; use --arch ffn", "rnn": ""}


def test_an_unknown_name_is_told_at_its_row_with_what_may_have_been_meant() -> None:
    form = Form(FAKE)
    form.set("optimizer.name", "adamww")
    (error,) = shown(form)["optimizer.name"].errors
    assert error.suggestion.startswith("Did you mean adamw?")


def test_a_path_is_read_by_the_reader_that_takes_it(tmp_path: Any) -> None:
    file = tmp_path / "iris 1.csv"
    file.write_text("a,species\n1,x\n")
    form = Form(FAKE)
    form.set("data.name", str(file))
    row = shown(form)["data.target"]
    assert (row.text, row.source) == ("species", "the path")
    assert form.checked.spec is not None
    assert by_flags(form.command_line()) == form.checked.spec
    assert any("is read by csv" in note for note in form.checked.notes)
    form.set("data.name", str(tmp_path / "absent.csv"))
    assert shown(form)["data.name"].errors


def test_a_finished_run_is_a_template_that_says_no_more_than_it_must() -> None:
    made = by_flags("nntui train --arch cnn --arch.channels 8,16 --lr 0.01 --epochs 3 --training.clip-grad 1")
    text = to_toml(made, name="quick-otter-7") + "\n[origin]\nparent = '/gone'\n"
    form = Form(FAKE, from_toml(text))
    assert form.checked.spec == made
    assert [row.key for row in shown(form).values() if row.said] == [
        "arch.name", "arch.channels", "training.epochs", "optimizer.lr", "training.clip_grad",
    ]  # fmt: skip


def test_a_template_whose_plugin_is_gone_keeps_what_can_be_kept() -> None:
    form = Form(FAKE, Said(tree={"arch": {"name": "gru/gru", "hidden": 3}, "training": {"epochs": 4}}))
    assert shown(form)["arch.name"].errors
    assert shown(form)["training.epochs"].text == "4"
    form.reset("arch.name")
    assert form.command_line() == "nntui train --epochs 4"


def test_a_template_on_files_keeps_its_reader_and_what_was_said_to_it() -> None:
    tree = {"data": {"name": "csv", "path": "/gone/iris 1.csv", "separator": ";"}}
    form = Form(FAKE, Said(tree=tree))
    assert form.checked.spec == resolve(tree, FAKE)
    assert form.command_line() == "nntui train --data '/gone/iris 1.csv' --data.reader csv --data.separator ';'"


def test_a_templates_unknown_setting_can_be_taken_back() -> None:
    form = Form(FAKE, Said(tree={"arch": {"name": "ffn", "wings": 2}}))
    assert shown(form)["arch.wings"].errors
    form.reset("arch.wings")
    assert form.command_line() == "nntui train"


def test_a_third_partys_network_has_rows_like_a_built_in_one_and_says_whose_it_is() -> None:
    class GRUParams(nntui.Params):
        hidden: int = nntui.param(96, ge=1, help="Hidden units")
        zoneout: float = nntui.param(0.1, ge=0, lt=1, help="Share of states kept", advanced=True)

    def network(name: str) -> nntui.Architecture:
        return nntui.Architecture(
            name=name, summary="Gated", inputs={"image"}, params=GRUParams, build="nntui_gru.model:build"
        )

    registry: Any = FakeRegistry({("gru", "nntui-gru", "1.2"): [network("gru"), network("cnn")]})
    offered = {option.name: option.origin for option in options("arch", registry)}
    assert offered == {"ffn": "", "cnn": "", "rnn": "", "gru": "nntui-gru", "gru/cnn": "nntui-gru"}
    form = Form(registry)
    form.set("arch.name", "gru")
    assert shown(form, unfolded=False)["arch.hidden"].text == "96"
    assert "arch.zoneout" not in shown(form, unfolded=False)
    form.set("arch.zoneout", "0.5")
    assert "arch.zoneout" in shown(form, unfolded=False)  # what was said is in sight
    assert form.command_line() == "nntui train --arch gru/gru --arch.zoneout 0.5"
    assert by_flags(form.command_line(), registry) == form.checked.spec


def test_bounds_are_told_in_words() -> None:
    found = {row.key: bounds(row.field) for row in shown(Form(FAKE)).values() if row.field is not None}
    assert found["training.epochs"] == "a whole number, at least 1"
    assert found["device.threads"] == "a whole number, at least 1 or none"
    assert found["data.test"] == "a number, at least 0, below 1"


@given(tree=trees())
@settings(max_examples=40, deadline=None)
def test_whatever_the_form_says_its_command_and_its_toml_say_the_same(tree: dict[str, Any]) -> None:
    made = resolve({key: value for key, value in tree.items() if key != "origin"}, FAKE)
    form = Form(FAKE, Said(tree=tree))
    assert form.checked.spec == made
    assert by_flags(form.command_line()) == made
    assert resolve(from_toml(form.toml()).tree, FAKE) == made


@st.composite
def keystrokes(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Rows of the form that the built-ins make, and what is typed in them: right and wrong alike."""
    registry = real_registry()
    said: list[tuple[str, str]] = []
    form = Form(registry)
    for _ in range(draw(st.integers(1, 5))):
        row = draw(st.sampled_from([row for row in shown(form).values() if row.selectable and row.flag]))
        words = [*row.options, "0", "1", "3", "0.5", "16,32", "none", "true", "-1", "", "a b", "'x"]
        text = draw(st.sampled_from(words))
        said.append((row.key, text))
        form.set(row.key, text)
    return said


@given(said=keystrokes())
@example(said=[("training.compile", "3")])
@settings(max_examples=40, deadline=None)
def test_whatever_is_typed_the_flags_say_the_same_or_are_wrong_alike(said: list[tuple[str, str]]) -> None:
    registry = real_registry()
    form = Form(registry)
    for key, text in said:
        form.set(key, text)
    spec = form.checked.spec
    if spec is not None:
        assert by_flags(form.command_line(), registry) == spec
    else:
        with pytest.raises(Exception, match=r"."):
            by_flags(form.command_line(), registry)
