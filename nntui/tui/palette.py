"""Themes, and the colours that they give to meanings.

A style in a drawn line is a few words: meanings ("train", "muted", "bad"), "strong", "reverse", or literal colours
("#aabbcc on #001122", for pictures). `Palette.style` makes a Rich style of them.
"""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.theme import Theme

from nntui.tui.draw.meanings import MEANINGS

__all__ = ["ANSI16", "CONTRAST", "DARK", "LIGHT", "MEANINGS", "THEMES", "Palette"]


_ANSI = {
    "ansi-background": "ansi_black", "ansi-foreground": "ansi_white", "input-cursor-background": "ansi_white",
    "input-cursor-foreground": "ansi_black", "input-cursor-text-style": "none",
    "input-selection-background": "ansi_blue", "input-selection-foreground": "ansi_white",
    "screen-selection-background": "ansi_blue", "screen-selection-foreground": "ansi_white",
}  # fmt: skip
"""What Textual makes itself for other themes and asks of one with the terminal's own colours: without them no style
sheet is read."""


def _theme(name: str, dark: bool, base: dict[str, str], colours: dict[str, str], *, ansi: bool = False) -> Theme:
    return Theme(
        name=name,
        dark=dark,
        ansi=ansi,
        primary=base["primary"],
        secondary=colours["validation"],
        accent=colours["accent"],
        foreground=base["foreground"],
        background=base["background"],
        surface=base["surface"],
        panel=base["panel"],
        success=colours["good"],
        warning=colours["warning"],
        error=colours["bad"],
        variables={
            **{f"nn-{meaning}": colour for meaning, colour in colours.items()},
            "block-cursor-background": base["selected"],
            "block-cursor-foreground": base["foreground"],
            "block-cursor-text-style": "bold",
            "footer-background": base["panel"],
            "border": base["edge"],
            "border-blurred": base["edge"],
            **(_ANSI if ansi else {}),
        },
    )


DARK = _theme(
    "nntui-dark",
    True,
    {
        "primary": "#5fafd7", "foreground": "#d0d0d0", "background": "#121212", "surface": "#1c1c1c",
        "panel": "#262626", "selected": "#303a4a", "edge": "#3a3a3a",
    },
    {
        "muted": "#808080", "accent": "#5fafd7", "title": "#ffffff", "train": "#ffaf5f", "validation": "#5fd7d7",
        "test": "#d787d7", "best": "#ffd75f", "good": "#87d787", "warning": "#ffd75f", "bad": "#ff5f5f",
        "axis": "#585858", "key": "#87afff", "cursor": "#303a4a", "mark": "#d7875f", "raw": "#5f4a37",
        "command": "#d7afff", "c1": "#ffaf5f", "c2": "#5fd7d7", "c3": "#d787d7", "c4": "#87d787", "c5": "#ffd75f",
        "c6": "#87afff",
    },
)  # fmt: skip

LIGHT = _theme(
    "nntui-light",
    False,
    {
        "primary": "#005f87", "foreground": "#1c1c1c", "background": "#ffffff", "surface": "#f6f6f6",
        "panel": "#eaeaea", "selected": "#d0e4f4", "edge": "#c6c6c6",
    },
    {
        "muted": "#6c6c6c", "accent": "#005faf", "title": "#000000", "train": "#af5f00", "validation": "#00757a",
        "test": "#87005f", "best": "#8a6a00", "good": "#00702a", "warning": "#8a5a00", "bad": "#c00000",
        "axis": "#a8a8a8", "key": "#0000af", "cursor": "#d0e4f4", "mark": "#af3a00", "raw": "#e8cfae",
        "command": "#5f00af", "c1": "#af5f00", "c2": "#00757a", "c3": "#87005f", "c4": "#00702a", "c5": "#8a6a00",
        "c6": "#0000af",
    },
)  # fmt: skip

