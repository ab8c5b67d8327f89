"""Which plugins a person has disabled, and removing one. Imports no plugin."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

from nntui.hooks.discovery import BUILTIN, Found, installed
from nntui.hooks.errors import UserError
from nntui.hooks.index import forget
from nntui.hooks.names import close_to, same_distribution
from nntui.hooks.places import config_dir, write_atomically


def _file() -> Path:
    return config_dir() / "plugins.json"


def disabled() -> frozenset[str]:
    """Names of plugins, or of distributions, that a person has disabled. Raises UserError for an unreadable file."""
    file = _file()
    try:
        names = json.loads(file.read_text(encoding="utf-8"))["disabled"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError(f"a list of names was expected, not {names!r:.60}")
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"cannot read which plugins are disabled: {file}: {error}",
            advice=f'it should look like {{"disabled": ["gru"]}}; delete it to enable all plugins: rm {file}',
        ) from error
    return frozenset(names)


def _save(names: frozenset[str]) -> None:
    file = _file()
    try:
        write_atomically(file, json.dumps({"disabled": sorted(names)}, indent=1) + "\n")
    except OSError as error:
        raise UserError(
            f"cannot write {file}: {error.strerror or error}", advice="NNTUI_CONFIG names another folder"
        ) from error


def find(name: str) -> tuple[Found, ...]:
    """The installed plugins that `name` means: a plugin's name, or a distribution's. Raises UserError for none."""
    plugins = installed()
    named = [f for f in plugins if f.plugin == name] or [f for f in plugins if same_distribution(f.distribution, name)]
    if not named:
        there = [f.plugin for f in plugins if not f.builtin]
        raise UserError(
            f"no plugin called {name!r} is installed",
            suggestions=close_to(name, [*there, *(f.distribution for f in plugins if not f.builtin)]),
            advice=f"installed: {', '.join(there)}" if there else "no plugin but nntui's own is installed",
        )
    return tuple(named)


def _find_foreign(name: str, doing: str) -> tuple[Found, ...]:
    named = find(name)
    if any(f.builtin for f in named):
        raise UserError(f"the plugin {BUILTIN!r} is nntui itself and cannot be {doing}")
    return named


def disable(name: str) -> bool:
    """Use it no more; False where it was disabled already. Raises UserError."""
    _find_foreign(name, "disabled")
    before = disabled()
    _save(before | {name})
    return name not in before


def enable(name: str) -> bool:
    """Use it again; False where it was not disabled. What the index says of it is forgotten. Raises UserError."""
    before = disabled()
    also = {name} if name in before else set()
    if not also or any(f.plugin == name for f in installed()):
        for found in find(name):  # disabled under its plugin's name or its distribution's: either is lifted
            also |= {n for n in before if n == found.plugin or same_distribution(n, found.distribution)}
            forget(found.plugin)
    if not also:
        return False
    _save(before - also)
    return True


def uninstall(name: str) -> Found:
    """Remove the distribution of a plugin with pip (or uv, where there is no pip). Raises UserError."""
    found, *rest = _find_foreign(name, "uninstalled")
    if any(not same_distribution(other.distribution, found.distribution) for other in rest):
        raise UserError(
            f"several distributions call their plugin {name!r}",
            advice="\n".join(f"nntui plugins uninstall {other.distribution}" for other in (found, *rest)),
        )
    command = _remover(found.distribution)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    told = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    if done.returncode != 0:
        raise UserError(
            f"could not uninstall {found.distribution}: {told[-1] if told else f'exit code {done.returncode}'}",
            advice=f"it was tried with: {' '.join(command)}\nto leave it unused: nntui plugins disable {name}",
        )
    if any(same_distribution(f.distribution, found.distribution) for f in installed()):
        raise UserError(
            f"{found.distribution} is still installed: {told[0] if told else 'pip left it'}",
            advice=f"it was tried with: {' '.join(command)}\nto leave it unused: nntui plugins disable {name}",
        )
    return found


def _remover(distribution: str) -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "uninstall", "-y", distribution]
    if (uv := shutil.which("uv")) is not None:
        return [uv, "pip", "uninstall", "--python", sys.executable, distribution]
    raise UserError(
        f"neither pip nor uv is here to uninstall {distribution}",
        advice=f"{sys.executable} -m ensurepip --upgrade\nthen: nntui plugins uninstall {distribution}",
    )
