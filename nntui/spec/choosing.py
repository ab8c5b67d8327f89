"""Which contributions a spec names, from the index alone: no plugin is imported (but readers, for a path)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nntui.hooks.errors import UserError
from nntui.hooks.names import nearest
from nntui.spec.datapath import absolute, is_path, sniffed, sniffed_by
from nntui.spec.errors import SpecError
from nntui.spec.suggestions import Suggested, of_entry, suggested_name, suggestions
from nntui.spec.tables import CHOICES, DEFAULTS, NOUNS, PLURALS, RECORDED, SCALARS, SHORT, TABLES, plain_key
from nntui.spec.text import NONE
from nntui.spec.validate import did_you_mean, show

if TYPE_CHECKING:
    from nntui.hooks.registry import Entry, Registry
    from nntui.spec.datapath import Reading


class Faults:
    """Collects what is wrong, and knows where things were said."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self.found: list[SpecError] = []
        self._places = {plain_key(key): place for key, place in places.items()}
        self._suggesters: Mapping[str, str] = {}

    def suggested_by(self, sources: Mapping[str, str]) -> None:
        """Blame a value that nobody said on the contribution that suggests it."""
        self._suggesters = sources

    def said(self, key: str) -> str:
        """Where a dotted key, or the table that holds it, was said; "" where it was not."""
        while key not in self._places and "." in key:
            key = key.rpartition(".")[0]
        return self._places.get(key, "")

    def add(self, key: str, message: str, suggestion: str = "") -> None:
        place = self.said(key)
        if place and not place.startswith("-"):
            place = f"{place} ({key})"
        elif not place and key in self._suggesters:
            place = f"{key}, as {self._suggesters[key]} suggests"
        self.found.append(SpecError(place or key, message, suggestion))

    def in_order(self) -> list[SpecError]:
        """What was found, in the order in which it was said: a person goes through their file from top to bottom."""
        order = {place: number for number, place in enumerate(self._places.values())}
        return sorted(self.found, key=lambda error: order.get(error.place.partition(" (")[0], len(order)))

    def spell(self, keys: Iterable[str], like: str) -> list[str]:
        """Dotted keys as they are written where `like` was said: as flags or as keys."""
        flags = self.said(like).startswith("-")
        return [f"--{key.replace('_', '-')}" if flags else key for key in keys]


@dataclass(frozen=True, kw_only=True)
class Choosing:
    """The tables of a spec in plain form, and the contribution that each names."""

    tables: Mapping[str, dict[str, Any]]
    """Every table by name, keys as the models spell them; the name, path and reader of the data taken out."""
    entries: Mapping[str, Entry]
    """By kind; one that could not be found is missing."""
    suggested: Suggested
    path: str | None = None
    sniffed: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    chosen_by: Mapping[str, str] = field(default_factory=dict)
    """Kind to the qualified name of the contribution that suggested this choice."""


def tables_of(tree: Mapping[str, Any], faults: Faults) -> dict[str, dict[str, Any]]:
    """The tables of a tree: unknown ones told, `arch = "cnn"` written out, hyphens in keys made underscores."""
    tables: dict[str, dict[str, Any]] = {name: {} for name in TABLES}
    for raw, value in tree.items():
        table = plain_key(str(raw))
        if table in SCALARS:
            wanted = int if SCALARS[table] == "int" else str
            if not isinstance(value, wanted) or isinstance(value, bool):
                faults.add(table, f"must be {'a whole number' if wanted is int else 'text'}, got {show(value)}")
        elif table not in tables:
            _unknown_table(table, value, faults)
        elif isinstance(value, str) and table in CHOICES:
            tables[table] = {"name": value}
        elif not isinstance(value, Mapping):
            faults.add(table, f"must be a table, got {show(value)}")
        elif table in RECORDED:
            tables[table] = dict(value)
        else:
            for key, item in value.items():
                name = plain_key(str(key))
                if name in tables[table]:
                    faults.add(f"{table}.{name}", "is said twice, with a hyphen and with an underscore")
                tables[table][name] = item
    return tables


def _unknown_table(table: str, value: Any, faults: Faults) -> None:
    if table in SHORT:
        faults.add(table, "stands outside of a table", f"Write {SHORT[table]}.")
        return
    near = nearest(table, (*TABLES, *SCALARS))
    flags = (
        [key for key in value if faults.said(f"{table}.{key}").startswith("-")] if isinstance(value, Mapping) else []
    )
    for key in flags:
        meant = faults.spell([f"{name}.{key}" for name in near if name in TABLES], f"{table}.{key}")
        faults.add(f"{table}.{key}", f"there is no table [{table}]", did_you_mean(meant))
    if flags:
        return
    listed = ", ".join(f"[{name}]" for name in TABLES if name not in RECORDED)
    faults.add(table, "is no table of a spec", did_you_mean([f"[{n}]" if n in TABLES else n for n in near]) or listed)


