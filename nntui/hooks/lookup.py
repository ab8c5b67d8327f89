"""Why a name was not found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nntui.hooks.errors import LookupFailed, PluginError, UserError
from nntui.hooks.index import remembered
from nntui.hooks.known import FIRST_PARTY
from nntui.hooks.names import close_to, split_qualified

_SINGULAR = {
    "architectures": "architecture",
    "activations": "activation",
    "datasets": "data set",
    "devices": "device",
    "optimizers": "optimizer",
    "schedules": "schedule",
    "exporters": "exporter",
    "panels": "panel",
}


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What was looked for."""

    kind: str
    plural: str
    name: str
    """As it was given: bare or qualified."""
    distribution: str = ""
    version: str = ""
    """Where a run's record says that it came from, if it does."""

    @property
    def what(self) -> str:
        return _SINGULAR[self.plural]


@dataclass(frozen=True, kw_only=True)
class _Owner:
    """A plugin that has, or used to have, what was sought."""

    plugin: str
    requirement: str
    """As pip takes it."""


def ambiguous(plural: str, name: str, qualified: list[str]) -> LookupFailed:
    """Several plugins have this name."""
    return LookupFailed(
        f"the {_SINGULAR[plural]} {name!r} is in {len(qualified)} plugins: {', '.join(qualified)}",
        advice=f"use one of the full names, such as {qualified[0]}",
    )


def unknown(sought: Sought, there: Mapping[str, str], rows: Mapping[str, tuple[str, str, str]]) -> UserError:
    """No usable plugin has this name.

    `there`: the qualified names of the kind with their bare ones. `rows`: each plugin's (status, message, advice).
    """
    plugin, bare = split_qualified(sought.name)
    for owner in _owners(sought, plugin, bare):
        if owner.plugin not in rows or rows[owner.plugin][0] == "missing":
            return LookupFailed(
                f"the {sought.what} {sought.name!r} belongs to the plugin {owner.plugin!r}, which is not installed",
                advice=f"pip install {owner.requirement}",
            )
        if rows[owner.plugin][0] != "ok":  # else it is there, and no longer has it
            return _unused(sought, owner.plugin, *rows[owner.plugin])
    if plugin in rows and rows[plugin][0] != "ok":
        return _unused(sought, plugin, *rows[plugin])
    if plugin and plugin not in rows:
        return LookupFailed(
            f"no {sought.what} called {sought.name!r}: no plugin called {plugin!r} is installed",
            suggestions=close_to(plugin, rows) or [full for full, name in there.items() if name == bare],
            advice="nntui plugins lists what is installed",
        )
    broken = sorted(name for name, (status, _, _) in rows.items() if status not in ("ok", "disabled"))
    names = sorted(there if plugin else set(there.values()))
    advice = f"nntui {sought.plural} lists what there is" if plugin else f"there are: {', '.join(names) or 'none'}"
    if broken:
        advice += f"\nplugins that could not be used: {', '.join(broken)} (nntui plugins)"
    return LookupFailed(
        f"no {sought.what} called {sought.name!r}",
        suggestions=close_to(sought.name if plugin else bare, names),
        advice=advice,
    )


def _unused(sought: Sought, plugin: str, status: str, message: str, advice: str) -> PluginError:
    said = "is disabled" if message == "disabled" else f"is not used ({status}): {message}"
    return PluginError(
        f"the {sought.what} {sought.name!r} belongs to the plugin {plugin!r}, which {said}",
        plugin=plugin,
        advice=advice or f"nntui plugins show {plugin}",
    )


def _owners(sought: Sought, plugin: str, bare: str) -> Iterator[_Owner]:
    """Who has it, surest first: the plugin that was named, the run's record, the index's memory, our own plugins."""
    memory = remembered(plugin)
    if sought.distribution:
        requirement = f"{sought.distribution}=={sought.version}" if sought.version else sought.distribution
        yield _Owner(plugin=plugin or sought.distribution, requirement=requirement)
    for record in memory:
        if any((e["kind"], e["name"]) == (sought.kind, bare) for e in record["entries"]):
            requirement = f"{record['distribution']}=={record['version']}"
            yield _Owner(plugin=record["plugin"], requirement=requirement)
    for name, (distribution, names) in FIRST_PARTY.items():
        if plugin in ("", name) and (sought.kind, bare) in names:
            yield _Owner(plugin=name, requirement=distribution)