CONTRAST = _theme(
    "nntui-contrast",
    True,
    {
        "primary": "#ffffff", "foreground": "#ffffff", "background": "#000000", "surface": "#000000",
        "panel": "#000000", "selected": "#0000d7", "edge": "#ffffff",
    },
    {
        "muted": "#d0d0d0", "accent": "#ffff00", "title": "#ffffff", "train": "#ffaf00", "validation": "#00ffff",
        "test": "#ff87ff", "best": "#ffff00", "good": "#00ff00", "warning": "#ffff00", "bad": "#ff8787",
        "axis": "#b2b2b2", "key": "#ffff00", "cursor": "#0000d7", "mark": "#ffaf00", "raw": "#875f00",
        "command": "#ff87ff", "c1": "#ffaf00", "c2": "#00ffff", "c3": "#ff87ff", "c4": "#00ff00", "c5": "#ffff00",
        "c6": "#87afff",
    },
)  # fmt: skip

ANSI16 = _theme(
    "nntui-16",
    True,
    {
        "primary": "ansi_bright_cyan", "foreground": "ansi_default", "background": "ansi_default",
        "surface": "ansi_default", "panel": "ansi_default", "selected": "ansi_blue", "edge": "ansi_bright_black",
    },
    {
        "muted": "ansi_bright_black", "accent": "ansi_bright_cyan", "title": "ansi_default", "train": "ansi_yellow",
        "validation": "ansi_cyan", "test": "ansi_magenta", "best": "ansi_bright_yellow", "good": "ansi_green",
        "warning": "ansi_bright_yellow", "bad": "ansi_bright_red", "axis": "ansi_bright_black",
        "key": "ansi_bright_blue", "cursor": "ansi_blue", "mark": "ansi_yellow", "raw": "ansi_bright_black",
        "command": "ansi_magenta", "c1": "ansi_yellow", "c2": "ansi_cyan", "c3": "ansi_magenta", "c4": "ansi_green",
        "c5": "ansi_bright_yellow", "c6": "ansi_bright_blue",
    },
    ansi=True,
)  # fmt: skip

_DIM = frozenset({"muted", "axis", "raw"})
_BOLD = frozenset({"key"})
"""Meanings that attributes tell where there are no colours."""

THEMES = (DARK, LIGHT, CONTRAST, ANSI16)


class Palette:
    """The Rich styles of one theme. `colours` gives each meaning's colour, as the theme's variables name it."""

    def __init__(self, colours: dict[str, str], *, colourless: bool = False) -> None:
        self._colours = {name: _rich(colour) for name, colour in colours.items()}
        self._colourless = colourless
        self.style = lru_cache(maxsize=4096)(self._style)

    @classmethod
    def of(cls, theme: Theme, *, colourless: bool = False) -> Palette:
        """The palette of one of our themes; a theme of another make is given the dark or light one's meanings."""
        ours = theme if "nn-muted" in theme.variables else DARK if theme.dark else LIGHT
        return cls(
            {name: ours.variables[f"nn-{name}"] for name in MEANINGS if f"nn-{name}" in ours.variables},
            colourless=colourless,
        )

    def _style(self, words: str) -> Style:
        """The style of a few words, such as "strong validation". A word that means nothing raises ValueError."""
        colour: str | None = None
        background: str | None = None
        bold = reverse = underline = onto = chosen = False
        for word in words.split():
            if word == "strong":
                bold = True
            elif word == "reverse":
                reverse = True
            elif word == "underline":
                underline = True
            elif word == "on":
                onto = True
            elif word == "cursor":  # the row that is chosen: seen without colours too
                background, bold, chosen = self._colours["cursor"], True, True
                reverse = self._colourless
            elif onto:
                background, onto = self._colour(word), False
            else:
                colour = self._colour(word)
        if self._colourless and not chosen:
            return Style(bold=bold or not _BOLD.isdisjoint(words.split()) or None, reverse=reverse or None,
                         dim=(not bold and not _DIM.isdisjoint(words.split())) or None,
                         underline=underline or None)  # fmt: skip
        if chosen and not self._colours["cursor"].startswith("#"):
            colour = "bright_white"  # of a terminal's own sixteen, few can be read on each other
        return Style(color=colour, bgcolor=background, bold=bold or None, reverse=reverse or None,
                     underline=underline or None)  # fmt: skip

    def _colour(self, word: str) -> str:
        if word.startswith("#"):
            return word
        if word not in self._colours:
            raise ValueError(f"no meaning {word!r} for a style; there are {', '.join(MEANINGS)}")
        return self._colours[word]


def _rich(colour: str) -> str:
    """Textual's name of a colour as Rich has it."""
    return colour.removeprefix("ansi_")
