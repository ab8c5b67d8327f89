"""The interface in figures: on a real pseudo-terminal, read as a terminal reads it (pyte).

    python benchmarks/tui.py                        # everything; about an hour and a half
    python benchmarks/tui.py --only frame,idle      # some of it
    python benchmarks/tui.py --write                # and into docs/benchmarks.md

| part | what is measured |
| --- | --- |
| frame | from starting the process to a painted first frame, beside an empty Textual app, in alternating rounds |
| idle | bytes sent and CPU of each screen while nothing happens, 30 s each |
| first | from the train key in New run to a step of the optimizer |
| beside | steps a second with an interface attached beside none, in alternating windows; the interface's own CPU |
| bytes | bytes sent while a run trains, a minute, each panel, one interface at a time |
| keys | from a key to the first cell that it changes, while a run trains |
| list | a list of a thousand runs: to its rows on the screen, and what reading them takes |
| million | a run with a million events: to its first picture and to the exact one, memory, a pan |

To see that all of it works, in some minutes and with figures that mean nothing:
`--rounds 1 --window 3 --seconds 3 --still 3 --settle 0 --presses 6`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from page import Row, table, write
from tui_at_rest import frame, idle, many, million
from tui_live import beside, bytes_sent, first, keys

ROUNDS = {"frame": 15, "first": 7, "beside": 15, "list": 7, "million": 3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="frame,idle,first,beside,bytes,keys,list,million")
    parser.add_argument("--rounds", type=int, help=f"instead of {', '.join(f'{n} of {p}' for p, n in ROUNDS.items())}")
    parser.add_argument("--window", type=float, default=8.0, help="seconds of a window of `beside`")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each panel in `bytes`")
    parser.add_argument("--still", type=float, default=30.0, help="seconds of each screen in `idle`")
    parser.add_argument("--settle", type=float, default=65.0, help="seconds that a run trains before it is looked at")
    parser.add_argument("--presses", type=int, default=60, help="of each kind of key in `keys`")
    parser.add_argument("--runs", type=int, default=1000, help="in `list`")
    parser.add_argument("--events", type=int, default=1_000_000, help="in `million`")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    arguments = parser.parse_args()
    rounds = {part: arguments.rounds or usual for part, usual in ROUNDS.items()}
    parts: dict[str, Callable[[Path], Iterator[Row]]] = {
        "frame": lambda root: frame(root, rounds["frame"]),
        "idle": lambda root: idle(root, arguments.still),
        "first": lambda root: first(root, rounds["first"]),
        "beside": lambda root: beside(root, rounds["beside"], arguments.window, arguments.settle),
        "bytes": lambda root: bytes_sent(root, arguments.seconds, arguments.settle),
        "keys": lambda root: keys(root, arguments.presses, arguments.settle),
        "list": lambda root: many(root, rounds["list"], arguments.runs),
        "million": lambda root: million(root, rounds["million"], arguments.events),
    }
    for name in arguments.only.split(","):
        rows: list[Row] = []
        with tempfile.TemporaryDirectory() as home:
            for row in parts[name](Path(home) / "runs"):
                rows.append(row)
                print(row.line, flush=True)
        if arguments.write:
            write(f"tui {name}", table(rows))


if __name__ == "__main__":
    main()
