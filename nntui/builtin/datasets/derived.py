"""Columns derived from free text that names a row, since the text itself would name the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

TITLE = re.compile(r"\b(Mr|Mrs|Miss|Master|Ms|Mlle|Madame|Lady)\b")
SPELLINGS = {"Ms": "Miss", "Mlle": "Miss", "Madame": "Mrs", "Lady": "Mrs"}
MISSPELT = {
    "chevy": "chevrolet", "chevroelt": "chevrolet", "vw": "volkswagen", "vokswagen": "volkswagen", "maxda": "mazda",
    "toyouta": "toyota", "mercedes": "mercedes-benz",
}  # fmt: skip


@dataclass(frozen=True)
class Derived:
    """A category column that is made of another column's text."""

    column: str
    origin: str
    rule: str
    """A name in RULES: what is stored with a model names no code but this table's."""


def title(name: str) -> str:
    """How a passenger is addressed: Mr, Mrs, Miss, Master (a boy) or other (rank, clergy, none).

    >>> title("Allison, Mrs Hudson JC (Bessie Waldo Daniels)")
    'Mrs'
    """
    found = TITLE.search(name)
    return SPELLINGS.get(found[1], found[1]) if found else "other"


def maker(name: str) -> str:
    """The maker of a car: the first word of its name, common misspellings put right.

    >>> maker("vw rabbit custom")
    'volkswagen'
    """
    words = name.casefold().split()
    return MISSPELT.get(words[0], words[0]) if words else ""


def fuel(name: str) -> str:
    """What a car burns, where its name says so: a diesel goes half as far again on a gallon.

    >>> fuel("vw rabbit c (diesel)"), fuel("vw rabbit custom")
    ('diesel', 'petrol')
    """
    return "diesel" if "diesel" in name.casefold() else "petrol"


RULES: Mapping[str, Callable[[str], str]] = {"title": title, "maker": maker, "fuel": fuel}
