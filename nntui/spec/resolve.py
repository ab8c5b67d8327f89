"""From what was said to a validated `RunSpec`: every default filled in, every fault told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from nntui._version import __version__
from nntui.hooks.contributions import Activation, Architecture, Contribution, Dataset, Device, Optimizer, Schedule
from nntui.hooks.errors import UserError
from nntui.hooks.names import nearest
from nntui.hooks.params import Params
from nntui.spec.choosing import Choosing, Faults, choose
from nntui.spec.datapath import absolute
from nntui.spec.errors import SpecErrors
from nntui.spec.model import (
    SPEC_VERSION,
    Chosen,
    DataSettings,
    DeviceSettings,
    Origin,
    RunSpec,
    TrainingSettings,
)
from nntui.spec.said import Said
from nntui.spec.tables import CHOICES, SETTINGS, OriginSettings, plain_key, settings_fields, settings_schema
from nntui.spec.text import typed
from nntui.spec.validate import did_you_mean, validated

if TYPE_CHECKING:
    from nntui.hooks.registry import Entry, Registry

P = TypeVar("P", bound=Params)
C = TypeVar("C", bound=Contribution)


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """A spec, and how it came about."""

    spec: RunSpec
    notes: tuple[str, ...]
    """What a person should be told: what a path was taken for, suggestions that were left out."""
    sources: Mapping[str, str]
    """For a dotted key that nobody said, the qualified name of the contribution that suggests its value."""


def resolve(tree: Mapping[str, Any], registry: Registry, places: Mapping[str, str] | None = None) -> RunSpec:
    """The run that `tree` says, validated. Imports the plugins that it names, and no torch.

    tree: {"data": {"name": "digits", "test": 0.2}, "arch": {"name": "cnn", "channels": [32, 64]}, "training": ...}
    places: for a dotted key, where it was said; named in errors.

    Raises SpecErrors with everything that is wrong.
    """
    return resolve_said(Said(tree=tree, places=places or {}), registry).spec


def resolve_said(said: Said, registry: Registry) -> Resolution:
    """As `resolve`, from any door; tells also what was chosen in a person's stead. Raises SpecErrors."""
    faults = Faults(said.places)
    faults.found += said.errors
    _refuse_newer(said.tree, faults)
    choosing = choose(said.tree, registry, faults)
    _check_fit(choosing, faults)
    tables = choosing.tables
    settings = {table: _settings(table, choosing, faults) for table in SETTINGS if table != "origin" or tables[table]}
    chosen = {
        kind: made
        for kind, entry in choosing.entries.items()
        if (made := _chosen(kind, entry, choosing, registry, faults)) is not None
    }
    if faults.found:
        raise SpecErrors(faults.in_order())
    spec = RunSpec(
        data=_of(Dataset, chosen["data"]),
        data_settings=_as(DataSettings, settings["data"]),
        arch=_of(Architecture, chosen["arch"]),
        activation=_of(Activation, chosen["activation"]),
        optimizer=_of(Optimizer, chosen["optimizer"]),
        schedule=_of(Schedule, chosen["schedule"]),
        device=_of(Device, chosen["device"]),
        device_settings=_as(DeviceSettings, settings["device"]),
        training=_as(TrainingSettings, settings["training"]),
        origin=_origin(_as(OriginSettings, settings["origin"])) if "origin" in settings else None,
        resolved=dict(tables["resolved"]),
    )
    sources = {f"{kind}.name": who for kind, who in choosing.chosen_by.items()}
    for key, who in choosing.suggested.sources.items():
        table, _, name = key.partition(".")
        if name not in tables[table]:
            sources[key] = who
    return Resolution(spec=spec, notes=choosing.notes, sources=sources)


def _refuse_newer(tree: Mapping[str, Any], faults: Faults) -> None:
    """A spec of a newer format is refused alone: whatever else looks wrong may be right there."""
    version = tree.get("version", SPEC_VERSION)
    if isinstance(version, bool) or not isinstance(version, int):
        return  # told with the other types
    if version < 1:
        faults.add("version", f"must be from 1 to {SPEC_VERSION}, got {version}")
    if version <= SPEC_VERSION:
        return
    environment = tree.get("environment")
    wrote = environment.get("nntui") if isinstance(environment, Mapping) else None
    needed = f"nntui {wrote} or newer" if wrote else "a newer nntui"
    faults.found.clear()
    faults.add(
        "version",
        f"this spec has format {version}, nntui {__version__} reads up to {SPEC_VERSION}: it needs {needed}",
        f'pip install "nntui>={wrote}"' if wrote else "pip install --upgrade nntui",
    )
    raise SpecErrors(faults.found)


def _check_fit(choosing: Choosing, faults: Faults) -> None:
    """Refuse a network that says it does not take this kind of data, before anything is read."""
    arch, data = choosing.entries.get("arch"), choosing.entries.get("data")
    if arch is None or data is None:
        return
    modality = data.meta.get("modality", "")
    reason = arch.meta.get("refuses", {}).get(modality)
    if reason is not None:
        faults.add("arch.name", f"{arch.name} does not take {data.name} ({modality})", str(reason))


