"""model/ is of use to people without nntui: safetensors, plain torch, no pickle; and its card's lines run as shown."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import KINDS, Tiny, write_inputs

import nntui

ROOT = Path(__file__).parents[2]
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("digits", "ffn", {}),
    ("digits", "cnn", {}),
    ("digits", "cnn", {"residual": True, "blocks": 2}),
    ("digits", "rnn", {}),
    ("digits", "rnn", {"cell": "gru", "bidirectional": True, "layers": 2}),
    ("penguins", "ffn", {}),
    ("titanic", "ffn", {"norm": "none"}),
    ("word-languages", "ffn", {}),
    ("word-languages", "cnn", {}),
    ("word-languages", "rnn", {}),
    ("hamlet", "rnn", {}),
    ("seattle-weather", "cnn", {}),
    ("spoken-languages", "rnn", {"cell": "rnn"}),
    ("moons", "ffn", {}),
]
IDS = ["-".join([data, arch, *params]) for data, arch, params in CASES]

WITHOUT_NNTUI = """
import json, os, sys

class NoNntui:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "nntui":
            raise ImportError("there is no nntui here")

sys.meta_path.insert(0, NoNntui())
import torch
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
for case in json.loads(sys.argv[1]):
    os.chdir(case["model"])
    names = {}
    exec(case["code"], names)
    # Clones are aligned, as tensors are: what safetensors maps need not be, and kernels round by alignment.
    inputs = {name: tensor.clone() for name, tensor in load_file(case["inputs"]).items()}
    with torch.no_grad():
        output = names["model"](*(inputs[name] for name in case["arguments"]))
    save_file({"output": output.contiguous()}, case["output"])
assert "nntui" not in sys.modules
"""


def code_blocks(run: nntui.LoadedRun) -> list[str]:
    card = (run.path / "model" / "README.md").read_text()
    return re.findall(r"^```python\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)


def some_inputs(run: nntui.LoadedRun) -> dict[str, torch.Tensor]:
    """A few rows of its data, normalised: what the network takes."""
    from nntui.engine.assembly import sample_batch
    from nntui.engine.building import open_data
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve_said
    from nntui.spec.toml import read_toml

    return sample_batch(open_data(resolve_said(read_toml(run.path / "run.toml"), registry()).spec))


@pytest.fixture(scope="module")
def without_nntui(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What each card's plain code gives for some inputs, all computed in one process that cannot import nntui."""
    folder = tmp_path_factory.mktemp("plain")
    asked = []
    for name, (data, arch, params) in zip(IDS, CASES, strict=True):
        run = tiny(data, arch, **params)
        save_file({k: t.contiguous() for k, t in some_inputs(run).items()}, folder / f"{name}-in.safetensors")
        asked.append(
            {
                "code": code_blocks(run)[1],
                "model": str(run.path / "model"),
                "arguments": run.model.spec.arguments(),
                "inputs": str(folder / f"{name}-in.safetensors"),
                "output": str(folder / f"{name}.safetensors"),
            }
        )
    done = subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT_NNTUI, json.dumps(asked)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return {name: folder / f"{name}.safetensors" for name in IDS}


@pytest.mark.parametrize(("name", "case"), list(zip(IDS, CASES, strict=True)), ids=IDS)
def test_the_cards_plain_torch_code_without_nntui_gives_what_nntui_gives(
    name: str, case: tuple[str, str, dict[str, Any]], without_nntui: dict[str, Path], tiny: Tiny
) -> None:
    data, arch, params = case
    run = tiny(data, arch, **params)
    inputs = some_inputs(run)
    assert len(next(iter(inputs.values()))) > 1
    torch.set_num_threads(1)
    with torch.no_grad():
        expected = run.model.network(*(inputs[argument] for argument in run.model.spec.arguments()))
    assert torch.equal(load_file(without_nntui[name])["output"], expected)


@pytest.mark.parametrize(("data", "arch"), list(KINDS.items()))
def test_the_weights_open_with_safetensors_alone_under_the_modules_own_names(data: str, arch: str, tiny: Tiny) -> None:
    run = tiny(data, arch)
    weights = load_file(run.path / "model" / "model.safetensors")
    own = run.model.network.state_dict()
    assert weights.keys() == own.keys()
    assert all(torch.equal(weights[name], own[name]) for name in own)


