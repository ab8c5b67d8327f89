"""IDX files, as people have them: plain, gzipped, cut off, or something else altogether."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nntui.builtin.datasets.idx import read_idx
from nntui.hooks.errors import UserError

SHAPES = arrays.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=7)
VALUES = arrays.arrays(np.uint8, SHAPES)
IN_TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def idx(values: np.ndarray) -> bytes:
    head = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return head + values.tobytes()


@IN_TMP
@given(values=VALUES, gzipped=st.booleans())
def test_what_was_written_is_read(values: np.ndarray, gzipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "values"
    path.write_bytes(gzip.compress(idx(values)) if gzipped else idx(values))
    read = read_idx(path, axes=values.ndim)
    assert read.dtype == np.uint8
    assert read.shape == values.shape
    assert (read == values).all()


@IN_TMP
@given(values=VALUES, gzipped=st.booleans(), data=st.data())
def test_a_truncated_file_is_an_error_that_names_it(
    values: np.ndarray, gzipped: bool, data: st.DataObject, tmp_path: Path
) -> None:
    whole = gzip.compress(idx(values)) if gzipped else idx(values)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(UserError, match="train-images-idx3-ubyte: ") as caught:
        read_idx(path, axes=values.ndim)
    assert "IDX" in caught.value.advice


@IN_TMP
@given(garbage=st.binary(max_size=200), gzipped=st.booleans())
def test_garbage_is_an_error_and_never_a_crash(garbage: bytes, gzipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "garbage"
    path.write_bytes(gzip.compress(garbage) if gzipped else garbage)
    try:
        values = read_idx(path, axes=1)
    except UserError as error:
        assert "garbage" in error.message
    else:  # the garbage happened to be an IDX file
        assert idx(values) == garbage


@pytest.mark.parametrize("gzipped", [False, True])
def test_bytes_behind_the_last_value_are_an_error(gzipped: bool, tmp_path: Path) -> None:
    content = idx(np.arange(6, dtype=np.uint8)) + b"\0"
    (tmp_path / "long").write_bytes(gzip.compress(content) if gzipped else content)
    with pytest.raises(UserError, match="promises 6 values, it holds more"):
        read_idx(tmp_path / "long", axes=1)


def test_a_flipped_bit_in_a_gzip_is_an_error(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(idx(np.arange(200, dtype=np.uint8)), compresslevel=0))
    content[60] ^= 1
    (tmp_path / "flipped").write_bytes(bytes(content))
    with pytest.raises(UserError, match="CRC"):
        read_idx(tmp_path / "flipped", axes=1)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "does not begin with two zero bytes"),
        (b"\x89PNG\r\n\x1a\n", "does not begin with two zero bytes"),
        (b"\0\0\x0d\x01\0\0\0\x01\0\0\0\0", "type 0x0d; unsigned bytes"),
        (b"\0\0\x08\x03\0\0\0\x01", "3 axes; 1 were expected"),
        (b"\0\0\x08\x01\0\0", "truncated within its header"),
        (b"\0\0\x08\x01\xff\xff\xff\xff", "promises 4,294,967,295 values, it holds only 0"),
    ],
)
def test_each_fault_has_its_words(content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "faulty").write_bytes(content)
    with pytest.raises(UserError, match=complaint):
        read_idx(tmp_path / "faulty", axes=1)


def test_a_header_that_promises_absurd_sizes_is_refused_before_memory_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "huge").write_bytes(struct.pack(">BBBB3I", 0, 0, 8, 3, 1 << 31, 1 << 31, 1 << 31))
    with pytest.raises(UserError, match="promises 2147483648 x"):
        read_idx(tmp_path / "huge", axes=3)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="absent"):
        read_idx(tmp_path / "absent", axes=1)
