"""The wheel, installed without the repository, trains the embedded default and carries its data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = (
    *("digits", "fashion", "word-languages", "hamlet", "seattle-weather", "spoken-languages"),
    *("penguins", "titanic", "auto-mpg"),
)

READ_ALL = """
import json, sys
import numpy as np
import nntui
from nntui import DataContext
from nntui.hooks.registry import registry, resolve_target

read = {"nntui": nntui.__file__}
for name in sys.argv[1:]:
    data = registry().load("data", name).contribution
    source = resolve_target(data.build)(data.params(), DataContext())
    columns = source.rows(np.arange(3, dtype=np.int64))
    read[name] = [len(source), data.rows, sorted({len(column) for column in columns.values()})]
print(json.dumps(read))
"""


def run(words: list[str | Path], cwd: Path, **more: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "NNTUI_DATA", "NNTUI_RUNS"))}
    done = subprocess.run(
        words,
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**kept, "OMP_NUM_THREADS": "1", "NNTUI_PLUGINS": "", **more},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; it sees what nntui depends on, and not the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", wheel], folder)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
    # A folder named in a .pth file is looked into; the .pth files in it, which name the checkout, are not obeyed.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "venv" / "bin"


def test_the_wheel_holds_the_package_the_data_and_their_licences_and_nothing_of_the_workshop(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"nntui", next(top for top in tops if top.endswith(".dist-info"))}
    for data in SHIPPED:
        assert f"nntui/datasets/{data}/README.md" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


@pytest.mark.slow
def test_the_installed_wheel_trains_the_embedded_default_from_any_folder(installed: Path, tmp_path: Path) -> None:
    run([installed / "nntui", "train", "--epochs", "1", "--name", "first"], tmp_path, NNTUI_CACHE=str(tmp_path / "c"))
    model = tmp_path / "runs" / "first" / "model"
    assert sorted(path.name for path in model.iterdir()) == [
        *("README.md", "config.json", "model.safetensors", "preprocessing.json")
    ]
    events = (tmp_path / "runs" / "first" / "events.jsonl").read_text().splitlines()
    assert json.loads(events[-1])["status"] == "done"


def test_the_installed_wheel_reads_every_shipped_data_set(installed: Path, tmp_path: Path) -> None:
    said = run([installed / "python", "-c", READ_ALL, *SHIPPED], tmp_path, NNTUI_CACHE=str(tmp_path / "c"))
    read = json.loads(said)
    assert Path(read.pop("nntui")).is_relative_to(installed.parent), "it was the checkout that ran"
    assert read.keys() == set(SHIPPED)
    for name, (rows, told, lengths) in read.items():
        assert rows == told and lengths == [3], name
