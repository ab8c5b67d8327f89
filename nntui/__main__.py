"""`nntui` and `python -m nntui`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line on sys.argv and leave with its exit code."""
    if sys.platform == "win32":
        sys.stderr.write(
            "error: nntui runs on Linux and macOS. On Windows, run it inside WSL: wsl --install, "
            "then install nntui in the Linux that this gives you.\n"
        )
        sys.exit(2)
    if len(sys.argv) == 1 and (code := _alone()) is not None:
        sys.exit(code)
    from nntui.cli.main import run

    sys.exit(run(sys.argv[1:]))


def _alone() -> int | None:
    """The list of runs, for which no command line need be imported; None where `run` is to say why there is none."""
    from nntui.cli.interface import alone
    from nntui.hooks.errors import UserError

    try:
        return alone()
    except UserError:
        return None


if __name__ == "__main__":
    main()
