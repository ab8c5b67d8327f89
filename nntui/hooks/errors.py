"""Errors that are a person's mistake, or a plugin's: told in plain words, without a traceback."""

from __future__ import annotations

from collections.abc import Iterable


class UserError(Exception):
    """Something that a person can put right.

    `message` says what was wrong and what was expected, `advice` what to do next. The command line prints both and
    leaves with exit code 2; a layer that knows the place (a flag, a line of TOML) puts it before the message.
    """

    def __init__(self, message: str, *, advice: str = "", suggestions: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.suggestions = tuple(suggestions)
        """Names that may have been meant, closest first."""

    def render(self) -> str:
        """Message, suggestions and advice, as the command line prints them."""
        text = self.message
        if self.suggestions:
            text += f"\n  did you mean {' or '.join(self.suggestions)}?"
        if self.advice:
            text += "".join(f"\n  {line}" for line in self.advice.splitlines())
        return text


class LookupFailed(UserError):
    """A name that no contribution, or more than one, has."""


class PluginError(UserError):
    """A plugin could not be used: `plugin` is its name, `traceback` where it went wrong, "" where there is none."""

    def __init__(
        self, message: str, *, plugin: str, advice: str = "", traceback: str = "", suggestions: Iterable[str] = ()
    ) -> None:
        super().__init__(message, advice=advice, suggestions=suggestions)
        self.plugin = plugin
        self.traceback = traceback


class StrictPluginError(RuntimeError):
    """A plugin failed while NNTUI_STRICT_PLUGINS is set. Not a `UserError`: its author wants the traceback."""
