"""Light at rest: what a fresh process has imported once a command has run."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from distributions import Site

# Every command that must not import torch. Add yours here.
LIGHT = [
    ["--version"],
    ["--help"],
    ["plugins"],
    ["plugins", "--json"],
    ["architectures"],
    ["architectures", "show", "cnn"],
    ["activations"],
    ["activations", "show", "relu"],
    ["datasets"],
    ["datasets", "show", "digits"],
    ["devices"],
    ["optimizers"],
    ["optimizers", "show", "adamw"],
    ["schedules"],
    ["exporters"],
    ["exporters", "show", "onnx"],
    ["panels"],
    ["panels", "show", "metrics"],
    ["runs"],
    ["spec"],
    ["train", "--help"],
    ["train", "--arch", "cnn", "--help"],
    ["ctl", "--help"],
    ["fork", "--help"],
]
HEAVY = {"torch", "torchvision", "polars", "sklearn", "textual"}
NOT_AT_THE_TOP = {"pydantic", "msgspec", "rich", "pluggy", "numpy", "importlib.metadata", "nntui.builtin"}

_RUN = """
import sys
sys.argv = ["nntui", *{arguments!r}]
from nntui.__main__ import main
try:
    main()
except SystemExit as end:
    assert end.code == 0, end.code
import json
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def _modules(site: Site, arguments: list[str]) -> set[str]:
    done = site.python(_RUN.format(arguments=arguments), NO_COLOR="1", NNTUI_RUNS=str(site.packages / "runs"))
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", LIGHT, ids=" ".join)
def test_a_listing_imports_no_torch(site: Site, arguments: list[str]) -> None:
    assert _modules(site, arguments) & HEAVY == set()


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_import_click_alone(site: Site, argument: str) -> None:
    site.add("crashes", "import os; os._exit(3)")
    imported = _modules(site, [argument])
    assert imported & (HEAVY | NOT_AT_THE_TOP) == set()
    assert {name for name in imported if name.startswith("nntui.")} == {
        "nntui.__main__",
        "nntui._version",
        "nntui.cli",
        "nntui.cli.main",
        "nntui.hooks",
        "nntui.hooks.errors",
    }


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_cost_no_more_than_twice_an_import_of_click(argument: str) -> None:
    def seconds(*command: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    pairs = [(seconds("-c", "import click"), seconds("-m", "nntui", argument)) for _ in range(7)]
    bare, ours = (min(times) for times in zip(*pairs, strict=True))
    assert ours <= 2 * bare, f"{ours * 1000:.0f} ms against {bare * 1000:.0f} ms"
