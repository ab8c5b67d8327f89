"""A checkpoint is whole or is not there; a damaged one is passed over; no good one is ever lost to a worse."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from nntui.hooks.errors import UserError
from nntui.runs import checkpoints
from nntui.runs.checkpoints import (
    at,
    clean_stale,
    discard_after,
    list_checkpoints,
    newest_valid,
    pointer,
    prune,
    verify,
    write_checkpoint,
)
from nntui.runs.folder import create_run


def files(step: int) -> dict[str, bytes]:
    return {"model.safetensors": bytes([step % 256]) * 5000, "training_state.json": f'{{"step": {step}}}'.encode()}


def write(folder, *steps, **options):
    return [write_checkpoint(folder, step, files(step), **options) for step in steps]


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.checkpoints.iterdir())


def flip(path: Path, at_byte: int = 100) -> None:
    data = bytearray(path.read_bytes())
    data[at_byte % len(data)] ^= 0x10
    path.write_bytes(data)


def test_a_checkpoint_comes_back_as_written_and_is_pointed_at(folder):
    (info,) = write(folder, 123, best=True)
    assert info.path == folder.checkpoints / "step-00000123"
    assert info.bytes == sum(map(len, files(123).values()))
    assert {p.name: p.read_bytes() for p in info.path.iterdir() if p.name != "manifest.json"} == files(123)
    assert verify(info.path) is None
    assert pointer(folder, "last") == pointer(folder, "best") == info.path
    assert list_checkpoints(folder) == [info] == [at(folder, "last")]
    assert newest_valid(folder) == (info, [])
    assert names(folder) == ["best", "last", "step-00000123"]


def test_best_stays_where_last_goes_on(folder):
    first, second = write_checkpoint(folder, 1, files(1), best=True), write_checkpoint(folder, 2, files(2))
    assert (pointer(folder, "best"), pointer(folder, "last")) == (first.path, second.path)
    assert (at(folder, "best"), at(folder, "last"), at(folder, 1), at(folder, "2")) == (first, second, first, second)
    assert at(folder, "step-00000001") == first


def test_contents_may_be_any_buffer(folder):
    info = write_checkpoint(folder, 1, {"a": memoryview(bytearray(b"xyz")), "b": bytearray(b""), "c": b"q"})
    assert verify(info.path) is None and (info.path / "a").read_bytes() == b"xyz" and info.bytes == 4


def test_weights_without_a_state_are_no_place_to_resume_from(folder):
    write(folder, 10)
    best = write_checkpoint(folder, 9, {"model.safetensors": b"w"}, best=True, make_last=False)
    assert pointer(folder, "last").name == "step-00000010"
    (folder.checkpoints / "last").unlink()
    flip(folder.checkpoints / "step-00000010" / "model.safetensors")
    found, warnings = newest_valid(folder)
    assert found is None and len(warnings) == 2
    assert at(folder, "best") == best


def test_weights_alone_never_take_the_place_of_a_state(folder):
    write(folder, 5)
    same = write_checkpoint(folder, 5, {"model.safetensors": files(5)["model.safetensors"]}, best=True, make_last=False)
    assert verify(same.path) is None and (same.path / "training_state.json").exists()
    with pytest.raises(FileExistsError):
        write_checkpoint(folder, 5, {"model.safetensors": b"other"}, make_last=False)
    assert newest_valid(folder)[0].step == 5


def test_the_same_step_again_is_kept_when_equal_and_replaced_when_not(folder):
    (info,) = write(folder, 7)
    inode = info.path.stat().st_ino
    write(folder, 7)
    assert info.path.stat().st_ino == inode
    write_checkpoint(folder, 7, files(8))
    assert info.path.stat().st_ino != inode
    assert (info.path / "model.safetensors").read_bytes() == files(8)["model.safetensors"]
    flip(info.path / "model.safetensors")
    write_checkpoint(folder, 7, files(8))
    assert verify(info.path) is None
    assert names(folder) == ["last", "step-00000007"]


@pytest.mark.parametrize("name", ["model.safetensors", "training_state.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "missing", "longer"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(folder, name, damage):
    write(folder, 1, 2, 3)
    path = folder.checkpoints / "step-00000003" / name
    match damage:
        case "flip":
            flip(path, 20)
        case "cut":
            os.truncate(path, path.stat().st_size - 1)
        case "empty":
            os.truncate(path, 0)
        case "missing":
            path.unlink()
        case "longer":
            path.write_bytes(path.read_bytes() + b"x")
    found, warnings = newest_valid(folder)
    assert found.step == 2
    assert len(warnings) == 1 and "step-00000003 is passed over" in warnings[0]
    with pytest.raises(UserError, match="cannot be used") as error:
        at(folder, "last")
    assert error.value.advice == "retained steps: 1, 2, 3"


def test_every_flipped_bit_of_a_checkpoint_is_noticed(folder):
    (info,) = write(folder, 3)
    whole = msgspec.json.decode((info.path / "manifest.json").read_bytes())
    for name, stride in (("model.safetensors", 97), ("training_state.json", 1), ("manifest.json", 1)):
        path = info.path / name
        content = path.read_bytes()
        for byte in range(0, len(content), stride):
            flip(path, byte)
            assert verify(info.path) is not None
            path.write_bytes(content)
    assert verify(info.path) is None and set(whole["files"]) == set(files(3))


def test_what_is_newer_than_last_belongs_to_no_past(folder):
    write(folder, 1, 2)
    (folder.checkpoints / "last").write_text("step-00000001\n")
    assert newest_valid(folder)[0].step == 1


def test_a_missing_last_falls_through_to_the_newest_whole(folder):
    write(folder, 1, 2)
    (folder.checkpoints / "last").write_text("step-00000009\n")
    found, warnings = newest_valid(folder)
    assert found.step == 2 and "step-00000009, the last one, is missing" in warnings[0]
    for text in (b"", b"../../etc", b"\xff", b"step-1"):
        (folder.checkpoints / "last").write_bytes(text)
        assert pointer(folder, "last") is None
        found, warnings = newest_valid(folder)
        assert found.step == 2 and "missing or damaged" in warnings[0]


def test_nothing_is_nothing(folder):
    assert list_checkpoints(folder) == [] and newest_valid(folder) == (None, [])
    assert pointer(folder, "best") is None and clean_stale(folder) == [] and prune(folder, 1) == []
    with pytest.raises(UserError, match="has no checkpoint best") as error:
        at(folder, "best")
    assert "no checkpoint is retained" in error.value.advice


def test_asking_for_what_is_not_retained_names_what_is(folder):
    write(folder, 10, 20)
    for where in (15, "15"):
        with pytest.raises(UserError, match="no checkpoint at step 15") as error:
            at(folder, where)
        assert error.value.advice == "retained steps: 10, 20"
    with pytest.raises(UserError, match="'middle' is no checkpoint"):
        at(folder, "middle")


def test_a_manifest_cannot_name_files_elsewhere_or_a_later_format(folder):
    (info,) = write(folder, 1)
    manifest = info.path / "manifest.json"
    whole = msgspec.json.decode(manifest.read_bytes())
    forged = checkpoints.Manifest(
        version=1, nntui="0.1", step=1, resumable=True, files={"../../lock": checkpoints.FileRecord(0, "")}
    )
    manifest.write_bytes(msgspec.json.encode(forged.signed()))
    assert "not a file of it" in verify(info.path)
    manifest.write_bytes(msgspec.json.encode(whole | {"version": 2, "nntui": "9.9"}))
    assert "needs nntui 9.9" in verify(info.path)


def test_retention_spares_best_last_and_the_protected(folder):
    write_checkpoint(folder, 1, files(1), best=True)
    write(folder, 2, 3, 4, 5, 6)
    assert prune(folder, keep=2, protect={3}) == [2]
    assert [info.step for info in list_checkpoints(folder)] == [1, 3, 4, 5, 6]
    assert prune(folder, keep=0) == [3, 4, 5]
    assert names(folder) == ["best", "last", "step-00000001", "step-00000006"]


def test_a_superseded_past_is_discarded_but_a_valid_best(folder):
    write(folder, 1, 2)
    write_checkpoint(folder, 3, files(3), best=True)
    write(folder, 4)
    assert discard_after(folder, 1) == [2, 4]
    flip(folder.checkpoints / "step-00000003" / "model.safetensors")
    assert discard_after(folder, 1) == [3]
    assert newest_valid(folder)[0].step == 1


def _fail_on(monkeypatch, module, name, nth):
    """The nth call of an operating system function fails as on a full disk."""
    real, calls = getattr(module, name), []

    def call(*args, **kwargs):
        calls.append(1)
        if len(calls) == nth:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, call)


@pytest.mark.parametrize("call", ["write", "fsync", "open"])
@pytest.mark.parametrize("nth", range(1, 8))
@pytest.mark.parametrize("same_step", [False, True])
def test_wherever_the_disk_refuses_the_good_checkpoint_stays_and_nothing_half_is_left(
    folder, monkeypatch, call, nth, same_step
):
    write(folder, 1, best=True)
    step = 1 if same_step else 2
    with monkeypatch.context() as patch:
        _fail_on(patch, os, call, nth)
        try:
            write_checkpoint(folder, step, files(9), best=True)
        except OSError as error:
            assert error.errno == errno.ENOSPC
    found, warnings = newest_valid(folder)
    assert warnings == [] and verify(found.path) is None
    clean_stale(folder)
    assert [name for name in names(folder) if name.startswith(".")] == []
    assert newest_valid(folder) == (found, [])
    assert all(verify(info.path) is None for info in list_checkpoints(folder))
    assert verify(pointer(folder, "best")) is None


def test_a_full_disk_keeps_the_last_good_checkpoint(small_disk):
    folder = create_run(small_disk, "r")
    with pytest.raises(OSError, match="No space") as error:
        for step in range(1, 100):
            write_checkpoint(folder, step, files(step))
    assert error.value.errno == errno.ENOSPC
    found, warnings = newest_valid(folder)
    assert found is not None and warnings == []
    assert not [name for name in names(folder) if name.startswith(".tmp")]
    assert prune(folder, keep=0) and write(folder, 100)[0].step == 100
    assert newest_valid(folder)[0].step == 100


_WRITER = """
import sys
from pathlib import Path
from nntui.runs.checkpoints import write_checkpoint
from nntui.runs.folder import RunFolder
folder = RunFolder(Path(sys.argv[1]))
print("ready", flush=True)
step = 0
while True:
    step += 1
    # each step twice: written, then replaced by other contents
    write_checkpoint(folder, step, {"model.safetensors": bytes([step % 256]) * 200_000})
    write_checkpoint(folder, step, {"model.safetensors": bytes([step % 256]) * 200_001}, best=True)
    print(step, flush=True)
