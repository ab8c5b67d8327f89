"""The fork server by itself: what a job does costs only that job, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from distributions import Site
from jobs_site import HOSTILE, Raw, processes_with, wait_for

from nntui.runs.jobs import ActivationCurve, ActivationJob, Cancel, Described, DescribeJob, Failed, PlanJob, PlanResult

DIGITS = '[data]\nname = "digits"\n'


@pytest.fixture(scope="module")
def hostile(new_site: Callable[[], Site]) -> Site:
    site = new_site()
    site.add("hostile", HOSTILE)
    return site


@pytest.fixture(scope="module")
def server(hostile: Site) -> Iterator[Raw]:
    raw = Raw(environment=hostile.environment())
    yield raw
    raw.close()


def curve(raw: Raw, name: str, seconds: float = 30.0) -> ActivationCurve | Failed:
    answer = raw.last_answer(ActivationJob(id=7, name=name, seconds=seconds))
    assert isinstance(answer, ActivationCurve | Failed) and answer.id == 7
    return answer


def works(raw: Raw) -> bool:
    return isinstance(curve(raw, "relu"), ActivationCurve)


def test_it_is_one_thread_and_brings_in_no_more_than_it_needs(hostile: Site) -> None:
    said = hostile.python("""
        import sys
        from nntui.engine import forkserver
        from nntui.engine.jobs.children import threads
        from nntui.engine.jobs.warming import warm
        warm()
        import torch
        print(threads(), torch.cuda.is_initialized())
        unwanted = ("polars", "torchvision", "textual", "rich", "click", "torch._dynamo", "torch.optim", "hostile")
        print([name for name in sys.modules if name.startswith(unwanted) and name != "torch.optim"])
    """)
    one, unwanted = said.stdout.strip().splitlines()
    assert one == "1 False"
    assert "polars" not in unwanted and "torchvision" not in unwanted and "textual" not in unwanted
    assert "hostile" not in unwanted, "a third party's module is for the children"


def test_it_says_that_it_is_ready(server: Raw) -> None:
    assert server.ready is not None
    assert server.ready.pid == server.process.pid and server.ready.threads == 1


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("crash", "crashed", "SIGSEGV"),
        ("fail", "internal", "of my own making"),
        ("refuse", "request", "not on a Monday"),
        ("leave", "internal", "7"),
        ("vanish", "crashed", "without an answer"),
        ("scribble", "crashed", "wrote over the answer"),
        ("halve", "internal", "halving"),
    ],
)
def test_a_job_that_goes_wrong_says_how_and_costs_only_itself(server: Raw, name: str, kind: str, said: str) -> None:
    answer = curve(server, name)
    assert isinstance(answer, Failed), answer
    assert answer.kind == kind
    assert said.lower() in answer.message.lower() or name == "halve"
    assert works(server)


def test_advice_comes_with_a_persons_mistake(server: Raw) -> None:
    answer = curve(server, "refuse")
    assert isinstance(answer, Failed) and answer.advice == "try on Tuesday"


@pytest.mark.parametrize("name", ["hang", "flood", "spawn"])
def test_a_job_that_does_not_end_is_killed_at_its_deadline_with_all_that_it_started(
    server: Raw, hostile: Site, name: str
) -> None:
    began = time.monotonic()
    answer = curve(server, name, seconds=0.5)
    assert isinstance(answer, Failed) and answer.kind == "late", answer
    assert time.monotonic() - began < 20
    wait_for(lambda: len(processes_with(str(hostile.packages))) == 1)
    assert works(server)
    if name == "flood":
        assert 0 < len(answer.detail) <= 4000 and set(answer.detail) == {"x"}


def test_what_a_job_prints_is_no_answer(server: Raw) -> None:
    answer = curve(server, "prints")
    assert isinstance(answer, ActivationCurve), answer


def test_a_cancelled_job_is_killed_and_not_answered(server: Raw, hostile: Site) -> None:
    server.ask(ActivationJob(id=21, name="spawn"))
    wait_for(lambda: len(processes_with(str(hostile.packages))) == 3)
    server.ask(Cancel(id=21))
    wait_for(lambda: len(processes_with(str(hostile.packages))) == 1)
    assert works(server), "the next answer is of the next job"


def test_many_jobs_at_once_are_all_answered(server: Raw) -> None:
    for number in range(40, 60):
        server.ask(ActivationJob(id=number, name="tanh"))
    answers = [server.answer() for _ in range(20)]
    assert sorted(answer.id for answer in answers if answer) == list(range(40, 60))


def test_a_job_runs_at_the_lowest_priority_and_leaves_no_zombie(server: Raw, hostile: Site) -> None:
    server.ask(ActivationJob(id=22, name="hang"))
    (job,) = wait_for(
        lambda: [p for p in processes_with(str(hostile.packages)) if p.pid != server.process.pid and p.nice() == 19]
    )
    assert os.getsid(job.pid) == job.pid
    server.ask(Cancel(id=22))
    wait_for(lambda: not psutil.pid_exists(job.pid))


def test_nonsense_is_answered_and_does_no_harm(server: Raw) -> None:
    assert server.process.stdin is not None
    server.process.stdin.write(b"what\n")
    server.process.stdin.flush()
    answer = server.answer()
    assert isinstance(answer, Failed) and answer.id == 0
    assert works(server)


def test_it_costs_no_processor_while_idle(server: Raw) -> None:
    assert works(server)
    process = psutil.Process(server.process.pid)
    wait_for(lambda: not process.children())  # the job before has been reaped
    before = process.cpu_times()
    switches = process.num_ctx_switches().voluntary
    time.sleep(0.5)  # nothing happens: that is what is waited for
    after = process.cpu_times()
    assert after.user + after.system - before.user - before.system <= 0.02
    assert process.num_ctx_switches().voluntary - switches <= 2


def test_jobs_die_with_a_killed_server(hostile: Site) -> None:
    raw = Raw(environment=hostile.environment(FORK_TEST="killed-server"))
    raw.ask(ActivationJob(id=1, name="hang"))
    wait_for(lambda: len(processes_with("killed-server")) == 2)
    raw.process.kill()
    raw.process.wait()
    wait_for(lambda: not processes_with("killed-server"))


def test_it_ends_with_its_input_and_takes_its_jobs_along(hostile: Site) -> None:
    raw = Raw(environment=hostile.environment(FORK_TEST="ended-input"))
    raw.ask(ActivationJob(id=1, name="spawn"))
    wait_for(lambda: len(processes_with("ended-input")) == 3)
    raw.close()
    assert raw.process.returncode == 0
    assert not processes_with("ended-input")


def test_once_the_job_ends_with_its_input(hostile: Site) -> None:
    raw = Raw("--once", environment=hostile.environment(FORK_TEST="once-input"))
    raw.ask(ActivationJob(id=3, name="spawn"))
    wait_for(lambda: len(processes_with("once-input")) == 2)
    raw.close()
    wait_for(lambda: not processes_with("once-input"))


def test_data_and_plans_are_told_and_faults_in_them(server: Raw) -> None:
    told = server.last_answer(DescribeJob(id=1, toml=DIGITS))
    assert isinstance(told, Described) and told.rows == 1797
    planned = server.last_answer(PlanJob(id=2, toml=f'{DIGITS}[arch]\nname = "ffn"\nhidden = [32]\n'))
    assert isinstance(planned, PlanResult) and planned.layers[1].parameters == 64 * 32
    wrong = server.last_answer(PlanJob(id=2, toml='data = "penguins"\narch = "cnn"\n'))
    assert isinstance(wrong, Failed) and wrong.kind == "request" and "does not take" in wrong.message
    assert "spec.toml" not in wrong.message


def test_a_server_with_a_second_thread_refuses_to_fork(hostile: Site) -> None:
    code = """
        import sys, threading, time
        from nntui.engine import forkserver
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        sys.argv[1:] = []
        import os
        code = forkserver.main()
        sys.stdout.flush()
        os._exit(code)
    """
    from textwrap import dedent

    process = subprocess.Popen(
        [sys.executable, "-c", dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=hostile.environment(),
        cwd=hostile.packages,
    )
    out, _ = process.communicate(b'{"job":"activation","id":1,"name":"relu"}\n', timeout=60)
    assert b'"kind":"threads"' in out
    assert process.returncode != signal.Signals.SIGKILL
