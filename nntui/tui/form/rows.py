"""The rows of the form: one for each thing that can be said, made from what contributions tell of their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from nntui.hooks.declared import plain
from nntui.hooks.params import FieldInfo
from nntui.spec.tables import CHOICES, DEFAULTS, settings_fields
from nntui.spec.text import NONE, as_text

if TYPE_CHECKING:
    from nntui.hooks.errors import UserError
    from nntui.hooks.registry import Entry, Registry
    from nntui.spec.errors import SpecError
    from nntui.tui.form.form import Checked, Wanted

Kind = Literal["heading", "contribution", "switch", "words", "text", "fold", "train"]

TRAIN = "train"
MORE = "more"

LABELS: Mapping[str, str] = {
    "data": "data",
    "arch": "network",
    "activation": "activation",
    "optimizer": "optimizer",
    "schedule": "schedule",
    "device": "device",
}
"""What the row of each choice is called."""

_UP_FRONT: Mapping[str, tuple[str, ...]] = {
    "data": ("test", "validation", "augment"),
    "training": ("epochs", "batch_size", "seed"),
    "device": ("threads",),
}
"""nntui's own settings that are not folded away."""
_HIDDEN = frozenset({"data.path"})
"""Said in the row of the data."""
LEARNING_RATE = "optimizer.lr"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the form."""

    key: str
    """Dotted: arch.channels; arch.name for a choice; a heading's own name."""
    label: str
    kind: Kind
    text: str = ""
    """The value that holds, as one types it."""
    said: bool = False
    """Whether a person said it."""
    source: str = ""
    """Who suggests the value, where nobody said it; "" for a general default."""
    options: tuple[str, ...] = ()
    """For a contribution, a switch or words: what it may be."""
    errors: tuple[SpecError, ...] = ()
    help: str = ""
    field: FieldInfo | None = None
    indent: int = 0

    @property
    def selectable(self) -> bool:
        return self.kind != "heading"

    @property
    def flag(self) -> str:
        """How a command line says it; "" for what is no setting."""
        from nntui.spec.words import flag_of

        return "" if self.kind in ("heading", "fold", "train") else flag_of(self.key)


def blamed(found: Sequence[Row], error: UserError) -> list[Row]:
    """The rows with what the plan found wrong: below the setting that it names, else below Train."""
    from nntui.spec.errors import SpecError

    named = max(
        (row for row in found if row.flag and error.message.startswith(f"{row.flag}:")),
        key=lambda row: len(row.flag),
        default=found[-1],
    )
    message = error.message.removeprefix(f"{named.flag}:").strip() if named.flag else error.message
    fault = SpecError(place=named.key, message=message, suggestion=error.advice)
    return [replace(row, errors=(*row.errors, fault)) if row is named else row for row in found]


@dataclass(frozen=True, kw_only=True)
class Option:
    """What a chooser offers."""

    name: str
    """As it is said."""
    summary: str
    origin: str = ""
    """Who brings it, where that is not nntui."""
    refused: str = ""
    """Why it cannot be chosen here."""


def rows(wanted: Wanted, checked: Checked, registry: Registry, *, unfolded: bool) -> list[Row]:
    """All rows in order. `wanted` may be newer than `checked`: then errors and suggestions are those of before."""
    making = _Making(wanted, checked, registry)
    found: list[Row] = []
    for kind in ("data", "arch", "activation"):
        found += making.choice(kind)
    found.append(Row(key="training", label="training", kind="heading"))
    found += [making.setting(f"training.{name}") for name in _UP_FRONT["training"][:2]]
    found += making.learning_rate()
    found += [making.setting(f"training.{name}") for name in _UP_FRONT["training"][2:]]
    for kind in ("optimizer", "schedule", "device"):
        found += making.choice(kind)
    folded = making.more()
    said = sum(row.said for row in folded)
    summary = f"{len(folded)} settings" + (f", {said} set" if said else "")
    found.append(Row(key=MORE, label="more", kind="fold", text=summary, help="Settings that are seldom changed"))
    found += [row for row in folded if unfolded or row.said or row.errors]
    found.append(Row(key=TRAIN, label="Train", kind="train", help="Make the run and train it"))
    return found