"""


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 13])
def test_an_engine_killed_while_it_writes_leaves_a_whole_checkpoint(folder, steps):
    process = subprocess.Popen([sys.executable, "-c", _WRITER, folder.path], stdout=subprocess.PIPE)
    for _ in range(steps + 1):
        line = process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    assert int(line) == steps
    clean_stale(folder)
    assert [name for name in names(folder) if name.startswith(".")] == []
    assert all(verify(info.path) is None for info in list_checkpoints(folder))
    found, warnings = newest_valid(folder)
    assert warnings == [] and found.step >= steps
    assert verify(pointer(folder, "best")) is None


def test_what_was_killed_between_the_two_renames_of_a_replacement_comes_back(folder):
    (info,) = write(folder, 4)
    info.path.rename(folder.checkpoints / ".old-step-00000004")
    (folder.checkpoints / ".tmp-step-00000004-abcd").mkdir()
    (folder.checkpoints / ".tmp-last-abcd").write_text("x")
    assert len(clean_stale(folder)) == 3
    assert newest_valid(folder) == (info, [])
    assert names(folder) == ["last", "step-00000004"]
    (folder.checkpoints / ".old-step-00000004").mkdir()
    clean_stale(folder)
    assert names(folder) == ["last", "step-00000004"]


def test_a_replacement_that_cannot_be_put_in_place_puts_the_old_one_back(folder, monkeypatch):
    (info,) = write(folder, 4)
    real = Path.rename

    def rename(self, target):
        if self.name.startswith(".tmp-step") and not Path(target).exists():
            raise OSError(errno.EIO, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="Input/output"):
        write_checkpoint(folder, 4, files(5))
    monkeypatch.undo()
    assert newest_valid(folder) == (info, []) and names(folder) == ["last", "step-00000004"]


def test_files_that_are_none_of_ours_are_left_alone(folder):
    write(folder, 1, 2)
    (folder.checkpoints / "notes.txt").write_text("mine")
    (folder.checkpoints / "step-3").mkdir()
    prune(folder, 0)
    clean_stale(folder)
    assert names(folder) == ["last", "notes.txt", "step-00000002", "step-3"]
    assert [info.step for info in list_checkpoints(folder)] == [2]


def test_a_checkpoint_of_a_step_past_eight_digits_is_one(folder):
    write(folder, 99_999_999, 123_456_789)
    assert newest_valid(folder)[0].step == 123_456_789
    assert checkpoints.step_name(123_456_789) == "step-123456789"
