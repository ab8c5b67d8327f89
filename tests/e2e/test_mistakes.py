"""A person's mistakes: exit code 2, no traceback, what was wrong and what to do, and nothing left behind."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tiny import Tiny, folders_before

from nntui.cli.main import run

NAMES = [
    (["--data", "digitz"], ["--data", "'digitz'", "Did you mean digits?"]),
    (["--arch", "cmn"], ["--arch", "'cmn'", "Did you mean cnn?", "there are: cnn, ffn, rnn"]),
    (["--activation", "rellu"], ["--activation", "'rellu'", "relu"]),
    (["--optimizer", "adamm"], ["--optimizer", "'adamm'", "adam"]),
    (["--schedule", "cosin"], ["--schedule", "'cosin'", "cosine"]),
    (["--device", "gpu"], ["--device", "'gpu'", "there are: auto, cpu, cuda, mps"]),
    (["--arch", "ffn", "--arch.hiden", "8"], ["hiden", "--arch.hidden"]),
    (["--trainig.epochs", "3"], ["--trainig", "--training.epochs"]),
    (["--epocs", "3"], ["--epocs", "--epochs"]),
]
TYPES = [
    (["--epochs", "many"], ["--epochs", "a whole number", '"many"']),
    (["--lr", "fast"], ["--lr", "a number", '"fast"']),
    (["--epochs", "0"], ["--epochs", "at least 1"]),
    (["--arch", "ffn", "--arch.hidden", "8,x"], ["--arch.hidden", "a whole number", '"x"']),
    (["--precision", "float12"], ["--precision", "auto, float32 or bfloat16"]),
    (["--training.ema", "2"], ["--training.ema", "less than 1"]),
    (["--lr", "1e400"], ["--lr", "a finite number", "got inf"]),
    (["--lr", "nan"], ["--lr", "a finite number", "got nan"]),
    (["--batch-size", "99999999999999999999999999"], ["--batch-size", "too large", "9223372036854775807"]),
    (["--arch", "ffn", "--arch.hidden", "rnn"], ["--arch.hidden", "a list of whole numbers, such as 32,64"]),
    (["--epochs"], ["--epochs", "value"]),
]
WORLD = [
    (["--device", "cuda"], ["no CUDA device", "--device cpu"]),
    (["--data", "titanic", "--arch", "cnn"], ["cnn does not take titanic", "--arch ffn"]),
    (["--data", "moons", "--arch", "rnn"], ["rnn does not take moons", "--arch ffn"]),
    (["--data", "./nowhere"], ["./nowhere", "no file", "nntui datasets"]),
    (["nowhere.toml"], ["no spec file nowhere.toml", "nntui spec > "]),
    (["--resume", "nobody"], ["no run named 'nobody'", "nntui runs"]),
    (["--replay", "nobody"], ["no run named 'nobody'", "nntui runs"]),
    (["--init-from", "nobody"], ["no run named 'nobody'", "nntui runs"]),
    (["--resume", "a", "--replay", "b"], ["--resume", "--replay", "choose one"]),
    (["--name", "a/b"], ["a/b", "name", "--runs DIR"]),
    (["--training.metric", "beauty", "--arch", "ffn"], ["beauty", "accuracy"]),
    (["--training.loss", "mse", "--data", "digits", "--arch", "ffn"], ["mse", "cross-entropy"]),
]


@pytest.mark.parametrize(("arguments", "told"), [*NAMES, *TYPES, *WORLD], ids=lambda value: " ".join(value)[:40])
def test_a_mistake_ends_with_2_says_what_to_do_and_leaves_no_run(
    arguments: list[str],
    told: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if _has_cuda() and "cuda" in arguments:
        pytest.skip("there is a CUDA device here")
    monkeypatch.chdir(tmp_path)
    with folders_before(tmp_path / "runs"):
        assert run(["train", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.partition("error: ")[2], error
    for words in told:
        assert words in error


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


FIVE = """\
[data]
name = "digitz"

[arch]
name = "ffn"
hiden = [8]

[optimizer]
lr = "fast"

