"""What docs/own-data.md says of recordings, arrays and Python works, from a person's files to predictions."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.datasets import load_digits

from nntui.cli.main import run as nntui

DOCUMENT = Path(__file__).parents[3] / "docs" / "own-data.md"
RATE = 8000


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNTUI_RUNS", raising=False)
    return tmp_path


def blocks(section: str, language: str) -> list[str]:
    text = DOCUMENT.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def follow(section: str, capsys: pytest.CaptureFixture[str], *short: str) -> list[str]:
    """Runs the commands of a section; what each said."""
    said = []
    for line in "".join(blocks(section, "sh")).splitlines():
        words = shlex.split(line)[1:]
        code = nntui([*words, *(short if words[0] == "train" else ())])
        told = capsys.readouterr()
        assert code == 0, f"{line}\n{told.out}{told.err}"
        said.append(told.out)
    return said


def call(kind: str, number: int) -> np.ndarray:
    """An alarm keeps its pitch, a siren climbs."""
    at = np.arange(RATE // 2) / RATE
    pitch = 600 + 20 * number + (0 if kind == "alarm" else 900 * at)
    noise = 0.02 * np.random.default_rng(number).standard_normal(len(at))
    return (0.4 * np.sin(2 * np.pi * pitch * at) + noise).astype(np.float32)


def test_the_example_of_recordings_works(scratch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["recording,who,label"]
    for kind in ("alarm", "siren"):
        (scratch / "calls" / kind).mkdir(parents=True)
        for number in range(16):
            place = f"calls/{kind}/{number}.{('wav', 'flac', 'ogg', 'mp3')[number % 4]}"
            soundfile.write(scratch / place, call(kind, number), RATE)
            lines.append(f"{place},{'abcd'[number // 4]},{kind}")
    (scratch / "calls.csv").write_text("\n".join(lines), encoding="utf-8")
    (scratch / "new").mkdir()
    soundfile.write(scratch / "new" / "a.ogg", call("siren", 30), RATE)
    said = follow("Recordings", capsys, "--epochs", "10", "--batch-size", "8")
    assert said[1].count("siren") >= 2
    assert "read by audio" not in said[2]


def test_the_example_of_arrays_works(scratch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digits = load_digits()
    np.savez(scratch / "digits.npz", images=digits.images[:600], labels=digits.target[:600])
    np.save(scratch / "new.npy", digits.images[600:603])
    said = follow("Arrays", capsys, "--epochs", "5")
    answers = [line.split() for line in said[1].splitlines() if "new.npy" in line]
    assert len(answers) == 3


def test_the_example_in_python_works(scratch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = blocks("From Python", "python")
    exec(compile(program, "own-data.md", "exec"), {})
    accuracy, label = capsys.readouterr().out.split()
    assert float(accuracy) > 0.8
    assert label in ("0", "1")
    assert len(list((scratch / "runs" / ".data").iterdir())) == 1
