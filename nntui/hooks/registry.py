"""The registry: everything that can be picked, from the index alone, and loading what was picked.

Names: `plugin/name` always works; a bare name works when it is unique; the built-ins own theirs. Two plugins that
clash are an error when the name is used.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeAlias

from nntui.hooks import settings
from nntui.hooks.children import ask
from nntui.hooks.contributions import KINDS, Contribution
from nntui.hooks.discovery import BUILTIN, Found, Refused, installed, refused, wanted
from nntui.hooks.errors import PluginError, StrictPluginError
from nntui.hooks.index import Indexed, indexed
from nntui.hooks.isolation import PluginFailure, check_hooks, collect, load_plugin
from nntui.hooks.lookup import Sought, ambiguous, unknown
from nntui.hooks.names import split_qualified
from nntui.hooks.params import FieldInfo
from nntui.hooks.targets import resolve_target

__all__ = ["PLURALS", "Entry", "Loaded", "PluginRow", "Registry", "registry", "resolve_target"]

PLURALS: dict[str, str] = {kind.kind: kind.plural for kind in KINDS}
"""Each kind ("arch") with its plural ("architectures")."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A contribution as the index tells it: plain data, without its code."""

    kind: str
    """The table of a spec that names it: "arch"."""
    plural: str
    name: str
    plugin: str
    qualified: str
    """plugin/name."""
    distribution: str
    version: str
    summary: str
    fields: tuple[FieldInfo, ...]
    schema: dict[str, Any]
    """JSON schema of its params."""
    defaults: dict[str, Any]
    """What it suggests for other settings, by dotted name."""
    meta: dict[str, Any]
    """Its other declared facts, plain JSON: inputs, refuses; formula, pool_commutes; modality, rows, ..."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A contribution with its code at hand."""

    contribution: Contribution
    entry: Entry


@dataclass(frozen=True, kw_only=True)
class PluginRow:
    """One installed plugin, and how it fares."""

    name: str
    distribution: str
    version: str
    status: str
    """ok | failed | disabled | incompatible | unknown-hook | clash | missing"""
    message: str = ""
    advice: str = ""
    traceback: str = ""
    seconds: float = 0.0
    """Seconds that its import took when it was indexed."""
    imported_torch: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    """How many contributions of each plural."""
    remove: str = ""
    """The command that removes it; "" for the built-ins."""


# `Registry.list` hides the type of that name in the class's own annotations.
Entries: TypeAlias = list[Entry]
PluginRows: TypeAlias = list[PluginRow]
_Plugins: TypeAlias = list[Found]
_Probed: TypeAlias = dict[str, tuple[list[dict[str, Any]], str]]


