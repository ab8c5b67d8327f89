"""Flags of a run: from an argument list to what was said, and from a spec back to the command that says it.

A flag is a dotted key (`--optimizer.lr 3e-3`, `--arch.channels=32,64`, `--no-arch.residual`), a table's choice
(`--arch cnn`, `--data ./pets`) or a short form (`--lr`). Words of a key are joined by hyphens or underscores.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntui.hooks.errors import UserError
from nntui.hooks.names import nearest
from nntui.spec.errors import SpecError, SpecErrors
from nntui.spec.said import Said, overlaid
from nntui.spec.tables import CHOICES, RECORDED, SHORT, TABLES, plain_key, settings_fields
from nntui.spec.text import FlagText
from nntui.spec.validate import did_you_mean
from nntui.spec.words import command_line, spelt

if TYPE_CHECKING:
    from nntui.hooks.params import FieldInfo
    from nntui.hooks.registry import Registry

__all__ = ["Parsed", "SpecCommand", "command_line", "parse", "read", "spec_command", "spelt"]

POSITIONAL = f"{__name__}.positional"
"""Key of a click context's `meta`: what stood first without a flag, as it was typed."""
_FLAGGED = tuple(table for table in TABLES if table not in RECORDED)
_WHOLE = "\u2011"
"""Stands for a hyphen while help is folded: a name such as one-cycle is not broken in two."""
_SWITCH_WORDS = frozenset({"true", "false", "yes", "no", "on", "off"})


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """An argument list, divided."""

    said: Said
    """What the flags say; the file is named, not read."""
    rest: tuple[str, ...]
    """What is not a spec's: options of the command itself."""
    positional: str = ""
    """What stands first without a flag, as it was typed: ./digits is no name."""


def parse(
    arguments: Sequence[str], registry: Registry, *, options: Mapping[str, bool] | None = None, command: str = "nntui"
) -> Parsed:
    """Divide `arguments` into what they say of a run and what belongs to the command.

    options: the command's own options ("--json"), and whether each takes a value.
    Never raises for what a person typed: faults are in `said.errors`, to be told with all the others.
    """
    return _Parser(list(arguments), registry, options or {}, command).parse()


class _Parser:
    def __init__(self, arguments: list[str], registry: Registry, options: Mapping[str, bool], command: str) -> None:
        self.arguments = arguments
        self.registry = registry
        self.options = options
        self.command = command
        self.tree: dict[str, dict[str, Any]] = {}
        self.places: dict[str, str] = {}
        self.errors: list[SpecError] = []
        self.rest: list[str] = []
        self.files: list[str] = []
        self.at = 0

    def parse(self) -> Parsed:
        while self.at < len(self.arguments):
            argument = self.arguments[self.at]
            self.at += 1
            if argument == "--":
                self.files += self.arguments[self.at :]
                break
            if argument.startswith("--"):
                self.flag(argument)
            elif argument.startswith("-") and argument != "-":
                self.own(argument, argument)  # a short option: -h
            else:
                self.files.append(argument)
        for extra in self.files[1:]:
            self.errors.append(SpecError(extra, "is one thing too many: a run has one spec file", self._advice(extra)))
        said = Said(
            tree=self.tree,
            places=self.places,
            file=Path(self.files[0]) if self.files else None,
            errors=tuple(self.errors),
        )
        return Parsed(said=said, rest=tuple(self.rest), positional=self.files[0] if self.files else "")

    def _advice(self, extra: str) -> str:
        return f"Was a flag meant? --data {shlex.quote(extra)}, for example."

    def flag(self, argument: str) -> None:
        word, equals, value = argument.partition("=")
        if word in self.options:
            self.own(word, argument)
            return
        off = word.startswith("--no-")
        key = _key(f"--{word.removeprefix('--no-')}") if off else _key(word)
        table, _, name = (key or "").partition(".")
        if key is not None and not off:
            self.say(table, name, word, value if equals else self.value(table, name))
        elif key is not None:
            if equals or not self.is_switch(table, name):
                self.errors.append(
                    SpecError(word, "turns off what is on or off, and this is not", f"Write {spelt(key)} VALUE.")
                )
            else:
                self.say(table, name, word, "false")
        else:
            self.unknown(word, bool(equals))

    def own(self, option: str, argument: str) -> None:
        """An option of the command itself: click reads it."""
        self.rest.append(argument)
        if self.options.get(option) and "=" not in argument and self.at < len(self.arguments):
            self.rest.append(self.arguments[self.at])
            self.at += 1

    def say(self, table: str, name: str, place: str, value: str | None) -> None:
        if value is None:
            self.errors.append(SpecError(place, "needs a value", f"Write {place} VALUE."))
            return
        self.tree.setdefault(table, {})[name] = FlagText(value)
        self.places[f"{table}.{name}"] = place

    def value(self, table: str, name: str) -> str | None:
        """The argument behind a flag; "true" for a switch; None where there is none."""
        following = self.arguments[self.at] if self.at < len(self.arguments) else None
        if self.is_switch(table, name):
            if following is not None and following.lower() in _SWITCH_WORDS:
                self.at += 1
                return following
            return "true"
        if following is None or (following.startswith("--") and len(following) > 2):
            return None
        self.at += 1
        return following

    def is_switch(self, table: str, name: str) -> bool:
        """Whether a key is on or off, and so needs no value."""
        own = settings_fields(table)
        if name in own:
            return own[name].kind == "bool"
        if table not in CHOICES:
            return False
        return any(f.kind == "bool" for f in self._fields(table) if f.name == name)

    def _fields(self, table: str) -> Iterator[FieldInfo]:
        """Of the contribution that the arguments name; else of all that may be meant."""
        named = _named(table, self.arguments)
        entries = self.registry.list(table)
        chosen = [entry for entry in entries if named in (entry.name, entry.qualified)]
        for entry in chosen or entries:
            yield from entry.fields

    def unknown(self, word: str, with_value: bool) -> None:
        known = [*self.options, *_all_flags(self.registry)]
        near = nearest(word, known)
        bare = plain_key(word.removeprefix("--"))
        ending = [flag for flag in known if plain_key(flag.rpartition(".")[2]) == bare and "." in flag]
        advice = did_you_mean(list(dict.fromkeys([*ending, *near]))[:3]) or f"{self.command} --help lists the flags."
        self.errors.append(SpecError(word, "is no flag", advice))
        if not with_value and self.at < len(self.arguments):
            following = self.arguments[self.at]
            # Its value is no spec file: one fault should be told once.
            if not following.startswith("-") and not following.endswith(".toml"):
                self.at += 1


