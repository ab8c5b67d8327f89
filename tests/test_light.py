"""Light at rest: what runs without training imports no torch. Proved in fresh processes, by sys.modules."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

LIST = """
import json, sys
from nntui.cli.main import run
code = run(sys.argv[1:])
sys.stdout.flush()
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def modules_after(*arguments: str, cwd: Path | None = None) -> set[str]:
    """The modules of a process that ran a command."""
    done = subprocess.run([sys.executable, "-c", LIST, *arguments], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    code, modules = json.loads(done.stderr.strip().splitlines()[-1])
    assert code == 0, (arguments, done.stdout)
    return set(modules)


@pytest.mark.parametrize(
    "command",
    [
        "--version",
        "--help",
        "plugins",
        "architectures",
        "activations",
        "datasets",
        "devices",
        "optimizers",
        "schedules",
        "exporters",
        "panels",
        "architectures show cnn",
        "runs",
        "spec",
        "spec --schema",
        "train --help",
        "train --arch cnn --help",
        "fork --help",
        "ctl --help",
        "predict --help",
        "evaluate --help",
        "export --help",
        "attach --help",
        "new --help",
        "settings",
    ],
)
def test_what_does_not_train_imports_no_torch(command: str, tmp_path: Path) -> None:
    modules = modules_after(*command.split(), cwd=tmp_path)
    assert not {"torch", "torchvision", "numpy", "polars"} & modules


@pytest.mark.parametrize("command", ["--version", "--help"])
def test_version_and_help_import_neither_pydantic_nor_a_plugin(command: str) -> None:
    modules = modules_after(command)
    assert not [m for m in modules if m.split(".")[0] in ("pydantic", "rich", "msgspec", "pluggy")]
    assert not [m for m in modules if m.startswith("nntui.builtin")]


def test_importing_nntui_costs_nothing() -> None:
    code = "import sys, nntui; print(sorted(m for m in sys.modules if m.startswith(('pydantic', 'torch', 'nntui.'))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['nntui._version']"


def test_the_engine_imports_no_interface() -> None:
    code = "import sys, nntui.engine.run; print([m for m in ('textual', 'rich', 'click') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_training_a_built_in_network_imports_neither_torchvision_nor_torchs_optimizer_classes(tmp_path: Path) -> None:
    """Making a torch.optim optimizer imports torch._dynamo: more than a second, and 150 MB."""
    code = f"""
import sys, nntui
nntui.train(data="digits", arch="ffn", epochs=1, runs={str(tmp_path)!r})
print([m for m in ('torchvision', 'torch._dynamo', 'polars') if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


INTERFACE = """
import asyncio, json, sys
from pathlib import Path
from nntui.runs.folder import create_run
from nntui.runs.settings import Settings
from nntui.tui.app import NNTuiApp

async def main(screen, root):
    folder = create_run(root, "quick-otter-7") if screen == "run" else None
    app = NNTuiApp(root, screen=screen, open=folder, settings=Settings())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("screen", ["runs", "run", "new"])
def test_the_interface_imports_neither_torch_nor_the_engine(screen: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", INTERFACE, screen, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout.splitlines()[-1])
    assert not [m for m in modules if m.split(".")[0] in ("torch", "torchvision", "polars")]
    assert not [m for m in modules if m.startswith(("nntui.engine", "nntui.api"))]
    if screen != "new":  # a form knows every parameter; what only looks at runs waits for no pydantic and no plugin
        assert not [m for m in modules if m.split(".")[0] in ("pydantic", "click") or m.startswith("nntui.builtin")]
