"""A person's settings of the interface: `settings.toml` in their folder of settings.

A fault in the file is told with its line and costs the setting that it is in; nothing ever fails for it. pydantic is
imported where there is a file to check, so that without one an interface opens as fast as it can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

from annotated_types import Ge, Lt, MinLen

from nntui.hooks.errors import UserError
from nntui.hooks.names import close_to
from nntui.hooks.places import config_dir, write_atomically

if TYPE_CHECKING:
    from nntui.spec.validate import Report

FILE = "settings.toml"


def _setting(default: Any, help: str) -> Any:  # the annotation of the attribute is the type, as with dataclasses.field
    """A field: its default, and a sentence that says what it does."""
    factory = type(default)
    if factory is dict:
        return field(default_factory=dict, metadata={"help": help})
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Settings:
    """What a person likes. `described` says what each does."""

    theme: Literal["auto", "dark", "light", "contrast", "16"] = _setting(
        "auto", "Colours; 16 are the terminal's own. auto is dark, or 16 where the terminal has no more."
    )
    charset: Literal["auto", "braille", "blocks", "ascii"] = _setting(
        "auto", "Characters that curves and marks are drawn with; auto asks the locale and the terminal."
    )
    smoothing: Annotated[float, Ge(0.0), Lt(1.0)] = _setting(
        0.0, "Weight of the past in a smoothed curve, from 0 (none) to below 1; a key on the chart changes it."
    )
    bell: bool = _setting(True, "Ring the terminal's bell when a run that is shown ends.")
    on_end: tuple[Annotated[str, MinLen(1)], ...] = _setting(
        (), "A program and its arguments, one string each, started when a run of yours ends."
    )
    keys: Mapping[str, str] = _setting({}, "Keys of your own: a binding's id, and its keys with commas between.")


@dataclass(frozen=True)
class Described:
    """One setting, for a list of them and for the file that a person begins with."""

    name: str
    help: str
    default: Any  # plain JSON
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loaded:
    """The settings, and what was wrong with their file."""

    settings: Settings
    path: Path
    exists: bool = False
    said: Mapping[str, int] = field(default_factory=dict)
    """Settings that the file gives (keys.run.pause: each key on its own), and on which line."""
    problems: tuple[str, ...] = ()
    """Each names the file, the line, and what was expected there."""


def described() -> tuple[Described, ...]:
    """All settings, in their order."""
    hints = get_type_hints(Settings)
    plain = Settings()
    return tuple(
        Described(
            name=f.name,
            help=f.metadata["help"],
            default=_plain(getattr(plain, f.name)),
            choices=get_args(hints[f.name]) if get_origin(hints[f.name]) is Literal else (),
        )
        for f in fields(Settings)
    )


def _plain(value: Any) -> Any:  # a setting's value, as JSON has it
    return list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value


def settings_file() -> Path:
    """Where a person's settings are; the file need not exist."""
    return config_dir() / FILE


def load_settings(path: Path | None = None) -> Loaded:
    """The settings as of now. Never raises: what is wrong is in `problems`, and the default stands in for it."""
    path = path or settings_file()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Loaded(Settings(), path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not UTF-8"
        return Loaded(Settings(), path, exists=True, problems=(f"{path} cannot be read: {reason}; defaults are used",))
    return _checked(text, path)


def _checked(text: str, path: Path) -> Loaded:
    from nntui.spec.toml import from_toml

    try:
        said = from_toml(text, str(path))
    except UserError as error:
        return Loaded(Settings(), path, exists=True, problems=(f"{error.message}; defaults are used",))
    tree: dict[str, Any] = dict(said.tree)
    if isinstance(tree.get("keys"), dict):
        tree["keys"] = dict(_flat(tree["keys"]))
    problems: list[str] = []

    def report(key: str, message: str, suggestion: str = "") -> None:
        place = said.places.get(key, str(path))
        advice = f"; {suggestion[:1].lower()}{suggestion[1:]}" if suggestion else ""
        problems.append(f"{place}: {key} {message}{advice}")

    known = [f.name for f in fields(Settings)]
    for key in [key for key in tree if key not in known]:
        near = close_to(key, known)
        report(key, "is no setting", f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}")
        del tree[key]
    lines = {key: int(place.rpartition(" ")[2]) for key, place in said.places.items()}
    return Loaded(_valid(tree, report), path, True, lines, tuple(problems))


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Keys as one types them: run.pause = "p" in TOML is a table in a table, "run.pause" = "p" is not."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _valid(tree: dict[str, Any], report: Report) -> Settings:
    """The settings of `tree`; one that does not fit is reported, and has its default."""
    from pydantic import create_model

    from nntui.hooks.params import Params
    from nntui.spec.validate import validated

    hints = get_type_hints(Settings, include_extras=True)
    given: dict[str, Any] = {}
    for key, value in tree.items():
        # each on its own: a fault in one costs no other
        definition: Any = {key: (hints[key], ...)}
        one = create_model("Setting", __base__=Params, **definition)
        found = validated(one, {key: value}, report)
        if found is not None:
            given[key] = getattr(found, key)
    return replace(Settings(), **given)


def write_first(path: Path | None = None, bindings: Mapping[str, tuple[str, str]] | None = None) -> Path:
    """Write the file that a person begins with: every setting with what it does, all commented out.

    bindings: by id, the keys that a binding has and what it does. Raises UserError where there is a file, or none can
    be written.
    """
    path = path or settings_file()
    if path.exists():
        raise UserError(f"{path} is there", advice="edit it, or move it away first")
    try:
        write_atomically(path, first_text(bindings or {}))
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {error.strerror or error}", advice="NNTUI_CONFIG names another folder"
        ) from error
    return path


def first_text(bindings: Mapping[str, tuple[str, str]]) -> str:
    """A settings.toml that says nothing yet."""
    lines = ["# Settings of nntui's interface. What stands here is what holds without this file.", ""]
    for setting in described():
        if setting.name == "keys":
            continue
        lines.append(f"# {setting.help}")
        lines += [f"# One of {', '.join(setting.choices)}."] * bool(setting.choices)
        lines += [f"# {setting.name} = {_toml(setting.default)}", ""]
    lines += [f"# {next(s.help for s in described() if s.name == 'keys')}", "# [keys]"]
    lines += [
        f"# {_toml(name)} = {_toml(keys)}" + (f"  # {what}" if what else "") for name, (keys, what) in bindings.items()
    ]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:  # plain JSON
    import json

    return json.dumps(value, ensure_ascii=False)  # for scalars, strings and lists of them the two agree