@pytest.mark.parametrize(("data", "arch"), list(KINDS.items()))
def test_the_cards_nntui_code_runs_as_shown(
    data: str, arch: str, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny(data, arch).path, tmp_path / "moved")  # it need not be where it was trained
    monkeypatch.chdir(tmp_path / "moved" / "model")
    inputs = write_inputs(Path.cwd())
    block = code_blocks(tiny(data, arch))[0]
    assert ("sys.argv" in block) == (data in ("spoken-languages", "seattle-weather"))  # what nobody can type
    monkeypatch.setattr(sys, "argv", ["load.py", inputs[data]])
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block, {})
    assert re.match(r"\[Prediction\(label='.+', value=.+\)\]", printed.getvalue())


def test_the_card_of_a_table_asks_about_a_row_that_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{20 + i % 7}.25,{('Oslo', 'new ' + chr(27) + '[31mred')[i % 2]},Smith{i},{i % 2}" for i in range(60)]
    (tmp_path / "people.csv").write_text("\n".join(["age,town,name,ill", *lines]) + "\n")
    data = {"path": str(tmp_path / "people.csv"), "target": "town", "drop": ["ill"]}
    run = nntui.train(data=data, arch={"name": "ffn", "hidden": [4]}, epochs=1, runs=tmp_path / "runs", name="people")
    card = (run.path / "model" / "README.md").read_text()
    assert "- columns that it needs: age (number)\n" in card
    assert "- columns left out: name (an identifier), ill (as said)" in card
    assert "Smith" not in card and "\x1b" not in card
    monkeypatch.chdir(run.path / "model")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code_blocks(run)[0], {})
    assert printed.getvalue().startswith("[Prediction(label=")


def test_the_card_tells_how_outputs_become_answers_in_their_own_unit(tiny: Tiny) -> None:
    run = tiny("auto-mpg", "ffn")
    card = (run.path / "model" / "README.md").read_text()
    told = re.search(r"In their own unit they are (exp\()?y \* \[(.+)\] \+ \[(.+)\]\)?\.", card)
    assert told is not None
    row = (
        '{"cyl": 4, "displ": 120, "hp": 90, "weight": 2500, "accel": 15, "yr": 76, "origin": "1", "maker": "ford",'
        ' "fuel": "petrol"}'
    )
    model = run.model
    encoded = model.preprocessor.encode(model.preprocessor.read([row]))
    features, categories = model.spec.inputs
    normal = (encoded["features"] - torch.tensor(features.mean)) / torch.tensor(features.std)
    with torch.no_grad():
        y = model.network(normal.float(), encoded[categories.name])
    assert bool(told[1]) == model.spec.target.log
    own = y.item() * float(told[2]) + float(told[3])
    own = math.exp(own) if told[1] else own
    assert run.predict(row)[0].value == pytest.approx(own, rel=1e-4)


def test_a_card_tells_each_class_as_the_confusion_has_it_and_both_hashes(tiny: Tiny) -> None:
    from nntui.engine.building import open_source
    from nntui.engine.split import rows_hash, split_rows
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve_said
    from nntui.spec.toml import read_toml

    run = tiny("penguins", "ffn")
    card = (run.path / "model" / "README.md").read_text()
    spec = resolve_said(read_toml(run.path / "run.toml"), registry()).spec
    source = open_source(spec)
    rows = split_rows(source, spec.data_settings)
    for name in ("train", "test"):
        assert f"`{rows_hash(source.fingerprint, rows[name])}`" in card
    assert source.targets is not None
    told = {
        name: int(count) for name, count in re.findall(r"^\| (\w+) \| [^|]+ \| [^|]+ \| [^|]+ \| (\d+) \|$", card, re.M)
    }
    truth = source.targets[rows["test"]].tolist()
    assert told == {name: truth.count(code) for code, name in enumerate(run.model.spec.target.names)}
    assert "split at random within each class" in card and "It knows its classes alone" in card
    assert "has a standard error of" in card


def _card(tmp_path: Path, report: nntui.DataReport, path: str) -> str:
    """A card's data and limits as they would be for a person's own files that were read with this report."""
    from dataclasses import replace

    from nntui.engine.assembly import assemble
    from nntui.engine.building import open_data
    from nntui.engine.card_data import about_data, about_limits
    from nntui.engine.meters import Measured
    from nntui.hooks.registry import registry
    from nntui.spec.resolve import resolve_said
    from nntui.spec.said import Said

    spec = resolve_said(Said(tree={"data": {"name": "penguins"}, "arch": {"name": "ffn"}}), registry()).spec
    training = assemble(spec, open_data(spec)).training
    training.spec = replace(spec, data_settings=spec.data_settings.model_copy(update={"path": path}))
    return "\n".join([*about_data(training, report), *about_limits(training, Measured(), "test", report)])


