"""A sample comes back from its bytes: exactly, but for depth in whole millimetres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from simgate.core.errors import InputError, SimgateError
from simgate.data.record import (
    decode_sample,
    depth_from_mm,
    depth_to_mm,
    encode_sample,
    sample_key,
)
from simgate.data.sample import Box, Camera, Command, Goal, Imu, ImuReading, Odometry, Sample, Wheels
from tests.unit.synthetic import make_sample

_NUMBER = st.floats(-1e6, 1e6).map(lambda value: value + 0.0)
_COUNT = st.integers(0, 2**31)
_TRIPLE = st.tuples(_NUMBER, _NUMBER, _NUMBER)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Any sample that the format can hold."""
    size = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    box = st.builds(Box, _COUNT, st.sampled_from(["person", "box"]), *[_COUNT] * 5, st.floats(0, 1))
    matrix = npst.arrays(np.float64, (4, 4), elements=_NUMBER)
    reading = st.builds(ImuReading, st.integers(0, 2**53 - 1), st.builds(Imu, _TRIPLE, _TRIPLE))
    return Sample(
        scene=draw(st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)),
        episode=draw(st.integers(0, 999_999)),
        frame=draw(st.integers(0, 9_999)),
        stamp_ns=draw(st.integers(0, 2**53 - 1)),
        rgb=draw(npst.arrays(np.uint8, (*size, 3))),
        depth_m=depth_from_mm(draw(npst.arrays(np.uint16, size))),
        semantic=draw(npst.arrays(np.uint8, size)),
        instance=draw(npst.arrays(np.uint16, size)),
        boxes=tuple(draw(st.lists(box, max_size=3))),
        camera=Camera(draw(_NUMBER), draw(_NUMBER), draw(_NUMBER), draw(_NUMBER), draw(matrix)),
        imu=Imu(draw(_TRIPLE), draw(_TRIPLE)),
        imu_track=tuple(draw(st.lists(reading, min_size=1, max_size=3))),
        odometry=draw(st.builds(Odometry, *[_NUMBER] * 5)),
        wheels=draw(st.builds(Wheels, *[_NUMBER] * 4)),
        command=draw(st.builds(Command, _NUMBER, _NUMBER)),
        goal=draw(st.builds(Goal, _NUMBER, _NUMBER)),
    )


@settings(max_examples=60)
@given(samples())
def test_a_sample_comes_back_exactly(sample: Sample) -> None:
    encoded = encode_sample(sample)
    back = decode_sample(dict(encoded.members), what="sample")
    for name in ("rgb", "depth_m", "semantic", "instance"):
        np.testing.assert_array_equal(getattr(back, name), getattr(sample, name))
        assert getattr(back, name).dtype == getattr(sample, name).dtype
    np.testing.assert_array_equal(back.camera.world_from_camera, sample.camera.world_from_camera)
    for name in (
        "scene",
        "episode",
        "frame",
        "stamp_ns",
        "boxes",
        "imu",
        "imu_track",
        "odometry",
        "wheels",
        "command",
        "goal",
    ):
        assert getattr(back, name) == getattr(sample, name)
    assert encode_sample(back).members == encoded.members


@given(npst.arrays(np.uint16, (5, 5)))
def test_stored_depth_is_a_fixed_point(millimetres: np.ndarray) -> None:
    np.testing.assert_array_equal(depth_to_mm(depth_from_mm(millimetres)), millimetres)


@given(npst.arrays(np.float32, (5, 5), elements=st.floats(0, 65.5, width=32)))
def test_depth_is_kept_to_half_a_millimetre(depth_m: np.ndarray) -> None:
    assert np.abs(depth_from_mm(depth_to_mm(depth_m)) - depth_m).max() <= 0.000505


def test_depth_beyond_the_format_counts_as_nothing_hit() -> None:
    assert depth_to_mm(np.array([[65.535, 65.536, np.inf]], np.float32)).tolist() == [[65535, 0, 0]]


@pytest.mark.parametrize("bad", [float("nan"), -1.0])
def test_depth_that_no_camera_gives_is_refused(bad: float) -> None:
    with pytest.raises(SimgateError, match="negative or NaN"):
        depth_to_mm(np.array([[bad]], np.float32))


def test_pictures_of_different_size_are_refused() -> None:
    with pytest.raises(InputError, match="differ in size"):
        encode_sample(replace(make_sample(), instance=np.zeros((3, 3), np.uint16)))


def test_a_missing_member_is_named() -> None:
    members = dict(encode_sample(make_sample()).members)
    del members[".depth.png"]
    with pytest.raises(InputError, match=r"lacks \.depth\.png"):
        decode_sample(members, what="office_000000_0000")


def test_a_wrong_field_is_named() -> None:
    members = dict(encode_sample(make_sample()).members)
    members[".json"] = members[".json"].replace(b'"speed_m_s":0.5', b'"speed_m_s":"fast"')
    with pytest.raises(InputError, match="speed_m_s"):
        decode_sample(members, what="office_000000_0000")


def test_an_unknown_field_is_named() -> None:
    members = dict(encode_sample(make_sample()).members)
    members[".json"] = members[".json"].replace(b'"goal":{', b'"goal":{"z_m":1,')
    with pytest.raises(InputError, match="z_m"):
        decode_sample(members, what="office_000000_0000")


def test_the_key_of_a_sample_names_scene_episode_and_frame() -> None:
    assert sample_key("office", 3, 7) == "office_000003_0007"
