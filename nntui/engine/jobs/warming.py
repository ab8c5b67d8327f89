"""What the server has ready for its children: modules that the built-ins need, and the index of all plugins.

Third parties' modules are imported in children alone: what they do at import is theirs to answer for.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
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
    packages: set[str] = set()
    for kind in PLURALS:
        for entry in known.list(kind):
            if entry.plugin == BUILTIN:
                packages |= _import_targets(known.load(kind, entry.qualified).contribution)
    for package in packages:  # what the targets import only when they are called
        for module in pkgutil.iter_modules(import_module(package).__path__):
            import_module(f"{package}.{module.name}")
    for lazy in ("numpy.ma", "numpy.random", "numpy.ctypeslib", "pydantic.dataclasses"):
        import_module(lazy)  # imported by their packages when they are first used
    from PIL import Image  # for the pictures of examples

    Image.preinit()
    host()  # these two are kept by the functions themselves
    boot_id()
    environment()


def _import_targets(contribution: Contribution) -> set[str]:
    """Imports what a built-in names; the packages where that was found."""
    named = [getattr(contribution, name, None) for name in ("build", "preprocessor")]
    targets = [resolve_target(target) for target in named if target is not None]
    packages = {str(getattr(target, "__module__", "")).rpartition(".")[0] for target in targets}
    return {package for package in packages if package.count(".") == 2}  # nntui.builtin.networks: not nntui.builtin
