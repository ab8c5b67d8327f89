"""Which plugins are installed, and which of them may be used. Reads metadata alone: no plugin is imported.

A plugin is an entry point of the group `nntui`. The built-ins are one too; in a checkout that was never installed,
where there is no metadata to find them by, they are found all the same.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nntui._version import __version__
from nntui.hooks.names import same_distribution, well_formed
from nntui.hooks.specs import GROUP

BUILTIN = "builtin"
"""The name of the plugin that comes with nntui. It owns its contributions' bare names."""
_BUILTIN_TARGET = "nntui.builtin.plugin"
_MOST_FILES = 2000


@dataclass(frozen=True, kw_only=True)
class Found:
    """An installed plugin, as its distribution's metadata tells."""

    plugin: str
    """Name of the entry point."""
    target: str
    """What it names: "module" or "module:attribute"."""
    distribution: str
    version: str
    requires: tuple[str, ...] = ()
    """What the distribution asks for (PEP 508)."""
    metadata: str = ""
    """A hash of METADATA and RECORD: another one after an install."""
    loose: bool = False
    """Editable, or without a RECORD: its files may change while the metadata does not."""

    @property
    def builtin(self) -> bool:
        return self.plugin == BUILTIN and self.target == _BUILTIN_TARGET

    @property
    def remove(self) -> str:
        """The command that removes it ("" for the built-ins)."""
        return "" if self.builtin else f"nntui plugins uninstall {self.plugin}"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Why an installed plugin is not used, known before it is imported."""

    status: str
    """disabled | clash | incompatible"""
    message: str
    advice: str = ""


def installed() -> tuple[Found, ...]:
    """Every installed plugin, the built-ins first, then by name and distribution."""
    importlib.invalidate_caches()
    found = [_read(entry) for entry in importlib.metadata.entry_points(group=GROUP)]
    # Our own row is made here: there may be no metadata, or that of another checkout or an older install.
    builtin = Found(plugin=BUILTIN, target=_BUILTIN_TARGET, distribution="nntui", version=__version__, loose=True)
    return (builtin, *sorted((f for f in found if not f.builtin), key=lambda f: (f.plugin, f.distribution)))


def _read(entry: importlib.metadata.EntryPoint) -> Found:
    dist = entry.dist
    target = entry.value.partition("[")[0].strip()  # extras behind the target mean nothing to us
    if dist is None:  # only for entry points made by hand
        return Found(plugin=entry.name, target=target, distribution="unknown", version="0")
    metadata = dist.read_text("METADATA") or dist.read_text("PKG-INFO") or ""
    record = dist.read_text("RECORD")
    return Found(
        plugin=entry.name,
        target=target,
        distribution=dist.metadata["Name"] or "unknown",
        version=dist.version or "0",
        requires=tuple(dist.requires or ()),
        metadata=hashlib.sha256(f"{metadata}\0{record}".encode()).hexdigest(),
        loose=record is None or _editable(dist),
    )


def _editable(dist: importlib.metadata.Distribution) -> bool:
    """Whether pip or uv installed it with -e (PEP 610)."""
    try:
        url = json.loads(dist.read_text("direct_url.json") or "{}")
    except ValueError:
        return True  # unreadable: watch its files
    return bool(isinstance(url, dict) and url.get("dir_info", {}).get("editable"))


def refused(
    plugins: Iterable[Found], disabled: frozenset[str], environ: Mapping[str, str] = os.environ
) -> dict[Found, Refused]:
    """The plugins that are not to be imported, and why.

    `disabled` holds names of plugins or distributions. Of two plugins with one name neither is used: which of them a
    run meant could not be told. Nobody but nntui may be called `builtin`.
    """
    reasons: dict[Found, Refused] = {}
    others = [f for f in plugins if not f.builtin]
    for found in others:
        if reason := _left_out(found, disabled, environ):
            reasons[found] = reason
    names = Counter(f.plugin for f in others if f not in reasons)
    for found in others:
        if found in reasons:
            continue
        if reason := _misnamed(found) or _clash(found, names, others) or incompatible(found):
            reasons[found] = reason
    return reasons


def _left_out(found: Found, disabled: frozenset[str], environ: Mapping[str, str]) -> Refused | None:
    chosen = environ.get("NNTUI_PLUGINS")
    if environ.get("NNTUI_NO_PLUGINS", "0") not in ("", "0"):
        message = "left out by --no-plugins (NNTUI_NO_PLUGINS)"
        return Refused(
            status="disabled", message=message, advice="run without --no-plugins, and unset NNTUI_NO_PLUGINS"
        )
    if chosen is not None and found.plugin not in wanted(chosen):
        enough = ",".join([*wanted(chosen), found.plugin])
        return Refused(status="disabled", message="left out by NNTUI_PLUGINS", advice=f"NNTUI_PLUGINS={enough}")
    if found.plugin in disabled or any(same_distribution(found.distribution, name) for name in disabled):
        return Refused(status="disabled", message="disabled", advice=f"nntui plugins enable {found.plugin}")
    return None


def wanted(chosen: str) -> list[str]:
    """The names in a value of NNTUI_PLUGINS, such as "gru, lion"."""
    return [name for name in (part.strip() for part in chosen.split(",")) if name and name != BUILTIN]


def _misnamed(found: Found) -> Refused | None:
    advice = f"pip uninstall {found.distribution}"
    if found.plugin == BUILTIN:
        return Refused(status="clash", message=f"the plugin name {BUILTIN!r} is nntui's own", advice=advice)
    if not well_formed(found.plugin):
        message = f"its name {found.plugin!r} is not lower-case words joined by hyphens"
        return Refused(status="failed", message=message, advice=advice)
    return None


def _clash(found: Found, names: Counter[str], others: list[Found]) -> Refused | None:
    if names[found.plugin] < 2:
        return None
    rivals = [f for f in others if f.plugin == found.plugin]
    who = " and ".join(f"{f.distribution} {f.version}" for f in rivals)
    return Refused(
        status="clash",
        message=f"{who} both call their plugin {found.plugin!r}",
        advice="\n".join(f"nntui plugins disable {f.distribution}" for f in rivals),
    )


def incompatible(found: Found) -> Refused | None:
    """Whether the distribution asks for another nntui than this one, from its metadata."""
    mine = [text for text in found.requires if text.lower().lstrip().startswith("nntui")]
    if not mine:
        return None
    from packaging.requirements import InvalidRequirement, Requirement  # for those alone who need it

    for text in mine:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            return Refused(status="incompatible", message=f"its requirement {text!r} cannot be read: {error}")
        if not same_distribution(requirement.name, "nntui"):
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(__version__, prereleases=True):
            return Refused(
                status="incompatible",
                message=f"{found.distribution} {found.version} needs nntui {requirement.specifier}; "
                f"this is {__version__}",
                advice=f"pip install --upgrade nntui {found.distribution}",
            )
    return None


def key(found: Found) -> str:
    """A hash of all that what a plugin contributes depends on: its version, its files, Python and nntui."""
    house = Path(__file__).parent
    facts = [
        found.plugin,
        found.target,
        found.distribution,
        found.version,
        found.metadata,
        sys.version,
        sys.prefix,
        __version__,
        list(_stamps(sorted(house.glob("*.py")))),
        list(_stamps(_sources(found))),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _stamps(files: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue  # went away between listing and looking
        yield str(file), status.st_mtime_ns, status.st_size


def _sources(found: Found) -> list[Path]:
    """The files whose change may change what it contributes."""
    module = found.target.partition(":")[0].strip()
    if found.builtin:
        return sorted((Path(__file__).parents[1] / "builtin").rglob("*.py"))
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)  # a top-level name: finds it without importing anything
    except (ImportError, ValueError, AttributeError):
        return []  # importing it will say what is wrong
    if spec is None:
        return []
    if not spec.submodule_search_locations:
        return [Path(spec.origin)] if spec.origin else []
    folders = [Path(folder) for folder in spec.submodule_search_locations]
    if found.loose:
        return sorted(islice((file for folder in folders for file in folder.rglob("*.py")), _MOST_FILES))
    return [
        place for folder in folders for place in (folder.joinpath(*rest).with_suffix(".py"), folder / "__init__.py")
    ]


def surroundings() -> str:
    """A hash that changes when something is installed: a plugin that lacked a module may work afterwards."""
    folders = [Path(folder) for folder in sys.path if folder and Path(folder).is_dir()]
    return hashlib.sha256(json.dumps(list(_stamps(folders))).encode()).hexdigest()