def choose(tree: Mapping[str, Any], registry: Registry, faults: Faults) -> Choosing:
    """Find what each table names, by the precedence of `nntui.spec.suggestions`."""
    tables = tables_of(tree, faults)
    notes: list[str] = []
    entries: dict[str, Entry] = {}
    chosen_by: dict[str, str] = {}
    recorded = tables["plugins"]
    path, reading = _choose_data(tables["data"], registry, faults, entries, notes, recorded)
    data = of_entry(entries["data"]) if "data" in entries else None
    if data is not None and reading is not None:
        data = replace(data, defaults={**data.defaults, **reading.defaults})
    for kind in CHOICES[1:]:
        said = tables[kind].pop("name", None)
        arch = of_entry(entries["arch"]) if "arch" in entries else None
        by = ""
        if said is None and data is not None and (arch is not None or kind == "arch"):
            said, by = suggested_name(kind, data, arch)
        elif said is None:  # data or network is misspelt, which is told; go on, to tell what else is wrong
            said = DEFAULTS[kind]
        entry = _find(kind, said, registry, faults, recorded)
        if entry is not None:
            entries[kind] = entry
            if by:
                chosen_by[kind] = by
    candidates = {kind: of_entry(entry) for kind, entry in entries.items()}
    suggested = suggestions(candidates if data is None else {**candidates, "data": data})
    faults.suggested_by({key: who for key, who in suggested.sources.items() if not _is_said(key, tables)})
    notes += [f"{who} suggests {key}, which is no setting: left out" for who, key in suggested.unknown]
    return Choosing(
        tables=tables,
        entries=entries,
        suggested=suggested,
        path=path,
        sniffed={} if reading is None else reading.params,
        notes=tuple(notes),
        chosen_by=chosen_by,
    )


def _is_said(key: str, tables: Mapping[str, Mapping[str, Any]]) -> bool:
    table, _, name = key.partition(".")
    return name in tables[table]


def _find(kind: str, name: Any, registry: Registry, faults: Faults, recorded: Mapping[str, Any]) -> Entry | None:
    key = f"{kind}.name"
    if not isinstance(name, str):
        faults.add(key, f"must be the name of a contribution, got {show(name)}")
        return None
    if not name:
        faults.add(key, f"names no {NOUNS[kind]}", _listing(kind))
        return None
    distribution, version = came_from(recorded, name)
    try:
        return registry.find(kind, name, distribution=distribution, version=version)
    except UserError as error:
        _blame(key, error, faults, _listing(kind))
        return None


def _blame(key: str, error: UserError, faults: Faults, advice: str = "") -> None:
    lines = (did_you_mean(error.suggestions), error.advice or advice)
    faults.add(key, error.message, "\n".join(line for line in lines if line))


def _listing(kind: str) -> str:
    return f"nntui {PLURALS[kind]} lists what there is."


def came_from(recorded: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Distribution and version that a run's [plugins] records for a contribution; "" where it says nothing."""
    said = recorded.get(name)
    if not isinstance(said, str):
        return "", ""
    distribution, _, version = said.partition("==")
    return distribution, version


def _choose_data(
    table: dict[str, Any],
    registry: Registry,
    faults: Faults,
    entries: dict[str, Entry],
    notes: list[str],
    recorded: Mapping[str, Any],
) -> tuple[str | None, Reading | None]:
    """Put the data set, or the reader of a path, into `entries`; the absolute path and what the reader found out."""
    name, path, reader = table.pop("name", None), _text(table, "path", faults), _text(table, "reader", faults)
    if path is None and _means_path(name, registry):
        name, path = None, str(name)
    if name is None and path is None and reader is None:
        name = DEFAULTS["data"]
    if reader is not None and name not in (None, reader):
        faults.add("data.reader", f"is {reader}, but data.name is {show(name)}", "Say one of them.")
        return None, None
    if path is not None and reader is None and name is None:
        try:
            reading = sniffed(path, registry)
        except UserError as error:
            key = "data.path" if faults.said("data.path") != faults.said("data") else "data.name"
            _blame(key, error, faults)
            return None, None
        entries["data"] = reading.entry
        notes.append(reading.told(table.keys()))
        return reading.path, reading
    key = "data.reader" if reader is not None else "data.name"
    entry = _find("data", reader if reader is not None else name, registry, faults, recorded)
    if entry is None:
        return None, None
    if path is not None and not entry.meta.get("has_sniff"):
        faults.add(key, f"{entry.name} reads no files, but a path is given: {path}", "Leave out one of the two.")
        return None, None
    entries["data"] = entry
    if path is None:
        return None, None
    # A run's own file says all that was found out when it was made.
    try:
        return absolute(path), None if reader is None or recorded else sniffed_by(entry, absolute(path), registry)
    except UserError as error:
        _blame("data.path", error, faults)
        return None, None


def _text(table: dict[str, Any], key: str, faults: Faults) -> str | None:
    value = table.pop(key, None)
    if value is None or isinstance(value, str):
        return str(value) if value and value != NONE else None
    faults.add(f"data.{key}", f"must be text, got {show(value)}")
    return None


def asks_readers(table: Mapping[str, Any], registry: Registry) -> bool:
    """Whether a table [data] gives a path and no reader, so that `choose` asks every reader what it takes it for."""
    name, path, reader = (value if value != NONE else None for value in map(table.get, ("name", "path", "reader")))
    return not reader and (name is None if path else _means_path(name, registry))


def _means_path(name: object, registry: Registry) -> bool:
    return isinstance(name, str) and is_path(name) and not _registered(name, registry)


def _registered(name: str, registry: Registry) -> bool:
    """Whether `plugin/name`, which looks like a path, is a name; what is there under ./ is always a path."""
    if name.startswith((".", "~", "/")):
        return False
    return any(name in (entry.name, entry.qualified) for entry in registry.list("data"))
