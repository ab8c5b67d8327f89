"""`nntui runs`: lists, shows, says where, and deletes; from real folders in every state, and bad ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nntui.cli.main import run
from nntui.cli.runs import sparkline
from nntui.runs.checkpoints import write_checkpoint
from nntui.runs.commands import append_command
from nntui.runs.events import (
    Checkpointed,
    Commanded,
    Evaluated,
    Failed,
    Finished,
    LayerPlan,
    Planned,
    Progress,
    Started,
    Warned,
)
from nntui.runs.figures import size
from nntui.runs.folder import create_run
from nntui.runs.lock import RunLock
from nntui.runs.log import EventWriter

STARTED = Started(nntui="0.1.0", host="box", boot_id="b", pid=42)
PLANNED = Planned(
    layers=[
        LayerPlan(name="fc1", kind="Linear", out=[32], parameters=2080),
        LayerPlan(name="fc2", kind="Linear", out=[-1, 10], parameters=330),
    ],
    parameters=2410,
    splits={"train": 80},
    epochs=4,
    steps_per_epoch=10,
    metric="accuracy",
    maximize=True,
)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def make(root, name, *events, time=1000.0):
    folder = create_run(root, name)
    folder.run_toml.write_text('[data]\nname = "digits"\n[arch]\nname = "ffn"\n')
    ticks = iter(range(10_000))
    with EventWriter(folder.events, clock=lambda: time + next(ticks)) as writer:
        for event in events:
            writer.append(event)
    return folder


def done(root, name="calm-heron-6", time=1000.0):
    return make(
        root,
        name,
        STARTED,
        PLANNED,
        Progress(step=10, epoch=1.0, loss=0.9, lr=0.1),
        Evaluated(step=10, epoch=1.0, split="validation", metrics={"accuracy": 0.75}, best=True),
        Checkpointed(step=40, name="step-00000040"),
        Progress(step=40, epoch=4.0, loss=0.25, lr=0.01),
        Finished(step=40, status="done", metrics={"accuracy": 0.71875}, seconds=12.5),
        time=time,
    )


def failed(root, name="odd-lynx-5", time=2000.0):
    return make(
        root,
        name,
        STARTED,
        PLANNED,
        Progress(step=7, epoch=0.7, loss=None, lr=0.1),
        Failed(step=7, kind="non-finite", message="the loss is nan", advice="try --lr 1e-3"),
        time=time,
    )


def test_the_list_shows_each_run_and_where_it_stands(root, capsys):
    done(root)
    failed(root)
    live = make(root, "quick-otter-7", STARTED, PLANNED, Progress(step=5, epoch=0.5, loss=0.5, lr=0.1), time=3000.0)
    make(root, "lost-crow-1", STARTED, PLANNED, time=500.0)
    with RunLock(live):
        assert run(["runs"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["name", "data", "arch", "status", "epoch", "loss", "metric"]
    assert lines[1] == ["quick-otter-7", "digits", "ffn", "training", "0.5/4", "0.5"]
    assert lines[2][:6] == ["odd-lynx-5", "digits", "ffn", "failed", "0.7/4", "nan"]
    assert lines[2][6:] == ["step", "7:", "non-finite"]
    assert lines[3] == ["calm-heron-6", "digits", "ffn", "done", "4/4", "0.25", "accuracy", "75.0%"]
    assert lines[4][3] == "lost"


def test_the_list_for_programs_says_the_same(root, capsys):
    done(root)
    failed(root)
    for arguments in (["runs", "--json"], ["runs", "list", "--json"]):
        assert run(arguments) == 0
        bad, good = json.loads(capsys.readouterr().out)
        assert (good["name"], good["status"], good["step"], good["epochs"]) == ("calm-heron-6", "done", 40, 4)
        assert good["best"] == {"step": 10, "epoch": 1.0, "value": 0.75} and good["metrics"] == {"accuracy": 0.71875}
        assert good["curve"] == {"step": [10, 40], "loss": [0.9, 0.25]} and good["seconds"] == 12.5
        assert bad["failed"]["advice"] == "try --lr 1e-3" and bad["loss"] is None


def test_no_runs_is_no_error(root, capsys):
    assert run(["runs"]) == 0
    assert "no runs in" in capsys.readouterr().out
    assert run(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_the_folder_of_runs_may_be_said_before_or_after_the_subcommand(root, tmp_path, capsys):
    elsewhere = tmp_path / "elsewhere"
    folder = done(elsewhere)
    for arguments in (
        ["runs", "--runs", str(elsewhere), "path", "calm"],
        ["runs", "path", "calm", "--runs", str(elsewhere)],
        ["runs", "path", "--runs", str(elsewhere)],
        ["runs", "path", "elsewhere/calm-heron-6"],
    ):
        assert run(arguments) == 0
        assert capsys.readouterr().out == f"{folder.path}\n"
    assert run(["runs", "path", "calm"]) == 2
    assert "there is no run named 'calm'" in capsys.readouterr().err


def test_show_tells_one_run_in_full(root, capsys):
    folder = done(root)
    write_checkpoint(folder, 10, {"model.safetensors": b"x" * 1500}, best=True)
    write_checkpoint(folder, 40, {"model.safetensors": b"y" * 1500})
    asked = append_command(folder, "extend", 2, "ctl:ada")
    lost = append_command(folder, "pause", None, "ctl:ada")
    with EventWriter(folder.events) as writer:
        met = Commanded(id=asked.id, command="extend", by="ctl:ada", step=12, result="applied", value=6.0)
        writer.append(met)
        writer.append(Warned(message="the disk is slow"))
    assert run(["runs", "show", "calm"]) == 0
    out = capsys.readouterr().out
    for part in (
        "calm-heron-6  done",
        str(folder.path),
        "ffn, 2,410 parameters",
        "accuracy 75.0% at step 10",
        "accuracy 71.9%",
        "fc2    Linear  ?x10",
        "step 10            1.5 kB  best",
        "step 40            1.5 kB  last",
        "extend 2 by ctl:ada: applied at step 12, now 6",
        "pause by ctl:ada: asked, not yet applied",
        "warnings (1)",
        "the disk is slow",
        "nntui predict calm-heron-6",
    ):
        assert part in out
    assert run(["runs", "show", "calm", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["status"] == "done" and shown["plan"]["layers"][0]["name"] == "fc1"
    assert [c["step"] for c in shown["checkpoints"]] == [10, 40]
    assert {c["id"]: c["result"] for c in shown["commands"]} == {asked.id: "applied", lost.id: "asked"}


def test_show_says_why_a_run_failed_and_what_to_try(root, capsys):
    failed(root)
    assert run(["runs", "show"]) == 0
    out = capsys.readouterr().out
    assert "failed at step 7 (non-finite): the loss is nan" in out and "try --lr 1e-3" in out
    assert "nntui train --resume odd-lynx-5" in out


def test_a_run_that_failed_before_it_trained_is_begun_anew_with_other_settings(root, capsys):
    folder = make(
        root, "never-began", STARTED, Failed(step=0, kind="request", message="--data.drop: there is no column")
    )
    assert run(["runs", "show"]) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert (
        f"{folder.run_toml.relative_to(root.parent)} --SETTING VALUE, or as it is: " in told
        and "train --resume never-began" in told
    )


def test_text_from_a_folder_cannot_write_to_the_terminal(root, capsys):
    evil = "\x1b]0;owned\x07\x1b[2J\u202egnp"
    folder = make(root, "evil", STARTED, Warned(message=evil), Failed(step=1, kind=evil, message=evil, advice=evil))
    folder.run_toml.write_text(f'[data]\nname = {json.dumps(evil)}\n[arch]\nname = "ffn"\n')
    (root / "a\x1b[2Jb").mkdir()
    (root / "a\x1b[2Jb" / "events.jsonl").write_text("")
    os.mkdir(os.fsencode(root) + b"/\xff\xfe")  # noqa: PTH102  # a name that is not UTF-8
    (root / os.fsdecode(b"\xff\xfe") / "events.jsonl").write_text("")
    for arguments in (["runs"], ["runs", "--json"], ["runs", "show", "evil"], ["runs", "show", "evil", "--json"]):
        assert run(arguments) == 0
        out = capsys.readouterr().out
        assert not set(out) & {"\x1b", "\x07", "\u202e"}


def test_folders_full_of_garbage_are_listed_and_shown(root, capsys):
    for number, content in enumerate([b"", b"\x00" * 100, b"garbage\n", b'{"type":"started"}\n', b"\xff\n{"]):
        folder = create_run(root, f"bad-{number}")
        folder.events.write_bytes(content)
        folder.run_toml.write_bytes(content)
        folder.commands.write_bytes(content)
        folder.lock.write_bytes(content)
        folder.summary.write_bytes(content)
        folder.checkpoints.mkdir()
        (folder.checkpoints / "last").write_bytes(content)
        (folder.checkpoints / "step-00000001").mkdir()
        os.utime(folder.events, (1, 1))
    create_run(root, "no-events").events.unlink()
    (root / "no-events" / "run.toml").write_text("")
    assert run(["runs"]) == 0
    assert capsys.readouterr().out.count("lost") == 6
    for number in range(5):
        assert run(["runs", "show", f"bad-{number}"]) == 0
        assert "damaged" in capsys.readouterr().out


_AS_NOBODY = """
import os, sys
import nntui.cli.ctl, nntui.cli.output, nntui.cli.run_report, nntui.cli.runs, nntui.runs.attach, nntui.runs.summary
from nntui.cli.main import run
if os.geteuid() == 0:
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
sys.exit(run(sys.argv[1:]))
"""


def test_a_run_that_may_not_be_read_is_listed_and_told_in_words():
    """As somebody who is not root, whom no file mode stops."""
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders may not be entered by others
        Path(place).chmod(0o755)
        done(Path(place)).events.chmod(0)
        listed, shown = (
            subprocess.run(
                [sys.executable, "-c", _AS_NOBODY, "runs", *arguments, "--runs", place],
                capture_output=True,
                text=True,
                check=False,
            )
            for arguments in (["list"], ["show", "calm"])
        )
    assert listed.returncode == 0 and "calm-heron-6  digits  ffn" in listed.stdout
    assert shown.returncode == 2 and "calm-heron-6 cannot be read" in shown.stderr and "Traceback" not in shown.stderr


def test_a_run_of_a_later_nntui_is_listed_and_says_what_it_needs(root, capsys):
    make(root, "later", Started(version=9, nntui="9.1", host="h", boot_id="b", pid=1))
    assert run(["runs"]) == 0
    assert "needs nntui 9.1" in capsys.readouterr().out
    assert run(["runs", "show", "later"]) == 2
    assert "nntui>=9.1" in capsys.readouterr().err


def test_rm_deletes_what_is_named_and_says_the_size(root, capsys):
    done(root)
    failed(root)
    assert run(["runs", "rm", "calm-heron-6", "odd-lynx-5", "--yes"]) == 0
    out = capsys.readouterr().out
    assert "deleted calm-heron-6 (" in out and "deleted odd-lynx-5 (" in out
    assert list(root.iterdir()) == []


def test_rm_without_an_answer_deletes_nothing(root, capsys, monkeypatch):
    folder = done(root)
    assert run(["runs", "rm", "calm-heron-6"]) == 2
    assert "say --yes" in capsys.readouterr().err
    assert folder.exists()


def test_rm_with_yes_wants_whole_names(root, capsys):
    folder = done(root)
    assert run(["runs", "rm", "calm", "--yes"]) == 2
    assert "did you mean calm-heron-6" in capsys.readouterr().err
    assert folder.exists()


def test_rm_spares_a_live_run_and_all_that_was_named_with_it(root, capsys):
    first, live = done(root), make(root, "quick-otter-7", STARTED)
    with RunLock(live):
        assert run(["runs", "rm", "calm-heron-6", "quick-otter-7", "--yes", "--force"]) == 2
    assert "quick-otter-7 is live: nothing was deleted" in capsys.readouterr().err
    assert first.exists() and live.exists()


def test_listing_and_steering_import_neither_torch_nor_pydantic(root):
    done(root)
    for arguments in (["runs"], ["runs", "show", "calm"], ["runs", "path"], ["ctl", "calm", "pause"]):
        script = (
            "import sys; from nntui.cli.main import run; run(sys.argv[1:]);"
            "print('loaded:', *sorted({'torch', 'textual', 'pydantic', 'numpy', 'psutil'} & set(sys.modules)))"
        )
        result = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
        assert result.stdout.splitlines()[-1] == "loaded:", arguments


def test_sizes_are_said_in_words():
    sizes = [0, 999, 1000, 1_500_000, 999_600, 41_000_000_000, 5_000_000_000_000]
    said = ["0 B", "999 B", "1 kB", "1.5 MB", "1 MB", "41 GB", "5 TB"]
    assert [size(count) for count in sizes] == said


@pytest.mark.parametrize(("columns", "blocks"), [(120, 12), (80, 9), (70, 0)])
def test_a_list_fits_the_terminal_and_its_curve_takes_what_is_left(root, capsys, monkeypatch, columns, blocks):
    progress = [Progress(step=n, epoch=n / 10, loss=1 / n, lr=0.1) for n in range(1, 40)]
    made = make(root, "silent-hawk-30", STARTED, PLANNED, *progress, Evaluated(
        step=10, epoch=1.0, split="validation", metrics={"accuracy": 1.0}, best=True
    ))  # fmt: skip
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr("nntui.cli.runs.terminal", lambda: True)
    assert run(["runs"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert line.startswith(made.name) and len(line) <= columns
    assert ("curve" in head, sum(char in "▁▂▃▄▅▆▇█" for char in line)) == (blocks > 0, blocks)


def test_a_curve_is_drawn_where_there_are_blocks(monkeypatch):
    import io

    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert sparkline([1.0, 0.5, None, 0.0]) == "█▄x▁"
    assert sparkline([0.5]) == "▁" and sparkline([]) == "" and sparkline([None]) == "x"
    assert len(sparkline([float(n) for n in range(100)])) == 12
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert sparkline([1.0, 0.5]) == ""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    monkeypatch.setenv("LC_ALL", "C")
    assert sparkline([1.0, 0.5]) == ""