def _settings(table: str, choosing: Choosing, faults: Faults) -> Params | None:
    """nntui's own keys of a table."""
    own = settings_fields(table)
    model = SETTINGS[table]
    said = choosing.tables[table]
    if table == "data" and choosing.path is not None:
        said = {**said, "path": choosing.path}
    if table not in CHOICES:
        for key in said.keys() - own.keys():
            _unknown_key(table, key, choosing, None, faults)
    values = {key: value for key, value in _suggested(table, choosing).items() if key in own}
    values |= {key: typed(value, own[key], settings_schema(table)) for key, value in said.items() if key in own}
    for key in ("root", "test"):
        if table == "data" and isinstance(place := values.get(key), str):
            values[key] = absolute(place)
    return validated(model, values, lambda key, *told: faults.add(f"{table}.{key}", *told))


def _suggested(table: str, choosing: Choosing) -> dict[str, Any]:
    prefix = f"{table}."
    return {key.removeprefix(prefix): v for key, v in choosing.suggested.values.items() if key.startswith(prefix)}


def _chosen(
    kind: str, entry: Entry, choosing: Choosing, registry: Registry, faults: Faults
) -> Chosen[Contribution] | None:
    """The contribution of one kind, loaded, with its params validated."""
    reserved = settings_fields(kind)
    own = {field.name: field for field in entry.fields}
    said = {key: value for key, value in choosing.tables[kind].items() if key not in reserved}
    for key in said.keys() - own.keys():
        _unknown_key(kind, key, choosing, registry, faults)
    values = {key: value for key, value in _suggested(kind, choosing).items() if key in own}
    if kind == "data":
        values |= {key: value for key, value in choosing.sniffed.items() if key in own}
    values |= {key: typed(value, own[key], entry.schema) for key, value in said.items() if key in own}
    try:
        contribution = registry.load(kind, entry.qualified).contribution
    except UserError as error:
        faults.add(f"{kind}.name", error.message, error.advice)
        return None
    params = validated(contribution.params, values, lambda key, *told: faults.add(_dotted(kind, key), *told))
    if params is None:
        return None
    return Chosen(
        contribution=contribution,
        params=params,
        qualified=entry.qualified,
        distribution=entry.distribution,
        version=entry.version,
    )


def _dotted(table: str, key: str) -> str:
    return f"{table}.{key}" if key else table


def _unknown_key(table: str, key: str, choosing: Choosing, registry: Registry | None, faults: Faults) -> None:
    """Tell an unknown key, with what it may have been: a misspelling, a key of another table or contribution."""
    dotted = f"{table}.{key}"
    entry = choosing.entries.get(table)
    known = [*settings_fields(table), *(field.name for field in (entry.fields if entry is not None else ()))]
    if table in CHOICES:
        known.append("name")
    owner = f"{entry.name} has no setting called {key}" if entry is not None else f"[{table}] has no key called {key}"
    hints: list[str] = []
    if near := nearest(key, known):
        hints.append(did_you_mean(faults.spell([f"{table}.{name}" for name in near], dotted)))
    elsewhere = [f"{other}.{key}" for other in _tables_with(key, choosing) if other != table]
    if elsewhere:
        hints.append(f"There is {' and '.join(faults.spell(elsewhere, dotted))}.")
    if entry is not None and registry is not None:
        having = [e.name for e in registry.list(table) if any(field.name == key for field in e.fields)]
        if having:
            hints.append(f"{', '.join(having[:5])} {'has' if len(having) == 1 else 'have'} it.")
    if not hints:
        hints.append(f"It has {', '.join(name for name in known if name != 'name')}." if known else "It has none.")
    faults.add(dotted, owner, "\n".join(hints))


def _tables_with(key: str, choosing: Choosing) -> list[str]:
    tables = [table for table in SETTINGS if key in settings_fields(table)]
    for kind, entry in choosing.entries.items():
        if kind not in tables and any(field.name == plain_key(key) for field in entry.fields):
            tables.append(kind)
    return tables


def _origin(settings: OriginSettings) -> Origin:
    return Origin(**{field.name: getattr(settings, field.name) for field in fields(Origin)})


def _of(kind: type[C], chosen: Chosen[Contribution]) -> Chosen[C]:
    """`chosen`, known to be of a kind: the registry gives what the table asks for."""
    contribution = chosen.contribution
    if not isinstance(contribution, kind):
        raise TypeError(f"{chosen.qualified} is no {kind.__name__}")
    return Chosen(
        contribution=contribution,
        params=chosen.params,
        qualified=chosen.qualified,
        distribution=chosen.distribution,
        version=chosen.version,
    )


def _as(model: type[P], settings: Params | None) -> P:
    if not isinstance(settings, model):  # None only where faults were found, and these were raised
        raise TypeError(f"{model.__name__} expected")
    return settings
