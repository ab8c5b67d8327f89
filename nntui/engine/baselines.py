"""What rules without learning would reach on the rows that judge a result, measured as the result is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from nntui.engine.meters import Standard, sum_dtype

if TYPE_CHECKING:
    from nntui.engine.meters import Meter
    from nntui.engine.tasks import Task
    from nntui.hooks.data import Indices, Preprocessor, Source

CPU = torch.device("cpu")
PIECE = 4096
"""Rows that are asked for at once."""


@torch.no_grad()
def measure_baselines(
    source: Source, preprocessor: Preprocessor, rows: Indices, task: Task
) -> dict[str, dict[str, float]]:
    """The task's metrics of each baseline that the preprocessing offers, by its name; empty where it offers none.

    `task` is one on the CPU.
    """
    offered: Any = getattr(preprocessor, "baselines", None)  # an optional method of a plugin's
    if offered is None or task.spec.target.kind != "values":
        return {}
    scale = Standard(task.spec.target, CPU, sum_dtype(CPU))
    meters: dict[str, Meter] = {}
    for begin in range(0, len(rows), PIECE):
        raw = source.rows(rows[begin : begin + PIECE])
        batch = preprocessor.encode(raw)
        for name, answers in offered(raw).items():
            meter = meters.setdefault(str(name), task.meter())
            output = scale.standardised(torch.as_tensor(answers, dtype=torch.float64), batch)
            meter.update(output, batch)
    return {name: meter.compute().metrics for name, meter in meters.items()}