def test_a_card_of_a_persons_own_files_tells_what_they_were_taken_for_and_not_where_they_lie(tmp_path: Path) -> None:
    report = nntui.DataReport(
        taken_for="3 folders of pictures: cat, dog, owl",
        findings=(
            nntui.Finding(kind="skipped", message="files that are no pictures", count=1200, places=("secret/a.txt",)),
            nntui.Finding(kind="warning", message="the column `id` tells every row apart", places=("line 9",)),
        ),
    )
    card = _card(tmp_path, report, "/home/somebody/clinic/pets")
    assert "`pets`, taken for: 3 folders of pictures: cat, dog, owl." in card
    assert "left out (1,200): files that are no pictures" in card and "- the column `id` tells every row apart" in card
    assert "somebody" not in card and "clinic" not in card and "secret" not in card and "line 9" not in card


@pytest.mark.parametrize("name", ["a | b", "new\nline", "<script>", "", "back\\slash"])
def test_a_class_of_any_name_is_one_cell_of_the_cards_table(name: str) -> None:
    from nntui.engine.card_results import about_results
    from nntui.engine.meters import Measured

    target = nntui.TargetSpec(kind="classes", size=2, names=(name, "other"))
    lines = about_results(Measured({"accuracy": 0.5}, [[0, 3], [0, 5]]), "test", target)
    row, other = lines[-2:]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6 and "\n" not in row and "<" not in row
    assert other == "| other | 0.625 | 1.000 | 0.769 | 5 |" and row.endswith("| - | 0.000 | 0.000 | 3 |")


def test_a_card_says_so_when_nothing_was_measured(tmp_path: Path) -> None:
    run = nntui.train(data={"name": "moons", "test": 0.0, "validation": 0.0}, arch="ffn", epochs=1, runs=tmp_path)
    card = (run.path / "model" / "README.md").read_text()
    assert "It was not measured: no rows were kept for that." in card
    assert run.metrics == {}


def test_a_run_folder_holds_no_pickle(tiny: Tiny) -> None:
    for data, arch in KINDS.items():
        for path in tiny(data, arch).path.rglob("*"):
            if not path.is_file():
                continue
            assert path.suffix in {".safetensors", ".json", ".jsonl", ".toml", ".md", ".png", ".txt", ""}, path
            begin = path.read_bytes()[:9]
            if path.suffix == ".safetensors":  # begins with the length of its header, any number, and the header
                assert begin[8:] == b"{", path
                continue
            assert not begin.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK")), path


# no pickle in the sources


def ruff(source: str) -> str:
    """What ruff says of a module of nntui with this source."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"),
            *("--stdin-filename", "nntui/engine/snippet.py", "-"),
        ],
        cwd=ROOT,
        input=source,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "source",
    [
        'import torch\n\nWEIGHTS = torch.load("weights.pt")\n',
        'import torch as t\n\nt.save({}, "weights.pt")\n',
        "from torch import load\n\nload('x')\n",
        "import pickle\n\nprint(pickle)\n",
        "from pickle import loads\n\nprint(loads)\n",
        "import cloudpickle\n\nprint(cloudpickle)\n",
    ],
)
def test_ruff_refuses_pickle_in_nntui(source: str) -> None:
    assert "TID251" in ruff(source)


def test_ruff_lets_safetensors_pass() -> None:
    assert "TID251" not in ruff('from safetensors.torch import load_file\n\nload_file("x")\n')


def allows_pickle(source: str) -> bool:
    """Whether a call may unpickle arrays (`np.load(..., allow_pickle=True)`): ruff has no rule for it."""
    return any(
        keyword.arg == "allow_pickle" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
    )


def test_no_source_of_nntui_lets_numpy_unpickle() -> None:
    assert allows_pickle("np.load(path, allow_pickle=True)") and allows_pickle("np.load(path, allow_pickle=said)")
    assert not allows_pickle("np.load(path, allow_pickle=False)")
    sources = [*(ROOT / "nntui").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    assert len(sources) > 50
    assert [path for path in sources if allows_pickle(path.read_text(encoding="utf-8"))] == []
