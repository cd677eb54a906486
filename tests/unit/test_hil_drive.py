"""Drives are read from bags as the robot saw them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from rosbags.rosbag2 import StoragePlugin, Writer

from simgate.core.errors import Inconclusive, InputError
from simgate.data.bag import BagWriter
from simgate.data.messages import TOPICS, TYPES, frame_messages
from simgate.data.record import encode_sample
from simgate.data.sample import Command, Goal, Odometry, Sample
from simgate.families.goal import RelativeGoal
from simgate.hil.drive import Drive, DriveFrame, read_drive
from tests.unit.synthetic import SPEED_M_S, STEP_NS, make_episode, make_sample

pytestmark = pytest.mark.alone


def bag(folder: Path, *samples: Sample) -> Path:
    """A bag of these samples."""
    with BagWriter(folder, make_episode(episode=7)) as writer:
        for sample in samples:
            writer.add(encode_sample(sample))
        return writer.close().mcap


def read(mcap: Path, max_duration_s: float = 60.0) -> Drive:
    return read_drive(mcap, scene="office", episode=7, max_duration_s=max_duration_s)


def test_frames_carry_picture_goal_command_and_time(tmp_path: Path) -> None:
    samples = [make_sample(episode=7, frame=frame) for frame in range(4)]
    drive = read(bag(tmp_path, *samples))
    assert [frame.offset_ns for frame in drive.frames] == [0, STEP_NS, 2 * STEP_NS, 3 * STEP_NS]
    assert drive.frames[2].image == encode_sample(samples[2]).rgb_png
    assert drive.frames[2].expert == Command(SPEED_M_S, 0.0)
    assert drive.frames[2].goal.distance_m == pytest.approx(3.0 - samples[2].odometry.x_m)
    assert drive.widest_gap_ns == STEP_NS


def test_another_picture_or_another_goal_is_another_input() -> None:
    frame = DriveFrame(0, b"picture", RelativeGoal(2.0, 0.1), Command(0.5, 0.25))
    assert replace(frame, offset_ns=7, expert=Command(0.1, 0.1)).input_id == frame.input_id
    others = [
        replace(frame, image=b"picturf"),
        replace(frame, goal=RelativeGoal(2.1, 0.1)),
        replace(frame, goal=RelativeGoal(2.0, 0.2)),
    ]
    assert len({frame.input_id, *(other.input_id for other in others)}) == 4
    assert all(0 <= other.input_id < 2**64 for other in others)


@pytest.mark.parametrize("yaw_rad", [0.0, 1.0, -2.5, math.pi])
def test_the_goal_is_seen_from_the_robots_heading(tmp_path: Path, yaw_rad: float) -> None:
    sample = replace(make_sample(episode=7), odometry=Odometry(1.0, 2.0, yaw_rad, 0.0, 0.0), goal=Goal(1.0, 5.0))
    goal = read(bag(tmp_path, sample)).frames[0].goal
    assert goal.distance_m == pytest.approx(3.0)
    turn_rad = math.pi / 2 - yaw_rad - goal.bearing_rad
    assert math.cos(turn_rad) == pytest.approx(1.0)


def test_a_drive_is_cut_to_its_longest_duration(tmp_path: Path) -> None:
    mcap = bag(tmp_path, *(make_sample(episode=7, frame=frame) for frame in range(2, 8)))
    drive = read(mcap, max_duration_s=0.4)
    assert [frame.offset_ns for frame in drive.frames] == [0, STEP_NS, 2 * STEP_NS]


def test_a_bag_without_frames_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Inconclusive, match="no frame"):
        read(bag(tmp_path))


def test_a_frame_without_its_goal_is_refused(tmp_path: Path) -> None:
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        for topic, message in frame_messages(encode_sample(make_sample(episode=7)), 0):
            if topic != "/expert/goal_pose":
                connection = writer.add_connection(topic, TOPICS[topic], typestore=TYPES)
                writer.write(connection, 0, TYPES.serialize_cdr(message, TOPICS[topic]))
    with pytest.raises(InputError, match="goal_pose"):
        read(tmp_path / "bag" / "bag.mcap")


def test_a_recorded_command_that_is_no_number_is_refused(tmp_path: Path) -> None:
    good = make_sample(episode=7)
    with BagWriter(tmp_path, make_episode(episode=7)) as writer:
        writer.add(replace(encode_sample(good), sample=replace(good, command=Command(math.nan, 0.0))))
        mcap = writer.close().mcap
    with pytest.raises(InputError, match="not finite"):
        read(mcap)
