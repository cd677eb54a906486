"""Drive: one recorded episode as the bench replays it: pictures, goals as the robot saw them, the expert's commands."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from simgate.core.errors import Inconclusive, InputError
from simgate.data.bag import BagMessage, read_bag
from simgate.data.messages import COMMAND, GOAL, IMAGE, ODOMETRY
from simgate.data.sample import Command, Goal, Odometry
from simgate.families.goal import RelativeGoal, relative_goal

MAX_DRIVE_BYTES = 1 << 30
"""Pictures of one drive that are held in memory, so that no disk delays the replay."""
NEEDED = {IMAGE, ODOMETRY, GOAL, COMMAND}


@dataclass(frozen=True, slots=True)
class DriveFrame:
    """One instant of a drive."""

    offset_ns: int
    """Since the drive's first frame."""
    image: bytes
    """The picture as stored: PNG or JPEG."""
    goal: RelativeGoal
    expert: Command

    @property
    def input_id(self) -> int:
        """A number of picture and goal: another input has another number."""
        goal = struct.pack("!dd", self.goal.distance_m, self.goal.bearing_rad)
        return int.from_bytes(hashlib.sha256(goal + self.image).digest()[:8])


@dataclass(frozen=True, slots=True)
class Drive:
    """One recorded episode."""

    scene: str
    episode: int
    frames: tuple[DriveFrame, ...]

    @property
    def widest_gap_ns(self) -> int:
        """The longest time between two frames."""
        offsets = [frame.offset_ns for frame in self.frames]
        return max((after - before for before, after in pairwise(offsets)), default=0)


def read_drive(mcap: Path, *, scene: str, episode: int, max_duration_s: float) -> Drive:
    """Return the first `max_duration_s` of a bag; a bag without a frame proves nothing (Inconclusive)."""
    frames: list[DriveFrame] = []
    held_bytes, first_ns = 0, None
    for stamp_ns, found in _instants(read_bag(mcap), mcap.name):
        first_ns = stamp_ns if first_ns is None else first_ns
        if stamp_ns - first_ns > max_duration_s * 1e9:
            break
        frames.append(_frame(found, stamp_ns - first_ns))
        held_bytes += len(frames[-1].image)
        if held_bytes > MAX_DRIVE_BYTES:
            raise InputError(
                f"{mcap.name} is too large to replay",
                expected=f"at most {MAX_DRIVE_BYTES} bytes of pictures",
                remedy="shorten max_duration_s",
            )
    if not frames:
        raise Inconclusive(f"{mcap.name} holds no frame", remedy="make the shard again")
    return Drive(scene, episode, tuple(frames))


def _instants(messages: Iterable[BagMessage], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the messages of each stamp that a replay needs; a stamp that lacks one of them is refused."""
    needed = (message for message in messages if message.topic in NEEDED)
    for stamp_ns, group in groupby(needed, key=lambda message: message.stamp_ns):
        found = {message.topic: message.message for message in group}
        if missing := NEEDED - found.keys():
            raise InputError(f"{name}: frame at {stamp_ns} ns lacks {sorted(missing)}", remedy="make the shard again")
        yield stamp_ns, found


def _frame(found: dict[str, Any], offset_ns: int) -> DriveFrame:
    pose, twist = found[ODOMETRY].pose.pose, found[COMMAND].twist
    # The bag is the robot's view: its twist is not needed, so it is left at rest.
    odometry = Odometry(pose.position.x, pose.position.y, _yaw_rad(pose.orientation), 0.0, 0.0)
    target = found[GOAL].pose.position
    numbers = (pose.position.x, pose.position.y, target.x, target.y, twist.linear.x, twist.angular.z)
    if not all(map(math.isfinite, numbers)):
        raise InputError("a recorded pose, goal or command is not finite", remedy="make the shard again")
    return DriveFrame(
        offset_ns,
        found[IMAGE].data.tobytes(),
        relative_goal(Goal(target.x, target.y), odometry),
        Command(float(twist.linear.x), float(twist.angular.z)),
    )


def _yaw_rad(q: Any) -> float:
    """Turn about z of a quaternion message."""
    return math.atan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
