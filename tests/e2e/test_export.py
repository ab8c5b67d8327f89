"""What is exported answers as the model does, on every kind of data, without nntui; or nothing is left."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from tiny import KINDS, Tiny, write_inputs

import nntui
from nntui.cli.main import run as command
from nntui.engine.exporting import TOLERANCE

CASES: list[tuple[str, str, dict[str, Any]]] = [
    *((data, arch, {}) for data, arch in KINDS.items()),
    ("digits", "rnn", {"cell": "gru", "layers": 2}),
    ("word-languages", "rnn", {"cell": "gru", "bidirectional": True}),
    ("word-languages", "ffn", {}),
]
SLOW_IN_PT2 = (("digits", "rnn"), ("word-languages", "rnn"))
"""Beside those of KINDS: seconds each, and what is special in them is special in ONNX."""
IDS = ["-".join([data, arch, *(f"{k}-{v}" for k, v in params.items())]) for data, arch, params in CASES]


def answers(to: str, path: Path, inputs: dict[str, Any]) -> Any:
    """What the file answers, opened as somebody without nntui opens it."""
    if to == "onnx":
        import onnxruntime

        (told,) = onnxruntime.InferenceSession(path).run(None, inputs)
        return told
    arrays = [torch.from_numpy(array) for array in inputs.values()]
    return torch.export.load(path).module()(*arrays).detach().numpy()


def padded(inputs: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    """Filled with zeros to the steps that the file's JSON says it takes."""
    made = {}
    for tensor in beside["inputs"]:
        array = inputs[tensor["name"]]
        steps = tensor["shape"][1] if len(tensor["shape"]) > 1 else None
        if steps is not None and array.shape[1] < steps:
            array = np.pad(array, [(0, 0), (0, steps - array.shape[1]), *[(0, 0)] * (array.ndim - 2)])
        made[tensor["name"]] = array
    return made


def examples(path: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)


def numbers(prediction: Any) -> dict[str, float]:
    """An answer as numbers by name."""
    told = prediction if isinstance(prediction, dict) else vars(prediction)
    if told["probabilities"]:
        return dict(told["probabilities"])
    values = told["value"] if isinstance(told["value"], (list, dict)) else [told["value"]]
    return dict(values.items()) if isinstance(values, dict) else {str(n): v for n, v in enumerate(values)}


