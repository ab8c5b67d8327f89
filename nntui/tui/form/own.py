"""The registry as the interface has it: it lists everything, from the index, and loads nntui's own alone."""

from __future__ import annotations

from dataclasses import dataclass

from nntui.hooks.discovery import BUILTIN
from nntui.hooks.errors import PluginError
from nntui.hooks.registry import Entry, Loaded, Registry


@dataclass(frozen=True)
class Out:
    """Why a contribution is not tried again."""

    message: str
    advice: str = ""


class OwnRegistry(Registry):
    """No plugin's module is imported by it, whoever asks: `load` of a third party's raises PluginError."""

    def __init__(self) -> None:
        super().__init__()
        self.out: dict[str, Out] = {}
        """By qualified name: contributions that failed where they were tried."""

    def load(self, kind: str, name: str, *, distribution: str = "", version: str = "") -> Loaded:
        entry = self.find(kind, name, distribution=distribution, version=version)
        if entry.plugin == BUILTIN:
            return super().load(kind, entry.qualified)
        raise refusal(entry, self.out.get(entry.qualified, Out("is not imported by the interface")))


def refusal(entry: Entry, out: Out) -> PluginError:
    """What is told at the row of a contribution that cannot be used."""
    return PluginError(f"{title(entry)} {out.message}", plugin=entry.plugin, advice=out.advice)


def title(entry: Entry) -> str:
    """A contribution and who brings it: "gru (nntui-gru)"."""
    return f"{entry.name} ({entry.distribution})"
