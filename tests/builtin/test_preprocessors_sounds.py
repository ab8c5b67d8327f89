"""Sounds: mel filters, resampling, and files as people have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from opened import build, fit, opened

from nntui.builtin.datasets.mel import FLOOR, hertz_to_mel, log_mel, mel_filters, mel_to_hertz
from nntui.builtin.datasets.sounds import read_sound, resample


def tone(hertz: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def test_the_mel_scale_is_o_shaughnessy_s() -> None:
    assert hertz_to_mel(np.array([1000.0]))[0] == pytest.approx(999.99, abs=0.01)
    hertz = np.linspace(0, 4000, 50)
    assert mel_to_hertz(hertz_to_mel(hertz)) == pytest.approx(hertz)


@pytest.mark.parametrize("bands", [8, 40, 64])
def test_filters_are_triangles_that_cover_the_spectrum(bands: int) -> None:
    filters = mel_filters(bands, 512, 8000)
    assert filters.shape == (bands, 257)
    assert filters.min() >= 0
    assert filters.max() <= 1
    assert (filters.sum(axis=1) > 0).all()
    peaks = filters.argmax(axis=1)
    assert (np.diff(peaks) >= 0).all()
    inner = slice(peaks[0] + 1, peaks[-1])
    assert filters[:, inner].sum(axis=0) == pytest.approx(1)  # neighbours share what lies between their centres


def test_a_tone_lights_the_band_of_its_pitch() -> None:
    filters = mel_filters(40, 512, 8000)
    centres = mel_to_hertz(np.linspace(0, hertz_to_mel(np.array([4000.0]))[0], 42)[1:-1])
    for hertz in (300, 1000, 3000):
        energies = log_mel(tone(hertz, 8000), filters, frame=200, hop=80)
        assert energies.shape == (1 + 4000 // 80, 40)
        assert abs(int(energies[20].argmax()) - np.abs(centres - hertz).argmin()) <= 1


def test_silence_is_the_floor_and_the_energy_is_the_definition_s() -> None:
    filters = mel_filters(16, 512, 8000)
    silent = log_mel(np.zeros(800, dtype=np.float32), filters, frame=200, hop=80)
    assert torch.allclose(silent, torch.tensor(np.log(FLOOR), dtype=torch.float32))
    wave = np.random.default_rng(0).normal(0, 0.1, 2000).astype(np.float32)
    frame = np.zeros(512)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(200) / 200)
    frame[156:356] = wave[800 - 100 : 800 + 100] * window  # frame 10 is centred on sample 800
    expected = np.log(filters @ np.abs(np.fft.rfft(frame)) ** 2 + FLOOR)
    assert log_mel(wave, filters, frame=200, hop=80)[10].numpy() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("old", "new"), [(44100, 8000), (16000, 8000), (8000, 16000), (11025, 8000), (48000, 8000)])
def test_a_tone_keeps_its_pitch_and_strength_when_resampled(old: int, new: int) -> None:
    heard = resample(tone(700, old), old, new)
    expected = tone(700, new)[: len(heard)]
    middle = slice(len(expected) // 10, -len(expected) // 10)
    assert np.abs(heard[: len(expected)][middle] - expected[middle]).max() < 0.01


@pytest.mark.parametrize("old", [16000, 44100, 48000])
def test_what_the_new_rate_cannot_hold_is_taken_away(old: int) -> None:
    heard = resample(tone(5500, old), old, 8000)
    assert np.abs(heard[400:-400]).max() < 0.01  # else it would sound as 2,500 Hz


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3000), st.sampled_from([4000, 8000, 11025, 44100]), st.sampled_from([8000, 16000]))
def test_resampling_keeps_duration_and_stays_finite(samples: int, old: int, new: int) -> None:
    wave = np.random.default_rng(samples).uniform(-1, 1, samples).astype(np.float32)
    heard = resample(wave, old, new)
    assert len(heard) == -(-samples * new // old)
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()
    if old == new:
        assert np.array_equal(heard, wave)


def test_a_training_sound_reads_as_it_was(tmp_path: Path) -> None:
    one = opened("spoken-languages")
    raw = one.source.rows(np.array([0, 60]))
    paths = []
    for number, (wave, kind) in enumerate(zip(raw["wave"], ("wav", "flac"), strict=True)):
        paths.append(str(tmp_path / f"{number}.{kind}"))
        soundfile.write(paths[-1], wave, 8000, subtype="PCM_16")
    read = one.preprocessor.read(paths)
    before, after = one.preprocessor.encode(raw), one.preprocessor.encode(read)
    assert torch.equal(before["length"], after["length"])
    assert torch.allclose(before["frames"], after["frames"], atol=1e-4)
    assert "target" not in after


@pytest.mark.parametrize(("name", "rate"), [("a.wav", 44100), ("a.flac", 16000), ("a.ogg", 48000)])
def test_any_rate_and_any_number_of_channels_is_read(name: str, rate: int, tmp_path: Path) -> None:
    path = str(tmp_path / name)
    both = np.stack([tone(500, rate), np.zeros(rate // 2, dtype=np.float32)], axis=1)
    soundfile.write(path, both, rate)
    heard = read_sound(path, 8000)
    assert len(heard) == pytest.approx(4000, abs=80)
    assert np.abs(heard[1000:3000]).max() == pytest.approx(0.5, abs=0.05)  # the mean of the two


def test_a_long_sound_is_cut_to_what_training_heard(tmp_path: Path) -> None:
    path = str(tmp_path / "long.wav")
    soundfile.write(path, tone(500, 22050, seconds=3), 22050)
    preprocessor = opened("spoken-languages").preprocessor
    encoded = preprocessor.encode(preprocessor.read([path]))
    assert encoded["frames"].shape[1:] == preprocessor.spec.inputs[0].shape
    assert encoded["length"].tolist() == [preprocessor.spec.inputs[0].shape[0]]


def test_padding_is_the_mean_and_lengths_are_true() -> None:
    one = opened("spoken-languages")
    encoded = one.encoded()
    frames, lengths = encoded["frames"], encoded["length"]
    samples = np.array([len(wave) for wave in one.source.columns["wave"]])
    assert lengths.tolist() == np.minimum(1 + samples // 80, frames.shape[1]).tolist()
    shortest = int(lengths.argmin())
    mean = torch.tensor(one.preprocessor.spec.inputs[0].mean)
    assert (frames[shortest, int(lengths.min()) :] == mean).all()


def test_bands_and_hop_can_be_chosen() -> None:
    params = {"mels": 20, "hop": 20.0, "frame": 5.0}
    source = build("spoken-languages", **params)
    preprocessor = fit("spoken-languages", source, np.arange(0, 125, 2), **params)
    frames, mels = preprocessor.spec.inputs[0].shape
    assert mels == 20
    assert frames == 1 + max(len(wave) for wave in source.columns["wave"][::2]) // 160


def test_files_that_are_no_sounds_are_named(tmp_path: Path) -> None:
    read = opened("spoken-languages").preprocessor.read
    with pytest.raises(ValueError, match="path of a sound"):
        read([])
    with pytest.raises(FileNotFoundError, match=r"none\.wav: there is no such file"):
        read([str(tmp_path / "none.wav")])
    (tmp_path / "text.wav").write_text("no sound", encoding="utf-8")
    with pytest.raises(ValueError, match=r"text\.wav: not a sound that can be read"):
        read([str(tmp_path / "text.wav")])
    soundfile.write(tmp_path / "empty.wav", np.zeros(0, dtype=np.float32), 8000)
    with pytest.raises(ValueError, match=r"empty\.wav: it holds no sound"):
        read([str(tmp_path / "empty.wav")])
    soundfile.write(tmp_path / "nan.wav", np.full(900, np.nan, dtype=np.float32), 8000, subtype="FLOAT")
    with pytest.raises(ValueError, match=r"nan\.wav: it holds samples that are not finite"):
        read([str(tmp_path / "nan.wav")])
