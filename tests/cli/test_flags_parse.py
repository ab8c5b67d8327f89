"""Flags: what they say, what is told of those that are wrong, and the command that says a spec."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from fake_registry import FakeRegistry
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_trees import trees

from nntui.cli.flags import Parsed, command_line, parse, read
from nntui.hooks.params import FieldInfo
from nntui.spec.errors import SpecErrors
from nntui.spec.model import RunSpec
from nntui.spec.resolve import resolve, resolve_said
from nntui.spec.text import FlagText, as_text, typed

REGISTRY = FakeRegistry()
OPTIONS = {"--json": False, "--name": True, "--no-ui": False}


def parsed(line: str) -> Parsed:
    return parse(shlex.split(line), REGISTRY, options=OPTIONS, command="nntui train")  # type: ignore[arg-type]


def tree(line: str) -> Any:
    found = parsed(line)
    assert found.said.errors == ()
    return found.said.tree


def spec(line: str) -> RunSpec:
    return resolve_said(parsed(line).said, REGISTRY).spec  # type: ignore[arg-type]


def faults(line: str) -> list[str]:
    with pytest.raises(SpecErrors) as caught:
        spec(line)
    return [str(error) for error in caught.value.errors]


def test_choices_short_forms_and_dotted_keys_say_the_tree() -> None:
    assert tree("--data digits --arch=cnn --lr 3e-3 --training.batch-size=8 --arch.kernel 5 --threads 2") == {
        "data": {"name": "digits"},
        "arch": {"name": "cnn", "kernel": "5"},
        "optimizer": {"lr": "3e-3"},
        "training": {"batch_size": "8"},
        "device": {"threads": "2"},
    }


def test_values_take_the_type_of_their_field() -> None:
    made = spec(
        "--arch cnn --arch.channels 32,64, --arch.kernel 5 --arch.dropout none --lr 1 --epochs 1e3 --seed 1_000"
    )
    assert made.arch.params.model_dump() == {
        "channels": (32, 64), "kernel": 5, "residual": False, "norm": "batch", "dropout": None,
    }  # fmt: skip
    assert made.optimizer.params.model_dump()["lr"] == 1.0
    assert (made.training.epochs, made.training.seed) == (1000, 1000)
    step = spec("--schedule step --schedule.every 3 --schedule.at '[[2, 0.1]]'").schedule.params.model_dump()
    assert step == {"every": 3, "at": ((2, 0.1),)}
    assert spec("--schedule step --schedule.every auto").schedule.params.model_dump()["every"] == "auto"


@pytest.mark.parametrize(
    ("line", "residual"),
    [
        ("--arch.residual", True),
        ("--no-arch.residual", False),
        ("--arch.residual=false", False),
        ("--arch.residual off", False),
        ("--arch.residual my.toml", True),
    ],
)
def test_a_switch_needs_no_value(line: str, residual: bool) -> None:
    found = parsed(f"--arch cnn {line}").said
    assert found.errors == ()
    assert found.tree["arch"]["residual"] == str(residual).lower() or residual is False
    assert (found.file == Path("my.toml")) is line.endswith(".toml")
    assert spec(f"{line.removesuffix(' my.toml')} --arch cnn").arch.params.model_dump()["residual"] is residual


def test_a_name_is_known_as_a_switch_before_the_architecture_is_said() -> None:
    assert tree("--arch.bidirectional --arch rnn") == {"arch": {"bidirectional": "true", "name": "rnn"}}


def test_the_commands_own_options_and_the_file_are_left_to_it() -> None:
    found = parsed("--json my.toml --name run-1 --epochs 3 --no-ui -h")
    assert found.rest == ("--json", "--name", "run-1", "--no-ui", "-h")
    assert found.said.file == Path("my.toml")
    assert found.said.tree == {"training": {"epochs": "3"}}


def test_a_negative_number_is_a_value() -> None:
    assert spec("--activation leaky --activation.slope -0.5").activation.params.model_dump() == {"slope": -0.5}


def test_flags_go_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[arch]\nname = "cnn"\nkernel = 5\n[training]\nepochs = 3\nseed = -1\n')
    said = read(parsed(f"{file} --epochs 7 --arch.residual").said)
    with pytest.raises(SpecErrors) as caught:
        resolve_said(said, REGISTRY)  # type: ignore[arg-type]
    (error,) = caught.value.errors
    assert error.place == f"{file} line 6 (training.seed)"
    file.write_text(file.read_text().replace("seed = -1", ""))
    made = resolve_said(read(said := parsed(f"{file} --epochs 7 --arch.residual").said), REGISTRY).spec  # type: ignore[arg-type]
    assert (made.training.epochs, made.arch.params.model_dump()["kernel"]) == (7, 5)


def test_a_file_that_is_not_there_is_told_with_the_wrong_flags() -> None:
    with pytest.raises(SpecErrors) as caught:
        read(parsed("absent.toml --hidden 3").said)
    assert [error.message for error in caught.value.errors] == ["is no flag", "there is no spec file absent.toml"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--bacth-size 8", "--bacth-size: is no flag\n  Did you mean --batch-size"),
        ("--hidden 8", "--hidden: is no flag\n  Did you mean --arch.hidden"),
        ("--jsn", "--jsn: is no flag\n  Did you mean --json"),
        ("--zzzz", "--zzzz: is no flag\n  nntui train --help lists the flags."),
        ("--trainng.epochs 3", "--trainng.epochs: there is no table [trainng]\n  Did you mean --training.epochs?"),
        (
            "--training.epoch 3",
            "--training.epoch: [training] has no key called epoch\n  Did you mean --training.epochs?",
        ),
        ("--training.momentum 3 --optimizer sgd", "There is --optimizer.momentum."),
        ("--epochs", "--epochs: needs a value\n  Write --epochs VALUE."),
        ("--epochs --lr 1", "--epochs: needs a value"),
        ("--epochs=", '--epochs: must be a whole number, got ""'),
        ("--epochs five", '--epochs: must be a whole number, got "five"'),
        ("--no-arch.hidden", "--no-arch.hidden: turns off what is on or off, and this is not"),
        ("--arch cnn --arch.residual=maybe", '--arch.residual: must be true or false, got "maybe"'),
        ("--arch cnn --arch.channels 8,x", '--arch.channels: item 2 must be a whole number, got "x" in [8, "x"]'),
        ("--arch cnnn", "--arch: no arch is called 'cnnn'\n  Did you mean cnn?"),
        ("--data ./absent", '--data: no data set and no file is called "./absent"'),
        ("a.toml digits", "digits: is one thing too many: a run has one spec file\n  Was a flag meant? --data digits"),
        ("--data.augment lite", "--data.augment: must be auto, none, light, standard or strong"),
    ],
)
def test_a_wrong_flag_is_told_with_what_may_have_been_meant(line: str, told: str) -> None:
    (fault,) = faults(line)
    assert told in fault


def test_all_wrong_flags_are_told_at_once() -> None:
    assert len(faults("--bacth-size 8 --epochs x --lr 0 --arch.foo 1 --device.threads 0 --schedule none")) == 6


WORD = st.sampled_from(
    ["--arch", "cnn", "--arch.residual", "--lr", "=", "--", "-", "--lr=", "--no-", "--no-arch.x", "--.", "--a.", "--.b",
     "--json", "--name", "x.toml", "--data", "a/b", "--data.", "--=3", "-x", "", "--training.epochs", "--arch.name="]
)  # fmt: skip


@given(words=st.lists(WORD | st.text(max_size=8), max_size=6))
@settings(max_examples=200, deadline=None)
def test_whatever_is_typed_is_a_spec_or_a_list_of_faults(words: list[str]) -> None:
    found = parse(words, REGISTRY, options=OPTIONS)  # type: ignore[arg-type]
    try:
        resolve_said(found.said, REGISTRY)  # type: ignore[arg-type]
    except SpecErrors as error:
        assert all(fault.message for fault in error.errors)


@given(tree=trees())
@settings(max_examples=150, deadline=None)
def test_the_command_of_a_spec_says_the_same_spec(tree: dict[str, Any]) -> None:
    made = resolve(tree, REGISTRY)  # type: ignore[arg-type]
    line = command_line(made)
    assert line.startswith("nntui train")
    assert spec(line.removeprefix("nntui train")) == made


def test_a_command_says_no_more_than_it_must() -> None:
    assert command_line(resolve({}, REGISTRY)) == "nntui train"  # type: ignore[arg-type]
    line = "nntui train --arch cnn --arch.channels 8,16 --arch.residual --lr 0.01 --epochs 3 --no-training.probe"
    made = spec(line.removeprefix("nntui train") + " --data digits --batch-size 128 --optimizer adamw")
    assert command_line(made) == line


FIELDS = st.sampled_from(
    [
        (FieldInfo(name="x", kind="int"), st.integers()),
        (FieldInfo(name="x", kind="float"), st.floats(allow_nan=False)),
        (FieldInfo(name="x", kind="str"), st.text()),
        (FieldInfo(name="x", kind="list", item="str"), st.lists(st.text())),
        (FieldInfo(name="x", kind="list", item="int"), st.lists(st.integers())),
        (
            FieldInfo(name="x", kind="list", item="float", optional=True),
            st.none() | st.lists(st.floats(allow_nan=False)),
        ),
        (FieldInfo(name="x", kind="other"), st.dictionaries(st.text(), st.integers() | st.lists(st.text()))),
        (FieldInfo(name="x", kind="bool", optional=True), st.none() | st.booleans()),
    ]
)


@given(data=st.data(), case=FIELDS)
@settings(max_examples=300, deadline=None)
def test_any_value_survives_being_typed(data: st.DataObject, case: tuple[FieldInfo, st.SearchStrategy[Any]]) -> None:
    field, values = case
    value = data.draw(values)
    assert typed(FlagText(as_text(value, field)), field, {}) == value
