"""A warm process that forks a child for each run, as the fork server does: a cold start takes seconds, a kill test
wants hundreds. Reads lines "<run folder>" on standard input, answers each with the child's pid, and reaps it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import torch

from nntui.engine.run import execute
from nntui.hooks.errors import UserError
from nntui.hooks.registry import registry
from nntui.runs.folder import RunFolder
from nntui.spec.resolve import resolve_said
from nntui.spec.toml import read_toml


def child(folder: RunFolder) -> None:
    """Trains, and leaves with the run's exit code, whatever happens."""
    code = 70
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        log = os.open(folder.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.dup2(log, 1)
        os.dup2(log, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = execute(folder, resolve_said(read_toml(folder.run_toml), registry()).spec, detached=True).code
    except UserError as error:
        print(error.render(), file=sys.stderr, flush=True)
        code = 2
    finally:
        os._exit(code)


def main() -> None:
    torch.set_num_threads(1)  # a parallel region before the fork hangs the child
    children: dict[int, str] = {}
    for line in sys.stdin:
        asked = line.strip()
        if asked.startswith("wait "):
            pid = int(asked.removeprefix("wait "))
            _, status = os.waitpid(pid, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            child(RunFolder(Path(asked)))
        children[pid] = asked
        print(pid, flush=True)


if __name__ == "__main__":
    main()
