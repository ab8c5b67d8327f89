"""A glance at the index: what contributions of a kind are called, without what describes them.

The registry tells everything, and imports pydantic for it: a fifth of a second that a first frame need not wait for.
"""

from __future__ import annotations

from nntui.hooks import settings
from nntui.hooks.discovery import installed, refused
from nntui.hooks.index import indexed


def names_of(kind: str) -> list[tuple[str, str]]:
    """Name and qualified name of every usable contribution of a kind, in the registry's order.

    Imports no plugin, but asks a process of its own where the index does not know one.
    """
    plugins = installed()
    out = refused(plugins, settings.disabled())
    usable = [found for found in plugins if found not in out]
    known = indexed(usable)
    return [
        (record["name"], f"{found.plugin}/{record['name']}")
        for found in usable
        for record in known[found].entries
        if record["kind"] == kind
    ]
