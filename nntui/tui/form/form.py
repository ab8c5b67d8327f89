"""The form of a new run: what a person said in it, and what follows from that. Pure: the registry is asked, no more.

To check imports the plugins that are named. The interface lets `checker.Checker` do it, elsewhere where need be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nntui.hooks.errors import UserError
from nntui.spec.choosing import Choosing, Faults, asks_readers, choose, tables_of
from nntui.spec.errors import SpecError, SpecErrors
from nntui.spec.resolve import resolve_said
from nntui.spec.said import Said
from nntui.spec.tables import CHOICES, RECORDED, settings_fields
from nntui.spec.text import FlagText
from nntui.spec.toml import toml_of
from nntui.spec.tree import changes, plain, tree_of, values_of
from nntui.spec.words import command_line, command_of

if TYPE_CHECKING:
    from nntui.hooks.registry import Entry, Registry
    from nntui.spec.model import RunSpec

_LEFT = (*RECORDED, "origin", "version", "name")
"""Of a finished run's spec: what tells how that run came about, and is no part of the next."""


@dataclass(frozen=True)
class Wanted:
    """What a person said. Values are `FlagText` as typed, or plain ones of a template.

    Params are kept by the contribution that has them: who chooses a network and goes back finds their numbers again.
    """

    choices: Mapping[str, str] = field(default_factory=dict)
    """By kind, where one was named; for data a name or a path."""
    params: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """By kind and qualified name; "" for a contribution that is not found."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """nntui's own, by dotted key."""

    @property
    def naming(self) -> tuple[Mapping[str, str], Any]:
        """All that says which contributions are meant."""
        return self.choices, self.settings.get("data.reader")

    @property
    def names(self) -> dict[str, dict[str, Any]]:
        """The same as the tree of a spec."""
        names: dict[str, dict[str, Any]] = {kind: {"name": name} for kind, name in self.choices.items()}
        if "data.reader" in self.settings:
            names.setdefault("data", {})["reader"] = self.settings["data.reader"]
        return names


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What follows from what was said. Plain, `spec` aside: it may have been found out by another process."""

    wanted: Wanted
    said: Said
    entries: Mapping[str, Entry]
    """By kind; one that could not be found is missing."""
    suggested: Mapping[str, Any]
    """Values by dotted key that a contribution, or a reader of the path, suggests."""
    sources: Mapping[str, str]
    """For a suggested value or choice: the qualified name of who suggests it."""
    errors: Mapping[str, tuple[SpecError, ...]]
    """By the key of the row that they belong to; "" for those of no row."""
    notes: tuple[str, ...]
    tree: Mapping[str, Any] | None
    """The whole spec (`spec.tree.tree_of`); None while something is wrong."""
    data: Mapping[str, Any] | None
    """The data with whatever goes with it, likewise, also while something is wrong elsewhere."""
    activation: tuple[str, Mapping[str, Any]] | None
    """Qualified name and params, plain; None while something is wrong with it."""
    command: str
    """The equal command; while something is wrong, what was said as it stands."""
    spec: RunSpec | None = None
    """What `tree` tells, where it was checked in this process."""

    @property
    def faults(self) -> tuple[SpecError, ...]:
        return tuple(error for errors in self.errors.values() for error in errors)


def said_of(wanted: Wanted, entries: Mapping[str, Entry]) -> Said:
    """The spec that the form says, given what its choices mean."""
    tree: dict[str, dict[str, Any]] = {}
    for kind in CHOICES:
        table: dict[str, Any] = {}
        if kind in wanted.choices:
            table["name"] = wanted.choices[kind]
        table |= wanted.params.get((kind, owner(entries, kind)), {})
        if table:
            tree[kind] = table
    for key, value in wanted.settings.items():
        table_name, _, name = key.partition(".")
        tree.setdefault(table_name, {})[name] = value
    places = {f"{table}.{name}": f"{table}.{name}" for table, values in tree.items() for name in values}
    return Said(tree=tree, places=places)


def toml_text(tree: Mapping[str, Any], entries: Mapping[str, Entry]) -> str:
    """A whole spec as `to_toml` writes it, each setting with a word of help. Takes some forty milliseconds."""
    own = {kind: entry.fields for kind, entry in entries.items()}
    return toml_of(tree, {table: (*own.get(table, ()), *settings_fields(table).values()) for table in tree})


def bare_toml(tree: Mapping[str, Any]) -> str:
    """A spec for a program to read: no word of help, nothing of this machine. Takes some twenty milliseconds."""
    return toml_of(tree, {}, comments=False, surroundings={})


def owner(entries: Mapping[str, Entry], kind: str) -> str:
    """Whose params are said for a kind: the qualified name, "" where it is not found."""
    return entries[kind].qualified if kind in entries else ""


def check(wanted: Wanted, registry: Registry) -> Checked:
    """Resolve what was said. Imports the plugins that it names, and no torch; takes milliseconds, more for a path."""
    choosing = choose(wanted.names, registry, Faults({}))
    said = said_of(wanted, choosing.entries)
    sources = _sources(choosing)
    sniffed = {f"data.{key}": plain(value) for key, value in choosing.sniffed.items()}
    sources |= dict.fromkeys(sniffed, "the path")
    spec, errors, notes = _resolved(said, registry, choosing)
    data = _alone(said, "data", registry)
    return Checked(
        wanted=wanted,
        said=said,
        entries=choosing.entries,
        suggested={**choosing.suggested.values, **sniffed},
        sources=sources,
        errors=_by_row(errors),
        notes=notes,
        tree=tree_of(spec) if spec is not None else None,
        data=tree_of(data) if data is not None else None,
        activation=_activation(spec or _alone(said, "activation", registry)),
        command=command_line(spec) if spec is not None else command_of(said, choosing.entries),
        spec=spec,
    )


def sketched(wanted: Wanted, registry: Registry, last: Checked | None) -> Checked:
    """What the index tells of what was said, while it is being checked: no plugin is imported, nothing is found wrong.

    A path's reader is not known yet; what was known before stands in for it.
    """
    if asks_readers(wanted.names.get("data", {}), registry):
        entries, suggested, sources = (last.entries, last.suggested, last.sources) if last is not None else ({}, {}, {})
    else:
        choosing = choose(wanted.names, registry, Faults({}))
        entries, suggested, sources = choosing.entries, choosing.suggested.values, _sources(choosing)
    said = said_of(wanted, entries)
    return Checked(
        wanted=wanted,
        said=said,
        entries=entries,
        suggested=suggested,
        sources=sources,
        errors={},
        notes=(),
        tree=None,
        data=None,
        activation=None,
        command=command_of(said, entries),
    )


def _sources(choosing: Choosing) -> dict[str, str]:
    """For what is suggested, who suggests it."""
    return {f"{kind}.name": who for kind, who in choosing.chosen_by.items()} | dict(choosing.suggested.sources)


def _resolved(
    said: Said, registry: Registry, choosing: Choosing
) -> tuple[RunSpec | None, tuple[SpecError, ...], tuple[str, ...]]:
    try:
        resolution = resolve_said(said, registry)
    except SpecErrors as error:
        return None, error.errors, choosing.notes
    except UserError as error:
        return None, (SpecError("", error.message, error.advice),), choosing.notes
    return resolution.spec, (), resolution.notes


def _alone(said: Said, table: str, registry: Registry) -> RunSpec | None:
    """What one table says, whatever the others say."""
    try:
        return resolve_said(Said(tree={key: said.tree[key] for key in (table,) if key in said.tree}), registry).spec
    except UserError:
        return None


def _activation(spec: RunSpec | None) -> tuple[str, Mapping[str, Any]] | None:
    return (spec.activation.qualified, values_of(spec.activation.params)) if spec is not None else None


def _by_row(errors: tuple[SpecError, ...]) -> dict[str, tuple[SpecError, ...]]:
    found: dict[str, tuple[SpecError, ...]] = {}
    for error in errors:
        key = _row_of(error.place)
        found[key] = (*found.get(key, ()), error)
    return found


def _row_of(place: str) -> str:
    """The row that an error's place means, such as "arch.channels (arch.channels)" or "optimizer.lr, as x suggests"."""
    key = place.partition(" (")[0].partition(",")[0]
    table, _, name = key.partition(".")
    if table in CHOICES and name in ("", "path"):
        return f"{table}.name"
    return key