def agree(one: dict[str, float], other: dict[str, float], unit: float) -> bool:
    """Equal names, and numbers within the tolerance of `unit` (six digits are told of a value)."""
    shared = one.keys() & other.keys()
    assert len(shared) >= 0.9 * len(one)  # of many tokens the ten likeliest are told: the last of them may tie
    return all(abs(one[name] - other[name]) <= TOLERANCE * max(unit, 1e-2 * abs(one[name])) for name in shared)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "arch", "params", "to"),
    [
        pytest.param(*case, to, id=f"{name}-{to}")
        for name, case in zip(IDS, CASES, strict=True)
        for to in ("onnx", "pt2")
        if to == "onnx" or not case[2] or case[:2] not in SLOW_IN_PT2
    ],
)
def test_a_file_answers_as_predict_does(
    data: str, arch: str, params: dict[str, Any], to: str, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = tiny(data, arch, **params)
    asked = write_inputs(tmp_path)[data]
    written = run.export(to, tmp_path / f"tiny.{to}")
    assert written.difference <= 1e-5 and written.checked_on == "test rows" and written.rows > 1
    assert [file.name for file in written.files] == [f"tiny.{to}", f"tiny.{to}.md", f"tiny.{to}.json"]

    beside = json.loads((tmp_path / f"tiny.{to}.json").read_text())
    inputs = run.encode(asked)
    assert [tensor["name"] for tensor in beside["inputs"]] == list(inputs)
    assert [tensor["dtype"] for tensor in beside["inputs"]] == [str(array.dtype) for array in inputs.values()]
    told = answers(to, written.path, padded(inputs, beside))
    assert list(told.shape[1:]) == beside["output"]["shape"][1:] and str(told.dtype) == beside["output"]["dtype"]
    (decoded,) = run.model.preprocessor.decode(torch.from_numpy(told))

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert command(["predict", str(run.path), asked, "--json"]) == 0
    (said,) = json.loads(printed.getvalue())
    (loaded,) = run.predict(asked)
    unit = min(run.model.spec.target.std, default=1.0)
    assert agree(numbers(decoded), numbers(loaded), unit) and agree(numbers(said), numbers(loaded), unit)
    assert decoded.label == loaded.label == said["label"]

    (example,) = examples(tmp_path / f"tiny.{to}.md")
    with contextlib.redirect_stdout(printed):
        exec(example, {})  # as it is shown, in the folder of the file
    assert printed.getvalue().splitlines()[-1].strip()


@pytest.fixture(scope="module")
def words(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> tuple[nntui.LoadedRun, Path]:
    """A network that reads both ways, in ONNX."""
    run = tiny("word-languages", "rnn", cell="gru", bidirectional=True)
    return run, run.export("onnx", tmp_path_factory.mktemp("words") / "words.onnx").path


@pytest.mark.slow
def test_onnx_takes_any_number_of_rows_of_any_length(words: tuple[nntui.LoadedRun, Path]) -> None:
    run, path = words
    for asked in (["a"], ["bibliothek", "be", "extraordinarily" * 6], ["oui"] * 70):
        told = answers("onnx", path, run.encode(asked))
        for one, other in zip(run.model.preprocessor.decode(torch.from_numpy(told)), run.predict(asked), strict=True):
            assert agree(numbers(one), numbers(other), 1.0)


@pytest.mark.slow
def test_onnx_names_what_is_free_and_says_where_it_comes_from(words: tuple[nntui.LoadedRun, Path]) -> None:
    import onnx

    model = onnx.load(words[1])
    onnx.checker.check_model(model, full_check=True)
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in [*model.graph.input, *model.graph.output]
    }
    assert shapes["tokens"] == ["N", "T"] and shapes["length"] == ["N"] and shapes["probabilities"][0] == "N"
    assert model.producer_name == "nntui" and "exported by nntui" in model.doc_string
    assert {node.op_type for node in model.graph.node} & {"GRU"}


@pytest.mark.slow
def test_pt2_says_which_length_a_recurrence_has(tiny: Tiny, tmp_path: Path) -> None:
    run = tiny("word-languages", "rnn", cell="gru", bidirectional=True)
    with pytest.raises(nntui.UserError, match="--length 2 is too short: the longest row known has"):
        run.export("pt2", tmp_path / "words.pt2", length=2)
    assert list(tmp_path.iterdir()) == []
    path = run.export("pt2", tmp_path / "words.pt2", length=30).path
    (tokens, _) = json.loads((tmp_path / "words.pt2.json").read_text())["inputs"]
    assert tokens["shape"] == [None, 30] and "takes 30 steps" in (tmp_path / "words.pt2.md").read_text()
    inputs = run.encode(["bibliothek", "a"])
    inputs["tokens"] = np.pad(inputs["tokens"], ((0, 0), (0, 30 - inputs["tokens"].shape[1])))
    told = run.model.preprocessor.decode(torch.from_numpy(answers("pt2", path, inputs)))
    assert all(
        agree(numbers(one), numbers(other), 1.0)
        for one, other in zip(told, run.predict(["bibliothek", "a"]), strict=True)
    )
    with pytest.raises(nntui.UserError, match="and this is none"):
        tiny("moons", "ffn").export("pt2", tmp_path / "moons.pt2", length=9)


PLAIN = """
import sys
sys.modules["nntui"] = None
import torch
from safetensors.torch import load_file
names = {}
exec(open("moons_network.py").read(), names)
names["model"].load_state_dict(load_file("moons.safetensors"))
print(names["model"].eval()(torch.tensor([[0.25, -1.0]])).tolist())
"""


def test_safetensors_are_the_weights_what_made_them_and_the_network_as_plain_pytorch(
    tiny: Tiny, tmp_path: Path
) -> None:
    run = tiny("moons", "ffn")
    written = run.export("safetensors", tmp_path / "moons.safetensors")
    assert written.difference == 0.0
    assert {file.name for file in written.files} == {
        "moons.safetensors", "moons.safetensors.md", "moons.safetensors.json", "moons_network.py",
    }  # fmt: skip
    with safe_open(written.path, "pt") as file:
        assert json.loads(file.metadata()["nntui"])["architecture"]["name"] == "builtin/ffn"
        own = run.model.network.state_dict()
        assert {name: file.get_tensor(name).tolist() for name in file.keys()} == {n: t.tolist() for n, t in own.items()}  # noqa: SIM118
    plain = subprocess.run([sys.executable, "-c", PLAIN], cwd=tmp_path, capture_output=True, text=True)
    assert plain.returncode == 0, plain.stderr
    with torch.no_grad():
        expected = run.model.network(torch.tensor([[0.25, -1.0]]))
    assert np.allclose(json.loads(plain.stdout), expected.numpy(), atol=1e-6)
    alone = run.export("safetensors", tmp_path / "alone.safetensors", source=False)
    assert not (tmp_path / "alone_network.py").exists() and len(alone.files) == 3


# the command


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs `nntui export` in an empty folder; returns its code, what it printed and what it complained of."""
    monkeypatch.chdir(tmp_path)

    def do(run: Path, *arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = command(["export", str(run), *arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return do


def test_the_command_tells_the_difference_and_what_it_wrote(tiny: Tiny, ask: Any, tmp_path: Path) -> None:
    run = tiny("moons", "ffn")
    code, said, _ = ask(run.path, "--to", "safetensors")
    assert code == 0 and (tmp_path / f"{run.name}.safetensors").is_file()
    assert re.search(r"on 64 test rows it differs from the model by at most \S+ of a probability", said)
    assert set(said.split()) >= {f"{run.name}.safetensors", f"{run.name}.safetensors.md"}
    code, said, _ = ask(run.path, "--to", "safetensors", "--out", "again.safetensors", "--no-source", "--json")
    told = json.loads(said)
    assert code == 0 and told["difference"] == 0.0 and told["exporter"] == "builtin/safetensors"
    assert Path(told["files"][0]).name == "again.safetensors" and len(told["files"]) == 3


def test_what_answers_otherwise_is_not_kept(
    tiny: Tiny, ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nntui.builtin.exporting import to_safetensors

    plain = to_safetensors.build

    def off_by(amount: float) -> Any:
        def build(params: Any, model: Any, path: Path) -> nntui.Exported:
            made = plain(params, model, path)
            return nntui.Exported(run=lambda given: made.run(given) + amount)

        return build

    run = tiny("moons", "ffn")
    for amount in (2 * TOLERANCE, float("nan")):
        monkeypatch.setattr(to_safetensors, "build", off_by(amount))
        code, said, complained = ask(run.path, "--to", "safetensors")
        assert code == 3 and said == "" and "differs from the model by" in complained
        assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(to_safetensors, "build", off_by(TOLERANCE / 2))
    assert ask(run.path, "--to", "safetensors")[0] == 0


def test_without_the_extra_the_command_says_what_to_install(
    tiny: Tiny, ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nntui.engine.exporting.find_spec", lambda name: None if name == "onnxscript" else name)
    code, _, complained = ask(tiny("moons", "ffn").path, "--to", "onnx")
    assert code == 2 and "needs onnxscript" in complained and "pip install 'nntui[onnx]'" in complained
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "onx"], "did you mean onnx?"),
        (["--to", "onnx", "--opsett", "18"], "did you mean --opset?"),
        (["--to", "onnx", "--opset", "3"], "--opset: must be at least 18, got 3"),
        (["--to", "onnx", "--opset", "new"], "--opset: must be a whole number"),
        (["--to", "onnx", "--opset"], "--opset needs a value"),
        (["--to", "onnx", "more"], "more is no option of nntui export"),
        (["--to", "safetensors", "--out", "taken"], "taken already"),
        (["--to", "safetensors", "--out", "no/such/file"], "there is no folder"),
        (["--to", "safetensors", "--out", "."], "is a folder"),
        ([], "Missing option '--to'"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(
    arguments: list[str], said: str, tiny: Tiny, ask: Any, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    code, _, complained = ask(tiny("moons", "ffn").path, *arguments)
    assert code == 2 and said in complained
    assert [path.name for path in tmp_path.iterdir()] == ["taken"] and (tmp_path / "taken").read_text() == "mine"


def test_force_writes_over_what_is_there(tiny: Tiny, ask: Any, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    assert ask(tiny("moons", "ffn").path, "--to", "safetensors", "--out", "taken", "--force")[0] == 0
    with safe_open(tmp_path / "taken", "pt") as file:
        assert list(file.keys())


def test_it_is_checked_on_the_runs_examples_where_the_data_has_changed_and_on_made_up_rows_without_a_run(
    tiny: Tiny, tmp_path: Path
) -> None:
    for data, arch in (("digits", "cnn"), ("moons", "ffn"), ("penguins", "ffn")):
        copy = tmp_path / data
        shutil.copytree(tiny(data, arch).path, copy)
        toml = (copy / "run.toml").read_text()
        (copy / "run.toml").write_text(re.sub(r'(data_fingerprint = ")....', r"\1beef", toml))
        changed = nntui.load(copy).export("safetensors", tmp_path / f"{data}.safetensors")
        assert changed.checked_on == "examples of the run" and changed.rows == 8
        alone = nntui.load(copy / "model")
        shutil.move(copy / "run.toml", tmp_path / f"{data}.toml")
        (copy / "events.jsonl").unlink()
        assert alone.export("safetensors", tmp_path / f"{data}-2.safetensors").checked_on.startswith("made-up rows")


def test_what_describes_an_export_holds_the_fitted_preprocessing_and_no_folder_of_a_person(
    tiny: Tiny, tmp_path: Path
) -> None:
    run = tiny("auto-mpg", "ffn")
    run.export("safetensors", tmp_path / "cars.safetensors")
    beside = json.loads((tmp_path / "cars.safetensors.json").read_text())
    assert beside["preprocessing"] == json.loads((run.path / "model" / "preprocessing.json").read_text())
    text = (tmp_path / "cars.safetensors.md").read_text() + json.dumps(beside)
    assert str(tmp_path.parent) not in text and str(Path.home()) not in text
    assert "| `features` | float32 | N x " in text and "gaps filled with the training median" in text


def test_nothing_of_an_exporter_is_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys, nntui.engine.exporting; "
        "print([m for m in ('onnx', 'onnxscript', 'onnxruntime', 'torch._dynamo') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
