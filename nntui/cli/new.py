"""`nntui new`: a form for a new run, filled with what the command line says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nntui.cli.flags import spec_command
from nntui.hooks.errors import UserError

if TYPE_CHECKING:
    from nntui.spec.said import Said

_HELP = """Choose data, network and training in a form, see what they make, and train it.

\b
  nntui new                                      the embedded default
  nntui new --data ./pets                        your own files
  nntui new my.toml --lr 1e-3                    a spec, and what is said beside it
"""


@spec_command(
    "new",
    help=_HELP,
    extra_options=[click.Option(["--runs"], metavar="DIR", help="Folder of all runs (NNTUI_RUNS; else ./runs).")],
)
def command(said: Said, runs: str | None) -> int:
    from nntui.cli.interface import browse, can_open
    from nntui.runs.folder import runs_root
    from nntui.spec.errors import SpecErrors

    if said.errors:
        raise SpecErrors(said.errors)
    if not can_open():
        raise UserError(
            "a form needs a terminal, and there is none here",
            advice="nntui train begins a run from flags: nntui train --help\nnntui spec > my.toml writes its settings",
        )
    return browse(runs_root(runs), "new", template=said if said.tree else None)
