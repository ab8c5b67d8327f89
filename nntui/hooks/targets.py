"""From what a contribution names to the thing itself: the one place where a name becomes code."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nntui.hooks.contributions import Target
from nntui.hooks.errors import PluginError
from nntui.hooks.isolation import PluginFailure, guard


def resolve_target(target: Target, *, plugin: str = "") -> Any:  # a callable or a class, typed where it is used
    """What `target` names: itself where it is callable, or the attribute of "module:attribute".

    Targets come from contributions alone, never from a run folder or a person's input. Raises PluginError, whatever
    the module raises while it is imported; give `plugin` (its name) where it is known, so that the error tells it.
    """
    if not isinstance(target, str):
        return target
    owner = f"plugin {plugin!r}: " if plugin else ""
    module, _, attribute = target.partition(":")
    try:
        with guard("while being imported"):
            value: Any = import_module(module)
    except PluginFailure as failure:
        error = failure.__cause__
        lacking = error.name if isinstance(error, ModuleNotFoundError) else None
        advice = f"install what it needs: {lacking!r} is not there" if lacking else "that is for the plugin's author"
        message = f"{owner}the module {module!r} {failure.message}"
        raise PluginError(message, plugin=plugin, advice=advice, traceback=failure.trace) from error
    for part in attribute.split("."):
        if not hasattr(value, part):
            message = f"{owner}the module {module!r} has no {attribute!r}, which {target!r} names"
            raise PluginError(message, plugin=plugin, advice="that is for the plugin's author")
        value = getattr(value, part)
    return value
