"""Resolving: defaults and who goes before whom, and every fault at once with its place."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from fake_registry import FakeRegistry
from hypothesis import given, settings
from spec_trees import trees

import nntui
from nntui.spec.errors import SpecError, SpecErrors
from nntui.spec.model import Origin, RunSpec
from nntui.spec.resolve import Resolution, resolve, resolve_said
from nntui.spec.said import Said, overlaid
from nntui.spec.tables import DEFAULTS, OriginSettings, from_keywords
from nntui.spec.tree import tree_of

REGISTRY = FakeRegistry()


def said(tree: dict[str, Any], registry: FakeRegistry = REGISTRY) -> Resolution:
    return resolve_said(Said(tree=tree), registry)


def faults(tree: dict[str, Any], places: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SpecErrors) as caught:
        resolve(tree, REGISTRY, places)
    return [str(error) for error in caught.value.errors]


def test_nothing_said_is_the_default_run() -> None:
    spec = resolve({}, REGISTRY)
    assert {kind: getattr(spec, kind).name for kind in DEFAULTS} == DEFAULTS
    assert (spec.arch.qualified, spec.arch.distribution, spec.arch.version) == ("builtin/ffn", "nntui", "0.1.0")


@given(tree=trees())
@settings(max_examples=40, deadline=None)
def test_the_tree_of_a_spec_says_the_same_spec(tree: dict[str, Any]) -> None:
    spec = resolve(tree, REGISTRY)
    assert resolve(tree_of(spec), REGISTRY) == spec


# who goes before whom


def test_a_person_goes_before_a_data_set_before_an_architecture_before_the_default() -> None:
    assert said({}).spec.training.batch_size == 64
    assert said({"arch": "cnn"}).spec.training.batch_size == 128  # the architecture's
    assert said({"arch": "cnn"}).spec.training.epochs == 20  # the data set's before the architecture's 5
    assert said({"arch": "cnn", "training": {"epochs": 3}}).spec.training.epochs == 3


def test_what_was_suggested_is_told_with_who_suggests_it() -> None:
    sources = said({"arch": "cnn", "training": {"epochs": 3}}).sources
    assert sources["training.batch_size"] == "builtin/cnn"
    assert sources["optimizer.lr"] == "builtin/digits"
    assert sources["activation.name"] == "builtin/cnn"
    assert "training.epochs" not in sources


def test_a_key_for_one_architecture_goes_before_the_same_key_for_all() -> None:
    assert said({"arch": "ffn"}).spec.training.epochs == 20
    assert said({"arch": "builtin/rnn"}).spec.training.epochs == 30


def test_a_key_for_one_modality_goes_before_the_same_key_for_all() -> None:
    assert said({"arch": "rnn", "data": "digits"}).spec.arch.params.model_dump()["hidden"] == 64
    assert said({"arch": "rnn", "data": "speech"}).spec.arch.params.model_dump()["hidden"] == 96


def test_a_data_set_may_speak_of_a_param_that_only_some_architectures_have() -> None:
    assert said({"arch": "cnn"}).spec.arch.params.model_dump()["channels"] == (16, 32)
    assert not said({"arch": "ffn"}).notes


def lr(tree: dict[str, Any]) -> float:
    return float(resolve(tree, REGISTRY).optimizer.params.model_dump()["lr"])


def test_a_rate_suggested_for_one_optimizer_is_not_taken_by_another() -> None:
    assert lr({}) == 3e-3  # digits suggests it for the default optimizer
    assert lr({"optimizer": "adamw"}) == 3e-3
    assert lr({"optimizer": "sgd"}) == 0.1
    assert resolve({"data": "titanic"}, REGISTRY).optimizer.name == "sgd"
    assert lr({"data": "titanic"}) == 0.05
    assert lr({"data": "titanic", "optimizer": "builtin/sgd"}) == 0.05
    assert lr({"data": "titanic", "optimizer": "adamw"}) == 1e-3


def test_a_suggestion_for_what_is_no_setting_is_left_out_and_told() -> None:
    resolution = said({"arch": "rnn"})
    assert resolution.notes == ("builtin/rnn suggests training.clip, which is no setting: left out",)


def test_a_suggestion_that_breaks_a_bound_blames_the_plugin() -> None:
    data = nntui.Dataset(
        name="odd", summary="x", modality="image", build="a:b", preprocessor="a:b", defaults={"training.epochs": 0}
    )
    with pytest.raises(SpecErrors) as caught:
        resolve({"data": "odd"}, FakeRegistry({("odd", "nntui-odd", "1"): [data]}))  # type: ignore[arg-type]
    (error,) = caught.value.errors
    assert str(error) == "training.epochs, as odd/odd suggests: must be at least 1, got 0"


# faults


def test_five_faults_are_told_at_once() -> None:
    tree = {
        "arch": {"name": "cnnn"},
        "optimizer": {"lr": -1, "momentm": 0.9},
        "trainig": {"epochs": 5},
        "training": {"batch_size": "many", "precision": "bfloat"},
    }
    assert faults(tree) == [
        "trainig: is no table of a spec\n  Did you mean [training]?",
        "arch.name: no arch is called 'cnnn'\n  Did you mean cnn?\n  nntui architectures lists what there is.",
        'training.batch_size: must be a whole number, got "many"',
        'training.precision: must be auto, float32 or bfloat16, got "bfloat"\n  Did you mean bfloat16 or float32?',
        "optimizer.momentm: adamw has no setting called momentm\n  It has lr, weight_decay, betas.",
        "optimizer.lr: must be greater than 0, got -1",
    ]


def test_each_fault_names_where_it_was_said_in_the_order_of_saying() -> None:
    tree = {"optimizer": {"lr": 0}, "training": {"epochs": 0}, "arch": {"name": "cnn", "kernel": 4}}
    places = {"arch": "my.toml line 1", "training.epochs": "my.toml line 7", "optimizer.lr": "--lr"}
    assert faults(tree, places) == [
        "my.toml line 1 (arch.kernel): must be 3, 5 or 7, got 4",
        "my.toml line 7 (training.epochs): must be at least 1, got 0",
        "--lr: must be greater than 0, got 0",
    ]


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"training": {"epochs": True}}, "training.epochs: must be a whole number, got true"),
        ({"training": {"epochs": 2.5}}, "training.epochs: must be a whole number, got 2.5"),
        ({"training": {"compile": 1}}, "training.compile: must be true or false, got 1"),
        ({"training": {"ema": 1.0}}, "training.ema: must be less than 1, got 1"),
        ({"training": {"metric": 3}}, "training.metric: must be text, got 3"),
        ({"arch": {"name": "ffn", "hidden": 32}}, "arch.hidden: must be a list, such as 32,64, got 32"),
        ({"arch": {"hidden": []}}, "arch.hidden: must have at least 1 item, got 0"),
        ({"arch": {"hidden": [8, "x"]}}, 'arch.hidden: item 2 must be a whole number, got "x" in [8, "x"]'),
        ({"arch": {"hidden": ["x"]}}, 'arch.hidden: must be a list of whole numbers, such as 32,64, got "x"'),
        ({"optimizer": {"lr": math.inf}}, "optimizer.lr: must be a finite number, got inf"),
        ({"optimizer": {"lr": math.nan}}, "optimizer.lr: must be a finite number, got nan"),
        ({"training": {"clip_grad": math.inf}}, "training.clip_grad: must be a finite number, got inf"),
        ({"training": {"batch_size": 10**10}}, "training.batch_size: must be at most 1000000000, got 10000000000"),
        ({"training": {"batch_size": 10**25}}, "training.batch_size: is too large or too small a number"),
        ({"training": {"batch_size": 10**5000}}, "training.batch_size: is too large or too small a number"),
        ({"arch": {"hidden": [8, 10**25]}}, "arch.hidden: is too large or too small a number"),
        ({"schedule": {"name": "step", "every": "oft"}}, 'schedule.every: must be a whole number or auto, got "oft"'),
        ({"data": {"name": "needy"}}, "data.size: must be given: it has no default"),
        ({"data": {"group": "\udcff"}}, "data.group: holds bytes that are not UTF-8\n"),
        ({"arch": 3}, "arch: must be a table, got 3"),
        ({"arch": {"name": 3}}, "arch.name: must be the name of a contribution, got 3"),
        ({"arch": {"name": ""}}, "arch.name: names no architecture\n"),
        ({"version": "1"}, 'version: must be a whole number, got "1"'),
        ({"version": 0}, "version: must be from 1 to 1, got 0"),
        ({"name": 3}, "name: must be text, got 3"),
        ({"epochs": 3}, "epochs: stands outside of a table\n  Write training.epochs."),
        ({"training": {"split-seed": 3}}, "training.split_seed: [training] has no key called split_seed\n"),
        ({"training": {"split-seed": 3}}, "There is data.split_seed."),
        ({"arch": {"residual": True}}, "arch.residual: ffn has no setting called residual\n  cnn has it."),
        ({"training": {"batch-size": 3, "batch_size": 4}}, "training.batch_size: is said twice"),
        ({"origin": {"at": "best"}}, "origin.parent: must be given: it has no default"),
        ({"origin": {"parent": "x", "on": 1}}, "origin.on: [origin] has no key called on"),
    ],
)
def test_a_fault_is_told_plainly(tree: dict[str, Any], told: str) -> None:
    assert told in "\n".join(faults(tree))
    assert len(faults(tree)) == 1


def test_an_architecture_that_cannot_take_the_data_says_why_and_what_to_use() -> None:
    assert faults({"arch": "cnn", "data": "titanic"}) == [
        "arch.name: cnn does not take titanic (table)\n  its columns have no neighbours; use --arch ffn"
    ]


def test_a_plugin_whose_own_check_crashes_is_no_traceback() -> None:
    class Odd(nntui.Params):
        size: int = nntui.param(1, help="x")

        def model_post_init(self, context: object, /) -> None:
            raise ZeroDivisionError("by its own doing")

    arch = nntui.Architecture(name="odd", summary="x", inputs={"image"}, params=Odd, build="a:b")
    with pytest.raises(SpecErrors) as caught:
        resolve({"arch": "odd"}, FakeRegistry({("odd", "nntui-odd", "1"): [arch]}))  # type: ignore[arg-type]
    (error,) = caught.value.errors
    assert error.message == "could not be checked: ZeroDivisionError: by its own doing"


# paths


def test_a_path_goes_to_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "iris.csv"
    file.touch()
    resolution = said({"data": str(file)})
    spec = resolution.spec
    assert (spec.data.name, spec.data_settings.path) == ("csv", str(file))
    assert spec.data.params.model_dump()["target"] == "species"  # what the reader found out
    assert resolution.notes == (f"{file} is read by csv (table): it ends in .csv",)
    monkeypatch.chdir(tmp_path)
    assert said({"data": "iris.csv"}).spec == spec
    assert said({"data": {"path": "iris.csv"}}).spec == spec
    own = said({"data": {"name": "./iris.csv", "target": "genus"}}).spec
    assert own.data.params.model_dump()["target"] == "genus"
    file.unlink()
    assert resolve(tree_of(spec), REGISTRY) == spec  # a run is known without its data


def test_a_path_that_no_one_or_two_take_is_an_error_that_says_so(tmp_path: Path) -> None:
    for name in ("x.both", "x.bin", "x.broken"):
        (tmp_path / name).touch()
    (both,) = faults({"data": str(tmp_path / "x.both")})
    assert both.endswith("is taken by csv and lines, equally sure\n  Say --data.reader csv or --data.reader lines.")
    (none,) = faults({"data": str(tmp_path / "x.bin")})
    assert none.endswith("no reader takes " + str(tmp_path / "x.bin") + "\n  asked: csv, lines")
    (tmp_path / "hollow").mkdir()
    (hollow,) = faults({"data": str(tmp_path / "hollow")})
    assert hollow.endswith("\n  asked: csv, lines\n  there is no file in it")
    (broken,) = faults({"data": str(tmp_path / "x.broken")})
    assert "builtin/lines failed: the disk is on fire" in broken
    (absent,) = faults({"data": "./digits"})
    assert 'no data set and no file is called "./digits"' in absent
    assert resolve({"data": {"name": str(tmp_path / "x.both"), "reader": "lines"}}, REGISTRY).data.name == "lines"


def test_what_suits_a_path_is_suggested_by_its_reader(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.touch()
    for data in ({"path": str(path)}, {"path": str(path), "reader": "lines"}):
        spec = resolve({"data": data}, REGISTRY)
        assert spec.arch.name == "rnn"
        assert spec.arch.params.model_dump()["hidden"] == 7
        assert (spec.training.epochs, spec.training.batch_size) == (3, 4)
    said = resolve({"data": str(path), "training": {"epochs": 5}, "arch": "cnn"}, REGISTRY)
    assert (said.training.epochs, said.arch.name) == (5, "cnn")
    # A reader that is made to read what it does not know suggests what it suggests for everything.
    (tmp_path / "x.bin").touch()
    forced = resolve({"data": {"path": str(tmp_path / "x.bin"), "reader": "lines"}}, REGISTRY)
    assert forced.training.epochs == 9


def test_one_text_is_a_list_of_it_and_is_not_cut() -> None:
    alone = resolve({"data": {"name": "csv", "columns": "price, net"}}, REGISTRY)
    assert alone == resolve({"data": {"name": "csv", "columns": ["price, net"]}}, REGISTRY)
    assert alone.data.params.model_dump()["columns"] == ("price, net",)
    broken = {"data": {"name": "csv", "columns": "\udcff"}}
    assert faults(broken)[0].startswith("data.columns: holds bytes that are not UTF-8")


def test_without_readers_a_path_says_that_none_is_installed(tmp_path: Path) -> None:
    registry = FakeRegistry()
    for entry in registry.list("data"):
        entry.meta["has_sniff"] = False
    with pytest.raises(SpecErrors, match=r"no reader takes .*\n  no reader of files is installed"):
        resolve({"data": str(tmp_path)}, registry)  # type: ignore[arg-type]


def test_a_path_and_a_name_that_contradict_each_other_are_refused() -> None:
    assert faults({"data": {"name": "digits", "path": "/x.csv"}})[0].startswith("data.name: digits reads no files")
    assert faults({"data": {"name": "digits", "reader": "csv"}})[0].startswith("data.reader: is csv, but data.name is")


# doors


def test_keywords_in_python_say_what_flags_say() -> None:
    tree = from_keywords({"data": "digits", "arch": {"name": "cnn"}, "arch.kernel": 5, "lr": 0.01, "batch_size": 8})
    assert tree == {
        "data": {"name": "digits"},
        "arch": {"name": "cnn", "kernel": 5},
        "optimizer": {"lr": 0.01},
        "training": {"batch_size": 8},
    }
    spec = resolve({"arch": {"name": "ffn", "hidden": (32, 16)}}, REGISTRY)
    assert spec.arch.params.model_dump()["hidden"] == (32, 16)


@pytest.mark.parametrize(
    ("over", "kept"),
    [
        ({"optimizer": {"lr": 0.1}, "training": {"epochs": 3}}, True),
        ({"training": {"batch-size": 8}}, False),
        ({"arch": {"name": "ffn"}}, False),
        ({"data": {"name": "digits"}}, False),
        ({"device": "cpu"}, False),
    ],
)
def test_what_was_chosen_for_a_run_holds_while_what_it_was_chosen_for_is_the_same(over: Any, kept: bool) -> None:
    base = Said(tree={"arch": {"name": "cnn"}, "resolved": {"threads": 2}})
    assert ("resolved" in overlaid(base, Said(tree=over)).tree) is kept


def test_another_choice_on_top_of_a_file_leaves_the_old_ones_params_behind() -> None:
    base = Said(tree={"arch": {"name": "cnn", "channels": [8]}, "data": {"name": "csv", "path": "/x.csv", "test": 0.3}})
    over = overlaid(base, Said(tree={"arch": {"name": "ffn"}, "data": {"name": "digits"}}))
    assert over.tree == {"arch": {"name": "ffn"}, "data": {"name": "digits", "test": 0.3}}
    same = overlaid(base, Said(tree={"arch": {"name": "cnn", "kernel": 5}}))
    assert same.tree["arch"] == {"name": "cnn", "channels": [8], "kernel": 5}
    short = overlaid(Said(tree={"arch": "cnn"}), Said(tree={"arch": {"kernel": 5}}))
    assert short.tree["arch"] == {"name": "cnn", "kernel": 5}


def test_faults_that_a_door_found_are_told_with_the_others() -> None:
    with pytest.raises(SpecErrors) as caught:
        resolve_said(Said(tree={"training": {"epochs": 0}}, errors=(SpecError("--x", "is no flag"),)), REGISTRY)
    assert [error.place for error in caught.value.errors] == ["--x", "training.epochs"]


def test_the_table_of_an_origin_has_the_fields_of_an_origin() -> None:
    assert list(OriginSettings.model_fields) == [field.name for field in fields(Origin)]


def test_every_table_of_a_spec_is_written() -> None:
    spec = resolve({"origin": {"parent": "x"}, "resolved": {"threads": 1}}, REGISTRY)
    written = tree_of(spec)
    assert {field.name.removesuffix("_settings") for field in fields(RunSpec)} <= set(written)
    assert written["origin"]["at"] == "best"


def test_resolving_imports_no_torch() -> None:
    code = """
import sys
from nntui.hooks.registry import registry
from nntui.spec.resolve import resolve
from nntui.spec.toml import to_toml
resolve({}, registry())
print(sorted(name for name in ("torch", "textual", "rich") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
