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
from simgate.data.bag import BagFiles, BagWriter, read_bag, rosbag2_folder
from simgate.data.messages import COMMAND, GOAL, IMAGE, IMU, ODOMETRY, PATH, TOPICS, TYPES, base_pose, quaternion_of
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


def test_every_topic_is_there_and_the_path_once(tmp_path: Path) -> None:
    topics = [message.topic for message in read_bag(write(tmp_path).mcap)]
    assert set(topics) == set(TOPICS)
    assert topics.count(PATH) == 1
    assert topics.count(IMU) == 3


def test_messages_carry_the_sample(tmp_path: Path) -> None:
    last = {message.topic: message for message in read_bag(write(tmp_path).mcap)}
    sample = make_sample(episode=7, frame=2)
    assert last[ODOMETRY].stamp_ns == sample.stamp_ns
    assert last[ODOMETRY].message.header.stamp.nanosec == sample.stamp_ns
    assert last[ODOMETRY].message.pose.pose.position.x == sample.odometry.x_m
    assert last[COMMAND].message.twist.linear.x == sample.command.speed_m_s
    assert last[GOAL].message.pose.position.x == sample.goal.x_m
    assert last[IMU].message.linear_acceleration.z == sample.imu.linear_acceleration_m_s2[2]
    assert last[PATH].message.poses[30].pose.position.x == pytest.approx(3.0)


def test_the_two_files_go_back_into_a_rosbag2_folder(tmp_path: Path) -> None:
    folder = rosbag2_folder(write(tmp_path / "out"), tmp_path / "bags")
    with AnyReader([folder]) as reader:
        assert {connection.topic: connection.msgtype for connection in reader.connections} == TOPICS
        assert reader.message_count == 3 * 8 + 1
        assert reader.duration == 400_000_001


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
