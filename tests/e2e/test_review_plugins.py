"""A plugin that raises while a run uses it: the run fails with 3, the plugin is named, its traceback is in log.txt."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from processes import events_of
from small_runs import RunOf, settings

from nntui.cli.train import read_spec
from nntui.engine import run as engine
from nntui.runs.events import Failed

BROKEN = """
    import torch
    from torch import nn
    from nntui.builtin.datasets.images import ImagePreprocessor
    from nntui.builtin.networks.optimizers import AdamW

    class Activation(nn.Module):
        calls = 0

        def forward(self, x):
            Activation.calls += 1
            if Activation.calls > 8:
                return torch.zeros(3, 3) @ torch.zeros(2, 2)
            return x.relu()

    def activation(params):
        return Activation()

    class Rule(AdamW):
        def update(self, params, grads, state, *, lr, weight_decay):
            raise KeyError("a slot")

    def optimizer(params):
        return Rule(params)

    def schedule(params):
        return lambda progress: 1 / (0.5 - progress) if progress < 0.4 else 1 / 0

    class Preprocessor(ImagePreprocessor):
        def decode(self, output):
            raise IndexError("no such class")
"""


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "acme_broken.py").write_text(dedent(BROKEN))
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("acme_broken", None)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    ("part", "target", "error"),
    [
        ("activation", {"build": "acme_broken:activation"}, "RuntimeError"),
        ("optimizer", {"build": "acme_broken:optimizer"}, "KeyError"),
        ("schedule", {"build": "acme_broken:schedule"}, "ZeroDivisionError"),
        ("data", {"preprocessor": "acme_broken:Preprocessor"}, "IndexError"),
    ],
)
def test_whatever_part_a_plugin_has_in_a_run_it_is_named_when_it_raises(
    part: str, target: dict[str, str], error: str, run_of: RunOf
) -> None:
    folder = run_of("fails", **settings())
    spec = read_spec(folder)
    chosen: Any = getattr(spec, part)
    plugin = replace(chosen, qualified="acme/broken", contribution=replace(chosen.contribution, **target))
    outcome = engine.execute(folder, replace(spec, **{part: plugin}))
    assert outcome.code == 3
    failed = events_of(folder)[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "plugin"
    assert "acme/broken" in failed.message and error in failed.message
    assert "acme_broken.py" in folder.log.read_text()


def test_a_fault_that_is_no_plugin_s_is_nntui_s(run_of: RunOf, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run_of("ours", **settings())

    def fail(_training: object) -> None:
        raise RuntimeError("of our own")

    monkeypatch.setattr(engine.Training, "update", fail)
    assert engine.execute(folder, read_spec(folder)).code == 3
    failed = events_of(folder)[-1]
    assert isinstance(failed, Failed) and failed.kind == "internal" and "report" in failed.advice
