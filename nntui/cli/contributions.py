"""`nntui architectures`, `activations`, `datasets`, `devices`, `optimizers`, `schedules`, `exporters`,
`panels`: lists, `show NAME`.

All of it is read from the index: no plugin is imported, nor torch.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from nntui.cli.output import echo, echo_json, say, table, terminal

if TYPE_CHECKING:
    from nntui.hooks.params import FieldInfo
    from nntui.hooks.registry import Entry, Registry

_Column = tuple[str, Callable[["Entry"], str]]


def _inputs(entry: Entry) -> str:
    return ", ".join(entry.meta["inputs"])


def _rows(entry: Entry) -> str:
    return "" if entry.meta["rows"] is None else f"{entry.meta['rows']:,}"


_COLUMNS: dict[str, list[_Column]] = {
    "arch": [("takes", _inputs)],
    "activation": [("formula", lambda entry: entry.meta["formula"])],
    "export": [("file", lambda entry: entry.meta["suffix"])],
    "data": [("kind", lambda entry: entry.meta["modality"]), ("rows", _rows)],
}


def _group(plural: str, kind: str, doc: str) -> click.Group:
    """The command that lists one kind of contribution."""

    @click.group(name=plural, invoke_without_command=True, help=doc)
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @click.pass_context
    def group(ctx: click.Context, as_json: bool) -> None:
        if ctx.invoked_subcommand is None:
            _list(kind, as_json)

    @group.command(name="show", help="One of them: its settings, with their defaults and bounds, and how to use it.")
    @click.argument("name")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    def show(name: str, as_json: bool) -> None:
        from nntui.hooks.registry import registry

        entry = registry().find(kind, name)
        if as_json:
            echo_json(asdict(entry))
        else:
            _show(entry)

    return group


def _list(kind: str, as_json: bool) -> None:
    from nntui.hooks.registry import registry

    found = registry()
    entries = found.list(kind)
    if as_json:
        echo_json([asdict(entry) for entry in entries])
        return
    columns = list(_COLUMNS.get(kind, []))
    if any(entry.plugin != "builtin" for entry in entries):
        columns.append(("plugin", lambda entry: entry.plugin))
    table(
        ["name", *(title for title, _ in columns), "summary"],
        [[shown, *(cell(entry) for _, cell in columns), entry.summary] for shown, entry in names(entries)],
    )
    if terminal() and entries:
        from nntui.hooks.registry import PLURALS

        say(f"\nnntui {PLURALS[kind]} show {entries[0].name} tells its settings and how it is used", lines=True)
    _tell_broken(found)


def names(entries: list[Entry]) -> list[tuple[str, Entry]]:
    """Each entry with the shortest name that means it: the full one where another has the same."""
    count = Counter(entry.name for entry in entries)
    return [(e.name if count[e.name] == 1 or e.plugin == "builtin" else e.qualified, e) for e in entries]


def _tell_broken(found: Registry) -> None:
    for row in found.plugins():
        if row.status not in ("ok", "disabled"):
            click.echo(f"plugin {row.name!r} is not used ({row.status}): nntui plugins", err=True)


def _show(entry: Entry) -> None:
    say(f"{entry.name}: {entry.summary}")
    echo(f"{entry.qualified}, from {entry.distribution} {entry.version}")
    for title, text in _facts(entry):
        say(f"  {title:<10} {text}", indent=13)
    if entry.fields:
        echo()
        table(
            ("setting", "type", "default", "help"),
            [(f.name, f"{kind_of(f)} {bounds(f)}".strip(), shown(f.default, f), f.help) for f in entry.fields],
        )
    echo()
    echo(usage(entry))


def _facts(entry: Entry) -> list[tuple[str, str]]:
    meta, facts = entry.meta, list[tuple[str, str]]()
    if entry.kind == "arch":
        facts.append(("takes", ", ".join(meta["inputs"])))
        reasons: dict[str, list[str]] = {}
        for what, why in meta["refuses"].items():
            reasons.setdefault(why, []).append(what)
        facts += [("refuses", f"{', '.join(what)}: {why}") for why, what in reasons.items()]
    elif entry.kind == "activation":
        facts.append(("formula", meta["formula"]))
        if meta["pool_commutes"]:
            facts.append(("", "max-pooling may be done before it"))
    elif entry.kind == "data":
        facts += [("kind", meta["modality"]), ("rows", _rows(entry)), ("augment", meta["augment"])]
        facts += [("licence", meta["licence"]), ("source", meta["source"])]
        if meta["has_sniff"]:
            facts.append(("reads", "files of your own: --data PATH"))
    elif entry.kind == "export":
        facts.append(("file", f"NAME{meta['suffix']}"))
        facts += [("needs", f"pip install {needs}") for needs in sorted(set(meta["requires"].values()))]
    facts += [("suggests", f"{key} = {shown(value)}") for key, value in entry.defaults.items()]
    return [(title, text) for title, text in facts if text]


def kind_of(field: FieldInfo) -> str:
    """The type of a setting, in words."""
    if field.kind == "choice":
        text = " | ".join(field.choices)
    elif field.kind == "list":
        text = f"list of {field.item}"
    else:
        text = " | ".join((field.kind, *field.choices))
    return f"{text} or none" if field.optional else text


def bounds(field: FieldInfo) -> str:
    """The bounds of a setting: ">= 0, < 1"."""
    signs = ((">=", field.ge), (">", field.gt), ("<=", field.le), ("<", field.lt))
    return ", ".join(f"{sign} {limit:g}" for sign, limit in signs if limit is not None)


def shown(value: Any, field: FieldInfo | None = None) -> str:  # plain JSON, as a setting holds it
    """A setting's value as it is written behind a flag."""
    if field is not None and field.required:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{text} {field.unit}" if field is not None and field.unit else text