[training]
epochs = 0
precision = "float12"
"""


def test_five_errors_of_a_file_are_told_at_once_each_with_its_line_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("five.toml").write_text(FIVE)
    assert run(["train", "five.toml"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: 5 things are wrong:\n")
    assert re.findall(r"five\.toml line (\d+) \((.+?)\)", error) == [
        ("2", "data.name"),
        ("6", "arch.hiden"),
        ("9", "optimizer.lr"),
        ("12", "training.epochs"),
        ("13", "training.precision"),
    ]
    assert not Path("runs").exists()


def test_a_file_that_is_no_toml_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("torn.toml").write_text('[data]\nname = "digits\n')
    assert run(["train", "torn.toml"]) == 2
    error = capsys.readouterr().err
    assert "torn.toml" in error and "line 2" in error


def test_a_file_that_no_reader_takes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("things.xyz").write_bytes(bytes(range(256)) * 8)
    assert run(["train", "--data", "./things.xyz"]) == 2
    error = capsys.readouterr().err
    assert "no reader takes" in error and "things.xyz" in error and "asked: images, table" in error
    assert not Path("runs").exists()


# runs that are there


def test_a_run_that_is_done_is_not_resumed(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    path = tiny("moons", "ffn").path
    before = (path / "events.jsonl").read_bytes()
    assert run(["train", "--resume", str(path)]) == 2
    error = capsys.readouterr().err
    assert "moons-ffn is done" in error and "nntui fork moons-ffn --at last --epochs" in error
    assert (path / "events.jsonl").read_bytes() == before


def test_a_resume_with_other_settings_is_refused_and_a_fork_advised(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "--resume", str(tiny("moons", "ffn").path), "--lr", "1"]) == 2
    assert "nntui fork moons-ffn" in capsys.readouterr().err


def test_a_run_that_is_not_live_takes_no_commands(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    path = tiny("moons", "ffn").path
    assert run(["ctl", str(path), "pause"]) == 2
    error = capsys.readouterr().err
    assert "moons-ffn is not live (done)" in error and f"nntui fork {path} --at last" in error
    assert not (path / "commands.jsonl").exists()


@pytest.mark.parametrize(
    ("data", "asked", "told"),
    [
        ("digits", "nowhere.png", ["nowhere.png", "no such file", "picture"]),
        ("spoken-languages", "nowhere.wav", ["nowhere.wav", "no such file"]),
        ("seattle-weather", "nowhere.csv", ["nowhere.csv", "no such file"]),
        ("penguins", "nowhere.csv", ["nowhere.csv", "no such file"]),
        ("penguins", "wings=2", ["'wings'", "columns: bill_length_mm"]),
        ("penguins", "island=Biscoe", ["missing bill_length_mm", "bill_length_mm="]),
        ("penguins", "just words", ["'just words'", ".csv file, JSON", "island=TEXT"]),
        ("moons", "1", ["'1'", "x=NUMBER"]),
        ("moons", "a,b", ["'a' is no number"]),
        ("auto-mpg", '{"cyl": [4]}', ["cyl", "neither text nor a number"]),
    ],
)
def test_what_cannot_be_predicted_is_told(
    data: str,
    asked: str,
    told: list[str],
    tiny: Tiny,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from tiny import KINDS

    monkeypatch.chdir(tmp_path)
    assert run(["predict", str(tiny(data, KINDS[data]).path), asked]) == 2
    error = capsys.readouterr().err
    for words in told:
        assert words in error


@pytest.mark.parametrize("data", ["digits", "spoken-languages", "penguins", "seattle-weather"])
def test_a_file_of_another_kind_cannot_be_predicted(
    data: str, tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tiny import KINDS

    wrong = tmp_path / "wrong.csv"
    wrong.write_text("colour,size\nred,3\n")
    assert run(["predict", str(tiny(data, KINDS[data]).path), str(wrong)]) == 2
    assert "wrong.csv" in capsys.readouterr().err


def test_a_model_that_is_damaged_is_told(tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, damage in (("model.safetensors", b"x" * 40), ("config.json", b"{"), ("preprocessing.json", b"[]")):
        copy = tmp_path / f"without-{name}"
        shutil.copytree(tiny("moons", "ffn").path, copy)
        (copy / "model" / name).write_bytes(damage)
        assert run(["predict", str(copy), "0,0"]) == 2, name
        assert name in capsys.readouterr().err


def test_a_folder_without_a_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert run(["predict", str(tmp_path / "empty"), "x"]) == 2
    assert "there is no run at" in capsys.readouterr().err
