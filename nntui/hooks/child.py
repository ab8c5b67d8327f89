"""The other end of `nntui.hooks.children`: imports one plugin in a process of its own and answers with JSON.

Started as `python -c BOOT REQUEST`; the answer goes to a pipe of its own, so that what a plugin prints is not in it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

from nntui.hooks.declared import declare
from nntui.hooks.isolation import PluginFailure, check_hooks, collect, guard, load_plugin

Answer = dict[str, Any]  # JSON


def main(request: Mapping[str, Any]) -> None:
    """Do what `request` asks and leave, without waiting for threads or exit handlers that the plugin left behind."""
    pipe = int(request["pipe"])
    faulthandler.enable(pipe, all_threads=False)  # a native crash leaves its Python stack as the answer
    # Should the parent be killed, this process ends all the same. The parent's own limit comes first.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(request["limit"]) + 5)
    task = {"index": index, "probe": probe}[request["task"]]
    answer = json.dumps(task(request), allow_nan=False).encode() + b"\n"
    while answer:
        answer = answer[os.write(pipe, answer) :]
    os._exit(0)


def index(request: Mapping[str, Any]) -> Answer:
    """Everything that one plugin contributes, or why it is not used."""
    started = time.perf_counter()
    answer: Answer = {"status": "ok", "message": "", "advice": "", "traceback": "", "entries": []}
    try:
        hooks = check_hooks(load_plugin(request["target"]))
        answer["seconds"] = time.perf_counter() - started
        for name, function in hooks.items():
            for item in collect(name, function):
                with guard(f"while {item.name!r} was described"):
                    answer["entries"].append(declare(item))
    except PluginFailure as failure:
        answer |= {
            "status": failure.status,
            "message": failure.message,
            "advice": failure.advice,
            "traceback": failure.trace,
            "entries": [],
        }
    answer.setdefault("seconds", time.perf_counter() - started)
    answer["torch"] = "torch" in sys.modules
    return answer


def probe(request: Mapping[str, Any]) -> Answer:
    """What one plugin's devices find: {"devices": {name: {"found": [...], "error": ""}}}."""
    from nntui.hooks.contributions import Device
    from nntui.hooks.targets import resolve_target

    devices: dict[str, Any] = {}
    try:
        hooks = check_hooks(load_plugin(request["target"]))
        offered = collect("register_devices", hooks["register_devices"])
    except PluginFailure as failure:
        return {"devices": {}, "error": failure.message}
    for item in offered:
        if not isinstance(item, Device):  # `collect` saw to it
            continue
        try:
            with guard("while probing"):
                found = [
                    {"name": d.name, "title": d.title, "memory": d.memory, "precisions": list(d.precisions)}
                    for d in resolve_target(item.probe)()
                ]
            devices[item.name] = {"found": found, "error": ""}
        except PluginFailure as failure:
            devices[item.name] = {"found": [], "error": failure.message}
    return {"devices": devices, "error": ""}