class _Making:
    def __init__(self, wanted: Wanted, checked: Checked, registry: Registry) -> None:
        self.wanted = wanted
        self.checked = checked
        self.registry = registry

    def choice(self, kind: str) -> Iterator[Row]:
        """A choice and, below it, what is set of it."""
        key = f"{kind}.name"
        entry = self.checked.entries.get(kind)
        said = kind in self.wanted.choices
        all = self.registry.list(kind)
        name = self.wanted.choices.get(kind) or (_short(entry, all) if entry is not None else DEFAULTS[kind])
        yield Row(
            key=key,
            label=LABELS[kind],
            kind="contribution",
            text=name,
            said=said,
            source="" if said else self._source(key),
            options=tuple(_short(other, all) for other in all),
            errors=self.checked.errors.get(key, ()),
            help=entry.summary if entry is not None else "",
        )
        for field in entry.fields if entry is not None else ():
            if not field.advanced and f"{kind}.{field.name}" != LEARNING_RATE:
                yield self.param(kind, field)
        for unknown in self._unknown(kind):
            yield self.param(kind, FieldInfo(name=unknown, kind="other"))
        for setting in _UP_FRONT.get(kind, ()):
            yield self.setting(f"{kind}.{setting}")

    def learning_rate(self) -> Iterator[Row]:
        entry = self.checked.entries.get("optimizer")
        for field in entry.fields if entry is not None else ():
            if field.name == "lr":
                yield self.param("optimizer", field, label="learning rate")

    def more(self) -> list[Row]:
        """What is folded away."""
        found: list[Row] = []
        for kind in CHOICES:
            entry = self.checked.entries.get(kind)
            named = {field.name: field for field in entry.fields if field.advanced} if entry is not None else {}
            found += [self.param(kind, field, label=f"{LABELS[kind]} {_words(name)}") for name, field in named.items()]
        for table in ("data", "device", "training"):
            for name in settings_fields(table):
                key = f"{table}.{name}"
                if name not in _UP_FRONT.get(table, ()) and key not in _HIDDEN:
                    found.append(self.setting(key, label=_words(name)))
        return found

    def param(self, kind: str, field: FieldInfo, label: str = "") -> Row:
        entry = self.checked.entries.get(kind)
        said = self.wanted.params.get((kind, entry.qualified if entry is not None else ""), {})
        return self._row(f"{kind}.{field.name}", field, said, field.name, label)

    def setting(self, key: str, label: str = "") -> Row:
        table, _, name = key.partition(".")
        return self._row(key, settings_fields(table)[name], self.wanted.settings, key, label)

    def _row(self, key: str, field: FieldInfo, said: Mapping[str, Any], name: str, label: str) -> Row:
        known = name in said
        value = said[name] if known else self.checked.suggested.get(key, field.default)
        words = (*field.choices, NONE) if field.optional and field.kind == "choice" else field.choices
        kind: Kind = "switch" if field.kind == "bool" else "words" if field.kind == "choice" else "text"
        return Row(
            key=key,
            label=label or _words(field.name),
            kind=kind,
            text=_text(value, field),
            said=known,
            source="" if known else self._source(key),
            options=("false", "true") if kind == "switch" else words,
            errors=self.checked.errors.get(key, ()),
            help=field.help,
            field=field,
            indent=1,
        )

    def _unknown(self, kind: str) -> list[str]:
        """Keys that were said (by a template) and that the contribution does not have: they can be taken back."""
        entry = self.checked.entries.get(kind)
        known = {field.name for field in entry.fields} if entry is not None else set()
        said = self.wanted.params.get((kind, entry.qualified if entry is not None else ""), {})
        return [name for name in said if name not in known]

    def _source(self, key: str) -> str:
        return self.checked.sources.get(key, "").removeprefix("builtin/")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _text(value: Any, field: FieldInfo) -> str:
    if isinstance(value, str):
        return str(value)
    if value is None:
        return "" if field.required else NONE
    return as_text(plain(value), field)


def _short(entry: Entry, all: Sequence[Entry]) -> str:
    """The name by which an entry is said: bare where that is enough."""
    alone = entry.plugin == "builtin" or sum(other.name == entry.name for other in all) == 1
    return entry.name if alone else entry.qualified


def options(kind: str, registry: Registry, data: Entry | None = None) -> list[Option]:
    """What can be chosen. For a network, `data` tells what each refuses."""
    modality = data.meta.get("modality", "") if data is not None else ""
    all = registry.list(kind)
    return [
        Option(
            name=_short(entry, all),
            summary=entry.summary,
            origin="" if entry.plugin == "builtin" else entry.distribution,
            refused=str(entry.meta.get("refuses", {}).get(modality, "")) if kind == "arch" else "",
        )
        for entry in all
    ]


def bounds(field: FieldInfo) -> str:
    """What a field takes, in words: "a whole number, at least 1"."""
    kinds = {"int": "a whole number", "float": "a number", "str": "text", "list": "a list, such as 32,64"}
    if field.kind == "list" and field.item == "str":
        kinds["list"] = "names, with commas between"
    parts = [kinds[field.kind]] if field.kind in kinds else []
    words: Iterable[tuple[float | None, Callable[[str], str]]] = (
        (field.ge, "at least {}".format),
        (field.gt, "above {}".format),
        (field.le, "at most {}".format),
        (field.lt, "below {}".format),
    )
    parts += [say(f"{bound:g}") for bound, say in words if bound is not None]
    if field.choices:
        parts.append("or " * bool(parts) + ", ".join(field.choices))
    if field.optional:
        parts.append(f"or {NONE}")
    return ", ".join(parts).replace(", or ", " or ")
