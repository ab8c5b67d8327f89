"""The JSON schema of a whole spec, from the index alone: editors complete and check a spec with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from nntui.spec.model import SPEC_VERSION
from nntui.spec.tables import CHOICES, DEFAULTS, NOUNS, RECORDED, SETTINGS, settings_schema
from nntui.spec.text import NONE

if TYPE_CHECKING:
    from nntui.hooks.registry import Entry, Registry

Schema: TypeAlias = dict[str, Any]  # JSON

_PATH: Schema = {"type": "string", "pattern": r"[/\\.~]", "description": "Path of your own files"}
"""What tells a path from a name, as far as a pattern can: a separator or a dot, which no name has."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(registry: Registry) -> Schema:
    """Draft 2020-12. Each table that names a contribution is one of its kind's, told apart by `name`."""
    definitions: Schema = {}
    properties: Schema = {
        "version": {"type": "integer", "minimum": 1, "maximum": SPEC_VERSION, "description": "Format of the spec"},
        "name": {"type": "string", "description": "Name of the run"},
    }
    for kind in CHOICES:
        entries = registry.list(kind)
        names = sorted({name for entry in entries for name in (entry.name, entry.qualified)})
        variants = [_variant(kind, entry, definitions) for entry in entries]
        short = {"enum": names, "description": "The name alone"}
        paths = [_PATH] if any(entry.meta.get("has_sniff") for entry in entries) else []
        properties[kind] = {"anyOf": [*variants, short, *paths], "description": f"The {NOUNS[kind]}"}
    for table in ("training", "origin"):
        properties[table] = _own(table, definitions)
    for table in RECORDED:
        properties[table] = {"type": "object", "description": "Written by nntui"}
    return {
        "$schema": _DIALECT,
        "title": "nntui spec",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": definitions,
    }


def _own(table: str, definitions: Schema) -> Schema:
    """nntui's own keys of a table."""
    schema = _prepared(settings_schema(table), f"nntui.{table}", definitions)
    return {**schema, "additionalProperties": False}


def _variant(kind: str, entry: Entry, definitions: Schema) -> Schema:
    """The table of `kind` when it names `entry`."""
    schema = _prepared(entry.schema, f"{kind}.{entry.qualified}", definitions)
    own = _own(kind, definitions)["properties"] if kind in SETTINGS else {}
    names = [entry.name, entry.qualified]
    default = entry.name == DEFAULTS[kind]
    # A path may stand for the name of the data: whichever reader takes it has these keys.
    name: Schema = {"anyOf": [{"enum": names}, _PATH]} if entry.meta.get("has_sniff") else {"enum": names}
    required = [*schema.get("required", ()), *(() if default else ("name",))]
    return {
        "type": "object",
        "title": entry.name,
        "description": entry.summary,
        "properties": {"name": name, **schema.get("properties", {}), **own},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _prepared(schema: Mapping[str, Any], owner: str, definitions: Schema) -> Schema:
    """A params' schema for TOML: its $defs moved to the top under the owner's name, "none" where null is allowed."""
    prefix = owner.replace("/", ".")
    for name, body in schema.get("$defs", {}).items():
        definitions[f"{prefix}.{name}"] = _rewritten(body, prefix)
    kept = {key: value for key, value in schema.items() if key not in ("$defs", "title", "description")}
    rewritten = _rewritten(kept, prefix)
    return rewritten if isinstance(rewritten, dict) else {}


def _rewritten(part: Any, prefix: str) -> Any:  # any part of a JSON schema
    if isinstance(part, list):
        return [_rewritten(item, prefix) for item in part]
    if not isinstance(part, dict):
        return part
    changed = {key: _rewritten(value, prefix) for key, value in part.items()}
    reference = part.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        changed["$ref"] = f"#/$defs/{prefix}.{reference.removeprefix('#/$defs/')}"
    variants = changed.get("anyOf")
    if isinstance(variants, list) and {"type": "null"} in variants:
        changed["anyOf"] = [NULL_IN_TOML if variant == {"type": "null"} else variant for variant in variants]
        if changed.get("default", ...) is None:
            changed["default"] = NONE
    return changed


NULL_IN_TOML: Schema = {"const": NONE}
