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
    from nntui.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
