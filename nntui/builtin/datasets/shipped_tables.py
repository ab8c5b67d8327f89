"""penguins, titanic and auto-mpg: the tables that ship with nntui."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nntui.builtin.datasets.derived import RULES, Derived
from nntui.builtin.datasets.shipped import shipped
from nntui.builtin.datasets.source import Rows, fingerprint
from nntui.builtin.datasets.tables import TableFacts
from nntui.builtin.datasets.typed_rows import number, read_csv, text_value

if TYPE_CHECKING:
    from nntui.builtin.datasets.source import Column
    from nntui.hooks.data import DataContext
    from nntui.hooks.params import Params


def penguins(params: Params, context: DataContext) -> Rows[TableFacts]:  # noqa: ARG001 — nothing to set
    """344 penguins: which of three species, from four measures, island and sex."""
    facts = TableFacts(
        numbers=("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"),
        categories=("island", "sex"),
        target="species",
        classes=("Adelie", "Chinstrap", "Gentoo"),
    )
    return _table("penguins", facts)


def titanic(params: Params, context: DataContext) -> Rows[TableFacts]:  # noqa: ARG001 — nothing to set
    """1,313 passengers: who survived, from class, age, sex and the title in their name."""
    facts = TableFacts(
        numbers=("age",),
        categories=("class", "sex", "title"),
        derived=(Derived("title", "name", "title"),),
        target="survived",
        classes=("died", "survived"),
    )
    return _table("titanic", facts, codes={"0": 0, "1": 1}, absent={"*": ""})  # one passenger's class is "*"


def auto_mpg(params: Params, context: DataContext) -> Rows[TableFacts]:  # noqa: ARG001 — nothing to set
    """392 cars of 1970-82: miles to the gallon, from six measures, origin, maker and fuel."""
    facts = TableFacts(
        numbers=("cyl", "displ", "hp", "weight", "accel", "yr"),
        categories=("origin", "maker", "fuel"),
        derived=(Derived("maker", "name", "maker"), Derived("fuel", "name", "fuel")),
        target="mpg",
        unit="mpg",
    )
    return _table("auto-mpg", facts)


def _table(
    name: str, facts: TableFacts, *, codes: dict[str, int] | None = None, absent: dict[str, str] | None = None
) -> Rows[TableFacts]:
    path = shipped(name, f"{name}.csv")
    rows = read_csv(path)
    made_of = {item.column: item for item in facts.derived}
    columns: dict[str, Column] = {
        column: np.array([number(row[column], column) for row in rows], dtype=np.float64) for column in facts.numbers
    }
    for column in facts.categories:
        if column in made_of:
            rule = RULES[made_of[column].rule]
            columns[column] = [rule(row[made_of[column].origin]) for row in rows]
        else:
            columns[column] = [text_value((absent or {}).get(row[column], row[column])) for row in rows]
    told = [row[facts.target] for row in rows]
    targets = None
    if facts.classes:
        code = codes or {label: index for index, label in enumerate(facts.classes)}
        targets = np.array([code[value] for value in told], dtype=np.int64)
        columns["target"] = targets
    else:
        columns["target"] = np.array([[float(value)] for value in told], dtype=np.float32)
    return Rows(columns=columns, facts=facts, fingerprint=fingerprint([path.read_bytes()]), targets=targets)
