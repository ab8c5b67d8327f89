"""Names of plugins and contributions: how they must look, and which was meant by one that is unknown."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def well_formed(name: object) -> bool:
    """Lower case letters and digits, words joined by hyphens."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def close_to(name: str, known: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """The known names that `name` may have been meant for, closest first."""
    pool = sorted(set(known))
    lowered = name.lower().replace("_", "-").replace(" ", "-")
    if lowered != name and lowered in pool:
        return (lowered,)
    return tuple(difflib.get_close_matches(lowered, pool, n=limit, cutoff=0.6))


def nearest(text: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Texts of any form that `text` may be a misspelling of, likeliest first. Upper and lower case are the same."""
    by_lower = {other.casefold(): other for other in known}
    return [by_lower[found] for found in difflib.get_close_matches(text.casefold(), by_lower, n=limit, cutoff=0.6)]


def alike(text: str, known: Iterable[str]) -> str:
    """The one that `text` is likeliest to mean: a misspelling of it, or a part or the whole of it; "" where none is."""
    pool, folded = list(known), text.casefold()
    parts = [o for o in pool if min(len(o), len(text)) > 2 and (folded in o.casefold() or o.casefold() in folded)]
    return next(iter([*nearest(text, pool, 1), *parts]), "")


def written_out(name: str) -> str:
    """A file's name with bytes that are no UTF-8 written out (`\\xe9`): JSON, CSV and Parquet hold nothing else."""
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def split_qualified(name: str) -> tuple[str, str]:
    """`plugin/name` in two; the plugin is "" where only a name is given."""
    plugin, slash, rest = name.partition("/")
    return (plugin, rest) if slash else ("", name)


def same_distribution(one: str, other: str) -> bool:
    """Whether two spellings name one distribution (PEP 503: case, `-`, `_` and `.` do not count)."""

    def folded(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    return folded(one) == folded(other)
