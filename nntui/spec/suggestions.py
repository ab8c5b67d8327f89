"""What contributions suggest for other settings, and which of it holds. Pure: nothing is looked up or imported.

Precedence: general default < architecture < data set < person. A key may be prefixed: a data set's
"rnn:training.epochs" holds for that architecture alone, an architecture's "audio:arch.hidden" for that modality alone;
a prefixed key goes before the same key without a prefix.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nntui.spec.tables import CHOICES, DEFAULTS, settings_fields

if TYPE_CHECKING:
    from nntui.hooks.contributions import Contribution
    from nntui.hooks.registry import Entry
    from nntui.spec.model import Chosen

_SWAPPED = frozenset({"activation", "optimizer", "schedule", "device"})
"""Tables whose params are suggested for one contribution and mean nothing, or another thing, for the next."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What must be known of a contribution here."""

    name: str
    qualified: str
    fields: frozenset[str]
    defaults: Mapping[str, Any]
    modality: str = ""

    def is_called(self, name: object) -> bool:
        return name in (self.name, self.qualified)


def of_entry(entry: Entry) -> Candidate:
    return Candidate(
        name=entry.name,
        qualified=entry.qualified,
        fields=frozenset(info.name for info in entry.fields),
        defaults=entry.defaults,
        modality=str(entry.meta.get("modality", "")),
    )


def of_chosen(chosen: Chosen[Contribution]) -> Candidate:
    return Candidate(
        name=chosen.name,
        qualified=chosen.qualified,
        fields=frozenset(type(chosen.params).model_fields),
        defaults=chosen.contribution.defaults,
        modality=str(getattr(chosen.contribution, "modality", "")),
    )


def holding(defaults: Mapping[str, Any], prefixes: Collection[str]) -> dict[str, Any]:
    """The keys without a prefix, overlaid by those whose prefix is among `prefixes`."""
    plain = {key: value for key, value in defaults.items() if ":" not in key}
    for key, value in defaults.items():
        prefix, colon, rest = key.partition(":")
        if colon and prefix in prefixes:
            plain[rest] = value
    return plain


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """What holds: values by dotted key, who said so, and what was suggested in vain."""

    values: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    """Dotted key to the qualified name of the contribution."""
    unknown: tuple[tuple[str, str], ...] = ()
    """(qualified name, dotted key) of suggestions for what is no setting: a plugin's mistake."""


def layers(data: Candidate, arch: Candidate) -> tuple[tuple[Candidate, dict[str, Any]], ...]:
    """What the two suggest that hold for each other, weakest first."""
    return (
        (arch, holding(arch.defaults, {data.modality})),
        (data, holding(data.defaults, {arch.name, arch.qualified})),
    )


def suggested_name(kind: str, data: Candidate, arch: Candidate | None) -> tuple[str, str]:
    """The name that is chosen for `kind` when a person names none, and who suggests it ("": nobody).

    `arch` is None while the architecture itself is being chosen: then only the data set is asked.
    """
    if arch is None:
        asked = ((data, holding(data.defaults, ())),)
    else:
        asked = tuple(reversed(layers(data, arch)))
    for candidate, said in asked:
        if isinstance(name := said.get(f"{kind}.name"), str):
            return name, candidate.qualified
    return DEFAULTS[kind], ""


def suggestions(chosen: Mapping[str, Candidate]) -> Suggested:
    """The suggestions that hold among the `chosen` (by kind). A kind that is missing gets none.

    A param of an optimizer, a schedule, an activation or a device is suggested for the one that the same contribution
    names, or else for the default one; it holds only where that one is chosen.
    """
    if "data" not in chosen or "arch" not in chosen:
        return Suggested()
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    unknown: list[tuple[str, str]] = []
    for candidate, said in layers(chosen["data"], chosen["arch"]):
        for key, value in said.items():
            table, _, name = key.partition(".")
            if name == "name" and table in CHOICES:
                continue
            own = name in settings_fields(table)
            target = chosen.get(table)
            if not own and table in CHOICES:
                if target is None:
                    continue
                if table in _SWAPPED and not target.is_called(said.get(f"{table}.name", DEFAULTS[table])):
                    continue
                if name not in target.fields:
                    # A data set may speak of a param that only some architectures have.
                    if not (table == "arch" and candidate is chosen["data"]):
                        unknown.append((candidate.qualified, key))
                    continue
            elif not own or table == "origin":
                unknown.append((candidate.qualified, key))
                continue
            values[key] = value
            sources[key] = candidate.qualified
    return Suggested(values=values, sources=sources, unknown=tuple(unknown))
