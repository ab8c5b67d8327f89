"""What is wrong with a spec: all of it at once, each fault with its place and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nntui.hooks.errors import UserError


@dataclass(frozen=True)
class SpecError:
    """One fault."""

    place: str
    """Where it was said: "--optimizer.lr", "spec.toml line 7 (optimizer.lr)", or the dotted key alone."""
    message: str
    suggestion: str = ""
    """What to write instead, as a sentence; may be empty."""

    def __str__(self) -> str:
        said = f"{self.place}: {self.message}" if self.place else self.message
        return said + "".join(f"\n  {line}" for line in self.suggestion.splitlines())


class SpecErrors(UserError):
    """A spec that cannot be run, with every fault that was found."""

    def __init__(self, errors: Iterable[SpecError]) -> None:
        self.errors: tuple[SpecError, ...] = tuple(errors)
        head = f"{len(self.errors)} things are wrong:\n" if len(self.errors) > 1 else ""
        super().__init__(head + "\n".join(str(error) for error in self.errors))
