"""What the server has ready for its children: modules that the built-ins need, and the index of all plugins.

Third parties' modules are imported in children alone: what they do at import is theirs to answer for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from nntui.hooks.discovery import BUILTIN
from nntui.hooks.registry import PLURALS, registry, resolve_target
from nntui.runs.lock import boot_id, host
from nntui.spec.toml import environment

if TYPE_CHECKING:
    from nntui.hooks.contributions import Contribution


def warm() -> None:
    """Imports, and nothing that would start a thread: no tensor is computed."""
    torch.set_num_threads(1)
    known = registry()
    for kind in PLURALS:
        for entry in known.list(kind):
            if entry.plugin == BUILTIN:
                _import_targets(known.load(kind, entry.qualified).contribution)
    from PIL import Image  # for the pictures of examples

    Image.preinit()
    host()  # these two are kept by the functions themselves
    boot_id()
    environment()


def _import_targets(contribution: Contribution) -> None:
    for name in ("build", "preprocessor"):
        target = getattr(contribution, name, None)
        if target is not None:
            resolve_target(target)
