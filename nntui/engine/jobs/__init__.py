"""What the fork server does in its children, one file each; the messages are in `nntui.runs.jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from nntui.engine.jobs import activation, describe, plan
from nntui.runs.jobs import ActivationJob, DescribeJob, PlanJob

if TYPE_CHECKING:
    from nntui.engine.jobs.answering import Answering

Work = DescribeJob | PlanJob | ActivationJob
"""Jobs that answer and end; training goes on: see `nntui.engine.jobs.train`."""


def work(job: Work, answering: Answering) -> None:
    """Does a job on one thread, answering as it goes; only a network's steps are timed on the threads that its run
    would have. Raises whatever goes wrong."""
    torch.set_num_threads(1)
    match job:
        case DescribeJob():
            answering.tell(describe.describe(job.toml, answering.know))
        case PlanJob():
            for result in plan.plan(job.toml, job.runs, answering.know):
                answering.tell(result)
        case ActivationJob():
            answering.tell(activation.curve(job.name, job.params))
