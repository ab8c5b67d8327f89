"""`nntui fork`: a new run that goes on from a checkpoint of another, with changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nntui.cli.flags import spec_command

if TYPE_CHECKING:
    from pathlib import Path

    from nntui.runs.folder import RunFolder
    from nntui.spec.model import RunSpec
    from nntui.spec.said import Said

_HELP = """Start a new run from a checkpoint of another.

\b
  nntui fork quick-otter-7 --at best --lr 1e-4
  nntui fork quick-otter-7 --at last --epochs 40

Anything may be changed but the network's shape and the data's meaning. Steps and epochs are counted on; the
optimizer's state is kept unless the optimizer is changed.
"""


@spec_command(
    "fork",
    help=_HELP,
    extra_options=[
        click.Option(["--at"], metavar="STEP|best|last", default="last", help="The checkpoint to go on from."),
        click.Option(["--json"], is_flag=True, help="Print the run's events, one JSON object a line."),
        click.Option(["--no-ui"], is_flag=True, help="Train headless: lines of text, no interface."),
        click.Option(["--name"], metavar="NAME", help="Name of the new run; left out: one is made up."),
        click.Option(["--runs"], metavar="DIR", help="Folder of all runs (NNTUI_RUNS; else ./runs)."),
        click.Option(["--detach"], is_flag=True, help="Train in the background; print the run's name and leave."),
        click.Option(["--after"], metavar="RUN", help="Wait until another run has ended; it is queued till then."),
    ],
)
def command(
    said: Said,
    at: str,
    json: bool,
    no_ui: bool,
    name: str | None,
    runs: str | None,
    detach: bool,
    after: str | None,
) -> int:
    if said.file is None:
        raise click.UsageError("Missing argument 'RUN': the run to go on from.")
    from nntui.cli.train import How, read_spec, start
    from nntui.runs.folder import find_run, runs_root
    from nntui.spec.said import Said

    root = runs_root(runs)
    parent = find_run(str(said.file), root)
    other = None if after is None else find_run(after, root)
    folder = forked(parent, at, Said(tree=said.tree, places=said.places, errors=said.errors), root, name)
    return start(folder, read_spec(folder), How(json=json, detach=detach, ui=not (no_ui or json), after=other))


def fork_as_it_is(parent: RunFolder, at: str, root: Path) -> int:
    """Fork a run without changes and train it in the background, and print its name. Raises UserError."""
    from nntui.cli.train import How, read_spec, start
    from nntui.hooks.errors import UserError
    from nntui.runs.shell import program, reachable
    from nntui.spec.said import Said

    made, epochs = _epochs(parent, at)
    if made > epochs - 1e-6:
        more = f"{program()} fork {reachable(parent)} --at {at} --epochs {2 * epochs}"
        raise UserError(
            f"{parent.name} had made its {epochs} epochs there: a fork as it is would train nothing",
            advice=f"such as: {more}",
        )
    folder = forked(parent, at, Said(tree={}), root, None)
    return start(folder, read_spec(folder), How(detach=True, ui=False))


def forked(parent: RunFolder, at: str, changes: Said, root: Path, name: str | None) -> RunFolder:
    """A new run in `root` that will go on from a checkpoint of `parent`: best, last or a step. Raises UserError."""
    from nntui.cli.train import tell
    from nntui.hooks.registry import registry
    from nntui.runs.creating import fork_run
    from nntui.spec.resolve import resolve_said
    from nntui.spec.said import Said, overlaid
    from nntui.spec.toml import read_toml

    base = read_toml(parent.run_toml)
    tree: dict[str, Any] = {k: v for k, v in base.tree.items() if k not in ("origin", "name")}
    tree["training"] = {**tree.get("training", {}), "epochs": _epochs(parent, at)[1]}
    resolution = resolve_said(overlaid(Said(tree=tree, places=base.places, file=base.file), changes), registry())
    before = resolve_said(base, registry()).spec
    _check_data(before, resolution.spec)
    tell(*resolution.notes)
    said = changes.tree
    rate_changed = "schedule" in said or bool({"name", "lr"} & set(said.get("optimizer", {})))
    return fork_run(resolution.spec, parent, at, root, name, rate_changed=rate_changed)


def _epochs(parent: RunFolder, at: str) -> tuple[float, int]:
    """Epochs that the parent had made at a checkpoint, and all that it had before it, extensions included."""
    import json

    from nntui.runs.checkpoints import at as checkpoint_at

    found = checkpoint_at(parent, at)
    facts = json.loads((found.path / "training_state.json").read_text())
    made = facts["base_epoch"] + (found.step - facts["base_step"]) / facts["steps_per_epoch"]
    return float(made), int(facts["epochs"])


def _check_data(before: RunSpec, after: RunSpec) -> None:
    """Raises UserError where a fork would see other data, or other rows of it."""
    from nntui.hooks.errors import UserError

    was, now = before.data_settings, after.data_settings
    meaning = ("path", "reader", "test", "validation", "split_seed", "group", "time", "limit")
    other = [f"--data.{key.replace('_', '-')}" for key in meaning if getattr(was, key) != getattr(now, key)]
    if before.data.qualified != after.data.qualified or before.data.params != after.data.params:
        other.insert(0, "--data")
    if other:
        raise UserError(
            f"{' and '.join(other)} cannot be changed in a fork: its rows would not be those that it has learnt from",
            advice="begin a new run with these weights instead: nntui train ... --init-from RUN",
        )


command.positional = "RUN"
