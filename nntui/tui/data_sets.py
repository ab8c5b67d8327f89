"""What data can be chosen: the data sets by name, and a person's own paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.hooks.errors import UserError
from nntui.tui.aside import aside

if TYPE_CHECKING:
    from nntui.tui.app import NNTuiApp
    from nntui.tui.form.rows import Option


def _offered() -> list[Option]:
    from nntui.tui.form.own import OwnRegistry
    from nntui.tui.form.rows import options

    return options("data", OwnRegistry())


async def choose_data(app: NNTuiApp, now: str = "") -> str | None:
    """The name or path that a person chooses; None where they choose none, or nothing can be listed."""
    from nntui.tui.screens.chooser import Chooser

    try:
        offered = await aside(_offered)
    except UserError as error:
        app.warn(error)
        return None
    return await app.push_screen_wait(Chooser("Data", offered, now, paths=True))
