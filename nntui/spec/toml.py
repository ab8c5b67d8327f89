"""Specs as TOML: read with the line of every key, written whole with a word of help behind every setting."""

from __future__ import annotations

import platform
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from nntui._version import __version__
from nntui.hooks.errors import UserError
from nntui.hooks.names import same_distribution
from nntui.hooks.params import FieldInfo
from nntui.spec.choosing import came_from
from nntui.spec.errors import SpecError, SpecErrors
from nntui.spec.model import RunSpec
from nntui.spec.positions import lines_of_keys
from nntui.spec.said import Said
from nntui.spec.tables import CHOICES, NOUNS, PLURALS
from nntui.spec.text import NONE
from nntui.spec.tree import chosen_of, fields_of, tree_of

_ENDING = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_LONG = 1 << 20
"""Bytes; no spec is longer, but a file given by mistake may be."""


def read_toml(path: Path | str) -> Said:
    """What a spec file says. Raises UserError where it cannot be read, SpecErrors where it is no TOML."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(_LONG + 1)
    except FileNotFoundError as error:
        raise UserError(f"there is no spec file {path}", advice="nntui spec > spec.toml writes one.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UserError(f"cannot read {path}: {reason}", advice="A spec is a TOML file.") from error
    if len(raw) > _LONG:
        raise UserError(f"{path} is longer than a spec can be (1 MiB)", advice="A spec is a TOML file.")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        fault = SpecError(f"{path} line {line}", "is not UTF-8", "Save the file as UTF-8; data is given by --data.")
        raise SpecErrors([fault]) from error
    return from_toml(text, str(path), path)


def from_toml(text: str, where: str = "spec.toml", file: Path | None = None) -> Said:
    """What a spec text says; `where` names it in errors. Raises SpecErrors where it is no TOML."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        ending = _ENDING.search(message)
        message = message[: ending.start()] if ending else message
        line = ending[1] if ending and ending[1] else str(text.count("\n") + 1)
        column = f", column {ending[2]}" if ending and ending[2] else ""
        fault = SpecError(f"{where} line {line}{column}", f"is no TOML: {message[:1].lower()}{message[1:]}")
        raise SpecErrors([fault]) from error
    except RecursionError as error:
        raise SpecErrors([SpecError(where, "is nested too deeply for a spec")]) from error
    # TOML ends lines with \n or \r\n; tomllib counts them after folding, and so does the scanner.
    lines = lines_of_keys(text.replace("\r\n", "\n"))
    return Said(tree=tree, places={key: f"{where} line {line}" for key, line in lines.items()}, file=file)


def environment() -> dict[str, str]:
    """What the run was said in: versions that its bits may hang on. Nothing is imported to know them."""
    found = {"nntui": __version__, "python": platform.python_version(), "platform": platform.platform(terse=True)}
    for name in ("torch", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def to_toml(
    spec: RunSpec,
    *,
    name: str = "",
    surroundings: Mapping[str, str] | None = None,
    comments: bool = True,
) -> str:
    """A spec, every default filled in; `from_toml` and `resolve` make the same spec of it.

    name: of the run. surroundings: the table [environment]; None for `environment()` as it is now.
    A setting that is empty is written as "none", which TOML has no word for.
    """
    tree = tree_of(spec)
    described = {title: fields_of(spec, title) for title in tree}
    return toml_of(tree, described, name=name, surroundings=surroundings, comments=comments)


def toml_of(
    tree: Mapping[str, Any],
    described: Mapping[str, Iterable[FieldInfo]],
    *,
    name: str = "",
    surroundings: Mapping[str, str] | None = None,
    comments: bool = True,
) -> str:
    """As `to_toml`, from the whole tree of a spec (`tree_of`) and, by table, its keys described."""
    document = tomlkit.document()
    document["version"] = tree["version"]
    if name:
        document["name"] = name
    tables = {title: values for title, values in tree.items() if title != "version"}
    tables["environment"] = dict(environment() if surroundings is None else surroundings)
    for title, values in tables.items():
        known = {field.name: field for field in described.get(title, ())}
        document[title] = _table(title, values, known, comments)
    return tomlkit.dumps(document)


def _table(title: str, values: Mapping[str, Any], described: Mapping[str, FieldInfo], comments: bool) -> Table:
    table = tomlkit.table()
    for key, value in values.items():
        item = tomlkit.item(_writable(value))
        if comments and (help_text := _help(title, key, described)):
            item.comment(help_text)
        table.add(key, item)
    return table


def _writable(value: Any) -> Any:  # a plain value of any setting
    """`value` without None: "none" for a setting, left out within a table."""
    if value is None:
        return NONE
    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        for key, item in value.items():
            if item is not None:
                inline.add(key, _writable(item))
        return inline
    if isinstance(value, list):
        array = tomlkit.array()  # made by hand: tomlkit would make tables of the list's own out of a list of tables
        array.extend(_writable(item) for item in value)
        return array
    return value


def _help(table: str, key: str, described: Mapping[str, FieldInfo]) -> str:
    field = described.get(key)
    if field is None:
        return f"the {NOUNS[table]}: nntui {PLURALS[table]}" if key == "name" and table in CHOICES else ""
    # A plugin writes this help: a line break in it would end the comment.
    words = "".join(c if c.isprintable() else " " for c in field.help).split()
    text = " ".join(words) + (f" ({field.unit})" if field.unit and words else "")
    return f"{text} [{' | '.join(field.choices)}]" if field.choices and text else text


def provenance_warnings(tree: Mapping[str, Any], spec: RunSpec) -> list[str]:
    """Where a spec's [plugins] records other versions than those that it was resolved with now."""
    recorded = tree.get("plugins", {})
    if not isinstance(recorded, Mapping):
        return []
    warnings: list[str] = []
    for chosen in chosen_of(spec).values():
        distribution, then = came_from(recorded, chosen.qualified)
        if not distribution:
            continue
        if not same_distribution(distribution, chosen.distribution):
            text = f"{chosen.qualified} came from {distribution} {then}; here it is {chosen.distribution}'s"
        elif then and then != chosen.version:
            text = f"the run was made with {distribution} {then}; here is {chosen.version}: its numbers may differ"
        else:
            continue
        if text not in warnings:
            warnings.append(text)
    return warnings
