"""Headless equals interface: one run, said by keys in the form, by the flags that it shows and by the TOML that it
saves, gives the same weights bit for bit."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

from processes import Warm

from nntui.cli.flags import parse, read
from nntui.hooks.registry import registry
from nntui.runs.creating import new_run
from nntui.runs.folder import RunFolder
from nntui.runs.settings import Settings
from nntui.spec.model import RunSpec
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.tui.app import NNTuiApp
from nntui.tui.form.form import Form
from nntui.tui.screens.new_run import NewRunScreen
from nntui.tui.widgets.form import FormView

TYPED = {
    "arch.channels": "4,8",
    "arch.dropout": "0.2",
    "training.epochs": "2",
    "optimizer.lr": "2e-3",
    "training.seed": "3",
    "device.threads": "1",
}


NAMES = {",": "comma", ".": "full_stop", "-": "minus"}


async def filled_in(runs: Path, toml: Path) -> Form:
    """The form, filled in by keys; its TOML saved by keys."""
    app = NNTuiApp(runs, screen="new", settings=Settings(theme="dark"))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.screen
        assert isinstance(screen, NewRunScreen)
        view = screen.query_one(FormView)

        async def settled() -> None:
            await pilot.pause()
            while not screen.ready:
                await pilot.pause(0.01)

        async def go(key: str) -> None:
            await settled()
            view.move_to([row.key for row in view.rows].index(key))
            await pilot.pause()

        await go("arch.name")
        await pilot.press("right")
        for key, text in TYPED.items():
            await go(key)
            await pilot.press(
                "enter", *({",": "comma", ".": "full_stop", "-": "minus"}.get(c, c) for c in text), "enter"
            )
        await go("arch.residual")
        await pilot.press("space")
        await settled()
        toml.write_text(screen.form.toml())
        return screen.form


def by_flags(line: str) -> RunSpec:
    words = shlex.split(line)
    assert words[:2] == ["nntui", "train"]
    return resolve_said(read(parse(words[2:], registry()).said), registry()).spec


async def test_the_form_its_command_and_its_toml_train_to_the_same_bits(warm: Warm, tmp_path: Path) -> None:
    toml = tmp_path / "saved.toml"
    form = await filled_in(tmp_path, toml)
    command = form.command_line()
    assert command == (
        "nntui train --arch cnn --arch.channels 4,8 --arch.residual --arch.dropout 0.2 --lr 0.002 --threads 1 "
        "--epochs 2 --seed 3"
    )
    template = Form(registry(), read(Said(file=toml)))
    specs = {
        "form": form.checked.spec,
        "flags": by_flags(command),
        "toml": by_flags(f"nntui train {shlex.quote(str(toml))}"),
        "template": template.checked.spec,
    }
    assert all(spec == specs["form"] for spec in specs.values())
    folders: dict[str, RunFolder] = {}
    for name in ("form", "flags", "toml"):
        spec = specs[name]
        assert spec is not None
        folders[name] = new_run(spec, tmp_path / "runs", name)
        assert warm.train(folders[name]) == 0
    resolved = [tomllib.loads(folder.run_toml.read_text())["resolved"] for folder in folders.values()]
    assert resolved[0]["threads"] == 1
    assert resolved.count(resolved[0]) == len(resolved)
    weights = [(folder.path / "model" / "model.safetensors").read_bytes() for folder in folders.values()]
    assert weights.count(weights[0]) == len(weights)