def usage(entry: Entry) -> str:
    """A command line that uses it, with its first setting."""
    chosen = entry.name if entry.plugin == "builtin" else entry.qualified
    if entry.kind == "panel":
        return shlex.join(["nntui", "panels", "draw", chosen])
    words = ["nntui", "train", f"--{entry.kind}", chosen]
    prefix = f"{entry.kind}."
    if entry.kind == "export":
        words, prefix = ["nntui", "export", "RUN", "--to", chosen], ""
    for field in entry.fields:
        flag = f"--{prefix}{field.name.replace('_', '-')}"
        if field.required:
            words += [flag, field.name.upper()]
        elif field.default not in (None, []):
            words += [flag, shown(field.default)]
            break
    return shlex.join(words)


architectures = _group("architectures", "arch", "Networks: what each takes, and its settings.")
activations = _group("activations", "activation", "Activation functions, with their formulas.")
datasets = _group("datasets", "data", "Data sets that can be named, and readers of your own files.")
optimizers = _group("optimizers", "optimizer", "Optimizers.")
schedules = _group("schedules", "schedule", "Learning-rate schedules.")
exporters = _group("exporters", "export", "Formats that trained networks are written in, for other programs.")
panels = _group("panels", "panel", "Panels that plugins bring to a run's screen, nntui's own among them.")


@click.group(name="devices", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--probe", is_flag=True, help="Say what is present on this machine (imports torch, elsewhere).")
@click.pass_context
def devices(ctx: click.Context, as_json: bool, probe: bool) -> None:
    """What a network can train on."""
    if ctx.invoked_subcommand is not None:
        return
    if probe:
        _probe(as_json)
    else:
        _list("device", as_json)


devices.add_command(_group("devices", "device", "").commands["show"])


def _probe(as_json: bool) -> None:
    from nntui.hooks.registry import registry

    present = registry().probe()
    if as_json:
        echo_json({name: {"found": found, "error": error} for name, (found, error) in present.items()})
        return
    rows = []
    for qualified, (found, error) in present.items():
        name = qualified.removeprefix("builtin/")
        for info in found:
            memory = "" if info["memory"] is None else f"{info['memory'] / 2**30:.1f} GiB"
            rows.append((name, info["name"], info["title"], memory, ", ".join(info["precisions"])))
        if not found:
            rows.append((name, "-", f"could not be probed: {error}" if error else "not present", "", ""))
    table(("device", "as torch names it", "title", "memory", "precisions"), rows)
