"""Bags: rosbag2 that other tools open, the same picture bytes as the shard, the same bytes when made again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin, Writer

from simgate.core.errors import InputError
from simgate.data.bag import EPOCH_NS, BagFiles, BagWriter, read_bag
from simgate.data.messages import (
    CAMERA_INFO,
    COMMAND,
    GOAL,
    IMAGE,
    IMU,
    ODOMETRY,
    PATH,
    STATIC_TRANSFORMS,
    TOPICS,
    TRANSFORMS,
    TYPES,
    base_pose,
    quaternion_of,
)
from simgate.data.record import encode_sample
from tests.unit.synthetic import make_episode, make_sample


def write(folder: Path, frames: int = 3) -> BagFiles:
    """The bag of one episode."""
    with BagWriter(folder, make_episode(episode=7)) as bag:
        for frame in range(frames):
            bag.add(encode_sample(make_sample(episode=7, frame=frame)))
        return bag.close()


def test_a_bag_made_twice_has_the_same_bytes(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a"), write(tmp_path / "b")
    assert first.mcap.name == "000007.mcap"
    assert first.mcap.read_bytes() == second.mcap.read_bytes()
    assert first.metadata.read_bytes() == second.metadata.read_bytes()


def test_the_picture_in_the_bag_is_the_picture_of_the_shard(tmp_path: Path) -> None:
    pictures = [m.message.data.tobytes() for m in read_bag(write(tmp_path).mcap) if m.topic == IMAGE]
    assert pictures == [encode_sample(make_sample(episode=7, frame=frame)).rgb_png for frame in range(3)]


def test_every_topic_is_there_and_what_is_fixed_comes_once(tmp_path: Path) -> None:
    topics = [message.topic for message in read_bag(write(tmp_path).mcap)]
    assert set(topics) == set(TOPICS)
    assert (topics.count(PATH), topics.count(STATIC_TRANSFORMS)) == (1, 1)
    assert topics.count(IMAGE) == 3
    assert topics.count(IMU) == 1 + 2 * 20


def test_messages_carry_the_sample(tmp_path: Path) -> None:
    last = {message.topic: message for message in read_bag(write(tmp_path).mcap)}
    sample = make_sample(episode=7, frame=2)
    assert last[ODOMETRY].stamp_ns == EPOCH_NS + sample.stamp_ns
    stamp = last[ODOMETRY].message.header.stamp
    assert (stamp.sec, stamp.nanosec) == divmod(EPOCH_NS + sample.stamp_ns, 10**9)
    assert last[ODOMETRY].message.pose.pose.position.x == sample.odometry.x_m
    assert last[COMMAND].message.twist.linear.x == sample.command.speed_m_s
    assert last[GOAL].message.pose.position.x == sample.goal.x_m
    assert last[IMU].message.linear_acceleration.z == sample.imu.linear_acceleration_m_s2[2]
    assert last[PATH].message.poses[30].pose.position.x == pytest.approx(3.0)


def test_the_imu_reads_at_100_hz_between_the_frames(tmp_path: Path) -> None:
    stamps = [message.stamp_ns for message in read_bag(write(tmp_path).mcap) if message.topic == IMU]
    assert np.diff(stamps).tolist() == [10_000_000] * 40


def test_no_stamp_is_zero_for_ros_takes_that_for_no_time(tmp_path: Path) -> None:
    first = next(message for message in read_bag(write(tmp_path).mcap) if message.topic == IMAGE)
    assert make_sample(episode=7, frame=0).stamp_ns == 0
    assert first.message.header.stamp.sec == EPOCH_NS // 10**9


def test_no_topic_is_one_that_a_navigating_robot_obeys() -> None:
    assert not {"/cmd_vel", "/goal_pose", "/plan", "/initialpose"} & set(TOPICS)


def test_the_camera_sits_on_the_robot_by_the_latched_transform(tmp_path: Path) -> None:
    last = {message.topic: message.message for message in read_bag(write(tmp_path).mcap)}
    links = [
        (link.header.frame_id, link.child_frame_id)
        for topic in (TRANSFORMS, STATIC_TRANSFORMS)
        for link in last[topic].transforms
    ]
    assert links == [("odom", "base_link"), ("base_link", "camera_optical")]


def test_a_camera_info_counts_from_the_first_pixels_centre(tmp_path: Path) -> None:
    info = next(message.message for message in read_bag(write(tmp_path).mcap) if message.topic == CAMERA_INFO)
    camera = make_sample(episode=7, frame=0).camera
    # Halfway between the first and the last column, as OpenCV numbers them, for a principal point in the middle.
    assert info.k[2] == camera.cx_px - 0.5
    assert info.k[5] == camera.cy_px - 0.5
    assert (info.p[2], info.p[6]) == (info.k[2], info.k[5])


def test_a_bags_folder_is_what_rosbag2_opens(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert files.mcap.parent == files.metadata.parent == tmp_path / "000007"
    with AnyReader([tmp_path / "000007"]) as reader:
        assert {connection.topic: connection.msgtype for connection in reader.connections} == TOPICS
        assert reader.message_count == 3 * 7 + 41 + 2
        assert reader.duration == 400_000_001
        (latched,) = [c for c in reader.connections if c.topic == STATIC_TRANSFORMS]
        (qos,) = latched.ext.offered_qos_profiles
        assert qos.durability.name == "TRANSIENT_LOCAL"


@given(npst.arrays(np.float64, 3, elements=st.floats(-3.2, 3.2)))
def test_a_quaternion_turns_as_its_matrix_does(angles: np.ndarray) -> None:
    turn_z = base_pose(0, 0, angles[0])[:3, :3]
    turn_x = base_pose(0, 0, angles[1])[:3, :3][[2, 0, 1]][:, [2, 0, 1]]
    rotation = turn_z @ turn_x @ base_pose(0, 0, angles[2])[:3, :3]
    x, y, z, w = quaternion_of(rotation)
    back = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    np.testing.assert_allclose(back, rotation, atol=1e-9)
    assert w >= 0


def test_a_foreign_topic_is_refused(tmp_path: Path) -> None:
    with Writer(tmp_path / "x", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/rosout", "std_msgs/msg/String", typestore=TYPES)
        message = TYPES.types["std_msgs/msg/String"](data="hello")
        writer.write(connection, 0, TYPES.serialize_cdr(message, "std_msgs/msg/String"))
    with pytest.raises(InputError, match="unexpected channel"):
        list(read_bag(tmp_path / "x" / "x.mcap"))


@pytest.mark.parametrize("size_bytes", [0, 7, 100, 5000])
def test_a_cut_bag_is_refused(size_bytes: int, tmp_path: Path) -> None:
    mcap = write(tmp_path).mcap
    mcap.write_bytes(mcap.read_bytes()[:size_bytes])
    with pytest.raises(InputError, match="no readable bag"):
        list(read_bag(mcap))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a bag of one frame."""
    return write(tmp_path_factory.mktemp("whole"), frames=1).mcap.read_bytes()


@settings(max_examples=100, deadline=None)
@given(position=st.integers(0, 2**20), flip=st.integers(1, 255))
def test_a_changed_byte_gives_an_input_error_or_messages_never_a_crash(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, position: int, flip: int
) -> None:
    mcap = tmp_path_factory.getbasetemp() / "flip.mcap"
    data = bytearray(whole)
    data[position % len(data)] ^= flip
    mcap.write_bytes(bytes(data))
    try:
        list(read_bag(mcap))
    except InputError:
        return