class Registry:
    """What is installed now. Nothing is looked at before it is asked for, and each plugin once."""

    def __init__(self, *, fresh: bool = False) -> None:
        """`fresh` looks at every plugin anew, whatever the index says."""
        self._fresh = fresh
        self._installed = installed()
        self._refused = refused(self._installed, settings.disabled())
        self._indexed: dict[Found, Indexed] = {}
        self._entries: dict[Found, tuple[Entry, ...]] = {}
        self._hooks: dict[Found, dict[str, Callable[[], object]]] = {}
        self._loaded: dict[tuple[Found, str], dict[str, Contribution]] = {}
        if _strict():
            _raise_first(self.plugins())

    # listing

    def list(self, kind: str) -> Entries:
        """Every usable contribution of a kind: the built-ins in their order, then by plugin."""
        _check_kind(kind)
        self._look(self._usable())  # those that must be imported for it, several at once
        return [e for found in self._usable() for e in self._entries_of(found) if e.kind == kind]

    def find(self, kind: str, name: str, *, distribution: str = "", version: str = "") -> Entry:
        """The contribution that `name` means: "cnn" or "builtin/cnn".

        `distribution` and `version` say where it came from, when a run's record tells: for the error where it is
        gone. Raises LookupFailed (unknown or ambiguous) or PluginError (its plugin failed or is disabled).
        """
        _check_kind(kind)
        plugin, bare = split_qualified(name)
        # The built-ins own their names: no other plugin is looked at for one of theirs.
        for found in self._installed:
            if found.builtin and plugin in ("", BUILTIN):
                for entry in self._entries_of(found):
                    if (entry.kind, entry.name) == (kind, bare):
                        return entry
        if plugin:
            entries = [e for f in self._usable(plugin) for e in self._entries_of(f)]
        else:
            entries = self.list(kind)
        matches = [entry for entry in entries if (entry.kind, entry.name) == (kind, bare)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise ambiguous(PLURALS[kind], name, [entry.qualified for entry in matches])
        sought = Sought(kind=kind, plural=PLURALS[kind], name=name, distribution=distribution, version=version)
        there = {entry.qualified: entry.name for entry in self.list(kind)}
        raise unknown(sought, there, {row.name: (row.status, row.message, row.advice) for row in self.plugins()})

    def plugins(self) -> PluginRows:
        """Every installed plugin, and those that NNTUI_PLUGINS names without there being one."""
        self._look(self._usable())
        rows = [self._row(found) for found in self._installed]
        names = {row.name for row in rows}
        for name in wanted(os.environ.get("NNTUI_PLUGINS", "")):
            if name not in names:
                message = "named in NNTUI_PLUGINS, and not installed"
                rows.append(PluginRow(name=name, distribution="", version="", status="missing", message=message))
        return rows

    # loading

    def load(self, kind: str, name: str, *, distribution: str = "", version: str = "") -> Loaded:
        """The contribution that `name` means, its plugin's module imported in this process (no other plugin is).

        Raises what `find` does, and PluginError, which carries the plugin's name and traceback, if the plugin fails
        now though it did not when it was indexed.
        """
        entry = self.find(kind, name, distribution=distribution, version=version)
        (found,) = (f for f in self._usable(entry.plugin) if f.distribution == entry.distribution)
        try:
            contribution = self._contributions(found, f"register_{entry.plural}").get(entry.name)
            if contribution is None:
                raise PluginFailure(f"no longer yields {entry.name!r}", advice="nntui plugins --refresh")
        except PluginFailure as failure:
            if _strict() and failure.__cause__ is not None:
                raise failure.__cause__ from None
            raise PluginError(
                f"plugin {found.plugin!r} ({found.distribution} {found.version}) {failure.message}",
                plugin=found.plugin,
                advice=failure.advice or _ways_out(found),
                traceback=failure.trace,
            ) from failure.__cause__
        return Loaded(contribution=contribution, entry=entry)

    def probe(self) -> _Probed:
        """What each kind of device finds on this machine, by qualified name: (DeviceInfo as dicts, error or "").

        Runs in other processes, one for each plugin: this one imports no torch.
        """
        plugins = dict.fromkeys(f for f in self._usable() if any(e.kind == "device" for e in self._entries_of(f)))
        found: _Probed = {}
        for plugin, answer in ask("probe", plugins, limit=60.0).items():
            for entry in self._entries_of(plugin):
                if entry.kind == "device":
                    told = answer.get("devices", {}).get(entry.name)
                    error = answer.get("error") or answer.get("message") or "was not probed"
                    found[entry.qualified] = (told["found"], told["error"]) if told else ([], str(error))
        return found

    # inside

    def _usable(self, plugin: str = "") -> _Plugins:
        return [f for f in self._installed if f not in self._refused and plugin in ("", f.plugin)]

    def _look(self, plugins: _Plugins) -> None:
        unseen = [found for found in plugins if found not in self._indexed]
        if unseen:
            self._indexed |= indexed(unseen, fresh=self._fresh)

    def _entries_of(self, found: Found) -> tuple[Entry, ...]:
        if found not in self._entries:
            self._look([found])
            self._entries[found] = tuple(_entry(found, record) for record in self._indexed[found].entries)
        return self._entries[found]

    def _contributions(self, found: Found, hook: str) -> dict[str, Contribution]:
        if (found, hook) not in self._loaded:
            with contextlib.redirect_stdout(sys.stderr):  # what a plugin prints must not get into --json
                if found not in self._hooks:
                    self._hooks[found] = check_hooks(load_plugin(found.target))
                function = self._hooks[found].get(hook)
                items = collect(hook, function) if function is not None else []
            self._loaded[found, hook] = {item.name: item for item in items}
        return self._loaded[found, hook]

    def _row(self, found: Found) -> PluginRow:
        about: Refused | Indexed = self._refused[found] if found in self._refused else self._indexed[found]
        row = PluginRow(
            name=found.plugin,
            distribution=found.distribution,
            version=found.version,
            status=about.status,
            message=about.message,
            advice=about.advice or ("" if about.status == "ok" else _ways_out(found)),
            remove=found.remove,
        )
        if isinstance(about, Refused):
            return row
        message = about.message
        if about.status == "ok" and about.torch:
            message = f"imports torch to be listed: {about.seconds:.1f} s; it should do so when something is built"
        return replace(
            row,
            message=message,
            traceback=about.traceback,
            seconds=about.seconds,
            imported_torch=about.torch,
            counts=dict(Counter(PLURALS[record["kind"]] for record in about.entries)),
        )


@cache
def registry() -> Registry:
    """The registry of this process, made once."""
    return Registry()


def _strict() -> bool:
    return os.environ.get("NNTUI_STRICT_PLUGINS", "0") not in ("", "0")


def _raise_first(rows: list[PluginRow]) -> None:
    for row in rows:
        if row.status not in ("ok", "disabled"):
            text = f"plugin {row.name!r} ({row.distribution} {row.version}): {row.status}: {row.message}"
            raise StrictPluginError(f"{text}\n\n{row.traceback}".rstrip())


def _check_kind(kind: str) -> None:
    if kind not in PLURALS:
        raise ValueError(f"no kind {kind!r}: one of {', '.join(PLURALS)}")


def _ways_out(found: Found) -> str:
    if found.builtin:
        return "this is a fault of nntui: please report it"
    return f"nntui plugins show {found.plugin}\nnntui plugins disable {found.plugin}\n{found.remove}"


def _entry(found: Found, record: dict[str, Any]) -> Entry:
    return Entry(
        kind=record["kind"],
        plural=PLURALS[record["kind"]],
        name=record["name"],
        plugin=found.plugin,
        qualified=f"{found.plugin}/{record['name']}",
        distribution=found.distribution,
        version=found.version,
        summary=record["summary"],
        fields=tuple(FieldInfo(**{**f, "choices": tuple(f["choices"])}) for f in record["fields"]),
        schema=record["schema"],
        defaults=record["defaults"],
        meta=record["meta"],
    )
