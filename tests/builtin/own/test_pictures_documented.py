"""What docs/own-data.md says of pictures works, from a person's files to predictions; and many of them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from own_pictures import SNEAKER, clothes, write
from PIL import Image

from nntui.cli.main import run as nntui

REPOSITORY = Path(__file__).parents[3]
SHORT = ["--epochs", "3", "--arch.channels", "8,16"]


def test_the_example_of_pictures_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNTUI_RUNS", raising=False)
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    for name, code in (("bag", 8), ("coat", 4), ("sneaker", SNEAKER)):
        write(tmp_path / "clothes" / name, code, 60, ending="jpg")
    lines = ["picture,kind,note"]
    lines += [f"clothes/{name}/{n:03}.jpg,{name},x" for name in ("bag", "sneaker") for n in range(40)]
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "new").mkdir()
    Image.fromarray(clothes(SNEAKER)[100]).save(tmp_path / "new" / "a.jpg")
    Image.fromarray(clothes(SNEAKER)[101]).save(tmp_path / "new" / "b.png")
    section = (REPOSITORY / "docs" / "own-data.md").read_text(encoding="utf-8").split("\n## Pictures\n")[1]
    section = section.split("\n## ")[0]
    commands = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    said = {}
    for line in commands:
        words = shlex.split(line)[1:]
        code = nntui([*words, *(SHORT if words[0] == "train" else [])])
        told = capsys.readouterr()
        assert code == 0, f"{line}\n{told.out}{told.err}"
        said[words[0]] = told.out
    assert len(commands) == 4
    assert said["predict"].count("sneaker") >= 2


@pytest.mark.slow
def test_thousands_of_pictures_take_little_memory_and_are_read_about_as_fast_as_from_memory(tmp_path: Path) -> None:
    command = [sys.executable, str(REPOSITORY / "benchmarks" / "own_scale.py"), "--images", "4000", "--rows", "20000"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(told.stdout)
    assert figures["streaming_accuracy"] == figures["resident_accuracy"]
    assert figures["streaming_training_megabytes"] < 500
    assert figures["streaming_megabytes"] < 300
    best = {kind: max(figures[f"{kind}_rows_per_second"]) for kind in ("streaming", "resident")}
    assert best["streaming"] > best["resident"] / 4  # half, where nothing else runs on the machine
    assert figures["table_training_megabytes"] < 500
