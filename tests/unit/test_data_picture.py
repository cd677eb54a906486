"""Pictures come back exactly, in bytes that do not change."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from simgate.core.errors import InputError
from simgate.data import picture

_SIDES = st.tuples(st.integers(1, 12), st.integers(1, 12))


@given(npst.arrays(np.uint8, _SIDES.map(lambda s: (*s, 3))))
def test_rgb_comes_back_exactly(image: np.ndarray) -> None:
    np.testing.assert_array_equal(picture.decode_rgb(picture.encode_rgb(image), what="x"), image)


@given(npst.arrays(np.uint8, _SIDES))
def test_an_8_bit_mask_comes_back_exactly(image: np.ndarray) -> None:
    np.testing.assert_array_equal(picture.decode_gray8(picture.encode_gray8(image), what="x"), image)


@given(npst.arrays(np.uint16, _SIDES), st.booleans())
def test_a_16_bit_picture_comes_back_exactly(image: np.ndarray, smooth: bool) -> None:
    data = picture.encode_gray16(image, smooth=smooth)
    np.testing.assert_array_equal(picture.decode_gray16(data, what="x"), image)


def test_the_bytes_of_a_picture_are_fixed() -> None:
    image = (np.arange(16 * 20 * 3) % 251).astype(np.uint8).reshape(16, 20, 3)
    digest = hashlib.sha256(picture.encode_rgb(image)).hexdigest()
    assert digest == "fe99e6af8198925225167e48bc16b350aad1db2736637ed65c7a2455a25406cb"


def test_another_program_reads_the_same_pixels() -> None:
    image = np.random.default_rng(1).integers(0, 255, (9, 7, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(picture.encode_rgb(image))) as read:
        np.testing.assert_array_equal(np.asarray(read), image)


def test_a_picture_of_another_format_is_refused() -> None:
    mask = picture.encode_gray8(np.zeros((4, 4), np.uint8))
    with pytest.raises(InputError, match="pixel format"):
        picture.decode_rgb(mask, what="frame")


def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_opened() -> None:
    data = bytearray(picture.encode_gray8(np.zeros((4, 4), np.uint8)))
    data[16:20] = (2**31 - 1).to_bytes(4, "big")
    with pytest.raises(InputError, match="too large"):
        picture.decode_gray8(bytes(data), what="frame")


@given(st.data())
def test_a_broken_picture_is_an_input_error(data: st.DataObject) -> None:
    whole = picture.encode_rgb(_ramp())
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(InputError):
        picture.decode_rgb(whole[:cut], what="frame")


def _ramp() -> np.ndarray:
    return (np.arange(300) % 256).astype(np.uint8).reshape(10, 10, 3)