class Form:
    """A form that is being filled in. Mutable; `wanted` is a value that `check` may take to another thread."""

    def __init__(self, registry: Registry, template: Said | None = None) -> None:
        self.registry = registry
        self.wanted = from_template(template, registry) if template is not None else Wanted()
        self._checked: Checked | None = None

    @property
    def checked(self) -> Checked:
        """What follows from what is said now; made if need be."""
        if self._checked is None or self._checked.wanted != self.wanted:
            self._checked = check(self.wanted, self.registry)
        return self._checked

    def take(self, checked: Checked) -> None:
        """A check that was made elsewhere."""
        self._checked = checked

    @property
    def last(self) -> Checked | None:
        """The last check, which may be of something said before."""
        return self._checked

    def set(self, key: str, text: str) -> None:
        """Say a setting as a person types it."""
        self._say(key, FlagText(text))

    def reset(self, key: str) -> None:
        """Unsay a setting: what nntui would choose anyway holds again."""
        table, _, name = key.partition(".")
        wanted = self.wanted
        if name == "name" and table in CHOICES:
            self.wanted = replace(wanted, choices={k: v for k, v in wanted.choices.items() if k != table})
        elif name in settings_fields(table):
            self.wanted = replace(wanted, settings={k: v for k, v in wanted.settings.items() if k != key})
        else:
            place = self._place(table)
            kept = {k: v for k, v in wanted.params.get(place, {}).items() if k != name}
            self.wanted = replace(wanted, params={**wanted.params, place: kept})

    def _say(self, key: str, value: Any) -> None:
        table, _, name = key.partition(".")
        wanted = self.wanted
        if name == "name" and table in CHOICES:
            self.wanted = replace(wanted, choices={**wanted.choices, table: str(value)})
            if table == "data" and wanted.choices.get("data") != str(value):
                self.reset("data.reader")  # it was said of the other path
        elif name in settings_fields(table):
            self.wanted = replace(wanted, settings={**wanted.settings, key: value})
        else:
            place = self._place(table)
            params = {**wanted.params.get(place, {}), name: value}
            self.wanted = replace(wanted, params={**wanted.params, place: params})

    def _place(self, table: str) -> tuple[str, str]:
        """Whose params a table's settings are: the index tells it, but for a path that nothing is known of yet."""
        last = self._checked
        if last is not None and last.wanted.naming == self.wanted.naming:
            return table, owner(last.entries, table)
        if last is None and asks_readers(self.wanted.names.get("data", {}), self.registry):
            return table, owner(self.checked.entries, table)
        return table, owner(sketched(self.wanted, self.registry, last).entries, table)

    def said(self) -> Said:
        """The spec as said; `resolve_said` makes a run of it."""
        return self.checked.said

    def command_line(self) -> str:
        """The equal command."""
        return self.checked.command

    def toml(self) -> str:
        """The whole spec, each setting with a word of help; "" while something is wrong."""
        checked = self.checked
        return toml_text(checked.tree, checked.entries) if checked.tree is not None else ""


def from_template(template: Said, registry: Registry) -> Wanted:
    """What must be said to get the template's run again, as things are installed now; where that cannot be told, all
    that it says."""
    tree = {key: value for key, value in template.tree.items() if key.replace("-", "_") not in _LEFT}
    said: dict[str, Any] = {}
    try:
        said = changes(resolve_said(Said(tree=tree), registry).spec)
        path = said.pop("data.path", None)
        if path is not None:  # as on a command line: --data takes a path, its reader is said beside it
            said = {"data.name": path, "data.reader": said.pop("data.name")} | said
    except UserError:
        for table, values in tables_of(tree, Faults({})).items():
            said |= {f"{table}.{name}": value for name, value in values.items()}
        path = said.pop("data.path", None)
        if isinstance(path, str):
            reader = said.pop("data.name", None)
            said = {"data.name": path} | ({"data.reader": reader} if reader is not None else {}) | said
    form = Form(registry)
    names = {key: value for key, value in said.items() if key.endswith(".name") and key.partition(".")[0] in CHOICES}
    for key, value in (names | said).items():
        form._say(key, value)
    return form.wanted
