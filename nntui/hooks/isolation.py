"""What a plugin raises stays in its own row: its hooks are called one plugin at a time, inside a guard."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pluggy

from nntui.hooks import specs
from nntui.hooks.contributions import KINDS, Contribution
from nntui.hooks.declared import fault
from nntui.hooks.names import close_to
from nntui.hooks.specs import GROUP

HOOKS: dict[str, type[Contribution]] = {f"register_{kind.plural}": kind for kind in KINDS}
"""Each hook, with what it yields."""


class PluginFailure(Exception):
    """Why a plugin is not used. `status` as in `nntui plugins`: failed | unknown-hook."""

    def __init__(self, message: str, *, status: str = "failed", advice: str = "", trace: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.advice = advice
        self.trace = trace


@contextmanager
def guard(doing: str) -> Iterator[None]:
    """Turn whatever a plugin's code raises, SystemExit too, into a `PluginFailure`. `doing`: "while imported"."""
    try:
        yield
    except (KeyboardInterrupt, PluginFailure):
        raise
    except BaseException as error:  # whatever it is, it is told in the plugin's row
        trace = "".join(traceback.format_exception(type(error), error, _outside(error)))
        if isinstance(error, SystemExit):
            raise PluginFailure(f"called sys.exit({error.code!r}) {doing}", trace=trace) from error
        what = traceback.format_exception_only(type(error), error)[-1].strip()
        raise PluginFailure(f"raised {what} {doing}", trace=trace) from error


def _outside(error: BaseException) -> Any:  # types.TracebackType | None, as format_exception takes it
    """The traceback without our own and importlib's frames at its start: the plugin's author looks for hers."""
    tb = error.__traceback__
    while tb is not None:
        filename = tb.tb_frame.f_code.co_filename
        if filename != __file__ and "importlib" not in filename:
            return tb
        tb = tb.tb_next
    return error.__traceback__


def load_plugin(target: str) -> object:
    """Import what an entry point names: "module" or "module:attribute"."""
    module, _, attribute = target.partition(":")
    with guard("while being imported"):
        value: object = import_module(module.strip())
        for part in attribute.strip().split(".") if attribute.strip() else ():
            value = getattr(value, part)
        return value


def check_hooks(plugin: object) -> dict[str, Callable[[], object]]:
    """The hook functions of a plugin, by name, checked against the specifications.

    Raises PluginFailure for a hook that this nntui does not know, and for one that pluggy refuses (arguments that
    the hook does not have).
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(specs)
    with guard("while its hooks were looked at"):
        try:
            manager.register(plugin)
        except pluggy.PluginValidationError as error:
            reason = str(error).splitlines()[-1]
            advice = "hooks take no argument: see docs/plugins.md"
            raise PluginFailure(f"has a hook that cannot be called: {reason}", advice=advice) from error
        callers = manager.get_hookcallers(plugin) or []
    hooks: dict[str, Callable[[], object]] = {}
    for caller in callers:
        (implementation,) = (impl for impl in caller.get_hookimpls() if impl.plugin is plugin)
        if caller.name not in HOOKS:
            if implementation.optionalhook:
                continue
            _refuse_unknown(caller.name)
        if implementation.hookwrapper or implementation.wrapper:
            raise PluginFailure(f"{caller.name} is a hook wrapper: contributions are yielded, never wrapped")
        hooks[caller.name] = implementation.function
    if not hooks and not callers:
        raise PluginFailure(
            "has no hook: no function of it is marked with @nntui.hookimpl",
            advice=f"its entry point must name the module that holds them; hooks: {', '.join(HOOKS)}",
        )
    return hooks


def _refuse_unknown(name: str) -> None:
    meant = close_to(name.removeprefix("register_"), [hook.removeprefix("register_") for hook in HOOKS], limit=1)
    hint = f"; did you mean register_{meant[0]}?" if meant else ""
    raise PluginFailure(
        f"this nntui has no hook {name!r}{hint}",
        status="unknown-hook",
        advice="if it is not misspelt, a newer nntui may be needed: pip install --upgrade nntui",
    )


def collect(hook: str, function: Callable[[], object]) -> list[Contribution]:
    """What one hook of one plugin yields, exhausted and checked. Raises PluginFailure."""
    kind = HOOKS[hook]
    doing = f"in {hook}"
    gathered: list[Contribution] = []
    with guard(doing):
        offered: Any = function()  # from a plugin: anything at all, looked at item by item
        if offered is None:  # a hook without a yield
            return []
        if inspect.iscoroutine(offered):
            offered.close()
            raise PluginFailure(f"{hook} is async: a hook is a plain generator")
        try:
            items = iter(offered)
        except TypeError:
            raise PluginFailure(f"{hook} must yield contributions, and returned {type(offered).__name__}") from None
        for item in items:
            if not isinstance(item, kind):
                raise PluginFailure(f"{hook} yielded {item!r:.80}: a nntui.{kind.__name__} was expected")
            if problem := fault(item):
                raise PluginFailure(f"{hook}: {problem}")
            if any(item.name == other.name for other in gathered):
                raise PluginFailure(f"{hook} yielded the name {item.name!r} twice")
            gathered.append(item)
    return gathered
