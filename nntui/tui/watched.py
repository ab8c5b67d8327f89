"""What the widgets of a run's screen look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nntui.tui.draw.foot import Figures

if TYPE_CHECKING:
    from nntui.runs.folder import RunFolder
    from nntui.runs.state import RunState
    from nntui.tui.draw.head import Shown
    from nntui.tui.facts import Facts


@dataclass
class Watched:
    """A run as it is known now. One object a screen: the screen changes it, its widgets read it."""

    folder: RunFolder
    facts: Facts
    state: RunState
    status: Shown
    problem: str = ""
    figures: Figures = field(default_factory=Figures)