def _key(word: str) -> str | None:
    """The dotted key that a flag says, or None where it is no flag of a spec."""
    key = plain_key(word.removeprefix("--"))
    table, dot, name = key.partition(".")
    if dot and name and table:
        return key  # of an unknown table too: that is told with a suggestion when the spec is resolved
    return SHORT.get(key) or (f"{key}.name" if key in CHOICES else None)


def _named(table: str, arguments: Sequence[str]) -> str | None:
    """What the arguments choose for `table`, wherever it stands."""
    found = None
    for number, argument in enumerate(arguments):
        for flag in (f"--{table}", f"--{table}.name"):
            if argument == flag and number + 1 < len(arguments):
                found = arguments[number + 1]
            elif argument.startswith(f"{flag}="):
                found = argument.partition("=")[2]
    return found


def _all_flags(registry: Registry) -> list[str]:
    flags = [spelt(key) for key in SHORT]
    for table in _FLAGGED:
        names = dict.fromkeys(settings_fields(table))
        if table in CHOICES:
            flags.append(f"--{table}")
            names |= dict.fromkeys(field.name for entry in registry.list(table) for field in entry.fields)
        flags += [spelt(f"{table}.{name}") for name in names]
    return flags


def read(said: Said) -> Said:
    """`said` on top of the file that it names. Raises SpecErrors, with what else was wrong, where it cannot be read."""
    if said.file is None:
        return said
    from nntui.spec.toml import read_toml

    try:
        return overlaid(read_toml(said.file), said)
    except SpecErrors as error:
        raise SpecErrors((*said.errors, *error.errors)) from error
    except UserError as error:
        raise SpecErrors((*said.errors, SpecError("", error.message, error.advice))) from error


class SpecCommand(click.Command):
    """A command that takes a spec: `[SPEC.toml] [flags]` beside options of its own.

    Its function gets `said`; `nntui.spec.resolve.resolve_said` makes a run of it. `--help` shows the flags of what
    the other arguments choose, from the index alone.
    """

    positional = "SPEC.toml"
    """What stands without a flag; where it is another thing than a spec, it is left in `said.file` unread."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        from nntui.hooks.registry import registry

        options = {
            name: not (param.is_flag or param.count)
            for param in self.get_params(ctx)
            if isinstance(param, click.Option)
            for name in (*param.opts, *param.secondary_opts)
        }
        parsed = parse(args, registry(), options=options, command=ctx.command_path)
        ctx.meta[POSITIONAL] = parsed.positional
        ctx.meta[__name__] = parsed.said  # before click reads --help, which needs it
        left = super().parse_args(ctx, list(parsed.rest))
        reads = self.positional == "SPEC.toml" and not ctx.resilient_parsing
        ctx.params["said"] = read(parsed.said) if reads else parsed.said
        return left

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), f"[{self.positional}]", "[FLAGS]"]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from nntui.cli.flag_help import sections
        from nntui.hooks.registry import registry

        super().format_options(ctx, formatter)
        said = ctx.meta.get(__name__, Said())
        try:
            said = read(said) if self.positional == "SPEC.toml" else said
        except UserError:
            pass  # help is help, whatever the file is; without --help the error is told
        for title, rows in sections(said, registry()):
            with formatter.section(title):
                formatter.write_dl([(flag, text.replace("-", _WHOLE)) for flag, text in rows])

    def get_help(self, ctx: click.Context) -> str:
        return super().get_help(ctx).replace(_WHOLE, "-")


def spec_command(
    name: str, *, help: str, extra_options: Sequence[click.Option] = (), epilog: str = ""
) -> Callable[[Callable[..., Any]], SpecCommand]:  # the function takes `said` and one argument for each extra option
    """Make a `SpecCommand` of a function `(said: Said, **options) -> int | None`.

    >>> @spec_command("train", help="Train a network.", extra_options=[click.Option(["--json"], is_flag=True)])
    ... def command(said: Said, json: bool) -> int: ...
    """

    def made(function: Callable[..., Any]) -> SpecCommand:
        @wraps(function)
        def call(**values: Any) -> Any:  # as `function` takes and gives
            return function(**values)

        return SpecCommand(name, callback=call, params=list(extra_options), help=help, epilog=epilog or None)

    return made
