"""Recipes: runs to begin with. Each trains for some ten to twenty seconds on data that ships with nntui."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from nntui.runs.folder import RunFolder
    from nntui.spec.said import Said


@dataclass(frozen=True)
class Recipe:
    """A run that says itself."""

    name: str
    title: str
    teaches: str
    """What a person sees in it."""
    seconds: int
    """About how long it trains on two cores; shown with a tilde."""
    tree: Mapping[str, Any]  # as TOML has it

    @property
    def said(self) -> Said:
        """What a form begins with."""
        from nntui.spec.said import Said  # imports pydantic, for which a first frame need not wait

        return Said(tree=self.tree, places={})

    @property
    def command(self) -> str:
        """The same from a shell."""
        epochs = self.tree["training"]["epochs"]
        return f"nntui train --data {self.tree['data']['name']} --arch {self.tree['arch']['name']} --epochs {epochs}"


def _recipe(name: str, title: str, teaches: str, seconds: int, *, data: str, arch: str, epochs: int) -> Recipe:
    tree = {"data": {"name": data}, "arch": {"name": arch}, "training": {"epochs": epochs}}
    return Recipe(name, title, teaches, seconds, tree)


RECIPES: tuple[Recipe, ...] = (
    _recipe(
        "digits",
        "Read hand-written digits",
        "a feed-forward network: layers of neurons, nothing else",
        15,
        data="digits",
        arch="ffn",
        epochs=100,
    ),
    _recipe(
        "clothes",
        "Tell clothes apart",
        "a convolutional network: it looks for the same shapes everywhere",
        20,
        data="fashion",
        arch="cnn",
        epochs=8,
    ),
    _recipe(
        "words",
        "Guess a word's language",
        "a recurrent network: it reads letter by letter and remembers",
        20,
        data="word-languages",
        arch="rnn",
        epochs=12,
    ),
)


def make(recipe: Recipe, root: Path) -> RunFolder:
    """The folder of a new run of `recipe`, ready to be trained. Raises UserError."""
    from nntui.runs.creating import new_run
    from nntui.spec.resolve import resolve_said
    from nntui.tui.form.own import OwnRegistry

    return new_run(resolve_said(recipe.said, OwnRegistry()).spec, root, None)
