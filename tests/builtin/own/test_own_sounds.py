"""A person's recordings: which layouts are taken, how they are heard, and that nothing is lost without a word."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import nntui
from nntui.builtin.datasets.own import decoded
from nntui.builtin.datasets.own.audio import AudioRows, build, sniff
from nntui.builtin.datasets.own.audio_params import AudioParams
from nntui.builtin.datasets.own.audio_preprocessor import AudioPreprocessor
from nntui.builtin.datasets.own.decoding import trimmed
from nntui.hooks.data import DataContext
from nntui.hooks.errors import UserError

RATE = 8000
SEEDS = np.random.default_rng(0)


def tone(hertz: float, seconds: float = 0.3, rate: int = RATE) -> np.ndarray:
    """A tone with a little noise, so that no two files are alike."""
    at = np.arange(round(seconds * rate)) / rate
    return (0.4 * np.sin(2 * np.pi * hertz * at) + 0.02 * SEEDS.standard_normal(len(at))).astype(np.float32)


def record(path: Path, hertz: float, seconds: float = 0.3, rate: int = RATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone(hertz, seconds, rate), rate)
    return path


def high_and_low(folder: Path, each: int = 4) -> Path:
    for number in range(each):
        record(folder / "high" / f"{number:02}.wav", 1500)
        record(folder / "low" / f"{number:02}.wav", 300)
    return folder


def opened(path: Path, *, test: Path | None = None, group: str | None = None, **params: Any) -> AudioRows:
    context = DataContext(path=str(path), test=None if test is None else str(test), group=group)
    return build(AudioParams(**params), context)


def everything(source: AudioRows) -> list[np.ndarray]:
    return [np.array(one) for one in source.rows(np.arange(len(source)))["frames"]]


def fitted(source: AudioRows, rows: Sequence[int] | None = None) -> AudioPreprocessor:
    train = np.arange(len(source)) if rows is None else np.array(rows)
    return AudioPreprocessor.fit(source, train, AudioParams())


def skipped(source: AudioRows) -> dict[str, int]:
    return {f.message: f.count for f in source.report.findings if f.kind == "skipped"}


# --- layouts ----------------------------------------------------------------------------------------------------------


def test_folders_are_classes_and_files_rows_in_order(tmp_path: Path) -> None:
    source = opened(high_and_low(tmp_path))
    assert source.facts.classes == ("high", "low")
    assert source.places(np.array([0, 7])) == ["high/00.wav", "low/03.wav"]
    assert source.targets.tolist() == [0] * 4 + [1] * 4
    assert not source.given
    seen = sniff(tmp_path)
    assert seen is not None
    assert seen.reason == "2 folders of 8 recordings: high, low"
    assert seen.defaults["training.epochs"] == 60


def test_folders_of_splits_are_splits_and_a_class_may_be_called_test(tmp_path: Path) -> None:
    for name in ("train", "val", "test"):
        high_and_low(tmp_path / "splits" / name, 2)
    given = opened(tmp_path / "splits").given
    assert {split: len(rows) for split, rows in given.items()} == {"train": 4, "validation": 4, "test": 4}
    record(tmp_path / "classes" / "test" / "1.wav", 300)
    record(tmp_path / "classes" / "speech" / "1.wav", 900)
    source = opened(tmp_path / "classes")
    assert source.facts.classes == ("speech", "test")
    assert not source.given


def test_a_folder_around_the_classes_is_gone_into(tmp_path: Path) -> None:
    high_and_low(tmp_path / "download" / "voices")
    assert opened(tmp_path / "download").facts.classes == ("high", "low")
    assert sniff(tmp_path / "download") is not None


def test_a_table_lists_recordings_their_classes_splits_and_groups(tmp_path: Path) -> None:
    high_and_low(tmp_path / "my recordings")
    lines = ["file,speaker,label,split"]
    lines += [f"my recordings/high/{n:02}.wav,s{n % 2},high,{'test' if n == 3 else 'train'}" for n in range(4)]
    lines += [f"my recordings/low/{n:02}.wav,s{n % 2},low,train" for n in range(4)]
    lines += ["my recordings/gone.wav,s1,low,train", "my recordings/low/00.wav,s1,,train"]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    source = opened(tmp_path / "labels.csv", group="speaker")
    assert source.facts.classes == ("high", "low")
    assert source.given["test"].tolist() == [3]
    assert source.groups is not None
    assert source.groups.tolist() == [0, 1, 0, 1] * 2
    assert source.places(np.array([0])) == ["my recordings/high/00.wav (labels.csv, line 2)"]
    assert sum(skipped(source).values()) == 2
    assert sniff(tmp_path / "labels.csv") is not None
    assert len(opened(tmp_path)) == 8  # the folder that holds the table


def test_test_recordings_come_from_another_folder(tmp_path: Path) -> None:
    high_and_low(tmp_path / "all")
    high_and_low(tmp_path / "new", 1)
    record(tmp_path / "new" / "middle" / "1.wav", 700)
    source = opened(tmp_path / "all", test=tmp_path / "new")
    assert source.given["test"].tolist() == [8, 9]
    assert skipped(source) == {"1 test recordings are of classes that no training recording has: left out": 1}


# --- how they are heard -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3"])
def test_formats_are_heard_alike(tmp_path: Path, suffix: str) -> None:
    wave = tone(700, 1.0, 16_000)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    soundfile.write(tmp_path / "a" / "1.wav", wave, 16_000)
    soundfile.write(tmp_path / "b" / f"1.{suffix}", np.stack([wave, wave], axis=1), 16_000)
    plain, packed = everything(opened(tmp_path))
    tall = plain[10:80].mean(axis=0).argmax()
    assert packed[10:80].mean(axis=0).argmax() == tall
    assert abs(packed[10:80, tall].mean() - plain[10:80, tall].mean()) < 0.5


def test_the_rate_is_the_commonest_but_no_more_than_16_khz(tmp_path: Path) -> None:
    high_and_low(tmp_path)
    record(tmp_path / "low" / "99.wav", 300, rate=48_000)
    source = opened(tmp_path)
    assert source.facts.mel.rate == RATE
    assert any("48,000 Hz (1)" in f.message for f in source.report.findings)
    heard = everything(source)
    assert heard[-1][10:20].mean(axis=0).argmax() == heard[5][10:20].mean(axis=0).argmax()  # the same tone
    for number in range(4):
        record(tmp_path / "wide" / f"{number}.wav", 300, rate=44_100)
        record(tmp_path / "wide" / f"{number}b.wav", 300, rate=44_100)
        record(tmp_path / "wide" / f"{number}c.wav", 300, rate=44_100)
    assert opened(tmp_path).facts.mel.rate == 16_000


def test_sounds_are_brought_to_what_95_of_100_are_within(tmp_path: Path) -> None:
    for number in range(38):
        record(tmp_path / "high" / f"{number:02}.wav", 1500, 0.2)
    record(tmp_path / "low" / "1.wav", 300, 0.2)
    record(tmp_path / "low" / "2.wav", 300, 2.0)
    preprocessor = fitted(opened(tmp_path))
    assert preprocessor.frames == 21
    lengths = preprocessor.encode(opened(tmp_path).rows(np.array([0, 39])))["length"].tolist()
    assert lengths == [21, 21]
    asked = AudioPreprocessor.fit(opened(tmp_path, seconds=1.0), np.arange(40), AudioParams(seconds=1.0))
    assert asked.frames == 101


def test_a_recording_of_hours_is_cut_while_it_is_read_and_told(tmp_path: Path) -> None:
    high_and_low(tmp_path)
    long = tmp_path / "low" / "long.wav"
    with soundfile.SoundFile(long, "w", RATE, 1, "PCM_U8") as file:
        for _ in range(60):
            file.write(np.zeros(RATE * 60, np.float32))
    source = opened(tmp_path)
    assert max(map(len, everything(source))) <= 501
    notes = [f.message for f in source.report.findings]
    assert any(message.startswith("1 recording is longer than 5 s") for message in notes)
    assert any(message == "1 recording is silent throughout" for message in notes)


def test_silence_at_both_ends_can_be_trimmed(tmp_path: Path) -> None:
    quiet = np.zeros(RATE, np.float32)
    wave = np.concatenate((quiet, 0.5 * np.ones(RATE // 2, np.float32), quiet))
    kept = trimmed(wave, RATE)
    assert 0.6 <= len(kept) / RATE <= 0.62
    assert np.array_equal(trimmed(quiet, RATE), quiet)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        soundfile.write(tmp_path / name / "1.wav", wave if name == "a" else wave[::-1] * 0.9, RATE)
    assert {len(one) for one in everything(opened(tmp_path, silence="trim", hop=10.0))} == {61}
    assert {len(one) for one in everything(opened(tmp_path, hop=10.0))} == {251}


# --- what is wrong ----------------------------------------------------------------------------------------------------


def test_what_cannot_be_heard_is_counted_and_listed(tmp_path: Path) -> None:
    high_and_low(tmp_path)
    folder = tmp_path / "low"
    (folder / "empty.wav").touch()
    soundfile.write(folder / "nothing.wav", np.zeros(0, np.float32), RATE)
    (folder / "picture.wav").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    soundfile.write(folder / "nan.wav", np.full(100, np.nan, np.float32), RATE, subtype="FLOAT")
    (folder / "notes.txt").write_text("no sound")
    (tmp_path / "loose.wav").write_bytes((folder / "00.wav").read_bytes())
    source = opened(tmp_path)
    assert len(source) == 8
    found = skipped(source)
    assert found["1 recording left out: the file is empty"] == 1
    assert found["1 recording left out: it holds no sound"] == 1
    assert found["1 recording left out: it holds samples that are not finite"] == 1
    assert found["1 file that is no recording by name is left out"] == 1
    assert found["1 recording in no folder of a class is left out"] == 1
    assert sum("not a sound that can be read" in message for message in found) == 1
    listed = {place for f in source.report.findings if f.kind == "skipped" for place in f.places}
    assert listed == {
        *("low/empty.wav", "low/nothing.wav", "low/nan.wav", "low/picture.wav", "low/notes.txt", "loose.wav")
    }


def test_a_recording_that_is_cut_off_is_left_out_and_told(tmp_path: Path) -> None:
    high_and_low(tmp_path)
    whole = next((tmp_path / "low").glob("*.wav"))
    (tmp_path / "low" / "half.wav").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    streamed = bytearray(whole.read_bytes())
    streamed[4:8] = b"\xff\xff\xff\xff"  # its length was not known when its header was written
    (tmp_path / "high" / "streamed.wav").write_bytes(streamed)
    source = opened(tmp_path)
    assert [(f.kind, f.places) for f in source.report.findings if "is cut off" in f.message] == [
        ("skipped", ("low/half.wav",))
    ]
    assert "high/streamed.wav" in source.places(np.arange(len(source)))
    assert "low/half.wav" not in source.places(np.arange(len(source)))


def test_copies_and_labels_at_odds_are_told(tmp_path: Path) -> None:
    high_and_low(tmp_path)
    shutil.copy(tmp_path / "low" / "00.wav", tmp_path / "high" / "copy.wav")
    told = [f.message for f in opened(tmp_path).report.findings if f.kind == "warning"]
    assert any("more than once" in message for message in told)
    assert any("the same in two classes" in message for message in told)


def test_names_may_hold_anything(tmp_path: Path) -> None:
    odd = ["with space", "new\nline", "\U0001f415", "\x1b[31mred", "-x", "a,b=c"]
    for name in odd:
        record(tmp_path / name / f"{name}.wav", 300)
    source = opened(tmp_path)
    assert source.facts.classes == tuple(sorted(odd))
    preprocessor = fitted(source)
    again = AudioPreprocessor.from_json(json.loads(json.dumps(preprocessor.to_json())))
    assert again == preprocessor
    asked = list(preprocessor.ask([str(tmp_path)], 4))
    assert [len(one.names) for one in asked] == [4, 2]


@pytest.mark.parametrize("layout", ["one class", "no folders", "empty", "one file", "nothing readable"])
def test_what_cannot_be_learnt_from_is_a_clear_error(tmp_path: Path, layout: str) -> None:
    path = tmp_path
    if layout == "one class":
        record(tmp_path / "a" / "1.wav", 300)
    elif layout == "no folders":
        record(tmp_path / "1.wav", 300)
    elif layout == "one file":
        path = record(tmp_path / "1.wav", 300)
    elif layout == "nothing readable":
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "1.wav").write_text("no sound")
    with pytest.raises(UserError) as raised:
        opened(path)
    assert raised.value.advice


def test_a_table_without_what_is_needed_is_a_clear_error(tmp_path: Path) -> None:
    high_and_low(tmp_path / "r")
    table = tmp_path / "t.csv"
    table.write_text("file,a,b\nr/high/00.wav,x,y\nr/low/00.wav,z,y\n")
    with pytest.raises(UserError, match="cannot be known which column"):
        opened(table)
    with pytest.raises(UserError, match="no column 'c'"):
        opened(table, target="c")
    assert opened(table, target="a").facts.classes == ("x", "z")


# --- kept on disk -----------------------------------------------------------------------------------------------------


def test_the_second_time_nothing_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(high_and_low(tmp_path))
    assert first.decoded.on_disk

    def refused(*_: object) -> None:
        raise AssertionError("it was decoded again")

    monkeypatch.setattr(decoded, "hear", refused)
    second = opened(tmp_path)
    assert second.fingerprint == first.fingerprint
    assert all(np.array_equal(a, b) for a, b in zip(everything(first), everything(second), strict=True))


def test_a_changed_recording_is_heard_anew(tmp_path: Path) -> None:
    before = opened(high_and_low(tmp_path))
    record(tmp_path / "low" / "00.wav", 2500)
    after = opened(tmp_path)
    assert after.fingerprint != before.fingerprint
    assert not np.array_equal(everything(before)[4], everything(after)[4])


def test_a_full_disk_costs_time_and_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = everything(opened(high_and_low(tmp_path / "data")))
    monkeypatch.setenv("NNTUI_CACHE", "/dev/full/cache")
    unkept = opened(tmp_path / "data")
    assert not unkept.decoded.on_disk
    assert all(np.array_equal(a, b) for a, b in zip(kept, everything(unkept), strict=True))
    monkeypatch.setattr(decoded, "ATTENTION", 0)  # nor is there memory
    again = opened(tmp_path / "data")
    assert not again.decoded._held
    assert all(np.array_equal(a, b) for a, b in zip(kept, everything(again), strict=True))


def test_a_damaged_cache_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    kept = everything(opened(high_and_low(tmp_path / "data")))
    (frames,) = (tmp_path / "cache").rglob("frames.f16")
    frames.write_bytes(frames.read_bytes()[:-2])
    assert all(np.array_equal(a, b) for a, b in zip(kept, everything(opened(tmp_path / "data")), strict=True))
    assert [one.name for one in (tmp_path / "cache" / "sounds").iterdir()] == [frames.parent.name]


def test_several_may_make_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    high_and_low(tmp_path / "data")
    with ThreadPoolExecutor(4) as pool:
        sources = list(pool.map(opened, [tmp_path / "data"] * 4))
    assert len({source.fingerprint for source in sources}) == 1
    assert len(list((tmp_path / "cache" / "sounds").iterdir())) == 1


# --- to an answer -----------------------------------------------------------------------------------------------------


def test_what_is_fitted_knows_the_training_rows_alone(tmp_path: Path) -> None:
    high_and_low(tmp_path)
    before = fitted(opened(tmp_path), [0, 1, 4, 5])
    record(tmp_path / "high" / "02.wav", 100, 1.9)
    record(tmp_path / "low" / "03.wav", 3500, 0.1)
    assert fitted(opened(tmp_path, hop=10.0), [0, 1, 4, 5]) == before


def test_recordings_decoded_otherwise_are_decoded_as_the_network_knows_them(tmp_path: Path) -> None:
    source = opened(high_and_low(tmp_path))
    preprocessor = fitted(source)
    other = opened(tmp_path, mels=20, rate=4000)
    ours, theirs = (preprocessor.encode(one.rows(np.arange(8)))["frames"] for one in (source, other))
    assert np.array_equal(ours, theirs)


def test_asking_hears_what_training_heard_and_tells_what_it_cannot(tmp_path: Path) -> None:
    source = opened(high_and_low(tmp_path / "data"))
    preprocessor = fitted(source)
    (tmp_path / "data" / "bad.wav").touch()
    (tmp_path / "data" / "read me.md").touch()
    asked = list(preprocessor.ask([str(tmp_path / "data"), str(tmp_path / "absent.wav")], 3))
    heard = np.concatenate([preprocessor.encode(one.raw)["frames"].numpy() for one in asked if one.names])
    assert np.array_equal(heard, preprocessor.encode(source.rows(np.arange(8)))["frames"].numpy())
    assert [name.rpartition("/")[2] for one in asked for name in one.names][:4] == [f"{n:02}.wav" for n in range(4)]
    assert sum(f.count for one in asked for f in one.findings) == 3
    with pytest.raises(ValueError, match=r"bad\.wav"):
        preprocessor.read([str(tmp_path / "data" / "bad.wav")])


def test_from_a_folder_to_answers_about_new_recordings(tmp_path: Path) -> None:
    high_and_low(tmp_path / "data", 12)
    run = nntui.train(data=tmp_path / "data", epochs=10, batch_size=8, runs=tmp_path / "runs")
    new = [record(tmp_path / "new" / f"{hertz}.ogg", hertz, 0.4, 16_000) for hertz in (1450, 320)]
    assert [answer.label for answer in run.predict(new)] == ["high", "low"]
    assert [answer.label for answer in nntui.load(run.path).predict(tmp_path / "new")] == ["high", "low"]
    assert run.evaluate(data=tmp_path / "data")["accuracy"] > 0.9


def test_a_test_of_its_own_is_left_out_for_another(tmp_path: Path) -> None:
    for split in ("train", "test"):
        high_and_low(tmp_path / "all" / split)
    high_and_low(tmp_path / "new", 1)
    source = opened(tmp_path / "all", test=tmp_path / "new")
    assert len(source) == 10
    assert source.given["test"].tolist() == [8, 9]
    assert not [place for place in source.places(np.arange(10)) if place.startswith("test")]
    assert "8 recordings of its own test are left out" in " ".join(f.message for f in source.report.findings)


def test_what_cannot_be_heard_for_want_of_memory_is_heard_another_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    high_and_low(tmp_path / "data")
    monkeypatch.setenv("NNTUI_CACHE", str(tmp_path / "cache"))
    real = decoded.hear

    def wanting(path: Path, mel: Any) -> Any:
        if path.name == "02.wav":
            raise MemoryError
        return real(path, mel)

    with monkeypatch.context() as patched:
        patched.setattr(decoded, "hear", wanting)
        short = opened(tmp_path / "data")
    assert (len(short), short.decoded.on_disk) == (6, False)
    assert len(everything(short)) == 6
    whole = opened(tmp_path / "data")
    assert (len(whole), whole.decoded.on_disk) == (8, True)
